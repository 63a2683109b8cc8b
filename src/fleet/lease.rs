//! A process's lease: until when it may work on its mailboxes, by its own clock.
//!
//! - The database keeps the lease's end by *its* clock. The lease is renewed well before, never once it has expired, and no mailbox is
//!   taken over until it has been expired for a grace period.
//! - The process counts from *before* it asked for its last renewal, and stops well before the database's time: by then everything it has
//!   sent is stored, or recorded as intended.
//! - Of the computer's two clocks, the one that shows more time passed counts: one stops during sleep, the other can be set.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// The times of a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseTimes {
    /// How long a lease holds, by the database's clock.
    pub lease: Duration,
    /// The interval between renewals.
    pub renew: Duration,
    /// A process stops after this long without a renewal, by its own clock.
    pub stop: Duration,
    /// A mailbox may be taken over once its holder's lease has been expired for this long.
    pub grace: Duration,
}

impl LeaseTimes {
    /// The default times in proportion, for a lease of this length.
    pub fn of(lease: Duration) -> Self {
        Self { lease, renew: lease / 6, stop: lease * 2 / 3, grace: lease / 2 }
    }
}

impl Default for LeaseTimes {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { lease: seconds(60), renew: seconds(10), stop: seconds(40), grace: seconds(30) }
    }
}

/// A moment by both clocks of this computer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    monotonic: Instant,
    wall: SystemTime,
}

impl Moment {
    pub fn now() -> Self {
        Self { monotonic: Instant::now(), wall: SystemTime::now() }
    }

    /// The time since; a wall clock that was set back does not count.
    pub fn elapsed(&self) -> Duration {
        self.monotonic.elapsed().max(self.wall.elapsed().unwrap_or_default())
    }
}

/// Whether this process may still work, as far as it knows.
pub(super) struct Lease {
    times: LeaseTimes,
    state: Mutex<State>,
}

struct State {
    /// Just before the process asked for the last renewal that was granted.
    renewed: Moment,
    lost: bool,
}

impl Lease {
    /// A granted lease, asked for at this moment.
    pub fn granted(times: LeaseTimes, asked: Moment) -> Self {
        Self { times, state: Mutex::new(State { renewed: asked, lost: false }) }
    }

    /// Asks for a renewal and returns whether it was granted. The lease counts from before the question, because the answer may take long.
    pub fn renew<E>(&self, ask: impl FnOnce() -> Result<bool, E>) -> Result<bool, E> {
        let asked = Moment::now();
        let granted = ask()?;
        match granted {
            true => self.renewed(asked),
            false => self.lose(),
        }
        Ok(granted)
    }

    /// Takes a granted renewal, asked for at this moment. One that comes too late changes nothing: `on_loss` may have been called already.
    fn renewed(&self, asked: Moment) {
        if self.holds() {
            self.state().renewed = asked;
        }
    }

    /// Ends the lease: another process has the mailboxes, or may have.
    pub fn lose(&self) {
        self.state().lost = true;
    }

    /// Whether this process may still write and send. Once it may not, it never may again.
    pub fn holds(&self) -> bool {
        let mut state = self.state();
        state.lost |= state.renewed.elapsed() >= self.times.stop;
        !state.lost
    }

    /// How long it still holds without another renewal.
    pub fn left(&self) -> Duration {
        if self.holds() { self.times.stop.saturating_sub(self.state().renewed.elapsed()) } else { Duration::ZERO }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES: LeaseTimes = LeaseTimes {
        lease: Duration::from_millis(600),
        renew: Duration::from_millis(100),
        stop: Duration::from_millis(400),
        grace: Duration::from_millis(300),
    };

    fn ago(milliseconds: u64) -> Moment {
        let before = Duration::from_millis(milliseconds);
        Moment { monotonic: Instant::now() - before, wall: SystemTime::now() - before }
    }

    #[test]
    fn a_lease_ends_by_itself_counted_from_before_it_was_asked_for_and_never_comes_back() {
        let lease = Lease::granted(TIMES, ago(300));
        assert!(lease.holds() && lease.left() <= Duration::from_millis(100));
        lease.renewed(ago(0));
        assert!(lease.left() > Duration::from_millis(200));
        let lease = Lease::granted(TIMES, ago(400));
        lease.renewed(ago(0));
        assert!(!lease.holds(), "the renewal came too late");
        assert_eq!(lease.left(), Duration::ZERO);
    }

    #[test]
    fn a_renewal_whose_answer_takes_long_counts_from_before_it_was_asked_for_and_a_refused_one_ends_the_lease() {
        let long = LeaseTimes { stop: Duration::from_secs(60), ..TIMES };
        let lease = Lease::granted(long, Moment::now());
        let slow = || {
            std::thread::sleep(Duration::from_millis(300));
            Ok::<_, ()>(true)
        };
        assert_eq!(lease.renew(slow), Ok(true));
        assert!(lease.left() <= Duration::from_millis(59_700), "{:?}", lease.left());
        assert_eq!(lease.renew(|| Err::<bool, _>(())), Err(()));
        assert!(lease.holds(), "an answer that is missing says nothing");
        assert_eq!(lease.renew(|| Ok::<_, ()>(false)), Ok(false));
        assert!(!lease.holds());
    }

    #[test]
    fn a_computer_that_slept_and_one_whose_clock_was_set_forward_stop() {
        let slept = Moment { monotonic: Instant::now(), wall: SystemTime::now() - Duration::from_secs(3600) };
        assert!(!Lease::granted(TIMES, slept).holds());
        let set_back = Moment { monotonic: Instant::now(), wall: SystemTime::now() + Duration::from_secs(3600) };
        assert!(Lease::granted(TIMES, set_back).holds());
        let set_back_and_old = Moment { monotonic: ago(500).monotonic, ..set_back };
        assert!(!Lease::granted(TIMES, set_back_and_old).holds());
    }
}
