//! A run: its threads and the handle to it.
//!
//! The coordinator prepares the servers, lets a pool of workers take the accounts one by one, puts back what was changed, and ends with
//! `RunFinished`. Nothing here waits for the network in the caller's thread.

pub mod ahead;
pub mod prepare;
mod queue;
mod shared_mailbox;

use crate::domain::{Account, AccountId, Note, OwnFile, Problem, ProblemKind};
use crate::imap::Endpoint;
use crate::migrate::check::survey::SurveyTask;
use crate::migrate::context::control::{Control, Silence};
use crate::migrate::context::permits::{Permit, Permits};
use crate::migrate::context::recorder::Events;
use crate::migrate::context::retry::{Task, Turn};
use crate::migrate::context::{self, RunContext};
use crate::migrate::endpoints;
use crate::migrate::mailbox::MailboxTask;
use crate::migrate::request::{Observer, Request, Servers, TargetKind};
use crate::migrate::target::kerio::port;
use crate::migrate::verdict::Verdict;
use crate::migrate::verify::task::VerifyTask;
use crate::migration::{self, Keeper, Migration};
use crate::progress::{Event, MigrationInfo, RunInfo, RunKind, RunState};
use prepare::Prepared;
use queue::{Next, PutOff, Queue};
use shared_mailbox::Turns;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

/// The handle to a run. Dropping it does not end the run; [`Run::wait`] waits for its end.
pub struct Run {
    control: Arc<Control>,
    state: Arc<Mutex<RunState>>,
    threads: Vec<JoinHandle<()>>,
}

/// Stops, holds and continues a run from another thread, such as a signal handler's.
#[derive(Clone)]
pub struct Stopper(Arc<Control>);

impl Stopper {
    /// Ends the run gently: nothing new begins, what is in flight is settled, the port is put back, and the report is written.
    pub fn stop(&self) {
        self.0.stop();
    }

    /// Stops and cuts the connections; the next run asks the target about what was in flight.
    pub fn stop_now(&self) {
        self.0.stop_now();
    }

    /// Sends nothing more to a mail server once `may_send` returns false.
    pub fn sends_only_while(&self, may_send: impl Fn() -> bool + Send + Sync + 'static) {
        self.0.sends_only_while(may_send);
    }

    /// Holds the workers between batches.
    pub fn pause(&self) {
        self.0.pause();
    }

    /// Lets the workers continue.
    pub fn resume(&self) {
        self.0.resume();
    }
}

/// Starts a run and returns at once; events are reported to `observer` and folded into [`Run::state`]. The report is written to
/// `log_folder`, which the caller must have created (see `logs`).
pub fn start(request: Request, log_folder: PathBuf, observer: Box<dyn Observer>) -> Result<Run, Problem> {
    let state = Arc::new(Mutex::new(RunState::default()));
    let control = Arc::new(Control::default());
    let internal = |error: std::io::Error| Problem::new(ProblemKind::Internal).saying(error);
    let damage = damaged_records(&request);
    let (keeper, migration) = begin_record(&request).unzip();
    let (events, recording) =
        context::recorder::start(state.clone(), observer, keeper, log_folder.clone()).map_err(internal)?;
    let coordinator = Coordinator { control: control.clone(), events, log_folder, migration, damage };
    let coordinating = std::thread::Builder::new()
        .name("coordinator".to_owned())
        .spawn(move || coordinator.run(request))
        .map_err(internal)?;
    Ok(Run { control, state, threads: vec![coordinating, recording] })
}

impl Run {
    /// The state so far; lock it briefly.
    pub fn state(&self) -> Arc<Mutex<RunState>> {
        self.state.clone()
    }

    /// A handle that can stop the run from elsewhere.
    pub fn stopper(&self) -> Stopper {
        Stopper(self.control.clone())
    }

    /// Ends the run gently: nothing new begins, what is in flight is settled, the port is put back, and the report is written.
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

    /// Lets the workers continue.
    pub fn resume(&self) {
        self.control.resume();
    }

    /// Leaves an account alone from now on: what is in flight is settled, then the other accounts come first.
    pub fn skip(&self, account: AccountId) {
        self.control.skip(account);
    }

    /// Cuts the connections of a skipped account whose server delays settling it.
    pub fn cut(&self, account: AccountId) {
        self.control.cut(account);
    }

    /// Continues an account that was skipped.
    pub fn take_up(&self, account: AccountId) {
        self.control.take_up(account);
    }

