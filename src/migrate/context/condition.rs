//! A condition of a server: it is busy, under maintenance, refuses everything for now, or cannot be reached. The run waits once for the
//! whole server, not once for each account.
//!
//! 1. A condition that one account meets is its own: a limit of its mailbox, a broken folder.
//! 2. One that another account meets as well, while no account makes progress there, is the server's. All wait until the same moment, and
//!    no account begins meanwhile. Then they try one after another, those that have not begun first, because a condition that two accounts
//!    meet may still be theirs alone.
//! 3. As soon as any account makes progress, the condition is over.
//! 4. When the pauses are used up, the accounts end with the server's words, the same for all. Later accounts are tried every five minutes;
//!    those whose turn comes in between end at once.

use crate::domain::{AccountId, Problem};
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The longest time, in seconds, that a server can make us wait.
pub const LONGEST: u64 = 3600;
/// How long a server is left alone after all pauses have failed.
const GIVEN_UP_FOR: Duration = Duration::from_secs(300);

/// The condition of one server, shared by all workers.
#[derive(Default)]
pub struct Condition(Mutex<State>);

#[derive(Default)]
struct State {
    /// The accounts that met it since any account last made progress.
    met_by: BTreeSet<AccountId>,
    /// The number of pauses so far.
    tries: usize,
    /// Until then no account tries.
    until: Option<Instant>,
    /// What the accounts end with, once the pauses are used up.
    given_up: Option<Problem>,
}

/// Whose condition it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Met {
    /// The account's own, as far as known.
    Alone,
    /// The server's: wait this long.
    WithOthers(Duration),
    /// The server's, and the pauses are used up.
    TooLong,
}

impl Condition {
    /// Notes that an account met it. `pauses`, in seconds, are those of the work; `asked` is the wait in seconds that the server asks for;
    /// `problem` is what all accounts end with once the pauses are used up.
    pub fn met(&self, by: AccountId, pauses: &[u64], asked: Option<u64>, problem: &Problem) -> Met {
        self.met_at(Instant::now(), by, pauses, asked, problem)
    }

    fn met_at(&self, now: Instant, by: AccountId, pauses: &[u64], asked: Option<u64>, problem: &Problem) -> Met {
        let mut state = self.lock();
        state.met_by.insert(by);
        if state.met_by.len() < 2 {
            return Met::Alone;
        }
        if let Some(left) = state.left(now) {
            // Another account noticed it a moment ago.
            return if state.given_up.is_some() { Met::TooLong } else { Met::WithOthers(left) };
        }
        let Some(pause) = pauses.get(state.tries) else {
            state.until = Some(now + GIVEN_UP_FOR);
            state.given_up = Some(problem.clone());
            return Met::TooLong;
        };
        let pause = Duration::from_secs(asked.unwrap_or(*pause).min(LONGEST));
        state.tries += 1;
        state.until = Some(now + pause);
        Met::WithOthers(pause)
    }

    /// Notes that an account made progress on this server.
    pub fn eased(&self) {
        let mut state = self.lock();
        if !state.met_by.is_empty() {
            *state = State::default();
        }
    }

    /// Whether the condition holds.
    pub fn is_on(&self) -> bool {
        self.lock().met_by.len() > 1
    }

    /// How long no account may begin; none if accounts may.
    pub fn wait(&self) -> Option<Duration> {
        let state = self.lock();
        state.left(Instant::now()).filter(|_| state.given_up.is_none())
    }

    /// The problem that an account ends with at once, because all pauses have failed a moment ago.
    pub fn given_up(&self) -> Option<Problem> {
        let state = self.lock();
        state.left(Instant::now()).and(state.given_up.clone())
    }

    /// Lets the next attempt begin now.
    pub fn hurry(&self) {
        self.lock().until = None;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn left(&self, now: Instant) -> Option<Duration> {
        self.until?.checked_duration_since(now).filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ProblemKind;

    const PAUSES: [u64; 2] = [1, 5];

    #[test]
    fn what_two_accounts_meet_is_waited_for_once_and_ends_with_the_first_step_forward() {
        let (condition, problem, begin) = (Condition::default(), Problem::new(ProblemKind::Throttled), Instant::now());
        let met = |seconds, by| {
            condition.met_at(begin + Duration::from_secs(seconds), AccountId(by), &PAUSES, None, &problem)
        };
        let pause = |seconds| Met::WithOthers(Duration::from_secs(seconds));
        assert_eq!([met(0, 1), met(0, 1), met(0, 2), met(0, 3)], [Met::Alone, Met::Alone, pause(1), pause(1)]);
        assert_eq!([met(1, 1), met(2, 2)], [pause(5), pause(4)]);
        condition.eased();
        assert_eq!([met(3, 1), met(3, 2)], [Met::Alone, pause(1)]);
        assert_eq!([met(4, 2), met(9, 1), met(10, 2)], [pause(5), Met::TooLong, Met::TooLong]);
    }

    #[test]
    fn a_server_that_was_given_up_is_tried_again_after_some_minutes() {
        let (condition, problem) = (Condition::default(), Problem::new(ProblemKind::Throttled));
        let met = |by| condition.met(AccountId(by), &[], None, &problem);
        assert_eq!([met(1), met(2)], [Met::Alone, Met::TooLong]);
        assert_eq!(condition.given_up(), Some(problem.clone()));
        assert_eq!(condition.wait(), None);
        condition.hurry();
        assert_eq!(condition.given_up(), None);
    }

    #[test]
    fn a_server_that_says_how_long_is_left_alone_for_so_long() {
        let (condition, problem) = (Condition::default(), Problem::new(ProblemKind::Throttled));
        let met = |by| condition.met(AccountId(by), &PAUSES, Some(40), &problem);
        assert_eq!([met(1), met(2)], [Met::Alone, Met::WithOthers(Duration::from_secs(40))]);
        assert!(condition.wait().is_some_and(|left| left > Duration::from_secs(30)));
    }
}
