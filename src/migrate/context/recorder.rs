//! The recorder: one thread that takes all events in one order, folds them, and passes them to every listener.
//!
//! The channel is bounded and drained here, never by a frame loop. The recorder also writes the report: at the end, and during the run
//! every few seconds after an account has ended, so that even a crash leaves one.

use crate::domain::{OwnFile, Problem, ProblemKind};
use crate::migrate::request::Observer;
use crate::migration::Keeper;
use crate::progress::{Event, RunState, Stamped};
use crate::report;
use crossbeam_channel::{Receiver, Sender};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// At most this many events wait; a worker that is faster than the recorder blocks.
const QUEUE: usize = 1024;

/// When an account ends, the report of a running run is at most this old, or [`REPORT_SHARE`] times as long as writing it takes.
const REPORT_EVERY: Duration = Duration::from_secs(10);

/// Writing the report takes at most one part in this many of the time: with thousands of accounts it takes seconds, while every worker
/// waits.
const REPORT_SHARE: u32 = 30;

/// The sender of a worker's events.
#[derive(Clone)]
pub struct Events(Sender<Event>);

impl Events {
    /// Events that nobody listens to.
    pub fn to_nobody() -> Self {
        Self(crossbeam_channel::bounded(0).0)
    }

    /// Reports an event. After the end of the recorder nobody listens, which is no error.
    pub fn report(&self, event: Event) {
        let _ = self.0.send(event);
    }

    /// The same for a caller that must not block: if the queue is full, a new thread reports the event.
    pub fn report_without_waiting(&self, event: Event) {
        if let Err(crossbeam_channel::TrySendError::Full(event)) = self.0.try_send(event) {
            let events = self.clone();
            std::thread::spawn(move || events.report(event));
        }
    }
}

/// Starts the recorder. It ends after [`Event::RunFinished`], or when every [`Events`] is gone.
pub fn start(
    state: Arc<Mutex<RunState>>,
    observer: Box<dyn Observer>,
    keeper: Option<Keeper>,
    log_folder: PathBuf,
) -> std::io::Result<(Events, JoinHandle<()>)> {
    let (sender, receiver) = crossbeam_channel::bounded(QUEUE);
    let recorder = Recorder {
        state,
        observer,
        keeper,
        record_is_lost: false,
        log_folder,
        started: Instant::now(),
        reported: Instant::now(),
        next_report: REPORT_EVERY,
    };
    let thread = std::thread::Builder::new().name("recorder".to_owned()).spawn(move || recorder.run(&receiver))?;
    Ok((Events(sender), thread))
}

struct Recorder {
    state: Arc<Mutex<RunState>>,
    observer: Box<dyn Observer>,
    /// Keeps the record of the run's migration.
    keeper: Option<Keeper>,
    record_is_lost: bool,
    log_folder: PathBuf,
    started: Instant,
    reported: Instant,
    /// How long after the last report the next may be written.
    next_report: Duration,
}

impl Recorder {
    fn run(mut self, events: &Receiver<Event>) {
        while let Ok(event) = events.recv() {
            let last = event == Event::RunFinished;
            self.take(event);
            if last {
                break;
            }
        }
    }

    fn take(&mut self, event: Event) {
        let at = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let stamped = Stamped { at, event: event.without_secrets() };
        self.log(&stamped);
        let due = match stamped.event {
            Event::RunFinished => true,
            Event::AccountFinished { .. } => self.reported.elapsed() >= self.next_report,
            _ => false,
        };
        if due && let Err(error) = self.report(&stamped) {
            log::error!("the report could not be written: {error}");
            if stamped.event == Event::RunFinished {
                let path = self.log_folder.join(report::REPORT_TEXT);
                let problem = Problem::new(ProblemKind::LocalFile).at_path(path.display()).saying(error);
                self.note(Stamped { at, event: Event::ProblemMet { account: None, folder: None, problem } });
            }
        }
        self.note(stamped);
    }

    fn note(&mut self, stamped: Stamped) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.apply(&stamped);
        let due = self.keeper.as_mut().is_some_and(|keeper| keeper.noted(&stamped, &state));
        self.observer.noted(&stamped, &state);
        // The window must not wait for a disk.
        drop(state);
        if let Some(keeper) = self.keeper.as_mut().filter(|_| due)
            && let Err(error) = keeper.write()
        {
            log::warn!("the record of the migration could not be written: {error}");
            self.say_record_is_lost(error);
        }
    }

    /// Says once that the next start will not know what this run reached. No message is affected: the ledger knows each.
    fn say_record_is_lost(&mut self, error: std::io::Error) {
        if !std::mem::replace(&mut self.record_is_lost, true) {
            let problem = Problem::new(ProblemKind::LocalFile).at_path(OwnFile::Reached).saying(error);
            self.take(Event::ProblemMet { account: None, folder: None, problem });
        }
    }

    /// Writes the report as of `stamped`, before anybody sees that event, so that the report exists once the end is seen. Writes from a
    /// copy, because the window must not wait for a disk.
    fn report(&mut self, stamped: &Stamped) -> std::io::Result<()> {
        let begun = Instant::now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner).clone();
        state.apply(stamped);
        let written = report::write_all(&self.log_folder, &state);
        self.reported = Instant::now();
        self.next_report = REPORT_EVERY.max(begun.elapsed().saturating_mul(REPORT_SHARE));
        written
    }

    fn log(&self, stamped: &Stamped) {
        match &stamped.event {
            // Long, and written better elsewhere: the accounts in the report, the counts in the state.
            Event::RunStarted(info) => log::info!(
                "run started: {:?} from {} to {}, {} accounts, {} at a time",
                info.kind,
                info.source,
                info.target,
                info.accounts.len(),
                info.jobs
            ),
            Event::ProblemMet { account, problem, .. } => log::warn!("{account:?} {:?}: {problem}", problem.kind),
            event => log::debug!("{event:?}"),
        }
    }
}
