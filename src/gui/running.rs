//! A run as the window sees it: begun in the background, heard through a channel, never waited for.

use super::last_run::{Keeper, LastRun};
use super::task::{Progress, Task};
use crate::domain::Problem;
use crate::instance::Instance;
use crate::logs;
use crate::migrate::{self, Request, Run};
use crate::progress::{RunKind, RunState, Stamped};
use crossbeam_channel::{Receiver, Sender, unbounded};
use egui::Context;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A frame spends at most so long on news; what is left comes with the next.
const BUDGET: Duration = Duration::from_millis(8);
/// While a run goes on the window is drawn at most this often by itself.
pub const FRAME: Duration = Duration::from_millis(100);

/// What a run needs to begin.
pub struct Order {
    /// What is to be done.
    pub request: Request,
    /// The file the accounts are from.
    pub accounts_file: PathBuf,
    /// Below which folder the run's log folder is made; none for the usual place.
    pub logs: Option<PathBuf>,
}

struct Begun {
    run: Run,
    log_folder: PathBuf,
    // Held for as long as the run goes on: nobody else may touch the ledger meanwhile.
    _instance: Instance,
}

/// A run that is being begun, or goes on.
pub struct Running {
    /// What it does.
    pub kind: RunKind,
    beginning: Option<Task<Result<Begun, Problem>>>,
    begun: Option<Begun>,
    events: Receiver<Stamped>,
    waking: Arc<AtomicBool>,
    since: Instant,
    stop: bool,
}

impl Running {
    /// Begins a run in the background.
    pub fn begin(order: Order, context: &Context) -> std::io::Result<Self> {
        let (sender, events) = unbounded();
        let waking = Arc::new(AtomicBool::new(false));
        let observer = Observer { sender, context: context.clone(), waking: waking.clone() };
        let kind = order.request.kind;
        let wake = context.clone();
        let beginning = Task::start("begin", move || wake.request_repaint(), move || begin(order, observer))?;
        Ok(Self { kind, beginning: Some(beginning), begun: None, events, waking, since: Instant::now(), stop: false })
    }

    /// Hands the news since last time to `take`, for at most a few milliseconds. An error says why the run could not begin.
    pub fn news(&mut self, mut take: impl FnMut(&Stamped)) -> Result<(), Problem> {
        match self.beginning.as_ref().map(Task::poll) {
            Some(Progress::Done(begun)) => {
                self.beginning = None;
                self.begun = Some(begun?);
                if self.stop {
                    self.stop();
                }
            }
            Some(Progress::Lost) => return Err(Problem::new(crate::domain::ProblemKind::Internal)),
            Some(Progress::Working) | None => {}
        }
        self.waking.store(false, Ordering::Relaxed);
        let started = Instant::now();
        while let Ok(event) = self.events.try_recv() {
            take(&event);
            if started.elapsed() > BUDGET {
                break;
            }
        }
        Ok(())
    }

    /// Whether there is news that did not fit into the frame.
    pub fn has_more(&self) -> bool {
        !self.events.is_empty()
    }

    /// Whether everything has ended, and all of it was told.
    pub fn is_over(&self) -> bool {
        self.begun.as_ref().is_some_and(|begun| begun.run.is_finished()) && self.events.is_empty()
    }

    /// Milliseconds since it was begun.
    pub fn now(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The folder with its report and logs, once it is there.
    pub fn log_folder(&self) -> Option<&Path> {
        self.begun.as_ref().map(|begun| begun.log_folder.as_path())
    }

    /// Begins nothing new and settles what is in flight; also a run that is only being begun.
    pub fn stop(&mut self) {
        self.stop = true;
        self.with(Run::stop);
    }

    /// Stops it and waits until it has ended, for so long at most. For the program's own end; a window that lives never waits.
    pub fn stop_and_wait(&mut self, patience: Duration) {
        self.stop();
        let end = Instant::now() + patience;
        while self.news(|_| {}).is_ok() && !self.is_over() && Instant::now() < end {
            std::thread::sleep(FRAME);
        }
    }

    /// Pauses it.
    pub fn pause(&self) {
        self.with(Run::pause);
    }

    /// Continues after a pause.
    pub fn resume(&self) {
        self.with(Run::resume);
    }

    /// Ends every wait for a server.
    pub fn try_now(&self) {
        self.with(Run::try_now);
    }

    fn with(&self, tell: impl Fn(&Run)) {
        if let Some(begun) = &self.begun {
            tell(&begun.run);
        }
    }
}

/// Sends the events to the window and wakes it, once for many of them.
struct Observer {
    sender: Sender<Stamped>,
    context: Context,
    waking: Arc<AtomicBool>,
}

impl Observer {
    fn tell(&self, event: &Stamped) {
        // A window that is gone does not want to hear.
        let _ = self.sender.send(event.clone());
        if !self.waking.swap(true, Ordering::Relaxed) {
            self.context.request_repaint_after(FRAME);
        }
    }
}

fn begin(order: Order, observer: Observer) -> Result<Begun, Problem> {
    let Order { request, accounts_file, logs } = order;
    let state_folder = &request.options.state_folder;
    let instance = Instance::claim(state_folder)?;
    let log_folder = logs::start(logs.as_deref())?;
    logs::hide(request.secrets());
    let mut keeper = (request.kind == RunKind::Migrate)
        .then(|| Keeper::begin(LastRun::of(&accounts_file, &request.accounts), state_folder));
    let noted = move |event: &Stamped, state: &RunState| {
        if let Some(keeper) = &mut keeper {
            keeper.noted(event, state);
        }
        observer.tell(event);
    };
    let run = migrate::start(request, log_folder.clone(), Box::new(noted))?;
    Ok(Begun { run, log_folder, _instance: instance })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Security, ServerAddress};
    use crate::migrate::{MailServer, Options, Servers, TargetKind};
    use crate::progress::Event;
    use std::net::TcpListener;

    #[test]
    fn a_stop_while_the_run_is_being_begun_is_carried_out() {
        let folder = tempfile::tempdir().unwrap();
        // Connections are taken up and never answered, so that the run does not end by itself.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = ServerAddress::parse(&silent.local_addr().unwrap().to_string()).unwrap();
        let server = MailServer::at(address, Security::Tls);
        let servers = Servers::between(server.clone(), server, TargetKind::Imap);
        let options = Options::in_folder(folder.path().join("state"));
        let order = Order {
            request: Request::of(RunKind::Check, servers, Vec::new(), options),
            accounts_file: PathBuf::new(),
            logs: Some(folder.path().join("logs")),
        };
        let mut running = Running::begin(order, &Context::default()).unwrap();
        // Whatever its thread has done by now: the window has not heard that it began.
        running.stop();
        let _line = silent.accept().unwrap();
        let (end, mut stopped) = (Instant::now() + Duration::from_secs(20), false);
        while !stopped && Instant::now() < end {
            running.news(|news| stopped |= news.event == Event::StopRequested).unwrap();
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(stopped, "the run goes on");
    }
}
