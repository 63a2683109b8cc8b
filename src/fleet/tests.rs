//! The ledger's promises over a real PostgreSQL, and that a mailbox has one holder.

mod fail_over;
mod lease;
mod line;
mod refused;

use super::testing::Postgres;
use super::*;
use crate::domain::Uid;
use crate::ledger::contract::{begin, done, inbox, intend, key, ledger_tests, work_folder};
use crate::ledger::{Files, FolderRecord, History, Intent, Ledger, LedgerErrorKind, MailboxKey, Snapshot, Store};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}

const LONG: LeaseTimes = LeaseTimes {
    lease: milliseconds(60_000),
    renew: milliseconds(10_000),
    stop: milliseconds(40_000),
    grace: milliseconds(30_000),
};

fn machine(url: &str, times: LeaseTimes) -> SharedRecords {
    SharedRecords::new(database(url, times))
}

fn database(url: &str, times: LeaseTimes) -> Arc<Database> {
    Database::open(DatabaseAddress::parse(url).unwrap(), times).unwrap()
}

fn store() -> (Arc<Postgres>, SharedRecords) {
    let postgres = Postgres::shared();
    let records = machine(&postgres.database(), LONG);
    (postgres, records)
}

ledger_tests!(store());

fn opened(store: &dyn Store) -> (Ledger, History) {
    Ledger::open(store, &key()).unwrap()
}

/// A mailbox with a message in flight.
fn working(store: &dyn Store) -> (Ledger, FolderRecord) {
    let (mut ledger, _) = opened(store);
    let record = inbox(&mut ledger);
    intend(&mut ledger, &record, &[1]);
    (ledger, record)
}

/// Opens the record as soon as it is free.
fn taken_over(store: &dyn Store) -> (Ledger, History) {
    let mut taken = None;
    until("it is free", || {
        match Ledger::open(store, &key()) {
            Ok(opened) => taken = Some(opened),
            Err(error) => assert_eq!(error.kind(), LedgerErrorKind::InUse, "{error}"),
        }
        taken.is_some()
    });
    taken.unwrap()
}

/// Waits long enough for a busy computer.
#[track_caller]
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < end, "in vain: {what}");
        std::thread::sleep(milliseconds(20));
    }
}

#[test]
fn a_mailbox_belongs_to_one_machine_until_it_gives_it_back() {
    let postgres = Postgres::shared();
    let url = postgres.database();
    let (one, other) = (machine(&url, LONG), machine(&url, LONG));
    let (mut ledger, _) = opened(&one);
    let record = inbox(&mut ledger);
    intend(&mut ledger, &record, &[1, 2]);
    ledger.record(&record, &[done(1)], &[], &[], 100).unwrap();
    assert_eq!(Ledger::open(&other, &key()).err().unwrap().kind(), LedgerErrorKind::InUse);
    drop(ledger);
    let (ledger, history) = opened(&other);
    assert_eq!(history, History::Known);
    assert_eq!(ledger.intents(&record).unwrap(), [Intent { uid: Uid(2), size: 10, floor: 100 }]);
    assert_eq!(ledger.unchecked(&record).unwrap(), [done(1)]);
}

#[test]
fn of_many_that_take_at_once_each_mailbox_has_one_holder_also_when_holders_vanish() {
    const MAILBOXES: usize = 12;
    let postgres = Postgres::shared();
    let url = postgres.database();
    let times = LeaseTimes { grace: milliseconds(300), ..LONG };
    let held: Vec<AtomicBool> = (0..MAILBOXES).map(|_| AtomicBool::new(false)).collect();
    let key = |number: usize| MailboxKey { address: format!("{number}@x"), ..key() };
    let taken = AtomicUsize::new(0);
    let until = Instant::now() + Duration::from_secs(8);
    std::thread::scope(|scope| {
        for seed in 0..4 {
            let (url, held, taken) = (&url, &held, &taken);
            scope.spawn(move || {
                let mut random = fastrand::Rng::with_seed(seed);
                let own = machine(url, times);
                while Instant::now() < until {
                    let number = random.usize(0..MAILBOXES);
                    if let Ok((ledger, _)) = Ledger::open(&own, &key(number)) {
                        assert!(!held[number].swap(true, Ordering::SeqCst), "mailbox {number} has two holders");
                        taken.fetch_add(1, Ordering::SeqCst);
                        std::thread::sleep(milliseconds(random.u64(0..4)));
                        held[number].store(false, Ordering::SeqCst);
                        drop(ledger);
                    }
                }
            });
        }
        // Machines that take mailboxes, stop by their own clock, and give nothing back.
        scope.spawn(|| {
            let brief = LeaseTimes {
                lease: milliseconds(1000),
                renew: milliseconds(3_600_000),
                stop: milliseconds(200),
                grace: milliseconds(300),
            };
            let mut random = fastrand::Rng::with_seed(99);
            while Instant::now() < until {
                let vanishing = database(&url, brief);
                let (gone, stop) = crossbeam_channel::bounded::<()>(1);
                vanishing.on_loss(move || drop(gone));
                let own = SharedRecords::new(vanishing);
                let mut kept = Vec::new();
                for number in (0..4).map(|_| random.usize(0..MAILBOXES)) {
                    if let Ok(ledger) = Ledger::open(&own, &key(number)) {
                        assert!(!held[number].swap(true, Ordering::SeqCst), "mailbox {number} has two holders");
                        kept.push((number, ledger));
                    }
                }
                let _ = stop.recv();
                for (number, ledger) in kept {
                    held[number].store(false, Ordering::SeqCst);
                    std::mem::forget(ledger);
                }
            }
        });
    });
    assert!(taken.load(Ordering::SeqCst) > 50, "{taken:?}");
}

