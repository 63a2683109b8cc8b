//! A run: its threads and the handle to it.
//!
//! The coordinator prepares the servers, lets a pool of workers take the accounts one by one, puts back what was changed, and ends
//! the story with `RunFinished`. Nothing here waits on a network in the caller's thread.

pub mod prepare;
mod shared_mailbox;

use crate::domain::{AccountId, Problem, ProblemKind, Side};
use crate::imap::Endpoint;
use crate::migrate::check::survey;
use crate::migrate::context::control::Control;
use crate::migrate::context::permits::Permits;
use crate::migrate::context::recorder::Events;
use crate::migrate::context::{self, RunContext};
use crate::migrate::request::{Observer, Request, Servers, TargetKind};
use crate::migrate::target::kerio::port;
use crate::migrate::verdict::Verdict;
use crate::migrate::{endpoints, mailbox, verify};
use crate::migration::{self, Keeper, Migration};
use crate::progress::{AccountInfo, Event, MigrationInfo, RunInfo, RunKind, RunState};
use prepare::Prepared;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// The handle to a run. Dropping it does not end the run; [`Run::wait`] waits for its end.
pub struct Run {
    control: Arc<Control>,
    state: Arc<Mutex<RunState>>,
    threads: Vec<JoinHandle<()>>,
}

/// Stops a run from another thread, such as a signal handler's.
#[derive(Clone)]
pub struct Stopper(Arc<Control>);

impl Stopper {
    /// Begins nothing new; what is in flight is settled, the port put back, the report written.
    pub fn stop(&self) {
        self.0.stop();
    }

    /// Stops and cuts the connections; the next run asks the target what became of what was in flight.
    pub fn stop_now(&self) {
        self.0.stop_now();
    }
}

/// Starts a run and returns at once; what happens is reported to `observer` and folded into [`Run::state`]. Its report is written to
/// `log_folder`, which the caller has made (see `logs`).
pub fn start(request: Request, log_folder: PathBuf, observer: Box<dyn Observer>) -> Result<Run, Problem> {
    let state = Arc::new(Mutex::new(RunState::default()));
    let control = Arc::new(Control::default());
    let internal = |error: std::io::Error| Problem::new(ProblemKind::Internal).saying(error);
    let (keeper, migration) = begin_record(&request).unzip();
    let (events, recording) =
        context::recorder::start(state.clone(), observer, keeper, log_folder.clone()).map_err(internal)?;
    let coordinator = Coordinator { control: control.clone(), events, log_folder, migration };
    let coordinating = std::thread::Builder::new()
        .name("coordinator".to_owned())
        .spawn(move || coordinator.run(request))
        .map_err(internal)?;
    Ok(Run { control, state, threads: vec![coordinating, recording] })
}

impl Run {
    /// The state as far as reported; lock it briefly.
    pub fn state(&self) -> Arc<Mutex<RunState>> {
        self.state.clone()
    }

    /// Something that can stop the run from elsewhere.
    pub fn stopper(&self) -> Stopper {
        Stopper(self.control.clone())
    }

    /// Begins nothing new; what is in flight is settled, the port put back, the report written.
    pub fn stop(&self) {
        self.stopper().stop();
    }

    /// Stops and cuts the connections.
    pub fn stop_now(&self) {
        self.stopper().stop_now();
    }

    /// Holds the workers between batches.
    pub fn pause(&self) {
        self.control.pause();
    }

    /// Lets them continue.
    pub fn resume(&self) {
        self.control.resume();
    }

    /// Ends every wait for a server.
    pub fn try_now(&self) {
        self.control.try_now();
    }

    /// The server that has kept a connection waiting longest, and for how long. Does not wait.
    pub fn longest_silence(&self) -> Option<(Side, Duration)> {
        self.control.longest_silence()
    }

    /// Whether everything has ended, the report included.
    pub fn is_finished(&self) -> bool {
        self.threads.iter().all(JoinHandle::is_finished)
    }

