//! The planner: which folder of the source goes where on the target. Pure; the same listings always give the same plan.
//!
//! The rules, in order: where an earlier run put the folder; where the user's rules send it; INBOX to INBOX; a folder for sent mail, drafts, deleted mail, spam or archives to the target's folder of
//! that use, by attribute first and by usual name second, one source folder for each use; everything else under its own name below
//! its (possibly renamed) parent. A folder that holds all messages once more comes last, and what only it has goes to the archive, where
//! the source says which messages those are; elsewhere it is left out. A name that Kerio Connect keeps for groupware or system folders,
//! that holds the target's separator or a control character, or that another folder already took, is changed by one stable rule, and the
//! report says so.

pub mod duplicates;
pub mod items;
pub mod plain_name;
pub mod special_folders;

use crate::domain::{Folder, FolderPath, LeftOut, LeftOutReason, Mapping, PlannedFolder, Selection, SpecialUse};
use crate::migrate::target::profile::Profile;
use special_folders::usual_use;
use std::collections::{BTreeMap, BTreeSet};

/// What the planner needs to know of the target.
pub struct TargetNames<'a> {
    /// Its folders.
    pub folders: &'a [Folder],
    /// The character between the parts of a name, if it has a hierarchy.
    pub separator: Option<char>,
    /// Its reserved names and its own folders.
    pub profile: &'static Profile,
}

/// What is known and wanted of an account's folders beside what the servers list.
#[derive(Clone, Copy)]
pub struct Wishes<'a> {
    /// The user's rules.
    pub selection: &'a Selection,
    /// Where an earlier run put folders, by the source's wire name. It counts more than any rule: what is there already must be found.
    pub earlier: &'a BTreeMap<Vec<u8>, FolderPath>,
    /// Whether the source knows a message by one number in all its folders, as Gmail does.
    pub permanent_ids: bool,
}

/// A folder of the plan: the index of the source's folder in its listing, and its way.
pub struct Way {
    pub index: usize,
    pub planned: PlannedFolder,
    /// Whether only those of its messages are copied that no folder before it has.
    pub rest: bool,
}

/// Plans every folder of a mailbox, in the order of the source's listing with INBOX first.
pub fn plan(source: &[Folder], target: &TargetNames<'_>, wishes: Wishes<'_>) -> (Vec<Way>, Vec<LeftOut>) {
    let by_use = if wishes.selection.special_folders { uses(source, target) } else { BTreeMap::new() };
    let mut left_out = Vec::new();
    let mut ways: Vec<Way> = Vec::new();
    // What an earlier run gave away is nobody else's.
    let mut taken: BTreeSet<String> = wishes.earlier.values().map(|path| key(path, target)).collect();
    let mut renamed: BTreeMap<FolderPath, FolderPath> = BTreeMap::new();
    let wrapper = wrapper(source, wishes.permanent_ids);
    for index in order(source) {
        let folder = &source[index];
        let holds_all = folder.special_use == Some(SpecialUse::All);
        // Courier lists the parent of a child that is called INBOX. INBOX itself lends it its name.
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
        // A \Noselect parent has no messages: it only lends its name to the folders below it.
        if folder.selectable {
            let planned = PlannedFolder { source: folder.path.clone(), target: path, mapping };
            ways.push(Way { index, planned, rest: holds_all && wishes.permanent_ids });
        }
    }
    (ways, left_out)
}

/// Whether a folder only shows messages of others once more (RFC 6154, RFC 8457). One that holds all is copied where it can be told
/// which of them no other folder has, and where there is no other.
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

/// Where mail goes that is in no other folder.
fn archive(target: &TargetNames<'_>) -> FolderPath {
    home(SpecialUse::Archive, target).unwrap_or_else(|| FolderPath::new(["Archive"]))
}

/// INBOX first, parents before children, special folders before others, so that they keep their names; what holds all messages last;
/// else the source's order.
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
    // A folder that has the target's own name for the use goes there before one that means the same in other words.
    by_name.sort_by_key(|(index, special_use, _)| home(*special_use, target).as_ref() != Some(&source[*index].path));
    for (index, special_use, mapping) in by_attribute.chain(by_name) {
        if !source[index].selectable || source[index].path.is_inbox() || served.contains(&special_use) {
            continue;
        }
        let Some(path) = home(special_use, target) else { continue };
        // Where only the name says so, a folder stays itself if it, or a folder of the same name as the target's, is on both sides: an
        // earlier run may have made it there, and the next run must find it where it is.
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

/// The target's folder of that use.
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
        if place.parts().is_empty() && target.profile.reserved.contains(&carried.to_lowercase().as_str()) {
            carried.push_str(" (migrated)");
            mapping = Mapping::Reserved;
        }
        place.0.push(carried);
    }
    flat(place, mapping, target)
}

/// The path as one name where the target has no folders below folders.
fn flat(path: FolderPath, mapping: Mapping, target: &TargetNames<'_>) -> (FolderPath, Mapping) {
    match (target.separator, path.parts()) {
        (None, [_, _, ..]) => (FolderPath::new([path.parts().join(" - ")]), Mapping::Adapted),
        _ => (path, mapping),
    }
}

