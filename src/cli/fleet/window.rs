//! A fleet for the window: reached, looked at again and again, paused and stopped. The window itself knows no database.
//!
//! - The first look reads every job, later ones those that were changed. What is kept of an account is brief, unless it is opened.
//! - A task that was begun since the last look starts a new list.

use super::args::{DatabaseArguments, KeyedArguments, PlaceArguments, WatchArguments};
use super::setup::Setup;
use super::{place, report};
use crate::cli::exit_code::ExitStatus;
use crate::cli::{Refusal, sentence, state_folder};
use crate::fleet::{Fleet, FleetKey, LeaseTimes, Status, Wish};
use crate::gui::fleet::{self, FleetMachine, FleetNews, FleetOrder, FleetPlace, FleetTrouble, Fleets};
use crate::gui::{self, Folders};
use crate::ledger::{LedgerError, LedgerErrorKind};
use crate::logs;
use crate::progress::{AccountState, TaskState};
use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

/// At most this many accounts are handed over at a time.
const AT_ONCE: usize = 500;

/// Fleets in databases; their reports go below this folder.
#[derive(Debug, Default)]
pub(in crate::cli) struct DatabaseFleets {
    /// None for the usual place.
    pub(in crate::cli) logs: Option<PathBuf>,
}

/// Opens the window with a fleet. Reports a wrong address or key file here, before a window opens.
pub(super) fn open(typed: &WatchArguments) -> Result<ExitStatus, Refusal> {
    let PlaceArguments { database, name } = &typed.place;
    place::address(database)?;
    let key_file = typed.key_file.clone().unwrap_or_default();
    FleetKey::read(&key_file).map_err(|fault| Refusal::usage(sentence(&fault)))?;
    let key_file = std::path::absolute(&key_file).unwrap_or(key_file);
    let place = FleetPlace { ledger: database.ledger.clone(), name: name.clone().unwrap_or_default(), key_file };
    let folders = Folders { state: state_folder(None)?, logs: logs::default_folder() };
    let shown = gui::run(folders, Arc::new(DatabaseFleets::default()), Some(place));
    shown.map(|()| ExitStatus::Complete).map_err(Refusal::no_window)
}

impl Fleets for DatabaseFleets {
    fn open(&self, place: &FleetPlace) -> Result<Box<dyn fleet::Fleet>, FleetTrouble> {
        let name = Some(place.name.trim().to_owned()).filter(|name| !name.is_empty());
        let database = DatabaseArguments { ledger: place.ledger.trim().to_owned() };
        let typed = KeyedArguments { place: PlaceArguments { database, name }, key_file: place.key_file.clone() };
        // A window may be closed at any time, and holds nothing that others wait for.
        let fleet = place::keyed_fleet_with(&typed, LeaseTimes::default()).map_err(trouble_of_refusal)?;
        let setup = place::setup(&fleet).map_err(trouble_of_refusal)?;
        logs::hide(setup.servers.secrets());
        let logs = self.logs.clone();
        Ok(Box::new(Watched {
            fleet,
            setup,
            logs,
            pass: None,
            since: None,
            places: HashMap::new(),
            ordinals: Vec::new(),
        }))
    }
}

struct Watched {
    fleet: Fleet,
    setup: Setup,
    logs: Option<PathBuf>,
    /// The number of the task that was looked at last.
    pass: Option<i32>,
    /// Jobs may have changed since then, by the database's clock.
    since: Option<f64>,
    /// The index of each job in the list, and the job at each index.
    places: HashMap<i64, usize>,
    ordinals: Vec<i64>,
}