    /// Waits for the end and returns the last state.
    pub fn wait(self) -> RunState {
        for thread in self.threads {
            let _ = thread.join();
        }
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct Coordinator {
    control: Arc<Control>,
    events: Events,
    log_folder: PathBuf,
    migration: Option<MigrationInfo>,
}

impl Coordinator {
    fn run(self, request: Request) {
        let info = run_info(&request, self.log_folder.clone(), self.migration.clone());
        self.events.report(Event::RunStarted(info));
        self.control.report_to(self.events.clone());
        match prepare::prepare(request.kind, &request.servers, &request.options, &self.events, &self.control) {
            Ok(prepared) => self.run_prepared(request, prepared),
            Err(problem) => self.events.report(Event::ProblemMet { account: None, folder: None, problem }),
        }
        self.control.report_to_nobody();
        self.events.report(Event::RunFinished);
    }

    fn run_prepared(&self, request: Request, mut prepared: Prepared) {
        let administration = prepared.take_administration();
        let mut context = RunContext {
            shared: HashMap::new(),
            store: request.options.records.clone(),
            target_key: target_key(&request.servers, &prepared.target.endpoint),
            workers: Arc::new(Permits::new(Some(request.options.jobs))),
            control: self.control.clone(),
            events: self.events.clone(),
            options: request.options,
            selection: request.selection,
            accounts: request.accounts,
            source: prepared.source,
            target: prepared.target,
            directory: prepared.directory,
            profile: prepared.profile,
            groupware: prepared.groupware,
            invitations: Default::default(),
            settling: AtomicU64::new(0),
        };
        if !context.options.shared_mailboxes {
            context.shared =
                shared_mailbox::refused(&context.accounts, &context.source.credentials, context.directory.as_ref());
        }
        run_pool(&context, request.kind, &order(context.accounts.len(), &request.known_bytes));
        if let (Some(administration), RunKind::Migrate) = (administration, request.kind) {
            let report = |event| self.events.report(event);
            port::restore(&administration, &request.servers, &context.options.state_folder, &report);
        }
    }
}

/// The target as records know it: of a Kerio Connect the administration's port, because the one for mail may be moved.
fn target_key(servers: &Servers, target: &Endpoint) -> String {
    let port = match &servers.target_kind {
        TargetKind::Kerio(settings) => endpoints::administration_address(settings, &servers.target).port,
        TargetKind::Imap => None,
    };
    format!("{}:{}", target.host, port.unwrap_or(target.port))
}

/// The accounts as they are begun: the largest first, so that at the end no worker is left alone with one that takes hours; those of
/// unknown size after them, in the order of the file.
fn order(accounts: usize, known_bytes: &[Option<u64>]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..accounts).collect();
    order.sort_by_key(|index| std::cmp::Reverse(known_bytes.get(*index).copied().flatten()));
    order
}

/// Lets the workers take the accounts in this order until none is left or the user stops the run.
fn run_pool(context: &RunContext, kind: RunKind, order: &[usize]) {
    let next = AtomicUsize::new(0);
    let turns = shared_mailbox::turns(&context.accounts, context.directory.as_ref());
    let workers = (context.options.jobs.max(1) as usize).min(context.accounts.len().max(1));
    std::thread::scope(|scope| {
        for number in 1..=workers {
            let (next, turns) = (&next, &turns);
            // From its end on, others may use its permit for a second connection.
            let place = context.workers.take_free();
            let worker = move || {
                let _place = place;
                loop {
                    context.control.wait_while_paused();
                    let Some(index) = order.get(next.fetch_add(1, Ordering::Relaxed)) else { return };
                    let turn = turns.get(index).map(|turn| turn.lock().unwrap_or_else(PoisonError::into_inner));
                    if context.control.stopping() {
                        return;
                    }
                    let _turn = turn;
                    run_account(context, kind, AccountId(*index as u32));
                }
            };
            let spawned = std::thread::Builder::new().name(format!("worker {number}")).spawn_scoped(scope, worker);
            if let Err(error) = spawned {
                // With fewer threads the run is slower, and without any the accounts stay named as not started.
                log::error!("worker {number} could not be started: {error}");
            }
        }
    });
}

fn run_account(context: &RunContext, kind: RunKind, id: AccountId) {
    let Some(account) = context.accounts.get(id.index()) else { return };
    context.report(Event::AccountStarted { account: id });
    if let Some(problem) = context.shared.get(&id.index()) {
        context.report_problem(id, None, problem.clone());
        return context.report(Event::AccountFinished { account: id, end: Verdict::of_no_attempt().end() });
    }
    // Our own fault in one mailbox must not take the others with it.
    let verdict = std::panic::catch_unwind(AssertUnwindSafe(|| match kind {
        RunKind::Check => survey::survey(context, id, account),
        RunKind::Migrate => mailbox::migrate(context, id, account),
        RunKind::Verify => verify::verify(context, id, account),
    }));
    let verdict = verdict.unwrap_or_else(|_| {
        let problem = Problem::new(ProblemKind::Internal).for_account(&account.address);
        context.report_problem(id, None, problem);
        Verdict::of_no_attempt()
    });
    context.report(Event::AccountFinished { account: id, end: verdict.end() });
}

/// The record of the migration that this run is a part of; none where the name belongs to other servers, which callers refuse before.
fn begin_record(request: &Request) -> Option<(Keeper, MigrationInfo)> {
    let store = migration::Files::in_folder(&request.options.state_folder);
    let list = &request.list;
    let servers = server_names(request);
    let mut migration = Migration::find(&store, list.migration.as_deref(), (&servers.0, &servers.1)).ok()?;
    let listed = list.addresses.iter().map(|address| (address.key(), address.to_string()));
    migration.take_list(list.file.clone(), listed);
    let keys = request.accounts.iter().map(|account| account.address.key()).collect();
    Some(Keeper::begin(migration, Box::new(store), request.kind, keys))
}

/// The two servers as typed.
fn server_names(request: &Request) -> (String, String) {
    (request.servers.source.address.to_string(), request.servers.target.address.to_string())
}

fn run_info(request: &Request, log_folder: PathBuf, migration: Option<MigrationInfo>) -> RunInfo {
    let accounts = request.accounts.iter().map(|account| AccountInfo {
        address: account.address.to_string(),
        full_name: account.full_name.clone(),
        target_address: account.moves_to().map(ToString::to_string),
        line: account.line,
    });
    let (source, target) = server_names(request);
    RunInfo {
        kind: request.kind,
        started: chrono::Local::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, false),
        source,
        target,
        jobs: request.options.jobs,
        verify: request.options.verify,
        log_folder,
        accounts: accounts.collect(),
        bad_lines: request.bad_lines.clone(),
        migration,
    }
}

#[cfg(test)]
mod tests {
    use super::order;

    #[test]
    fn the_largest_mailbox_begins_first_and_those_of_unknown_size_keep_their_order_after() {
        assert_eq!(order(5, &[Some(10), None, Some(30), Some(20)]), [2, 3, 0, 1, 4]);
        assert_eq!(order(3, &[]), [0, 1, 2]);
    }
}
