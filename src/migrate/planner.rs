//! The planner: which folder of the source goes where on the target. Pure; the same listings always give the same plan.
//!
//! The rules, in order: INBOX to INBOX; a folder for sent mail, drafts, deleted mail, spam or archives to the target's folder of
//! that use, by attribute first and by usual name second, one source folder for each use; everything else under its own name below
//! its (possibly renamed) parent. A name that Kerio Connect keeps for groupware or system folders, that holds the target's
//! separator or a control character, or that another folder already took, is changed by one stable rule and told in the report.

use super::special_folders::usual_use;
use crate::domain::{Folder, FolderPath, LeftOut, LeftOutReason, Mapping, PlannedFolder, SpecialUse};
use std::collections::{BTreeMap, BTreeSet};

/// What the planner needs to know of the target.
pub(super) struct TargetNames<'a> {
    /// Its folders.
    pub(super) folders: &'a [Folder],
    /// The character between the parts of a name, if it has a hierarchy.
    pub(super) separator: Option<char>,
    /// Whether it is Kerio Connect, with default and groupware folders of its own.
    pub(super) kerio: bool,
}

/// A folder of the plan: the index of the source's folder in its listing, and its way.
pub(super) struct Way {
    pub(super) index: usize,
    pub(super) planned: PlannedFolder,
}

/// Kerio Connect's top-level folders that hold something other than mail. (Default folders of each mailbox; user guide.)
const RESERVED: [&str; 8] =
    ["calendar", "contacts", "tasks", "notes", "journal", "suggested contacts", "public folders", "archive folders"];

/// Kerio Connect's own folder for each use.
fn kerio_name(special_use: SpecialUse) -> Option<&'static str> {
    match special_use {
        SpecialUse::Inbox => Some("INBOX"),
        SpecialUse::Sent => Some("Sent Items"),
        SpecialUse::Drafts => Some("Drafts"),
        SpecialUse::Trash => Some("Deleted Items"),
        SpecialUse::Junk => Some("Junk E-mail"),
        SpecialUse::Archive | SpecialUse::All | SpecialUse::Flagged | SpecialUse::Important => None,
    }
}

/// Plans every folder of a mailbox, in the order of the source's listing with INBOX first.
pub(super) fn plan(source: &[Folder], target: &TargetNames<'_>) -> (Vec<Way>, Vec<LeftOut>) {
    let by_use = uses(source, target);
    let mut left_out = Vec::new();
    let mut ways: Vec<Way> = Vec::new();
    let mut taken = BTreeSet::new();
    let mut renamed: BTreeMap<FolderPath, FolderPath> = BTreeMap::new();
    for index in order(source) {
        let folder = &source[index];
        if matches!(folder.special_use, Some(SpecialUse::Flagged | SpecialUse::Important)) {
            left_out.push(LeftOut { folder: folder.path.to_string(), reason: LeftOutReason::Virtual });
            continue;
        }
        let (wish, mapping) = match by_use.get(&index) {
            _ if folder.path.is_inbox() => (FolderPath::new(["INBOX"]), Mapping::SameName),
            Some((path, mapping)) if *path != folder.path => (path.clone(), *mapping),
            Some((path, _)) => (path.clone(), Mapping::SameName),
            None => below_parent(&folder.path, &renamed, target),
        };
        let path = free(&wish, &taken, target);
        let mapping = if path == wish { mapping } else { Mapping::Clash };
        taken.insert(key(&path, target));
        renamed.insert(folder.path.clone(), path.clone());
        // A \Noselect parent has no messages: it only lends its name to the folders below it.
        if folder.selectable {
            ways.push(Way { index, planned: PlannedFolder { source: folder.path.clone(), target: path, mapping } });
        }
    }
    (ways, left_out)
}

/// INBOX first, parents before children, special folders before others, so that they keep their names; else the source's order.
fn order(source: &[Folder]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..source.len()).collect();
    order.sort_by_key(|&index| {
        let path = &source[index].path;
        (!path.is_inbox(), path.parts().len(), source[index].special_use.is_none())
    });
    order
}

/// The target folder for each source folder with a special use: by attribute first, then by usual name at the top level.
fn uses(source: &[Folder], target: &TargetNames<'_>) -> BTreeMap<usize, (FolderPath, Mapping)> {
    let mut served = BTreeSet::new();
    let mut found = BTreeMap::new();
    let by_attribute = source.iter().enumerate().filter_map(|(i, f)| Some((i, f.special_use?, Mapping::ByUse)));
    let by_name = source.iter().enumerate().filter_map(|(i, f)| {
        let top = f.path.parts().len() == 1 && f.special_use.is_none();
        Some((i, if top { usual_use(f.path.name())? } else { return None }, Mapping::ByName))
    });
    for (index, special_use, mapping) in by_attribute.chain(by_name) {
        if !source[index].selectable || source[index].path.is_inbox() || served.contains(&special_use) {
            continue;
        }
        if let Some(path) = home(special_use, target) {
            served.insert(special_use);
            found.insert(index, (path, mapping));
        }
    }
    found
}

/// The target's folder of that use.
fn home(special_use: SpecialUse, target: &TargetNames<'_>) -> Option<FolderPath> {
    let attributed = target.folders.iter().find(|folder| folder.special_use == Some(special_use) && folder.selectable);
    let named = || {
        target.folders.iter().find(|folder| {
            folder.path.parts().len() == 1 && folder.selectable && usual_use(folder.path.name()) == Some(special_use)
        })
    };
    let own = || target.kerio.then(|| kerio_name(special_use)).flatten().map(|name| FolderPath::new([name]));
    attributed.or_else(named).map(|folder| folder.path.clone()).or_else(own)
}

