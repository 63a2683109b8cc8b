//! Describes a message to a person: date, sender, subject, size, UID.
//!
//! Copying does not need the sender and the subject. They are requested when something went wrong with a message, and only on an otherwise
//! idle connection. If the source does not answer, only the names are missing: it is not asked again.

use crate::domain::{MessageName, Uid, UidValidity};
use crate::imap::{Envelope, ImapError, Reader};
use crate::migrate::heads::Head;
use std::collections::BTreeMap;

/// At most this many messages are requested at once.
const ASKED_FOR: usize = 100;

/// Asks the source of a mailbox for as long as it answers.
#[derive(Debug, Default)]
pub struct Names {
    is_in_doubt: bool,
}

impl Names {
    /// The source's envelopes of these messages of a folder. The second value is why its connection can no longer be used.
    pub fn ask(
        &mut self,
        source: &mut Reader,
        (wire_name, uid_validity): (&[u8], Option<UidValidity>),
        uids: impl Iterator<Item = Uid>,
    ) -> (BTreeMap<Uid, Envelope>, Option<ImapError>) {
        let uids: Vec<Uid> = uids.take(ASKED_FOR).collect();
        let Some(uid_validity) = uid_validity.filter(|_| !self.is_in_doubt && !uids.is_empty()) else {
            return (BTreeMap::new(), None);
        };
        match source.envelopes(wire_name, uid_validity, &uids) {
            Ok(envelopes) => (envelopes, None),
            Err(error) => {
                log::debug!("no more subjects are requested from the source: {error}");
                self.is_in_doubt = true;
                (BTreeMap::new(), Some(error).filter(ImapError::is_connection))
            }
        }
    }
}

/// A message as a person recognises it.
pub fn describe(head: Option<&Head>, uid: Uid, envelope: Option<&Envelope>) -> MessageName {
    MessageName {
        uid: Some(uid.0),
        size: head.map(|head| head.size),
        date: head.and_then(|head| head.date),
        sender: envelope.map(|it| it.sender.clone()).unwrap_or_default(),
        subject: envelope.map(|it| it.subject.clone()).unwrap_or_default(),
        ..MessageName::default()
    }
}
