//! The stand-in for Kerio Connect's CalDAV and CardDAV server, on a loopback port.
//!
//! It behaves as is known of Kerio Connect (docs/kerio-connect.md, section G), with a switch of [`DavBehaviour`] for every ambiguity:
//! hrefs, entity tags without quotes, mail folders among the calendars, a relative redirect, and an invitation for every stored item with
//! participants. Invitations go to an outbox, which a test can inspect and which must stay empty.
//!
//! A request's way: `connection` reads it and asks the hook, `answers` answers it, `store` keeps the items.

mod answers;
mod connection;
mod digest;
mod store;

pub use connection::{DavFault, DavHook};
pub use store::{DavBehaviour, Invitation, Snapshot};

use super::ServerCertificate;
use super::listener::Listener;
use crate::domain::Secret;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::Store;

/// A running stand-in. Dropping it stops listening.
pub struct DavStandIn {
    shared: Arc<Shared>,
    listener: Listener,
}

/// What its connections share.
struct Shared {
    store: Mutex<Store>,
    hook: Mutex<Option<Arc<DavHook>>>,
}

impl Shared {
    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DavStandIn {
    /// Starts listening on a port, 0 for a free one; encrypted if there is a certificate.
    pub fn start(port: u16, certificate: Option<Arc<ServerCertificate>>) -> io::Result<Self> {
        let shared = Arc::new(Shared { store: Mutex::default(), hook: Mutex::default() });
        let accept = connection::accept(shared.clone(), certificate);
        Ok(Self { shared, listener: Listener::start(port, accept)? })
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.listener.port()
    }

    /// Creates an account with Kerio Connect's default folders: Calendar, Tasks and Contacts. `address` is its sign-in name.
    pub fn create_user(&self, address: &str, password: &Secret) {
        self.shared.store().create_user(address, password);
    }

    /// Turns switches; the next request is the first to see them.
    pub fn change(&self, change: impl FnOnce(&mut DavBehaviour)) {
        self.shared.store().behave(change);
    }

    /// Lets the hook decide about every request from now on.
    pub fn on_request(&self, hook: impl Fn(&str, &str, u64) -> DavFault + Send + Sync + 'static) {
        *self.shared.hook.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(hook));
    }

    /// Adds an item to a collection, as its owner would. `collection` is `Calendar`, `Tasks`, `Contacts` or a calendar of another name,
    /// which is created if missing.
    pub fn add(&self, address: &str, collection: &str, name: &str, text: &str) {
        self.shared.store().add(address, collection, name, text);
    }

    /// Adds an item as the server itself delivers an invitation: to a calendar, or to the scheduling inbox, `Inbox`.
    pub fn deliver(&self, address: &str, collection: &str, name: &str, text: &str) {
        self.shared.store().deliver(address, collection, name, text);
    }

    /// Makes a collection appear as one that `owner` shares with this account.
    pub fn share(&self, address: &str, collection: &str, owner: &str) {
        self.shared.store().share(address, collection, owner);
    }

    /// Deletes an account's items that contain these words, as their owner would; returns whether there were any.
    pub fn delete(&self, address: &str, words: &str) -> bool {
        self.shared.store().delete(address, words)
    }

    /// The server's current state, for [`DavStandIn::restore`].
    pub fn snapshot(&self) -> Snapshot {
        self.shared.store().snapshot()
    }

    /// Returns the server to an earlier state, as restoring a backup does.
    pub fn restore(&self, snapshot: Snapshot) {
        self.shared.store().restore(snapshot);
    }

    /// An account's items, each with collection and text.
    pub fn items(&self, address: &str) -> Vec<(String, String)> {
        self.shared.store().items(address)
    }

    /// The invitations that were sent.
    pub fn outbox(&self) -> Vec<Invitation> {
        self.shared.store().outbox.clone()
    }

    /// The methods and paths of all requests so far.
    pub fn requests(&self) -> Vec<(String, String)> {
        self.shared.store().requests.clone()
    }
}
