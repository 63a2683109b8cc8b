//! Limits the number of open connections to one server, if the user wants that: on this machine, or on all machines of a fleet.

use crate::domain::Side;
use crate::migrate::context::control::AccountControl;
use crate::migrate::request::Together;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How soon a wait notices a stop of the run or a skip of the account.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How often the other machines are asked for room.
const ASK_EVERY: Duration = Duration::from_millis(500);

/// The permits of one server.
pub struct Permits {
    free: Mutex<u32>,
    freed: Condvar,
    /// The other machines to ask, and for which side's server.
    together: Option<(Arc<dyn Together>, Side)>,
}

/// Room for one connection, until it is dropped.
pub struct Permit {
    permits: Arc<Permits>,
    room: Option<Box<dyn Send>>,
}

impl Permits {
    /// Permits for at most `most` connections, but at least one; without a limit if `most` is none.
    pub fn new(most: Option<u32>) -> Self {
        Self { free: Mutex::new(most.map_or(u32::MAX, |most| most.max(1))), freed: Condvar::new(), together: None }
    }

    /// Permits for as many connections to a server as all machines together may have.
    pub fn together(together: Arc<dyn Together>, side: Side) -> Self {
        Self { together: Some((together, side)), ..Self::new(None) }
    }

    /// A permit for an account as soon as one is free; none if the user stops the run or skips the account first.
    pub fn wait(self: &Arc<Self>, control: &AccountControl) -> Option<Permit> {
        loop {
            let mut free = self.lock();
            while *free == 0 {
                if control.stopping() {
                    return None;
                }
                free = self.freed.wait_timeout(free, LOOK_EVERY).unwrap_or_else(PoisonError::into_inner).0;
            }
            drop(free);
            if let Some(permit) = self.take_free() {
                return Some(permit);
            }
            if control.stopping() {
                return None;
            }
            control.wait(ASK_EVERY);
        }
    }

    /// A permit, if one is free now.
    pub fn take_free(self: &Arc<Self>) -> Option<Permit> {
        let mut free = self.lock();
        *free = free.checked_sub(1)?;
        drop(free);
        // Dropping it gives it back, also if the other machines have no room.
        let mut permit = Permit { permits: self.clone(), room: None };
        if let Some((together, side)) = &self.together {
            permit.room = Some(together.room(*side)?);
        }
        Some(permit)
    }

    fn lock(&self) -> MutexGuard<'_, u32> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        drop(self.room.take());
        *self.permits.lock() += 1;
        self.permits.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::AccountId;
    use crate::migrate::context::control::Control;

    #[test]
    fn a_wait_for_a_permit_ends_when_one_is_free_or_the_account_is_skipped_or_the_run_is_stopped() {
        let (permits, control) = (Arc::new(Permits::new(Some(1))), Arc::new(Control::default()));
        let (ann, ben) = (control.of(AccountId(0)), control.of(AccountId(1)));
        let permit = permits.wait(&ann).unwrap();
        assert!(permits.take_free().is_none());
        let skipped = std::thread::spawn({
            let (permits, ben) = (permits.clone(), ben.clone());
            move || permits.wait(&ben).is_none()
        });
        std::thread::sleep(Duration::from_millis(20));
        assert!(!skipped.is_finished());
        control.skip(AccountId(1));
        assert!(skipped.join().unwrap());
        control.take_up(AccountId(1));
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| permits.wait(&ben));
            std::thread::sleep(Duration::from_millis(20));
            assert!(!waiter.is_finished());
            drop(permit);
            let _held = waiter.join().unwrap().unwrap();
            control.stop();
            assert!(permits.wait(&ann).is_none());
        });
        assert!(permits.take_free().is_some());
    }
}
