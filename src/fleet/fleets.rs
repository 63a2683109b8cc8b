//! Every statement about fleets as a whole: to create, find, start and finish them.

use postgres::Client;
use postgres::types::Type;

/// A fleet's row in the database.
pub(super) struct FoundFleet {
    pub id: i64,
    pub name: String,
    /// Sealed; none once the fleet is finished.
    pub setup: Option<Vec<u8>>,
}

/// Creates a fleet; false if another one has that name.
pub(super) fn create(client: &mut Client, id: i64, name: &str, setup: &[u8]) -> Result<bool, postgres::Error> {
    let made = client.query_typed(
        "INSERT INTO kimt.fleet (id, name, setup) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING RETURNING 1",
        &[(&id, Type::INT8), (&name, Type::TEXT), (&setup, Type::BYTEA)],
    )?;
    if !made.is_empty() {
        return Ok(true);
    }
    let before = client.query_typed(
        "SELECT 1 FROM kimt.fleet WHERE id = $1 AND name = $2",
        &[(&id, Type::INT8), (&name, Type::TEXT)],
    )?;
    Ok(!before.is_empty())
}

/// All fleets, by name.
pub(super) fn all(client: &mut Client) -> Result<Vec<FoundFleet>, postgres::Error> {
    let rows = client.query_typed("SELECT id, name, setup FROM kimt.fleet ORDER BY name", &[])?;
    Ok(rows.iter().map(|row| FoundFleet { id: row.get(0), name: row.get(1), setup: row.get(2) }).collect())
}

/// Notes that a process works on a fleet, and on which machine.
pub(super) fn join(
    client: &mut Client,
    worker: i64,
    (fleet, machine, egress): (i64, &str, &str),
) -> Result<(), postgres::Error> {
    client.query_typed(
        "UPDATE kimt.worker SET fleet = $2, machine = $3, egress = $4 WHERE id = $1",
        &[(&worker, Type::INT8), (&fleet, Type::INT8), (&machine, Type::TEXT), (&egress, Type::TEXT)],
    )?;
    Ok(())
}

/// When the mailboxes of a wave are due again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schedule {
    /// Seconds from the end of a pass to the next.
    pub every: f64,
    /// The cut-over, in seconds since 1970; the pass after it is the last.
    pub until: f64,
}

/// The result of beginning a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    /// It has begun, with this many jobs to do.
    Jobs(u64),
    /// Another task is not done yet.
    Busy,
    /// The fleet is finished.
    Finished,
    /// No job is in these waves.
    NoSuchWave,
}

