//! How many connections to one server are open at a time, where the user limits that.

use crate::migrate::context::control::Control;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How soon a wait notices that the user has stopped the run.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The connections to one server that may still be opened.
pub struct Permits {
    free: Mutex<u32>,
    freed: Condvar,
}

/// Leave for one connection, until it is dropped.
pub struct Permit(Arc<Permits>);

impl Permits {
    /// At most `most` connections, and at least one; by default more than are ever needed.
    pub fn new(most: Option<u32>) -> Self {
        Self { free: Mutex::new(most.map_or(u32::MAX, |most| most.max(1))), freed: Condvar::new() }
    }

    /// A permit as soon as one is free; none when the user stops the run first.
    pub fn wait(self: &Arc<Self>, control: &Control) -> Option<Permit> {
        let mut free = self.lock();
        while *free == 0 {
            if control.stopping() {
                return None;
            }
            free = self.freed.wait_timeout(free, LOOK_EVERY).unwrap_or_else(PoisonError::into_inner).0;
        }
        *free -= 1;
        Some(Permit(self.clone()))
    }

    /// A permit, if one is free now.
    pub fn take_free(self: &Arc<Self>) -> Option<Permit> {
        let mut free = self.lock();
        *free = free.checked_sub(1)?;
        Some(Permit(self.clone()))
    }

    fn lock(&self) -> MutexGuard<'_, u32> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        *self.0.lock() += 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_for_a_permit_ends_when_one_is_free_or_the_run_is_stopped() {
        let (permits, control) = (Arc::new(Permits::new(Some(1))), Control::default());
        let permit = permits.wait(&control).unwrap();
        assert!(permits.take_free().is_none());
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| permits.wait(&control));
            std::thread::sleep(Duration::from_millis(20));
            assert!(!waiter.is_finished());
            drop(permit);
            let _held = waiter.join().unwrap().unwrap();
            control.stop();
            assert!(permits.wait(&control).is_none());
        });
        assert!(permits.take_free().is_some());
    }
}
