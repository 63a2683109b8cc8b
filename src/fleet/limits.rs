//! Every statement about what the machines of a fleet share: connections to a server, refused sign-ins, and errands, which are done once.

use postgres::Client;
use postgres::types::Type;

/// Seconds for which a refused sign-in counts: a little more than the minute that servers count.
const COUNTED: f64 = 61.0;

/// Allows this many connections to a server, over all machines. An earlier, higher limit is not lowered.
pub(super) fn set_slots(client: &mut Client, fleet: i64, side: &str, most: i32) -> Result<(), postgres::Error> {
    client.query_typed(
        "INSERT INTO kimt.slot (fleet, side, number) SELECT $1, $2, generate_series(1, $3) ON CONFLICT DO NOTHING",
        &[(&fleet, Type::INT8), (&side, Type::TEXT), (&most, Type::INT4)],
    )?;
    Ok(())
}

/// Takes a slot and returns its number; none while all are taken. Repeated with the same token, it returns the same slot.
pub(super) fn take_slot(
    client: &mut Client,
    (worker, token): (i64, i64),
    (fleet, side): (i64, &str),
) -> Result<Option<i32>, postgres::Error> {
    let taken = client.query_typed(
        "WITH taken AS (
             UPDATE kimt.slot SET holder = $1, token = $2
             WHERE (fleet, side, number) = (
                 SELECT fleet, side, number FROM kimt.slot WHERE fleet = $3 AND side = $4 AND holder IS NULL
                 ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED)
             AND EXISTS (SELECT FROM kimt.worker WHERE id = $1 AND until > clock_timestamp())
             AND NOT EXISTS (SELECT FROM kimt.slot WHERE fleet = $3 AND side = $4 AND holder = $1 AND token = $2)
             RETURNING number)
         SELECT number FROM taken
         UNION ALL SELECT number FROM kimt.slot WHERE fleet = $3 AND side = $4 AND holder = $1 AND token = $2",
        &[(&worker, Type::INT8), (&token, Type::INT8), (&fleet, Type::INT8), (&side, Type::TEXT)],
    )?;
    Ok(taken.first().map(|row| row.get(0)))
}

/// Gives a slot back.
pub(super) fn give_slot_back(
    client: &mut Client,
    (fleet, side, number): (i64, &str, i32),
    token: i64,
) -> Result<(), postgres::Error> {
    client.query_typed(
        "UPDATE kimt.slot SET holder = NULL, token = NULL WHERE fleet = $1 AND side = $2 AND number = $3 AND token = $4",
        &[(&fleet, Type::INT8), (&side, Type::TEXT), (&number, Type::INT4), (&token, Type::INT8)],
    )?;
    Ok(())
}

/// Notes that a server refused a sign-in from this worker's egress.
pub(super) fn note_refusal(
    client: &mut Client,
    worker: i64,
    (fleet, side): (i64, &str),
) -> Result<(), postgres::Error> {
    client.query_typed(
        "INSERT INTO kimt.refusal (fleet, side, egress) SELECT $1, $2, egress FROM kimt.worker WHERE id = $3",
        &[(&fleet, Type::INT8), (&side, Type::TEXT), (&worker, Type::INT8)],
    )?;
    client.query_typed(
        "DELETE FROM kimt.refusal WHERE fleet = $1 AND at < clock_timestamp() - make_interval(secs => $2)",
        &[(&fleet, Type::INT8), (&COUNTED, Type::FLOAT8)],
    )?;
    Ok(())
}

/// The seconds for which refusals of this worker's egress still count: the longest first, at most 20.
pub(super) fn refusals(
    client: &mut Client,
    worker: i64,
    (fleet, side): (i64, &str),
) -> Result<Vec<f64>, postgres::Error> {
    let rows = client.query_typed(
        "SELECT (extract(epoch FROM at - clock_timestamp()) + $4)::float8 FROM kimt.refusal
         WHERE fleet = $1 AND side = $2 AND egress = (SELECT egress FROM kimt.worker WHERE id = $3)
         AND at >= clock_timestamp() - make_interval(secs => $4) ORDER BY at DESC LIMIT 20",
        &[(&fleet, Type::INT8), (&side, Type::TEXT), (&worker, Type::INT8), (&COUNTED, Type::FLOAT8)],
    )?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// The state of an errand, as this process sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errand {
    /// It is done.
    Done,
    /// This process must do it.
    Mine,
    /// Another process is doing it.
    Others,
}

/// Takes an errand, unless it is done or taken.
pub(super) fn take_errand(
    client: &mut Client,
    (worker, token): (i64, i64),
    (fleet, what): (i64, &[u8]),
) -> Result<Errand, postgres::Error> {
    client.query_typed(
        "INSERT INTO kimt.errand (fleet, what) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        &[(&fleet, Type::INT8), (&what, Type::BYTEA)],
    )?;
    client.query_typed(
        "UPDATE kimt.errand SET holder = $1, token = $2 WHERE fleet = $3 AND what = $4 AND NOT done AND holder IS NULL
         AND EXISTS (SELECT FROM kimt.worker WHERE id = $1 AND until > clock_timestamp())",
        &[(&worker, Type::INT8), (&token, Type::INT8), (&fleet, Type::INT8), (&what, Type::BYTEA)],
    )?;
    let rows = client.query_typed(
        "SELECT done, token IS NOT DISTINCT FROM $3 FROM kimt.errand WHERE fleet = $1 AND what = $2",
        &[(&fleet, Type::INT8), (&what, Type::BYTEA), (&token, Type::INT8)],
    )?;
    Ok(match rows.first().map(|row| (row.get(0), row.get(1))) {
        Some((true, _)) => Errand::Done,
        Some((false, true)) => Errand::Mine,
        _ => Errand::Others,
    })
}

/// Ends an errand, as done or for another process to take.
pub(super) fn end_errand(
    client: &mut Client,
    token: i64,
    (fleet, what): (i64, &[u8]),
    done: bool,
) -> Result<(), postgres::Error> {
    client.query_typed(
        "UPDATE kimt.errand SET holder = NULL, token = NULL, done = $4 WHERE fleet = $1 AND what = $2 AND token = $3",
        &[(&fleet, Type::INT8), (&what, Type::BYTEA), (&token, Type::INT8), (&done, Type::BOOL)],
    )?;
    Ok(())
}
