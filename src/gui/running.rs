//! A run as the window sees it: started in the background, followed through a channel, never waited for.

use super::task::{Progress, Task};
use crate::domain::{AccountId, Problem};
use crate::instance::Instance;
use crate::logs;
use crate::migrate::{self, Request, Run, Silence};
use crate::progress::{RunKind, RunState, Stamped};
use crossbeam_channel::{Receiver, Sender, unbounded};
use egui::Context;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A frame spends at most this long on news; the rest comes with the next.
const BUDGET: Duration = Duration::from_millis(8);
/// A stopped run may settle its messages in flight for this long. Then its connections are cut, and the next run settles the rest.
const GENTLE: Duration = Duration::from_millis(2500);
/// A skipped account may settle its messages in flight for this long. Then its connections are cut, and it settles the rest on continuing.
const SKIPPED_WITHIN: Duration = Duration::from_secs(10);
/// The window waits at most this long for a stopped run; what is left of it ends in the background.
const STOPPED_WITHIN: Duration = Duration::from_millis(4000);
/// During a run the window redraws itself at most this often.
pub const FRAME: Duration = Duration::from_millis(100);

/// What a run needs to start.
pub struct Order {
    /// What to do.
    pub request: Request,
    /// The folder in which the run creates its log folder; none for the usual place.
    pub logs: Option<PathBuf>,
}

struct Begun {
    run: Run,
    log_folder: PathBuf,
    // Held during the run, so that nobody else touches the ledger.
    _instance: Instance,
}

/// A run that is starting or under way.
pub struct Running {
    /// What it does.
    pub kind: RunKind,
    beginning: Option<Task<Result<Begun, Problem>>>,
    begun: Option<Begun>,
    events: Receiver<Stamped>,
    waking: Arc<AtomicBool>,
    since: Instant,
    /// When it was asked to stop.
    stopping: Option<Instant>,
    cut: bool,
    /// The accounts that are being skipped, and since when.
    skipping: BTreeMap<AccountId, Instant>,
}

impl Running {
    /// Starts a run in the background.
    pub fn begin(order: Order, context: &Context) -> std::io::Result<Self> {
        let (sender, events) = unbounded();
        let waking = Arc::new(AtomicBool::new(false));
        let observer = Observer { sender, context: context.clone(), waking: waking.clone() };
        let kind = order.request.kind;
        let wake = context.clone();
        let beginning = Task::start("begin", move || wake.request_repaint(), move || begin(order, observer))?;
        Ok(Self {
            kind,
            beginning: Some(beginning),
            begun: None,
            events,
            waking,
            since: Instant::now(),
            stopping: None,
            cut: false,
            skipping: BTreeMap::new(),
        })
    }

    /// Hands the news since the last call to `take`, for at most a few milliseconds. An error says why the run could not start.
    pub fn news(&mut self, mut take: impl FnMut(&Stamped)) -> Result<(), Problem> {
        match self.beginning.as_ref().map(Task::poll) {
            Some(Progress::Done(begun)) => {
                self.beginning = None;
                self.begun = Some(begun?);
                if self.stopping.is_some() {
                    self.with(Run::stop);
                }
            }
            Some(Progress::Lost) => return Err(Problem::new(crate::domain::ProblemKind::Internal)),
            Some(Progress::Working) | None => {}
        }
        if !self.cut && self.stopping.is_some_and(|asked| asked.elapsed() >= GENTLE) {
            self.cut = self.begun.is_some();
            self.with(Run::stop_now);
        }
        self.skipping.retain(|account, asked| {
            let settles = asked.elapsed() < SKIPPED_WITHIN;
            if let Some(begun) = self.begun.as_ref().filter(|_| !settles) {
                begun.run.cut(*account);
            }
            settles
        });
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

    /// Whether the run has ended and all of its news was taken.
    pub fn is_over(&self) -> bool {
        self.begun.as_ref().is_some_and(|begun| begun.run.is_finished()) && self.events.is_empty()
    }

    /// Milliseconds since its start.
    pub fn now(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The folder with its report and logs, once it exists.
    pub fn log_folder(&self) -> Option<&Path> {
        self.begun.as_ref().map(|begun| begun.log_folder.as_path())
    }

    /// Stops it: starts nothing new, and settles the messages in flight. Also stops a run that is still starting.
    pub fn stop(&mut self) {
        self.stopping.get_or_insert_with(Instant::now);
        self.with(Run::stop);
    }

    /// Whether it was asked to stop and has not ended in time, because a server or this computer holds it up.
    pub fn is_overdue(&self) -> bool {
        self.stopping.is_some_and(|asked| asked.elapsed() >= STOPPED_WITHIN)
    }

    /// The server that has kept a connection waiting longest, and for how long.
    pub fn longest_silence(&self) -> Option<Silence> {
        self.begun.as_ref()?.run.longest_silence()
    }

    /// Stops it and waits at most `patience` for it to end. Only for the end of the program; an open window never waits.
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

    /// Skips an account: settles its messages in flight, then works on the others.
    pub fn skip(&mut self, account: AccountId) {
        self.skipping.insert(account, Instant::now());
        self.with(|run| run.skip(account));
    }

    /// Continues an account that was skipped.
    pub fn take_up(&mut self, account: AccountId) {
        self.skipping.remove(&account);
        self.with(|run| run.take_up(account));
    }

    /// Ends every wait that a server caused.
    pub fn try_now(&self) {
        self.with(Run::try_now);
    }

    fn with(&self, command: impl Fn(&Run)) {
        if let Some(begun) = &self.begun {
            command(&begun.run);
        }
    }
}

/// Sends events to the window, and wakes it once for several of them.
struct Observer {
    sender: Sender<Stamped>,
    context: Context,
    waking: Arc<AtomicBool>,
}

impl Observer {
    fn send(&self, event: &Stamped) {
        // A closed window needs no news.
        let _ = self.sender.send(event.clone());
        if !self.waking.swap(true, Ordering::Relaxed) {
            self.context.request_repaint_after(FRAME);
        }
    }
}

fn begin(order: Order, observer: Observer) -> Result<Begun, Problem> {
    let Order { request, logs } = order;
    let state_folder = &request.options.state_folder;
    let instance = Instance::claim(state_folder)?;
    let log_folder = logs::start(logs.as_deref())?;
    logs::hide(request.secrets());
    let noted = move |event: &Stamped, _state: &RunState| observer.send(event);
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
    fn a_stop_while_the_run_starts_is_carried_out() {
        let folder = tempfile::tempdir().unwrap();
        // Connections are accepted and never answered, so that the run does not end by itself.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = ServerAddress::parse(&silent.local_addr().unwrap().to_string()).unwrap();
        let server = MailServer::at(address, Security::Tls);
        let servers = Servers::between(server.clone(), server, TargetKind::Imap);
        let options = Options::in_folder(folder.path().join("state"));
        let order = Order {
            request: Request::of(RunKind::Check, servers, Vec::new(), options),
            logs: Some(folder.path().join("logs")),
        };
        let mut running = Running::begin(order, &Context::default()).unwrap();
        // Whatever its thread has done by now: the window does not know yet that it started.
        running.stop();
        let _connection = silent.accept().unwrap();
        let (end, mut stopped) = (Instant::now() + Duration::from_secs(20), false);
        while !stopped && Instant::now() < end {
            running.news(|news| stopped |= news.event == Event::StopRequested).unwrap();
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(stopped, "the run does not stop");
    }
}
