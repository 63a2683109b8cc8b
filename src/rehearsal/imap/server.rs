//! The server: its listeners, and one thread per connection.

use super::super::certificate::ServerCertificate;
use super::super::faults::Faults;
use super::super::listener::Listener;
use super::super::service::{ImapService, MailService, Used};
use super::super::store::MailStore;
use super::channel::Channel;
use super::options::ImapOptions;
use super::session::Session;
use super::shared::{Shared, Transcript, lock};
use crate::domain::Fingerprint;
use std::collections::BTreeMap;
use std::io;
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

/// An IMAP server on loopback ports. Dropping it ends its threads and connections.
///
/// It listens nowhere until [`MailService::listen`] is called.
pub struct ImapServer {
    shared: Arc<Shared>,
    listeners: Mutex<BTreeMap<(ImapService, u16), Listener>>,
}

impl ImapServer {
    /// Serves the mail in `store`.
    pub fn start(store: Arc<MailStore>, options: ImapOptions) -> io::Result<Self> {
        let certificate = match &options.certificate {
            Some(certificate) => certificate.clone(),
            None => ServerCertificate::shared()?,
        };
        let shared = Arc::new(Shared::new(store, certificate, options));
        Ok(Self { shared, listeners: Mutex::default() })
    }

    /// The mail it serves.
    pub fn store(&self) -> &Arc<MailStore> {
        &self.shared.store
    }

    /// The fingerprint of its certificate.
    pub fn fingerprint(&self) -> Fingerprint {
        self.shared.certificate().fingerprint()
    }

    /// Its current options.
    pub fn options(&self) -> ImapOptions {
        ImapOptions::clone(&self.shared.options())
    }

    /// Changes the options from the next connection on; the certificate stays.
    pub fn set_options(&self, options: ImapOptions) {
        self.shared.set_options(options);
    }

    /// Asks this hook at every step from now on; none removes it.
    pub fn set_faults(&self, faults: Option<Arc<dyn Faults>>) {
        self.shared.set_faults(faults);
    }

    /// Cuts every open connection.
    pub fn cut_connections(&self) {
        self.shared.cut_connections();
    }

    /// The number of open connections.
    pub fn connections(&self) -> usize {
        self.shared.connections()
    }

    /// Lifts a block after refused passwords.
    pub fn unblock(&self) {
        self.shared.unblock();
    }

    /// What the last thousand connections sent, in order of their start.
    pub fn transcripts(&self) -> Vec<Transcript> {
        self.shared.transcripts()
    }
}

impl MailService for ImapServer {
    fn create_user(&self, names: &[String], password: &str) -> io::Result<()> {
        Ok(self.shared.store.create_user(names, password)?)
    }

    fn used(&self, name: &str) -> Option<Used> {
        self.shared.store.used(name).ok()
    }

    fn listen(&self, service: ImapService, port: u16) -> io::Result<u16> {
        let mut listeners = lock(&self.listeners);
        if port != 0 && listeners.contains_key(&(service, port)) {
            return Ok(port);
        }
        let shared = Arc::downgrade(&self.shared);
        let listener = Listener::start(port, move |stream| {
            if let Some(shared) = shared.upgrade() {
                accept(&shared, stream, service);
            }
        })?;
        let port = listener.port();
        listeners.insert((service, port), listener);
        Ok(port)
    }

    fn stop_listening(&self, service: ImapService, port: u16) {
        // Dropped outside the lock, because it waits for its thread.
        let listener = lock(&self.listeners).remove(&(service, port));
        drop(listener);
    }
}

impl Drop for ImapServer {
    fn drop(&mut self) {
        self.shared.close();
        lock(&self.listeners).clear();
        self.shared.end_connections();
    }
}

/// Starts a connection on its own thread.
fn accept(shared: &Arc<Shared>, stream: TcpStream, service: ImapService) {
    let options = shared.options();
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let Some((presence, is_full)) = shared.admit(&stream) else { return };
    let connection = presence.connection();
    let spawned = std::thread::Builder::new().name(format!("imap {connection}")).spawn(move || {
        let tls = service == ImapService::SecureImap;
        if let Err(error) = Session::new(Channel::new(stream, presence), options).serve(tls, is_full) {
            log::debug!(target: "rehearsal", "connection {connection} ended: {error}");
        }
    });
    if let Ok(thread) = spawned {
        shared.keep(thread);
    }
}
