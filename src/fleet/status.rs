//! The status of a fleet: its task, the number of jobs in each state, and the processes at work. Anyone who can read the database can read
//! these numbers; they contain no address.

use super::jobs::JobSums;
use postgres::Client;
use postgres::types::Type;

/// What the machines of a fleet must do with the current task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wish {
    /// Work on it.
    #[default]
    Run,
    /// Pause between batches.
    Pause,
    /// End once what is in flight is settled.
    Stop,
    /// End at once.
    Cut,
}

impl Wish {
    const ALL: [(Wish, &'static str); 4] =
        [(Wish::Run, "run"), (Wish::Pause, "pause"), (Wish::Stop, "stop"), (Wish::Cut, "cut")];

    /// The word for it in the database and in JSON.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(wish, _)| *wish == self).map_or("run", |(_, word)| word)
    }

    fn read(word: &str) -> Self {
        // An unknown word is one of a later version: nothing begins.
        Self::ALL.iter().find(|(_, known)| *known == word).map_or(Wish::Pause, |(wish, _)| *wish)
    }
}

/// The status of a fleet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Status {
    /// The current task; none before the first.
    pub task: Option<String>,
    /// The number of the task, counted from 1.
    pub pass: i32,
    /// When it began, in milliseconds since 1970.
    pub began: Option<i64>,
    /// Milliseconds since then by the database's clock; up to the last change once all jobs are done.
    pub elapsed: u64,
    /// What its machines must do.
    pub wish: Wish,
    /// Whether the fleet is finished: everything sealed is wiped.
    pub finished: bool,
    /// Jobs that no task has reached.
    pub idle: u64,
    /// Jobs that are due and not held.
    pub waiting: u64,
    /// Jobs that are not due yet.
    pub later: u64,
    /// Seconds until the first of these is due.
    pub next_due: Option<f64>,
    /// Jobs that a process works on.
    pub held: u64,
    /// Jobs that are done, by their outcome: complete, incomplete, failed, lost.
    pub complete: u64,
    /// See `complete`.
    pub incomplete: u64,
    /// See `complete`.
    pub failed: u64,
    /// See `complete`.
    pub lost: u64,
    /// The sums over all jobs.
    pub sums: JobSums,
    /// The processes that work on it.
    pub workers: Vec<WorkerStatus>,
}

/// A process that works on a fleet.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkerStatus {
    /// Its machine.
    pub machine: String,
    /// Its name on that machine.
    pub name: String,
    /// How many jobs it holds.
    pub jobs: u64,
    /// Seconds for which its lease still holds; negative once it has expired.
    pub lease: f64,
    /// Whether it ends after its current jobs.
    pub drained: bool,
}

impl Status {
    /// Jobs that are not done.
    pub fn open(&self) -> u64 {
        self.waiting + self.later + self.held
    }

    /// All jobs.
    pub fn jobs(&self) -> u64 {
        self.idle + self.open() + self.done()
    }

    /// Jobs that are done.
    pub fn done(&self) -> u64 {
        self.complete + self.incomplete + self.failed + self.lost
    }
}

/// What a worker asks for again and again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Orders {
    /// What the machines must do.
    pub wish: Wish,
    /// The current task; none before the first.
    pub task: Option<String>,
    /// The number of the task, counted from 1.
    pub pass: i32,
    /// Whether this process ends after its current jobs.
    pub drained: bool,
    /// Whether any job is not done.
    pub is_open: bool,
    /// The number of jobs that this process holds, and that all processes hold.
    pub held: (u64, u64),
}

impl Orders {
    /// This process's share of what the machines share, from 0 to 1: that of its jobs. A process without a job counts as if it had one.
    pub fn share(&self) -> f64 {
        let (own, all) = self.held;
        own.max(1) as f64 / (all - own + own.max(1)) as f64
    }
}

