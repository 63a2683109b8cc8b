//! What to read, and what receives the messages that arrive.

use super::super::error::ImapError;
use super::OCTETS_AHEAD;
use crate::domain::{Uid, UidValidity};
use std::sync::Arc;

/// The consumer wants no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SinkClosed;

/// A folder to read from, as it must be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderToRead {
    /// Its number in a [`BodySink`]; each folder has its own.
    pub number: usize,
    /// Its wire name.
    pub wire_name: Vec<u8>,
    /// If the folder now has another one, its UIDs name other messages.
    pub uid_validity: UidValidity,
}

/// Messages of one folder that are requested with one command.
#[derive(Debug, Clone)]
pub struct BodyBatch {
    /// The folder.
    pub folder: Arc<FolderToRead>,
    /// The messages.
    pub uids: Vec<Uid>,
    /// Their total size in octets, as far as it is known.
    pub bytes: u64,
    /// Whether they may have come since the folder was opened. Then it is opened again: a server need not announce them before another
    /// command is done (RFC 9051, section 5.2), and Dovecot 2.3 handles the FETCH behind a NOOP before it has looked for new messages.
    pub recent: bool,
}

/// Decides what is read next.
pub trait BodyFeed {
    /// The next batch; none if there is none for now. With `idle` nothing else is left to do, and none means the end: an implementation
    /// that knows that more will come waits for it.
    fn next(&mut self, idle: bool) -> Option<BodyBatch>;

    /// The octets that are requested before the answer to the first batch has been read; two batches in any case.
    fn bytes_ahead(&self) -> u64 {
        OCTETS_AHEAD
    }
}

/// Why the messages of a folder were not read.
#[derive(Debug)]
pub enum NotOpened {
    /// The server refused to open it.
    Refused(ImapError),
    /// Another folder has its name now.
    Replaced,
}

/// Gets every requested message exactly once: `begin`, `chunk` …, `end`, or `unreadable`, or `absent`. Of a folder that is `not_opened` it
/// may get nothing more.
///
/// An error from any method ends the reading; the connection is then in the middle of an answer and no longer usable. By default, messages
/// that do not arrive and the ends of batches pass silently.
pub trait BodySink {
    /// What follows belongs to this folder.
    fn opened(&mut self, _folder: usize) -> Result<(), SinkClosed> {
        Ok(())
    }
    /// This folder cannot be read; called at most once for each batch.
    fn not_opened(&mut self, _folder: usize, _why: NotOpened) -> Result<(), SinkClosed> {
        Ok(())
    }
    /// A message of `octets` follows.
    fn begin(&mut self, uid: Uid, octets: u64) -> Result<(), SinkClosed>;
    /// A part of it.
    fn chunk(&mut self, octets: &[u8]) -> Result<(), SinkClosed>;
    /// It is complete.
    fn end(&mut self) -> Result<(), SinkClosed>;
    /// The server could not deliver it, in these words.
    fn unreadable(&mut self, _uid: Uid, _words: &str) -> Result<(), SinkClosed> {
        Ok(())
    }
    /// The server delivered nothing for it: it no longer exists.
    fn absent(&mut self, _uid: Uid) -> Result<(), SinkClosed> {
        Ok(())
    }
    /// A batch of the feed is finished, except for messages that must be requested again; those come when nothing else is left to do.
    fn batch_end(&mut self) -> Result<(), SinkClosed> {
        Ok(())
    }
}
