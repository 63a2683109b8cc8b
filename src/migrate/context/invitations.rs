//! What the workers of a run know together about invitations that nobody should get; see `groupware/tripwire.rs`.

use crate::domain::{Address, Uid};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// Shared by all workers.
#[derive(Debug, Default)]
pub struct Invitations {
    watched: Mutex<Watched>,
    seen: OnceLock<String>,
}

/// The events whose participants' mailboxes are looked into, and these mailboxes.
#[derive(Debug, Default)]
pub struct Watched {
    /// The UIDs of the events that were stored so far under this watch.
    pub uids: BTreeSet<String>,
    /// How many of them had been stored when the mailboxes were looked into last.
    pub looked_at: usize,
    /// Each participant's INBOX: the UID that its next message had before the first of these events was stored.
    pub inboxes: BTreeMap<Address, Uid>,
    /// Participants who cannot be signed in; they are not tried again.
    pub closed: BTreeSet<Address>,
}

impl Invitations {
    /// Waits until no other worker stores an event under the watch.
    pub fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends all work on items.
    pub fn note_seen(&self, which: String) {
        let _ = self.seen.set(which);
    }

    /// The invitation that was seen.
    pub fn seen(&self) -> Option<&str> {
        self.seen.get().map(String::as_str)
    }
}
