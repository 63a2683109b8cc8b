//! The accounts of page 2 as the table lists them: what a check found, otherwise how far each is over all runs.

use super::super::super::action::Action;
use super::super::super::widgets::sign::Mark;
use super::super::account_list::{CORRECT, Cause, Figures, Group, Listed};
use super::super::check::Check;
use super::AccountsPage;
use super::derived::Filter;
use super::over_runs::OverRuns;
use super::showing::Showing;
use crate::domain::{Account, Problem};
use crate::progress::{AccountEnd, AccountStage, AccountState, UserState};
use std::collections::{BTreeMap, BTreeSet};

/// The accounts of the page.
pub(super) struct OfPage<'a> {
    pub(super) accounts: &'a [Account],
    pub(super) addresses: &'a [String],
    /// Address and name in lower case.
    pub(super) keys: &'a [String],
    pub(super) check: Option<&'a Check>,
    pub(super) over_runs: &'a OverRuns,
    pub(super) corrected: BTreeSet<String>,
    pub(super) revision: u64,
}

impl OfPage<'_> {
    /// Whether a filter shows an account.
    pub(super) fn fits(&self, index: usize, showing: Showing, chosen: &[bool]) -> bool {
        let stage = self.over_runs.stage(index);
        match showing {
            Showing::All => true,
            Showing::Chosen => chosen.get(index) == Some(&true),
            Showing::Open => self.over_runs.is_known() && stage != AccountStage::Complete,
            Showing::Problems => self.cause(index).is_some(),
            Showing::Complete => stage == AccountStage::Complete,
            Showing::New => self.over_runs.is_new(index),
            Showing::Corrected => self.addresses.get(index).is_some_and(|it| self.corrected.contains(it)),
            Showing::ToCreate => self.account(index).is_some_and(|found| {
                matches!(found.user_state, Some(UserState::WillBeCreated | UserState::DomainWillBeCreated))
            }),
        }
    }

    /// The filters with their numbers; rarely useful ones only while in force.
    pub(super) fn filters(&self, showing: Showing, chosen: &[bool]) -> Vec<Filter> {
        const NAMES: [(&str, Showing); 8] = [
            ("All", Showing::All),
            ("Chosen", Showing::Chosen),
            ("Open", Showing::Open),
            ("Problems", Showing::Problems),
            ("Complete", Showing::Complete),
            ("New", Showing::New),
            ("Corrected", Showing::Corrected),
            ("Will be created", Showing::ToCreate),
        ];
        let mut counts = BTreeMap::new();
        let offered = NAMES.iter().enumerate().filter(|(number, (_, filter))| *number < 5 || *filter == showing);
        for (number, (_, filter)) in offered.clone() {
            let count = (0..self.count()).filter(|index| self.fits(*index, *filter, chosen)).count();
            counts.insert(number, count as u64);
        }
        offered.map(|(number, (name, filter))| (*name, counts[&number], *filter)).collect()
    }

    fn ended(&self, index: usize) -> Option<(&Check, &AccountState)> {
        let check = self.check?;
        check.found(index).filter(|found| found.end.is_some()).map(|found| (check, found))
    }
}

impl Listed for OfPage<'_> {
    fn count(&self) -> usize {
        self.accounts.len()
    }

    fn account(&self, index: usize) -> Option<&AccountState> {
        self.check?.found(index)
    }

    fn revision(&self) -> u64 {
        self.revision
    }

    fn address(&self, index: usize) -> &str {
        self.addresses.get(index).map_or("", String::as_str)
    }

    fn full_name(&self, index: usize) -> &str {
        self.accounts.get(index).map_or("", |account| &account.full_name)
    }

    fn has_groups(&self) -> bool {
        false
    }

    fn group(&self, index: usize) -> Group {
        match self.over_runs.stage(index) {
            _ if self.cause(index).is_some() => Group::Problem,
            AccountStage::Complete => Group::Done,
            AccountStage::Begun => Group::Running,
            AccountStage::NeedsAttention | AccountStage::NotStarted => Group::Waiting,
        }
    }

    fn grade(&self, index: usize) -> u8 {
        self.account(index).and_then(|found| found.user_state).map_or(0, |state| 1 + state as u8)
    }

    fn mark(&self, index: usize) -> Mark {
        match (self.check, self.account(index)) {
            (Some(check), Some(found)) => check.user_state(found).0.unwrap_or(Mark::Waiting),
            _ if self.over_runs.is_known() => self.over_runs.state(index).0,
            _ => Mark::Waiting,
        }
    }

    fn state(&self, index: usize) -> String {
        match (self.check, self.account(index)) {
            (Some(check), Some(found)) => {
                let words = check.user_state(found).1;
                if found.end.is_some() && self.over_runs.stage(index) == AccountStage::Complete {
                    format!("{words}; {}", self.over_runs.state(index).1)
                } else {
                    words
                }
            }
            _ if self.over_runs.is_known() => self.over_runs.state(index).1,
            _ => "not checked yet".to_owned(),
        }
    }

    fn cause(&self, index: usize) -> Option<Cause> {
        let of = |problem: &Problem| (problem.kind, problem.subject.side);
        if let Some((check, found)) = self.ended(index) {
            let rank = u8::from(!check.has_failed(index) && found.end != Some(AccountEnd::Incomplete));
            let problem = self.problem(index).map(of);
            return (rank == 0 || problem.is_some()).then_some(Cause { rank, problem });
        }
        let is_open = self.over_runs.stage(index) == AccountStage::NeedsAttention;
        is_open.then(|| Cause { rank: 0, problem: self.problem(index).map(of) })
    }

    fn problem(&self, index: usize) -> Option<&Problem> {
        match self.ended(index) {
            Some((_, found)) => found.failure().or_else(|| found.problems.first().map(|(_, problem)| problem)),
            None => self.over_runs.problem(index),
        }
    }

    fn figures(&self, index: usize) -> Option<Figures> {
        let (_, found) = self.ended(index).filter(|(_, found)| !found.folders.is_empty())?;
        let (expected, items) = (found.tally.expected, &found.items);
        let items = [items.events, items.contacts, items.tasks];
        Some(Figures { all: expected.messages, there: expected.messages, bytes: expected.bytes, items })
    }

    fn only_counts(&self) -> bool {
        true
    }

    fn links(&self, index: usize) -> Vec<(&'static str, Action)> {
        // Before the start, the user may know of a wrong password that nobody has tried yet.
        let mends = self.problem(index).is_none_or(Problem::is_mended_in_the_list);
        let account = self.accounts.get(index).filter(|_| mends);
        account.map(|account| (CORRECT, Action::Correct(account.address.key()))).into_iter().collect()
    }

    fn without_folders(&self, index: usize) -> &'static str {
        match self.account(index) {
            None => "Check accounts lists its folders, and where each of them goes.",
            Some(found) if found.end.is_none() => "Its folders are shown once it is checked.",
            Some(_) => "",
        }
    }

    fn is_found(&self, index: usize, wanted: &str) -> bool {
        let named = |key: &String| key.contains(wanted);
        wanted.is_empty()
            || self.keys.get(index).is_some_and(named)
            || self.state(index).to_lowercase().contains(wanted)
    }
}

impl AccountsPage {
    pub(super) fn listed(&self) -> OfPage<'_> {
        OfPage {
            accounts: &self.accounts,
            addresses: &self.addresses,
            keys: &self.keys,
            check: self.check.as_ref(),
            over_runs: &self.over_runs,
            corrected: self.corrections.values().map(|(_, account)| account.address.to_string()).collect(),
            revision: self.revision,
        }
    }
}
