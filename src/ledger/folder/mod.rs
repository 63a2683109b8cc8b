//! One folder's record: what is known about the folder as a whole, on both sides.
//!
//! `questions` answers questions about its messages, `changes` notes changes to them. A folder's sums are in memory once the record is
//! open; its messages from the first question about one of them until the folder is complete. Every change is written to the store before a
//! method returns.

mod changes;
mod questions;

pub use changes::Change;

use super::head::{Extent, Head, Place, Renaming, Snapshot};
use super::{Ledger, LedgerError};
use crate::domain::{Folder, FolderPath, Uid, UidValidity};
use std::collections::BTreeMap;

/// A folder in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderRecord {
    /// Its number in the record.
    pub(super) id: i64,
    /// The target's UIDVALIDITY when last seen.
    pub target_uid_validity: UidValidity,
    /// The source's UIDVALIDITY.
    pub source_uid_validity: UidValidity,
    /// The source folder's wire name.
    pub source_name: Vec<u8>,
    /// The target folder's wire name.
    pub target_name: Vec<u8>,
    /// The source folder's path; none in records of format 1.
    pub source_path: Option<FolderPath>,
    /// The target folder's path; none in records of format 1.
    pub target_path: Option<FolderPath>,
    /// The source folder's earlier path, if it was renamed since it was first copied.
    pub renamed_from: Option<FolderPath>,
    /// Whether the program created the target's folder, and nobody has renamed it since.
    pub is_made: bool,
    /// The new name that the target's folder is about to get, and may already have.
    pub renaming: Option<Renaming>,
    /// Whether the folder has a newer record, and this one keeps only messages that were put on the target and have since been moved or
    /// deleted on the source. Lookups of a folder never return this record.
    pub is_former: bool,
    /// The source folder when it was last complete, if it ever was.
    pub snapshot: Option<Snapshot>,
    /// The source folder at the end of the last run.
    pub source_end: Option<Extent>,
    /// The target folder at the end of the last run.
    pub target_end: Option<Extent>,
    /// INTERNALDATE, in seconds since 1970, of the last messages in the source folder at the end of the last run: another message at one of
    /// these UIDs has another date. Ascending; none in records of earlier versions.
    pub last_dates: Vec<(Uid, i64)>,
    /// Whether the target holds messages of ours with other dates than the source's, so that a date proves nothing there.
    pub has_other_dates: bool,
}

impl Ledger {
    /// The record of a source folder, found by its path: its wire name changes with the server's separator.
    ///
    /// 1. The record with its path and its wire name.
    /// 2. The record of format 1 with its wire name, which knows no path.
    /// 3. The only record with its path.
    pub fn folder(&self, source: &Folder) -> Option<FolderRecord> {
        let same_path = |head: &Head| head.source.path.as_ref() == Some(&source.path);
        let by_path = || {
            let mut found = self.heads().filter(|(_, head)| same_path(head) && !head.is_former);
            found.next().filter(|_| found.next().is_none())
        };
        self.same_names(source).or_else(by_path).map(|(id, head)| record(id, head))
    }

    /// The record with this wire name and this path; a record without a path matches by the wire name alone.
    fn same_names(&self, source: &Folder) -> Option<(i64, &Head)> {
        let same_path = |head: &Head| head.source.path.as_ref().is_none_or(|path| *path == source.path);
        self.heads().find(|(_, head)| head.source.wire_name == source.wire_name && same_path(head) && !head.is_former)
    }

    /// Every folder of the record.
    pub fn folders(&self) -> Vec<FolderRecord> {
        self.heads().map(|(id, head)| record(id, head)).collect()
    }

    /// Notes the current names of a folder on both sides. A source folder whose path differs from the recorded one was renamed.
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

    /// Where earlier runs put folders, by the current wire names of the source's folders; `listed` is the complete list. `path` parses a
    /// wire name of the target, for records of format 1. Folders that are gone from the source keep their places.
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
                // The name belonged to another folder before.
                None => drop(places.remove(&folder.wire_name)),
            }
        }
        places
    }

    /// Begins a new record of a folder. What was known about it is forgotten, except for the messages `left`, which stay in the former
    /// record. The pair is the wire name and the path on the target.
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

    /// Forgets everything about a folder; the next run compares it by content.
    pub fn forget_folder(&mut self, folder: &FolderRecord) -> Result<(), LedgerError> {
        self.forget(folder.id)
    }

    /// Notes the state of the source folder, now that all its messages are on the target.
    pub fn complete(&mut self, folder: &FolderRecord, snapshot: Snapshot) -> Result<(), LedgerError> {
        self.change_head(folder.id, |head| head.complete = Some(snapshot))?;
        self.put_away(folder.id);
        Ok(())
    }

    /// Notes the state of both sides of a folder at the end of a run, complete or not, and [`FolderRecord::last_dates`].
    pub fn end_run(
        &mut self,
        folder: &FolderRecord,
        source: Extent,
        target: Extent,
        last_dates: Vec<(Uid, i64)>,
    ) -> Result<(), LedgerError> {
        self.change_head(folder.id, |head| {
            head.ended = Some([source, target]);
            head.last_dates = last_dates;
        })
    }
}

impl FolderRecord {
    /// Whether the source's messages at these UIDs still have their noted dates. A UID without a note proves nothing.
    pub fn has_dates(&self, mut now: impl FnMut(Uid) -> Option<i64>) -> bool {
        self.last_dates.iter().all(|(uid, noted)| now(*uid).is_none_or(|now| now == *noted))
    }

    /// Whether both records are about the same target folder.
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
        last_dates: head.last_dates.clone(),
        has_other_dates: head.has_other_dates,
    }
}
