//! The ledger's promises, over any store. Each store's tests run all of them through `ledger_tests!`.

mod folders;
mod items;
mod last_pass;

pub(crate) use folders::*;
pub(crate) use items::items_are_there_after_a_restart_and_mail_is_not_touched;
pub(crate) use last_pass::*;

use super::*;
use crate::domain::{Digest, Folder, FolderPath, RecordFault, Uid, UidValidity};
use std::sync::{Arc, Mutex};

/// Makes a test of each promise; `$store` makes a store without a record.
macro_rules! ledger_tests {
    ($store:expr) => {
        $crate::ledger::contract::ledger_tests!($store;
            what_was_recorded_is_there_after_a_restart
            a_checked_message_is_not_checked_again
            an_intent_is_written_so_that_it_survives_a_power_cut_and_what_is_settled_with_the_next
            changes_of_several_folders_are_taken_in_together
            a_settled_message_is_never_withdrawn
            a_folder_begun_anew_has_forgotten_its_messages
            a_forgotten_folder_is_gone_and_the_others_are_not
            a_second_run_on_the_same_mailbox_is_refused
            mailboxes_do_not_see_each_other
            sums_are_what_the_messages_add_up_to
            a_folder_of_many_small_steps_is_written_anew_in_whole_blocks
            a_write_that_was_refused_has_changed_nothing
            the_size_that_the_source_announced_stays_known_beside_the_one_that_was_sent
            what_was_only_confirmed_is_distinguished_from_what_was_seen_and_what_was_compared
            the_flags_that_were_set_are_known_by_message_and_stored_once
            a_folder_is_known_by_its_parts_when_its_wire_name_changes
            a_folder_is_not_taken_for_another_one_with_its_wire_name
            a_folder_that_was_renamed_knows_its_former_name
            both_sides_of_a_folder_at_the_end_of_a_run_are_known_to_the_next
            a_message_that_was_forgotten_is_new
            items_are_there_after_a_restart_and_mail_is_not_touched
            flags_that_were_about_to_be_set_are_known_until_it_is_known_what_was_set
            a_message_that_was_about_to_be_taken_elsewhere_is_known_until_it_stays_or_has_arrived
            intents_of_a_last_pass_survive_that_a_folder_is_written_anew
            up_to_where_changes_of_flags_were_followed_is_known_to_the_next_run
            folders_that_exchange_their_names_are_told_apart_and_what_is_intended_for_them_is_known
            the_record_of_a_folder_whose_name_another_one_took_is_not_found_by_it
            a_folder_begun_anew_leaves_what_it_has_no_more_in_a_former_record_that_it_is_not_found_by
        );
    };
    ($store:expr; $($name:ident)*) => {
        $(#[test]
        fn $name() {
            let (_keep, store) = $store;
            $crate::ledger::contract::$name(&store);
        })*
    };
}
pub(crate) use ledger_tests;

pub(crate) fn key() -> MailboxKey {
    MailboxKey { source: "old:993".into(), target: "new:993".into(), address: "ann@example.com".into() }
}

pub(crate) fn opened(store: &dyn Store) -> (Ledger, History) {
    Ledger::open(store, &key()).unwrap()
}

pub(crate) fn folder(wire_name: &str, parts: &[&str]) -> Folder {
    Folder {
        wire_name: wire_name.into(),
        path: FolderPath::new(parts.iter().copied()),
        special_use: None,
        selectable: true,
        subscribed: true,
    }
}

pub(crate) fn work_folder() -> Folder {
    folder("Work", &["Work"])
}

/// Begins a record whose target folder has this wire name and the same path.
pub(crate) fn begin(ledger: &mut Ledger, source: &Folder, target: &str) -> FolderRecord {
    let target = (target.as_bytes(), &source.path);
    ledger.begin_folder(source, UidValidity(7), target, UidValidity(9), &[]).unwrap()
}

pub(crate) fn inbox(ledger: &mut Ledger) -> FolderRecord {
    begin(ledger, &Folder::inbox(), "INBOX")
}

pub(crate) fn done(uid: u32) -> Done {
    let digest = Digest::of(&[uid as u8]);
    Done { uid: Uid(uid), size: 10, digest, target_uid: Some(Uid(uid + 100)), floor: 100, checked: false, stored: None }
}

