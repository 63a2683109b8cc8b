//! Recognises the folder of a record on a server, whatever its name is now.
//!
//! 1. It is the folder with the recorded name and the recorded UIDVALIDITY. If another record has the same UIDVALIDITY, the sizes of a few
//!    messages must agree too.
//! 2. Of the remaining records and folders, those belong together that have the same UIDVALIDITY, the same sizes at a few recorded UIDs,
//!    and the same content at some of these. A folder that has none of the recorded messages, or never had any, is recognised by a
//!    UIDVALIDITY that only one record and one folder have, if its UIDNEXT did not go back. If a server gives several folders the same
//!    UIDVALIDITY, such a folder is not recognised: nothing is lost, and its old name stays on the target as an empty folder.
//! 3. A server may change a folder's UIDVALIDITY with its name, or somebody may have created a new folder and moved everything there. So
//!    for a remaining record whose name no folder has any more, it is the folder whose first messages have all the recorded sizes in order,
//!    and the same content at some of these.
//!
//! If more than one folder qualifies, none is chosen.

use crate::domain::{Digest, Folder, MessageHead, Side, Uid, UidValidity};
use crate::imap::{FolderStatus, Reader};
use crate::ledger::{FolderRecord, Ledger, Message, State};
use crate::migrate::content::reading::{Readings, SizeAndDigest};
use crate::migrate::context::losses::Losses;
use crate::migrate::folder::witnesses::sample;
use crate::migrate::halt::{Halt, OnSide};
use std::collections::{BTreeMap, BTreeSet};

/// At most this many messages are read to decide whether a folder is the recorded one.
const READ: usize = 3;

/// Which record is about which folder, by their indexes in the two lists.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Recognised {
    /// Folders with the recorded name.
    pub at_home: BTreeMap<usize, usize>,
    /// Folders with another name.
    pub renamed: BTreeMap<usize, usize>,
}

/// A message of a record, and its UID on the side in question.
type Placed = (Uid, Message);

/// Messages with the recorded sizes, and the number of those with different ones.
type Sizes = (Vec<Placed>, usize);

/// The folders of one side, and the records of a mailbox.
pub struct Recognition<'a> {
    pub side: Side,
    pub ledger: &'a Ledger,
    pub records: &'a [FolderRecord],
    pub folders: &'a [Folder],
}

