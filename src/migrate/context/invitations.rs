//! What the workers of a run share about invitations that nobody should get; see `groupware/tripwire.rs`.

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

/// The events whose participants are watched, and these participants.
#[derive(Debug, Default)]
pub struct Watched {
    /// The UIDs of the events stored so far under this watch.
    pub uids: BTreeSet<String>,
    /// How many of them had been stored when the participants were last looked at.
    pub looked_at: usize,
    /// Each participant's state before the first of these events was stored.
    pub people: BTreeMap<Address, Before>,
    /// Participants who cannot be signed in; they are not tried again.
    pub closed: BTreeSet<Address>,
}

/// A participant's state before.
#[derive(Debug, Clone, Default)]
pub struct Before {
    /// The folders to look into, by their wire names, each with the UID of its next message.
    pub folders: Vec<(Vec<u8>, Uid)>,
    /// The contents of the calendars and of the scheduling inbox; none if these cannot be looked into.
    pub objects: Option<BTreeSet<Href>>,
}

impl Invitations {
    /// Waits until no other worker stores an event under the watch.
    pub fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes an invitation that was seen, which ends all work on items.
    pub fn note_seen(&self, sign: Invitation) {
        let _ = self.seen.set(sign);
    }

    /// The invitation that was seen.
    pub fn seen(&self) -> Option<&Invitation> {
        self.seen.get()
    }
}