pub(crate) fn intend(ledger: &mut Ledger, record: &FolderRecord, uids: &[u32]) {
    let intend: Vec<(Uid, u64)> = uids.iter().map(|uid| (Uid(*uid), 10)).collect();
    ledger.record(record, &[], &[], &intend, 100).unwrap();
}

pub(crate) fn what_was_recorded_is_there_after_a_restart(store: &dyn Store) {
    let (mut ledger, history) = opened(store);
    assert_eq!(history, History::New);
    let record = inbox(&mut ledger);
    intend(&mut ledger, &record, &[1, 2, 3]);
    ledger.record(&record, &[done(1)], &[Uid(3)], &[], 100).unwrap();
    ledger.complete(&record, Snapshot { uid_next: Uid(4), messages: 3 }).unwrap();
    drop(ledger);

    let (ledger, history) = opened(store);
    assert_eq!(history, History::Known);
    let record = ledger.folder(&Folder::inbox()).unwrap();
    assert_eq!(record.snapshot, Some(Snapshot { uid_next: Uid(4), messages: 3 }));
    assert_eq!(ledger.done(&record).unwrap(), vec![(Uid(1), 10)]);
    assert_eq!(ledger.done_counts(&record).unwrap(), (1, 10));
    assert_eq!(ledger.intents(&record).unwrap(), vec![Intent { uid: Uid(2), size: 10, floor: 100 }]);
    assert_eq!(ledger.unchecked(&record).unwrap(), vec![done(1)]);
}

pub(crate) fn a_checked_message_is_not_checked_again(store: &dyn Store) {
    let (mut ledger, _) = opened(store);
    let record = inbox(&mut ledger);
    ledger.record(&record, &[done(1), done(2)], &[], &[], 100).unwrap();
    ledger.checked(&record, &[(Uid(1), Uid(101))]).unwrap();
    assert_eq!(ledger.unchecked(&record).unwrap(), vec![done(2)]);
    assert_eq!(ledger.target_uids(&record).unwrap(), vec![Uid(101), Uid(102)]);
}

/// A store that notes the durability of each write, and refuses writes when the test wants it.
#[derive(Debug)]
struct Noting<'s> {
    store: &'s dyn Store,
    writes: Arc<Mutex<Vec<Durable>>>,
    full: Arc<Mutex<bool>>,
}

struct NotingRows(Box<dyn Rows>, Arc<Mutex<Vec<Durable>>>, Arc<Mutex<bool>>);

impl<'s> Noting<'s> {
    fn around(store: &'s dyn Store) -> Self {
        Self { store, writes: Arc::default(), full: Arc::default() }
    }
}

impl Store for Noting<'_> {
    fn open(&self, key: &MailboxKey) -> Result<Opened, LedgerError> {
        let opened = self.store.open(key)?;
        let rows = Box::new(NotingRows(opened.rows, self.writes.clone(), self.full.clone()));
        Ok(Opened { rows, ..opened })
    }

    fn has(&self, key: &MailboxKey) -> Result<bool, LedgerError> {
        self.store.has(key)
    }
}

impl Rows for NotingRows {
    fn blocks(&self, folder: i64) -> Result<Vec<BlockRow>, LedgerError> {
        self.0.blocks(folder)
    }

    fn write(&mut self, write: &Write, durable: Durable) -> Result<(), LedgerError> {
        if *self.2.lock().unwrap() {
            return Err(LedgerError::new(RecordFault::Unwritable { why: "full".to_owned() }));
        }
        self.1.lock().unwrap().push(durable);
        self.0.write(write, durable)
    }
}

pub(crate) fn an_intent_is_written_so_that_it_survives_a_power_cut_and_what_is_settled_with_the_next(
    store: &dyn Store,
) {
    let noting = Noting::around(store);
    let (mut ledger, _) = opened(&noting);
    let last = || noting.writes.lock().unwrap().drain(..).collect::<Vec<_>>();
    let record = inbox(&mut ledger);
    ledger.made(&record).unwrap();
    assert_eq!(last(), [Durable::Soon, Durable::Soon], "a new folder waits for no disk");
    intend(&mut ledger, &record, &[1, 2]);
    assert_eq!(last(), [Durable::AtOnce]);
    ledger.record(&record, &[done(1)], &[], &[], 100).unwrap();
    ledger.checked(&record, &[(Uid(1), Uid(101))]).unwrap();
    assert_eq!(last(), [Durable::Soon, Durable::Soon]);
    ledger.record(&record, &[done(2)], &[], &[(Uid(3), 10)], 100).unwrap();
    assert_eq!(last(), [Durable::AtOnce], "both in one write");
    ledger.complete(&record, Snapshot { uid_next: Uid(4), messages: 3 }).unwrap();
    assert_eq!(last(), [Durable::Soon]);
    ledger.forget_folder(&record).unwrap();
    assert_eq!(last(), [Durable::AtOnce]);
    ledger.record_all(&[]).unwrap();
    assert_eq!(last(), []);
}

