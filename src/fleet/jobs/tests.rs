//! Jobs over a real PostgreSQL, many at once: taken, reported, ended, begun again, watched.

mod together;

use crate::fleet::testing::Postgres;
use crate::fleet::{
    Begun, Database, DatabaseAddress, Errand, Fleet, FleetKey, Job, JobEnd, JobSums, LeaseTimes, NewJob, Wish,
};
use crate::ledger::LedgerErrorKind;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use zeroize::Zeroizing;

/// A fleet with a task begun on `jobs` jobs, and what other machines need to join it.
struct Yard {
    postgres: Arc<Postgres>,
    url: String,
    key: FleetKey,
}

impl Yard {
    fn new(jobs: usize) -> Self {
        let postgres = Postgres::shared();
        let folder = tempfile::tempdir().unwrap();
        let key = FleetKey::create(&folder.path().join("key")).unwrap();
        let yard = Self { url: postgres.database(), postgres, key };
        let fleet = Fleet::create(yard.database(), &yard.key, "uni", b"setup").unwrap();
        let job = |number: usize| NewJob {
            account: format!("user{number}@x"),
            size: number as u64,
            content: Zeroizing::new(format!("job {number}").into_bytes()),
        };
        let new: Vec<NewJob> = (0..jobs).map(job).collect();
        assert_eq!(fleet.add(1, &new).unwrap(), jobs as u64);
        assert_eq!(fleet.add(1, &new).unwrap(), 0, "one account has one job");
        assert_eq!(fleet.begin("migrate", &[], None).unwrap(), Begun::Jobs(jobs as u64));
        yard
    }

    fn database(&self) -> Arc<Database> {
        Database::open(DatabaseAddress::parse(&self.url).unwrap(), LeaseTimes::default()).unwrap()
    }

    fn machine(&self, egress: &str) -> Arc<Fleet> {
        let fleet = Fleet::open(self.database(), None, Some(&self.key)).unwrap();
        fleet.join("machine", egress).unwrap();
        Arc::new(fleet)
    }

    fn sql(&self, statement: &str) {
        self.postgres.connect(&self.url).batch_execute(statement).unwrap();
    }

    /// Ends the leases of all holders, long ago.
    fn vanish(&self) {
        self.sql(
            "UPDATE kimt.worker SET until = clock_timestamp() - interval '1 hour' WHERE id IN (SELECT holder FROM kimt.job
             UNION SELECT holder FROM kimt.slot UNION SELECT holder FROM kimt.errand)",
        );
    }
}

/// The next job. Retries, because taking does not wait while another process frees what vanished ones held.
fn taken(fleet: &Fleet) -> Job {
    for _ in 0..600 {
        if let Some(job) = fleet.take(1, "m").unwrap() {
            return job;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("there is no job");
}

#[test]
fn of_many_machines_that_take_at_once_each_job_goes_to_one_the_largest_first() {
    const JOBS: usize = 120;
    let yard = Yard::new(JOBS);
    let machines: Vec<_> = (0..6).map(|_| yard.machine("")).collect();
    let held: Vec<AtomicBool> = (0..JOBS).map(|_| AtomicBool::new(false)).collect();
    let order = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for fleet in &machines {
            let (held, order) = (&held, &order);
            scope.spawn(move || {
                while let Some(job) = fleet.take(1, "m").unwrap() {
                    let number = usize::try_from(job.ordinal).unwrap();
                    assert!(!held[number].swap(true, Ordering::SeqCst), "job {number} was given twice");
                    assert_eq!(job.content.as_slice(), format!("job {number}").as_bytes());
                    order.lock().unwrap().push(number);
                    if number % 5 == 0 {
                        std::thread::sleep(std::time::Duration::from_millis(3));
                    }
                    assert!(fleet.report(&job, JobSums::default(), b"report").unwrap());
                    assert!(fleet.end(&job, JobEnd::Ended("complete")).unwrap());
                }
            });
        }
    });
    let order = order.into_inner().unwrap();
    assert_eq!(order.iter().collect::<BTreeSet<_>>().len(), JOBS);
    assert!(order[..20].iter().sum::<usize>() > order[JOBS - 20..].iter().sum(), "{order:?}");
    let status = machines[0].status().unwrap();
    assert_eq!((status.complete, status.open()), (JOBS as u64, 0));
}

