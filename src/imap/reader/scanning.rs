//! Reading the heads of messages, of many folders at once or of the open one.
//!
//! Promises that flags which the server did not give are asked for once more, and are unknown after that, not none.

use super::super::command::{ReadOnly, uid_set};
use super::super::error::ImapError;
use super::super::fetch::Fetched;
use super::super::heads_read::{HeadsRead, lacks_flags};
use super::super::opened::{FolderStatus, Opened};
use super::super::response::{Condition, Status};
use super::Reader;
use super::counting::Counting;
use crate::domain::{MessageHead, Uid, UidValidity};
use std::collections::BTreeMap;

/// The set of all messages.
const ALL: &str = "1:*";
/// At most this many messages are named by one command: servers take commands of at least 8,000 octets.
const NAMED_AT_ONCE: usize = 500;

impl Reader {
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
            if self.one_by_one {
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
                    let unread = std::iter::once(fetch).chain(tags.flat_map(|(examine, fetch)| [examine, fetch]));
                    self.wire.finish_all(&unread.collect::<Vec<_>>(), &mut |_| {})?;
                    return self.scan_one_by_one(&wire_names[index..], index, first, head, end);
                }
                self.open = wire_names.get(index).filter(|_| is_open).map(|name| name.to_vec());
                // After a refusal another folder may still be open: its heads were not requested.
                let (mut read, mut counting) = (HeadsRead::default(), Counting::of(opened.messages()));
                let fetched = self.wire.finish(fetch, &mut |pieces| {
                    opened.take_expunge(pieces);
                    let found = read.take(pieces).filter(|_| is_open);
                    counting.take(pieces, found.is_some());
                    if let Some(found) = found {
                        head(index, found);
                    }
                })?;
                let incomplete: Vec<MessageHead> = read.end().filter(|_| is_open).collect();
                if fetched.condition == Condition::Ok && incomplete.iter().any(lacks_flags) {
                    let unread: Vec<_> = tags.flat_map(|(examine, fetch)| [examine, fetch]).collect();
                    self.wire.finish_all(&unread, &mut |_| {})?;
                    return self.scan_one_by_one(&wire_names[index..], index, first, head, end);
                }
                for found in incomplete {
                    counting.heads += 1;
                    head(index, found);
                }
                if set(index) == ALL {
                    opened.note_unlisted(counting.heads, counting.unlisted());
                }
                end(index, scanned(&opened, self.wire.learned.passing_validity(), examined, fetched));
                index += 1;
            }
        }
        Ok(())
    }

    /// Scans the rest of the folders, the first of which has the index `index`, one after another. Heads may come again that came before.
    fn scan_one_by_one(
        &mut self,
        wire_names: &[&[u8]],
        index: usize,
        first: &dyn Fn(usize) -> Uid,
        head: &mut dyn FnMut(usize, MessageHead),
        end: &mut dyn FnMut(usize, Result<FolderStatus, ImapError>),
    ) -> Result<(), ImapError> {
        self.one_by_one = true;
        self.scan(
            wire_names,
            &|place| first(index + place),
            &mut |place, found| head(index + place, found),
            &mut |place, status| end(index + place, status),
        )
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
        let (lacking, others): (Vec<_>, Vec<_>) = read.end().partition(lacks_flags);
        others.into_iter().for_each(&mut *each);
        self.ask_for_flags(lacking)?.into_iter().for_each(each);
        Ok(())
    }

    /// Asks once more for the flags of messages of which the server gave none. What it leaves out again stays unknown.
    fn ask_for_flags(&mut self, mut heads: Vec<MessageHead>) -> Result<Vec<MessageHead>, ImapError> {
        for part in heads.chunks_mut(NAMED_AT_ONCE) {
            let set = uid_set(&part.iter().map(|head| head.uid).collect::<Vec<_>>());
            let command = ReadOnly::FetchHeads { set, permanent_ids: false }.command();
            let mut found = BTreeMap::new();
            self.wire.run(&command, &mut |pieces| found.extend(Fetched::parse(pieces).and_then(Fetched::flags)))?;
            for head in part.iter_mut() {
                if let Some(flags) = found.remove(&head.uid) {
                    head.flags = flags;
                    if let Some(unused) = &mut head.unused {
                        unused.no_flags = false;
                    }
                }
            }
            // It gives none at all.
            if part.iter().all(lacks_flags) {
                break;
            }
        }
        Ok(heads)
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
