//! Each account over all runs of its migration, as page 2 shows and filters it: not started, begun, complete, or in need of attention,
//! with the moment it got there.
//!
//! - What is shown comes from the record of the migration and not from this start of the program.
//! - A list that differs from the record is said: accounts that are new in it, and accounts that are only in the record.

use super::super::super::action::{Action, Purpose};
use super::super::super::theme::{self, palette};
use super::super::super::widgets::chips::chip;
use super::super::super::widgets::sign::Mark;
use super::super::super::widgets::strip;
use super::AccountsPage;
use crate::domain::Problem;
use crate::migration::{AccountRecord, Migration};
use crate::progress::AccountStage;
use crate::report::words;
use egui::{Label, Ui};

/// The accounts of the list in their migration.
#[derive(Debug, Default)]
pub struct OverRuns {
    /// The record of each account of the list, by its position; empty before the first run.
    records: Vec<Option<AccountRecord>>,
    /// How many accounts of the list are new in the migration.
    new: u64,
    /// How many accounts of the migration are not in the list.
    elsewhere: u64,
}

/// The accounts to show by their stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StageFilter {
    /// All.
    #[default]
    All,
    /// Those that are not complete.
    Open,
    /// Those that need attention.
    NeedAttention,
    /// Those that are complete.
    Complete,
}

impl OverRuns {
    /// The accounts with these keys in a migration; without one, or before its first run, nothing is known.
    pub fn of(migration: Option<&Migration>, keys: &[String]) -> Self {
        let Some(migration) = migration.filter(|it| !it.runs.is_empty()) else { return Self::default() };
        let records: Vec<_> = keys.iter().map(|key| migration.accounts.get(key).cloned()).collect();
        let known = records.iter().flatten().count() as u64;
        Self {
            new: records.len() as u64 - known,
            elsewhere: (migration.accounts.len() as u64).saturating_sub(known),
            records,
        }
    }

    /// Whether accounts of the list are new in the migration.
    pub fn has_new(&self) -> bool {
        self.new > 0
    }

    /// Whether there is something to show.
    pub fn is_known(&self) -> bool {
        !self.records.is_empty()
    }

    /// The stage of the account at a position.
    pub fn stage(&self, position: usize) -> AccountStage {
        self.record(position).map_or(AccountStage::NotStarted, |record| record.stage)
    }

    fn record(&self, position: usize) -> Option<&AccountRecord> {
        self.records.get(position)?.as_ref()
    }

    /// Whether a filter shows the account at a position.
    pub fn shows(&self, position: usize, filter: StageFilter) -> bool {
        let stage = self.stage(position);
        match filter {
            StageFilter::All => true,
            StageFilter::Open => stage != AccountStage::Complete,
            StageFilter::NeedAttention => stage == AccountStage::NeedsAttention,
            StageFilter::Complete => stage == AccountStage::Complete,
        }
    }

    fn count(&self, filter: StageFilter) -> u64 {
        (0..self.records.len()).filter(|position| self.shows(*position, filter)).count() as u64
    }

    /// The sign and the words of the account at a position.
    pub fn state(&self, position: usize) -> (Mark, String) {
        let Some(record) = self.record(position) else { return (Mark::Waiting, "new in the list".to_owned()) };
        match record.stage {
            AccountStage::NotStarted => (Mark::Waiting, "not started".to_owned()),
            AccountStage::Begun => (Mark::Stopped, format!("begun, {}", words::moment(&record.since))),
            AccountStage::Complete => {
                let mut said = format!("complete, {}", words::moment(&record.since));
                if let Some(verified) = &record.verified {
                    said.push_str(&format!("; verified, {}", words::moment(verified)));
                }
                (Mark::Good, said)
            }
            AccountStage::NeedsAttention => {
                let why = record.problem.as_ref().map_or_else(|| "not complete".to_owned(), Problem::brief);
                (Mark::Bad, format!("{why} ({})", words::moment(&record.since)))
            }
        }
    }
}

