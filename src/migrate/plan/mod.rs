//! The planner: which folder of the source goes where on the target. Pure; the same listings always give the same plan.
//!
//! The first rule that applies decides: where an earlier run put the folder; where the user's rules send it; INBOX to INBOX; a folder for
//! sent mail, drafts, deleted mail, spam or archives to the target's folder for that use, by attribute first and by usual name second, one
//! source folder for each use; everything else under its own name below its (possibly renamed) parent. A folder that holds all messages
//! once more comes last: if the source shows which messages only it has, these go to the archive; otherwise it is left out. A name that
//! Kerio Connect reserves for groupware or system folders, that contains the target's separator or a control character, or that another
//! folder already has, is changed by one stable rule, and the report says so.

pub mod duplicates;
pub mod items;
pub mod plain_name;
pub mod special_folders;

use crate::domain::{Folder, FolderPath, LeftOut, LeftOutReason, Mapping, PlannedFolder, Selection, SpecialUse};
use crate::migrate::target::profile::Profile;
use special_folders::usual_use;
use std::collections::{BTreeMap, BTreeSet};

/// What the planner must know about the target.
pub struct TargetNames<'a> {
    /// Its folders.
    pub folders: &'a [Folder],
    /// The character between the parts of a name, if it has a hierarchy.
    pub separator: Option<char>,
    /// Its profile, with its reserved names and its own folders.
    pub profile: &'static Profile,
}

/// Known facts and wishes about an account's folders, besides what the servers list.
#[derive(Clone, Copy)]
pub struct Wishes<'a> {
    /// The user's rules.
    pub selection: &'a Selection,
    /// Where an earlier run put folders, by the source's wire name. It overrides every rule: what is already copied must be found.
    pub earlier: &'a BTreeMap<Vec<u8>, FolderPath>,
    /// Whether the source gives a message the same number in all its folders, as Gmail does.
    pub permanent_ids: bool,
}

/// A planned folder: the index of the source folder in its listing, and its way.
pub struct Way {
    pub index: usize,
    pub planned: PlannedFolder,
    /// Whether only messages are copied that no earlier folder has.
    pub rest: bool,
}

/// Plans every folder of a mailbox, in the order of the source's listing with INBOX first.
pub fn plan(source: &[Folder], target: &TargetNames<'_>, wishes: Wishes<'_>) -> (Vec<Way>, Vec<LeftOut>) {
    let by_use = if wishes.selection.special_folders { uses(source, target) } else { BTreeMap::new() };
    let mut left_out = Vec::new();
    let mut ways: Vec<Way> = Vec::new();
    // A place that an earlier run assigned is not given to another folder.
    let mut taken: BTreeSet<String> = wishes.earlier.values().map(|path| key(path, target)).collect();
    let mut renamed: BTreeMap<FolderPath, FolderPath> = BTreeMap::new();
    let wrapper = wrapper(source, wishes.permanent_ids);
    for index in order(source) {
        let folder = &source[index];
        let holds_all = folder.special_use == Some(SpecialUse::All);
        // Courier lists a parent for a child that is called INBOX; the name is that of INBOX itself.
        if folder.path.is_inbox() && !folder.selectable {
            continue;
        }
        if wrapper == Some(&folder.path) {
            renamed.insert(folder.path.clone(), FolderPath(Vec::new()));
            continue;
        }
        if repeats_others(folder, source, wishes.permanent_ids) {
            left_out.push(LeftOut { folder: folder.path.to_string(), reason: LeftOutReason::Virtual });
            continue;
        }
        let (wish, mapping) = match (wishes.earlier.get(&folder.wire_name), wishes.selection.renamed(&folder.path)) {
            (Some(path), _) => (path.clone(), Mapping::AsBefore),
            (None, Some(path)) => (carried_path(&path, target), Mapping::ByRule),
            _ if folder.path.is_inbox() => (FolderPath::new(["INBOX"]), Mapping::SameName),
            _ if holds_all && wishes.permanent_ids => (archive(target), Mapping::Rest),
            _ => match by_use.get(&index) {
                Some((path, mapping)) => (path.clone(), *mapping),
                None => below_parent(&folder.path, &renamed, target),
            },
        };
        let path = if mapping == Mapping::AsBefore { wish.clone() } else { free(&wish, &taken, target) };
        let mapping = match mapping {
            _ if path != wish => Mapping::Clash,
            Mapping::AsBefore | Mapping::ByUse | Mapping::ByName if path == folder.path => Mapping::SameName,
            mapping => mapping,
        };
        taken.insert(key(&path, target));
        renamed.insert(folder.path.clone(), path.clone());
        if !wishes.selection.takes_folder(&folder.path) {
            if folder.selectable {
                left_out.push(LeftOut { folder: folder.path.to_string(), reason: LeftOutReason::ByRule });
            }
            continue;
        }
        // A \Noselect parent has no messages; it only gives its name to the folders below it.
        if folder.selectable {
            let planned = PlannedFolder { source: folder.path.clone(), target: path, mapping };
            ways.push(Way { index, planned, rest: holds_all && wishes.permanent_ids });
        }
    }
    (ways, left_out)
}

