//! Folders that go by other names: on the source, whose folder a record is about; on the target, where it is. The names are intended before
//! they are given, and noted in one step for all folders that they are about.

use super::folder::{FolderRecord, record};
use super::head::{Head, Renaming};
use super::{Ledger, LedgerError};
use crate::domain::{Folder, FolderPath};
use std::collections::BTreeMap;

/// A record whose folder of the source goes by another name now.
#[derive(Debug, Clone, Copy)]
pub struct Renamed<'a> {
    /// The record.
    pub record: &'a FolderRecord,
    /// The folder as the source lists it.
    pub now: &'a Folder,
    /// The name that the target's folder is about to get; none where it keeps its own.
    pub renaming: Option<&'a Renaming>,
}

impl Ledger {
    /// Notes that folders of the source go by other names now, and which names the target's folders are about to get. Records are told apart
    /// by their names: one of a folder that is gone, and whose name another folder has now, is not found by that name any more.
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
            // No server has a name with NUL in it.
            None => head.source.wire_name.extend(format!("\0{id}").into_bytes()),
        })
    }

    /// The folders of the target that are about to get other names when the record ends.
    pub fn renamings(&self) -> Vec<(FolderRecord, Renaming)> {
        let open = self.heads().filter_map(|(id, head)| Some((record(id, head), head.renaming.clone()?)));
        open.collect()
    }

    /// Notes the name that a folder of the target is about to get; none when it keeps the one it has.
    pub fn intend_renaming(&mut self, folder: &FolderRecord, renaming: Option<&Renaming>) -> Result<(), LedgerError> {
        self.change_heads(&[folder.id], |_, head| head.renaming = renaming.cloned())
    }

    /// Notes the names that folders of the target have now by our doing, each with its wire name and its path.
    pub fn target_renamed(&mut self, folders: &[(FolderRecord, Vec<u8>, FolderPath)]) -> Result<(), LedgerError> {
        let ids: Vec<i64> = folders.iter().map(|(folder, ..)| folder.id).collect();
        self.change_heads(&ids, |id, head| {
            if let Some((_, wire_name, path)) = folders.iter().find(|(folder, ..)| folder.id == id) {
                head.target.wire_name.clone_from(wire_name);
                head.target.path = Some(path.clone());
            }
        })
    }

    /// Notes that somebody has given a folder of the target another name: it is not ours to name any more.
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

    /// Notes that the target's folder was made by us. A power cut within a second may take that back; then it is nobody's to rename.
    pub fn made(&mut self, folder: &FolderRecord) -> Result<(), LedgerError> {
        self.change_head(folder.id, |head| head.is_made = true)
    }
}
