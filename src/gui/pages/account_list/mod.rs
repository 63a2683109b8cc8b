//! The entries of a table of accounts: the accounts in the order in which they matter, and below an opened one its folders and problems.
//!
//! All entries have the same height, so that a table of five thousand accounts, some of them open, is still a plain list. A text too long
//! for one row takes several. `words` has the texts, `cells` draws them.

mod cells;
mod words;

use super::super::theme::unturned;
use super::super::widgets::sign::Mark;
use super::super::widgets::table::{self, Column};
use crate::domain::Severity;
use crate::progress::{AccountEnd, AccountState, RunState};
use crate::report;
use egui::Ui;
use std::collections::{BTreeMap, BTreeSet};

pub use cells::{DETAIL, Places, account_head, detail, say_empty, small};
pub use words::{arrived, happened, reason, status};
use words::{what_to_do, why_left_out};

/// The column that says why an account is not complete.
pub const HAPPENED: usize = 2;
/// At most this many problems of an account are shown; the report has all.
const PROBLEMS_SHOWN: usize = 50;

/// A row: an account, or a detail of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// An account.
    Account(usize),
    /// One of its folders.
    Folder(usize, usize),
    /// One of its folders that is not copied.
    LeftOut(usize, usize),
    /// What can be done about it.
    Links(usize),
    /// A piece of text about it, by its index.
    Said(usize),
}

/// A piece of text that fits into one row.
#[derive(Debug)]
struct Said {
    text: String,
    /// The first and the last column it covers.
    columns: (usize, usize),
    /// The sign before it.
    mark: Option<Mark>,
    /// Whether it has the colour of a statement, not of a remark.
    ink: bool,
}

/// Breaks a text in the size of details into pieces that fit over these columns.
pub type Break<'a> = dyn Fn(&str, (usize, usize)) -> Vec<String> + 'a;

/// Breaks texts for a table with these columns, as wide as `ui`.
pub fn fitting<'a>(ui: &'a Ui, columns: &'a [Column]) -> impl Fn(&str, (usize, usize)) -> Vec<String> + 'a {
    move |text, over| table::broken(ui, columns, over, unturned(text).size(DETAIL))
}

/// The group of an account, for order and filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// It is running.
    Running,
    /// It ended and is not complete.
    Problem,
    /// It has not started.
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
            None if account.started_at.is_some() => Group::Running,
            None => Group::Waiting,
        }
    }
}

/// The entries of a table.
#[derive(Debug, Default)]
pub struct AccountList {
    list: Vec<Entry>,
    said: Vec<Said>,
    open: BTreeSet<usize>,
    of_problems: bool,
}

impl AccountList {
    /// A list in which a closed account shows what happened and what to do, and an opened one its problems but not its folders.
    pub fn of_problems() -> Self {
        Self { of_problems: true, ..Self::default() }
    }

    /// Arranges the entries again: the accounts for which `wanted` holds, by group and then in the order of the file. Details end at the
    /// column `last`; `pieces` breaks longer texts.
    pub fn arrange(
        &mut self,
        state: &RunState,
        last: usize,
        pieces: &Break<'_>,
        wanted: impl Fn(&AccountState) -> bool,
    ) {
        self.list.clear();
        self.said.clear();
        if self.of_problems {
            self.arrange_by_cause(state, last, pieces, wanted);
            return;
        }
        for group in [Group::Running, Group::Problem, Group::Waiting, Group::Done] {
            for (index, account) in state.accounts.iter().enumerate() {
                if Group::of(account) != group || !wanted(account) {
                    continue;
                }
                self.list.push(Entry::Account(index));
                if self.open.contains(&index) {
                    self.add_details(index, account, last, pieces);
                }
            }
        }
    }

