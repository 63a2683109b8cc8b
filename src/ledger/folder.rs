//! One folder's record: which of its messages are intended, done, checked, and what the folder looked like when it was complete.
//!
//! A folder's sums are in memory from the opening of the record on, its messages from the first question about one of them until the folder
//! is complete. Every change is written to the store before a method returns.

use super::head::{Extent, Head, Place, Renaming, Snapshot};
use super::message::{Done, Intent, Message, State};
use super::messages::Operation;
use super::store::Durable;
use super::{Ledger, LedgerError};
use crate::domain::{Digest, Folder, FolderPath, Uid, UidValidity};
use std::collections::{BTreeMap, BTreeSet};

/// A folder in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderRecord {
    /// Its number in the record.
    pub(super) id: i64,
    /// The target's UIDVALIDITY when it was last seen.
    pub target_uid_validity: UidValidity,
    /// The source's.
    pub source_uid_validity: UidValidity,
    /// The source folder's wire name.
    pub source_name: Vec<u8>,
    /// The target folder's wire name.
    pub target_name: Vec<u8>,
    /// The source folder by its parts; none in records of format 1.
    pub source_path: Option<FolderPath>,
    /// The target folder by its parts; none in records of format 1.
    pub target_path: Option<FolderPath>,
    /// The path that the source folder had before, if it was renamed since it was first copied.
    pub renamed_from: Option<FolderPath>,
    /// Whether the target's folder was made by us, and nobody has named it otherwise since.
    pub is_made: bool,
    /// The name that the target's folder is about to get, and may have.
    pub renaming: Option<Renaming>,
    /// Whether the folder was compared anew since, and this is about what was put on the target and is not in the folder any more: its
    /// messages were moved or deleted on the source. No folder is found to have this record.
    pub is_former: bool,
    /// What it looked like when it was complete, if it ever was.
    pub snapshot: Option<Snapshot>,
    /// The source folder at the end of the last run.
    pub source_end: Option<Extent>,
    /// The target folder at the end of the last run.
    pub target_end: Option<Extent>,
}

/// What becomes known of a folder's messages in one step.
#[derive(Debug)]
pub struct Change<'a> {
    /// The folder.
    pub folder: &'a FolderRecord,
    /// Are on the target from now on.
    pub done: Vec<Done>,
    /// Were intended, and are not any more.
    pub withdrawn: Vec<Uid>,
    /// Are about to be sent, each with its size in bytes as the source claims it.
    pub intend: Vec<(Uid, u64)>,
    /// Which flags were set on the target, sorted, for messages that are done or intended.
    pub flags: Vec<(Uid, Vec<String>)>,
    /// The target folder's UIDNEXT before they are sent.
    pub floor: u32,
}

impl Change<'_> {
    fn is_empty(&self) -> bool {
        self.done.is_empty() && self.withdrawn.is_empty() && self.intend.is_empty() && self.flags.is_empty()
    }
}

impl Ledger {
    /// The record of a source folder, known by its parts: its wire name is another one when the server's separator changed.
    ///
    /// 1. The record with its parts and its wire name.
    /// 2. The record of format 1 with its wire name, which knows no parts.
    /// 3. The only record with its parts.
    pub fn folder(&self, source: &Folder) -> Option<FolderRecord> {
        let same_path = |head: &Head| head.source.path.as_ref() == Some(&source.path);
        let by_path = || {
            let mut found = self.heads().filter(|(_, head)| same_path(head) && !head.is_former);
            found.next().filter(|_| found.next().is_none())
        };
        self.same_names(source).or_else(by_path).map(|(id, head)| record(id, head))
    }

    /// The folder of the record that has the wire name, and the parts unless it knows none.
    fn same_names(&self, source: &Folder) -> Option<(i64, &Head)> {
        let same_path = |head: &Head| head.source.path.as_ref().is_none_or(|path| *path == source.path);
        self.heads().find(|(_, head)| head.source.wire_name == source.wire_name && same_path(head) && !head.is_former)
    }

