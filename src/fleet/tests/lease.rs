//! A process whose lease has ended stops by its own clock, takes nothing, and writes nothing.
//!
//! No test waits for a lease to end in the database: [`end_leases`] ends it.

use super::*;

/// A process whose own clock has stopped and that renews nothing.
const FROZEN: LeaseTimes = LeaseTimes { renew: milliseconds(3_600_000), stop: milliseconds(3_600_000), ..LONG };

/// Ends all leases `ago`, by the database's clock.
fn end_leases(postgres: &Postgres, url: &str, ago: &str) {
    let statement = format!("UPDATE kimt.worker SET until = clock_timestamp() - interval '{ago}'");
    postgres.connect(url).batch_execute(&statement).unwrap();
}

/// Whether the process has been told to stop.
fn stop_of(database: &Database) -> Arc<AtomicBool> {
    let stopped = Arc::new(AtomicBool::new(false));
    let noted = stopped.clone();
    database.on_loss(move || noted.store(true, Ordering::SeqCst));
    stopped
}

#[test]
fn a_machine_without_a_renewal_stops_by_its_own_clock_before_anybody_takes_its_mailbox() {
    let postgres = Postgres::start();
    let url = postgres.database();
    let lost = database(&url, LeaseTimes { renew: milliseconds(200), stop: milliseconds(6000), ..LONG });
    let stopped = stop_of(&lost);
    let (mut ledger, record) = working(&SharedRecords::new(lost.clone()));
    let away = Instant::now();
    postgres.crash();
    until("it stops", || stopped.load(Ordering::SeqCst));
    assert!(away.elapsed() < LONG.lease, "{:?}", away.elapsed());
    postgres.run();
    let in_use = || Ledger::open(&machine(&url, LONG), &key()).err().unwrap().kind() == LedgerErrorKind::InUse;
    assert!(in_use(), "it stopped long before its lease was over");
    end_leases(&postgres, &url, "1 second");
    assert!(in_use(), "nor is it taken over at once then");
    end_leases(&postgres, &url, "1 hour");
    let (theirs, history) = opened(&machine(&url, LONG));
    assert_eq!(history, History::TakenOver);
    assert_eq!(theirs.intents(&record).unwrap().len(), 1, "what was under way is known");
    let refused = ledger.record(&record, &[], &[], &[(Uid(2), 10)], 100).unwrap_err();
    assert_eq!(refused.kind(), LedgerErrorKind::Fenced, "{refused}");
    assert!(stop_of(&lost).load(Ordering::SeqCst), "who asks later is called at once");
}

#[test]
fn a_machine_that_does_not_know_that_its_mailbox_was_taken_over_writes_nothing() {
    let postgres = Postgres::shared();
    let url = postgres.database();
    let zombie = machine(&url, FROZEN);
    let (mut ledger, record) = working(&zombie);
    end_leases(&postgres, &url, "1 hour");
    let other = machine(&url, LONG);
    let (theirs, _) = opened(&other);
    let refused = ledger.record(&record, &[], &[], &[(Uid(2), 10)], 100).unwrap_err();
    assert_eq!(refused.kind(), LedgerErrorKind::Fenced, "{refused}");
    assert_eq!(ledger.forget_folder(&record).unwrap_err().kind(), LedgerErrorKind::Fenced);
    // It cannot give back what another holds.
    drop(ledger);
    for store in [&machine(&url, LONG), &zombie] {
        assert_eq!(Ledger::open(store, &key()).err().unwrap().kind(), LedgerErrorKind::InUse);
    }
    drop(theirs);
    let (ledger, history) = opened(&other);
    assert_eq!((ledger.intents(&record).unwrap().len(), history), (1, History::Known), "given back, it is clean");
}

#[test]
fn a_lease_that_has_expired_is_not_renewed() {
    let postgres = Postgres::shared();
    let url = postgres.database();
    let late = database(&url, LeaseTimes { renew: milliseconds(1000), ..LONG });
    let stopped = stop_of(&late);
    end_leases(&postgres, &url, "1 second");
    until("it is refused", || stopped.load(Ordering::SeqCst));
    let refused = Ledger::open(&SharedRecords::new(late), &key()).err().unwrap();
    assert_ne!(refused.kind(), LedgerErrorKind::InUse, "{refused}");
}

#[test]
fn a_machine_whose_lease_is_over_takes_nothing_although_nobody_may_take_over_from_it_yet() {
    let postgres = Postgres::shared();
    let url = postgres.database();
    let late = machine(&url, FROZEN);
    end_leases(&postgres, &url, "1 second");
    assert_eq!(Ledger::open(&late, &key()).err().unwrap().kind(), LedgerErrorKind::InUse);
}