/// Whether a folder only repeats messages of other folders (RFC 6154, RFC 8457). One that holds all messages is copied if the source shows
/// which of them no other folder has, or if it is the only folder.
fn repeats_others(folder: &Folder, source: &[Folder], permanent_ids: bool) -> bool {
    let is_view = |folder: &Folder| {
        matches!(folder.special_use, Some(SpecialUse::All | SpecialUse::Flagged | SpecialUse::Important))
    };
    let others = || source.iter().any(|other| other.selectable && !is_view(other));
    match folder.special_use {
        Some(SpecialUse::All) => !permanent_ids && others(),
        _ => is_view(folder),
    }
}

/// Gmail's `[Gmail]`, which holds its special folders and no messages: on the target they have no parent.
fn wrapper(source: &[Folder], permanent_ids: bool) -> Option<&FolderPath> {
    let all = source.iter().find(|folder| permanent_ids && folder.special_use == Some(SpecialUse::All))?;
    let parent = all.path.parent()?;
    source.iter().find(|folder| folder.path == parent && !folder.selectable).map(|folder| &folder.path)
}

/// Where mail that is in no other folder goes.
fn archive(target: &TargetNames<'_>) -> FolderPath {
    home(SpecialUse::Archive, target).unwrap_or_else(|| FolderPath::new(["Archive"]))
}

/// INBOX first, parents before children, special folders before others, so that they keep their names; the folder of all messages last;
/// otherwise the source's order.
fn order(source: &[Folder]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..source.len()).collect();
    order.sort_by_key(|&index| {
        let path = &source[index].path;
        let special_use = source[index].special_use;
        (special_use == Some(SpecialUse::All), !path.is_inbox(), path.parts().len(), special_use.is_none())
    });
    order
}

/// The target folder for each source folder with a special use: by attribute first, then by usual name at the top level.
fn uses(source: &[Folder], target: &TargetNames<'_>) -> BTreeMap<usize, (FolderPath, Mapping)> {
    let mut served = BTreeSet::new();
    let mut found = BTreeMap::new();
    let by_attribute = source.iter().enumerate().filter_map(|(i, f)| Some((i, f.special_use?, Mapping::ByUse)));
    let mut by_name: Vec<_> = source
        .iter()
        .enumerate()
        .filter(|(_, folder)| folder.path.parts().len() == 1 && folder.special_use.is_none())
        .filter_map(|(index, folder)| Some((index, usual_use(folder.path.name())?, Mapping::ByName)))
        .collect();
    // A folder with the target's own name for the use takes precedence over one with another usual name.
    by_name.sort_by_key(|(index, special_use, _)| home(*special_use, target).as_ref() != Some(&source[*index].path));
    for (index, special_use, mapping) in by_attribute.chain(by_name) {
        if !source[index].selectable || source[index].path.is_inbox() || served.contains(&special_use) {
            continue;
        }
        let Some(path) = home(special_use, target) else { continue };
        // If only the name shows the use, a folder keeps its own name if it, or a folder with the target's name, is on both sides: an
        // earlier run may have created it, and the next run must find it there.
        let marked = target.folders.iter().any(|folder| folder.path == path && folder.special_use == Some(special_use));
        let on_target = |path: &FolderPath| target.folders.iter().any(|folder| folder.path == *path);
        let on_source = source.iter().any(|folder| folder.path == path);
        if !marked
            && target.profile.own_folders.is_empty()
            && path != source[index].path
            && (on_target(&source[index].path) || on_source)
        {
            continue;
        }
        served.insert(special_use);
        found.insert(index, (path, mapping));
    }
    found
}

