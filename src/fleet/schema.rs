//! Every statement about records and leases; `tables` has the tables.
//!
//! - A mailbox is identified by a hash of its key: no address and no server's name is readable in the database.
//! - The holder is a column of the mailbox's row, and a take-over never joins: after waiting for a row, PostgreSQL checks it again against
//!   the *old* rows of joined tables, so that with a join two processes could take the same mailbox.
//! - Tokens are random, not counted: after a fail-over to a standby that lagged, a counter would repeat numbers.

use super::lease::LeaseTimes;
use super::tables::VERSION;
use super::{jobs, tables};
use postgres::types::Type;
use postgres::{Client, GenericClient, Transaction};
use std::time::Duration;

/// Writes for several mailboxes, each only if its token is current. Returns those mailboxes.
///
/// All parts of the statement see the same snapshot, so no two may touch the same row: a block that is replaced is not deleted first.
pub(super) const WRITE: &str = "
WITH held AS MATERIALIZED (
    SELECT m.id FROM kimt.mailbox m JOIN unnest($1, $2) AS c(id, token) ON m.id = c.id AND m.token = c.token
    ORDER BY m.id FOR SHARE OF m
), fresh AS (
    SELECT * FROM unnest($11, $12, $13, $14, $15) AS b(mailbox, folder, number, content, checksum)
), cleared AS (
    DELETE FROM kimt.block b USING held, unnest($3, $4) AS c(mailbox, folder)
    WHERE b.mailbox = held.id AND c.mailbox = held.id AND b.folder = c.folder
    AND NOT EXISTS (SELECT FROM fresh f WHERE f.mailbox = b.mailbox AND f.folder = b.folder AND f.number = b.number)
), forgotten AS (
    DELETE FROM kimt.folder f USING held, unnest($5, $6) AS c(mailbox, folder)
    WHERE f.mailbox = held.id AND c.mailbox = held.id AND f.id = c.folder
), heads AS (
    INSERT INTO kimt.folder (mailbox, id, head, checksum)
    SELECT held.id, h.folder, h.head, h.checksum
    FROM held JOIN unnest($7, $8, $9, $10) AS h(mailbox, folder, head, checksum) ON h.mailbox = held.id
    ON CONFLICT (mailbox, id) DO UPDATE SET head = excluded.head, checksum = excluded.checksum
), blocks AS (
    INSERT INTO kimt.block (mailbox, folder, number, content, checksum)
    SELECT held.id, f.folder, f.number, f.content, f.checksum FROM held JOIN fresh f ON f.mailbox = held.id
    ON CONFLICT (mailbox, folder, number) DO UPDATE SET content = excluded.content, checksum = excluded.checksum
), items AS (
    INSERT INTO kimt.item (mailbox, collection, key, content, checksum)
    SELECT held.id, i.collection, i.key, i.content, i.checksum
    FROM held JOIN unnest($16, $17, $18, $19, $20) AS i(mailbox, collection, key, content, checksum) ON i.mailbox = held.id
    ON CONFLICT (mailbox, collection, key) DO UPDATE SET content = excluded.content, checksum = excluded.checksum
), withdrawn AS (
    DELETE FROM kimt.item i USING held, unnest($21, $22, $23) AS w(mailbox, collection, key)
    WHERE i.mailbox = held.id AND w.mailbox = held.id AND i.collection = w.collection AND i.key = w.key
)
SELECT id FROM held";

/// The timeline that the server writes now. A primary is not asked for its control file, which lags until the next checkpoint, as after a
/// promotion; a standby, which takes no changes, knows no other.
const TIMELINE: &str = "(CASE WHEN pg_is_in_recovery() THEN (SELECT timeline_id FROM pg_control_checkpoint())
    ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::integer END)";