    /// Ends every wait for a server.
    pub fn try_now(&self) {
        self.control.try_now();
    }

    /// The server that has kept a connection waiting longest, and for how long. Does not block.
    pub fn longest_silence(&self) -> Option<Silence> {
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
    /// Records of migrations that cannot be read.
    damage: Vec<Problem>,
}

impl Coordinator {
    fn run(self, request: Request) {
        let info = run_info(&request, self.log_folder.clone(), self.migration.clone());
        self.events.report(Event::RunStarted(info));
        for problem in self.damage.iter().cloned() {
            self.events.report(Event::ProblemMet { account: None, folder: None, problem });
        }
        self.control.report_to(self.events.clone());
        match prepare::prepare(request.kind, &request.servers, &request.options, &self.events, &self.control) {
            Ok(prepared) => {
                let prepared = match &request.together {
                    Some(together) => prepared.keeping_to(together, &request.servers),
                    None => prepared,
                };
                self.run_prepared(request, prepared);
            }
            Err(problem) => self.events.report(Event::ProblemMet { account: None, folder: None, problem }),
        }
        self.control.report_to_nobody();
        self.events.report(Event::RunFinished);
    }

    fn run_prepared(&self, request: Request, mut prepared: Prepared) {
        let administration = prepared.take_administration();
        let (known_bytes, work) = (request.known_bytes, request.work);
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
            given: Default::default(),
        };
        if !context.options.shared_mailboxes {
            let (credentials, directory) = (&context.source.credentials, context.directory.as_ref());
            context.shared = shared_mailbox::refused(&context.accounts, &request.not_chosen, credentials, directory);
        }
        let queue = Queue::new(context.accounts.len(), &known_bytes, work);
        run_pool(&context, request.kind, &queue);
        if let (Some(administration), RunKind::Migrate) = (administration, request.kind) {
            let report = |event| self.events.report(event);
            port::restore(&administration, &request.servers, &context.options.state_folder, &report);
        }
    }
}

/// The target's name in records: for Kerio Connect with the administration's port, because the port for mail may be moved.
fn target_key(servers: &Servers, target: &Endpoint) -> String {
    let port = match &servers.target_kind {
        TargetKind::Kerio(settings) => endpoints::administration_address(settings, &servers.target).port,
        TargetKind::Imap => None,
    };
    format!("{}:{}", target.host, port.unwrap_or(target.port))
}

/// Lets the workers take accounts until none is left or the user stops the run.
fn run_pool<'a>(context: &'a RunContext, kind: RunKind, queue: &Queue<'a>) {
    let turns = shared_mailbox::turns(&context.accounts, context.directory.as_ref());
    std::thread::scope(|scope| {
        for number in 1..=queue.most_workers(context.options.jobs) {
            let turns = &turns;
            // Once the worker ends, others may use its permit for a second connection.
            let mut place = context.workers.take_free();
            let worker = move || work(context, kind, queue, turns, &mut place);
            let spawned = std::thread::Builder::new().name(format!("worker {number}")).spawn_scoped(scope, worker);
            if let Err(error) = spawned {
                // With fewer threads the run is slower; without any, the accounts are reported as not started.
                log::error!("worker {number} could not be started: {error}");
            }
        }
    });
}

/// One worker: account after account, turn after turn.
fn work<'a>(context: &'a RunContext, kind: RunKind, queue: &Queue<'a>, turns: &Turns, place: &mut Option<Permit>) {
    loop {
        context.control.wait_while_paused();
        // The wait for further accounts may be long; meanwhile others may use the permit.
        if queue.is_given_accounts() {
            place.take();
        }
        let next = queue.next(context);
        *place = place.take().or_else(|| context.workers.take_free());
        let (id, task) = match next {
            Next::Begin(id, account) => (id, begin(context, kind, id, account)),
            Next::Continue(PutOff { id, task, .. }) => (id, Some(task)),
            Next::Wait(pause) => {
                if context.control.wait_for_work(pause) {
                    queue.hurry(context);
                }
                continue;
            }
            Next::Leave(PutOff { id, mut task, .. }) => {
                context.report(Event::AccountFinished { account: id, end: task.leave().end() });
                continue;
            }
            Next::Nothing => return,
        };
        if let Some(mut task) = task {
            match take_turn(context, id, task.as_mut(), turns) {
                Turn::PutOff(until) => queue.put_off(PutOff { id, until, task }),
                Turn::Skipped => queue.skip(PutOff { id, until: Instant::now(), task }),
                Turn::Ended(_) => {}
            }
        }
        queue.turn_ended(id);
    }
}

