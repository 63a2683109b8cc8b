//! Keeps the record of a migration up to date during a run, from its events.

use super::{MOST_RUNS, Migration, Migrations, RunRecord};
use crate::progress::{AccountEnd, AccountStage, Event, MigrationInfo, RunKind, RunState, Stages, Stamped};
use std::collections::BTreeSet;
use std::io;
use std::time::{Duration, Instant};

/// The record is at most this old while events come.
const EVERY: Duration = if cfg!(test) { Duration::ZERO } else { Duration::from_secs(5) };

/// The keeper of one run.
pub struct Keeper {
    migration: Migration,
    store: Box<dyn Migrations>,
    /// The keys of this run's accounts, in the order of their ids.
    keys: Vec<String>,
    written: Instant,
    /// Whether something has changed since then.
    changed: bool,
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
        let is_verified = |key: &String| migration.accounts.get(key).is_some_and(|account| account.verified.is_some());
        let others_verified = migration.accounts.keys().filter(|key| !chosen.contains(key) && is_verified(key)).count();
        let info = MigrationInfo {
            name: migration.name.clone(),
            others,
            before: keys.iter().map(stage).collect(),
            others_verified: others_verified as u32,
            verified_before: keys.iter().map(is_verified).collect(),
        };
        let excess = (migration.runs.len() + 1).saturating_sub(MOST_RUNS);
        migration.runs.drain(..excess);
        if kind != RunKind::Check {
            migration.runs.push(RunRecord {
                kind,
                started: now(),
                ended: None,
                stopped: false,
                accounts: keys.len() as u32,
                complete: 0,
                log_folder: Default::default(),
            });
        }
        (Self { migration, store, keys, written: Instant::now(), changed: false }, info)
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
            Event::MessagesCopied { account, .. } | Event::MessagesFound { account, .. }
                if info.kind == RunKind::Migrate && !self.is_begun(account.index()) =>
            {
                self.take(account.index(), state)
            }
            Event::AccountFinished { account, .. } => self.take(account.index(), state),
            Event::RunFinished => true,
            _ => false,
        };
        if let Some(run) = self.migration.runs.last_mut() {
            run.complete = state.count_ended(AccountEnd::Complete);
            run.ended = state.finished.then(now);
            run.stopped = state.stop_requested;
        }
        self.changed |= due;
        let at_once = state.finished || matches!(event.event, Event::RunStarted(_));
        self.changed && (at_once || self.written.elapsed() >= EVERY)
    }

    fn is_begun(&self, index: usize) -> bool {
        let account = self.keys.get(index).and_then(|key| self.migration.accounts.get(key));
        account.is_some_and(|account| account.stage == AccountStage::Begun)
    }

    /// Takes over what an account has reached. Returns whether it is worth writing.
    fn take(&mut self, index: usize, state: &RunState) -> bool {
        let (Some(key), Some(account)) = (self.keys.get(index), state.accounts.get(index)) else { return false };
        let record = self.migration.accounts.entry(key.clone()).or_default();
        record.address.clone_from(&account.info.address);
        let kind = state.info.as_ref().map_or(RunKind::Migrate, |info| info.kind);
        let stage = account.stage(record.stage, kind);
        if kind == RunKind::Verify {
            match account.end {
                Some(AccountEnd::Complete) => record.verified = Some(now()),
                Some(AccountEnd::Incomplete) => record.verified = None,
                // What is known about an account that could not be compared still holds.
                _ => return true,
            }
            if stage == AccountStage::Complete && record.stage == stage {
                return true;
            }
        }
        if stage != record.stage || stage == AccountStage::Complete {
            record.stage = stage;
            record.since = now();
        }
        if stage == AccountStage::Complete {
            record.completed = Some(now());
        }
        let worst = || account.failure().or_else(|| account.problems.first().map(|(_, problem)| problem));
        if stage != AccountStage::NeedsAttention {
            record.problem = None;
        } else if account.end.is_some() {
            record.problem = worst().cloned();
        }
        true
    }

    /// Writes the record; what could not be written is tried again a little later.
    pub fn write(&mut self) -> io::Result<()> {
        let written = self.store.keep(&self.migration);
        self.written = Instant::now();
        self.changed = written.is_err();
        written
    }
}

fn now() -> String {
    chrono::Local::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, false)
}
