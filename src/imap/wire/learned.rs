//! What all connections to one server have learned about it together, so that each need not learn it again.

use crate::domain::UidValidity;
use crate::imap::opened;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// What was learned about a server. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Learned {
    shortest_round_trip: Arc<Mutex<Option<Duration>>>,
    needs_sizes: Arc<AtomicBool>,
    /// The UIDVALIDITY of folders that have none.
    passing_validity: Arc<OnceLock<UidValidity>>,
}

impl Learned {
    /// The shortest time in which the server has answered something trivial; none until something was noted.
    ///
    /// A busy computer, a name server, or a password that takes long to check makes an answer late. Nothing makes one early.
    pub(super) fn shortest_round_trip(&self) -> Option<Duration> {
        *self.shortest_round_trip.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes how long an answer took.
    pub(in crate::imap) fn note_round_trip(&self, took: Duration) {
        let mut shortest = self.shortest_round_trip.lock().unwrap_or_else(PoisonError::into_inner);
        *shortest = Some(shortest.map_or(took, |known| known.min(took)));
    }

    /// Whether only the size of a message can prove that an answer holds all of it.
    pub(in crate::imap) fn needs_sizes(&self) -> bool {
        self.needs_sizes.load(Ordering::Relaxed)
    }

    /// A UIDVALIDITY for folders without one. Each run has its own, so that no record of an earlier run fits.
    pub(in crate::imap) fn passing_validity(&self) -> UidValidity {
        *self.passing_validity.get_or_init(opened::new_passing_validity)
    }

    /// Notes such an answer.
    pub(in crate::imap) fn note_need_of_sizes(&self) {
        self.needs_sizes.store(true, Ordering::Relaxed);
    }
}
