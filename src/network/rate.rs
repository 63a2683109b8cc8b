//! A limit on how fast lines may read and write, shared by all of them: a token bucket.
//!
//! Promises that no single wait is long, so that a line that is cut from another thread is soon noticed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Octets a second, in both directions together. Clones share the one budget.
#[derive(Debug, Clone)]
pub struct RateLimit {
    octets_per_second: u64,
    next: Arc<Mutex<Instant>>,
}

/// What may go at once after a pause, and the longest that one transfer is spread over, on a line of its own.
const GRAIN: Duration = Duration::from_millis(100);

impl RateLimit {
    /// A limit of so many octets a second, at least 1000: slower than that, servers take a line for dead.
    pub fn new(octets_per_second: u64) -> Self {
        Self { octets_per_second: octets_per_second.max(1000), next: Arc::new(Mutex::new(Instant::now())) }
    }

    /// The most octets that one read or write may move.
    pub(super) fn portion(&self) -> usize {
        usize::try_from(self.octets_per_second / 10).unwrap_or(usize::MAX)
    }

    /// Waits as long as so many octets have to be paid for.
    pub(super) fn pay(&self, octets: usize) {
        std::thread::sleep(self.cost_at(octets, Instant::now()));
    }

    /// Each line pays behind those that came before it.
    fn cost_at(&self, octets: usize, now: Instant) -> Duration {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let cost = Duration::from_secs_f64(octets as f64 / self.octets_per_second as f64);
        let earliest = now.checked_sub(GRAIN).unwrap_or(now);
        *next = (*next).max(earliest) + cost;
        next.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_share_a_limit_wait_for_each_other() {
        let limit = RateLimit::new(10_000);
        let (other, now) = (limit.clone(), Instant::now() + Duration::from_secs(1));
        assert_eq!(limit.cost_at(1000, now), Duration::ZERO, "what was saved up in a pause");
        assert_eq!(other.cost_at(1000, now), Duration::from_millis(100));
        assert_eq!(limit.cost_at(1000, now), Duration::from_millis(200));
        assert_eq!(other.cost_at(1000, now + Duration::from_millis(250)), Duration::from_millis(50));
        assert_eq!(limit.portion(), 1000);
    }

    #[test]
    fn even_the_least_limit_lets_a_line_move() {
        assert_eq!(RateLimit::new(1).portion(), 100);
    }
}