pub(crate) fn changes_of_several_folders_are_taken_in_together(store: &dyn Store) {
    let noting = Noting::around(store);
    let (mut ledger, _) = opened(&noting);
    let first = inbox(&mut ledger);
    let second = begin(&mut ledger, &work_folder(), "Work");
    let change = |folder, uid| Change {
        folder,
        done: vec![done(uid)],
        withdrawn: Vec::new(),
        intend: vec![(Uid(uid + 1), 10)],
        flags: Vec::new(),
        floor: 100 + uid,
    };
    noting.writes.lock().unwrap().clear();
    ledger.record_all(&[change(&first, 1), change(&second, 5)]).unwrap();
    assert_eq!(noting.writes.lock().unwrap().len(), 1);
    drop(ledger);
    let (ledger, _) = opened(store);
    for (folder, uid) in [(Folder::inbox(), 1), (work_folder(), 5)] {
        let record = ledger.folder(&folder).unwrap();
        assert_eq!(ledger.done(&record).unwrap(), vec![(Uid(uid), 10)]);
        let intent = Intent { uid: Uid(uid + 1), size: 10, floor: 100 + uid };
        assert_eq!(ledger.intents(&record).unwrap(), vec![intent]);
    }
}

pub(crate) fn a_settled_message_is_never_withdrawn(store: &dyn Store) {
    let (mut ledger, _) = opened(store);
    let record = inbox(&mut ledger);
    ledger.record(&record, &[done(1)], &[Uid(1)], &[], 100).unwrap();
    assert_eq!(ledger.done(&record).unwrap().len(), 1);
}

pub(crate) fn a_folder_begun_anew_has_forgotten_its_messages(store: &dyn Store) {
    let (mut ledger, _) = opened(store);
    let record = inbox(&mut ledger);
    ledger.record(&record, &[done(1)], &[], &[(Uid(2), 10)], 100).unwrap();
    let record = inbox(&mut ledger);
    assert!(ledger.done(&record).unwrap().is_empty() && ledger.intents(&record).unwrap().is_empty());
    drop(ledger);
    let (ledger, _) = opened(store);
    let record = ledger.folder(&Folder::inbox()).unwrap();
    assert!(ledger.done(&record).unwrap().is_empty() && ledger.intents(&record).unwrap().is_empty());
    assert_eq!(ledger.folders().len(), 1);
}

pub(crate) fn a_forgotten_folder_is_gone_and_the_others_are_not(store: &dyn Store) {
    let (mut ledger, _) = opened(store);
    let record = inbox(&mut ledger);
    let work = begin(&mut ledger, &work_folder(), "Work");
    ledger.record(&record, &[done(1)], &[], &[], 100).unwrap();
    ledger.record(&work, &[done(2)], &[], &[], 100).unwrap();
    ledger.forget_folder(&record).unwrap();
    assert!(ledger.done(&record).is_err(), "nobody may continue with it");
    drop(ledger);
    let (ledger, _) = opened(store);
    assert_eq!(ledger.folder(&Folder::inbox()), None);
    let work = ledger.folder(&work_folder()).unwrap();
    assert_eq!(ledger.done(&work).unwrap(), vec![(Uid(2), 10)]);
}

pub(crate) fn a_second_run_on_the_same_mailbox_is_refused(store: &dyn Store) {
    let (ledger, _) = opened(store);
    let refused = Ledger::open(store, &key()).err().unwrap();
    assert_eq!(refused.kind(), LedgerErrorKind::InUse, "{refused}");
    drop(ledger);
    assert!(Ledger::open(store, &key()).is_ok());
}

