//! `kimt fleet work`: this machine works on a fleet's mailboxes until nothing is left, one run for each task.
//!
//! - The orders to all machines are read every second and passed on to the run.
//! - Files that a run needs are in a folder of this process's own, so that several can work side by side.
//! - A process that could not renew its lease ends with an exit status of its own; whatever starts processes may start it again.

use super::args::WorkArguments;
use super::jobs::Jobs;
use super::setup::Setup;
use super::together::Machines;
use super::{place, reporting};
use crate::cli::exit_code::ExitStatus;
use crate::cli::progress::Voice;
use crate::cli::signals::Signals;
use crate::cli::{Refusal, run, sentence, shared_ledger, terminal};
use crate::fleet::{Fleet, LeaseTimes, Orders, SharedRecords, Wish};
use crate::ledger::{LedgerError, LedgerErrorKind};
use crate::logs;
use crate::migrate::{self, Options, Request, Run, Share, Stopper};
use crate::progress::RunKind;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How often the orders are read.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// How long a process that stays waits after a run that could not start.
const AFTER_FAILURE: Duration = Duration::from_secs(30);

/// Works.
pub(super) fn work(typed: &WorkArguments) -> Result<ExitStatus, Refusal> {
    let times = typed.lease.map_or_else(LeaseTimes::default, |lease| LeaseTimes::of(Duration::from_millis(lease)));
    let fleet = Arc::new(place::keyed_fleet_with(&typed.keyed, times)?);
    let folder = place::PrivateFolder::make()?;
    let setup = place::setup(&fleet)?;
    logs::hide(setup.servers.secrets());
    let local = |error: std::io::Error| Refusal::no_ledger(sentence(&error));
    migrate::begin_certificates(folder.path(), &setup.certificates).map_err(local)?;
    let setup = setup.unpack(folder.path()).map_err(local)?;
    let machine = typed.machine.clone().unwrap_or_else(host_name);
    fleet.join(&machine, &typed.egress).map_err(place::refused)?;
    let worker =
        Worker { typed, fleet: fleet.clone(), setup, machine, folder: folder.path(), signals: Signals::catch() };
    let ended = worker.work();
    if !fleet.database().holds() {
        return Ok(lease_lost(&fleet));
    }
    ended
}

fn lease_lost(fleet: &Fleet) -> ExitStatus {
    shared_ledger::say_lost(fleet.database().address());
    ExitStatus::LeaseLost
}

struct Worker<'a> {
    typed: &'a WorkArguments,
    fleet: Arc<Fleet>,
    setup: Setup,
    machine: String,
    folder: &'a Path,
    signals: Signals,
}

