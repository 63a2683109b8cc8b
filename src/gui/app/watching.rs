//! Watching a fleet: pages 3 and 4 show what the watching thread reports, and the user's commands go to all machines.

use super::super::action::RunCommand;
use super::super::fleet::{FleetNews, FleetOrder, FleetPlace, Fleets, Watching};
use super::super::page::Page;
use super::super::pages::fleet::{FIRST_FIELD, FleetForm, WatchedFleet};
use super::super::pages::status::StatusPage;
use super::super::widgets::field::Field;
use super::App;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Clocks and waits keep counting between two looks.
const TICK: Duration = Duration::from_millis(500);

/// What a window needs to watch fleets.
#[derive(Default)]
pub(super) struct FleetWatch {
    /// Connects to fleets; none in a window that offers none.
    fleets: Option<Arc<dyn Fleets>>,
    watching: Option<Watching>,
    /// The fleet that was asked for.
    place: FleetPlace,
    /// When the window last heard from the fleet, and the time of its task then.
    looked: Option<(Instant, u64)>,
    /// The accounts whose folders the watching thread was asked for.
    opened: BTreeSet<usize>,
    /// The file to open once the report is written.
    opens: &'static str,
}

impl App {
    /// Lets the window watch fleets.
    pub fn offer_fleets(&mut self, fleets: Arc<dyn Fleets>) {
        self.fleet.fleets = Some(fleets);
        self.wizard.fleet.offered = true;
    }

    pub(super) fn ask_for_fleet(&mut self, shown: bool) {
        let kept = &self.settings.fleet;
        self.wizard.fleet.form = shown.then(|| FleetForm {
            ledger: kept.ledger.clone(),
            name: kept.name.clone(),
            key_file: kept.key_file.clone(),
            ..FleetForm::default()
        });
        if shown {
            self.context.memory_mut(|memory| memory.request_focus(Field::focus_id(FIRST_FIELD)));
        } else if self.wizard.fleet.watched.is_none() {
            self.fleet.watching = None;
        }
    }

    pub(super) fn take_key_file(&mut self, path: &Path) {
        if let Some(form) = &mut self.wizard.fleet.form {
            form.key_file = path.display().to_string();
        }
    }

    /// Begins to watch a fleet.
    pub fn watch_fleet(&mut self, place: FleetPlace) {
        let Some(fleets) = self.fleet.fleets.clone().filter(|_| self.running.is_none()) else { return };
        let form = self.wizard.fleet.form.get_or_insert_with(|| FleetForm {
            ledger: place.ledger.clone(),
            name: place.name.clone(),
            key_file: place.key_file.display().to_string(),
            ..FleetForm::default()
        });
        (form.working, form.wrong) = (true, None);
        match Watching::begin(fleets, place.clone(), &self.context) {
            Ok(watching) => (self.fleet.watching, self.fleet.place) = (Some(watching), place),
            Err(error) => self.report(Err(error)),
        }
    }

    /// Stops watching; the machines keep working.
    pub(super) fn leave_fleet(&mut self) {
        self.fleet.watching = None;
        self.fleet.looked = None;
        self.fleet.opened.clear();
        self.wizard.fleet.watched = None;
        self.wizard.status = StatusPage::default();
        self.wizard.result = Default::default();
        self.wizard.page = Page::Servers;
    }

    /// Whether a fleet is watched.
    pub(super) fn watches(&self) -> bool {
        self.wizard.fleet.watched.is_some()
    }

    /// Passes a command on to all machines.
    pub(super) fn order_fleet(&mut self, command: RunCommand) {
        self.wizard.status.question = None;
        let order = match command {
            RunCommand::Pause => FleetOrder::Pause,
            RunCommand::Continue => FleetOrder::Continue,
            RunCommand::Stop | RunCommand::StopAndClose => FleetOrder::Stop,
            // A fleet has no order for these.
            RunCommand::TryNow | RunCommand::Skip(_) | RunCommand::TakeUp(_) => return,
        };
        if let Some(watching) = &self.fleet.watching {
            watching.order(order);
        }
    }

    /// Writes the report of the whole fleet, and then opens this file of it.
    pub(super) fn open_fleet_report(&mut self, file: &'static str) {
        if let Some(watching) = &self.fleet.watching {
            watching.write_report();
            self.fleet.opens = file;
        }
    }

    /// Takes what the watching thread reports.
    pub(super) fn take_fleet(&mut self) {
        let Some(watching) = self.fleet.watching.take() else { return };
        let mut over = None;
        let more = watching.news(|news| match news {
            FleetNews::Over(sentence) => over = Some(sentence),
            news => self.take_fleet_news(news),
        });
        if let Some(sentence) = over {
            match &mut self.wizard.fleet.form {
                Some(form) => (form.working, form.wrong) = (false, Some(sentence)),
                None => {
                    self.leave_fleet();
                    self.wizard.notice = Some(sentence);
                }
            }
            return;
        }
        let opened: BTreeSet<usize> = self.wizard.status.opened().chain(self.wizard.result.opened()).collect();
        if self.watches() && opened != self.fleet.opened {
            watching.open(opened.clone());
            self.fleet.opened = opened;
        }
        self.fleet.watching = Some(watching);
        if let Some((at, then)) = self.fleet.looked.filter(|_| !self.wizard.status.state.finished) {
            let since = u64::try_from(at.elapsed().as_millis()).unwrap_or_default();
            self.wizard.status.now = then + since;
        }
        if more {
            self.context.request_repaint();
        } else {
            self.context.request_repaint_after(TICK);
        }
    }

    fn take_fleet_news(&mut self, news: FleetNews) {
        match news {
            FleetNews::Task { name, info } => {
                if self.wizard.fleet.form.take().is_some() {
                    self.remember_fleet();
                }
                self.wizard.fleet.watched = Some(WatchedFleet { name, ..WatchedFleet::default() });
                self.wizard.status = StatusPage::of_fleet(*info);
                self.wizard.result = Default::default();
                self.wizard.page = Page::Status;
            }
            FleetNews::Accounts(accounts) => {
                for (at, account) in accounts {
                    self.wizard.status.state.replace(at, account);
                }
            }
            FleetNews::Whole(task, machines) => {
                let status = &mut self.wizard.status;
                let was_finished = status.state.finished;
                status.state.take_task(task);
                status.now = task.now;
                self.fleet.looked = Some((Instant::now(), task.now));
                if let Some(fleet) = &mut self.wizard.fleet.watched {
                    (fleet.machines, fleet.away, fleet.is_read) = (machines, None, true);
                }
                match (was_finished, task.finished, self.wizard.page) {
                    (false, true, Page::Status) => self.wizard.page = Page::Result,
                    (true, false, Page::Result) => self.wizard.page = Page::Status,
                    _ => {}
                }
            }
            FleetNews::Reported(folder) => {
                self.wizard.log_folder = folder.clone();
                let file = folder.join(self.fleet.opens);
                self.task(|tasks| tasks.open(file, ""));
            }
            FleetNews::Away(sentence) => {
                if let Some(fleet) = &mut self.wizard.fleet.watched {
                    fleet.away = Some(sentence);
                }
            }
            FleetNews::Failed(sentence) | FleetNews::Over(sentence) => self.wizard.notice = Some(sentence),
        }
    }

    fn remember_fleet(&mut self) {
        let place = &self.fleet.place;
        self.settings.fleet.ledger = place.ledger.clone();
        self.settings.fleet.name = place.name.clone();
        self.settings.fleet.key_file = place.key_file.display().to_string();
        self.remember();
    }
}
