//! Whole messages of a mailbox, one in memory at a time, none of them larger than a bound.

use crate::domain::Uid;
use crate::imap::{BodySink, ImapError, Reader, SinkClosed};

/// Messages that are asked for at once.
const AT_ONCE: usize = 20;

/// What takes messages: their bytes, or the server's words where it cannot give one. Says whether it wants more.
pub(super) type Each<'e> = &'e mut dyn FnMut(Uid, Result<Vec<u8>, String>) -> bool;

/// Reads messages of the open folder. What is larger than `largest` is cut there, so ask for what is known to be smaller. Those that are
/// not there any more are passed over.
pub(super) fn read(reader: &mut Reader, uids: &[Uid], largest: u64, each: Each<'_>) -> Result<(), ImapError> {
    let mut sink = Whole { largest, current: None, each, wants_more: true };
    match reader.bodies(&mut uids.chunks(AT_ONCE).map(<[Uid]>::to_vec), &mut sink) {
        // Who wants no more has closed the reading; the connection is then in the middle of an answer.
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
