//! A signed-in session that can only read: it can send only the commands of [`ReadOnly`].

use super::bodies::{self, BodyBatch, BodyFeed, BodySink, FolderToRead};
use super::capabilities::Capabilities;
use super::command::{ReadOnly, uid_set};
use super::error::ImapError;
use super::fetch::HeadsRead;
use super::list::{self, Listing};
use super::names::{NameRefused, Naming};
use super::opened::{FolderStatus, Numbers, Opened, parse_status, status_key};
use super::response::{Condition, Status};
use super::wire::Wire;
use crate::domain::{Folder, FolderPath, MailServerFault, MessageHead, Uid, UidValidity};
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
    /// Whether the server leaves UIDVALIDITY out when it opens a folder.
    lacks_uid_validity: bool,
}

impl Reader {
    pub(super) fn new(wire: Wire) -> Self {
        Self { wire, naming: Naming::default(), open: None, messages: 0, lacks_uid_validity: false }
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
        // There always is an INBOX (RFC 9051, section 5.1), whatever a server lists. If it cannot be opened, that is reported.
        if !listing.folders.iter().any(|folder| folder.path.is_inbox()) {
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

    /// Opens folders one after another and reads the heads of their messages, sending questions ahead of the answers.
    ///
    /// The heads are those of the UIDs from the folder's `first` on; the last message may be among them even when its UID is smaller.
    /// `head` gets each with the folder's index in `wire_names`, then `end` gets the folder's status or why it could not be read. An `Err`
    /// means that the connection is lost.
    pub fn scan(
        &mut self,
        wire_names: &[&[u8]],
        first: &dyn Fn(usize) -> Uid,
        head: &mut dyn FnMut(usize, MessageHead),
        end: &mut dyn FnMut(usize, Result<FolderStatus, ImapError>),
    ) -> Result<(), ImapError> {
        self.scan_sets(wire_names, first, &|index| format!("{}:*", first(index).0), head, end)
    }

    /// The same for certain messages of each folder, at least one. Others may be among them.
    pub fn scan_some(
        &mut self,
        wire_names: &[&[u8]],
        uids: &dyn Fn(usize) -> Vec<Uid>,
        head: &mut dyn FnMut(usize, MessageHead),
        end: &mut dyn FnMut(usize, Result<FolderStatus, ImapError>),
    ) -> Result<(), ImapError> {
        let first = |index| uids(index).into_iter().min().unwrap_or(Uid(1));
        self.scan_sets(wire_names, &first, &|index| uid_set(&uids(index)), head, end)
    }

    /// The same, and the last message of each folder.
    pub fn scan_some_and_last(
        &mut self,
        wire_names: &[&[u8]],
        uids: &dyn Fn(usize) -> Vec<Uid>,
        head: &mut dyn FnMut(usize, MessageHead),
        end: &mut dyn FnMut(usize, Result<FolderStatus, ImapError>),
    ) -> Result<(), ImapError> {
        let first = |index| uids(index).into_iter().min().unwrap_or(Uid(1));
        self.scan_sets(wire_names, &first, &|index| format!("{},*", uid_set(&uids(index))), head, end)
    }

    fn scan_sets(
        &mut self,
        wire_names: &[&[u8]],
        first: &dyn Fn(usize) -> Uid,
        set: &dyn Fn(usize) -> String,
        head: &mut dyn FnMut(usize, MessageHead),
        end: &mut dyn FnMut(usize, Result<FolderStatus, ImapError>),
    ) -> Result<(), ImapError> {
        self.open = None;
        let permanent_ids = self.has_permanent_ids();
        let mut index = 0;
        for group in self.groups(wire_names) {
            if self.lacks_uid_validity {
                for wire_name in group {
                    let scanned = self.scan_alone(wire_name, first(index), &mut |found| head(index, found));
                    scanned_or_lost(scanned).map(|status| end(index, status))?;
                    index += 1;
                }
                continue;
            }
            let mut tags = Vec::new();
            for (wire_name, place) in group.iter().zip(index..) {
                let examine = ReadOnly::Examine { wire_name: wire_name.to_vec() };
                let fetch = ReadOnly::FetchHeads { set: set(place), permanent_ids };
                tags.push((self.wire.send(&examine.command())?, self.wire.send(&fetch.command())?));
            }
            let mut tags = tags.into_iter();
            while let Some((examine, fetch)) = tags.next() {
                let mut opened = Opened::default();
                let examined = self.wire.finish(examine, &mut |pieces| opened.take(pieces))?;
                let is_open = examined.condition == Condition::Ok;
                if is_open && opened.uid_validity().is_none() {
                    // It takes a question of its own, so from here on folders are read one after another.
                    self.lacks_uid_validity = true;
                    let unread: Vec<_> =
                        std::iter::once(fetch).chain(tags.flat_map(|(examine, fetch)| [examine, fetch])).collect();
                    self.wire.finish_all(&unread, &mut |_| {})?;
                    return self.scan(
                        &wire_names[index..],
                        &|place| first(index + place),
                        &mut |place, found| head(index + place, found),
                        &mut |place, status| end(index + place, status),
                    );
                }
                self.open = wire_names.get(index).filter(|_| is_open).map(|name| name.to_vec());
                // After a refusal another folder may still be open: its heads were not requested.
                let mut read = HeadsRead::default();
                let fetched = self.wire.finish(fetch, &mut |pieces| {
                    opened.take_expunge(pieces);
                    if let Some(found) = read.take(pieces).filter(|_| is_open) {
                        head(index, found);
                    }
                })?;
                if let Some(found) = read.end().filter(|_| is_open) {
                    head(index, found);
                }
                end(index, scanned(&opened, self.wire.learned.passing_validity(), examined, fetched));
                index += 1;
            }
        }
        Ok(())
    }

    /// The heads of the open folder's messages from `first` to `last` or the end, in the order the server answers.
    pub fn heads(&mut self, first: Uid, last: Option<Uid>, each: &mut dyn FnMut(MessageHead)) -> Result<(), ImapError> {
        let set = match last {
            Some(last) => format!("{}:{}", first.0, last.0),
            None => format!("{}:*", first.0),
        };
        // `n:*` answers with the last message even when its UID is smaller (RFC 9051, section 9, seq-range).
        let asked_for = |head: &MessageHead| head.uid >= first && last.is_none_or(|last| head.uid <= last);
        let mut each = |head: MessageHead| {
            if asked_for(&head) {
                each(head);
            }
        };
        match self.fetch_heads(set, &mut each) {
            // Some refuse if the folder is empty. It is asked all the same: a server that counts no messages may have some.
            Err(error @ ImapError::Refused { .. }) if !error.is_connection() && self.messages == 0 => Ok(()),
            // James and QQ answer BAD, and old Cyrus NO, if no message has any of the UIDs.
            Err(error @ ImapError::Refused { .. }) if !error.is_connection() && first > Uid(1) => {
                self.fetch_heads("1:*".to_owned(), &mut each)
            }
            outcome => outcome,
        }
    }

    fn fetch_heads(&mut self, set: String, each: &mut dyn FnMut(MessageHead)) -> Result<(), ImapError> {
        let command = ReadOnly::FetchHeads { set, permanent_ids: self.has_permanent_ids() }.command();
        let mut read = HeadsRead::default();
        self.wire.run_ok(&command, &mut |pieces| read.take(pieces).into_iter().for_each(&mut *each))?;
        read.end().into_iter().for_each(each);
        Ok(())
    }

    /// Opens one folder and reads its heads, one question after another.
    fn scan_alone(
        &mut self,
        wire_name: &[u8],
        first: Uid,
        each: &mut dyn FnMut(MessageHead),
    ) -> Result<FolderStatus, ImapError> {
        let status = self.examine(wire_name)?;
        self.heads(first, None, each)?;
        Ok(status)
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

/// A refusal concerns one folder; what ends the connection is an `Err`.
fn scanned_or_lost(scanned: Result<FolderStatus, ImapError>) -> Result<Result<FolderStatus, ImapError>, ImapError> {
    match scanned {
        Err(error) if !matches!(error, ImapError::Refused { .. }) => Err(error),
        scanned => Ok(scanned),
    }
}

/// The status of a folder whose heads were read.
fn scanned(
    opened: &Opened,
    otherwise: UidValidity,
    examined: Status,
    fetched: Status,
) -> Result<FolderStatus, ImapError> {
    let refused = |command, status: Status| ImapError::Refused { command, status };
    match (examined.condition, fetched.condition) {
        (Condition::Ok, Condition::Ok) => Ok(opened.status(otherwise)),
        // James and QQ answer BAD, and old Cyrus NO, to a question about the messages of an empty folder.
        (Condition::Ok, _) if opened.messages() == 0 && fetched.pause(true).is_none() => Ok(opened.status(otherwise)),
        (Condition::Ok, _) => Err(refused("UID FETCH", fetched)),
        _ => Err(refused("EXAMINE", examined)),
    }
}

#[cfg(test)]
mod tests;