impl Worker<'_> {
    fn work(&self) -> Result<ExitStatus, Refusal> {
        let mut idle = false;
        loop {
            let orders = match self.fleet.orders() {
                Ok(orders) => orders,
                Err(error) if error.kind() == LedgerErrorKind::Unreachable && self.fleet.database().holds() => {
                    log::warn!("{error}");
                    if self.signals.wait(ASK_EVERY) {
                        return Ok(ExitStatus::Stopped);
                    }
                    continue;
                }
                Err(error) => return Err(place::refused(error)),
            };
            if orders.drained {
                return Ok(ExitStatus::Complete);
            }
            let kind = orders.task.as_deref().and_then(kind);
            match (orders.wish, kind) {
                (Wish::Run, Some(kind)) if orders.is_open => {
                    idle = false;
                    let ending = self.run(kind, &orders)?;
                    if ending == ExitStatus::Stopped && !self.is_to_stop() {
                        return Ok(ending);
                    }
                    if ending == ExitStatus::CouldNotStart {
                        if !self.typed.stay {
                            return Ok(ending);
                        }
                        if self.signals.wait(AFTER_FAILURE) {
                            return Ok(ExitStatus::Stopped);
                        }
                    }
                    continue;
                }
                (Wish::Pause, _) => {}
                _ if !self.typed.stay => {
                    if orders.task.is_none() {
                        terminal::say(
                            "There is nothing to do yet; begin with 'kimt fleet check' or 'kimt fleet migrate'.",
                        );
                    }
                    // The fleet's report names what is incomplete; this machine has done what it could.
                    return Ok(ExitStatus::Complete);
                }
                _ => {}
            }
            if !std::mem::replace(&mut idle, true) && !self.typed.quiet && !self.typed.json {
                terminal::say("Waiting for something to do.");
            }
            if self.signals.wait(ASK_EVERY) {
                return Ok(ExitStatus::Stopped);
            }
        }
    }

    fn is_to_stop(&self) -> bool {
        self.fleet.orders().is_ok_and(|orders| matches!(orders.wish, Wish::Stop | Wish::Cut) || orders.drained)
    }

    /// One run on the jobs of a task.
    fn run(&self, kind: RunKind, orders: &Orders) -> Result<ExitStatus, Refusal> {
        let jobs = Arc::new(Jobs::of(self.fleet.clone(), orders.pass, self.machine.clone()));
        let database = self.fleet.database();
        let share = Share::default();
        share.set(orders.share());
        let options = Options {
            jobs: self.typed.jobs,
            verify: self.setup.verify,
            repair: self.setup.repair,
            follow_deletions: self.setup.follow_deletions,
            groupware: self.setup.groupware.clone(),
            shared_mailboxes: true,
            records: Arc::new(SharedRecords::new(database.clone())),
            ..Options::in_folder(self.folder.to_owned())
        };
        let request = Request {
            selection: self.setup.selection.clone(),
            work: Some(jobs.clone()),
            together: Some(Arc::new(Machines { fleet: self.fleet.clone(), share: share.clone() })),
            ..Request::of(kind, self.setup.servers.clone(), Vec::new(), options)
        };
        let (observer, reporting) = reporting::prepare(jobs.clone(), orders.pass);
        let over = Arc::new(AtomicBool::new(false));
        let mut threads = Vec::new();
        let begun = |run: &Run| {
            shared_ledger::stop_on_loss(database, run);
            let state = run.state();
            let (jobs, stopper, ended, pass) = (jobs.clone(), run.stopper(), over.clone(), orders.pass);
            let share = share.clone();
            threads.push(std::thread::spawn(move || reporting.run(&state)));
            threads.push(std::thread::spawn(move || follow_orders(&jobs, (&stopper, &share), &ended, pass)));
        };
        let voice = Voice::choose(self.typed.json, self.typed.quiet);
        let ended = run::carry_out_for(
            request,
            self.typed.log_dir.as_deref(),
            voice,
            &self.signals,
            begun,
            &|| !database.holds(),
            Some(Box::new(observer)),
        );
        over.store(true, Ordering::SeqCst);
        for thread in threads {
            let _ = thread.join();
        }
        jobs.give_back();
        match jobs.trouble() {
            Some(error) if database.holds() => Err(place::refused(error)),
            _ => ended.map(|(_, ending)| ending),
        }
    }
}

/// Passes on the orders to all machines, and this one's share of the limits, until the run is over.
fn follow_orders(jobs: &Jobs, (stopper, share): (&Stopper, &Share), over: &AtomicBool, pass: i32) {
    let mut wished = Wish::Run;
    while !over.load(Ordering::SeqCst) {
        let orders = jobs.fleet().orders();
        if let Ok(orders) = &orders {
            jobs.heed(orders);
        }
        match orders {
            Ok(orders) if orders.pass != pass => return,
            Ok(orders) => {
                share.set(orders.share());
                if orders.wish != wished {
                    match orders.wish {
                        Wish::Run => stopper.resume(),
                        Wish::Pause => stopper.pause(),
                        Wish::Stop => stopper.stop(),
                        Wish::Cut => stopper.stop_now(),
                    }
                    wished = orders.wish;
                }
            }
            Err(error) => note(&error),
        }
        for _ in 0..20 {
            if over.load(Ordering::SeqCst) {
                return;
            }
            std::thread::sleep(ASK_EVERY / 20);
        }
    }
}

fn note(error: &LedgerError) {
    log::debug!("the fleet's orders could not be read: {error}");
}

fn kind(task: &str) -> Option<RunKind> {
    match task {
        "check" => Some(RunKind::Check),
        "migrate" => Some(RunKind::Migrate),
        "verify" => Some(RunKind::Verify),
        _ => None,
    }
}

/// What this machine calls itself.
fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = name.or_else(|| std::env::var("HOSTNAME").ok()).or_else(|| std::env::var("COMPUTERNAME").ok());
    name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).unwrap_or_else(|| "machine".to_owned())
}
