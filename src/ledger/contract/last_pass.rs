//! The ledger's promises about a last pass, over any store: intents and their outcomes survive a restart.

use super::{begin, done, folder, inbox, intend, opened, work_folder};
use crate::domain::{Folder, FolderPath, Uid, UidValidity};
use crate::ledger::{
    Arrival, Departure, Done, Extent, FolderRecord, Ledger, Renamed, Renaming, Snapshot, State, Store,
};
use std::collections::BTreeSet;

fn set(flags: &[&str]) -> Vec<String> {
    flags.iter().map(|flag| (*flag).to_owned()).collect()
}

/// Two folders; the first has two messages on the target.
fn filled(ledger: &mut Ledger) -> [FolderRecord; 2] {
    let (from, to) = (inbox(ledger), begin(ledger, &work_folder(), "Work"));
    ledger.record(&from, &[done(1), done(2)], &[], &[], 100).unwrap();
    ledger.set_flags(&from, &[(Uid(1), set(&["\\Seen"])), (Uid(2), set(&[]))]).unwrap();
    [from, to]
}

pub(crate) fn flags_that_were_about_to_be_set_are_known_until_it_is_known_what_was_set(store: &dyn Store) {
    let (mut ledger, _) = opened(store);
    let [folder, _] = filled(&mut ledger);
    let wanted = set(&["\\Flagged", "\\Seen"]);
    // Nothing is intended for an unknown message.
    ledger.intend_flags(&folder, &[(Uid(1), wanted.clone()), (Uid(9), wanted.clone())]).unwrap();
    ledger.complete(&folder, Snapshot { uid_next: Uid(3), messages: 2 }).unwrap();
    drop(ledger);
    let (mut ledger, _) = opened(store);
    let folder = ledger.folder(&Folder::inbox()).unwrap();
    assert_eq!(ledger.flag_intents(&folder).unwrap(), [Uid(1)]);
    assert_eq!(ledger.intended_flags(&folder, Uid(1)).unwrap(), Some(&wanted[..]));
    assert_eq!(ledger.flags(&folder, Uid(1)).unwrap(), Some(&set(&["\\Seen"])[..]), "what was set before");
    ledger.set_flags(&folder, &[(Uid(1), wanted.clone())]).unwrap();
    drop(ledger);
    let (ledger, _) = opened(store);
    assert_eq!(ledger.flag_intents(&folder).unwrap(), [Uid(0); 0]);
    assert_eq!(ledger.flags(&folder, Uid(1)).unwrap(), Some(&wanted[..]));
}

pub(crate) fn a_message_that_was_about_to_be_taken_elsewhere_is_known_until_it_stays_or_has_arrived(store: &dyn Store) {
    let (mut ledger, _) = opened(store);
    let [from, to] = filled(&mut ledger);
    let moved = Departure::Moved { folder: to.number(), uid: Uid(5), claimed: 11, floor: 70 };
    let deleted = Departure::Deleted { floor: 80 };
    ledger.intend_departures(&from, &[(Uid(1), moved), (Uid(2), deleted), (Uid(9), deleted)]).unwrap();
    drop(ledger);
    let (mut ledger, _) = opened(store);
    assert_eq!(ledger.departures(&from).unwrap(), [(Uid(1), moved), (Uid(2), deleted)]);
    ledger.stay(&from, &[Uid(2)]).unwrap();
    let arrival =
        Arrival { before: Uid(1), uid: Uid(5), claimed: 11, place: Some(Uid(71)), floor: 70, is_settled: false };
    ledger.arrived(&from, &to, &[arrival]).unwrap();
    drop(ledger);
    let (ledger, _) = opened(store);
    assert!(ledger.departures(&from).unwrap().is_empty());
    assert_eq!(ledger.message(&from, Uid(1)).unwrap(), None);
    let there = ledger.message(&to, Uid(5)).unwrap().unwrap();
    assert_eq!((there.state, there.claimed, there.floor, there.target_uid), (State::Done, Some(11), 70, Some(Uid(71))));
    assert_eq!(ledger.flags(&to, Uid(5)).unwrap(), Some(&set(&["\\Seen"])[..]), "its flags go along");
    assert_eq!((ledger.done_counts(&from).unwrap().0, ledger.done_counts(&to).unwrap().0), (1, 1));
}