impl Recognition<'_> {
    /// Finds the folder of each record, from the server's answers about the folders in [`open_names`]. `named` is the folder with the
    /// record's name, if there is one.
    pub fn recognise(
        &self,
        reader: &mut Reader,
        statuses: Vec<Option<FolderStatus>>,
        named: &dyn Fn(&FolderRecord) -> Option<usize>,
    ) -> Result<Recognised, Halt> {
        let open = (0..self.folders.len()).filter(|index| self.folders[*index].selectable);
        let statuses: BTreeMap<usize, Option<FolderStatus>> = open.zip(statuses).collect();
        let mut counted: BTreeMap<UidValidity, usize> = BTreeMap::new();
        statuses.values().flatten().for_each(|status| *counted.entry(status.uid_validity).or_default() += 1);
        let names: Vec<Option<usize>> = self.records.iter().map(named).collect();
        let mut found = Recognised { at_home: self.at_home(reader, &names, &statuses)?, renamed: BTreeMap::new() };
        let taken: BTreeSet<usize> = found.at_home.values().copied().collect();
        let homeless: Vec<usize> = (0..self.records.len()).filter(|index| !found.at_home.contains_key(index)).collect();
        let nameless: Vec<(usize, FolderStatus)> = statuses
            .into_iter()
            .filter(|(index, _)| !taken.contains(index))
            .filter_map(|(index, status)| Some((index, status?)))
            .collect();
        let mut pairs = Vec::new();
        let is_only = |status: &FolderStatus| counted.get(&status.uid_validity) == Some(&1);
        for record in &homeless {
            for (folder, status) in &nameless {
                if self.is_it(reader, &self.records[*record], *folder, (status, is_only(status)))? {
                    pairs.push((*record, *folder));
                }
            }
        }
        found.renamed = unambiguous(pairs);
        let is_left = |record: &usize| !found.renamed.contains_key(record) && names[*record].is_none();
        let homeless: Vec<usize> = homeless.into_iter().filter(is_left).collect();
        let taken: BTreeSet<usize> = found.renamed.values().copied().collect();
        let nameless: Vec<usize> = nameless
            .into_iter()
            .filter(|(it, status)| !taken.contains(it) && status.messages > 0)
            .map(|(it, _)| it)
            .collect();
        found.renamed.extend(self.by_content(reader, &homeless, &nameless)?);
        Ok(found)
    }

    /// The records whose folder still has its name, by index.
    fn at_home(
        &self,
        reader: &mut Reader,
        names: &[Option<usize>],
        statuses: &BTreeMap<usize, Option<FolderStatus>>,
    ) -> Result<BTreeMap<usize, usize>, Halt> {
        let is_other = |(index, folder): &(usize, usize)| {
            // A folder without evidence for or against is accepted.
            let status = statuses.get(folder).copied().flatten();
            status.is_some_and(|status| status.uid_validity != self.validity(&self.records[*index]))
        };
        let named = (0..self.records.len()).filter_map(|index| Some((index, names[index]?)));
        let (alone, mut shared): (Vec<_>, Vec<_>) = named
            .filter(|named| !is_other(named))
            .partition(|(index, _)| self.is_only(self.validity(&self.records[*index])));
        let mut sampled = Vec::with_capacity(shared.len());
        for (index, _) in &shared {
            sampled.push(self.sampled(&self.records[*index])?);
        }
        let folders: Vec<usize> = shared.iter().map(|(_, folder)| *folder).collect();
        let there = self.sizes(reader, &folders, &sampled)?;
        let mut there = there.into_iter();
        shared.retain(|_| there.next().is_none_or(|(same, other)| other == 0 || !same.is_empty()));
        Ok(alone.into_iter().chain(shared).collect())
    }

    /// Whether only one record has this UIDVALIDITY.
    fn is_only(&self, validity: UidValidity) -> bool {
        self.records.iter().filter(|record| self.validity(record) == validity).nth(1).is_none()
    }

    fn is_it(
        &self,
        reader: &mut Reader,
        record: &FolderRecord,
        folder: usize,
        (status, is_only): (&FolderStatus, bool),
    ) -> Result<bool, Halt> {
        if self.validity(record) != status.uid_validity || !status.has_uid_validity() {
            return Ok(false);
        }
        let sampled = self.sampled(record)?;
        let end = if self.side == Side::Source { record.source_end } else { record.target_end };
        let went_on = end.is_some_and(|end| end.uid_next.is_some() && end.uid_next <= status.uid_next);
        let is_known_by_validity = is_only && went_on && self.is_only(status.uid_validity);
        let highest = sampled.iter().map(|(uid, _)| *uid).max();
        if status.uid_next.zip(highest).is_some_and(|(next, highest)| next <= highest) {
            return Ok(false);
        }
        match self.sizes(reader, &[folder], &[sampled])?.pop() {
            Some((same, 0)) if !same.is_empty() => self.has_content(reader, folder, &same),
            Some((_, 0)) => Ok(is_known_by_validity),
            _ => Ok(false),
        }
    }

    /// For each of these folders, which messages have the recorded sizes at their UIDs, and at how many UIDs something else is found.
    fn sizes(&self, reader: &mut Reader, folders: &[usize], sampled: &[Vec<Placed>]) -> Result<Vec<Sizes>, Halt> {
        let asked: Vec<usize> = (0..folders.len()).filter(|index| !sampled[*index].is_empty()).collect();
        let names: Vec<&[u8]> = asked.iter().map(|index| self.folders[folders[*index]].wire_name.as_slice()).collect();
        let mut there: Vec<BTreeMap<Uid, u64>> = vec![BTreeMap::new(); folders.len()];
        let uids = |at: usize| sampled[asked[at]].iter().map(|(uid, _)| *uid).collect();
        let mut take = |at: usize, head: MessageHead| _ = there[asked[at]].insert(head.uid, head.size);
        reader.scan_some(&names, &uids, &mut take, &mut |_, _| {}).on(self.side)?;
        // A message that was altered on the target has another size there.
        let is_told = |message: &Message| self.side == Side::Source || message.state != State::Altered;
        let of_folder = |(sampled, there): (&Vec<Placed>, BTreeMap<Uid, u64>)| {
            let stands = sampled.iter().filter(|(uid, message)| there.contains_key(uid) && is_told(message)).copied();
            let (same, other): (Vec<Placed>, Vec<Placed>) =
                stands.partition(|(uid, message)| self.size(message) == there.get(uid).copied());
            (same, other.len())
        };
        Ok(sampled.iter().zip(there).map(of_folder).collect())
    }

    /// Whether those of these messages that can be read have the recorded content.
    fn has_content(&self, reader: &mut Reader, folder: usize, messages: &[Placed]) -> Result<bool, Halt> {
        reader.examine(&self.folders[folder].wire_name).on(self.side)?;
        let step = messages.len().div_ceil(READ).max(1);
        let asked: BTreeMap<Uid, Option<Digest>> =
            messages.iter().step_by(step).map(|(uid, message)| (*uid, self.digest(message))).collect();
        let uids: Vec<Uid> = asked.keys().copied().collect();
        let mut readings: Readings<(u64, Digest)> = Readings::default();
        readings.read::<SizeAndDigest>(reader, &uids, &mut Losses::default()).on(self.side)?;
        let mut read = asked.iter().filter_map(|(uid, digest)| Some((readings.get(*uid)?, digest))).peekable();
        Ok(read.peek().is_some() && read.all(|((_, read), digest)| digest.as_ref() == Some(read)))
    }

    fn by_content(
        &self,
        reader: &mut Reader,
        records: &[usize],
        folders: &[usize],
    ) -> Result<BTreeMap<usize, usize>, Halt> {
        if records.is_empty() || folders.is_empty() {
            return Ok(BTreeMap::new());
        }
        let names: Vec<&[u8]> = folders.iter().map(|folder| self.folders[*folder].wire_name.as_slice()).collect();
        let mut heads: Vec<BTreeMap<Uid, u64>> = vec![BTreeMap::new(); folders.len()];
        let mut take = |index: usize, head: MessageHead| _ = heads[index].insert(head.uid, head.size);
        reader.scan(&names, &|_| Uid(1), &mut take, &mut |_, _| {}).on(self.side)?;
        let mut pairs = Vec::new();
        for record in records {
            let mut recorded: Vec<Placed> = self.placed(self.ledger.messages_of(&self.records[*record])?);
            recorded.sort_by_key(|(uid, _)| *uid);
            for (folder, heads) in folders.iter().zip(&heads) {
                let sizes = heads.values().take(recorded.len()).map(|size| Some(*size));
                if recorded.is_empty() || !sizes.eq(recorded.iter().map(|(_, message)| self.size(message))) {
                    continue;
                }
                let now: Vec<Placed> =
                    heads.keys().zip(&recorded).map(|(uid, (_, message))| (*uid, *message)).collect();
                if self.has_content(reader, *folder, &now)? {
                    pairs.push((*record, *folder));
                }
            }
        }
        Ok(unambiguous(pairs))
    }

    fn validity(&self, record: &FolderRecord) -> UidValidity {
        if self.side == Side::Source { record.source_uid_validity } else { record.target_uid_validity }
    }

    fn size(&self, message: &Message) -> Option<u64> {
        if self.side == Side::Source { message.claimed } else { Some(message.size_there()) }
    }

    fn digest(&self, message: &Message) -> Option<Digest> {
        if self.side == Side::Source { message.digest } else { message.digest_there() }
    }

    fn sampled(&self, record: &FolderRecord) -> Result<Vec<Placed>, Halt> {
        Ok(self.placed(&sample(self.ledger.messages_of(record)?)))
    }

    /// Messages that are on the target, with their UIDs on this side.
    fn placed(&self, messages: &[Message]) -> Vec<Placed> {
        let uid = |message: &Message| if self.side == Side::Source { Some(message.uid) } else { message.target_uid };
        let settled = messages.iter().filter(|message| message.state != State::Intended);
        settled.filter_map(|message| Some((uid(message)?, *message))).collect()
    }
}

/// The wire names of the folders that can hold messages, in order.
pub fn open_names(folders: &[Folder]) -> Vec<&[u8]> {
    folders.iter().filter(|folder| folder.selectable).map(|folder| folder.wire_name.as_slice()).collect()
}

/// The pairs without a part in another pair.
fn unambiguous(pairs: Vec<(usize, usize)>) -> BTreeMap<usize, usize> {
    let is_only = |pair: &&(usize, usize)| pairs.iter().filter(|it| it.0 == pair.0 || it.1 == pair.1).nth(1).is_none();
    pairs.iter().filter(is_only).copied().collect()
}
