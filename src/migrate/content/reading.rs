//! What was read of a folder's messages so far, over as many connections as it takes.
//!
//! A line that is lost costs the message that was read at the time another try, later and alone, and no other message anything. One that
//! costs the line again and again is given up, so that the rest of the folder comes to its end.

use crate::domain::Uid;
use crate::imap::{ImapError, Reader};
use crate::migrate::content::{Measure, Read, read_each_or_lose};
use std::collections::BTreeMap;

/// So often the line may be lost at one message.
const TRIES: u32 = 3;

/// What was measured of messages.
pub struct Gathered<T> {
    /// The messages that are settled; without a value where the server has none to give.
    settled: BTreeMap<Uid, Option<T>>,
    /// How often the line was lost while a message was read.
    losses: BTreeMap<Uid, u32>,
}

impl<T> Default for Gathered<T> {
    fn default() -> Self {
        Self { settled: BTreeMap::new(), losses: BTreeMap::new() }
    }
}

impl<T> Gathered<T> {
    /// Reads those of `uids` in the open folder that are not settled yet. After an error it is to be called again, on a new line.
    pub fn read<M: Measure<Measured = T>>(
        &mut self,
        reader: &mut Reader,
        uids: impl IntoIterator<Item = Uid>,
    ) -> Result<(), ImapError> {
        let open = uids.into_iter().filter(|uid| !self.settled.contains_key(uid));
        let (suspects, others): (Vec<Uid>, Vec<Uid>) = open.partition(|uid| self.losses.contains_key(uid));
        self.read_some::<M>(reader, &others)?;
        suspects.into_iter().try_for_each(|uid| self.read_some::<M>(reader, &[uid]))
    }

    fn read_some<M: Measure<Measured = T>>(&mut self, reader: &mut Reader, uids: &[Uid]) -> Result<(), ImapError> {
        let settled = &mut self.settled;
        let read = read_each_or_lose::<M>(reader, uids, &mut |uid, read| {
            let content = match read {
                Read::Content(content) => Some(content),
                Read::Absent | Read::Unreadable => None,
            };
            settled.insert(uid, content);
        });
        let Err((error, reading)) = read else { return Ok(()) };
        let next = || uids.iter().find(|uid| !self.settled.contains_key(uid)).copied();
        if let Some(uid) = reading.or_else(next).filter(|_| error.is_loss()) {
            let losses = self.losses.entry(uid).or_default();
            *losses += 1;
            if *losses >= TRIES {
                log::debug!("given up message {}: the line was lost {losses} times while it was read: {error}", uid.0);
                self.settled.insert(uid, None);
            }
        }
        Err(error)
    }

    /// What a message turned out to be, if it could be read.
    pub fn get(&self, uid: Uid) -> Option<&T> {
        self.settled.get(&uid)?.as_ref()
    }

    /// How many messages are settled.
    pub fn len(&self) -> usize {
        self.settled.len()
    }
}
