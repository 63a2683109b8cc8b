//! The lines to the target that a pass sends on: one, or two in turn.
//!
//! With two, the target receives a batch on one line while it still stores the batch before on the other. Messages stand there in the
//! order of the source all the same: a command is ended only when the one before, into the same folder, was answered. Until it is ended
//! nothing of it is stored (RFC 3502). Which line a message goes on makes no other difference: what is recorded, and when, is `sending`'s.

use crate::domain::Uid;
use crate::imap::{Appender, Begun, Destination, ImapError, Settled};
use std::time::Duration;

/// A target that keeps a folder locked while it receives a command could wait for the end of the second before it answers the first.
/// After so long without an answer the second is ended in any order, and the lines are not used in turn any more.
const PATIENCE: Duration = Duration::from_secs(5);

/// Appends on one line, or on two in turn.
pub struct Lanes<'a> {
    appenders: Vec<Appender<'a>>,
    /// Which one is written to.
    current: usize,
    /// Whether batches go on the lines in turn.
    in_turn: bool,
    patience: Duration,
}

impl<'a> Lanes<'a> {
    pub fn new(first: Appender<'a>, second: Option<Appender<'a>>) -> Self {
        let in_turn = second.is_some();
        Self { appenders: std::iter::once(first).chain(second).collect(), current: 0, in_turn, patience: PATIENCE }
    }

    /// See [`Appender::begin`].
    pub fn begin(
        &mut self,
        destination: &Destination<'_>,
        uid: Uid,
        flags: &[String],
        date: Option<&str>,
        octets: u64,
    ) -> Result<Begun, ImapError> {
        self.appenders[self.current].begin(destination, uid, flags, date, octets)
    }

    /// See [`Appender::write`].
    pub fn write(&mut self, octets: &[u8]) -> Result<(), ImapError> {
        self.appenders[self.current].write(octets)
    }

    /// See [`Appender::end`].
    pub fn end(&mut self) -> Result<(), ImapError> {
        self.appenders[self.current].end()
    }

    /// The batch is complete; see [`Appender::end_batch`]. With two lines, waits for the batch before, and goes on on the other.
    pub fn end_batch(&mut self) -> Result<(), ImapError> {
        let (current, other) = (self.current, 1 - self.current);
        if let (true, Some(folder)) = (self.in_turn, self.appenders[current].folder()) {
            self.appenders[current].flush()?;
            if self.appenders[other].answered_within(folder, self.patience)? {
                self.current = other;
            } else {
                log::debug!(
                    "the target does not answer on one line while another is written to: one is used from now on"
                );
                self.in_turn = false;
            }
        }
        self.appenders[current].end_batch()
    }

    /// Reads answers until at most so much is unanswered on a line; see [`Appender::settle`].
    pub fn settle(&mut self, commands: usize, octets: u64) -> Result<Vec<Settled>, ImapError> {
        let mut settled = Vec::new();
        for appender in &mut self.appenders {
            settled.extend(appender.settle(commands, octets)?);
        }
        Ok(settled)
    }

    /// Reads the answers that have come; see [`Appender::settle_arrived`].
    pub fn settle_arrived(&mut self) -> Result<Vec<Settled>, ImapError> {
        let mut settled = Vec::new();
        for appender in &mut self.appenders {
            settled.extend(appender.settle_arrived()?);
        }
        Ok(settled)
    }
}
