//! The stand-in for Kerio Connect's CalDAV and CardDAV server, on a loopback port.
//!
//! Promises what is known about Kerio Connect (docs/kerio-connect.md, section G), every ambiguity as a switch of [`DavBehaviour`]: hrefs,
//! entity tags without quotes, folders of mail among the calendars, a relative redirect, and invitations for whatever is stored with
//! participants. They go into an outbox that a test can look into and that must stay empty.
//!
//! A request's way: `connection` reads it and lets a hook decide, `answers` answers it, `store` keeps the items.

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

/// A running stand-in. Dropping it ends its listening.
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
    /// Starts listening on a port, 0 for a free one; encrypted where there is a certificate.
    pub fn start(port: u16, certificate: Option<Arc<ServerCertificate>>) -> io::Result<Self> {
        let shared = Arc::new(Shared { store: Mutex::default(), hook: Mutex::default() });
        let accept = connection::accept(shared.clone(), certificate);
        Ok(Self { shared, listener: Listener::start(port, accept)? })
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.listener.port()
    }

    /// Makes an account with Kerio Connect's default folders: Calendar, Tasks and Contacts. `address` is its sign-in name.
    pub fn create_user(&self, address: &str, password: &Secret) {
        self.shared.store().create_user(address, password);
    }

    /// Turns switches, from the next request on.
    pub fn change(&self, change: impl FnOnce(&mut DavBehaviour)) {
        self.shared.store().behave(change);
    }

    /// From now on the hook decides about every request.
    pub fn on_request(&self, hook: impl Fn(&str, &str, u64) -> DavFault + Send + Sync + 'static) {
        *self.shared.hook.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(hook));
    }

    /// Puts an item into a collection, as its owner would have; `collection` is `Calendar`, `Tasks`, `Contacts` or a calendar of another
    /// name, which is made.
    pub fn add(&self, address: &str, collection: &str, name: &str, text: &str) {
        self.shared.store().add(address, collection, name, text);
    }

    /// Puts an item where the server itself puts an invitation: into a calendar, or into the scheduling inbox, which is called `Inbox`.
    pub fn deliver(&self, address: &str, collection: &str, name: &str, text: &str) {
        self.shared.store().deliver(address, collection, name, text);
    }

    /// Makes a collection that an account sees another one's, who shares it.
    pub fn share(&self, address: &str, collection: &str, owner: &str) {
        self.shared.store().share(address, collection, owner);
    }

    /// Deletes the items of an account whose text has these words, as their owner would. Says whether there were any.
    pub fn delete(&self, address: &str, words: &str) -> bool {
        self.shared.store().delete(address, words)
    }

    /// What the server holds now, for [`DavStandIn::restore`].
    pub fn snapshot(&self) -> Snapshot {
        self.shared.store().snapshot()
    }

    /// Brings the server back to what it held, as if a backup of it were restored.
    pub fn restore(&self, snapshot: Snapshot) {
        self.shared.store().restore(snapshot);
    }

    /// What an account holds: collection and text of each item.
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
