//! A fleet in compressed time: many workers over the real tables of a real PostgreSQL, with mailboxes of which only the time they take is
//! real. A lease takes a third of its usual time.
//!
//!     cargo run --release --example fleet -- postgres://kimt@localhost/trial 100000 256 1800 "pg_ctl restart -m immediate -D …"
//!
//! The numbers: mailboxes, workers, and the seconds that the whole would take if nothing went wrong and nobody ever waited. The command, if
//! there is one, restarts the database, after a quarter, half and three quarters of that time.
//!
//! 1. A worker lives for a while and ends as one that is drained; then another one begins in its place.
//! 2. Half of those that begin cannot renew their lease. They stop by their own clock, silently; or they are frozen over their first
//!    mailbox, and their clock with them: they wake up when somebody else has it long since, and try to report and to end it.
//! 3. At the end each mailbox was completed once, and there were never more connections than the server allows, or the program panics.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // A trial that cannot continue ends.

use kimt::fleet::{Database, DatabaseAddress, Fleet, FleetKey, Job, JobEnd, JobSums, LeaseTimes, NewJob};
use kimt::ledger::LedgerError;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

const LEASE: Duration = Duration::from_secs(20);

/// What is counted over all workers.
#[derive(Default)]
struct Counts {
    completed: Vec<AtomicU32>,
    /// Work that was reported or ended too late, and refused.
    refused: AtomicU64,
    vanished: AtomicU64,
    open: AtomicU32,
    most_open: AtomicU32,
    /// Milliseconds from the moment a worker vanished to the next take of its job, at most.
    recovery: AtomicU64,
    vanished_at: Vec<AtomicU64>,
    /// Workers that ended because the database was away for longer than their lease.
    cut_off: AtomicU64,
}

fn main() {
    let words: Vec<String> = std::env::args().collect();
    let [_, ledger, mailboxes, workers, seconds, restart @ ..] = words.as_slice() else {
        println!("fleet DATABASE MAILBOXES WORKERS SECONDS [RESTART-COMMAND]");
        return;
    };
    let (mailboxes, workers, seconds): (usize, usize, f64) =
        (mailboxes.parse().unwrap(), workers.parse().unwrap(), seconds.parse().unwrap());
    let address = DatabaseAddress::parse(ledger).and_then(DatabaseAddress::with_password).unwrap();
    let folder = std::env::temp_dir().join(format!("fleet-trial-{}", fastrand::u64(..)));
    let key = FleetKey::create(&folder).unwrap();
    std::fs::remove_file(&folder).unwrap();
    let open = |times| Database::open(address.clone(), times);
    let healthy = LeaseTimes::of(LEASE);
    let stopping = LeaseTimes { renew: Duration::from_secs(3600), ..healthy };
    let frozen = LeaseTimes { stop: Duration::from_secs(3600), ..stopping };
    let name = format!("trial {}", fastrand::u32(..));
    let fleet = Fleet::create(open(healthy).unwrap(), &key, &name, b"").unwrap();
    // Sizes as mailboxes have them: many small, few large (log-normal), none larger than half of a worker's share.
    let mut random = fastrand::Rng::with_seed(7);
    let normal = |random: &mut fastrand::Rng| (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
    let sizes: Vec<f64> = (0..mailboxes).map(|_| normal(&mut random).exp()).collect();
    let scale = seconds * workers as f64 / sizes.iter().sum::<f64>();
    let times: Vec<Duration> =
        sizes.iter().map(|size| Duration::from_secs_f64((size * scale).min(seconds / 2.0))).collect();
    let jobs: Vec<NewJob> = (0..mailboxes)
        .map(|number| NewJob {
            account: format!("user{number}"),
            size: times[number].as_micros() as u64,
            content: Zeroizing::new(Vec::new()),
        })
        .collect();
    fleet.add(1, &jobs).unwrap();
    let limit = (workers as u32 * 9 / 10).max(1);
    fleet.set_slots("target", limit).unwrap();
    fleet.begin("migrate", &[], None).unwrap();
    println!("{mailboxes} mailboxes, {workers} workers, {limit} connections");
    let counts = Counts {
        completed: (0..mailboxes).map(|_| AtomicU32::new(0)).collect(),
        vanished_at: (0..mailboxes).map(|_| AtomicU64::new(0)).collect(),
        ..Counts::default()
    };
    let began = Instant::now();
    std::thread::scope(|scope| {
        for worker in 0..workers {
            let (counts, times, key, name, open) = (&counts, &times, &key, &name, &open);
            scope.spawn(move || {
                let mut random = fastrand::Rng::with_seed(worker as u64);
                loop {
                    let (fate, times_of_lease) = match random.u32(0..4) {
                        0 => (Fate::Stops, stopping),
                        1 => (Fate::Freezes, frozen),
                        _ => (Fate::Lives(Duration::from_secs_f64(seconds * random.f64())), healthy),
                    };
                    let lived = live(
                        open,
                        (name, key),
                        worker,
                        &mut |fleet| work(fleet, counts, times, began, fate),
                        times_of_lease,
                    );
                    match lived {
                        Ok(true) => return,
                        Ok(false) => {}
                        // As whatever starts processes does.
                        Err(_) => {
                            counts.cut_off.fetch_add(1, Ordering::SeqCst);
                            std::thread::sleep(Duration::from_secs(1));
                        }
                    }
                }
            });
        }
        if let [command] = restart {
            scope.spawn(move || {
                for _ in 0..3 {
                    std::thread::sleep(Duration::from_secs_f64(seconds / 4.0));
                    let restarted = std::process::Command::new("sh").args(["-c", command]).status();
                    println!("{:.0} s: the database was restarted: {restarted:?}", began.elapsed().as_secs_f64());
                }
            });
        }
    });
    let took = began.elapsed().as_secs_f64();
    // Whose answer was lost with the database does not know that it completed its mailbox; the database does.
    let twice = counts.completed.iter().filter(|count| count.load(Ordering::SeqCst) > 1).count();
    assert_eq!(twice, 0, "mailboxes that were completed twice");
    let status = Fleet::open(open(healthy).unwrap(), Some(&name), None).unwrap().status().unwrap();
    assert_eq!((status.complete, status.open()), (mailboxes as u64, 0), "mailboxes that were completed");
    assert!(counts.most_open.load(Ordering::SeqCst) <= limit, "{:?} connections", counts.most_open);
    let ideal = times.iter().sum::<Duration>().as_secs_f64() / f64::from(limit);
    println!(
        "each mailbox was completed once; {} workers vanished, {} lost their lease to the database, {} late words were refused, at most {} connections were open",
        counts.vanished.into_inner(),
        counts.cut_off.into_inner(),
        counts.refused.into_inner(),
        counts.most_open.into_inner()
    );
    println!(
        "{took:.1} s, {:.1} % above the ideal of {ideal:.1} s with these connections; a job of one that vanished was taken again within {:.1} s",
        (took / ideal - 1.0) * 100.0,
        counts.recovery.into_inner() as f64 / 1000.0
    );
}

type Opened = Result<Arc<Database>, LedgerError>;

/// One process from its start to its end.
fn live(
    open: &impl Fn(LeaseTimes) -> Opened,
    (name, key): (&str, &FleetKey),
    worker: usize,
    work: &mut dyn FnMut(&Arc<Fleet>) -> Result<bool, LedgerError>,
    times: LeaseTimes,
) -> Result<bool, LedgerError> {
    let fleet = Arc::new(Fleet::open(open(times)?, Some(name), Some(key))?);
    fleet.join(&format!("machine {}", worker / 8), "")?;
    work(&fleet)
}

/// What becomes of a worker.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    /// It lives this long.
    Lives(Duration),
    /// Its own clock stops it, because its lease is not renewed.
    Stops,
    /// It is frozen over its first mailbox.
    Freezes,
}

