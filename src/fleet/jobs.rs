//! Every statement about jobs. A job is a mailbox that a fleet works on.
//!
//! - Taking never joins: after waiting for a row, PostgreSQL checks it again against the *old* rows of joined tables, so that with a join
//!   two processes could take the same job.
//! - A job that is held is written only under its holder's token.
//! - Every statement may be repeated, because its answer may have been lost with the connection.

use postgres::types::Type;
use postgres::{Client, Transaction};

/// A job whose holders vanish this many times without progress is lost, and not given out again.
const MOST_LOSSES: i32 = 10;

/// A job that a process has taken.
#[derive(Debug, Clone)]
pub(super) struct TakenJob {
    pub ordinal: i64,
    pub token: i64,
    pub sealed: Vec<u8>,
    pub tries: i32,
}

/// Takes the next job of a pass; none if none is due, or none may begin. Repeated with the same token, it returns the same job: a second
/// one would leave the first with nobody to work on it.
pub(super) fn take(
    client: &mut Client,
    (worker, token): (i64, i64),
    (fleet, pass): (i64, i32),
    machine: &str,
) -> Result<Option<TakenJob>, postgres::Error> {
    // All parts of the statement see the same snapshot, so a job taken now is not also among those taken with this token before. The
    // earliest due time is checked first: by size, a hundred thousand jobs that are due later would be passed one by one.
    let taken = client.query_typed(
        "WITH taken AS (
             UPDATE kimt.job SET holder = $1, token = $2, tries = tries + 1, machine = $5, changed = clock_timestamp()
             WHERE (fleet, ordinal) = (
                 SELECT fleet, ordinal FROM kimt.job
                 WHERE fleet = $3 AND state = 'open' AND holder IS NULL AND due <= statement_timestamp() AND sealed IS NOT NULL
                 ORDER BY last DESC, size DESC, ordinal LIMIT 1 FOR UPDATE SKIP LOCKED)
             AND (SELECT due FROM kimt.job WHERE fleet = $3 AND state = 'open' AND holder IS NULL
                 ORDER BY due LIMIT 1) <= statement_timestamp()
             AND EXISTS (SELECT FROM kimt.worker WHERE id = $1 AND until > clock_timestamp() AND NOT drained)
             AND EXISTS (SELECT FROM kimt.store WHERE closed_until < clock_timestamp())
             AND EXISTS (SELECT FROM kimt.fleet WHERE id = $3 AND pass = $4 AND wish = 'run')
             AND NOT EXISTS (SELECT FROM kimt.job WHERE fleet = $3 AND holder = $1 AND token = $2)
             RETURNING ordinal, sealed, tries)
         SELECT ordinal, sealed, tries FROM taken
         UNION ALL SELECT ordinal, sealed, tries FROM kimt.job WHERE fleet = $3 AND holder = $1 AND token = $2",
        &[
            (&worker, Type::INT8),
            (&token, Type::INT8),
            (&fleet, Type::INT8),
            (&pass, Type::INT4),
            (&machine, Type::TEXT),
        ],
    )?;
    Ok(taken.first().map(|row| TakenJob { ordinal: row.get(0), token, sealed: row.get(1), tries: row.get(2) }))
}

/// A job's progress in numbers, which are not sealed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JobSums {
    /// Messages on the source.
    pub expected_messages: u64,
    /// Their bytes.
    pub expected_bytes: u64,
    /// Messages that are settled: nothing about them changes any more.
    pub settled_messages: u64,
    /// Their bytes.
    pub settled_bytes: u64,
}

/// Stores a job's progress; false if the token is no longer the job's.
pub(super) fn report(
    client: &mut Client,
    (fleet, ordinal, token): (i64, i64, i64),
    sums: JobSums,
    report: &[u8],
) -> Result<bool, postgres::Error> {
    let [messages, bytes, settled_messages, settled_bytes] = numbers(sums);
    let kept = client.query_typed(
        "UPDATE kimt.job SET report = $4, reported = clock_timestamp(), changed = clock_timestamp(), expected_messages = $5, expected_bytes = $6,
             settled_messages = $7, settled_bytes = $8, size = greatest(size, $6),
             losses = CASE WHEN $7 > settled_messages THEN 0 ELSE losses END
         WHERE fleet = $1 AND ordinal = $2 AND token = $3 RETURNING 1",
        &[
            (&fleet, Type::INT8),
            (&ordinal, Type::INT8),
            (&token, Type::INT8),
            (&report, Type::BYTEA),
            (&messages, Type::INT8),
            (&bytes, Type::INT8),
            (&settled_messages, Type::INT8),
            (&settled_bytes, Type::INT8),
        ],
    )?;
    Ok(!kept.is_empty())
}

fn numbers(sums: JobSums) -> [i64; 4] {
    let JobSums { expected_messages, expected_bytes, settled_messages, settled_bytes } = sums;
    [expected_messages, expected_bytes, settled_messages, settled_bytes]
        .map(|number| i64::try_from(number).unwrap_or(i64::MAX))
}

/// How work on a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobEnd {
    /// It ended with this outcome: `complete`, `incomplete` or `failed`.
    Ended(&'static str),
    /// It is due again in this many seconds. The try counts.
    Again(u32),
    /// It is due again at once. The try does not count.
    GivenBack,
    /// It could not begin, and is due again in this many seconds. The try does not count.
    PutBack(u32),
}