/// Why [`super::take`] does not join. If this test fails, PostgreSQL has changed; taking is not at fault.
#[test]
fn to_take_with_a_join_would_give_one_job_to_two() {
    const TRAP: &str = "
        UPDATE kimt.job SET holder = $1 WHERE (fleet, ordinal) = (
            SELECT j.fleet, j.ordinal FROM kimt.job j LEFT JOIN kimt.worker w ON w.id = j.holder
            WHERE j.state = 'open' AND (w.id IS NULL OR w.until < clock_timestamp())
            ORDER BY j.ordinal LIMIT 1 FOR UPDATE OF j SKIP LOCKED)
        RETURNING ordinal";
    let yard = Yard::new(150);
    yard.sql("INSERT INTO kimt.worker (id, name, until) SELECT n, 'w', 'infinity' FROM generate_series(1, 8) n");
    let (given, distinct) = (AtomicUsize::new(0), Mutex::new(BTreeSet::new()));
    std::thread::scope(|scope| {
        for worker in 1..=8_i64 {
            let (yard, given, distinct) = (&yard, &given, &distinct);
            scope.spawn(move || {
                let mut client = yard.postgres.connect(&yard.url);
                while let Some(row) = client.query(TRAP, &[&worker]).unwrap().first() {
                    given.fetch_add(1, Ordering::SeqCst);
                    distinct.lock().unwrap().insert(row.get::<_, i64>(0));
                }
            });
        }
    });
    let (given, distinct) = (given.into_inner(), distinct.into_inner().unwrap().len());
    assert!(given > distinct, "{given} takes of {distinct} jobs");
}

#[test]
fn whoever_lost_a_job_neither_tells_nor_ends_it() {
    let yard = Yard::new(1);
    let (former, rightful) = (yard.machine(""), yard.machine(""));
    let lost = taken(&former);
    assert!(rightful.take(1, "m").unwrap().is_none());
    yard.vanish();
    let job = taken(&rightful);
    assert_eq!(job.tries, 2);
    assert!(!former.report(&lost, JobSums::default(), b"late").unwrap());
    assert!(!former.end(&lost, JobEnd::Ended("complete")).unwrap());
    assert!(rightful.report(&job, JobSums::default(), b"right").unwrap());
    assert!(rightful.end(&job, JobEnd::Ended("incomplete")).unwrap());
    assert!(rightful.end(&job, JobEnd::Ended("incomplete")).unwrap(), "said twice, because the answer was lost");
    let mut reports = Vec::new();
    rightful.jobs(|known| reports.push(known.report.unwrap().to_vec())).unwrap();
    assert_eq!(reports, [b"right".to_vec()]);
    assert_eq!(rightful.status().unwrap().incomplete, 1);
}

#[test]
fn a_job_over_which_ten_processes_vanished_without_a_step_forward_is_given_to_nobody() {
    let yard = Yard::new(1);
    for _ in 0..10 {
        taken(&yard.machine(""));
        yard.vanish();
    }
    let next = yard.machine("");
    assert!(next.take(1, "m").unwrap().is_none());
    let status = next.status().unwrap();
    assert_eq!((status.lost, status.open()), (1, 0));
}

#[test]
fn a_row_that_was_put_in_the_place_of_another_is_not_believed() {
    let yard = Yard::new(3);
    yard.sql("UPDATE kimt.job SET sealed = (SELECT sealed FROM kimt.job WHERE ordinal = 0) WHERE ordinal = 2");
    let fleet = yard.machine("");
    let refused = fleet.take(1, "m").unwrap_err();
    assert_eq!(refused.kind(), LedgerErrorKind::Damaged, "{refused}");
    assert_eq!(taken(&fleet).content.as_slice(), b"job 1", "the others continue");
    assert_eq!(fleet.status().unwrap().failed, 1);
}

