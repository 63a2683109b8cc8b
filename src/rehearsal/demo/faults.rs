//! Things that go wrong in a demo so that the window and the report have something to show: cut connections and a slow answer.

use crate::rehearsal::{Action, Faults, Moment, Step};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// Every so many pieces of mail that are sent a connection is cut.
const BETWEEN_CUTS: u64 = 700;
/// This piece is slow.
const SLOW: u64 = 150;
/// Answers that are shorter are no mail.
const SHORT: usize = 4096;

/// Faults of the source; on and off while it runs.
pub(super) struct FriendlyFaults {
    on: AtomicBool,
    pieces: AtomicU64,
}

impl FriendlyFaults {
    pub(super) fn new(on: bool) -> Self {
        Self { on: AtomicBool::new(on), pieces: AtomicU64::new(0) }
    }

    pub(super) fn set(&self, on: bool) {
        self.on.store(on, Ordering::SeqCst);
    }
}

impl Faults for FriendlyFaults {
    fn at(&self, step: &Step<'_>) -> Action {
        let Moment::Sending { octets } = step.moment else { return Action::Proceed };
        if octets < SHORT || !self.on.load(Ordering::SeqCst) {
            return Action::Proceed;
        }
        match self.pieces.fetch_add(1, Ordering::SeqCst) + 1 {
            SLOW => Action::Delay(Duration::from_secs(3)),
            piece if piece % BETWEEN_CUTS == 0 => Action::Cut,
            _ => Action::Proceed,
        }
    }
}