/// The types of the parameters of [`WRITE`].
pub(super) const WRITE_TYPES: [Type; 23] = [
    Type::INT8_ARRAY,
    Type::INT8_ARRAY,
    Type::INT8_ARRAY,
    Type::INT8_ARRAY,
    Type::INT8_ARRAY,
    Type::INT8_ARRAY,
    Type::INT8_ARRAY,
    Type::INT8_ARRAY,
    Type::TEXT_ARRAY,
    Type::INT8_ARRAY,
    Type::INT8_ARRAY,
    Type::INT8_ARRAY,
    Type::INT8_ARRAY,
    Type::BYTEA_ARRAY,
    Type::INT8_ARRAY,
    Type::INT8_ARRAY,
    Type::TEXT_ARRAY,
    Type::TEXT_ARRAY,
    Type::TEXT_ARRAY,
    Type::INT8_ARRAY,
    Type::INT8_ARRAY,
    Type::TEXT_ARRAY,
    Type::TEXT_ARRAY,
];

/// Creates the tables if there are none; returns their version.
pub(super) fn prepare(client: &mut Client) -> Result<i32, postgres::Error> {
    let exists = client.query_typed("SELECT to_regclass('kimt.store') IS NOT NULL", &[])?;
    if !exists.iter().any(|row| row.get(0)) {
        let mut transaction = client.transaction()?;
        transaction.batch_execute(tables::ALONE)?;
        transaction.batch_execute(&tables::FIRST.replace("{TIMELINE}", TIMELINE))?;
        add(&mut transaction)?;
        transaction.commit()?;
    }
    let rows = client.query_typed("SELECT version FROM kimt.store", &[])?;
    Ok(rows.first().map_or(0, |row| row.get(0)))
}

/// Upgrades tables of an earlier version; returns their version.
pub(super) fn upgrade(client: &mut Client) -> Result<i32, postgres::Error> {
    let mut transaction = client.transaction()?;
    transaction.batch_execute(tables::ALONE)?;
    add(&mut transaction)?;
    transaction.commit()?;
    prepare(client)
}

fn add(transaction: &mut Transaction<'_>) -> Result<(), postgres::Error> {
    let rows = transaction.query_typed("SELECT version FROM kimt.store FOR UPDATE", &[])?;
    let version: i32 = rows.first().map_or(VERSION, |row| row.get(0));
    for added in tables::ADDED.iter().skip(usize::try_from(version - 1).unwrap_or_default()) {
        transaction.batch_execute(added)?;
    }
    let newest = version.max(VERSION);
    transaction.query_typed("UPDATE kimt.store SET version = $1", &[(&newest, Type::INT4)])?;
    Ok(())
}

/// Notices that another copy of the data has taken over since the last check, and returns whether it has. The last commits may be missing
/// in that copy, so every mailbox is freed, and none can be taken until every former holder has stopped.
pub(super) fn notice_fail_over(client: &mut Client, times: &LeaseTimes) -> Result<bool, postgres::Error> {
    let wait = seconds(times.lease + times.grace);
    let mut transaction = client.transaction()?;
    let statement = format!(
        "UPDATE kimt.store SET system = s.system_identifier, timeline = {TIMELINE},
         closed_until = clock_timestamp() + make_interval(secs => $1)
         FROM pg_control_system() s
         WHERE (store.system, store.timeline) IS DISTINCT FROM (s.system_identifier, {TIMELINE}) RETURNING 1"
    );
    let changed = transaction.query_typed(&statement, &[(&wait, Type::FLOAT8)])?;
    if !changed.is_empty() {
        transaction.batch_execute(tables::FREEING)?;
        transaction.batch_execute(
            "UPDATE kimt.mailbox SET holder = NULL, token = NULL, unclean = true WHERE holder IS NOT NULL;
             UPDATE kimt.job SET holder = NULL, token = NULL WHERE holder IS NOT NULL;
             UPDATE kimt.slot SET holder = NULL, token = NULL WHERE holder IS NOT NULL;
             UPDATE kimt.errand SET holder = NULL, token = NULL WHERE holder IS NOT NULL;
             DELETE FROM kimt.worker;",
        )?;
    }
    transaction.commit()?;
    Ok(!changed.is_empty())
}