#[test]
fn nothing_is_given_while_a_fleet_is_held_or_begun_anew_and_a_given_back_job_is_there_at_once() {
    let yard = Yard::new(2);
    let fleet = yard.machine("");
    for wish in [Wish::Pause, Wish::Stop, Wish::Cut] {
        fleet.wish(wish).unwrap();
        assert!(fleet.take(1, "m").unwrap().is_none(), "{wish:?}");
    }
    fleet.wish(Wish::Run).unwrap();
    assert!(fleet.take(2, "m").unwrap().is_none(), "another pass");
    let job = taken(&fleet);
    assert!(fleet.end(&job, JobEnd::GivenBack).unwrap());
    let again = taken(&fleet);
    assert_eq!((again.ordinal, again.tries), (job.ordinal, 1));
    assert!(fleet.end(&again, JobEnd::Again(3600)).unwrap());
    assert_ne!(taken(&fleet).ordinal, job.ordinal, "it is due later");
    assert_eq!(fleet.begin("verify", &[], None).unwrap(), Begun::Busy);
    assert_eq!(fleet.drain("elsewhere").unwrap(), 0);
    assert!(!fleet.finish().unwrap(), "somebody works on it");
}

#[test]
fn a_machine_that_is_drained_or_whose_lease_is_over_takes_no_job_no_connection_and_no_errand() {
    let yard = Yard::new(3);
    let drained = yard.machine("");
    drained.set_slots("target", 3).unwrap();
    assert_eq!(drained.drain("machine").unwrap(), 1);
    assert!(drained.take(1, "m").unwrap().is_none() && drained.orders().unwrap().drained);
    let late = yard.machine("");
    // Expired, but still within the grace period.
    yard.sql("UPDATE kimt.worker SET until = clock_timestamp()");
    assert!(late.take(1, "m").unwrap().is_none());
    assert!(late.take_slot("target").unwrap().is_none());
    assert_eq!(late.take_errand("x").unwrap().0, Errand::Others);
    assert!(yard.machine("").take(1, "m").unwrap().is_some());
}

#[test]
fn after_a_fail_over_no_job_is_given_at_once() {
    let yard = Yard::new(1);
    let fleet = yard.machine("");
    yard.sql("UPDATE kimt.store SET closed_until = clock_timestamp() + interval '1 hour'");
    assert!(fleet.take(1, "m").unwrap().is_none());
    yard.sql("UPDATE kimt.store SET closed_until = clock_timestamp()");
    assert!(fleet.take(1, "m").unwrap().is_some());
}

#[test]
fn to_begin_a_task_again_leaves_alone_what_somebody_works_on() {
    let yard = Yard::new(2);
    let fleet = yard.machine("");
    let job = taken(&fleet);
    assert!(fleet.report(&job, JobSums::default(), b"half").unwrap());
    assert_eq!(fleet.begin("migrate", &[], None).unwrap(), Begun::Jobs(1));
    let mut reports = Vec::new();
    fleet.jobs(|known| reports.extend(known.report.map(|report| report.to_vec()))).unwrap();
    assert_eq!(reports, [b"half".to_vec()]);
    assert!(fleet.end(&job, JobEnd::Ended("complete")).unwrap());
}

#[test]
fn each_machine_has_the_share_of_its_jobs_in_what_all_have_together() {
    let yard = Yard::new(8);
    let (one, other) = (yard.machine(""), yard.machine(""));
    assert_eq!(one.orders().unwrap().share(), 1.0);
    let _three: Vec<Job> = (0..3).map(|_| taken(&one)).collect();
    assert_eq!((one.orders().unwrap().share(), other.orders().unwrap().share()), (1.0, 0.25));
    let _last = taken(&other);
    assert_eq!((one.orders().unwrap().share(), other.orders().unwrap().share()), (0.75, 0.25));
}

#[test]
fn a_job_whose_turn_it_is_not_is_put_back_and_no_try_is_counted() {
    let yard = Yard::new(1);
    let fleet = yard.machine("");
    let job = taken(&fleet);
    assert!(fleet.end(&job, JobEnd::PutBack(3600)).unwrap());
    assert!(fleet.take(1, "m").unwrap().is_none(), "it is due later");
    yard.sql("UPDATE kimt.job SET due = '-infinity'");
    assert_eq!(taken(&fleet).tries, 1);
}

