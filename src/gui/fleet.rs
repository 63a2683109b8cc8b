//! A fleet as the window watches it: what the window needs from fleets, and the thread that watches one.
//!
//! - The window knows no database: its caller supplies [`Fleets`].
//! - One thread looks every two seconds, passes the user's orders to all machines, and hands over what has changed. Once reached, a
//!   database that goes away is tried again for as long as the window watches.
//! - Only the sums of an account are kept, unless it is open.

use crate::progress::{AccountState, RunInfo, TaskState};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use egui::Context;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The time between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// A frame spends at most this long on news; the rest comes with the next.
const BUDGET: Duration = Duration::from_millis(8);

/// Where a fleet is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FleetPlace {
    /// The address of the database, as `--ledger` takes it.
    pub ledger: String,
    /// The fleet's name; empty if the database has only one.
    pub name: String,
    /// Its key file.
    pub key_file: PathBuf,
}

/// Connects to fleets.
pub trait Fleets: Send + Sync {
    /// Connects to one.
    fn open(&self, place: &FleetPlace) -> Result<Box<dyn Fleet>, FleetTrouble>;
}

/// A fleet with a connection to its database.
pub trait Fleet: Send {
    /// Hands over what has changed since the last look; the first time, everything. Accounts in `opened`, by their place in the list, come
    /// with their folders.
    fn look(&mut self, opened: &BTreeSet<usize>, news: &mut dyn FnMut(FleetNews)) -> Result<(), FleetTrouble>;

    /// Gives an order to all machines.
    fn order(&mut self, order: FleetOrder) -> Result<(), FleetTrouble>;

    /// Writes the report of the whole fleet, and returns its folder.
    fn write_report(&mut self) -> Result<PathBuf, FleetTrouble>;
}

/// Why a fleet cannot be watched, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FleetTrouble {
    /// What is wrong.
    pub sentence: String,
    /// Whether it may pass, so that trying again makes sense.
    pub may_pass: bool,
}

/// An order to all machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FleetOrder {
    /// Pause between batches.
    Pause,
    /// Continue.
    Continue,
    /// Stop when the messages in flight are settled.
    Stop,
}

/// A process that works on a fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FleetMachine {
    /// The machine's name.
    pub machine: String,
    /// The process on it.
    pub process: String,
    /// How many mailboxes it works on.
    pub mailboxes: u64,
    /// Seconds since its lease ran out; none while the lease holds.
    pub silent: Option<u64>,
}

/// What has changed.
#[derive(Debug, Clone)]
pub enum FleetNews {
    /// A task has begun, or this is the first look. The accounts follow; `info` has none.
    Task {
        /// The fleet's name.
        name: String,
        /// The task as a run.
        info: Box<RunInfo>,
    },
    /// The accounts at these places of the list.
    Accounts(Vec<(usize, AccountState)>),
    /// The state of the whole task, and the processes that work on it. Comes last in each look.
    Whole(TaskState, Vec<FleetMachine>),
    /// The report was written into this folder.
    Reported(PathBuf),
    /// The fleet cannot be reached now; the watcher tries again.
    Away(String),
    /// An order or a report failed.
    Failed(String),
    /// The fleet cannot be watched any more.
    Over(String),
}

enum Command {
    Order(FleetOrder),
    Report,
    Opened(BTreeSet<usize>),
}

/// A fleet that is being watched.
pub struct Watching {
    commands: Sender<Command>,
    news: Receiver<FleetNews>,
}

impl Watching {
    /// Begins to watch.
    pub fn begin(fleets: Arc<dyn Fleets>, place: FleetPlace, context: &Context) -> std::io::Result<Self> {
        let (commands, received) = unbounded();
        let (sender, news) = unbounded();
        let context = context.clone();
        let send = move |news| {
            let sent = sender.send(news).is_ok();
            context.request_repaint();
            sent
        };
        let watcher = Watcher { fleets, place, commands: received, send: Box::new(send), opened: BTreeSet::new() };
        std::thread::Builder::new().name("fleet".to_owned()).spawn(move || watcher.run())?;
        Ok(Self { commands, news })
    }

