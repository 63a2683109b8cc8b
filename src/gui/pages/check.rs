//! The check of accounts before a migration, as page 2 shows it: who can sign in, how much there is, how each stands in Kerio Connect.

use super::super::widgets::sign::Mark;
use crate::domain::AccountId;
use crate::progress::{AccountEnd, AccountState, RunState, Stamped, Standing};
use crate::report::words;

/// A check of some of the page's accounts.
#[derive(Default)]
pub struct Check {
    /// What it found so far.
    pub state: RunState,
    /// Whether it goes on.
    pub running: bool,
    /// For each account of the page its number in the check.
    numbers: Vec<Option<AccountId>>,
}

impl Check {
    /// A check that begins, of the accounts at these positions among `all` of the page.
    pub fn begin(all: usize, positions: impl Iterator<Item = usize>) -> Self {
        let mut numbers = vec![None; all];
        for (number, position) in positions.enumerate() {
            numbers[position] = Some(AccountId(number as u32));
        }
        Self { state: RunState::default(), running: true, numbers }
    }

    /// Takes in an event.
    pub fn apply(&mut self, event: &Stamped) {
        self.state.apply(event);
        self.running &= !self.state.finished;
    }

    /// What was found of the account at a position.
    pub fn found(&self, position: usize) -> Option<&AccountState> {
        self.state.account((*self.numbers.get(position)?)?)
    }

    /// Whether the account at a position cannot be migrated as it is.
    pub fn has_failed(&self, position: usize) -> bool {
        self.found(position).is_some_and(|found| {
            matches!(found.end, Some(AccountEnd::Failed)) || found.standing == Some(Standing::Cannot)
        })
    }

    /// The sign and the words for what was found.
    pub fn standing(&self, found: &AccountState) -> (Option<Mark>, String) {
        let status = || words::account_status(&self.state, found, self.state.now);
        let standing = || found.standing.map_or_else(status, |standing| words::standing(standing).to_owned());
        let problem = || found.problems.first().map(|(_, problem)| problem.sentence());
        match found.end {
            None if found.started_at.is_none() => (None, status()),
            None if found.waiting.is_some() => (Some(Mark::Clock), status()),
            None => (Some(Mark::Busy), status()),
            Some(_) if found.standing == Some(Standing::Cannot) => {
                (Some(Mark::Bad), problem().unwrap_or_else(standing))
            }
            Some(AccountEnd::Failed) => (Some(Mark::Bad), found.failure().map_or_else(status, |it| it.sentence())),
            Some(AccountEnd::Incomplete) => (Some(Mark::Warning), format!("{}; {}", standing(), status())),
            Some(AccountEnd::Stopped) => (Some(Mark::Stopped), status()),
            Some(AccountEnd::Complete) => (Some(Mark::Good), standing()),
        }
    }
}
