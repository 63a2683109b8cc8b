//! How a message is called where a person has to be told of it: date, sender, subject, size, UID.
//!
//! Sender and subject are not known from the copying; they are asked for where something went wrong with a message, and only on a line on
//! which nothing else is under way. A source that has no answer costs the names and nothing else: it is asked once.

use crate::domain::{Uid, UidValidity};
use crate::imap::{Envelope, ImapError, Reader};
use crate::migrate::heads::Head;
use crate::report::words;
use std::collections::BTreeMap;

/// So many messages are asked for at once. A report tells no more of one kind.
const ASKED_FOR: usize = 100;

/// Whether the source of a mailbox can be asked.
#[derive(Debug, Default)]
pub struct Names {
    is_in_doubt: bool,
}

impl Names {
    /// What the source says of these messages of a folder. The second is why its line is of no use any more.
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
                log::debug!("the source is not asked for subjects any more: {error}");
                self.is_in_doubt = true;
                (BTreeMap::new(), Some(error).filter(ImapError::is_connection))
            }
        }
    }
}

/// A message as a person recognises it.
pub fn describe(head: Option<&Head>, uid: Uid, envelope: Option<&Envelope>) -> String {
    let date = head.and_then(|head| head.date).map(|date| date.format("of %Y-%m-%d %H:%M").to_string());
    let date = date.or_else(|| head.map(|_| "without a date".to_owned()));
    let sender = envelope.filter(|it| !it.sender.is_empty()).map(|it| format!("from {}", it.sender));
    let first = date.into_iter().chain(sender).collect::<Vec<_>>().join(" ");
    let subject = envelope.filter(|it| !it.subject.is_empty()).map(|it| format!("'{}'", it.subject));
    let named = Some(first).filter(|first| !first.is_empty()).into_iter().chain(subject).collect::<Vec<_>>().join(", ");
    match head {
        Some(head) => format!("{named} ({}, UID {})", words::size(head.size), uid.0),
        None if named.is_empty() => format!("with UID {}", uid.0),
        None => format!("{named} (UID {})", uid.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::MessageHead;
    use crate::migrate::heads::Heads;

    #[test]
    fn a_message_is_named_by_whatever_is_known_of_it() {
        let date = chrono::DateTime::parse_from_rfc3339("2012-03-02T01:00:00+00:00").ok();
        let mut heads = Heads::default();
        for (uid, date) in [(1, date), (2, None)] {
            heads.push(MessageHead {
                uid: Uid(uid),
                size: 20_001_162,
                flags: Vec::new(),
                date,
                permanent_id: None,
                unused: None,
            });
        }
        heads.finish();
        let envelope = |sender: &str, subject: &str| Envelope { sender: sender.into(), subject: subject.into() };
        let said = |uid, envelope: Option<Envelope>| describe(heads.get(Uid(uid)), Uid(uid), envelope.as_ref());
        assert_eq!(said(1, None), "of 2012-03-02 01:00 (20.0 MB, UID 1)");
        assert_eq!(
            said(1, Some(envelope("Ann Keller", "Plans"))),
            "of 2012-03-02 01:00 from Ann Keller, 'Plans' (20.0 MB, UID 1)"
        );
        assert_eq!(said(2, Some(envelope("", "Plans"))), "without a date, 'Plans' (20.0 MB, UID 2)");
        assert_eq!(said(3, Some(envelope("Ann Keller", ""))), "from Ann Keller (UID 3)");
        assert_eq!(said(3, None), "with UID 3");
    }
}
