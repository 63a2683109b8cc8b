//! What a server's listeners and connections share: mail, options, open connections, and what each connection sent.

use super::super::certificate::ServerCertificate;
use super::super::faults::{Action, Faults, Moment, Step};
use super::super::store::MailStore;
use super::options::ImapOptions;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The commands one connection sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    /// The connection's number, from 1.
    pub connection: u64,
    /// The signed-in user's first sign-in name; empty if nobody signed in.
    pub user: String,
    /// The first ten thousand command names in order and upper case; `UID FETCH` is one name.
    pub commands: Vec<String>,
}

/// The most commands kept of a connection, and the most connections whose commands are kept.
const COMMANDS_KEPT: usize = 10_000;
const TRANSCRIPTS_KEPT: usize = 1000;

/// What listeners and connections share.
pub(super) struct Shared {
    pub(super) store: Arc<MailStore>,
    certificate: Arc<ServerCertificate>,
    options: RwLock<Arc<ImapOptions>>,
    faults: RwLock<Option<Arc<dyn Faults>>>,
    connections: Mutex<Connections>,
    transcripts: Mutex<VecDeque<Transcript>>,
    /// Times of refused sign-ins within the last minute, and the end of a block.
    refusals: Mutex<(VecDeque<Instant>, Option<Instant>)>,
    closing: Mutex<bool>,
    closed: Condvar,
}

#[derive(Default)]
struct Connections {
    last: u64,
    open: BTreeMap<u64, TcpStream>,
    threads: Vec<JoinHandle<()>>,
}

impl Shared {
    pub(super) fn new(store: Arc<MailStore>, certificate: Arc<ServerCertificate>, options: ImapOptions) -> Self {
        Self {
            store,
            certificate,
            options: RwLock::new(Arc::new(options)),
            faults: RwLock::default(),
            connections: Mutex::default(),
            transcripts: Mutex::default(),
            refusals: Mutex::default(),
            closing: Mutex::new(false),
            closed: Condvar::new(),
        }
    }

    pub(super) fn options(&self) -> Arc<ImapOptions> {
        self.options.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the options from the next connection on.
    pub(super) fn set_options(&self, options: ImapOptions) {
        *self.options.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(options);
    }

    /// Asks this hook at every step from now on; none removes it.
    pub(super) fn set_faults(&self, faults: Option<Arc<dyn Faults>>) {
        *self.faults.write().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    pub(super) fn certificate(&self) -> &ServerCertificate {
        &self.certificate
    }

    /// Registers an open connection and says whether the server was full. None if the server is closing or sign-ins are blocked.
    pub(super) fn admit(self: &Arc<Self>, stream: &TcpStream) -> Option<(Presence, bool)> {
        let mut connections = lock(&self.connections);
        connections.threads.retain(|thread| !thread.is_finished());
        if *lock(&self.closing) || self.is_blocked() {
            return None;
        }
        let is_full = self.options().most_connections.is_some_and(|most| connections.open.len() >= most);
        let handle = stream.try_clone().ok()?;
        connections.last += 1;
        let connection = connections.last;
        connections.open.insert(connection, handle);
        Some((Presence { shared: self.clone(), connection, user: String::new() }, is_full))
    }

    /// Keeps a connection's thread, to wait for it at the end.
    pub(super) fn keep(&self, thread: JoinHandle<()>) {
        lock(&self.connections).threads.push(thread);
    }

    /// Cuts every open connection.
    pub(super) fn cut_connections(&self) {
        for stream in lock(&self.connections).open.values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// The number of open connections.
    pub(super) fn connections(&self) -> usize {
        lock(&self.connections).open.len()
    }

    /// Refuses connections and ends all waits from now on.
    pub(super) fn close(&self) {
        *lock(&self.closing) = true;
        self.closed.notify_all();
    }

    /// Cuts every connection and waits for the threads.
    pub(super) fn end_connections(&self) {
        self.cut_connections();
        let threads = std::mem::take(&mut lock(&self.connections).threads);
        for thread in threads {
            let _ = thread.join();
        }
    }

    /// Lifts a block after refused passwords.
    pub(super) fn unblock(&self) {
        *lock(&self.refusals) = Default::default();
    }

    /// What the last thousand connections sent, in order of their start.
    pub(super) fn transcripts(&self) -> Vec<Transcript> {
        lock(&self.transcripts).iter().cloned().collect()
    }

    /// Whether sign-ins are blocked (docs/kerio-connect.md, A9).
    pub(super) fn is_blocked(&self) -> bool {
        lock(&self.refusals).1.is_some_and(|until| Instant::now() < until)
    }

    /// Counts a refused password; blocks if there were too many within a minute.
    pub(super) fn note_refusal(&self, options: &ImapOptions) {
        let mut refusals = lock(&self.refusals);
        let now = Instant::now();
        refusals.0.push_back(now);
        while refusals.0.front().is_some_and(|first| now.duration_since(*first) > Duration::from_secs(60)) {
            refusals.0.pop_front();
        }
        if options.block_after_failures.is_some_and(|most| refusals.0.len() >= most as usize) {
            refusals.1 = Some(now + options.block_for);
            refusals.0.clear();
        }
    }
}

/// A connection's registration as open, until it is dropped.
pub(super) struct Presence {
    pub(super) shared: Arc<Shared>,
    connection: u64,
    user: String,
}

impl Presence {
    /// The connection's number, from 1.
    pub(super) fn connection(&self) -> u64 {
        self.connection
    }

    /// The hook's action at this moment.
    pub(super) fn ask(&self, moment: Moment<'_>) -> Action {
        let faults = self.shared.faults.read().unwrap_or_else(PoisonError::into_inner).clone();
        let step = Step { connection: self.connection, user: &self.user, moment };
        faults.map_or(Action::Proceed, |faults| faults.at(&step))
    }

    /// Waits, but no longer than the server lives.
    pub(super) fn wait(&self, duration: Duration) -> io::Result<()> {
        let closing = lock(&self.shared.closing);
        let waited = self.shared.closed.wait_timeout_while(closing, duration, |closing| !*closing);
        let closing = *waited.unwrap_or_else(PoisonError::into_inner).0;
        if closing { Err(io::ErrorKind::Interrupted.into()) } else { Ok(()) }
    }

    pub(super) fn signed_in(&mut self, user: &str) {
        self.user = user.to_owned();
        self.transcribe(|transcript| transcript.user = user.to_owned());
    }

    /// Records the name of a command.
    pub(super) fn note_command(&self, command: &str) {
        self.transcribe(|transcript| {
            if transcript.commands.len() < COMMANDS_KEPT {
                transcript.commands.push(command.to_owned());
            }
        });
    }

    fn transcribe(&self, change: impl FnOnce(&mut Transcript)) {
        let mut transcripts = lock(&self.shared.transcripts);
        let place = match transcripts.iter().rposition(|transcript| transcript.connection == self.connection) {
            Some(place) => place,
            None => {
                if transcripts.len() >= TRANSCRIPTS_KEPT {
                    transcripts.pop_front();
                }
                let connection = self.connection;
                transcripts.push_back(Transcript { connection, user: String::new(), commands: Vec::new() });
                transcripts.len() - 1
            }
        };
        if let Some(transcript) = transcripts.get_mut(place) {
            change(transcript);
        }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        if let Some(stream) = lock(&self.shared.connections).open.remove(&self.connection) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
