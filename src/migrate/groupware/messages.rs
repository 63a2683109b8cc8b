//! Reads whole messages of a mailbox, one in memory at a time, up to a size limit.

use crate::domain::Uid;
use crate::imap::{BodySink, ImapError, Reader, SinkClosed};

/// Messages requested at once.
const AT_ONCE: usize = 20;

/// Takes each message, or the server's words if it cannot deliver one. Returns whether it wants more.
pub(super) type Each<'e> = &'e mut dyn FnMut(Uid, Result<Vec<u8>, String>) -> bool;

/// Reads messages of the open folder, and skips those that no longer exist. Ask only for messages of at most `largest` bytes: larger ones
/// may be cut.
pub(super) fn read(reader: &mut Reader, uids: &[Uid], largest: u64, each: Each<'_>) -> Result<(), ImapError> {
    let mut sink = Whole { largest, current: None, each, wants_more: true };
    match reader.bodies(&mut uids.chunks(AT_ONCE).map(<[Uid]>::to_vec), &mut sink) {
        // The callback ended the reading, and the connection is in the middle of an answer.
        Err(_) if !sink.wants_more => Ok(()),
        read => read,
    }
}

struct Whole<'e> {
    largest: u64,
    current: Option<(Uid, Vec<u8>)>,
    each: Each<'e>,
    wants_more: bool,
}

impl Whole<'_> {
    fn hand_over(&mut self, uid: Uid, message: Result<Vec<u8>, String>) -> Result<(), SinkClosed> {
        self.wants_more = (self.each)(uid, message);
        if self.wants_more { Ok(()) } else { Err(SinkClosed) }
    }
}

impl BodySink for Whole<'_> {
    fn begin(&mut self, uid: Uid, _bytes: u64) -> Result<(), SinkClosed> {
        self.current = Some((uid, Vec::new()));
        Ok(())
    }

    fn chunk(&mut self, bytes: &[u8]) -> Result<(), SinkClosed> {
        if let Some((_, message)) = self.current.as_mut().filter(|(_, message)| message.len() as u64 <= self.largest) {
            message.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), SinkClosed> {
        match self.current.take() {
            Some((uid, message)) => self.hand_over(uid, Ok(message)),
            None => Ok(()),
        }
    }

    fn unreadable(&mut self, uid: Uid, words: &str) -> Result<(), SinkClosed> {
        self.hand_over(uid, Err(words.to_owned()))
    }

    fn absent(&mut self, _uid: Uid) -> Result<(), SinkClosed> {
        Ok(())
    }

    fn batch_end(&mut self) -> Result<(), SinkClosed> {
        Ok(())
    }
}
