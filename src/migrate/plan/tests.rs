//! Where the plan puts folders.

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
    // The folders of the first run, in another order, and one that somebody else created.
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
