//! The check before a migration, as page 2 shows it: who can sign in, how much mail there is, and the state in Kerio Connect.

use super::super::widgets::sign::Mark;
use super::folded::Folded;
use crate::domain::{AccountId, Mapping, Problem};
use crate::progress::{AccountEnd, AccountState, RunKind, RunState, Stamped, UserState};
use crate::report::words;
use egui::Ui;
use std::collections::BTreeMap;

/// A check of some of the page's accounts.
#[derive(Default)]
pub struct Check {
    /// Its findings so far.
    pub state: RunState,
    /// Whether it is under way.
    pub running: bool,
    /// For each account of the page, its number in the check.
    numbers: Vec<Option<AccountId>>,
    /// The folder names that will change, known once the check has ended; unexpected ones first.
    new_names: Vec<NewName>,
    names: Folded,
    last_pass: Folded,
}

/// A folder name that will change on the target.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct NewName {
    /// Whether it is expected: the target's folder for the same purpose.
    expected: bool,
    sentence: String,
}

impl Check {
    /// A new check of the accounts at these positions among `all` of the page.
    pub fn begin(all: usize, positions: impl Iterator<Item = usize>) -> Self {
        let mut numbers = vec![None; all];
        for (number, position) in positions.enumerate() {
            numbers[position] = Some(AccountId(number as u32));
        }
        Self { running: true, numbers, ..Self::default() }
    }

    /// Takes in an event.
    pub fn apply(&mut self, event: &Stamped) {
        self.state.apply(event);
        if self.running && self.state.finished {
            self.running = false;
            self.look_at_names();
        }
    }

    /// How many accounts are checked, and how many there are.
    pub fn progress(&self) -> (u64, u64) {
        let ended = self.state.accounts.iter().filter(|account| account.end.is_some()).count();
        (ended as u64, self.numbers.iter().flatten().count() as u64)
    }

    fn look_at_names(&mut self) {
        let mut mailboxes: BTreeMap<NewName, u64> = BTreeMap::new();
        for folder in self.state.accounts.iter().flat_map(|account| &account.folders) {
            let Some(sentence) = words::mapping(folder).filter(|_| folder.source != folder.target) else { continue };
            let expected = matches!(folder.mapping, Mapping::ByUse | Mapping::ByName);
            *mailboxes.entry(NewName { expected, sentence }).or_default() += 1;
        }
        let with_number = |(NewName { expected, sentence }, number)| {
            let mailboxes = if number == 1 { "mailbox" } else { "mailboxes" };
            let sentence = format!("{sentence} In {} {mailboxes}.", words::count(number));
            NewName { expected, sentence }
        };
        self.new_names = mailboxes.into_iter().map(with_number).collect();
    }

    /// Draws the strip about folder names that will change on the `target`.
    pub fn show_names(&mut self, ui: &mut Ui, target: &str) {
        let head = match self.new_names.len() {
            0 => return,
            1 => format!("1 folder name will change {target}."),
            many => format!("{} folder names will change {target}.", words::count(many as u64)),
        };
        let lines = self.new_names.iter().map(|name| name.sentence.clone());
        self.names.show(ui, (Mark::Note, "new names"), &head, lines, false, None);
    }

    /// Draws the strip about what a last pass would bring, if earlier runs copied these accounts.
    pub fn show_last_pass(&mut self, ui: &mut Ui) {
        let foreseen = |followed| words::last_pass(RunKind::Check, followed);
        let Some(head) = foreseen(&self.state.tally.followed) else { return };
        let accounts = self.state.accounts.iter();
        let lines = accounts
            .filter_map(|it| Some(format!("{}: {}", words::account_name(it), foreseen(&it.tally.followed)?)))
            .collect::<Vec<_>>();
        self.last_pass.show(ui, (Mark::Note, "last pass"), &head, lines.into_iter(), false, None);
    }

    /// The findings of the account at a position.
    pub fn found(&self, position: usize) -> Option<&AccountState> {
        self.state.account((*self.numbers.get(position)?)?)
    }

    /// Whether the account at a position cannot be migrated yet.
    pub fn has_failed(&self, position: usize) -> bool {
        self.found(position).is_some_and(|found| {
            matches!(found.end, Some(AccountEnd::Failed)) || found.user_state == Some(UserState::Cannot)
        })
    }

    /// The sign and the words for these findings.
    pub fn user_state(&self, found: &AccountState) -> (Option<Mark>, String) {
        let status = || words::account_status(&self.state, found, self.state.now);
        let user_state = || found.user_state.map_or_else(status, |user_state| words::user_state(user_state).to_owned());
        let problem = || found.problems.first().map(|(_, problem)| problem.brief());
        match found.end {
            None if found.started_at.is_none() => (None, status()),
            None if found.waiting.is_some() => (Some(Mark::Clock), status()),
            None => (Some(Mark::Busy), status()),
            Some(_) if found.user_state == Some(UserState::Cannot) => {
                (Some(Mark::Bad), problem().unwrap_or_else(user_state))
            }
            Some(AccountEnd::Failed) => (Some(Mark::Bad), found.failure().map_or_else(status, Problem::brief)),
            Some(AccountEnd::Incomplete) => (Some(Mark::Warning), format!("{}; {}", user_state(), status())),
            Some(AccountEnd::Stopped) => (Some(Mark::Stopped), status()),
            // It can be migrated, but the user should know something first.
            Some(AccountEnd::Complete) => match problem() {
                Some(problem) => (Some(Mark::Warning), format!("{}; {problem}", user_state())),
                None => (Some(Mark::Good), user_state()),
            },
        }
    }
}
