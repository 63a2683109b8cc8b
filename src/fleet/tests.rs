//! What the ledger promises over a real PostgreSQL, and that a mailbox has one holder.

mod fail_over;
mod line;

use super::testing::Postgres;
use super::*;
use crate::domain::Uid;
use crate::ledger::contract::{begin, done, inbox, intend, key, ledger_tests, work_folder};
use crate::ledger::{Files, History, Intent, Ledger, LedgerErrorKind, MailboxKey, Snapshot, Store};
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

/// A lease that nobody renews, held by a process that stops by its own clock.
const BRIEF: LeaseTimes = LeaseTimes {
    lease: milliseconds(4500),
    renew: milliseconds(3_600_000),
    stop: milliseconds(3000),
    grace: milliseconds(1500),
};

/// The same, held by a process whose own clock has stopped.
const BRIEF_WITHOUT_CLOCK: LeaseTimes = LeaseTimes { stop: milliseconds(3_600_000), ..BRIEF };

/// Takes over from those, and holds.
const AFTER_BRIEF: LeaseTimes = LeaseTimes { grace: BRIEF.grace, ..LONG };

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

/// Opens the record as soon as it is free.
fn taken_over(store: &dyn Store) -> (Ledger, History) {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        match Ledger::open(store, &key()) {
            Ok(opened) => return opened,
            Err(error) => assert!(error.kind() == LedgerErrorKind::InUse && Instant::now() < until, "{error}"),
        }
        std::thread::sleep(milliseconds(50));
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
fn a_machine_without_a_renewal_stops_by_its_own_clock_before_anybody_takes_its_mailbox() {
    let postgres = Postgres::shared();
    let url = postgres.database();
    let began = Instant::now();
    let lost = database(&url, BRIEF);
    let stopped = Arc::new(AtomicBool::new(false));
    let noted = stopped.clone();
    lost.on_loss(move || noted.store(true, Ordering::SeqCst));
    let (mut ledger, _) = opened(&SharedRecords::new(lost.clone()));
    let record = inbox(&mut ledger);
    intend(&mut ledger, &record, &[1]);
    assert!(!stopped.load(Ordering::SeqCst));
    let (theirs, history) = taken_over(&machine(&url, AFTER_BRIEF));
    assert!(stopped.load(Ordering::SeqCst), "it had stopped before");
    assert!(began.elapsed() >= BRIEF.lease + BRIEF.grace, "{:?}", began.elapsed());
    assert_eq!(history, History::TakenOver);
    assert_eq!(theirs.intents(&record).unwrap().len(), 1, "what was under way is known");
    let refused = ledger.record(&record, &[], &[], &[(Uid(2), 10)], 100).unwrap_err();
    assert_eq!(refused.kind(), LedgerErrorKind::Fenced, "{refused}");
    let late = Arc::new(AtomicBool::new(false));
    let noted = late.clone();
    lost.on_loss(move || noted.store(true, Ordering::SeqCst));
    assert!(late.load(Ordering::SeqCst), "who asks later is called at once");
}

#[test]
fn a_machine_that_does_not_know_that_its_mailbox_was_taken_over_writes_nothing() {
    let postgres = Postgres::shared();
    let url = postgres.database();
    let zombie = machine(&url, BRIEF_WITHOUT_CLOCK);
    let (mut ledger, _) = opened(&zombie);
    let record = inbox(&mut ledger);
    intend(&mut ledger, &record, &[1]);
    let other = machine(&url, AFTER_BRIEF);
    let (theirs, _) = taken_over(&other);
    let refused = ledger.record(&record, &[], &[], &[(Uid(2), 10)], 100).unwrap_err();
    assert_eq!(refused.kind(), LedgerErrorKind::Fenced, "{refused}");
    assert_eq!(ledger.forget_folder(&record).unwrap_err().kind(), LedgerErrorKind::Fenced);
    // It gives nothing back that is not its own.
    drop(ledger);
    assert_eq!(Ledger::open(&machine(&url, AFTER_BRIEF), &key()).err().unwrap().kind(), LedgerErrorKind::InUse);
    assert_eq!(Ledger::open(&zombie, &key()).err().unwrap().kind(), LedgerErrorKind::InUse);
    drop(theirs);
    let (ledger, history) = opened(&other);
    assert_eq!((ledger.intents(&record).unwrap().len(), history), (1, History::Known), "given back, it is clean");
}

#[test]
fn a_lease_that_has_expired_is_not_renewed() {
    let postgres = Postgres::shared();
    let times = LeaseTimes { lease: milliseconds(200), renew: milliseconds(600), ..LONG };
    let late = database(&postgres.database(), times);
    let stopped = Arc::new(AtomicBool::new(false));
    let noted = stopped.clone();
    late.on_loss(move || noted.store(true, Ordering::SeqCst));
    let until = Instant::now() + Duration::from_secs(20);
    while !stopped.load(Ordering::SeqCst) {
        assert!(Instant::now() < until, "it was renewed");
        std::thread::sleep(milliseconds(20));
    }
    let refused = Ledger::open(&SharedRecords::new(late), &key()).err().unwrap();
    assert_ne!(refused.kind(), LedgerErrorKind::InUse, "{refused}");
}

#[test]
fn a_machine_whose_lease_is_over_takes_nothing_although_nobody_may_take_over_from_it_yet() {
    let postgres = Postgres::shared();
    let url = postgres.database();
    let late = machine(&url, BRIEF_WITHOUT_CLOCK);
    postgres.connect(&url).batch_execute("UPDATE kimt.worker SET until = clock_timestamp()").unwrap();
    assert_eq!(Ledger::open(&late, &key()).err().unwrap().kind(), LedgerErrorKind::InUse);
}

#[test]
fn what_the_database_refuses_of_one_mailbox_is_written_of_the_others() {
    let postgres = Postgres::shared();
    let url = postgres.database();
    let one = machine(&url, LONG);
    let other_key = MailboxKey { address: "other@x".into(), ..key() };
    let (mut refused, mut other) = (opened(&one).0, Ledger::open(&one, &other_key).unwrap().0);
    let (of_refused, of_other) = (inbox(&mut refused), inbox(&mut other));
    intend(&mut refused, &of_refused, &[1]);
    intend(&mut other, &of_other, &[1]);
    postgres
        .connect(&url)
        .batch_execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 IF NEW.mailbox = (SELECT min(id) FROM kimt.mailbox) THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW; END $$;
             CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON kimt.block FOR EACH ROW EXECUTE FUNCTION refuse()",
        )
        .unwrap();
    // What need not be on the disk at once goes with what has to be.
    other.record(&of_other, &[done(1)], &[], &[], 100).unwrap();
    let error = refused.record(&of_refused, &[], &[], &[(Uid(2), 10)], 100).unwrap_err();
    assert_eq!(error.kind(), LedgerErrorKind::Refused, "{error}");
    intend(&mut other, &of_other, &[2]);
    assert_eq!(other.unchecked(&of_other).unwrap(), [done(1)]);
}

