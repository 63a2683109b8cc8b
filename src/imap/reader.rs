//! A signed-in session that can only read: it can send only the commands of [`ReadOnly`].

mod counting;
mod scanning;

use super::bodies::{self, BodyBatch, BodyFeed, BodySink, FolderToRead};
use super::capabilities::Capabilities;
use super::command::ReadOnly;
use super::error::ImapError;
use super::list::{self, Listing};
use super::names::{NameRefused, Naming};
use super::opened::{FolderStatus, Numbers, Opened, parse_status, status_key};
use super::response::Condition;
use super::wire::Wire;
use crate::domain::{Folder, FolderPath, MailServerFault, Uid, UidValidity};
use crate::network::Interrupter;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// At most this many commands of one kind are sent before their answers are read.
const PIPELINED: usize = 50;

/// A session that only reads.
pub struct Reader {
    pub(super) wire: Wire,
    pub(super) naming: Naming,
    /// The folder that is open, by its wire name.
    pub(super) open: Option<Vec<u8>>,
    /// The number of messages that it held when it was opened.
    messages: u64,
    /// Whether folders are read one after another, because something takes a question of its own: the server leaves UIDVALIDITY out when
    /// it opens a folder, or flags when it gives heads.
    one_by_one: bool,
}

impl Reader {
    pub(super) fn new(wire: Wire) -> Self {
        Self { wire, naming: Naming::default(), open: None, messages: 0, one_by_one: false }
    }

    /// What the server can do.
    pub fn capabilities(&self) -> &Capabilities {
        &self.wire.capabilities
    }

    /// Whether the server gives a message the same number in every folder that shows it (Gmail's labels).
    pub fn has_permanent_ids(&self) -> bool {
        self.wire.capabilities.has("X-GM-EXT-1")
    }

    /// A handle that cuts the connection from another thread.
    pub fn interrupter(&self) -> Interrupter {
        self.wire.interrupter()
    }

    /// Compresses the connection to a server far away, if the server can. [`Reader::list`] does so by itself.
    pub fn compress_if_far(&mut self) -> Result<(), ImapError> {
        self.wire.compress_if_far()
    }

    /// The user's folders.
    pub fn list(&mut self) -> Result<Listing, ImapError> {
        self.list_with(false)
    }

    /// The user's folders, and how much room is left, if the server says.
    pub fn list_with_quota(&mut self) -> Result<Listing, ImapError> {
        self.list_with(true)
    }

    fn list_with(&mut self, quota: bool) -> Result<Listing, ImapError> {
        let (mut listing, naming) = list::list(&mut self.wire, quota)?;
        self.naming = naming;
        // There always is an INBOX (RFC 9051, section 5.1), whatever a server lists, and however it lists it. If it cannot be opened, that is reported.
        let is_inbox = |folder: &Folder| status_key(&folder.wire_name) == b"INBOX" && folder.selectable;
        if !listing.folders.iter().any(is_inbox) {
            listing.folders.insert(0, Folder::inbox());
        }
        Ok(listing)
    }

    /// A path as this server writes it. Needs [`Reader::list`] first, which learns the separator and the prefix.
    pub fn wire_name(&self, path: &FolderPath) -> Result<Vec<u8>, NameRefused> {
        self.naming.write(path)
    }

    /// The path that a name of this server means; the inverse of [`Reader::wire_name`].
    pub fn path(&self, wire_name: &[u8]) -> FolderPath {
        self.naming.read(wire_name)
    }

    /// The status of folders, without opening them. None for a folder that does not exist, cannot be opened, or has no status.
    pub fn statuses(&mut self, wire_names: &[&[u8]]) -> Result<Vec<Option<FolderStatus>>, ImapError> {
        self.statuses_with(wire_names, false)
    }

    /// The same, with HIGHESTMODSEQ where the server counts changes (CONDSTORE).
    pub fn statuses_with_changes(&mut self, wire_names: &[&[u8]]) -> Result<Vec<Option<FolderStatus>>, ImapError> {
        self.statuses_with(wire_names, self.wire.capabilities.has("CONDSTORE"))
    }

    fn statuses_with(&mut self, wire_names: &[&[u8]], modseq: bool) -> Result<Vec<Option<FolderStatus>>, ImapError> {
        let mut statuses = Vec::with_capacity(wire_names.len());
        for group in self.groups(wire_names) {
            let mut tags = Vec::new();
            for wire_name in group {
                let command = ReadOnly::Status { wire_name: wire_name.to_vec(), modseq };
                tags.push(self.wire.send(&command.command())?);
            }
            let mut found: BTreeMap<Vec<u8>, Numbers> = BTreeMap::new();
            let answers = self.wire.finish_all(&tags, &mut |pieces| found.extend(parse_status(pieces)))?;
            for (wire_name, answer) in group.iter().zip(answers) {
                let status = found.get(&status_key(wire_name)).and_then(Numbers::status);
                statuses.push(status.filter(|_| answer.condition == Condition::Ok));
            }
        }
        Ok(statuses)
    }

