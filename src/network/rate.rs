//! A speed limit that connections share: a token bucket.
//!
//! Promises that no single wait is long, so that a connection that another thread cuts notices it soon.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Bytes per second, in both directions together. Clones share one budget.
#[derive(Debug, Clone)]
pub struct RateLimit {
    bytes_per_second: u64,
    next: Arc<Mutex<Instant>>,
}

/// The budget that a pause can save up, and the longest wait after one transfer of a single connection.
const GRAIN: Duration = Duration::from_millis(100);

impl RateLimit {
    /// A limit in bytes per second, at least 1000: servers take slower connections for dead.
    pub fn new(bytes_per_second: u64) -> Self {
        Self { bytes_per_second: bytes_per_second.max(1000), next: Arc::new(Mutex::new(Instant::now())) }
    }

    /// At most this many bytes move in one read or write.
    pub(super) fn portion(&self) -> usize {
        usize::try_from(self.bytes_per_second / 10).unwrap_or(usize::MAX)
    }

    /// Waits until the budget covers this many bytes.
    pub(super) fn pay(&self, bytes: usize) {
        std::thread::sleep(self.cost_at(bytes, Instant::now()));
    }

    /// The wait behind all earlier transfers.
    fn cost_at(&self, bytes: usize, now: Instant) -> Duration {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let cost = Duration::from_secs_f64(bytes as f64 / self.bytes_per_second as f64);
        let earliest = now.checked_sub(GRAIN).unwrap_or(now);
        *next = (*next).max(earliest) + cost;
        next.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_that_share_a_limit_wait_for_each_other() {
        let limit = RateLimit::new(10_000);
        let (other, now) = (limit.clone(), Instant::now() + Duration::from_secs(1));
        assert_eq!(limit.cost_at(1000, now), Duration::ZERO, "what was saved up in a pause");
        assert_eq!(other.cost_at(1000, now), Duration::from_millis(100));
        assert_eq!(limit.cost_at(1000, now), Duration::from_millis(200));
        assert_eq!(other.cost_at(1000, now + Duration::from_millis(250)), Duration::from_millis(50));
        assert_eq!(limit.portion(), 1000);
    }

    #[test]
    fn even_the_lowest_limit_lets_a_connection_move() {
        assert_eq!(RateLimit::new(1).portion(), 100);
    }
}