#[test]
fn the_time_of_a_task_ends_with_its_last_job() {
    let yard = Yard::new(2);
    let fleet = yard.machine("");
    yard.sql("UPDATE kimt.fleet SET began = began - interval '2 hours'");
    for _ in 0..2 {
        assert!(fleet.status().unwrap().elapsed >= 7_200_000, "it goes on");
        assert!(fleet.end(&taken(&fleet), JobEnd::Ended("complete")).unwrap());
    }
    yard.sql("UPDATE kimt.job SET changed = changed - interval '1 hour'");
    let elapsed = fleet.status().unwrap().elapsed;
    assert!((3_500_000..3_700_000).contains(&elapsed), "{elapsed}");
}

/// With a schedule, all jobs are due later for hours, and every idle machine keeps asking.
#[test]
fn to_find_that_nothing_is_due_no_machine_looks_at_all_jobs() {
    const JOBS: i64 = 3000;
    let yard = Yard::new(JOBS as usize);
    let fleet = yard.machine("");
    yard.sql("UPDATE kimt.job SET due = clock_timestamp() + interval '1 hour'");
    yard.sql("VACUUM ANALYZE kimt.job");
    yard.sql("SELECT pg_stat_reset()");
    let mut client = yard.postgres.connect(&yard.url);
    let mut looked_at = || {
        let counted = "SELECT idx_scan, seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'job'";
        let row = client.query_one(counted, &[]).unwrap();
        (row.get::<_, i64>(0), row.get::<_, i64>(1))
    };
    // PostgreSQL updates its statistics with a delay.
    while looked_at().0 < 20 {
        assert!(fleet.take(1, "m").unwrap().is_none());
        assert!(fleet.orders().unwrap().is_open);
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let (times, jobs) = looked_at();
    assert!(jobs < JOBS, "{times} times, {jobs} jobs");
}

#[test]
fn whoever_watches_reads_what_was_changed_and_what_was_found_out() {
    let yard = Yard::new(30);
    let (fleet, watcher) = (yard.machine(""), yard.machine(""));
    let read = |since, also: &[i64]| {
        let mut read = Vec::new();
        let next = watcher.jobs_since(since, also, |job| read.push((job.ordinal, job.is_held))).unwrap();
        (next, read)
    };
    let (_, all) = read(None, &[]);
    assert_eq!(all.len(), 30);
    yard.sql("UPDATE kimt.job SET changed = clock_timestamp() - interval '1 hour'");
    let (since, _) = read(None, &[]);
    assert_eq!(read(Some(since), &[]).1, []);
    let job = taken(&fleet);
    assert_eq!(read(Some(since), &[]).1, [(job.ordinal, true)]);
    assert_eq!(read(Some(since), &[3]).1, [(3, false), (job.ordinal, true)]);
    for change in ["report", "end", "begin"] {
        yard.sql("UPDATE kimt.job SET changed = clock_timestamp() - interval '1 hour'");
        match change {
            "report" => assert!(fleet.report(&job, JobSums::default(), b"x").unwrap()),
            "end" => assert!(fleet.end(&job, JobEnd::Ended("complete")).unwrap()),
            _ => assert!(matches!(fleet.begin("migrate", &[], None).unwrap(), Begun::Jobs(_))),
        }
        assert!(read(Some(since), &[]).1.iter().any(|(ordinal, _)| *ordinal == job.ordinal), "{change}");
    }
    fleet.note_fact("product", b"Dovecot", false).unwrap();
    fleet.note_fact("product", b"Cyrus", false).unwrap();
    fleet.note_fact("seats", b"3 of 5", true).unwrap();
    fleet.note_fact("seats", b"4 of 5", true).unwrap();
    let facts: BTreeSet<Vec<u8>> = watcher.facts().unwrap().iter().map(|fact| fact.to_vec()).collect();
    assert_eq!(facts, BTreeSet::from([b"Cyrus".to_vec(), b"3 of 5".to_vec()]));
    let dump = yard.postgres.dump(&yard.url);
    assert!(!dump.contains("Cyrus") && !dump.contains("437972757"), "sealed");
}
