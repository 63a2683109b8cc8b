//! The connections to the target that a pass sends on: one, or two alternately.
//!
//! With two, the target receives a batch on one connection while it still stores the previous batch on the other. Messages keep the order
//! of the source all the same: a command ends only once the previous one into the same folder has been answered, and until it ends nothing
//! of it is stored (RFC 3502). Otherwise it makes no difference which connection sends a message: `sending` decides what is recorded, and
//! when.

use crate::imap::{Announced, Appender, Begun, Counted, Destination, ImapError, Settled};
use std::time::Duration;

/// A target that locks a folder while it receives a command could wait for the end of the second before it answers the first. After this
/// long without an answer the second ends in any order, and the connections are no longer used alternately.
const PATIENCE: Duration = Duration::from_secs(5);

/// Appends on one connection, or on two alternately.
pub struct Appenders<'a> {
    appenders: Vec<Appender<'a>>,
    /// The connection that is written to.
    current: usize,
    /// The connection on which the last batch ended.
    last: usize,
    /// Whether the connections take batches alternately.
    in_turn: bool,
    patience: Duration,
}

impl<'a> Appenders<'a> {
    pub fn new(first: Appender<'a>, second: Option<Appender<'a>>) -> Self {
        let in_turn = second.is_some();
        Self {
            appenders: std::iter::once(first).chain(second).collect(),
            current: 0,
            last: 0,
            in_turn,
            patience: PATIENCE,
        }
    }

    /// See [`Appender::begin`].
    pub fn begin(&mut self, destination: &Destination<'_>, message: &Announced<'_>) -> Result<Begun, ImapError> {
        self.appenders[self.current].begin(destination, message)
    }

    /// See [`Appender::write`].
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), ImapError> {
        self.appenders[self.current].write(bytes)
    }

    /// See [`Appender::end`].
    pub fn end(&mut self) -> Result<(), ImapError> {
        self.appenders[self.current].end()
    }

    /// Ends the batch; see [`Appender::end_batch`]. With two connections, waits for the previous batch, and then uses the other connection.
    pub fn end_batch(&mut self) -> Result<(), ImapError> {
        let (current, other) = (self.current, 1 - self.current);
        if let (true, Some(folder)) = (self.in_turn, self.appenders[current].folder()) {
            self.appenders[current].flush()?;
            if self.appenders[other].answered_within(folder, self.patience)? {
                self.current = other;
            } else {
                log::debug!(
                    "the target does not answer on one connection while we write to the other; from now on only one is used"
                );
                self.in_turn = false;
            }
        }
        self.last = current;
        self.appenders[current].end_batch()
    }

    /// Asks for a folder's count behind the batch that ended last; see [`Appender::ask`].
    pub fn ask(&mut self, question: usize, wire_name: &[u8]) -> Result<(), ImapError> {
        self.appenders[self.last].ask(question, wire_name)
    }

    /// The answers since the last call.
    pub fn counted(&mut self) -> Vec<Counted> {
        self.appenders.iter_mut().flat_map(Appender::counted).collect()
    }

    /// Reads answers until at most this much is unanswered on each connection; see [`Appender::settle`].
    pub fn settle(&mut self, commands: usize, bytes: u64) -> Result<Vec<Settled>, ImapError> {
        let mut settled = Vec::new();
        for appender in &mut self.appenders {
            settled.extend(appender.settle(commands, bytes)?);
        }
        Ok(settled)
    }

    /// Reads the answers that have arrived; see [`Appender::settle_arrived`].
    pub fn settle_arrived(&mut self) -> Result<Vec<Settled>, ImapError> {
        let mut settled = Vec::new();
        for appender in &mut self.appenders {
            settled.extend(appender.settle_arrived()?);
        }
        Ok(settled)
    }
}