/// Ends the work on a job; false if the token is no longer the job's.
///
/// In a wave with a schedule, a migrated job is due again after the pause, and for the last time at the cut-over.
pub(super) fn end(
    client: &mut Client,
    (fleet, ordinal, token): (i64, i64, i64),
    end: JobEnd,
) -> Result<bool, postgres::Error> {
    let (outcome, again) = match end {
        JobEnd::Ended(outcome) => (Some(outcome), None),
        JobEnd::Again(seconds) => (None, Some(f64::from(seconds))),
        JobEnd::GivenBack => (None, Some(0.0)),
        JobEnd::PutBack(seconds) => (None, Some(f64::from(seconds))),
    };
    let given_back = matches!(end, JobEnd::GivenBack | JobEnd::PutBack(_));
    let ended = client.query_typed(
        "UPDATE kimt.job j SET holder = NULL, token = NULL, changed = clock_timestamp(), ended_by = $3, outcome = coalesce($4, j.outcome),
             tries = CASE WHEN $4 IS NOT NULL THEN 0 WHEN $6 THEN greatest(j.tries - 1, 0) ELSE j.tries END,
             losses = CASE WHEN $4 IS NOT NULL THEN 0 ELSE j.losses END,
             state = CASE WHEN $4 IS NULL OR w.until IS NOT NULL THEN 'open' ELSE 'done' END,
             due = CASE WHEN $4 IS NULL THEN clock_timestamp() + make_interval(secs => $5)
                 WHEN w.until IS NOT NULL THEN least(clock_timestamp() + make_interval(secs => w.every),
                     greatest(w.until, clock_timestamp())) ELSE j.due END,
             last = CASE WHEN $4 IS NULL OR w.until IS NULL THEN j.last
                 ELSE clock_timestamp() + make_interval(secs => w.every) >= w.until END
         FROM kimt.job old LEFT JOIN kimt.wave w
             ON w.fleet = old.fleet AND w.wave = old.wave AND old.task = 'migrate' AND NOT old.last
         WHERE old.fleet = $1 AND old.ordinal = $2 AND j.fleet = $1 AND j.ordinal = $2 AND j.token = $3 RETURNING 1",
        &[
            (&fleet, Type::INT8),
            (&ordinal, Type::INT8),
            (&token, Type::INT8),
            (&outcome, Type::TEXT),
            (&again, Type::FLOAT8),
            (&given_back, Type::BOOL),
        ],
    )?;
    if !ended.is_empty() {
        return Ok(true);
    }
    let before = client.query_typed(
        "SELECT 1 FROM kimt.job WHERE fleet = $1 AND ordinal = $2 AND ended_by = $3",
        &[(&fleet, Type::INT8), (&ordinal, Type::INT8), (&token, Type::INT8)],
    )?;
    Ok(!before.is_empty())
}

/// Frees the jobs, connections and errands of these vanished processes. A job whose holders vanished too often is lost.
pub(super) fn free(transaction: &mut Transaction<'_>, gone: &[i64]) -> Result<(), postgres::Error> {
    transaction.query_typed(
        "UPDATE kimt.job SET holder = NULL, token = NULL, changed = clock_timestamp(), losses = losses + 1,
             state = CASE WHEN losses + 1 >= $2 THEN 'done' ELSE state END,
             outcome = CASE WHEN losses + 1 >= $2 THEN 'lost' ELSE outcome END
         WHERE holder = ANY($1)",
        &[(&gone, Type::INT8_ARRAY), (&MOST_LOSSES, Type::INT4)],
    )?;
    for table in ["slot", "errand"] {
        let statement = format!("UPDATE kimt.{table} SET holder = NULL, token = NULL WHERE holder = ANY($1)");
        transaction.query_typed(&statement, &[(&gone, Type::INT8_ARRAY)])?;
    }
    Ok(())
}

/// The number of the fleet's next job.
pub(super) fn next_ordinal(client: &mut Client, fleet: i64) -> Result<i64, postgres::Error> {
    let rows = client
        .query_typed("SELECT coalesce(max(ordinal) + 1, 0) FROM kimt.job WHERE fleet = $1", &[(&fleet, Type::INT8)])?;
    Ok(rows.first().map_or(0, |row| row.get(0)))
}

/// New jobs, as columns.
#[derive(Debug, Clone, Default)]
pub(super) struct NewJobs {
    pub ordinals: Vec<i64>,
    pub accounts: Vec<Vec<u8>>,
    pub sealed: Vec<Vec<u8>>,
    pub sizes: Vec<i64>,
}

/// Adds jobs; returns how many are new. Existing jobs do not change.
pub(super) fn add(client: &mut Client, fleet: i64, wave: i32, jobs: &NewJobs) -> Result<u64, postgres::Error> {
    let added = client.query_typed(
        "INSERT INTO kimt.job (fleet, wave, ordinal, account, sealed, size)
         SELECT $1, $2, n.* FROM unnest($3, $4, $5, $6) AS n(ordinal, account, sealed, size)
         ON CONFLICT DO NOTHING RETURNING 1",
        &[
            (&fleet, Type::INT8),
            (&wave, Type::INT4),
            (&jobs.ordinals, Type::INT8_ARRAY),
            (&jobs.accounts, Type::BYTEA_ARRAY),
            (&jobs.sealed, Type::BYTEA_ARRAY),
            (&jobs.sizes, Type::INT8_ARRAY),
        ],
    )?;
    Ok(added.len() as u64)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
