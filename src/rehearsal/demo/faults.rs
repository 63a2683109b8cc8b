//! Faults of a demo, so that window and report have something to show: cut connections and a slow answer.

use crate::rehearsal::{Action, Faults, Moment, Step};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// The byte that is sent slowly, counted over all connections.
const SLOW: u64 = 500_000;
/// The byte of the first cut, and the distance to the next.
const FIRST_CUT: u64 = 3_000_000;
const BETWEEN_CUTS: u64 = 20_000_000;

/// Faults of the source; can be turned on and off while it runs.
pub(super) struct FriendlyFaults {
    on: AtomicBool,
    sent: AtomicU64,
    met: AtomicU64,
}

impl FriendlyFaults {
    pub(super) fn new(on: bool) -> Self {
        Self { on: AtomicBool::new(on), sent: AtomicU64::new(0), met: AtomicU64::new(0) }
    }

    pub(super) fn set(&self, on: bool) {
        self.on.store(on, Ordering::SeqCst);
    }

    /// The number of faults so far.
    pub(super) fn met(&self) -> u64 {
        self.met.load(Ordering::SeqCst)
    }
}

impl Faults for FriendlyFaults {
    fn at(&self, step: &Step<'_>) -> Action {
        let Moment::Sending { bytes } = step.moment else { return Action::Proceed };
        if !self.on.load(Ordering::SeqCst) {
            return Action::Proceed;
        }
        let before = self.sent.fetch_add(bytes as u64, Ordering::SeqCst);
        let action = at(before, before + bytes as u64);
        if action != Action::Proceed {
            self.met.fetch_add(1, Ordering::SeqCst);
        }
        action
    }
}

/// The action for the bytes from `before` to `after`.
fn at(before: u64, after: u64) -> Action {
    let cuts = |bytes: u64| (bytes + BETWEEN_CUTS - FIRST_CUT) / BETWEEN_CUTS;
    if cuts(before) != cuts(after) {
        Action::Cut
    } else if (before..after).contains(&SLOW) {
        Action::Delay(Duration::from_secs(3))
    } else {
        Action::Proceed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_come_at_their_bytes_and_nowhere_else() {
        let met: Vec<Action> = (0..50_000_000).step_by(10_000).map(|start| at(start, start + 10_000)).collect();
        assert_eq!(met.iter().filter(|action| **action == Action::Cut).count(), 3);
        assert_eq!(met.iter().filter(|action| matches!(action, Action::Delay(_))).count(), 1);
        assert_eq!(at(2_999_999, 3_000_000), Action::Cut);
    }
}