impl AccountsPage {
    /// Takes what is known of the accounts over all runs.
    pub fn know(&mut self, migration: Option<&Migration>) {
        let keys: Vec<String> = self.accounts.iter().map(|account| account.address.key()).collect();
        self.over_runs = OverRuns::of(migration, &keys);
        if !self.over_runs.is_known() {
            self.stage_filter = StageFilter::All;
        }
    }

    /// Ticks the accounts that this is for, and no others.
    pub fn choose_for(&mut self, purpose: Purpose) {
        self.purpose = purpose;
        for (position, chosen) in self.chosen.iter_mut().enumerate() {
            let complete = self.over_runs.stage(position) == AccountStage::Complete;
            *chosen = complete == (purpose != Purpose::Migrate);
        }
    }

    /// The filters by stage, once there was a run.
    pub(super) fn stage_chips(&mut self, ui: &mut Ui) {
        if !self.over_runs.is_known() {
            return;
        }
        let chips = [
            ("All", StageFilter::All),
            ("Open", StageFilter::Open),
            ("Need you", StageFilter::NeedAttention),
            ("Complete", StageFilter::Complete),
        ];
        ui.horizontal(|ui| {
            for (name, filter) in chips {
                let label = format!("{name} {}", words::count(self.over_runs.count(filter)));
                if chip(ui, &label, self.stage_filter == filter) {
                    self.stage_filter = filter;
                }
            }
        });
    }

    /// Says what the chosen accounts are for, how many are complete, and how the list differs from the record.
    pub(super) fn show_over_runs(&self, ui: &mut Ui, actions: &mut Vec<Action>) {
        if !self.over_runs.is_known() {
            return;
        }
        let complete = self.over_runs.count(StageFilter::Complete);
        let (head, links): (String, &[(&str, Purpose)]) = match self.purpose {
            Purpose::Migrate if complete == 0 => (String::new(), &[]),
            Purpose::Migrate => {
                let are = if complete == 1 { "account is" } else { "accounts are" };
                let head = format!("{} {are} complete already.", words::count(complete));
                (head, &[("Last pass", Purpose::LastPass), ("Verify", Purpose::Verify)])
            }
            Purpose::LastPass => (
                "Last pass: copies what has changed on the source since the accounts were completed.".to_owned(),
                &[("Migrate instead", Purpose::Migrate)],
            ),
            Purpose::Verify => (
                "Verify: compares both servers message by message and changes nothing.".to_owned(),
                &[("Migrate instead", Purpose::Migrate)],
            ),
        };
        if !head.is_empty() {
            let labels: Vec<&str> = links.iter().map(|(label, _)| *label).collect();
            let pressed = strip::line(ui, Mark::Note, &head, &labels, |ui| {
                if let Some(changed) = self.changed_list() {
                    ui.add(Label::new(theme::small(changed).color(palette(ui).ink)).wrap());
                }
            });
            actions.extend(pressed.and_then(|index| links.get(index)).map(|(_, purpose)| Action::Choose(*purpose)));
        } else if let Some(changed) = self.changed_list() {
            strip::strip(ui, Mark::Note, &changed, "", |_| ());
        }
    }

    /// How the list differs from the accounts of the migration.
    fn changed_list(&self) -> Option<String> {
        let OverRuns { new, elsewhere, .. } = self.over_runs;
        let accounts = |number, rest: &str, of_many: &str| match number {
            0 => None,
            1 => Some(format!("1 account {rest}")),
            _ => Some(format!("{} accounts {of_many}", words::count(number))),
        };
        let new = accounts(new, "of this list is new in this migration", "of this list are new in this migration");
        let elsewhere =
            accounts(elsewhere, "of this migration is not in this list", "of this migration are not in this list");
        let parts: Vec<String> = new.into_iter().chain(elsewhere).collect();
        (!parts.is_empty()).then(|| format!("{}.", parts.join("; ")))
    }
}