/// The folder's own name below the place its parent went to.
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
        if place.parts().is_empty() && target.kerio && RESERVED.contains(&carried.to_lowercase().as_str()) {
            carried.push_str(" (migrated)");
            mapping = Mapping::Reserved;
        }
        place.0.push(carried);
    }
    (place, mapping)
}

/// A name without what the target cannot carry in one.
fn carried(name: &str, separator: Option<char>) -> String {
    let clean: String = name.chars().map(|c| if Some(c) == separator || c.is_control() { '_' } else { c }).collect();
    if clean.is_empty() { "_".to_owned() } else { clean }
}

/// The path, or the first of `path (2)`, `path (3)` … that no other folder of the plan took.
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

/// By what two paths are one folder on the target: Kerio Connect does not tell capitals apart, and INBOX nowhere has any.
fn key(path: &FolderPath, target: &TargetNames<'_>) -> String {
    let joined = path.parts().join("\u{0}");
    if target.kerio || path.is_inbox() { joined.to_lowercase() } else { joined }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(path: &str, special_use: Option<SpecialUse>) -> Folder {
        let path = FolderPath::new(path.split('>'));
        Folder { wire_name: path.to_string().into_bytes(), path, special_use, selectable: true, subscribed: true }
    }

    fn kerio_target() -> Vec<Folder> {
        vec![
            folder("INBOX", Some(SpecialUse::Inbox)),
            folder("Deleted Items", Some(SpecialUse::Trash)),
            folder("Drafts", Some(SpecialUse::Drafts)),
            folder("Junk E-mail", Some(SpecialUse::Junk)),
            folder("Sent Items", Some(SpecialUse::Sent)),
        ]
    }

    fn planned(source: &[Folder], kerio: bool) -> Vec<(String, String, Mapping)> {
        let folders = if kerio { kerio_target() } else { Vec::new() };
        let target = TargetNames { folders: &folders, separator: Some('/'), kerio };
        let (ways, _) = plan(source, &target);
        ways.into_iter()
            .map(|way| (way.planned.source.0.join(">"), way.planned.target.0.join(">"), way.planned.mapping))
            .collect()
    }

    fn one(source: &str, target: &str, mapping: Mapping) -> (String, String, Mapping) {
        (source.to_owned(), target.to_owned(), mapping)
    }

    #[test]
    fn special_folders_go_to_the_targets_own_by_attribute_and_by_name() {
        let source = [
            folder("Trash", None),
            folder("inbox", None),
            folder("Gesendet", Some(SpecialUse::Sent)),
            folder("Sent", None),
            folder("Gesendet>2020", None),
        ];
        assert_eq!(
            planned(&source, true),
            vec![
                one("inbox", "INBOX", Mapping::SameName),
                one("Gesendet", "Sent Items", Mapping::ByUse),
                one("Trash", "Deleted Items", Mapping::ByName),
                one("Sent", "Sent", Mapping::SameName),
                one("Gesendet>2020", "Sent Items>2020", Mapping::SameName),
            ]
        );
    }

    #[test]
    fn two_folders_never_become_one() {
        let source = [
            folder("Sent", Some(SpecialUse::Sent)),
            folder("Sent Items", None),
            folder("news", None),
            folder("News", None),
            folder("a/b", None),
            folder("a_b", None),
        ];
        let planned = planned(&source, true);
        assert_eq!(planned[1], one("Sent Items", "Sent Items (2)", Mapping::Clash));
        assert_eq!(planned[3], one("News", "News (2)", Mapping::Clash));
        assert_eq!(planned[4], one("a/b", "a_b", Mapping::Adapted));
        assert_eq!(planned[5], one("a_b", "a_b (2)", Mapping::Clash));
    }

    #[test]
    fn groupware_names_of_kerio_connect_are_not_used_for_mail() {
        let source = [folder("Calendar", None), folder("Calendar>Team", None), folder("Work>Contacts", None)];
        assert_eq!(
            planned(&source, true),
            vec![
                one("Calendar", "Calendar (migrated)", Mapping::Reserved),
                one("Calendar>Team", "Calendar (migrated)>Team", Mapping::SameName),
                one("Work>Contacts", "Work>Contacts", Mapping::SameName),
            ]
        );
        assert_eq!(planned(&source, false)[0], one("Calendar", "Calendar", Mapping::SameName));
    }

    #[test]
    fn a_parent_without_messages_lends_its_name_and_is_not_copied() {
        let mut parent = folder("Tasks", None);
        parent.selectable = false;
        let source = [parent, folder("Tasks>Old", None)];
        assert_eq!(planned(&source, true), vec![one("Tasks>Old", "Tasks (migrated)>Old", Mapping::SameName)]);
    }

    #[test]
    fn a_folder_that_shows_others_once_more_is_left_out_and_told() {
        let source = [folder("INBOX", None), folder("Starred", Some(SpecialUse::Flagged))];
        let (ways, left_out) = plan(&source, &TargetNames { folders: &[], separator: Some('/'), kerio: false });
        assert_eq!((ways.len(), left_out[0].reason), (1, LeftOutReason::Virtual));
    }
}