pub(crate) fn mailboxes_do_not_see_each_other(store: &dyn Store) {
    let others = [
        MailboxKey { address: "bob@example.com".into(), ..key() },
        MailboxKey { target: "new:1143".into(), ..key() },
        MailboxKey { source: "old:143".into(), ..key() },
    ];
    assert!(Ledger::open_existing(store, &key()).unwrap().is_none());
    let (mut ledger, _) = opened(store);
    let record = inbox(&mut ledger);
    ledger.record(&record, &[done(1)], &[], &[], 100).unwrap();
    for other in &others {
        assert!(Ledger::open_existing(store, other).unwrap().is_none(), "{other:?}");
        let (mut theirs, history) = Ledger::open(store, other).unwrap();
        assert_eq!(history, History::New, "{other:?}");
        let record = inbox(&mut theirs);
        assert!(theirs.done(&record).unwrap().is_empty(), "{other:?}");
        theirs.forget_folder(&record).unwrap();
    }
    drop(ledger);
    let ledger = Ledger::open_existing(store, &key()).unwrap().unwrap();
    assert_eq!(ledger.done(&record).unwrap().len(), 1);
}

pub(crate) fn sums_are_what_the_messages_add_up_to(store: &dyn Store) {
    let (mut ledger, _) = opened(store);
    let record = inbox(&mut ledger);
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..300 {
        let uid = random.u32(1..60);
        match random.u8(0..5) {
            0 if !ledger.done(&record).unwrap().iter().any(|(known, _)| known.0 == uid) => {
                intend(&mut ledger, &record, &[uid]);
            }
            0 | 1 => {
                let done = Done { size: random.u64(0..1000), target_uid: Some(Uid(random.u32(1..500))), ..done(uid) };
                ledger.record(&record, &[done], &[], &[], 100).unwrap();
            }
            2 => ledger.record(&record, &[], &[Uid(uid)], &[], 100).unwrap(),
            3 => ledger.checked(&record, &[(Uid(uid), Uid(random.u32(1..500)))]).unwrap(),
            _ => {
                drop(ledger);
                ledger = opened(store).0;
            }
        }
        let done = ledger.done(&record).unwrap();
        assert!(done.is_sorted_by(|one, next| one.0 < next.0));
        let sums = (done.len() as u64, done.iter().map(|(_, size)| size).sum());
        assert_eq!(ledger.done_counts(&record).unwrap(), sums);
        let highest = ledger.target_uids(&record).unwrap().last().copied();
        assert!(ledger.highest_target_uid(&record).unwrap() >= highest);
    }
}

pub(crate) fn a_folder_of_many_small_steps_is_written_anew_in_whole_blocks(store: &dyn Store) {
    let (mut ledger, _) = opened(store);
    let record = inbox(&mut ledger);
    for uid in 1..=40 {
        intend(&mut ledger, &record, &[uid]);
        ledger.record(&record, &[done(uid)], &[], &[], 100).unwrap();
        ledger.checked(&record, &[(Uid(uid), Uid(uid + 100))]).unwrap();
    }
    intend(&mut ledger, &record, &[41]);
    let before = ledger.done(&record).unwrap();
    ledger.complete(&record, Snapshot { uid_next: Uid(41), messages: 40 }).unwrap();
    drop(ledger);
    let opened = store.open(&key()).unwrap();
    assert_eq!(opened.rows.blocks(opened.heads[0].folder).unwrap().len(), 1);
    drop(opened);
    let (ledger, _) = self::opened(store);
    assert_eq!(ledger.done(&record).unwrap(), before);
    assert!(ledger.unchecked(&record).unwrap().is_empty());
    assert_eq!(ledger.intents(&record).unwrap().len(), 1);
}

pub(crate) fn a_write_that_was_refused_has_changed_nothing(store: &dyn Store) {
    let noting = Noting::around(store);
    let (mut ledger, _) = opened(&noting);
    let record = inbox(&mut ledger);
    intend(&mut ledger, &record, &[1, 2]);
    *noting.full.lock().unwrap() = true;
    assert!(ledger.record(&record, &[done(1)], &[], &[], 100).is_err());
    assert!(ledger.checked(&record, &[(Uid(1), Uid(101))]).is_err());
    assert!(ledger.complete(&record, Snapshot { uid_next: Uid(4), messages: 3 }).is_err());
    assert!(ledger.forget_folder(&record).is_err());
    *noting.full.lock().unwrap() = false;
    let assert_unchanged = |ledger: &Ledger| {
        let record = ledger.folder(&Folder::inbox()).unwrap();
        assert_eq!((ledger.done(&record).unwrap().len(), ledger.intents(&record).unwrap().len()), (0, 2));
        assert_eq!(record.snapshot, None);
    };
    assert_unchanged(&ledger);
    drop(ledger);
    assert_unchanged(&opened(store).0);
}
