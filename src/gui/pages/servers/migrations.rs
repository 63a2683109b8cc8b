//! What page 1 offers of earlier migrations: how far each is, and how to continue it.
//!
//! - An open migration can continue; complete accounts can have their last pass and be verified.
//! - At most [`SHOWN`] are offered; `kimt migrations` lists all.

use super::super::super::action::{Action, Purpose};
use super::super::super::widgets::sign::Mark;
use super::super::super::widgets::{button, strip};
use super::ServersPage;
use crate::migration::Migration;
use crate::progress::RunKind;
use crate::report::words;
use egui::Ui;

/// At most this many are offered, because page 1 is for the servers.
const SHOWN: usize = 3;

/// A migration as page 1 offers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationOffer {
    /// Its name.
    pub name: String,
    /// How far it is, and when it was last worked on.
    pub head: String,
    /// What is open.
    pub rest: String,
    /// Whether accounts are not complete.
    pub open: bool,
    /// Whether accounts are complete.
    pub complete: bool,
}

impl MigrationOffer {
    /// The offer of a migration; none if it has no account or no run.
    pub fn of(migration: &Migration) -> Option<Self> {
        let stages = migration.stages();
        let run = migration.runs.last().filter(|_| stages.all() > 0)?;
        let what = match run.kind {
            RunKind::Verify => "verified",
            _ if run.ended.is_none() => "interrupted",
            _ if run.stopped => "stopped",
            _ => "last run",
        };
        let head = format!(
            "{}: {} of {} complete, {what} {}",
            migration.name,
            words::count(u64::from(stages.complete)),
            words::counted(u64::from(stages.all()), "account"),
            words::moment(migration.last())
        );
        Some(Self {
            name: migration.name.clone(),
            head,
            rest: words::open(stages),
            open: migration.is_open(),
            complete: stages.complete > 0,
        })
    }

    fn show(&self, ui: &mut Ui, actions: &mut Vec<Action>) {
        let asked = |purpose| Action::ContinueMigration(self.name.clone(), purpose);
        strip::strip(ui, if self.open { Mark::Note } else { Mark::Good }, &self.head, &self.rest, |ui| {
            ui.horizontal_wrapped(|ui| {
                if self.open && button::quiet(ui, "Continue", true).clicked() {
                    actions.push(asked(Purpose::Migrate));
                }
                if self.complete && button::quiet(ui, "Last pass", true).on_hover_text(LAST_PASS).clicked() {
                    actions.push(asked(Purpose::LastPass));
                }
                if self.complete && button::quiet(ui, "Verify", true).on_hover_text(VERIFY).clicked() {
                    actions.push(asked(Purpose::Verify));
                }
                if button::quiet(ui, "Not now", true).clicked() {
                    actions.push(Action::HideMigration(self.name.clone()));
                }
            });
        });
    }
}

/// What the last pass does.
pub const LAST_PASS: &str = "Copies what has changed on the source since the accounts were completed";
/// What verifying does.
pub const VERIFY: &str = "Compares both servers message by message; changes nothing";

impl ServersPage {
    pub(super) fn offer_migrations(&self, ui: &mut Ui, actions: &mut Vec<Action>) {
        self.migrations.iter().take(SHOWN).for_each(|offer| offer.show(ui, actions));
    }
}
