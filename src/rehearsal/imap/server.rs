//! The server: its listeners, its connections, and what all of them share.

use super::super::certificate::ServerCertificate;
use super::super::faults::{Action, Faults, Moment, Step};
use super::super::listener::Listener;
use super::super::service::{ImapService, MailService};
use super::super::store::MailStore;
use super::channel::Channel;
use super::options::ImapOptions;
use super::session::Session;
use crate::domain::Fingerprint;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// An IMAP server on loopback ports. Dropping it ends its threads and connections.
///
/// It listens nowhere until [`MailService::listen`] is called.
pub struct ImapServer {
    shared: Arc<Shared>,
    listeners: Mutex<BTreeMap<(ImapService, u16), Listener>>,
}

/// The commands one connection sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    /// The connection's number, from 1.
    pub connection: u64,
    /// Who signed in, by the first of the sign-in names; empty when nobody did.
    pub user: String,
    /// Names of commands in upper case, `UID FETCH` as one, in order; the first ten thousand.
    pub commands: Vec<String>,
}

/// At most that many commands of a connection are kept, and the commands of at most that many connections.
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
    /// Refused sign-ins of the last minute, and until when sign-ins are blocked.
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

impl ImapServer {
    /// A server of the mail in `store`.
    pub fn start(store: Arc<MailStore>, options: ImapOptions) -> io::Result<Self> {
        let certificate = match &options.certificate {
            Some(certificate) => certificate.clone(),
            None => ServerCertificate::shared()?,
        };
        let shared = Shared {
            store,
            certificate,
            options: RwLock::new(Arc::new(options)),
            faults: RwLock::default(),
            connections: Mutex::default(),
            transcripts: Mutex::default(),
            refusals: Mutex::default(),
            closing: Mutex::new(false),
            closed: Condvar::new(),
        };
        Ok(Self { shared: Arc::new(shared), listeners: Mutex::default() })
    }

    /// The mail it serves.
    pub fn store(&self) -> &Arc<MailStore> {
        &self.shared.store
    }

    /// The fingerprint of the certificate it shows.
    pub fn fingerprint(&self) -> Fingerprint {
        self.shared.certificate.fingerprint()
    }

    /// How it behaves.
    pub fn options(&self) -> ImapOptions {
        ImapOptions::clone(&self.shared.options())
    }

    /// Behaves otherwise from the next connection on; the certificate stays.
    pub fn set_options(&self, options: ImapOptions) {
        *self.shared.options.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(options);
    }

    /// Asks this hook at every step from now on, or none any more.
    pub fn set_faults(&self, faults: Option<Arc<dyn Faults>>) {
        *self.shared.faults.write().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    /// Cuts every open connection.
    pub fn cut_connections(&self) {
        for stream in lock(&self.shared.connections).open.values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        lock(&self.shared.connections).open.len()
    }

    /// Ends a block after refused passwords.
    pub fn unblock(&self) {
        *lock(&self.shared.refusals) = Default::default();
    }

    /// What the last thousand connections sent, in the order they began.
    pub fn transcripts(&self) -> Vec<Transcript> {
        lock(&self.shared.transcripts).iter().cloned().collect()
    }
}

impl MailService for ImapServer {
    fn create_user(&self, names: &[String], password: &str) -> io::Result<()> {
        Ok(self.shared.store.create_user(names, password)?)
    }

    fn listen(&self, service: ImapService, port: u16) -> io::Result<u16> {
        let mut listeners = lock(&self.listeners);
        if port != 0 && listeners.contains_key(&(service, port)) {
            return Ok(port);
        }
        let shared = Arc::downgrade(&self.shared);
        let listener = Listener::start(port, move |stream| {
            if let Some(shared) = shared.upgrade() {
                shared.accept(stream, service);
            }
        })?;
        let port = listener.port();
        listeners.insert((service, port), listener);
        Ok(port)
    }

    fn stop_listening(&self, service: ImapService, port: u16) {
        // Dropped outside of the lock: it waits for its thread.
        let listener = lock(&self.listeners).remove(&(service, port));
        drop(listener);
    }
}

impl Drop for ImapServer {
    fn drop(&mut self) {
        *lock(&self.shared.closing) = true;
        self.shared.closed.notify_all();
        lock(&self.listeners).clear();
        self.cut_connections();
        let threads = std::mem::take(&mut lock(&self.shared.connections).threads);
        for thread in threads {
            let _ = thread.join();
        }
    }
}

impl Shared {
    pub(super) fn options(&self) -> Arc<ImapOptions> {
        self.options.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn certificate(&self) -> &ServerCertificate {
        &self.certificate
    }

    /// Begins a connection on a thread of its own.
    fn accept(self: &Arc<Self>, stream: TcpStream, service: ImapService) {
        let options = self.options();
        let mut connections = lock(&self.connections);
        connections.threads.retain(|thread| !thread.is_finished());
        if *lock(&self.closing) || self.is_blocked() {
            return;
        }
        let is_full = options.most_connections.is_some_and(|most| connections.open.len() >= most);
        let (Ok(handle), Ok(())) = (stream.try_clone(), stream.set_nodelay(true)) else { return };
        connections.last += 1;
        let connection = connections.last;
        connections.open.insert(connection, handle);
        // The thread takes the connection off the list, and needs the lock for it, also when it cannot be started.
        drop(connections);
        let presence = Presence { shared: self.clone(), connection, user: String::new() };
        let spawned = std::thread::Builder::new().name(format!("imap {connection}")).spawn(move || {
            let tls = service == ImapService::SecureImap;
            if let Err(error) = Session::new(Channel::new(stream, presence), options).serve(tls, is_full) {
                log::debug!(target: "rehearsal", "connection {connection} ended: {error}");
            }
        });
        if let Ok(thread) = spawned {
            lock(&self.connections).threads.push(thread);
        }
    }

    /// Whether sign-ins are blocked (docs/kerio-connect.md, A9).
    pub(super) fn is_blocked(&self) -> bool {
        lock(&self.refusals).1.is_some_and(|until| Instant::now() < until)
    }

    /// Counts a refused password, and blocks when there were too many within a minute.
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

/// A connection's place on the list of those that are open, until it is dropped.
pub(super) struct Presence {
    pub(super) shared: Arc<Shared>,
    connection: u64,
    user: String,
}

impl Presence {
    /// What shall happen at this moment.
    pub(super) fn ask(&self, moment: Moment<'_>) -> Action {
        let faults = self.shared.faults.read().unwrap_or_else(PoisonError::into_inner).clone();
        let step = Step { connection: self.connection, user: &self.user, moment };
        faults.map_or(Action::Proceed, |faults| faults.at(&step))
    }

    /// Waits, but not longer than the server lives.
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

    /// Keeps the name of a command.
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
