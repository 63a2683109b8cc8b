//! What a table of accounts lists: the accounts of a run, or those of a list before the run.

use super::super::super::action::{Action, RunCommand};
use super::super::super::widgets::sign::Mark;
use super::words;
use crate::domain::{AccountId, Address, Problem, ProblemKind, Side, capitalised};
use crate::progress::{AccountEnd, AccountState, RunState, Skip};
use crate::report;

/// The label of the link to the form that corrects an account.
pub const CORRECT: &str = "Correct its password or sign-in name…";

/// The group of an account, for order and filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// It is running.
    Running,
    /// It ended and is not complete.
    Problem,
    /// It has not started, or is skipped.
    Waiting,
    /// It is complete.
    Done,
}

impl Group {
    /// The group of an account.
    pub fn of(account: &AccountState) -> Self {
        match account.end {
            Some(AccountEnd::Complete) => Group::Done,
            Some(_) => Group::Problem,
            None if account.started_at.is_some() && !account.is_skipped() => Group::Running,
            None => Group::Waiting,
        }
    }
}

/// What keeps an account from being complete. Accounts with equal causes are shown together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cause {
    /// The order: what somebody has to fix comes before what only has to continue.
    pub rank: u8,
    /// What went wrong, and on which side.
    pub problem: Option<(ProblemKind, Option<Side>)>,
}

/// The numbers of an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Messages on the source.
    pub all: u64,
    /// Messages on the target.
    pub there: u64,
    /// Bytes.
    pub bytes: u64,
    /// Events, contacts and tasks on the source.
    pub items: [u64; 3],
}

/// Accounts by their index.
pub trait Listed {
    /// How many there are.
    fn count(&self) -> usize;
    /// What a run or a check found out about one.
    fn account(&self, index: usize) -> Option<&AccountState>;
    /// A number that changes whenever anything here does, so that the rows are arranged only when needed.
    fn revision(&self) -> u64;
    /// Its address.
    fn address(&self, index: usize) -> &str;
    /// The person's name.
    fn full_name(&self, index: usize) -> &str;
    /// The computer that works on it; empty if there is only this one.
    fn machine(&self, _index: usize) -> &str {
        ""
    }
    /// Whether several computers work.
    fn has_machines(&self) -> bool {
        false
    }
    /// Whether a table is ordered by group, unless a column sorts it.
    fn has_groups(&self) -> bool {
        true
    }
    /// Its group.
    fn group(&self, index: usize) -> Group;
    /// The order of states within a group.
    fn grade(&self, _index: usize) -> u8 {
        0
    }
    /// Its sign.
    fn mark(&self, index: usize) -> Mark;
    /// Its state in words.
    fn state(&self, index: usize) -> String;
    /// Why it needs attention, if it does.
    fn cause(&self, index: usize) -> Option<Cause>;
    /// The problem that explains the cause.
    fn problem(&self, index: usize) -> Option<&Problem>;
    /// Its numbers, once they are known.
    fn figures(&self, index: usize) -> Option<Figures>;
    /// What can be done about it.
    fn links(&self, index: usize) -> Vec<(&'static str, Action)>;
    /// Whether its messages were only counted, and none was copied or compared.
    fn only_counts(&self) -> bool {
        false
    }
    /// What an open account says if it has no folders.
    fn without_folders(&self, _index: usize) -> &'static str {
        ""
    }

    /// Whether its address, name, state or machine contains this text, which is in lower case.
    fn is_found(&self, index: usize, wanted: &str) -> bool {
        let has = |text: &str| text.to_lowercase().contains(wanted);
        wanted.is_empty()
            || has(self.address(index))
            || has(self.full_name(index))
            || has(&self.state(index))
            || has(self.machine(index))
    }

    /// What accounts with this cause have in common, starting with a capital letter.
    fn cause_words(&self, index: usize) -> String {
        capitalised(&self.problem(index).map_or_else(|| self.state(index), Problem::brief))
    }

    /// What to do about it; empty if nothing has to be done.
    fn what_to_do(&self, index: usize) -> String {
        let advice = self.problem(index).map(Problem::advice).filter(|advice| !advice.is_empty());
        let went_wrong = self.cause(index).is_some_and(|cause| cause.rank == 0);
        let again = Some("Migrate it again; it continues where it stopped.").filter(|_| went_wrong);
        advice.or(again).map_or_else(String::new, |advice| format!("What to do: {advice}"))
    }
}

