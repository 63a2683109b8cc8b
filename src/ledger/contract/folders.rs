//! The ledger's promises about a folder and its messages, over any store.

use super::{begin, done, folder, inbox, intend, key, opened};
use crate::domain::{Folder, Uid};
use crate::ledger::*;

pub(crate) fn the_size_that_the_source_announced_stays_known_beside_the_one_that_was_sent(store: &dyn Store) {
    let (mut ledger, _) = opened(store);
    let record = inbox(&mut ledger);
    intend(&mut ledger, &record, &[1]);
    ledger.record(&record, &[Done { size: 12, ..done(1) }, done(2)], &[], &[], 100).unwrap();
    ledger.claim(&record, &[(Uid(2), 11), (Uid(3), 9)]).unwrap();
    ledger.checked(&record, &[(Uid(1), Uid(101))]).unwrap();
    drop(ledger);
    let (ledger, _) = opened(store);
    let sizes = |uid| ledger.message(&record, Uid(uid)).unwrap().map(|message| (message.size, message.claimed));
    assert_eq!((sizes(1), sizes(2), sizes(3)), (Some((12, Some(10))), Some((10, Some(11))), None));
}

pub(crate) fn what_was_only_confirmed_is_distinguished_from_what_was_seen_and_what_was_compared(store: &dyn Store) {
    let (mut ledger, _) = opened(store);
    let record = inbox(&mut ledger);
    intend(&mut ledger, &record, &[5]);
    ledger.record(&record, &[done(1), done(2), done(3), done(4)], &[], &[], 100).unwrap();
    ledger.seen(&record, &[(Uid(2), Uid(102)), (Uid(5), Uid(105))]).unwrap();
    ledger.checked(&record, &[(Uid(3), Uid(103))]).unwrap();
    ledger.altered(&record, &[(Uid(4), Uid(104))]).unwrap();
    drop(ledger);
    let (ledger, _) = opened(store);
    let states: Vec<State> = ledger.messages_of(&record).unwrap().iter().map(|message| message.state).collect();
    assert_eq!(states, [State::Done, State::Seen, State::Checked, State::Altered, State::Intended]);
    assert_eq!(ledger.unchecked(&record).unwrap().iter().map(|done| done.uid.0).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(ledger.done(&record).unwrap().len(), 4);
}

pub(crate) fn the_flags_that_were_set_are_known_by_message_and_stored_once(store: &dyn Store) {
    let (mut ledger, _) = opened(store);
    let record = inbox(&mut ledger);
    let sets = [vec!["\\Seen".to_owned()], vec!["$Label".repeat(50), "\\Seen".to_owned()], Vec::new()];
    for part in [1..400_u32, 400..900] {
        let flags = part.clone().map(|uid| (Uid(uid), sets[uid as usize % 3].clone()));
        let change = Change {
            folder: &record,
            done: part.clone().map(done).collect(),
            withdrawn: Vec::new(),
            intend: vec![(Uid(1000), 10)],
            flags: flags.collect(),
            floor: 100,
        };
        ledger.record_all(&[change]).unwrap();
    }
    ledger.record(&record, &[done(7)], &[], &[], 100).unwrap();
    drop(ledger);
    let opened = store.open(&key()).unwrap();
    let blocks = opened.rows.blocks(opened.heads[0].folder).unwrap();
    let bytes: usize = blocks.iter().map(|block| block.content.len()).sum();
    assert!(bytes < 60 * 900, "{bytes} bytes for 900 messages");
    drop(opened);
    let (ledger, _) = self::opened(store);
    for uid in 1..900 {
        assert_eq!(ledger.flags(&record, Uid(uid)).unwrap(), Some(sets[uid as usize % 3].as_slice()), "{uid}");
    }
    assert_eq!(ledger.flags(&record, Uid(1000)).unwrap(), None);
}

pub(crate) fn a_folder_is_known_by_its_parts_when_its_wire_name_changes(store: &dyn Store) {
    let (mut ledger, _) = opened(store);
    let before = begin(&mut ledger, &folder("Work.Deep", &["Work", "Deep"]), "Work.Deep");
    ledger.record(&before, &[done(1)], &[], &[], 100).unwrap();
    drop(ledger);
    let (mut ledger, _) = opened(store);
    let now = folder("Work/Deep", &["Work", "Deep"]);
    let found = ledger.folder(&now).unwrap();
    assert_eq!((&found.target_path, ledger.done(&found).unwrap().len()), (&Some(now.path.clone()), 1));
    let found = ledger.name_folder(&found, &now, (b"INBOX/Work/Deep", &now.path)).unwrap();
    let places = ledger.places(std::slice::from_ref(&now), |_| panic!("its parts are known"));
    assert_eq!(places, [(b"Work/Deep".to_vec(), now.path.clone())].into());
    assert_eq!((found.target_name.as_slice(), &found.renamed_from), (&b"INBOX/Work/Deep"[..], &None));
    assert_eq!(ledger.folders().len(), 1);
}

pub(crate) fn a_folder_is_not_taken_for_another_one_with_its_wire_name(store: &dyn Store) {
    let (mut ledger, _) = opened(store);
    begin(&mut ledger, &folder("Work.Deep", &["Work", "Deep"]), "Work.Deep");
    let other = folder("Work.Deep", &["Work.Deep"]);
    assert_eq!(ledger.folder(&other), None);
    assert!(ledger.places(&[other], |_| panic!("its parts are known")).is_empty());
    assert_eq!(
        ledger.places(&[], |_| panic!("its parts are known")).len(),
        1,
        "gone from the source, it keeps its place"
    );
    // Two folders listed under one path differ by their wire names; a third is neither.
    begin(&mut ledger, &folder("Work/Deep", &["Work", "Deep"]), "Work/Deep 2");
    let target = |name: &str| ledger.folder(&folder(name, &["Work", "Deep"])).map(|found| found.target_name);
    assert_eq!(target("Work.Deep").unwrap(), b"Work.Deep");
    assert_eq!(target("Work/Deep").unwrap(), b"Work/Deep 2");
    assert_eq!(target("Work|Deep"), None);
}

pub(crate) fn both_sides_of_a_folder_at_the_end_of_a_run_are_known_to_the_next(store: &dyn Store) {
    let (mut ledger, _) = opened(store);
    let record = inbox(&mut ledger);
    assert_eq!((record.source_end, record.target_end), (None, None));
    assert!(record.last_dates.is_empty());
    let source = Extent { uid_next: Some(Uid(40)), messages: 30, modseq: Some(900) };
    let target = Extent { uid_next: None, messages: 31, modseq: None };
    ledger.end_run(&record, source, target, vec![(Uid(38), 900), (Uid(39), -5)]).unwrap();
    drop(ledger);
    let (ledger, _) = opened(store);
    let record = ledger.folder(&Folder::inbox()).unwrap();
    assert_eq!((record.source_end, record.target_end), (Some(source), Some(target)));
    let has = |dates: [Option<i64>; 2]| record.has_dates(|uid| dates[uid.0 as usize - 38]);
    assert!(has([Some(900), Some(-5)]) && has([None, Some(-5)]) && has([None, None]));
    assert!(!has([Some(901), Some(-5)]) && !has([None, Some(5)]));
}

pub(crate) fn a_message_that_was_forgotten_is_new(store: &dyn Store) {
    let (mut ledger, _) = opened(store);
    let record = inbox(&mut ledger);
    intend(&mut ledger, &record, &[3]);
    ledger.record(&record, &[done(1), done(2)], &[], &[], 100).unwrap();
    ledger.forget_messages(&record, &[Uid(2), Uid(3), Uid(4)]).unwrap();
    drop(ledger);
    let (ledger, _) = opened(store);
    assert_eq!(ledger.done(&record).unwrap(), vec![(Uid(1), 10)]);
    assert_eq!(ledger.done_counts(&record).unwrap(), (1, 10));
    assert!(ledger.intents(&record).unwrap().is_empty());
}