    /// Hands the news since the last call to `take`, for at most a few milliseconds. Returns whether there is more.
    pub fn news(&self, mut take: impl FnMut(FleetNews)) -> bool {
        let began = Instant::now();
        while let Ok(news) = self.news.try_recv() {
            take(news);
            if began.elapsed() > BUDGET {
                break;
            }
        }
        !self.news.is_empty()
    }

    /// Gives an order to all machines.
    pub fn order(&self, order: FleetOrder) {
        self.send(Command::Order(order));
    }

    /// Writes the report of the whole fleet.
    pub fn write_report(&self) {
        self.send(Command::Report);
    }

    /// Asks for the folders of these accounts.
    pub fn open(&self, accounts: BTreeSet<usize>) {
        self.send(Command::Opened(accounts));
    }

    fn send(&self, command: Command) {
        // A watcher that has ended said why.
        let _ = self.commands.send(command);
    }
}

struct Watcher {
    fleets: Arc<dyn Fleets>,
    place: FleetPlace,
    commands: Receiver<Command>,
    /// False when nobody listens any more.
    send: Box<dyn Fn(FleetNews) -> bool + Send>,
    opened: BTreeSet<usize>,
}

impl Watcher {
    /// Watches until the window stops listening, or until the fleet cannot be watched any more.
    fn run(mut self) {
        let mut fleet = None;
        let mut was_reached = false;
        loop {
            let trouble = match &mut fleet {
                None => match self.fleets.open(&self.place) {
                    Ok(opened) => {
                        (fleet, was_reached) = (Some(opened), true);
                        continue;
                    }
                    Err(trouble) => Some(trouble),
                },
                Some(fleet) => self.look(fleet.as_mut()).err(),
            };
            match trouble {
                // Before the first success the cause may be a typing mistake, so the user sees it at once.
                Some(trouble) if !trouble.may_pass || !was_reached => {
                    (self.send)(FleetNews::Over(trouble.sentence));
                    return;
                }
                Some(trouble) => {
                    // A lease may have been lost with the connection; only a new connection helps then.
                    fleet = None;
                    if !(self.send)(FleetNews::Away(trouble.sentence)) {
                        return;
                    }
                }
                None => {}
            }
            if !self.wait(fleet.as_mut().map(|fleet| &mut **fleet as &mut dyn Fleet)) {
                return;
            }
        }
    }

    fn look(&mut self, fleet: &mut dyn Fleet) -> Result<(), FleetTrouble> {
        let send = &self.send;
        fleet.look(&self.opened, &mut |news| {
            send(news);
        })
    }

    /// Waits for the next look, and carries out commands meanwhile. Returns false when nobody watches any more.
    fn wait(&mut self, mut fleet: Option<&mut dyn Fleet>) -> bool {
        let until = Instant::now() + LOOK_EVERY;
        loop {
            let done = match (self.commands.recv_deadline(until), &mut fleet) {
                (Err(RecvTimeoutError::Timeout), _) => return true,
                (Err(RecvTimeoutError::Disconnected), _) => return false,
                (Ok(Command::Opened(opened)), _) => {
                    self.opened = opened;
                    return true;
                }
                (Ok(Command::Order(_) | Command::Report), None) => {
                    let sentence = "The fleet's database cannot be reached at the moment. Try again later.";
                    Err(FleetTrouble { sentence: sentence.to_owned(), may_pass: true })
                }
                // The next look follows at once, so that the user sees the effect.
                (Ok(Command::Order(order)), Some(fleet)) => match fleet.order(order) {
                    Ok(()) => return true,
                    Err(trouble) => Err(trouble),
                },
                (Ok(Command::Report), Some(fleet)) => fleet.write_report().map(|folder| {
                    (self.send)(FleetNews::Reported(folder));
                }),
            };
            if let Err(trouble) = done {
                (self.send)(FleetNews::Failed(trouble.sentence));
            }
        }
    }
}
