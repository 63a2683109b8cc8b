//! The connection to the database: cut again and again, and how often it is used.

use super::*;
use crate::fleet::testing::Line;

#[test]
fn a_line_that_is_cut_and_reset_again_and_again_costs_no_write() {
    let postgres = Postgres::shared();
    let url = postgres.database();
    let line = Line::to(&postgres);
    let one = machine(&line.address(&url), LONG);
    let (mut ledger, _) = opened(&one);
    let record = inbox(&mut ledger);
    for uid in 1..40 {
        match uid % 6 {
            2 => line.cut(),
            4 => line.reset(),
            _ => {}
        }
        intend(&mut ledger, &record, &[uid]);
        ledger.record(&record, &[done(uid)], &[], &[], 100).unwrap();
    }
    ledger.complete(&record, Snapshot { uid_next: Uid(40), messages: 39 }).unwrap();
    drop(ledger);
    let (ledger, history) = opened(&machine(&url, LONG));
    assert_eq!(history, History::Known);
    assert_eq!((ledger.done(&record).unwrap().len(), ledger.intents(&record).unwrap().len()), (39, 0));
}

#[test]
fn what_must_be_on_the_disk_costs_one_round_trip_and_takes_along_what_need_not() {
    const BATCHES: u32 = 40;
    let postgres = Postgres::shared();
    let line = Line::to(&postgres);
    let times = LeaseTimes { renew: Duration::from_secs(3600), stop: Duration::from_secs(3600), ..LONG };
    let one = machine(&line.address(&postgres.database()), times);
    let (mut ledger, _) = opened(&one);
    let record = inbox(&mut ledger);
    intend(&mut ledger, &record, &[1000]);
    let (before, began) = (line.round_trips(), Instant::now());
    for uid in 1..=BATCHES {
        intend(&mut ledger, &record, &[uid]);
        ledger.record(&record, &[done(uid)], &[], &[], 100).unwrap();
    }
    let trips = line.round_trips() - before;
    // Writes that nobody waits for go out after a second at the latest.
    let by_themselves = began.elapsed().as_secs() as u32 + 1;
    assert!((BATCHES..=BATCHES + by_themselves).contains(&trips), "{trips} round trips for {BATCHES} batches");
}

#[test]
fn mailboxes_that_wait_together_share_a_round_trip() {
    const MAILBOXES: u32 = 8;
    const BATCHES: u32 = 30;
    let postgres = Postgres::shared();
    let line = Line::to(&postgres);
    let times = LeaseTimes { renew: Duration::from_secs(3600), stop: Duration::from_secs(3600), ..LONG };
    let one = machine(&line.address(&postgres.database()), times);
    let key = |number: u32| MailboxKey { address: format!("{number}@x"), ..key() };
    let mut ledgers: Vec<Ledger> = (0..MAILBOXES).map(|number| Ledger::open(&one, &key(number)).unwrap().0).collect();
    let before = line.round_trips();
    std::thread::scope(|scope| {
        for ledger in &mut ledgers {
            scope.spawn(move || {
                let record = inbox(ledger);
                (1..=BATCHES).for_each(|uid| intend(ledger, &record, &[uid]));
            });
        }
    });
    let trips = line.round_trips() - before;
    assert!(trips < MAILBOXES * BATCHES / 2, "{trips} round trips for {MAILBOXES} times {BATCHES} batches");
}

/// A statement is repeated after a deadlock, and after a pooler could not pass it on. The trigger raises these errors the first times.
#[test]
fn who_meets_others_at_the_same_rows_or_a_pool_without_a_connection_asks_again() {
    let postgres = Postgres::shared();
    let url = postgres.database();
    let one = machine(&url, LONG);
    let (mut ledger, _) = opened(&one);
    let record = inbox(&mut ledger);
    postgres
        .connect(&url)
        .batch_execute(
            "CREATE SEQUENCE kimt.met;
             CREATE FUNCTION meet() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 CASE nextval('kimt.met')
                     WHEN 1 THEN RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01';
                     WHEN 2 THEN RAISE EXCEPTION 'could not serialize access' USING ERRCODE = '40001';
                     WHEN 3 THEN RAISE EXCEPTION 'server closed the connection' USING ERRCODE = '08006';
                     ELSE RETURN NEW; END CASE; END $$;
             CREATE TRIGGER meet BEFORE INSERT OR UPDATE ON kimt.block FOR EACH ROW EXECUTE FUNCTION meet()",
        )
        .unwrap();
    intend(&mut ledger, &record, &[1]);
    assert_eq!(ledger.intents(&record).unwrap().len(), 1);
}