/// Begins the lease of a process.
pub(super) fn register(
    client: &mut Client,
    worker: i64,
    name: &str,
    times: &LeaseTimes,
) -> Result<(), postgres::Error> {
    let lease = seconds(times.lease);
    client.query_typed(
        "INSERT INTO kimt.worker (id, name, until) VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3))",
        &[(&worker, Type::INT8), (&name, Type::TEXT), (&lease, Type::FLOAT8)],
    )?;
    Ok(())
}

/// Renews a lease. False if it has expired, is gone, or another copy of the data has taken over: behind a connection pooler, a fail-over
/// need not cost us our connection.
pub(super) fn renew(client: &mut Client, worker: i64, times: &LeaseTimes) -> Result<bool, postgres::Error> {
    let lease = seconds(times.lease);
    let statement = format!(
        "UPDATE kimt.worker SET until = clock_timestamp() + make_interval(secs => $2)
         WHERE id = $1 AND until > clock_timestamp()
         AND EXISTS (SELECT FROM kimt.store, pg_control_system() s WHERE system = s.system_identifier AND timeline = {TIMELINE})
         RETURNING 1"
    );
    let renewed = client.query_typed(&statement, &[(&worker, Type::INT8), (&lease, Type::FLOAT8)])?;
    Ok(!renewed.is_empty())
}

/// Ends a lease, unless the process still holds a mailbox or a job.
pub(super) fn leave(client: &mut Client, worker: i64) -> Result<(), postgres::Error> {
    client.query_typed(
        "DELETE FROM kimt.worker WHERE id = $1 AND NOT EXISTS (SELECT FROM kimt.mailbox WHERE holder = $1)
         AND NOT EXISTS (SELECT FROM kimt.job WHERE holder = $1)",
        &[(&worker, Type::INT8)],
    )?;
    Ok(())
}

/// A mailbox that a process has taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taken {
    pub mailbox: i64,
    pub token: i64,
    /// Whether its last holder did not give it back.
    pub unclean: bool,
    /// Whether its row is new.
    pub new: bool,
}

/// Takes a mailbox; none if another process holds it, or may not have stopped yet. Repeated with the same token, it returns the same
/// mailbox.
pub(super) fn take(
    client: &mut Client,
    (worker, token): (i64, i64),
    key: &[u8],
) -> Result<Option<Taken>, postgres::Error> {
    let taken = client.query_typed(
        "WITH allowed AS (
             SELECT WHERE EXISTS (SELECT FROM kimt.worker WHERE id = $1 AND until > clock_timestamp())
             AND EXISTS (SELECT FROM kimt.store WHERE closed_until < clock_timestamp())
         ), taken AS (
             UPDATE kimt.mailbox SET holder = $1, token = $2
             WHERE key = $3 AND holder IS NULL AND EXISTS (SELECT FROM allowed) RETURNING id, unclean
         ), made AS (
             INSERT INTO kimt.mailbox (key, holder, token) SELECT $3, $1, $2 FROM allowed
             WHERE NOT EXISTS (SELECT FROM kimt.mailbox WHERE key = $3)
             ON CONFLICT (key) DO NOTHING RETURNING id, unclean
         )
         SELECT id, unclean, false FROM taken
         UNION ALL SELECT id, unclean, true FROM made
         UNION ALL SELECT id, unclean, false FROM kimt.mailbox WHERE key = $3 AND holder = $1 AND token = $2",
        &[(&worker, Type::INT8), (&token, Type::INT8), (&key, Type::BYTEA)],
    )?;
    Ok(taken.first().map(|row| Taken { mailbox: row.get(0), token, unclean: row.get(1), new: row.get(2) }))
}

/// Takes something; if it is held, frees what vanished processes hold and tries once more.
pub(super) fn take_or_sweep<T>(
    client: &mut Client,
    times: &LeaseTimes,
    mut take: impl FnMut(&mut Client) -> Result<Option<T>, postgres::Error>,
) -> Result<Option<T>, postgres::Error> {
    match take(client)? {
        None if sweep_expired(client, times)? => take(client),
        taken => Ok(taken),
    }
}