#[test]
fn a_write_that_nobody_waited_for_and_that_was_refused_is_told_to_the_next() {
    let postgres = Postgres::shared();
    let url = postgres.database();
    let (mut ledger, _) = opened(&machine(&url, LONG));
    let record = inbox(&mut ledger);
    intend(&mut ledger, &record, &[1]);
    postgres.connect(&url).batch_execute("UPDATE kimt.mailbox SET token = token + 1").unwrap();
    ledger.record(&record, &[done(1)], &[], &[], 100).unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while ledger.record(&record, &[done(1)], &[], &[], 100).is_ok() {
        assert!(Instant::now() < until, "nobody was told");
        std::thread::sleep(milliseconds(100));
    }
}

#[test]
fn one_mailbox_that_was_taken_over_does_not_keep_the_others_of_its_machine_from_writing() {
    let postgres = Postgres::shared();
    let url = postgres.database();
    let one = machine(&url, LONG);
    let keys: Vec<MailboxKey> = (0..12).map(|number| MailboxKey { address: format!("{number}@x"), ..key() }).collect();
    let mut ledgers: Vec<Ledger> = keys.iter().map(|key| Ledger::open(&one, key).unwrap().0).collect();
    postgres.connect(&url).batch_execute("UPDATE kimt.mailbox SET token = token + 1 WHERE id % 4 = 1").unwrap();
    let refused = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for ledger in &mut ledgers {
            let refused = &refused;
            scope.spawn(move || {
                let record = inbox(ledger);
                for uid in 1..30 {
                    match ledger.record(&record, &[], &[], &[(Uid(uid), 10)], 100) {
                        Ok(()) => {}
                        Err(error) if error.kind() == LedgerErrorKind::Fenced => {
                            refused.fetch_add(1, Ordering::SeqCst);
                            return;
                        }
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
    });
    assert_eq!(refused.load(Ordering::SeqCst), 3);
    drop(ledgers);
    let intents = |key| {
        let ledger = Ledger::open(&one, key).ok()?.0;
        ledger.folders().first().map(|record| ledger.intents(record).unwrap().len())
    };
    let counts: Vec<Option<usize>> = keys.iter().map(intents).collect();
    assert_eq!(counts.iter().filter(|count| **count == Some(29)).count(), 9, "{counts:?}");
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
        // Machines that take, stop by their own clock, and give nothing back.
        scope.spawn(|| {
            let brief = LeaseTimes { lease: milliseconds(400), stop: milliseconds(300), ..BRIEF };
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
    let (mut ledger, _) = opened(&one);
    let record = inbox(&mut ledger);
    intend(&mut ledger, &record, &[1]);
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
    // From then on the database counts, on every machine.
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

#[test]
fn a_block_that_was_altered_in_the_database_is_not_believed_and_its_folder_is_forgotten() {
    let postgres = Postgres::shared();
    let url = postgres.database();
    let one = machine(&url, LONG);
    let (mut ledger, _) = opened(&one);
    let record = inbox(&mut ledger);
    ledger.record(&record, &[done(1)], &[], &[(Uid(2), 10)], 100).unwrap();
    drop(ledger);
    let flip = "UPDATE kimt.block SET content = set_bit(content, 77, 1 - get_bit(content, 77))";
    postgres.connect(&url).batch_execute(flip).unwrap();
    let (ledger, _) = opened(&one);
    assert_eq!(ledger.done(&record).unwrap_err().kind(), LedgerErrorKind::Damaged);
    drop(ledger);
    assert!(opened(&one).0.folders().is_empty());
}

#[test]
fn what_is_wrong_with_a_database_is_said_in_a_sentence() {
    let postgres = Postgres::start();
    let url = postgres.database();
    drop(machine(&url, LONG));
    let said = |url: &str| {
        let error = Database::open(DatabaseAddress::parse(url).unwrap(), LONG).unwrap_err();
        assert!(!error.to_string().contains("Error {") && !error.to_string().contains("FATAL"), "{error}");
        error.to_string()
    };
    assert!(said(&url.replace("/test_", "/nowhere_")).contains("does not exist"));
    assert!(said("postgres://kimt@127.0.0.1:1/mail").contains("cannot be reached"));
    let mut client = postgres.connect(&url);
    client.batch_execute("UPDATE kimt.store SET version = 99").unwrap();
    assert!(said(&url).contains("version 99"));
    client.batch_execute("UPDATE kimt.store SET version = 3; CREATE ROLE guest LOGIN").unwrap();
    assert!(said(&url.replace("kimt@", "guest@")).contains("rights"));
    client.batch_execute("ALTER SYSTEM SET default_transaction_read_only = on").unwrap();
    client.batch_execute("SELECT pg_reload_conf()").unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while !Database::open(DatabaseAddress::parse(&url).unwrap(), LONG)
        .err()
        .is_some_and(|error| error.to_string().contains("standby"))
    {
        assert!(Instant::now() < until);
        std::thread::sleep(milliseconds(50));
    }
    drop(client);
    postgres.crash();
    assert!(said(&url).contains("cannot be reached"));
}