    /// Every folder of the record.
    pub fn folders(&self) -> Vec<FolderRecord> {
        self.heads().map(|(id, head)| record(id, head)).collect()
    }

    /// Notes how a folder is called now on both sides. A source folder that had other parts before was renamed.
    pub fn name_folder(
        &mut self,
        folder: &FolderRecord,
        source: &Folder,
        (target_name, target_path): (&[u8], &FolderPath),
    ) -> Result<FolderRecord, LedgerError> {
        self.change_head(folder.id, |head| {
            let before = head.source.path.replace(source.path.clone());
            if before.as_ref().is_some_and(|before| *before != source.path) {
                head.renamed_from = before;
            }
            head.source.wire_name.clone_from(&source.wire_name);
            head.target.wire_name = target_name.to_vec();
            head.target.path = Some(target_path.clone());
        })?;
        self.head(folder.id).map(|head| record(folder.id, head))
    }

    /// Where earlier runs put folders, by the wire names that the source's folders have now; `listed` are all there are. `path` reads a wire
    /// name of the target, for records of format 1. Folders that are gone from the source keep their places.
    pub fn places(&self, listed: &[Folder], path: impl Fn(&[u8]) -> FolderPath) -> BTreeMap<Vec<u8>, FolderPath> {
        let place = |record: &FolderRecord| record.target_path.clone().unwrap_or_else(|| path(&record.target_name));
        let current = self.folders().into_iter().filter(|record| !record.is_former);
        let mut places: BTreeMap<Vec<u8>, FolderPath> =
            current.map(|record| (record.source_name.clone(), place(&record))).collect();
        for folder in listed {
            match self.folder(folder) {
                Some(record) => {
                    if record.source_name != folder.wire_name {
                        places.remove(&record.source_name);
                    }
                    places.insert(folder.wire_name.clone(), place(&record));
                }
                // The name of another folder once.
                None => drop(places.remove(&folder.wire_name)),
            }
        }
        places
    }

    /// Begins the record of a folder anew. Whatever was known of it is forgotten, but for the messages `left`, which the former record goes on
    /// being about. `target` is the wire name and the path there.
    pub fn begin_folder(
        &mut self,
        source: &Folder,
        source_uid_validity: UidValidity,
        (target_name, target_path): (&[u8], &FolderPath),
        target_uid_validity: UidValidity,
        left: &[Uid],
    ) -> Result<FolderRecord, LedgerError> {
        let place = |name: &[u8], path: &FolderPath, uid_validity| Place {
            wire_name: name.to_vec(),
            path: Some(path.clone()),
            uid_validity,
        };
        let head = Head::new(
            place(&source.wire_name, &source.path, source_uid_validity),
            place(target_name, target_path, target_uid_validity),
        );
        let before = self.same_names(source).map(|(id, _)| id);
        let id = self.begin(before, left, head)?;
        self.head(id).map(|head| record(id, head))
    }

    /// The UIDs that are on the target, ascending, each with its size as it was sent.
    pub fn done(&self, folder: &FolderRecord) -> Result<Vec<(Uid, u64)>, LedgerError> {
        Ok(self.messages(folder.id)?.settled().map(|message| (message.uid, message.size)).collect())
    }

    /// How many messages are on the target, and their size in bytes.
    pub fn done_counts(&self, folder: &FolderRecord) -> Result<(u64, u64), LedgerError> {
        self.head(folder.id).map(|head| (head.sums.done, head.sums.done_bytes))
    }

    /// The messages whose fate nobody knows, ascending.
    pub fn intents(&self, folder: &FolderRecord) -> Result<Vec<Intent>, LedgerError> {
        match self.head(folder.id)?.sums.intended {
            0 => Ok(Vec::new()),
            _ => Ok(self.messages(folder.id)?.intents()),
        }
    }

