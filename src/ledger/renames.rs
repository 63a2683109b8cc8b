//! Renamed folders: on the source, whose folder a record is about, and on the target, where it is. New names are intended first, and noted
//! in one step for all folders concerned.

use super::folder::{FolderRecord, record};
use super::head::{Head, Renaming};
use super::{Ledger, LedgerError};
use crate::domain::{Folder, FolderPath};
use std::collections::BTreeMap;

/// A record whose source folder has a new name.
#[derive(Debug, Clone, Copy)]
pub struct Renamed<'a> {
    /// The record.
    pub record: &'a FolderRecord,
    /// The source folder as listed now.
    pub now: &'a Folder,
    /// The name that the target's folder is about to get; none if it keeps its own.
    pub renaming: Option<&'a Renaming>,
}

impl Ledger {
    /// Notes new names of source folders, and which names the target's folders are about to get. A lookup by name no longer finds the
    /// record of a folder that is gone and whose name another folder has now.
    pub fn rename_sources(&mut self, renamed: &[Renamed<'_>]) -> Result<(), LedgerError> {
        let changes: BTreeMap<i64, &Renamed<'_>> = renamed.iter().map(|it| (it.record.id, it)).collect();
        let taken = |name: &[u8]| renamed.iter().any(|it| it.now.wire_name == name);
        let is_meant = |id: &i64, name: &[u8]| changes.contains_key(id) || taken(name);
        let heads = self.heads().filter(|(id, head)| is_meant(id, &head.source.wire_name));
        let ids: Vec<i64> = heads.map(|(id, _)| id).collect();
        self.change_heads(&ids, |id, head| match changes.get(&id) {
            Some(Renamed { now, renaming, .. }) => {
                let before = head.source.path.replace(now.path.clone());
                if before.as_ref().is_some_and(|before| *before != now.path) {
                    head.renamed_from = before;
                }
                head.source.wire_name.clone_from(&now.wire_name);
                head.renaming = renaming.cloned();
            }
            // No server allows NUL in a name.
            None => head.source.wire_name.extend(format!("\0{id}").into_bytes()),
        })
    }

    /// The target folders with an unsettled intent to rename.
    pub fn renamings(&self) -> Vec<(FolderRecord, Renaming)> {
        let open = self.heads().filter_map(|(id, head)| Some((record(id, head), head.renaming.clone()?)));
        open.collect()
    }

    /// Notes the name that a target folder is about to get; none if it keeps its own.
    pub fn intend_renaming(&mut self, folder: &FolderRecord, renaming: Option<&Renaming>) -> Result<(), LedgerError> {
        self.change_heads(&[folder.id], |_, head| head.renaming = renaming.cloned())
    }

    /// Notes the names that the program gave to target folders, each with its wire name and its path.
    pub fn target_renamed(&mut self, folders: &[(FolderRecord, Vec<u8>, FolderPath)]) -> Result<(), LedgerError> {
        let ids: Vec<i64> = folders.iter().map(|(folder, ..)| folder.id).collect();
        self.change_heads(&ids, |id, head| {
            if let Some((_, wire_name, path)) = folders.iter().find(|(folder, ..)| folder.id == id) {
                head.target.wire_name.clone_from(wire_name);
                head.target.path = Some(path.clone());
            }
        })
    }

    /// Notes that somebody renamed a target folder: the program does not rename it any more.
    pub fn named_by_owner(
        &mut self,
        folder: &FolderRecord,
        (wire_name, path): (&[u8], &FolderPath),
    ) -> Result<(), LedgerError> {
        let is_there = |(id, head): (i64, &Head)| record(id, head).is_in_the_folder_of(folder).then_some(id);
        let ids: Vec<i64> = self.heads().filter_map(is_there).collect();
        self.change_heads(&ids, |_, head| {
            head.target.wire_name = wire_name.to_vec();
            head.target.path = Some(path.clone());
            (head.is_made, head.renaming) = (false, None);
        })
    }

    /// Notes that the target holds messages with other dates than the source's.
    pub fn redated(&mut self, folder: &FolderRecord) -> Result<(), LedgerError> {
        self.change_head(folder.id, |head| head.has_other_dates = true)
    }

    /// Notes that the program created the target folder. If a power cut within a second undoes the note, that folder is never renamed.
    pub fn made(&mut self, folder: &FolderRecord) -> Result<(), LedgerError> {
        self.change_head(folder.id, |head| head.is_made = true)
    }
}
