//! Every statement about records and leases; `tables` has the tables.
//!
//! - A mailbox is known by a hash of its key: no address and no server's name is readable in the database.
//! - Who holds a mailbox is one column of one row, and the take-over reads no other table: PostgreSQL checks a row that it waited for again
//!   against the *old* rows of the tables that it was joined with, so that of two who take with a join both can get it.
//! - The token is random, not counted: after a fail-over to a standby that lagged, a counter would give the same number twice.

use super::lease::LeaseTimes;
use super::tables::VERSION;
use super::{jobs, tables};
use postgres::types::Type;
use postgres::{Client, GenericClient, Transaction};
use std::time::Duration;

/// Writes what several mailboxes have to write, each only if its token is still the one that is given. Answers whose it was.
///
/// The parts of a statement all see what was there before it, so no two of them may touch one row: a block that is written anew is not
/// deleted before.
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

/// The timeline that the server writes now. What its control file says is that of the last checkpoint, which a standby that was just promoted
/// has yet to make; only one that is no primary, and takes no changes, is asked for that.
const TIMELINE: &str = "(CASE WHEN pg_is_in_recovery() THEN (SELECT timeline_id FROM pg_control_checkpoint())
    ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::integer END)";

/// The types of what [`WRITE`] is given.
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

/// Makes the tables where there are none; the version of those that are there.
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

/// Adds to the tables of an earlier version what later ones have.
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

/// Notices that another copy of the data has taken over since it was looked at last. What was committed last may be missing in it, so
/// nobody keeps a mailbox, and nobody takes one before every former holder has stopped.
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

/// Renews it; false when it has expired, or is gone, or when another copy of the data has taken over unnoticed: behind a pool of connections
/// ours need not be lost.
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

/// Ends it, when every mailbox was given back.
pub(super) fn leave(client: &mut Client, worker: i64) -> Result<(), postgres::Error> {
    client.query_typed(
        "DELETE FROM kimt.worker WHERE id = $1 AND NOT EXISTS (SELECT FROM kimt.mailbox WHERE holder = $1)
         AND NOT EXISTS (SELECT FROM kimt.job WHERE holder = $1)",
        &[(&worker, Type::INT8)],
    )?;
    Ok(())
}

/// A mailbox that was taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taken {
    pub mailbox: i64,
    pub token: i64,
    /// Its last holder did not give it back.
    pub unclean: bool,
    /// Whether the row was made just now.
    pub new: bool,
}

/// Takes a mailbox that nobody holds; none when somebody does, or may not have stopped yet. Who asks again with the token of a question whose
/// answer was lost gets the mailbox that it has.
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

/// Does something that finds nothing as long as somebody holds what it wants: once more when those are gone who held it.
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

/// Frees what processes held whose lease is over, for those who ask often; whether there were any. It looks at the processes alone.
pub(super) fn sweep_expired(client: &mut Client, times: &LeaseTimes) -> Result<bool, postgres::Error> {
    let expired = client.query_typed(
        "SELECT 1 FROM kimt.worker WHERE until < clock_timestamp() - make_interval(secs => $1) LIMIT 1",
        &[(&seconds(times.grace), Type::FLOAT8)],
    )?;
    if expired.is_empty() { Ok(false) } else { sweep(client, times) }
}

/// The same for every process once in a while. One of them, three times in a lease, looks at all that is held.
pub(super) fn tidy(client: &mut Client, times: &LeaseTimes) -> Result<bool, postgres::Error> {
    let due = client.query_typed(
        "UPDATE kimt.store SET searched = clock_timestamp()
         WHERE searched < clock_timestamp() - make_interval(secs => $1) RETURNING 1",
        &[(&seconds(times.lease / 3), Type::FLOAT8)],
    )?;
    if due.is_empty() { sweep_expired(client, times) } else { sweep(client, times) }
}

/// Frees what processes held that are gone; whether something was freed.
///
/// - Who is gone is asked first, in a statement of its own: that cannot become untrue, because an expired lease is never renewed. In one
///   statement, a mailbox that was taken anew meanwhile would be judged by what was known before.
/// - A process that took something just when it was swept is gone without a row of its own: so the holders are asked for, too.
/// - One process frees at a time. Two would meet the same rows in another order, and wait for each other.
fn sweep(client: &mut Client, times: &LeaseTimes) -> Result<bool, postgres::Error> {
    if gone(client, times)?.is_empty() {
        return Ok(false);
    }
    let mut transaction = client.transaction()?;
    let alone = transaction.query_typed(tables::FREEING_IF_NOBODY_IS, &[])?;
    if !alone.iter().any(|row| row.get(0)) {
        return Ok(false);
    }
    // Whom another process has freed meanwhile is not among them any more.
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
    // Also when another process was faster: what it freed can be taken now.
    Ok(true)
}

/// The processes whose lease has been over for longer than the time of grace.
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

/// Gives a mailbox back, clean.
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
