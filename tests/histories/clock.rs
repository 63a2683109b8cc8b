//! The steps of a run's conversations, by which it is said when something happens to it.

use super::step::At;
use kimt::rehearsal::{Moment, Step};
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts the steps of both servers together.
#[derive(Default)]
pub struct Clock {
    steps: AtomicU64,
    appends: AtomicU64,
}

/// A step by its number among all, and among those at which a message is stored if it is one of them.
pub struct Now(u64, Option<u64>);

impl Clock {
    pub fn tick(&self, step: &Step<'_>) -> Now {
        let stores = match step.moment {
            Moment::Announced { command, .. } | Moment::Received { command } | Moment::Executed { command } => {
                command == "APPEND"
            }
            Moment::Connected | Moment::Sending { .. } => false,
        };
        let number = self.steps.fetch_add(1, Ordering::SeqCst);
        Now(number, stores.then(|| self.appends.fetch_add(1, Ordering::SeqCst)))
    }
}

impl Now {
    pub fn is(&self, at: At) -> bool {
        match at {
            At::Step(number) => self.0 == u64::from(number),
            At::Append(number) => self.1 == Some(u64::from(number)),
        }
    }
}