    /// Names in groups whose commands may be sent ahead of the answers.
    pub(super) fn groups<'n>(&self, wire_names: &'n [&'n [u8]]) -> Vec<&'n [&'n [u8]]> {
        let groups = wire_names.chunk_by(|one, other| self.wire.sends_at_once(one) && self.wire.sends_at_once(other));
        groups.flat_map(|group| group.chunks(PIPELINED)).collect()
    }

    /// The status of one folder, without opening it.
    pub fn status(&mut self, wire_name: &[u8]) -> Result<FolderStatus, ImapError> {
        let status = self.numbers(wire_name)?.status();
        status.ok_or(ImapError::Protocol(MailServerFault::StatusWithoutNumbers))
    }

    /// Whether such a folder exists.
    pub(super) fn exists(&mut self, wire_name: &[u8]) -> bool {
        self.numbers(wire_name).is_ok()
    }

    fn numbers(&mut self, wire_name: &[u8]) -> Result<Numbers, ImapError> {
        let mut found = None;
        let command = ReadOnly::Status { wire_name: wire_name.to_vec(), modseq: false }.command();
        self.wire.run_ok(&command, &mut |pieces| found = parse_status(pieces).or(found.take()))?;
        Ok(found.map(|(_, numbers)| numbers).unwrap_or_default())
    }

    /// The status of an opened folder. Some servers give its UIDVALIDITY only to STATUS; without any, the folder gets one for this run.
    pub(super) fn completed(&mut self, wire_name: &[u8], opened: &Opened) -> Result<FolderStatus, ImapError> {
        let otherwise = match opened.uid_validity() {
            Some(known) => known,
            None => match self.numbers(wire_name) {
                Ok(numbers) => numbers.uid_validity.unwrap_or_else(|| self.wire.learned.passing_validity()),
                Err(error) if error.is_connection() => return Err(error),
                Err(_) => self.wire.learned.passing_validity(),
            },
        };
        Ok(opened.status(otherwise))
    }

    /// Opens a folder for reading only.
    pub fn examine(&mut self, wire_name: &[u8]) -> Result<FolderStatus, ImapError> {
        self.open = None;
        let mut opened = Opened::default();
        let command = ReadOnly::Examine { wire_name: wire_name.to_vec() }.command();
        self.wire.run_ok(&command, &mut |pieces| opened.take(pieces))?;
        let status = self.completed(wire_name, &opened)?;
        self.open = Some(wire_name.to_vec());
        self.messages = status.messages;
        Ok(status)
    }

    /// Sets the time limit for the next octet of every answer.
    pub fn wait_for_next_byte(&mut self, patience: Duration) -> Result<(), ImapError> {
        self.wire.wait_for_next_byte(patience)
    }

    /// Whether this folder is the open one.
    pub fn has_open(&self, wire_name: &[u8]) -> bool {
        self.open.as_deref() == Some(wire_name)
    }

    /// Reads bodies of the open folder, each batch with one command, sending commands ahead of the answers. See [`BodySink`] for what it
    /// gets.
    pub fn bodies(
        &mut self,
        batches: &mut dyn Iterator<Item = Vec<Uid>>,
        sink: &mut dyn BodySink,
    ) -> Result<(), ImapError> {
        let wire_name = self.open.clone().unwrap_or_default();
        // It stays open, so its UIDVALIDITY is not checked again.
        let folder = Arc::new(FolderToRead { number: 0, wire_name, uid_validity: UidValidity(0) });
        let mut feed = OpenFolderFeed { folder: folder.clone(), batches };
        bodies::read(&mut self.wire, &mut Some(folder), &mut feed, sink)
    }

    /// Reads bodies of several folders, which are opened on the way. See [`BodyFeed`] and [`BodySink`].
    pub fn bodies_of_folders(&mut self, feed: &mut dyn BodyFeed, sink: &mut dyn BodySink) -> Result<(), ImapError> {
        self.open = None;
        let mut open_folder = None;
        let read = bodies::read(&mut self.wire, &mut open_folder, feed, sink);
        self.open = open_folder.map(|folder| folder.wire_name.clone());
        self.messages = u64::MAX;
        read
    }

    /// Says goodbye without waiting for an answer.
    pub fn logout(mut self) {
        let _ = self.wire.send(&ReadOnly::Logout.command()).and_then(|_| self.wire.flush());
    }
}

/// Batches of the folder that is open.
pub(super) struct OpenFolderFeed<'a> {
    pub(super) folder: Arc<FolderToRead>,
    pub(super) batches: &'a mut dyn Iterator<Item = Vec<Uid>>,
}

impl BodyFeed for OpenFolderFeed<'_> {
    fn next(&mut self, _idle: bool) -> Option<BodyBatch> {
        let uids = self.batches.next()?;
        Some(BodyBatch { folder: self.folder.clone(), uids, bytes: bodies::OCTETS_AHEAD, recent: false })
    }
}

#[cfg(test)]
mod tests;
