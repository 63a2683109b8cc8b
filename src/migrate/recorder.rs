//! The recorder: one thread that takes the events in, in one order, folds them, and tells everybody who listens.
//!
//! The channel is bounded and drained here, never by a frame loop. The report is written here too: at the end, and while the run
//! goes on every few seconds after an account has ended, so that even a crash leaves one.

use super::Observer;
use crate::progress::{Event, RunState, Stamped};
use crate::report;
use crossbeam_channel::{Receiver, Sender};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// So many events may wait; a worker that runs ahead of the recorder waits with them.
const QUEUE: usize = 1024;

/// The report of a running run is at most this old when an account ends.
const REPORT_EVERY: Duration = Duration::from_secs(10);

/// Where workers put their events.
#[derive(Clone)]
pub(super) struct Events(Sender<Event>);

impl Events {
    /// Tells what happened. After the recorder's end nobody listens, and that is no error.
    pub(super) fn tell(&self, event: Event) {
        let _ = self.0.send(event);
    }

    /// The same for whoever must not wait: when the queue is full, the event is told from a thread of its own.
    pub(super) fn tell_without_waiting(&self, event: Event) {
        if let Err(crossbeam_channel::TrySendError::Full(event)) = self.0.try_send(event) {
            let events = self.clone();
            std::thread::spawn(move || events.tell(event));
        }
    }
}

/// Starts the recorder. It ends after [`Event::RunFinished`], or when every [`Events`] is gone.
pub(super) fn start(
    state: Arc<Mutex<RunState>>,
    observer: Box<dyn Observer>,
    log_folder: PathBuf,
) -> std::io::Result<(Events, JoinHandle<()>)> {
    let (sender, receiver) = crossbeam_channel::bounded(QUEUE);
    let recorder = Recorder { state, observer, log_folder, started: Instant::now(), reported: Instant::now() };
    let thread = std::thread::Builder::new().name("recorder".to_owned()).spawn(move || recorder.run(&receiver))?;
    Ok((Events(sender), thread))
}

struct Recorder {
    state: Arc<Mutex<RunState>>,
    observer: Box<dyn Observer>,
    log_folder: PathBuf,
    started: Instant,
    reported: Instant,
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
        let stamped = Stamped { at, event };
        self.log(&stamped);
        let state = self.state.clone();
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.apply(&stamped);
        let due = match stamped.event {
            Event::RunFinished => true,
            Event::AccountFinished { .. } => self.reported.elapsed() >= REPORT_EVERY,
            _ => false,
        };
        if due {
            self.reported = Instant::now();
            if let Err(error) = report::write_all(&self.log_folder, &state) {
                log::error!("the report could not be written: {error}");
            }
        }
        self.observer.noted(&stamped, &state);
    }

    fn log(&self, stamped: &Stamped) {
        match &stamped.event {
            // Long, and said better elsewhere: the accounts in the report, the counts in the state.
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