/// The accounts of a run.
pub struct OfRun<'a> {
    /// The run.
    pub state: &'a RunState,
    /// The time now, in milliseconds since its start.
    pub now: u64,
}

impl OfRun<'_> {
    fn get(&self, index: usize) -> Option<&AccountState> {
        self.state.accounts.get(index)
    }
}

impl Listed for OfRun<'_> {
    fn count(&self) -> usize {
        self.state.accounts.len()
    }

    fn account(&self, index: usize) -> Option<&AccountState> {
        self.get(index)
    }

    fn revision(&self) -> u64 {
        self.state.revision()
    }

    fn address(&self, index: usize) -> &str {
        self.get(index).map_or("", |account| &account.info.address)
    }

    fn full_name(&self, index: usize) -> &str {
        self.get(index).map_or("", |account| &account.info.full_name)
    }

    fn machine(&self, index: usize) -> &str {
        self.get(index).map_or("", |account| &account.machine)
    }

    fn has_machines(&self) -> bool {
        self.state.is_fleet
    }

    fn group(&self, index: usize) -> Group {
        self.get(index).map_or(Group::Waiting, Group::of)
    }

    fn mark(&self, index: usize) -> Mark {
        self.get(index).map_or(Mark::Waiting, |account| words::mark(self.state, account))
    }

    fn state(&self, index: usize) -> String {
        self.get(index).map_or_else(String::new, |account| words::happened(self.state, account, self.now))
    }

    fn cause(&self, index: usize) -> Option<Cause> {
        let account = self.get(index)?;
        let rank = match account.end {
            Some(AccountEnd::Complete) => return None,
            Some(AccountEnd::Incomplete | AccountEnd::Failed) => 0,
            Some(AccountEnd::Stopped) => 1,
            None if self.state.finished => 2,
            None => return None,
        };
        Some(Cause { rank, problem: words::reason(account).map(|problem| (problem.kind, problem.subject.side)) })
    }

    fn problem(&self, index: usize) -> Option<&Problem> {
        self.get(index).and_then(words::reason)
    }

    fn figures(&self, index: usize) -> Option<Figures> {
        let account = self.get(index)?;
        let (tally, items) = (&account.tally, &account.items);
        let is_complete = account.end == Some(AccountEnd::Complete);
        (tally.expected.messages > 0 || is_complete).then(|| Figures {
            all: tally.expected.messages,
            there: words::arrived(tally),
            bytes: tally.expected.bytes,
            items: [items.events, items.contacts, items.tasks],
        })
    }

    fn links(&self, index: usize) -> Vec<(&'static str, Action)> {
        // A fleet takes no orders for single accounts.
        let Some(account) = self.get(index).filter(|_| !self.state.is_fleet) else { return Vec::new() };
        let Ok(address) = Address::parse(&account.info.address) else { return Vec::new() };
        let id = AccountId(index as u32);
        match account.end {
            None if self.state.finished || self.state.stop_requested => return Vec::new(),
            None if account.skip == Skip::No => return vec![("Skip this account", Action::Run(RunCommand::Skip(id)))],
            None => return vec![("Continue this account", Action::Run(RunCommand::TakeUp(id)))],
            Some(AccountEnd::Complete) => return Vec::new(),
            Some(_) => {}
        }
        let again = ("Try this account again", Action::TryAgain(address.key()));
        let correct = (CORRECT, Action::Correct(address.key()));
        let mends = words::reason(account).is_some_and(Problem::is_mended_in_the_list);
        [again].into_iter().chain(mends.then_some(correct)).collect()
    }

    fn cause_words(&self, index: usize) -> String {
        let Some(account) = self.get(index) else { return String::new() };
        let words = match (words::reason(account), account.end) {
            (Some(problem), _) => problem.brief(),
            (None, Some(AccountEnd::Incomplete)) => "messages are missing".to_owned(),
            (None, _) => report::words::account_status(self.state, account, self.now),
        };
        capitalised(&words)
    }
}
