//! Keeps the record of a migration up to date during a run, from its events.

use super::{MOST_RUNS, Migration, Migrations, RunRecord};
use crate::progress::{AccountEnd, AccountStage, Event, MigrationInfo, RunKind, RunState, Stages, Stamped};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// The record is at most this old when an account ends.
const EVERY: Duration = Duration::from_secs(5);

/// The keeper of one run.
pub struct Keeper {
    migration: Migration,
    store: Box<dyn Migrations>,
    /// The keys of this run's accounts, in the order of their ids.
    keys: Vec<String>,
    written: Instant,
}

impl Keeper {
    /// Begins a run of `migration` on the accounts with these keys, in the order of their ids. A check changes nothing on any server,
    /// and nothing here.
    pub fn begin(
        mut migration: Migration,
        store: Box<dyn Migrations>,
        kind: RunKind,
        keys: Vec<String>,
    ) -> (Self, MigrationInfo) {
        let chosen: BTreeSet<&String> = keys.iter().collect();
        let mut others = Stages::default();
        let not_chosen = migration.accounts.iter().filter(|(key, _)| !chosen.contains(key));
        not_chosen.for_each(|(_, account)| others.add(account.stage));
        let stage =
            |key: &String| migration.accounts.get(key).map_or(AccountStage::NotStarted, |account| account.stage);
        let info = MigrationInfo { name: migration.name.clone(), others, before: keys.iter().map(stage).collect() };
        let excess = (migration.runs.len() + 1).saturating_sub(MOST_RUNS);
        migration.runs.drain(..excess);
        if kind != RunKind::Check {
            migration.runs.push(RunRecord {
                kind,
                started: now(),
                ended: None,
                accounts: keys.len() as u32,
                complete: 0,
                log_folder: Default::default(),
            });
        }
        (Self { migration, store, keys, written: Instant::now() }, info)
    }

    /// Follows an event; `state` is the state after it. Returns whether the record is due to be written, which waits for the disk.
    pub fn noted(&mut self, event: &Stamped, state: &RunState) -> bool {
        let Some(info) = state.info.as_ref().filter(|info| info.kind != RunKind::Check) else { return false };
        let due = match &event.event {
            Event::RunStarted(info) => {
                if let Some(run) = self.migration.runs.last_mut() {
                    run.log_folder.clone_from(&info.log_folder);
                }
                true
            }
            Event::AccountStarted { account } if info.kind == RunKind::Migrate => self.take(account.index(), state),
            Event::AccountFinished { account, .. } => self.take(account.index(), state),
            Event::RunFinished => true,
            _ => false,
        };
        if let Some(run) = self.migration.runs.last_mut() {
            run.complete = state.count_ended(AccountEnd::Complete);
            run.ended = state.finished.then(now);
        }
        due && (state.finished || state.tally.settled() == 0 || self.written.elapsed() >= EVERY)
    }

    /// Takes over what an account has reached. Returns whether that is worth writing.
    fn take(&mut self, index: usize, state: &RunState) -> bool {
        let (Some(key), Some(account)) = (self.keys.get(index), state.accounts.get(index)) else { return false };
        let record = self.migration.accounts.entry(key.clone()).or_default();
        record.address.clone_from(&account.info.address);
        let kind = state.info.as_ref().map(|info| info.kind);
        if kind == Some(RunKind::Verify) {
            if account.end == Some(AccountEnd::Complete) {
                record.verified = Some(now());
            }
            return true;
        }
        let stage = account.stage(record.stage);
        if stage != record.stage || stage == AccountStage::Complete {
            record.stage = stage;
            record.since = now();
        }
        if stage == AccountStage::Complete {
            record.completed = Some(now());
        }
        let problem = || account.failure().or_else(|| account.problems.first().map(|(_, problem)| problem));
        record.problem = (stage == AccountStage::NeedsAttention).then(problem).flatten().cloned();
        true
    }

    /// Writes the record.
    pub fn write(&mut self) {
        if let Err(error) = self.store.keep(&self.migration) {
            log::warn!("the record of the migration could not be written: {error}");
        }
        self.written = Instant::now();
    }
}

fn now() -> String {
    chrono::Local::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, false)
}
