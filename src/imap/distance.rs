//! How far a server is, learned by all connections to it together.
//!
//! A busy machine, a name server or a password that takes long to check make an answer late; nothing makes one early. So the shortest time counts.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The shortest time in which a server has answered something that it need not think about. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Distance(Arc<Mutex<Option<Duration>>>);

impl Distance {
    /// None until something was noted.
    pub(super) fn shortest(&self) -> Option<Duration> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes how long an answer took.
    pub(super) fn note(&self, took: Duration) {
        let mut shortest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *shortest = Some(shortest.map_or(took, |known| known.min(took)));
    }
}
