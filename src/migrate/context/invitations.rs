//! What the workers of a run know together about invitations that nobody should get; see `groupware/tripwire.rs`.

use crate::dav::Href;
use crate::domain::{Address, Invitation, Uid};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// Shared by all workers.
#[derive(Debug, Default)]
pub struct Invitations {
    watched: Mutex<Watched>,
    seen: OnceLock<Invitation>,
}

/// The events whose participants are looked at, and these participants.
#[derive(Debug, Default)]
pub struct Watched {
    /// The UIDs of the events that were stored so far under this watch.
    pub uids: BTreeSet<String>,
    /// How many of them had been stored when the participants were looked at last.
    pub looked_at: usize,
    /// Each participant, as he was before the first of these events was stored.
    pub people: BTreeMap<Address, Before>,
    /// Participants who cannot be signed in; they are not tried again.
    pub closed: BTreeSet<Address>,
}

/// What a participant had before.
#[derive(Debug, Clone, Default)]
pub struct Before {
    /// The folders that are looked into, by their wire names, and the UID that the next message of each had.
    pub folders: Vec<(Vec<u8>, Uid)>,
    /// What was in the calendars and in the scheduling inbox; none where these cannot be looked into.
    pub objects: Option<BTreeSet<Href>>,
}

impl Invitations {
    /// Waits until no other worker stores an event under the watch.
    pub fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends all work on items.
    pub fn note_seen(&self, sign: Invitation) {
        let _ = self.seen.set(sign);
    }

    /// The invitation that was seen.
    pub fn seen(&self) -> Option<&Invitation> {
        self.seen.get()
    }
}
