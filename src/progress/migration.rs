//! A run as part of a migration: the results of earlier runs, and the verdict over all runs.

use super::{AccountEnd, AccountState, RunKind, RunState};
use serde::{Deserialize, Serialize};

/// How far an account is over all runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountStage {
    /// No run has begun it.
    #[default]
    NotStarted,
    /// A run has copied a part of it and was stopped or cut off.
    Begun,
    /// Every message of the source was on the target at the end of the last run that worked on it.
    Complete,
    /// The last run that worked on it left something missing, or failed.
    NeedsAttention,
}

/// The number of accounts in each stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Stages {
    /// Not started.
    pub not_started: u32,
    /// Begun and not finished.
    pub begun: u32,
    /// Complete.
    pub complete: u32,
    /// Incomplete or failed.
    pub need_attention: u32,
}

impl Stages {
    /// Counts one more account.
    pub fn add(&mut self, stage: AccountStage) {
        *match stage {
            AccountStage::NotStarted => &mut self.not_started,
            AccountStage::Begun => &mut self.begun,
            AccountStage::Complete => &mut self.complete,
            AccountStage::NeedsAttention => &mut self.need_attention,
        } += 1;
    }

    /// The number of accounts in all stages.
    pub fn all(&self) -> u32 {
        self.not_started + self.begun + self.complete + self.need_attention
    }
}

/// What a run knows about its migration at its start.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MigrationInfo {
    /// Its name.
    pub name: String,
    /// The migration's other accounts, which this run does not work on.
    pub others: Stages,
    /// The stage of each of this run's accounts before the run, in the order of their ids.
    pub before: Vec<AccountStage>,
    /// How many of the other accounts were compared on both servers and found equal.
    #[serde(default)]
    pub others_verified: u32,
    /// Which of this run's accounts were compared and found equal before, in the order of their ids.
    #[serde(default)]
    pub verified_before: Vec<bool>,
}

/// A migration over all runs so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole {
    /// All accounts by stage.
    pub stages: Stages,
    /// How many of the complete accounts this run completed or found complete again.
    pub complete_now: u32,
}

impl RunState {
    /// The migration over all runs, this one included; none if the run is not part of one.
    pub fn whole(&self) -> Option<Whole> {
        let migration = self.info.as_ref()?.migration.as_ref()?;
        let mut whole = Whole { stages: migration.others, complete_now: 0 };
        for (index, account) in self.accounts.iter().enumerate() {
            let stage = self.stage(index).unwrap_or_default();
            whole.stages.add(stage);
            whole.complete_now += u32::from(account.end == Some(AccountEnd::Complete));
        }
        Some(whole)
    }
}

impl RunState {
    /// How many accounts of the migration were compared on both servers and found equal, this run included.
    pub fn verified(&self) -> Option<u32> {
        let info = self.info.as_ref()?;
        let migration = info.migration.as_ref()?;
        let is_verified = |(index, account): &(usize, &AccountState)| match account.end {
            Some(AccountEnd::Complete) if info.kind == RunKind::Verify => true,
            Some(AccountEnd::Incomplete) if info.kind == RunKind::Verify => false,
            _ => migration.verified_before.get(*index).copied().unwrap_or_default(),
        };
        Some(migration.others_verified + self.accounts.iter().enumerate().filter(is_verified).count() as u32)
    }

    /// The stage of this run's account with this index, after the run or so far; none if the run is not part of a migration.
    pub fn stage(&self, index: usize) -> Option<AccountStage> {
        let (before, info) = (self.stage_before(index)?, self.info.as_ref()?);
        self.accounts.get(index).map(|account| account.stage(before, info.kind))
    }

    /// The stage of this run's account with this index before the run; none if the run is not part of a migration.
    pub fn stage_before(&self, index: usize) -> Option<AccountStage> {
        self.info.as_ref()?.migration.as_ref()?.before.get(index).copied()
    }
}

impl AccountState {
    /// Its stage after this run, or so far. A check changes no stage, and a comparison only that of an account it finished. An account that
    /// this run did not finish keeps its earlier stage. It is begun once something of it is on the target; a complete account that was
    /// begun again and stopped is begun, because new mail may be missing.
    pub fn stage(&self, before: AccountStage, kind: RunKind) -> AccountStage {
        let ended = matches!(self.end, Some(AccountEnd::Complete | AccountEnd::Incomplete));
        if kind == RunKind::Check || kind == RunKind::Verify && !ended {
            return before;
        }
        let arrived = self.tally.found.messages + self.tally.copied.messages + self.items.copied > 0;
        match self.end {
            Some(AccountEnd::Complete) => AccountStage::Complete,
            Some(AccountEnd::Incomplete | AccountEnd::Failed) => AccountStage::NeedsAttention,
            Some(AccountEnd::Stopped) | None if self.started_at.is_some() => match before {
                AccountStage::Complete => AccountStage::Begun,
                _ if arrived => AccountStage::Begun,
                _ => before,
            },
            Some(AccountEnd::Stopped) | None => before,
        }
    }
}