/// Works until nothing is left (true), or until this worker's life is over (false).
fn work(
    fleet: &Arc<Fleet>,
    counts: &Counts,
    times: &[Duration],
    began: Instant,
    fate: Fate,
) -> Result<bool, LedgerError> {
    let now = || began.elapsed().as_millis() as u64 + 1;
    let vanish = |number: usize| {
        counts.vanished.fetch_add(1, Ordering::SeqCst);
        counts.vanished_at[number].store(now(), Ordering::SeqCst);
    };
    let born = Instant::now();
    let is_over = || match fate {
        Fate::Lives(long) => born.elapsed() >= long,
        Fate::Stops => !fleet.database().holds(),
        Fate::Freezes => born.elapsed() >= LEASE,
    };
    while !is_over() {
        let Some(job) = fleet.take(1, "m")? else {
            if !fleet.orders()?.is_open {
                return Ok(true);
            }
            std::thread::sleep(Duration::from_millis(500));
            continue;
        };
        let number = usize::try_from(job.ordinal).unwrap();
        let since = counts.vanished_at[number].swap(0, Ordering::SeqCst);
        if since > 0 {
            counts.recovery.fetch_max(now() - since, Ordering::SeqCst);
        }
        let slot = loop {
            if fate != Fate::Freezes && !fleet.database().holds() || fate == Fate::Freezes && is_over() {
                vanish(number);
                return Ok(false);
            }
            match fleet.take_slot("target")? {
                Some(slot) => break slot,
                None => std::thread::sleep(Duration::from_millis(200)),
            }
        };
        if fate == Fate::Freezes {
            vanish(number);
            std::thread::sleep(LEASE * 2);
            // Back to life: by now somebody else has the job.
            end(fleet, &job, counts, number)?;
            return Ok(false);
        }
        let open = counts.open.fetch_add(1, Ordering::SeqCst) + 1;
        counts.most_open.fetch_max(open, Ordering::SeqCst);
        let done_at = Instant::now() + times[number];
        while Instant::now() < done_at && fleet.database().holds() {
            std::thread::sleep(done_at.saturating_duration_since(Instant::now()).min(Duration::from_millis(100)));
        }
        counts.open.fetch_sub(1, Ordering::SeqCst);
        if !fleet.database().holds() {
            vanish(number);
            return Ok(false);
        }
        drop(slot);
        end(fleet, &job, counts, number)?;
    }
    Ok(false)
}

/// Reports and ends a job; whether it was this worker's.
fn end(fleet: &Fleet, job: &Job, counts: &Counts, number: usize) -> Result<bool, LedgerError> {
    let reported = fleet.report(job, JobSums::default(), b"state")?;
    let ended = fleet.end(job, JobEnd::Ended("complete"))?;
    counts.refused.fetch_add(u64::from(!reported) + u64::from(!ended), Ordering::SeqCst);
    counts.completed[number].fetch_add(u32::from(ended), Ordering::SeqCst);
    Ok(ended)
}