    /// The messages that are done and whose content was not compared yet, ascending.
    pub fn unchecked(&self, folder: &FolderRecord) -> Result<Vec<Done>, LedgerError> {
        Ok(self.messages(folder.id)?.unchecked())
    }

    /// The messages that are done and of which nothing was compared yet, neither content nor size, ascending.
    pub fn unseen(&self, folder: &FolderRecord) -> Result<Vec<Done>, LedgerError> {
        let messages = self.messages(folder.id)?.all().iter();
        Ok(messages.filter(|message| message.state == State::Done).filter_map(Message::as_done).collect())
    }

    /// The messages that were read back and differed from what was sent, ascending.
    pub fn found_altered(&self, folder: &FolderRecord) -> Result<Vec<Done>, LedgerError> {
        let messages = self.messages(folder.id)?.all().iter();
        Ok(messages.filter(|message| message.state == State::Altered).filter_map(Message::as_done).collect())
    }

    /// The UIDs on the source and on the target of the messages that are there, as far as the latter are known.
    pub fn uid_pairs(&self, folder: &FolderRecord) -> Result<Vec<(Uid, Uid)>, LedgerError> {
        let settled = self.messages(folder.id)?.settled();
        Ok(settled.filter_map(|message| Some((message.uid, message.target_uid?))).collect())
    }

    /// The target UIDs that belong to messages of this folder's record, ascending.
    pub fn target_uids(&self, folder: &FolderRecord) -> Result<Vec<Uid>, LedgerError> {
        let messages = self.messages(folder.id)?.all().iter();
        let mut uids: Vec<Uid> = messages.filter_map(|message| message.target_uid).collect();
        uids.sort_unstable();
        Ok(uids)
    }

    /// The target UIDs that belong to messages of any record whose folder on the target is this one's.
    pub fn places_in_folder_of(&self, folder: &FolderRecord) -> Result<BTreeSet<Uid>, LedgerError> {
        let mut places = BTreeSet::new();
        for other in self.folders().into_iter().filter(|other| other.is_in_the_folder_of(folder)) {
            places.extend(self.target_uids(&other)?);
        }
        Ok(places)
    }

    /// The messages of a record that are on the target, without those at whose places another record has one.
    pub fn left_of(&self, folder: &FolderRecord) -> Result<Vec<Message>, LedgerError> {
        let mut taken = BTreeSet::new();
        let others = self.folders().into_iter().filter(|other| other.id != folder.id);
        for other in others.filter(|other| other.is_in_the_folder_of(folder)) {
            taken.extend(self.target_uids(&other)?);
        }
        let messages = self.messages_of(folder)?.iter();
        let is_free = |message: &&Message| message.target_uid.is_none_or(|place| !taken.contains(&place));
        Ok(messages.filter(|message| !message.is_intent()).filter(is_free).copied().collect())
    }

    /// The digests of the messages that are on the target, as far as known.
    pub fn digests(&self, folder: &FolderRecord) -> Result<BTreeSet<Digest>, LedgerError> {
        Ok(self.messages(folder.id)?.all().iter().filter_map(|message| message.digest).collect())
    }

    /// Forgets all that is known of a folder; the next run compares it by content.
    pub fn forget_folder(&mut self, folder: &FolderRecord) -> Result<(), LedgerError> {
        self.forget(folder.id)
    }

    /// The highest UID on the target that belongs to a message of this folder's record.
    pub fn highest_target_uid(&self, folder: &FolderRecord) -> Result<Option<Uid>, LedgerError> {
        self.head(folder.id).map(|head| head.sums.highest_target_uid)
    }

    /// The same as [`Ledger::record_all`] for one folder.
    pub fn record(
        &mut self,
        folder: &FolderRecord,
        done: &[Done],
        withdrawn: &[Uid],
        intend: &[(Uid, u64)],
        floor: u32,
    ) -> Result<(), LedgerError> {
        let (done, withdrawn, intend) = (done.to_vec(), withdrawn.to_vec(), intend.to_vec());
        self.record_all(&[Change { folder, done, withdrawn, intend, flags: Vec::new(), floor }])
    }

