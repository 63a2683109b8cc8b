//! Reads a fleet's jobs, all for a report or the changed ones for a watcher, and the facts that its machines found.

use super::handle::{AT_ONCE, Fleet, altered, no_cryptography};
use super::key::Purpose;
use crate::domain::Sealed;
use crate::ledger::LedgerError;
use postgres::types::Type;
use zeroize::Zeroizing;

/// Seconds that successive reads overlap, so that changes by statements still running at the first are not missed.
const OVERLAP: f64 = 10.0;

/// A job as its fleet knows it.
pub struct KnownJob {
    /// Its number in the fleet.
    pub ordinal: i64,
    /// What a worker needs to know; none if it was wiped or altered.
    pub content: Option<Zeroizing<Vec<u8>>>,
    /// Its last report; none if there is none, or it was altered.
    pub report: Option<Zeroizing<Vec<u8>>>,
    /// Whether one of the two was not sealed with the fleet's key.
    pub is_altered: bool,
    /// Whether it belongs to the fleet's current task.
    pub is_of_task: bool,
    /// The machine that works on it, or did last.
    pub machine: String,
    /// Whether a process works on it.
    pub is_held: bool,
    /// Whether it is not done.
    pub is_open: bool,
    /// Whether too many processes vanished over it.
    pub is_lost: bool,
}

impl Fleet {
    /// Every job, in order, with its last report.
    pub fn jobs(&self, each: impl FnMut(KnownJob)) -> Result<(), LedgerError> {
        self.jobs_since(None, &[], each).map(drop)
    }

    /// The jobs changed since a moment, in seconds since 1970 by the database's clock, and those with the numbers in `also`; in order. Some
    /// may have changed shortly before. Returns the moment to pass next time.
    pub fn jobs_since(
        &self,
        since: Option<f64>,
        also: &[i64],
        mut each: impl FnMut(KnownJob),
    ) -> Result<f64, LedgerError> {
        let (id, sealer) = (self.id, self.sealer()?);
        let next = self.database.ask(|client| {
            let now = client.query_typed("SELECT extract(epoch FROM clock_timestamp())::float8", &[])?;
            Ok(now.first().map_or(0.0, |row| row.get::<_, f64>(0)))
        })?;
        let since = since.unwrap_or_default();
        let (mut from, most) = (0_i64, AT_ONCE as i64);
        loop {
            let also = also.to_vec();
            let rows = self.database.ask(move |client| {
                client.query_typed(
                    "SELECT j.ordinal, j.sealed, j.report, j.task IS NOT DISTINCT FROM f.task, j.machine,
                         j.outcome IS NOT DISTINCT FROM 'lost', j.holder IS NOT NULL, j.state = 'open'
                     FROM kimt.job j JOIN kimt.fleet f ON f.id = j.fleet
                     WHERE j.fleet = $1 AND j.ordinal >= $2 AND (j.changed >= to_timestamp($4) OR j.ordinal = ANY($5))
                     ORDER BY j.ordinal LIMIT $3",
                    &[
                        (&id, Type::INT8),
                        (&from, Type::INT8),
                        (&most, Type::INT8),
                        (&since, Type::FLOAT8),
                        (&also, Type::INT8_ARRAY),
                    ],
                )
            })?;
            for row in &rows {
                let ordinal: i64 = row.get(0);
                let mut is_altered = false;
                let mut opened = |purpose, at: usize| {
                    let sealed = row.get::<_, Option<Vec<u8>>>(at)?;
                    let text = sealer.open(purpose, ordinal, &sealed);
                    is_altered |= text.is_none();
                    text
                };
                let (content, report) = (opened(Purpose::Job, 1), opened(Purpose::Report, 2));
                each(KnownJob {
                    ordinal,
                    content,
                    report,
                    is_altered,
                    is_of_task: row.get(3),
                    machine: row.get(4),
                    is_lost: row.get(5),
                    is_held: row.get(6),
                    is_open: row.get(7),
                });
                from = ordinal + 1;
            }
            if rows.len() < AT_ONCE {
                return Ok(next - OVERLAP);
            }
        }
    }

    /// Notes a fact. It replaces an earlier one about the same matter, unless `first_holds`.
    pub fn note_fact(&self, what: &str, content: &[u8], first_holds: bool) -> Result<(), LedgerError> {
        let (id, sealer) = (self.id, self.sealer()?);
        let hash = sealer.hash(what);
        let sealed = sealer.seal(Purpose::Fact, place(&hash), content).ok_or_else(no_cryptography)?;
        self.database.ask(move |client| {
            client.query_typed(
                "INSERT INTO kimt.fact (fleet, what, content) VALUES ($1, $2, $3)
                 ON CONFLICT (fleet, what) DO UPDATE SET content = excluded.content WHERE NOT $4",
                &[(&id, Type::INT8), (&&hash[..], Type::BYTEA), (&sealed, Type::BYTEA), (&first_holds, Type::BOOL)],
            )
        })?;
        Ok(())
    }

    /// All facts, except those that were altered.
    pub fn facts(&self) -> Result<Vec<Zeroizing<Vec<u8>>>, LedgerError> {
        let (id, sealer) = (self.id, self.sealer()?);
        let rows = self.database.ask(move |client| {
            client.query_typed("SELECT what, content FROM kimt.fact WHERE fleet = $1", &[(&id, Type::INT8)])
        })?;
        let open = |row: &postgres::Row| {
            let (what, sealed): (Vec<u8>, Vec<u8>) = (row.get(0), row.get(1));
            let fact = sealer.open(Purpose::Fact, place(&what), &sealed);
            if fact.is_none() {
                log::warn!("{}", altered(Sealed::Fact));
            }
            fact
        };
        Ok(rows.iter().filter_map(open).collect())
    }
}

/// The row number that a fact is sealed with, so that none passes for another.
fn place(hash: &[u8]) -> i64 {
    hash.first_chunk().map_or(0, |bytes| i64::from_be_bytes(*bytes))
}