/// Begins a task on the jobs of these waves, or on all jobs if `waves` is empty.
pub(super) fn begin(
    client: &mut Client,
    fleet: i64,
    task: &str,
    waves: &[i32],
    schedule: Option<Schedule>,
) -> Result<Begun, postgres::Error> {
    let mut transaction = client.transaction()?;
    let rows = transaction.query_typed(
        "SELECT setup IS NULL, task IS NOT DISTINCT FROM $2, EXISTS (SELECT FROM kimt.job WHERE fleet = $1 AND state = 'open')
         FROM kimt.fleet WHERE id = $1 FOR UPDATE",
        &[(&fleet, Type::INT8), (&task, Type::TEXT)],
    )?;
    let Some((finished, same, open)) =
        rows.first().map(|row| (row.get(0), row.get::<_, bool>(1), row.get::<_, bool>(2)))
    else {
        return Ok(Begun::Finished);
    };
    if finished {
        return Ok(Begun::Finished);
    }
    if open && !same {
        return Ok(Begun::Busy);
    }
    // A job that is held continues, and counts as begun.
    let opened = transaction.query_typed(
        "UPDATE kimt.job SET state = 'open', task = $2, due = '-infinity', changed = clock_timestamp(), last = false, tries = 0, losses = 0, outcome = NULL,
             report = NULL, expected_messages = 0, expected_bytes = 0, settled_messages = 0, settled_bytes = 0
         WHERE fleet = $1 AND holder IS NULL AND (cardinality($3) = 0 OR wave = ANY($3)) RETURNING 1",
        &[(&fleet, Type::INT8), (&task, Type::TEXT), (&waves, Type::INT4_ARRAY)],
    )?;
    if opened.is_empty() && !open {
        return Ok(Begun::NoSuchWave);
    }
    transaction.query_typed(
        "DELETE FROM kimt.wave WHERE fleet = $1 AND (cardinality($2) = 0 OR wave = ANY($2))",
        &[(&fleet, Type::INT8), (&waves, Type::INT4_ARRAY)],
    )?;
    if let Some(Schedule { every, until }) = schedule {
        transaction.query_typed(
            "INSERT INTO kimt.wave (fleet, wave, every, until)
             SELECT DISTINCT $1, wave, $3, to_timestamp($4) FROM kimt.job
             WHERE fleet = $1 AND (cardinality($2) = 0 OR wave = ANY($2))",
            &[(&fleet, Type::INT8), (&waves, Type::INT4_ARRAY), (&every, Type::FLOAT8), (&until, Type::FLOAT8)],
        )?;
    }
    transaction.query_typed(
        "UPDATE kimt.fleet SET task = $2, wish = 'run', pass = pass + CASE WHEN $3 THEN 0 ELSE 1 END,
             began = CASE WHEN $3 THEN began ELSE clock_timestamp() END WHERE id = $1",
        &[(&fleet, Type::INT8), (&task, Type::TEXT), (&open, Type::BOOL)],
    )?;
    transaction.commit()?;
    // Every machine queries the jobs from now on, and autovacuum would analyze them only after a minute.
    client.batch_execute("ANALYZE kimt.job")?;
    Ok(Begun::Jobs(opened.len() as u64))
}

/// Tells the machines what to do.
pub(super) fn wish(client: &mut Client, fleet: i64, word: &str) -> Result<(), postgres::Error> {
    client
        .query_typed("UPDATE kimt.fleet SET wish = $2 WHERE id = $1", &[(&fleet, Type::INT8), (&word, Type::TEXT)])?;
    Ok(())
}

/// Lets the processes of a machine end after their current jobs; returns their number.
pub(super) fn drain(client: &mut Client, fleet: i64, machine: &str) -> Result<u64, postgres::Error> {
    let drained = client.query_typed(
        "UPDATE kimt.worker SET drained = true WHERE fleet = $1 AND machine = $2 RETURNING 1",
        &[(&fleet, Type::INT8), (&machine, Type::TEXT)],
    )?;
    Ok(drained.len() as u64)
}

/// Wipes everything sealed: setup, accounts with their passwords, reports, facts. Returns false, and wipes nothing, while any job is held.
pub(super) fn finish(client: &mut Client, fleet: i64) -> Result<bool, postgres::Error> {
    let mut transaction = client.transaction()?;
    transaction.query_typed("SELECT 1 FROM kimt.fleet WHERE id = $1 FOR UPDATE", &[(&fleet, Type::INT8)])?;
    let held = transaction.query_typed(
        "SELECT 1 FROM kimt.job WHERE fleet = $1 AND holder IS NOT NULL LIMIT 1",
        &[(&fleet, Type::INT8)],
    )?;
    if !held.is_empty() {
        return Ok(false);
    }
    for statement in [
        "UPDATE kimt.fleet SET setup = NULL, wish = 'stop' WHERE id = $1",
        "UPDATE kimt.job SET sealed = NULL, report = NULL, state = CASE WHEN state = 'open' THEN 'idle' ELSE state END WHERE fleet = $1",
        "DELETE FROM kimt.wave WHERE fleet = $1",
        "DELETE FROM kimt.slot WHERE fleet = $1",
        "DELETE FROM kimt.refusal WHERE fleet = $1",
        "DELETE FROM kimt.errand WHERE fleet = $1",
        "DELETE FROM kimt.fact WHERE fleet = $1",
    ] {
        transaction.query_typed(statement, &[(&fleet, Type::INT8)])?;
    }
    transaction.commit()?;
    Ok(true)
}