    /// Arranges the accounts by what happened to them: first what somebody has to do something about, the cause of most accounts before
    /// the others. A cause that several share is said once above them, with what to do.
    fn arrange_by_cause(
        &mut self,
        state: &RunState,
        last: usize,
        pieces: &Break<'_>,
        wanted: impl Fn(&AccountState) -> bool,
    ) {
        let mut causes: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, account) in state.accounts.iter().enumerate().filter(|(_, account)| wanted(account)) {
            causes.entry(words::cause(state, account)).or_default().push(index);
        }
        let mut causes: Vec<(String, Vec<usize>)> = causes.into_iter().collect();
        // What somebody has to do comes before what only has to continue.
        let rank = |accounts: &[usize]| {
            let end = accounts.first().and_then(|index| state.accounts.get(*index)).and_then(|account| account.end);
            match end {
                Some(AccountEnd::Incomplete | AccountEnd::Failed) => 0,
                Some(_) => 1,
                None => 2,
            }
        };
        causes.sort_by_key(|(_, accounts)| {
            (rank(accounts), std::cmp::Reverse(accounts.len()), accounts.first().copied())
        });
        for (cause, accounts) in causes {
            let is_shared = accounts.len() > 1;
            let first = accounts.first().and_then(|index| state.accounts.get(*index));
            if let Some(first) = first.filter(|_| is_shared) {
                let head = format!("{cause}: {}", report::words::counted(accounts.len() as u64, "account"));
                self.say_all(&head, (1, last), (Some(Mark::Note), true), pieces);
                self.say_all(&what_to_do(first), (1, last), (None, false), pieces);
            }
            for index in accounts {
                let Some(account) = state.accounts.get(index) else { continue };
                self.list.push(Entry::Account(index));
                let open = self.open.contains(&index);
                self.add_reason(state, account, pieces);
                if !is_shared && (!open || account.problems.is_empty()) {
                    self.say_all(&what_to_do(account), (1, last), (None, false), pieces);
                }
                if open {
                    self.add_details(index, account, last, pieces);
                }
            }
        }
    }

    /// Adds the text that does not fit beside the account.
    fn add_reason(&mut self, state: &RunState, account: &AccountState, pieces: &Break<'_>) {
        for text in pieces(&happened(state, account), (HAPPENED, HAPPENED)).into_iter().skip(1) {
            self.say(Said { text, columns: (HAPPENED, HAPPENED), mark: None, ink: true });
        }
    }

    fn add_details(&mut self, index: usize, account: &AccountState, last: usize, pieces: &Break<'_>) {
        let (before, over) = (self.list.len(), (1, last));
        if account.end.is_some_and(|end| end != AccountEnd::Complete) {
            self.list.push(Entry::Links(index));
        }
        for (_, problem) in account.problems.iter().take(PROBLEMS_SHOWN) {
            let mark = if problem.severity() == Severity::Error { Mark::Bad } else { Mark::Note };
            self.say_all(&problem.sentence(), over, (Some(mark), true), pieces);
            if !problem.advice().is_empty() {
                self.say_all(&format!("What to do: {}", problem.advice()), over, (None, false), pieces);
            }
        }
        if account.problems.len() > PROBLEMS_SHOWN {
            let more = account.problems.len() as u64 + account.problems_not_kept - PROBLEMS_SHOWN as u64;
            let more = format!("The report has {}.", report::words::counted(more, "further problem"));
            self.say_all(&more, over, (None, false), pieces);
        }
        if !self.of_problems {
            self.list.extend((0..account.folders.len()).map(|number| Entry::Folder(index, number)));
            for (number, left_out) in account.left_out.iter().enumerate() {
                self.list.push(Entry::LeftOut(index, number));
                for text in pieces(&why_left_out(left_out), (2, last)).into_iter().skip(1) {
                    self.say(Said { text, columns: (2, last), mark: None, ink: false });
                }
            }
        }
        if self.list.len() == before {
            self.say_all("There are no further details.", over, (None, false), pieces);
        }
    }

    fn say_all(&mut self, text: &str, columns: (usize, usize), (mark, ink): (Option<Mark>, bool), pieces: &Break<'_>) {
        if text.is_empty() {
            return;
        }
        for (number, text) in pieces(text, columns).into_iter().enumerate() {
            self.say(Said { text, columns, mark: mark.filter(|_| number == 0), ink });
        }
    }

    fn say(&mut self, said: Said) {
        self.list.push(Entry::Said(self.said.len()));
        self.said.push(said);
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The entry at a position.
    pub fn get(&self, index: usize) -> Option<Entry> {
        self.list.get(index).copied()
    }

    /// Opens a closed account or closes an open one.
    pub fn turn(&mut self, account: usize) {
        if !self.open.remove(&account) {
            self.open.insert(account);
        }
    }

    /// Whether an account is open.
    pub fn is_open(&self, account: usize) -> bool {
        self.open.contains(&account)
    }

    /// The accounts that are open.
    pub fn opened(&self) -> impl Iterator<Item = usize> {
        self.open.iter().copied()
    }

    /// Closes all; returns whether any was open.
    pub fn close_all(&mut self) -> bool {
        let any = !self.open.is_empty();
        self.open.clear();
        any
    }
}