/// The target's folder for this use.
pub fn home(special_use: SpecialUse, target: &TargetNames<'_>) -> Option<FolderPath> {
    let attributed = target.folders.iter().find(|folder| folder.special_use == Some(special_use) && folder.selectable);
    let named = || {
        target.folders.iter().find(|folder| {
            folder.path.parts().len() == 1 && folder.selectable && usual_use(folder.path.name()) == Some(special_use)
        })
    };
    let own = || target.profile.own_folder(special_use);
    attributed.map(|folder| folder.path.clone()).or_else(own).or_else(|| named().map(|folder| folder.path.clone()))
}

/// The folder's own name below its parent's place on the target.
fn below_parent(
    path: &FolderPath,
    renamed: &BTreeMap<FolderPath, FolderPath>,
    target: &TargetNames<'_>,
) -> (FolderPath, Mapping) {
    let mut mapping = Mapping::SameName;
    let mut place = FolderPath(Vec::new());
    for depth in 1..=path.parts().len() {
        let here = FolderPath(path.parts()[..depth].to_vec());
        if let (Some(known), true) = (renamed.get(&here), depth < path.parts().len()) {
            place = known.clone();
            continue;
        }
        let name = here.name();
        let mut carried = carried(name, target.separator);
        if carried != name {
            mapping = Mapping::Adapted;
        }
        if place.parts().is_empty() && target.profile.reserved.contains(&carried.to_lowercase().as_str()) {
            carried.push_str(" (migrated)");
            mapping = Mapping::Reserved;
        }
        place.0.push(carried);
    }
    flat(place, mapping, target)
}

/// The path as one name, for a target without folders below folders.
fn flat(path: FolderPath, mapping: Mapping, target: &TargetNames<'_>) -> (FolderPath, Mapping) {
    match (target.separator, path.parts()) {
        (None, [_, _, ..]) => (FolderPath::new([path.parts().join(" - ")]), Mapping::Adapted),
        _ => (path, mapping),
    }
}

/// The path with every part changed to what the target can represent.
fn carried_path(path: &FolderPath, target: &TargetNames<'_>) -> FolderPath {
    let path = FolderPath(path.parts().iter().map(|part| carried(part, target.separator)).collect());
    flat(path, Mapping::ByRule, target).0
}

/// A name without characters that the target cannot represent.
fn carried(name: &str, separator: Option<char>) -> String {
    let clean: String = name.chars().map(|c| if Some(c) == separator || c.is_control() { '_' } else { c }).collect();
    if clean.is_empty() { "_".to_owned() } else { clean }
}

/// The path, or the first of `path (2)`, `path (3)` … that no other folder of the plan has.
fn free(path: &FolderPath, taken: &BTreeSet<String>, target: &TargetNames<'_>) -> FolderPath {
    let mut candidate = path.clone();
    for number in 2.. {
        if !taken.contains(&key(&candidate, target)) {
            break;
        }
        if let Some(name) = candidate.0.last_mut() {
            *name = format!("{} ({number})", path.name());
        }
    }
    candidate
}

/// A key that is equal for two paths of the same target folder: Kerio Connect ignores case, and every server does for INBOX.
fn key(path: &FolderPath, target: &TargetNames<'_>) -> String {
    one_name(path, target.profile)
}

/// The same for a kind of target.
pub fn one_name(path: &FolderPath, profile: &Profile) -> String {
    let joined = path.parts().join("\u{0}");
    if profile.folds_case || path.is_inbox() { joined.to_lowercase() } else { joined }
}

#[cfg(test)]
mod tests;
