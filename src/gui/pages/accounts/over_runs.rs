//! Each account over all runs of its migration, as page 2 shows and filters it: not started, begun, complete, or in need of attention,
//! and since when.
//!
//! - What is shown comes from the migration's record, not from what this window has seen.
//! - The page says how the list differs from the record: accounts that are new in the list, and accounts that are only in the record.

use super::super::super::action::{Action, Purpose};
use super::super::super::theme::{self, palette};
use super::super::super::widgets::sign::Mark;
use super::super::super::widgets::{button, strip};
use super::AccountsPage;
use super::showing::Showing;
use crate::domain::Problem;
use crate::migration::{AccountRecord, Migration};
use crate::progress::AccountStage;
use crate::report::words;
use egui::{Label, ScrollArea, Ui};
use std::collections::BTreeSet;

/// The height of the list of accounts that are not in the file, in points.
const ELSEWHERE: f32 = 120.0;

/// The accounts of the list in their migration.
#[derive(Debug, Default)]
pub struct OverRuns {
    /// The record of each account of the list, by its position; empty before the first run.
    records: Vec<Option<AccountRecord>>,
    /// How many accounts of the list are new in the migration.
    new: u64,
    /// The accounts of the migration that are not in the list.
    elsewhere: Vec<AccountRecord>,
}

impl OverRuns {
    /// The accounts with these keys in a migration; empty without one, or before its first run.
    pub fn of(migration: Option<&Migration>, keys: &[String]) -> Self {
        let Some(migration) = migration.filter(|it| !it.runs.is_empty()) else { return Self::default() };
        let records: Vec<_> = keys.iter().map(|key| migration.accounts.get(key).cloned()).collect();
        let listed: BTreeSet<&String> = keys.iter().collect();
        Self {
            new: records.iter().filter(|record| record.is_none()).count() as u64,
            elsewhere: migration.accounts.iter().filter(|(key, _)| !listed.contains(key)).map(of_record).collect(),
            records,
        }
    }

    /// Whether some accounts of the list are in the migration.
    pub fn has_known(&self) -> bool {
        self.new < self.records.len() as u64
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

    /// Whether an account of the list is new in the migration.
    pub fn is_new(&self, position: usize) -> bool {
        self.records.get(position).is_some_and(Option::is_none)
    }

    /// Why an account needs attention.
    pub fn problem(&self, position: usize) -> Option<&Problem> {
        self.record(position).filter(|record| record.stage == AccountStage::NeedsAttention)?.problem.as_ref()
    }

    fn complete(&self) -> u64 {
        let complete = |record: &&AccountRecord| record.stage == AccountStage::Complete;
        self.records.iter().flatten().filter(complete).count() as u64
    }

    /// The sign and the words of the account at a position.
    pub fn state(&self, position: usize) -> (Mark, String) {
        self.record(position).map_or_else(|| (Mark::Waiting, "new in the list".to_owned()), state)
    }
}

/// The record, with its key as address if it has none.
fn of_record((key, record): (&String, &AccountRecord)) -> AccountRecord {
    let address = if record.address.is_empty() { key } else { &record.address };
    AccountRecord { address: address.clone(), ..record.clone() }
}

/// The sign and the words of an account over all runs.
fn state(record: &AccountRecord) -> (Mark, String) {
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

/// Lists the accounts that are not in the file, each with its state; only the visible ones are drawn.
fn list_elsewhere(ui: &mut Ui, records: &[AccountRecord]) {
    const LINE: f32 = 18.0;
    let area = ScrollArea::vertical().max_height(ELSEWHERE).auto_shrink([false, true]).id_salt("elsewhere");
    area.show_rows(ui, LINE, records.len(), |ui, visible| {
        for record in records.get(visible).unwrap_or_default() {
            let said = format!("{}: {}", record.address, state(record).1);
            ui.add(Label::new(theme::small(said).color(palette(ui).ink)).truncate());
        }
    });
}

impl AccountsPage {
    /// Takes what is known of the accounts over all runs.
    pub fn know(&mut self, migration: Option<&Migration>) {
        let keys: Vec<String> = self.accounts.iter().map(|account| account.address.key()).collect();
        self.over_runs = OverRuns::of(migration, &keys);
        self.changed();
        if !self.over_runs.is_known() {
            self.showing = Showing::All;
        }
    }

    /// Ticks exactly the accounts for this purpose.
    pub fn choose_for(&mut self, purpose: Purpose) {
        self.purpose = purpose;
        for (position, chosen) in self.chosen.iter_mut().enumerate() {
            let complete = self.over_runs.stage(position) == AccountStage::Complete;
            *chosen = complete == (purpose != Purpose::Migrate);
        }
        self.changed();
    }

    /// Says what the chosen accounts are for, how many are complete, and how the list differs from the record.
    pub(super) fn show_over_runs(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        if !self.over_runs.is_known() {
            return;
        }
        let complete = self.over_runs.complete();
        let (head, links): (String, &[(&str, Purpose)]) = match self.purpose {
            Purpose::Migrate if complete == 0 => (String::new(), &[]),
            Purpose::Migrate => {
                let are = if complete == 1 { "account is" } else { "accounts are" };
                let head = format!("{} {are} already complete.", words::count(complete));
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
        let (new, elsewhere) = self.changed_list();
        let changed = [(new, Showing::New), (elsewhere, Showing::All)];
        let show = if complete == 1 { "Show it" } else { "Show them" };
        let labels: Vec<&str> = links.iter().map(|(label, _)| *label).chain([show]).collect();
        let (head, labels) =
            if head.is_empty() { ("The list has changed.".to_owned(), &[][..]) } else { (head, &labels[..]) };
        if labels.is_empty() && changed.iter().all(|(line, _)| line.is_none()) {
            return;
        }
        let (mut showing, mut turned) = (None, false);
        let (open, elsewhere) = (self.elsewhere_open, &self.over_runs.elsewhere);
        let pressed = strip::line(ui, Mark::Note, &head, labels, |ui| {
            for (line, filter) in changed.into_iter().filter_map(|(line, filter)| Some((line?, filter))) {
                ui.horizontal(|ui| {
                    ui.label(theme::small(line).color(palette(ui).ink));
                    let is_elsewhere = filter == Showing::All;
                    let link = if is_elsewhere && open { "Hide" } else { "Show" };
                    if button::link(ui, link).clicked() {
                        turned |= is_elsewhere;
                        showing = Some(filter).filter(|_| !is_elsewhere);
                    }
                });
            }
            if open {
                list_elsewhere(ui, elsewhere);
            }
        });
        match pressed.map(|index| links.get(index)) {
            Some(Some((_, purpose))) => actions.push(Action::Choose(*purpose)),
            Some(None) => self.showing = Showing::Complete,
            None => {}
        }
        self.showing = showing.unwrap_or(self.showing);
        self.elsewhere_open ^= turned;
    }

    /// How the list differs from the migration: accounts that are new in the list, and accounts that are only in the record.
    fn changed_list(&self) -> (Option<String>, Option<String>) {
        let accounts = |number, of_one: &str, of_many: &str| match number {
            0 => None,
            1 => Some(format!("1 account {of_one}.")),
            many => Some(format!("{} accounts {of_many}.", words::count(many))),
        };
        let OverRuns { new, elsewhere, .. } = &self.over_runs;
        let new = accounts(*new, "of this list is new in this migration", "of this list are new in this migration");
        let elsewhere = accounts(
            elsewhere.len() as u64,
            "of this migration is not in this list",
            "of this migration are not in this list",
        );
        (new, elsewhere)
    }
}
