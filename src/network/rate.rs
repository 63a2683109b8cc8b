//! A speed limit that connections share: a token bucket.
//!
//! Promises that no single wait is long, so that a connection soon notices that another thread has cut it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Bytes per second, in both directions together. Clones share one budget.
#[derive(Debug, Clone)]
pub struct RateLimit {
    bytes_per_second: u64,
    share: Share,
    next: Arc<Mutex<Instant>>,
}

/// This process's part of a limit that several machines share; the whole until it is set. Clones share it.
#[derive(Debug, Clone)]
pub struct Share(Arc<AtomicU64>);

impl Share {
    /// The whole, in millionths.
    const WHOLE: f64 = 1_000_000.0;

    /// Sets the part, from 0 to 1.
    pub fn set(&self, part: f64) {
        self.0.store((part.clamp(0.0, 1.0) * Self::WHOLE) as u64, Ordering::Relaxed);
    }

    fn of(&self, whole: u64) -> u64 {
        (whole as f64 * self.0.load(Ordering::Relaxed) as f64 / Self::WHOLE) as u64
    }
}

impl Default for Share {
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(Self::WHOLE as u64)))
    }
}

/// The budget that a pause can save up, and the longest wait after one transfer of a single connection.
const GRAIN: Duration = Duration::from_millis(100);
/// At least this many bytes per second: servers take slower connections for dead.
const LEAST: u64 = 1000;

impl RateLimit {
    /// A limit in bytes per second, at least [`LEAST`].
    pub fn new(bytes_per_second: u64) -> Self {
        Self { bytes_per_second, share: Share::default(), next: Arc::new(Mutex::new(Instant::now())) }
    }

    /// The same limit, of which this process uses only a share.
    pub fn shared(self, share: Share) -> Self {
        Self { share, ..self }
    }

    fn now(&self) -> u64 {
        self.share.of(self.bytes_per_second).max(LEAST)
    }

    /// At most this many bytes move in one read or write.
    pub(super) fn portion(&self) -> usize {
        usize::try_from(self.now() / 10).unwrap_or(usize::MAX)
    }

    /// Waits until the budget covers this many bytes.
    pub(super) fn pay(&self, bytes: usize) {
        std::thread::sleep(self.cost_at(bytes, Instant::now()));
    }

    /// The wait behind all earlier transfers.
    fn cost_at(&self, bytes: usize, now: Instant) -> Duration {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let cost = Duration::from_secs_f64(bytes as f64 / self.now() as f64);
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

    #[test]
    fn of_a_limit_that_machines_keep_to_together_each_has_its_share() {
        let share = Share::default();
        let limit = RateLimit::new(100_000).shared(share.clone());
        let (other, now) = (limit.clone(), Instant::now() + Duration::from_secs(1));
        assert_eq!((limit.portion(), limit.cost_at(10_000, now)), (10_000, Duration::ZERO));
        share.set(0.25);
        assert_eq!((other.portion(), other.cost_at(10_000, now)), (2500, Duration::from_millis(400)));
        share.set(0.0);
        assert_eq!(limit.portion(), 100, "no connection stands still");
    }
}