/// One turn of an account, once no other account works on the mailbox that it shares; reports its end.
fn take_turn(context: &RunContext, id: AccountId, task: &mut dyn Task<Verdict>, turns: &Turns) -> Turn<Verdict> {
    let alone = turns.get(&id.index()).map(|turn| turn.wait(&context.control.of(id)));
    if matches!(alone, Some(None)) && !context.control.stopping() {
        // It was skipped meanwhile, and the queue keeps it aside. After a stop, which is final, it takes its turn only to end.
        return Turn::PutOff(Instant::now());
    }
    // A fault of this program in one mailbox must not affect the others.
    let turn = std::panic::catch_unwind(AssertUnwindSafe(|| task.go_on())).unwrap_or_else(|_| {
        context.report_problem(id, None, Problem::new(ProblemKind::Internal));
        Turn::Ended(Verdict::of_no_attempt())
    });
    match &turn {
        Turn::Ended(verdict) => context.report(Event::AccountFinished { account: id, end: verdict.end() }),
        Turn::Skipped => context.report(Event::AccountSkipped { account: id }),
        Turn::PutOff(_) => {}
    }
    turn
}

/// Begins an account; none if it ends at once.
fn begin<'a>(
    context: &'a RunContext,
    kind: RunKind,
    id: AccountId,
    account: &'a Account,
) -> Option<Box<dyn Task<Verdict> + 'a>> {
    context.report(Event::AccountStarted { account: id });
    if let Some(problem) = context.shared.get(&id.index()) {
        context.report_problem(id, None, problem.clone());
        context.report(Event::AccountFinished { account: id, end: Verdict::of_no_attempt().end() });
        return None;
    }
    Some(match kind {
        RunKind::Check => Box::new(SurveyTask::new(context, id, account)),
        RunKind::Migrate => Box::new(MailboxTask::new(context, id, account)),
        RunKind::Verify => Box::new(VerifyTask::new(context, id, account)),
    })
}

/// The records of migrations that cannot be read. A run that writes one sets them aside first.
fn damaged_records(request: &Request) -> Vec<Problem> {
    if request.work.is_some() {
        return Vec::new();
    }
    let store = migration::Files::in_folder(&request.options.state_folder);
    let damaged = if request.kind == RunKind::Check { store.damaged() } else { store.set_damaged_aside() };
    let problem = |damaged: migration::Damaged| {
        let kept_as = damaged.path.display().to_string();
        let problem = Problem::new(ProblemKind::LocalFile).at_path(OwnFile::Reached).saying(damaged.why);
        problem.noting(Note::RecordSetAside { why: None, kept_as })
    };
    damaged.into_iter().map(problem).collect()
}

/// The record of the run's migration; none if the name belongs to other servers, which callers refuse before, or if the giver of the
/// accounts keeps the record.
fn begin_record(request: &Request) -> Option<(Keeper, MigrationInfo)> {
    if request.work.is_some() {
        return None;
    }
    let store = migration::Files::in_folder(&request.options.state_folder);
    let list = &request.list;
    let servers = server_names(request);
    let mut migration = Migration::find(&store, list.migration.as_deref(), (&servers.0, &servers.1)).ok()?;
    migration.take_list(list.file.clone(), list.people.iter().cloned());
    if request.kind == RunKind::Migrate {
        migration.rules = Some(request.selection.rules());
        migration.settings = Some(request.settings());
    }
    let keys = request.accounts.iter().map(|account| account.address.key()).collect();
    Some(Keeper::begin(migration, Box::new(store), request.kind, keys))
}

/// The two servers as typed.
fn server_names(request: &Request) -> (String, String) {
    (request.servers.source.address.to_string(), request.servers.target.address.to_string())
}

fn run_info(request: &Request, log_folder: PathBuf, migration: Option<MigrationInfo>) -> RunInfo {
    let (source, target) = server_names(request);
    RunInfo {
        kind: request.kind,
        started: chrono::Local::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, false),
        source,
        target,
        jobs: request.options.jobs,
        verify: request.options.verify,
        log_folder,
        accounts: request.accounts.iter().map(queue::info).collect(),
        bad_lines: request.bad_lines.clone(),
        migration,
    }
}