    /// Takes changes of several folders in, in one step.
    ///
    /// When this returns, a power cut cannot take an intent back; so call it before the first byte of what is intended goes out.
    pub fn record_all(&mut self, changes: &[Change<'_>]) -> Result<(), LedgerError> {
        let mut steps = Vec::new();
        for change in changes.iter().filter(|change| !change.is_empty()) {
            steps.push((change.folder.id, self.operations(change)?));
        }
        let intends = changes.iter().any(|change| !change.intend.is_empty());
        self.take(steps, if intends { Durable::AtOnce } else { Durable::Soon })
    }

    /// All that is known of a folder's messages, ascending by their UIDs on the source.
    pub fn messages_of(&self, folder: &FolderRecord) -> Result<&[Message], LedgerError> {
        self.messages(folder.id).map(|messages| messages.all())
    }

    /// What is known of a message.
    pub fn message(&self, folder: &FolderRecord, uid: Uid) -> Result<Option<Message>, LedgerError> {
        self.messages(folder.id).map(|messages| messages.get(uid).copied())
    }

    /// The flags that were set for a message on the target; none when nobody noted them.
    pub fn flags(&self, folder: &FolderRecord, uid: Uid) -> Result<Option<&[String]>, LedgerError> {
        let messages = self.messages(folder.id)?;
        Ok(messages.get(uid).and_then(|message| messages.flags(message)))
    }

    /// The flags that were about to be set for a message when the record ends; none when nobody was about to.
    pub fn intended_flags(&self, folder: &FolderRecord, uid: Uid) -> Result<Option<&[String]>, LedgerError> {
        self.messages(folder.id).map(|messages| messages.intended_flags(uid))
    }

    /// The messages whose flags were about to be set when the record ends, ascending.
    pub fn flag_intents(&self, folder: &FolderRecord) -> Result<Vec<Uid>, LedgerError> {
        self.messages(folder.id).map(|messages| messages.flag_intents())
    }

    /// Notes which flags, sorted, are about to be set for messages that are on the target. When this returns, a power cut cannot take it back.
    pub fn intend_flags(&mut self, folder: &FolderRecord, flags: &[(Uid, Vec<String>)]) -> Result<(), LedgerError> {
        self.take_flags(folder, flags, Operation::Flagging, Durable::AtOnce)
    }

    /// Notes which flags, sorted, messages have on the target by our doing.
    pub fn set_flags(&mut self, folder: &FolderRecord, flags: &[(Uid, Vec<String>)]) -> Result<(), LedgerError> {
        self.take_flags(folder, flags, Operation::Flagged, Durable::Soon)
    }

    fn take_flags(
        &mut self,
        folder: &FolderRecord,
        flags: &[(Uid, Vec<String>)],
        note: fn(Vec<(Uid, u32)>) -> Operation,
        durable: Durable,
    ) -> Result<(), LedgerError> {
        if flags.is_empty() {
            return Ok(());
        }
        let operations = self.messages(folder.id)?.flagged(flags, note);
        self.take(vec![(folder.id, operations)], durable)
    }

    /// Notes that these messages were seen on the target with their sizes, at which UIDs, and that their content was not compared.
    pub fn seen(&mut self, folder: &FolderRecord, messages: &[(Uid, Uid)]) -> Result<(), LedgerError> {
        self.found(folder, State::Seen, messages)
    }

    /// Notes that these messages were read back from the target, at which UIDs, and differ from what was sent.
    pub fn altered(&mut self, folder: &FolderRecord, messages: &[(Uid, Uid)]) -> Result<(), LedgerError> {
        self.found(folder, State::Altered, messages)
    }

    /// Notes the sizes that the source announces for messages that the record knows, such as those that were found by content.
    pub fn claim(&mut self, folder: &FolderRecord, sizes: &[(Uid, u64)]) -> Result<(), LedgerError> {
        self.take_some(folder, Operation::Claimed(sizes.to_vec()), Durable::Soon)
    }

    /// Forgets messages, settled or not; each is new to the next run. For what the target confirmed and does not have, and for what was
    /// moved to another folder.
    pub fn forget_messages(&mut self, folder: &FolderRecord, uids: &[Uid]) -> Result<(), LedgerError> {
        self.take_some(folder, Operation::Forgotten(uids.to_vec()), Durable::AtOnce)
    }

    /// Notes that these messages were compared on the target and are right, with the UIDs they were found at.
    pub fn checked(&mut self, folder: &FolderRecord, messages: &[(Uid, Uid)]) -> Result<(), LedgerError> {
        self.found(folder, State::Checked, messages)
    }

    /// Notes that these messages were found on the target, in which state, and at which UIDs.
    fn found(&mut self, folder: &FolderRecord, state: State, messages: &[(Uid, Uid)]) -> Result<(), LedgerError> {
        self.take_some(folder, Operation::Found(state, messages.to_vec()), Durable::Soon)
    }

    pub(super) fn take_some(
        &mut self,
        folder: &FolderRecord,
        step: Operation,
        durable: Durable,
    ) -> Result<(), LedgerError> {
        if step.is_empty() { Ok(()) } else { self.take(vec![(folder.id, vec![step])], durable) }
    }

    /// Notes what the source folder looks like now that every message of it is on the target.
    pub fn complete(&mut self, folder: &FolderRecord, snapshot: Snapshot) -> Result<(), LedgerError> {
        self.change_head(folder.id, |head| head.complete = Some(snapshot))?;
        self.put_away(folder.id);
        Ok(())
    }

    /// Notes what both sides of a folder look like at the end of a run, complete or not.
    pub fn end_run(&mut self, folder: &FolderRecord, source: Extent, target: Extent) -> Result<(), LedgerError> {
        self.change_head(folder.id, |head| head.ended = Some([source, target]))
    }

    fn operations(&self, change: &Change<'_>) -> Result<Vec<Operation>, LedgerError> {
        let known = self.messages(change.folder.id)?;
        let done = change.done.iter().map(|done| {
            let before = known.get(done.uid);
            Message {
                uid: done.uid,
                state: if done.checked { State::Checked } else { State::Done },
                size: done.size,
                claimed: before.and_then(|before| before.claimed),
                floor: done.floor,
                digest: Some(done.digest),
                target_uid: done.target_uid,
                flags: before.and_then(|before| before.flags),
            }
        });
        let intended = change.intend.iter().map(|(uid, size)| Message::intended(*uid, *size, change.floor));
        let mut operations = vec![Operation::Put(done.collect()), Operation::Put(intended.collect())];
        operations.push(Operation::Withdrawn(change.withdrawn.clone()));
        operations.extend(known.flagged(&change.flags, Operation::Flagged));
        operations.retain(|operation| !operation.is_empty());
        Ok(operations)
    }
}

impl FolderRecord {
    /// Whether both are about one folder of the target.
    pub fn is_in_the_folder_of(&self, other: &Self) -> bool {
        self.target_name == other.target_name && self.target_uid_validity == other.target_uid_validity
    }
}

pub(super) fn record(id: i64, head: &Head) -> FolderRecord {
    FolderRecord {
        id,
        target_uid_validity: head.target.uid_validity,
        source_uid_validity: head.source.uid_validity,
        source_name: head.source.wire_name.clone(),
        target_name: head.target.wire_name.clone(),
        source_path: head.source.path.clone(),
        target_path: head.target.path.clone(),
        renamed_from: head.renamed_from.clone(),
        is_made: head.is_made,
        renaming: head.renaming.clone(),
        is_former: head.is_former,
        snapshot: head.complete,
        source_end: head.ended.map(|[source, _]| source),
        target_end: head.ended.map(|[_, target]| target),
    }
}
