//! Another copy of the data takes over: no mailbox stays held, and none can be taken until every former holder has stopped.

use super::*;

#[test]
fn after_a_fail_over_nobody_keeps_a_mailbox_and_nobody_takes_one_at_once() {
    let postgres = Postgres::shared();
    let url = postgres.database();
    let one = machine(&url, LONG);
    let (mut ledger, _) = opened(&one);
    let record = inbox(&mut ledger);
    // As if a standby had been promoted.
    postgres.connect(&url).batch_execute("UPDATE kimt.store SET timeline = timeline - 1").unwrap();
    let times = LeaseTimes { lease: milliseconds(1500), renew: milliseconds(200), grace: milliseconds(500), ..LONG };
    let noticed = Instant::now();
    let (_, history) = taken_over(&machine(&url, times));
    assert!(noticed.elapsed() >= milliseconds(2000), "{:?}", noticed.elapsed());
    assert_eq!(history, History::TakenOver);
    let refused = ledger.record(&record, &[], &[], &[(Uid(1), 10)], 100).unwrap_err();
    assert_eq!(refused.kind(), LedgerErrorKind::Fenced, "{refused}");
}

/// A database that fails over from a primary to its standby and keeps its address.
struct Pair {
    primary: Postgres,
    standby: Postgres,
    folder: tempfile::TempDir,
    name: String,
}

impl Pair {
    fn start() -> Self {
        let primary = Postgres::start();
        let name = primary.database().rsplit('/').next().unwrap().to_owned();
        let standby = primary.standby();
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(primary.socket(), folder.path().join("now")).unwrap();
        Self { primary, standby, folder, name }
    }

    fn url(&self) -> String {
        let socket = self.folder.path().join("now").display().to_string().replace('/', "%2F");
        format!("postgres://kimt@{socket}/{}", self.name)
    }

    /// What has reached the standby.
    fn replicated(&self, count: &str) -> i64 {
        let mut client = self.standby.connect(&self.name);
        client.query_one(count, &[]).map(|row| row.get(0)).unwrap_or(0)
    }

    fn fail_over(&self) {
        self.primary.crash();
        let now = self.folder.path().join("now");
        std::fs::remove_file(&now).unwrap();
        std::os::unix::fs::symlink(self.standby.socket(), &now).unwrap();
        // Does not wait for the promotion: connections first reach a standby, then a primary without a checkpoint.
        self.standby.connect(&self.name).batch_execute("SELECT pg_promote(false)").unwrap();
    }
}

#[test]
fn a_standby_that_is_promoted_is_noticed_at_once_and_nobody_works_on_with_what_it_may_not_have() {
    let pair = Pair::start();
    let one = machine(&pair.url(), LONG);
    let (mut ledger, record) = working(&one);
    until("it is replicated", || pair.replicated("SELECT count(*) FROM kimt.block") > 0);
    pair.fail_over();
    let refused = ledger.record(&record, &[], &[], &[(Uid(2), 10)], 100).unwrap_err();
    assert_eq!(refused.kind(), LedgerErrorKind::Fenced, "{refused}");
    let early = Ledger::open(&machine(&pair.url(), LONG), &key()).err().unwrap();
    assert_eq!(early.kind(), LedgerErrorKind::InUse, "nobody takes one at once: {early}");
    pair.standby.connect(&pair.name).batch_execute("UPDATE kimt.store SET closed_until = clock_timestamp()").unwrap();
    let (ledger, history) = taken_over(&machine(&pair.url(), LONG));
    assert_eq!((history, ledger.intents(&record).unwrap().len()), (History::TakenOver, 1));
}

#[test]
fn a_fail_over_behind_a_pool_of_connections_is_noticed_with_the_next_renewal() {
    let postgres = Postgres::shared();
    let url = postgres.database();
    let lost = database(&url, LeaseTimes { renew: milliseconds(300), ..LONG });
    assert!(lost.holds());
    postgres.connect(&url).batch_execute("UPDATE kimt.store SET timeline = timeline - 1").unwrap();
    until("no renewal is granted", || !lost.holds());
}