pub(crate) fn intents_of_a_last_pass_survive_that_a_folder_is_written_anew(store: &dyn Store) {
    let (mut ledger, _) = opened(store);
    let [folder, _] = filled(&mut ledger);
    let deleted = Departure::Deleted { floor: 80 };
    ledger.intend_departures(&folder, &[(Uid(2), deleted)]).unwrap();
    ledger.intend_flags(&folder, &[(Uid(1), set(&["\\Answered"]))]).unwrap();
    for uid in 10..60 {
        intend(&mut ledger, &folder, &[uid]);
        ledger.record(&folder, &[done(uid)], &[], &[], 100).unwrap();
    }
    ledger.complete(&folder, Snapshot { uid_next: Uid(60), messages: 52 }).unwrap();
    drop(ledger);
    let (ledger, _) = opened(store);
    assert_eq!(ledger.departures(&folder).unwrap(), [(Uid(2), deleted)]);
    assert_eq!(ledger.intended_flags(&folder, Uid(1)).unwrap(), Some(&set(&["\\Answered"])[..]));
}

pub(crate) fn up_to_where_changes_of_flags_were_followed_is_known_to_the_next_run(store: &dyn Store) {
    let (mut ledger, _) = opened(store);
    let [folder, other] = filled(&mut ledger);
    let end = |modseq| Extent { uid_next: Some(Uid(3)), messages: 2, modseq };
    ledger.end_run(&folder, end(Some(1 << 62)), end(None), Vec::new()).unwrap();
    ledger.end_run(&other, end(None), end(None), Vec::new()).unwrap();
    drop(ledger);
    let (ledger, _) = opened(store);
    let modseq = |source: &Folder| ledger.folder(source).unwrap().source_end.unwrap().modseq;
    assert_eq!((modseq(&Folder::inbox()), modseq(&work_folder())), (Some(1 << 62), None));
}

pub(crate) fn folders_that_exchange_their_names_are_told_apart_and_what_is_intended_for_them_is_known(
    store: &dyn Store,
) {
    let (home, work) = (folder("Home", &["Home"]), work_folder());
    let renaming = |from: &str, to: &str| Renaming {
        from: FolderPath::new([from]),
        to: FolderPath::new([to]),
        aside: None,
        subscribed: true,
    };
    let (mut ledger, _) = opened(store);
    let [one, other] = [begin(&mut ledger, &work, "Work"), begin(&mut ledger, &home, "Home")];
    ledger.made(&one).unwrap();
    let wishes = [renaming("Work", "Home"), renaming("Home", "Work")];
    let renamed = [(&one, &home, &wishes[0]), (&other, &work, &wishes[1])];
    let renamed = renamed.map(|(record, now, wish)| Renamed { record, now, renaming: Some(wish) });
    ledger.rename_sources(&renamed).unwrap();
    drop(ledger);
    let (mut ledger, _) = opened(store);
    let found = |ledger: &Ledger, source: &Folder| ledger.folder(source).unwrap();
    assert_eq!((found(&ledger, &home).number(), found(&ledger, &work).number()), (one.number(), other.number()));
    assert_eq!(found(&ledger, &home).renamed_from, Some(work.path.clone()));
    assert!(found(&ledger, &home).is_made && !found(&ledger, &work).is_made);
    let intended: Vec<Renaming> = ledger.renamings().into_iter().map(|(_, renaming)| renaming).collect();
    assert_eq!(intended, wishes);
    // The first was set aside, the second got its name.
    let aside = Renaming { aside: Some(FolderPath::new(["aside"])), ..wishes[0].clone() };
    ledger.intend_renaming(&one, Some(&aside)).unwrap();
    ledger.target_renamed(&[(one.clone(), b"aside".to_vec(), FolderPath::new(["aside"]))]).unwrap();
    ledger.target_renamed(&[(other.clone(), b"Work".to_vec(), FolderPath::new(["Work"]))]).unwrap();
    ledger.intend_renaming(&other, None).unwrap();
    drop(ledger);
    let (mut ledger, _) = opened(store);
    let open = ledger.renamings();
    assert_eq!(open.len(), 1);
    assert_eq!((open[0].0.target_name.as_slice(), &open[0].1), (&b"aside"[..], &aside));
    assert_eq!(found(&ledger, &work).target_path, Some(FolderPath::new(["Work"])));
    // Its owner has renamed it.
    ledger.named_by_owner(&open[0].0, (b"Mine", &FolderPath::new(["Mine"]))).unwrap();
    drop(ledger);
    let (ledger, _) = opened(store);
    let hers = found(&ledger, &home);
    assert_eq!((hers.target_name.as_slice(), hers.is_made, hers.renaming), (&b"Mine"[..], false, None));
}