#[test]
fn a_database_that_crashes_and_comes_back_has_lost_nothing_that_was_answered() {
    let postgres = Postgres::start();
    let url = postgres.database();
    let one = machine(&url, LONG);
    let (mut ledger, record) = working(&one);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..2 {
                postgres.crash();
                std::thread::sleep(milliseconds(700));
                postgres.run();
                std::thread::sleep(milliseconds(700));
            }
        });
        for uid in 2..60 {
            intend(&mut ledger, &record, &[uid]);
            ledger.record(&record, &[done(uid)], &[], &[], 100).unwrap();
            std::thread::sleep(milliseconds(40));
        }
    });
    ledger.complete(&record, Snapshot { uid_next: Uid(60), messages: 59 }).unwrap();
    let known = (ledger.done(&record).unwrap(), ledger.intents(&record).unwrap());
    assert_eq!((known.0.len(), known.1.len()), (58, 1));
    drop(ledger);
    let (ledger, _) = opened(&machine(&url, LONG));
    assert_eq!((ledger.done(&record).unwrap(), ledger.intents(&record).unwrap()), known);
}

#[test]
fn a_record_in_a_file_is_taken_along_once() {
    let postgres = Postgres::shared();
    let url = postgres.database();
    let folder = tempfile::tempdir().unwrap();
    let files = Files::in_folder(folder.path());
    let (mut ledger, _) = opened(&files);
    let record = inbox(&mut ledger);
    for uid in 1..=300 {
        ledger.record(&record, &[done(uid)], &[], &[(Uid(uid + 1), 10)], 100).unwrap();
    }
    let work = begin(&mut ledger, &work_folder(), "Work");
    let known = (ledger.unchecked(&record).unwrap(), ledger.intents(&record).unwrap());
    drop(ledger);
    let one = machine(&url, LONG).taking_along(folder.path());
    assert!(one.has(&key()).unwrap());
    let (mut ledger, history) = opened(&one);
    assert_eq!(history, History::Known);
    assert_eq!((ledger.unchecked(&record).unwrap(), ledger.intents(&record).unwrap()), known);
    ledger.forget_folder(&work).unwrap();
    drop(ledger);
    // From now on the database's record counts, on every machine.
    let (ledger, _) = opened(&one);
    assert_eq!(ledger.folders().len(), 1);
    drop(ledger);
    let (ledger, _) = opened(&machine(&url, LONG));
    assert_eq!((ledger.unchecked(&record).unwrap(), ledger.intents(&record).unwrap()), known);
}

#[test]
fn a_dump_of_the_database_names_no_server_and_no_address() {
    let postgres = Postgres::shared();
    let url = postgres.database();
    let secret = MailboxKey {
        source: "alt.firma-beispiel.de:993".into(),
        target: "neu.firma-beispiel.de:4040".into(),
        address: "ann.smith@firma-beispiel.de".into(),
    };
    let (mut ledger, _) = Ledger::open(&machine(&url, LONG), &secret).unwrap();
    let record = begin(&mut ledger, &work_folder(), "Work");
    intend(&mut ledger, &record, &[1]);
    let dump = postgres.dump(&url);
    assert!(dump.contains("Work"), "it is a dump of what is there");
    for word in ["firma-beispiel", "ann.smith", "4040"] {
        assert!(!dump.contains(word), "{word}");
    }
}