/// Frees what vanished processes hold, if any lease has expired; true if taking may succeed now. Checks the processes alone first.
pub(super) fn sweep_expired(client: &mut Client, times: &LeaseTimes) -> Result<bool, postgres::Error> {
    let expired = client.query_typed(
        "SELECT 1 FROM kimt.worker WHERE until < clock_timestamp() - make_interval(secs => $1) LIMIT 1",
        &[(&seconds(times.grace), Type::FLOAT8)],
    )?;
    if expired.is_empty() { Ok(false) } else { sweep(client, times) }
}

/// Frees what vanished processes hold. Three times in a lease, one process also searches for holders without a lease.
pub(super) fn tidy(client: &mut Client, times: &LeaseTimes) -> Result<bool, postgres::Error> {
    let due = client.query_typed(
        "UPDATE kimt.store SET searched = clock_timestamp()
         WHERE searched < clock_timestamp() - make_interval(secs => $1) RETURNING 1",
        &[(&seconds(times.lease / 3), Type::FLOAT8)],
    )?;
    if due.is_empty() { sweep_expired(client, times) } else { sweep(client, times) }
}

/// Frees what vanished processes hold; true if something may have become free, by this process or another.
///
/// - Who has vanished is asked first, in a statement of its own. The answer stays true, because an expired lease is never renewed. In a
///   single statement, a mailbox taken in the meantime would be judged by the old snapshot.
/// - A process that took something just as it was swept has no row of its own any more, so holders count as well as processes.
/// - One process frees at a time: two would meet the same rows in a different order and wait for each other.
fn sweep(client: &mut Client, times: &LeaseTimes) -> Result<bool, postgres::Error> {
    if gone(client, times)?.is_empty() {
        return Ok(false);
    }
    let mut transaction = client.transaction()?;
    let alone = transaction.query_typed(tables::FREEING_IF_NOBODY_IS, &[])?;
    if !alone.iter().any(|row| row.get(0)) {
        return Ok(false);
    }
    // Another process may have freed some of them in the meantime.
    let gone = gone(&mut transaction, times)?;
    if !gone.is_empty() {
        transaction.query_typed(
            "UPDATE kimt.mailbox SET holder = NULL, token = NULL, unclean = true WHERE holder = ANY($1)",
            &[(&gone, Type::INT8_ARRAY)],
        )?;
        jobs::free(&mut transaction, &gone)?;
        transaction.query_typed("DELETE FROM kimt.worker WHERE id = ANY($1)", &[(&gone, Type::INT8_ARRAY)])?;
    }
    transaction.commit()?;
    // True even if another process was faster: what it freed can be taken now.
    Ok(true)
}

/// The processes whose lease expired longer than the grace period ago, and holders without a lease.
fn gone(client: &mut impl GenericClient, times: &LeaseTimes) -> Result<Vec<i64>, postgres::Error> {
    let grace = seconds(times.grace);
    let gone = client.query_typed(
        "SELECT h.holder FROM (SELECT holder FROM kimt.mailbox WHERE holder IS NOT NULL
             UNION SELECT holder FROM kimt.job WHERE holder IS NOT NULL
             UNION SELECT holder FROM kimt.slot WHERE holder IS NOT NULL
             UNION SELECT holder FROM kimt.errand WHERE holder IS NOT NULL
             UNION SELECT id FROM kimt.worker) h LEFT JOIN kimt.worker w ON w.id = h.holder
         WHERE w.id IS NULL OR w.until < clock_timestamp() - make_interval(secs => $1)",
        &[(&grace, Type::FLOAT8)],
    )?;
    Ok(gone.iter().map(|row| row.get(0)).collect())
}

/// Gives a mailbox back and marks it as clean.
pub(super) fn give_back(client: &mut Client, mailbox: i64, token: i64) -> Result<(), postgres::Error> {
    client.query_typed(
        "UPDATE kimt.mailbox SET holder = NULL, token = NULL, unclean = false WHERE id = $1 AND token = $2",
        &[(&mailbox, Type::INT8), (&token, Type::INT8)],
    )?;
    Ok(())
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}
