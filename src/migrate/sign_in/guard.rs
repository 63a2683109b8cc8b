//! Keeps this computer from being blocked: servers count refused sign-ins by address and block an address with too many.
//!
//! Kerio Connect's anti-hammering blocks an address after 10 refusals within a minute, or after 3 for one account; other servers do the
//! same. So after two refusals within a minute the next sign-in on that server waits until the minute is over. Machines that reach the
//! server from the same address count together.

use crate::domain::Side;
use crate::migrate::request::Together;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// At most this many refusals are risked within [`WINDOW`].
const ALLOWED: usize = 2;
const WINDOW: Duration = Duration::from_secs(61);

/// The refused sign-ins on one server, shared by all workers.
#[derive(Default)]
pub struct SignInGuard {
    refusals: Mutex<VecDeque<Instant>>,
    /// Knows the refusals of other machines.
    together: Option<(Arc<dyn Together>, Side)>,
}

impl SignInGuard {
    /// A guard that also counts the refusals of other machines.
    pub fn together(together: Arc<dyn Together>, side: Side) -> Self {
        Self { together: Some((together, side)), ..Self::default() }
    }

    /// How long to wait before the next sign-in; none if it may be tried now.
    pub fn wait(&self) -> Option<Duration> {
        let ours = self.wait_at(Instant::now());
        let all = self.together.as_ref().and_then(|(together, side)| {
            let decisive = ALLOWED.checked_sub(1)?;
            together.refusals(*side).get(decisive).copied()
        });
        ours.max(all)
    }

    /// Notes that the server refused a password.
    pub fn refused(&self) {
        self.refused_at(Instant::now());
        if let Some((together, side)) = &self.together {
            together.refused(*side);
        }
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
