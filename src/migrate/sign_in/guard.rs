//! Keeps us from being blocked: servers count refused sign-ins by address and shut out who has too many.
//!
//! Kerio Connect's anti-hammering blocks an address after 10 refusals within a minute, by one account after 3; other servers have
//! the like. So after two refusals within a minute the next sign-in on that server waits until the minute is over.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Refusals we allow ourselves within [`WINDOW`].
const ALLOWED: usize = 2;
const WINDOW: Duration = Duration::from_secs(61);

/// The refused sign-ins on one server, shared by all workers.
#[derive(Default)]
pub struct SignInGuard {
    refusals: Mutex<VecDeque<Instant>>,
}

impl SignInGuard {
    /// How long to wait before the next sign-in; none when it may be tried now.
    pub fn wait(&self) -> Option<Duration> {
        self.wait_at(Instant::now())
    }

    /// Notes that the server refused a password.
    pub fn refused(&self) {
        self.refused_at(Instant::now());
    }

    fn wait_at(&self, now: Instant) -> Option<Duration> {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        while refusals.front().is_some_and(|first| now.duration_since(*first) >= WINDOW) {
            refusals.pop_front();
        }
        let decisive = refusals.len().checked_sub(ALLOWED)?;
        refusals.get(decisive).map(|oldest| WINDOW - now.duration_since(*oldest))
    }

    fn refused_at(&self, now: Instant) {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner).push_back(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_try_after_two_refusals_waits_until_the_minute_is_over() {
        let guard = SignInGuard::default();
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        guard.refused_at(start);
        assert_eq!(guard.wait_at(after(1)), None);
        guard.refused_at(after(10));
        assert_eq!(guard.wait_at(after(11)), Some(Duration::from_secs(50)));
        assert_eq!(guard.wait_at(after(61)), None);
        guard.refused_at(after(62));
        assert_eq!(guard.wait_at(after(63)), Some(Duration::from_secs(8)));
    }
}