pub(super) fn orders(client: &mut Client, fleet: i64, worker: i64) -> Result<Orders, postgres::Error> {
    // Ordered, so that PostgreSQL answers from the index on due times.
    let rows = client.query_typed(
        "SELECT wish, task, pass, coalesce((SELECT drained FROM kimt.worker WHERE id = $2), false),
             (SELECT due FROM kimt.job WHERE fleet = f.id AND state = 'open' AND holder IS NULL ORDER BY due LIMIT 1) IS NOT NULL,
             (SELECT count(*) FROM kimt.job WHERE fleet = f.id AND holder = $2),
             (SELECT count(*) FROM kimt.job WHERE fleet = f.id AND holder IS NOT NULL)
         FROM kimt.fleet f WHERE id = $1",
        &[(&fleet, Type::INT8), (&worker, Type::INT8)],
    )?;
    let read = |row: &postgres::Row| Orders {
        wish: Wish::read(row.get(0)),
        task: row.get(1),
        pass: row.get(2),
        drained: row.get(3),
        is_open: row.get(4) || row.get::<_, i64>(6) > 0,
        held: {
            let count = |at: usize| u64::try_from(row.get::<_, i64>(at)).unwrap_or_default();
            (count(5), count(6).max(count(5)))
        },
    };
    // The fleet was deleted: stop working for it.
    Ok(rows.first().map_or(Orders { wish: Wish::Stop, ..Orders::default() }, read))
}

pub(super) fn status(client: &mut Client, fleet: i64) -> Result<Status, postgres::Error> {
    let mut status = Status::default();
    let rows = client.query_typed(
        "SELECT task, pass, (extract(epoch FROM began) * 1000)::bigint, wish, setup IS NULL,
             coalesce((extract(epoch FROM clock_timestamp() - began) * 1000)::bigint, 0) FROM kimt.fleet WHERE id = $1",
        &[(&fleet, Type::INT8)],
    )?;
    if let Some(row) = rows.first() {
        status.task = row.get(0);
        status.pass = row.get(1);
        status.began = row.get(2);
        status.wish = Wish::read(row.get(3));
        status.finished = row.get(4);
        status.elapsed = u64::try_from(row.get::<_, i64>(5)).unwrap_or_default();
    }
    let counted = client.query_typed(
        "SELECT CASE WHEN state <> 'open' THEN coalesce(outcome, state) WHEN holder IS NOT NULL THEN 'held'
                 WHEN due <= clock_timestamp() THEN 'waiting' ELSE 'later' END AS what,
             count(*), sum(expected_messages)::bigint, sum(expected_bytes)::bigint, sum(settled_messages)::bigint,
             sum(settled_bytes)::bigint, extract(epoch FROM min(due) FILTER (WHERE due > clock_timestamp()) - clock_timestamp())::float8,
             (extract(epoch FROM max(changed)) * 1000)::bigint
         FROM kimt.job WHERE fleet = $1 GROUP BY what",
        &[(&fleet, Type::INT8)],
    )?;
    let mut changed = 0;
    for row in &counted {
        changed = changed.max(row.get::<_, i64>(7));
        let number = |at: usize| u64::try_from(row.get::<_, i64>(at)).unwrap_or_default();
        let what: String = row.get(0);
        let count = number(1);
        match what.as_str() {
            "held" => status.held = count,
            "waiting" => status.waiting = count,
            "later" => (status.later, status.next_due) = (count, row.get(6)),
            "complete" => status.complete = count,
            "incomplete" => status.incomplete = count,
            "failed" => status.failed = count,
            "lost" => status.lost = count,
            _ => status.idle += count,
        }
        status.sums.expected_messages += number(2);
        status.sums.expected_bytes += number(3);
        status.sums.settled_messages += number(4);
        status.sums.settled_bytes += number(5);
    }
    if let (Some(began), 0, 1..) = (status.began, status.open(), status.done()) {
        status.elapsed = u64::try_from(changed - began).unwrap_or_default();
    }
    let workers = client.query_typed(
        "SELECT machine, name, (SELECT count(*) FROM kimt.job WHERE holder = w.id), extract(epoch FROM until - clock_timestamp())::float8,
             drained FROM kimt.worker w WHERE fleet = $1 ORDER BY machine, name",
        &[(&fleet, Type::INT8)],
    )?;
    status.workers = workers
        .iter()
        .map(|row| WorkerStatus {
            machine: row.get(0),
            name: row.get(1),
            jobs: u64::try_from(row.get::<_, i64>(2)).unwrap_or_default(),
            lease: row.get(3),
            drained: row.get(4),
        })
        .collect();
    Ok(status)
}
