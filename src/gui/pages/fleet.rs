//! A fleet in the window: the form on page 1 that asks which one, and what the pages Migration and Result say about its machines.
//!
//! The database's password is never typed here: it comes from `PGPASSWORD` or from a password file, as on the command line.

use super::super::action::Action;
use super::super::fleet::{FleetMachine, FleetPlace};
use super::super::widgets::field::Field;
use super::super::widgets::sign::Mark;
use super::super::widgets::{button, strip};
use crate::progress::RunState;
use crate::report::words;
use egui::{Key, Ui};
use std::collections::BTreeSet;

/// The id of the field that is focused when the form opens.
pub const FIRST_FIELD: &str = "fleet ledger";
/// At most this many silent processes are named.
const NAMED: usize = 3;

/// What the window knows of fleets.
#[derive(Default)]
pub struct FleetPage {
    /// Whether the window can watch fleets.
    pub offered: bool,
    /// The form that asks for one.
    pub form: Option<FleetForm>,
    /// The one that is watched.
    pub watched: Option<WatchedFleet>,
}

/// Which fleet to watch, as typed.
#[derive(Debug, Clone, Default)]
pub struct FleetForm {
    /// The database's address.
    pub ledger: String,
    /// The fleet's name; may be empty.
    pub name: String,
    /// The path of the key file.
    pub key_file: String,
    /// Whether the window is connecting to it.
    pub working: bool,
    /// Why that failed.
    pub wrong: Option<String>,
}

/// A fleet that is watched.
#[derive(Debug, Clone, Default)]
pub struct WatchedFleet {
    /// Its name.
    pub name: String,
    /// The processes that work on it.
    pub machines: Vec<FleetMachine>,
    /// Why it cannot be reached just now.
    pub away: Option<String>,
    /// Whether all of its accounts were read.
    pub is_read: bool,
}

impl FleetForm {
    /// Where the fleet is.
    pub fn place(&self) -> FleetPlace {
        FleetPlace {
            ledger: self.ledger.trim().to_owned(),
            name: self.name.trim().to_owned(),
            key_file: self.key_file.trim().into(),
        }
    }

    fn show(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        let rest = "Its progress comes from the database that its machines share. The database's password comes from PGPASSWORD or a \
                    password file (PGPASSFILE, .pgpass).";
        strip::strip(ui, Mark::Note, "Watch a migration that several machines work on", rest, |ui| {
            let ledger = Field::new(FIRST_FIELD, "Database").hint("postgres://kimt@db.example.com/kimt");
            let mut fields = vec![ledger.show(ui, &mut self.ledger)];
            ui.columns(2, |columns| {
                let [left, right] = columns else { return };
                let key = Field::new("fleet key", "Key file of the fleet").hint("/home/me/uni.key");
                fields.push(key.show(left, &mut self.key_file));
                let name = Field::new("fleet name", "Name, if the database has several fleets").hint("the only one");
                fields.push(name.show(right, &mut self.name));
            });
            if let Some(wrong) = &self.wrong {
                let colour = super::super::theme::palette(ui).error;
                ui.add(egui::Label::new(super::super::theme::body(wrong).color(colour)).wrap());
            }
            let is_whole = !self.ledger.trim().is_empty() && !self.key_file.trim().is_empty() && !self.working;
            let entered = ui.input(|input| input.key_pressed(Key::Enter))
                && fields.iter().any(|field| field.lost_focus() || field.has_focus());
            ui.horizontal_wrapped(|ui| {
                let label = if self.working { "Connecting to the database…" } else { "Watch" };
                if button::quiet(ui, label, is_whole).clicked() || (entered && is_whole) {
                    actions.push(Action::WatchFleet(self.place()));
                }
                if button::quiet(ui, "Choose the key file…", true).clicked() {
                    actions.push(Action::ChooseKeyFile);
                }
                if button::quiet(ui, "Cancel", true).clicked() {
                    actions.push(Action::AskForFleet(false));
                }
            });
        });
    }
}

impl FleetPage {
    /// The form, above page 1.
    pub fn show_form(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        if let Some(form) = &mut self.form {
            form.show(ui, actions);
        }
    }

    /// The link to the form, below page 1.
    pub fn show_link(&self, ui: &mut Ui, actions: &mut Vec<Action>) {
        let tip = "Shows a migration that several machines work on, with their reports";
        if self.offered && self.form.is_none() && button::link(ui, "Watch a fleet…").on_hover_text(tip).clicked() {
            actions.push(Action::AskForFleet(true));
        }
    }

    /// What needs attention among the machines, above the pages Migration and Result.
    pub fn show_machines(&self, ui: &mut Ui) {
        let Some(fleet) = &self.watched else { return };
        if let Some(away) = &fleet.away {
            let rest = "The window tries again every few seconds and shows what it last knew. The machines wait for the database too.";
            strip::strip(ui, Mark::Clock, away, rest, |_| ());
        }
        let silent: Vec<&FleetMachine> = fleet.machines.iter().filter(|machine| machine.silent.is_some()).collect();
        if !silent.is_empty() && fleet.away.is_none() {
            let mut names: Vec<String> =
                silent.iter().take(NAMED).map(|it| format!("{} {}", it.machine, it.process)).collect();
            if silent.len() > NAMED {
                names.push(format!("{} more", silent.len() - NAMED));
            }
            let head = format!("Not responding: {}.", names.join(", "));
            let rest = "Other processes continue the mailboxes of a process that does not respond within 90 seconds.";
            strip::strip(ui, Mark::Warning, &head, rest, |_| ());
        }
    }
}

impl WatchedFleet {
    /// The line below the title.
    pub fn subtitle(&self, state: &RunState) -> String {
        let Some(info) = &state.info else { return String::new() };
        let machines: BTreeSet<&str> = self.machines.iter().map(|it| it.machine.as_str()).collect();
        let working = match (self.machines.len(), machines.len()) {
            (0, _) => "no machine is working on it".to_owned(),
            (processes, machines) => format!(
                "{} on {}",
                if processes == 1 { "1 process".to_owned() } else { format!("{processes} processes") },
                words::counted(machines as u64, "machine")
            ),
        };
        let doing = match () {
            () if !self.is_read => format!("Reading {} so far", words::counted(state.accounts.len() as u64, "account")),
            () if info.started.is_empty() => "Nothing has been started yet".to_owned(),
            () if state.finished => format!("Ended · {working}"),
            () if state.stop_requested => format!("Stopping: finishing the current messages · {working}"),
            () if state.paused => format!("Paused · {working}"),
            () => working,
        };
        format!("Fleet {}: {doing} · from {} to {}", self.name, info.source, info.target)
    }
}