/// A path of which the target can carry every part.
fn carried_path(path: &FolderPath, target: &TargetNames<'_>) -> FolderPath {
    let path = FolderPath(path.parts().iter().map(|part| carried(part, target.separator)).collect());
    flat(path, Mapping::ByRule, target).0
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

/// The form in which two paths that are one folder on the target are equal: Kerio Connect ignores case, and every server does for INBOX.
fn key(path: &FolderPath, target: &TargetNames<'_>) -> String {
    one_name(path, target.profile)
}

/// The same for a kind of target.
pub fn one_name(path: &FolderPath, profile: &Profile) -> String {
    let joined = path.parts().join("\u{0}");
    if profile.folds_case || path.is_inbox() { joined.to_lowercase() } else { joined }
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

    fn profile(kerio: bool) -> &'static Profile {
        if kerio { Profile::kerio() } else { Profile::imap() }
    }

    fn planned(source: &[Folder], kerio: bool) -> Vec<(String, String, Mapping)> {
        let folders = if kerio { kerio_target() } else { Vec::new() };
        let target = TargetNames { folders: &folders, separator: Some('/'), profile: profile(kerio) };
        planned_with(source, &target, &Selection::default(), &BTreeMap::new())
    }

    fn planned_with(
        source: &[Folder],
        target: &TargetNames<'_>,
        selection: &Selection,
        earlier: &BTreeMap<Vec<u8>, FolderPath>,
    ) -> Vec<(String, String, Mapping)> {
        let (ways, _) = plan(source, target, Wishes { selection, earlier, permanent_ids: false });
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
    fn a_folder_that_shows_others_once_more_is_left_out_and_named() {
        let source = [folder("INBOX", None), folder("Starred", Some(SpecialUse::Flagged))];
        let target = TargetNames { folders: &[], separator: Some('/'), profile: Profile::imap() };
        let wishes = Wishes { selection: &Selection::default(), earlier: &BTreeMap::new(), permanent_ids: false };
        let (ways, left_out) = plan(&source, &target, wishes);
        assert_eq!((ways.len(), left_out[0].reason), (1, LeftOutReason::Virtual));
    }
    #[test]
    fn a_second_run_finds_every_folder_where_the_first_put_it() {
        let source = [folder("Gesendet", None), folder("Sent", None), folder("Papierkorb", None)];
        let empty = TargetNames { folders: &[], separator: Some('/'), profile: Profile::imap() };
        let first = planned_with(&source, &empty, &Selection::default(), &BTreeMap::new());
        // The folders that the first run made, in another order, and one that somebody else made.
        let there = [folder("Trash", None), folder("Sent", None), folder("Papierkorb", None), folder("Gesendet", None)];
        let target = TargetNames { folders: &there, separator: Some('/'), profile: Profile::imap() };
        assert_eq!(planned_with(&source, &target, &Selection::default(), &BTreeMap::new()), first);
        let earlier = BTreeMap::from([(b"Sent".to_vec(), FolderPath::new(["Elsewhere"]))]);
        let as_before = planned_with(&source, &target, &Selection::default(), &earlier);
        assert_eq!(as_before[1], one("Sent", "Elsewhere", Mapping::AsBefore));
    }

    #[test]
    fn the_users_rules_leave_out_and_rename() {
        let source = [folder("INBOX", None), folder("Old", None), folder("Old>1999", None), folder("Sent", None)];
        let mut selection = Selection::default();
        selection.read_rules("rename Old -> Archive/Before\nexclude Sent\nspecial-folders off").unwrap();
        let target = TargetNames { folders: &kerio_target(), separator: Some('/'), profile: Profile::kerio() };
        let planned = planned_with(&source, &target, &selection, &BTreeMap::new());
        assert_eq!(
            planned,
            vec![
                one("INBOX", "INBOX", Mapping::SameName),
                one("Old", "Archive>Before", Mapping::ByRule),
                one("Old>1999", "Archive>Before>1999", Mapping::SameName),
            ]
        );
    }

    #[test]
    fn a_parent_called_inbox_that_holds_nothing_is_inbox() {
        let mut source = [folder("INBOX", None), folder("INBOX", None), folder("INBOX>Child", None)];
        source[1].selectable = false;
        let child = planned(&source, false).pop().unwrap();
        assert_eq!(child, one("INBOX>Child", "INBOX>Child", Mapping::SameName));
    }

    #[test]
    fn a_folder_that_holds_all_is_copied_where_there_is_no_other() {
        let target = TargetNames { folders: &[], separator: Some('/'), profile: Profile::imap() };
        let selection = Selection::default();
        let all = [folder("Everything", Some(SpecialUse::All)), folder("INBOX", None)];
        let ways = planned_with(&all[..1], &target, &selection, &BTreeMap::new());
        assert_eq!(ways, [one("Everything", "Everything", Mapping::SameName)]);
        assert_eq!(planned_with(&all, &target, &selection, &BTreeMap::new()).len(), 1);
    }
}