pub(crate) fn the_record_of_a_folder_whose_name_another_one_took_is_not_found_by_it(store: &dyn Store) {
    let (home, work) = (folder("Home", &["Home"]), work_folder());
    let (mut ledger, _) = opened(store);
    let [one, gone] = [begin(&mut ledger, &work, "Work"), begin(&mut ledger, &home, "Home")];
    ledger.record(&gone, &[done(1)], &[], &[], 100).unwrap();
    ledger.rename_sources(&[Renamed { record: &one, now: &home, renaming: None }]).unwrap();
    drop(ledger);
    let (ledger, _) = opened(store);
    assert_eq!(ledger.folder(&home).unwrap().number(), one.number());
    assert!(ledger.folder(&work).is_none());
    let gone = ledger.folder_numbered(gone.number()).unwrap();
    assert_eq!((ledger.done(&gone).unwrap().len(), &gone.source_path), (1, &Some(home.path.clone())));
    let places = ledger.places(std::slice::from_ref(&home), |_| panic!("its parts are known"));
    assert_eq!(places.get(&b"Home"[..]), Some(&FolderPath::new(["Work"])));
    assert!(places.values().any(|place| *place == home.path), "its place is nobody else's");
}

pub(crate) fn a_folder_that_was_renamed_knows_its_former_name(store: &dyn Store) {
    let (mut ledger, _) = opened(store);
    let record = begin(&mut ledger, &folder("Work", &["Work"]), "Work");
    let renamed = folder("Job", &["Job"]);
    let record = ledger.name_folder(&record, &renamed, (b"Work", &FolderPath::new(["Work"]))).unwrap();
    assert_eq!(record.renamed_from, Some(FolderPath::new(["Work"])));
    drop(ledger);
    let (ledger, _) = opened(store);
    assert_eq!(ledger.folder(&renamed), Some(record));
    assert_eq!(ledger.folder(&folder("Work", &["Work"])), None);
}

pub(crate) fn a_folder_begun_anew_leaves_what_it_has_no_more_in_a_former_record_that_it_is_not_found_by(
    store: &dyn Store,
) {
    let (mut ledger, _) = opened(store);
    let (record, folder) = (begin(&mut ledger, &work_folder(), "Work"), work_folder());
    intend(&mut ledger, &record, &[1, 2, 3]);
    ledger.record(&record, &[done(1), done(2), done(3)], &[], &[], 100).unwrap();
    ledger.set_flags(&record, &[(Uid(2), vec!["\\Seen".to_owned()])]).unwrap();
    let target = ("Work".as_bytes(), &folder.path);
    let anew = ledger.begin_folder(&folder, UidValidity(8), target, UidValidity(9), &[Uid(2), Uid(3)]).unwrap();
    drop(ledger);

    let (mut ledger, _) = opened(store);
    assert_eq!(ledger.folder(&folder).unwrap().number(), anew.number());
    let former: Vec<FolderRecord> = ledger.folders().into_iter().filter(|record| record.is_former).collect();
    let [former] = former.as_slice() else { panic!("{former:?}") };
    assert_eq!((former.number(), ledger.done_counts(former).unwrap()), (record.number(), (2, 20)));
    assert_eq!(ledger.flags(former, Uid(2)).unwrap(), Some(&["\\Seen".to_owned()][..]));
    // A target UID that the folder's own record has by now no longer belongs to the former one.
    let left = |ledger: &Ledger| ledger.left_of(former).unwrap().iter().map(|it| it.uid.0).collect::<Vec<_>>();
    assert_eq!(left(&ledger), [2, 3]);
    ledger.record(&anew, &[Done { uid: Uid(7), ..done(3) }], &[], &[], 100).unwrap();
    assert_eq!(left(&ledger), [2]);
    assert_eq!(ledger.places_in_folder_of(&anew).unwrap(), BTreeSet::from([Uid(102), Uid(103)]));
    // Both follow the target folder's new name.
    ledger.named_by_owner(&anew, (b"Job", &FolderPath::new(["Job"]))).unwrap();
    assert!(ledger.folders().iter().all(|record| record.target_name == b"Job"));
    assert_eq!(ledger.places(&[folder], |_| FolderPath::new(["?"])).len(), 1);
}
