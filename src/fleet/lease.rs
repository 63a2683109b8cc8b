//! The lease of a process: until when it may work on its mailboxes, by its own clock.
//!
//! - The database keeps until when the lease holds by *its* clock. It is renewed long before, never once it has expired, and nobody takes a
//!   mailbox over before it has been expired for a while.
//! - The process counts from *before* it asked for the last renewal that it got, and stops well before the database's time: then whatever
//!   it had sent is at its place, or is named as intended.
//! - Of the two clocks of a computer the one that shows more counts. One stops while the computer sleeps, the other can be set.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// How long what takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseTimes {
    /// A lease holds this long, by the database's clock.
    pub lease: Duration,
    /// It is renewed this often.
    pub renew: Duration,
    /// A process that got no renewal for this long stops, by its own clock.
    pub stop: Duration,
    /// A mailbox may be taken over when its holder's lease has been expired for this long.
    pub grace: Duration,
}

impl LeaseTimes {
    /// The usual times, in proportion, for a lease of this length.
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

    /// How long ago that was; a wall clock that was set back says nothing.
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
    /// Just before the last renewal that was granted was asked for.
    renewed: Moment,
    lost: bool,
}

impl Lease {
    /// A lease that was asked for at that moment, and granted.
    pub fn granted(times: LeaseTimes, asked: Moment) -> Self {
        Self { times, state: Mutex::new(State { renewed: asked, lost: false }) }
    }

    /// Asks for a renewal; whether it was granted. It counts from before it was asked for, because the answer may take long.
    pub fn renew<E>(&self, ask: impl FnOnce() -> Result<bool, E>) -> Result<bool, E> {
        let asked = Moment::now();
        let granted = ask()?;
        match granted {
            true => self.renewed(asked),
            false => self.lose(),
        }
        Ok(granted)
    }

    /// A renewal that was asked for at that moment was granted. One that comes too late changes nothing: others may have been called already.
    fn renewed(&self, asked: Moment) {
        if self.holds() {
            self.state().renewed = asked;
        }
    }

    /// Somebody else has it, or may have.
    pub fn lose(&self) {
        self.state().lost = true;
    }

    /// Whether this process may still write and send. Once it may not, it never may again.
    pub fn holds(&self) -> bool {
        let mut state = self.state();
        state.lost |= state.renewed.elapsed() >= self.times.stop;
        !state.lost
    }

    /// How long it holds yet without another renewal.
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