impl fleet::Fleet for Watched {
    fn look(&mut self, opened: &BTreeSet<usize>, news: &mut dyn FnMut(FleetNews)) -> Result<(), FleetTrouble> {
        let status = self.fleet.status().map_err(trouble)?;
        if status.finished {
            let finished =
                format!("The fleet '{}' is finished: its accounts and reports are wiped.", self.fleet.name());
            return Err(FleetTrouble { sentence: finished, may_pass: false });
        }
        if self.pass != Some(status.pass) {
            (self.pass, self.since) = (Some(status.pass), None);
            self.places.clear();
            self.ordinals.clear();
            let info = report::run_info(&status, &self.setup);
            news(FleetNews::Task { name: self.fleet.name().to_owned(), info: Box::new(info) });
        }
        self.look_at_jobs(&status, opened, news)?;
        news(FleetNews::Whole(task_state(&status), status.workers.iter().map(machine).collect()));
        Ok(())
    }

    fn order(&mut self, order: FleetOrder) -> Result<(), FleetTrouble> {
        let wish = match order {
            FleetOrder::Pause => Wish::Pause,
            FleetOrder::Continue => Wish::Run,
            FleetOrder::Stop => Wish::Stop,
        };
        self.fleet.wish(wish).map_err(trouble)
    }

    fn write_report(&mut self) -> Result<PathBuf, FleetTrouble> {
        let state = report::write(&self.fleet, self.logs.as_deref()).map_err(trouble_of_refusal)?;
        Ok(state.info.map(|info| info.log_folder).unwrap_or_default())
    }
}

impl Watched {
    fn look_at_jobs(
        &mut self,
        status: &Status,
        opened: &BTreeSet<usize>,
        news: &mut dyn FnMut(FleetNews),
    ) -> Result<(), FleetTrouble> {
        let (places, ordinals) = (&mut self.places, &mut self.ordinals);
        // Open accounts are read each time: their folders were left out before they were opened.
        let also: Vec<i64> = opened.iter().filter_map(|at| ordinals.get(*at).copied()).collect();
        let mut accounts: Vec<(usize, AccountState)> = Vec::new();
        let mut unreadable = None;
        let next = self.fleet.jobs_since(self.since, &also, |job| {
            let at = *places.entry(job.ordinal).or_insert_with(|| {
                ordinals.push(job.ordinal);
                ordinals.len() - 1
            });
            match report::account(&job, status) {
                Ok(account) if opened.contains(&at) => accounts.push((at, account)),
                Ok(account) => accounts.push((at, account.brief())),
                Err(error) => unreadable = Some(error),
            }
            if accounts.len() >= AT_ONCE {
                news(FleetNews::Accounts(std::mem::take(&mut accounts)));
            }
        });
        self.since = Some(next.map_err(trouble)?);
        if !accounts.is_empty() {
            news(FleetNews::Accounts(accounts));
        }
        match unreadable {
            Some(error) => Err(trouble(error)),
            None => Ok(()),
        }
    }
}

/// A job that cannot be opened or is out of reach is not the end of looking at the others, but a wrong key is.
fn trouble(error: LedgerError) -> FleetTrouble {
    let may_pass = matches!(error.kind(), LedgerErrorKind::Unreachable | LedgerErrorKind::Fenced);
    FleetTrouble { sentence: place::refused(error).sentence, may_pass }
}

fn trouble_of_refusal(refusal: Refusal) -> FleetTrouble {
    FleetTrouble { may_pass: refusal.ending == ExitStatus::CouldNotStart, sentence: refusal.sentence }
}

fn task_state(status: &Status) -> TaskState {
    let stopping = matches!(status.wish, Wish::Stop | Wish::Cut);
    let is_over = status.task.is_some() && status.open() == 0;
    TaskState {
        now: status.elapsed,
        paused: status.wish == Wish::Pause,
        stopping,
        finished: is_over || (stopping && status.held == 0),
    }
}

fn machine(worker: &crate::fleet::WorkerStatus) -> FleetMachine {
    FleetMachine {
        machine: worker.machine.clone(),
        process: worker.name.clone(),
        mailboxes: worker.jobs,
        silent: (worker.lease < 0.0).then(|| (-worker.lease) as u64),
    }
}
