//! The lines of a table of mailboxes: the accounts in the order in which they matter, and below an opened one its folders and problems.
//!
//! All lines have one height, so that a table of five thousand accounts with some of them open is still only a list. A text that is too
//! long for one is broken into several. `words` has what they say, `cells` how they are drawn.

mod cells;
mod words;

use super::super::widgets::sign::Mark;
use super::super::widgets::table::{self, Column};
use crate::domain::Severity;
use crate::progress::{AccountEnd, AccountState, RunState};
use crate::report;
use egui::Ui;
use std::collections::BTreeSet;

pub use cells::{Places, account_head, detail, say_empty, small};
pub use words::{arrived, happened, reason, status};
use words::{what_to_do, why_left_out};

/// The column that says why an account is not complete.
pub const HAPPENED: usize = 2;
/// So many problems of an account are shown; the report has them all.
const PROBLEMS_SHOWN: usize = 50;

/// A line: an account, or something of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// An account.
    Account(usize),
    /// One of its folders.
    Folder(usize, usize),
    /// One of its folders that is not copied.
    LeftOut(usize, usize),
    /// A piece of text about it, by its number among all such pieces.
    Said(usize),
}

/// A piece of text that fits into a line.
#[derive(Debug)]
struct Said {
    text: String,
    /// The column it begins in, and the last it goes over.
    columns: (usize, usize),
    /// The sign before it.
    mark: Option<Mark>,
    /// Whether it is in the colour of what is said, in place of that of what goes with it.
    ink: bool,
}

/// How a text in the size of details is broken into pieces over these columns.
pub type Break<'a> = dyn Fn(&str, (usize, usize)) -> Vec<String> + 'a;

/// Breaks texts as a table with these columns needs it that takes all the room of `ui`.
pub fn fitting<'a>(ui: &'a Ui, columns: &'a [Column]) -> impl Fn(&str, (usize, usize)) -> Vec<String> + 'a {
    move |text, over| table::broken(ui, columns, over, small(text, egui::Color32::PLACEHOLDER))
}

/// What kind of account it is for order and filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// A worker is at it.
    Running,
    /// It ended and something is missing.
    Problem,
    /// No worker took it up yet.
    Waiting,
    /// It is complete.
    Done,
}

impl Group {
    /// The group an account is in.
    pub fn of(account: &AccountState) -> Self {
        match account.end {
            Some(AccountEnd::Complete) => Group::Done,
            Some(_) => Group::Problem,
            None if account.started_at.is_some() => Group::Running,
            None => Group::Waiting,
        }
    }
}

/// Which lines a table shows.
#[derive(Debug, Default)]
pub struct AccountList {
    list: Vec<Entry>,
    said: Vec<Said>,
    open: BTreeSet<usize>,
    of_problems: bool,
}

impl AccountList {
    /// AccountList in which a closed account shows what happened and what to do, and an opened one its problems and not its folders.
    pub fn of_problems() -> Self {
        Self { of_problems: true, ..Self::default() }
    }

    /// Puts the lines in order again: those accounts for which `wanted` holds, by group and in the order of the file. Details go to the
    /// column `last`; what is longer than a line is broken by `pieces`.
    pub fn arrange(
        &mut self,
        state: &RunState,
        last: usize,
        pieces: &Break<'_>,
        wanted: impl Fn(&AccountState) -> bool,
    ) {
        self.list.clear();
        self.said.clear();
        for group in [Group::Running, Group::Problem, Group::Waiting, Group::Done] {
            for (index, account) in state.accounts.iter().enumerate() {
                if Group::of(account) != group || !wanted(account) {
                    continue;
                }
                self.list.push(Entry::Account(index));
                let open = self.open.contains(&index);
                if self.of_problems {
                    self.add_reason(state, account, last, pieces, open);
                }
                if open {
                    self.add_details(index, account, last, pieces);
                }
            }
        }
    }

    /// Adds what does not fit beside the account, and what to do, which an opened one says with each problem.
    fn add_reason(&mut self, state: &RunState, account: &AccountState, last: usize, pieces: &Break<'_>, open: bool) {
        for text in pieces(&happened(state, account), (HAPPENED, HAPPENED)).into_iter().skip(1) {
            self.say(Said { text, columns: (HAPPENED, HAPPENED), mark: None, ink: true });
        }
        if !open || account.problems.is_empty() {
            self.say_all(&what_to_do(account), (1, last), (None, false), pieces);
        }
    }

    fn add_details(&mut self, index: usize, account: &AccountState, last: usize, pieces: &Break<'_>) {
        let (before, over) = (self.list.len(), (1, last));
        for (_, problem) in account.problems.iter().take(PROBLEMS_SHOWN) {
            let mark = if problem.severity() == Severity::Error { Mark::Bad } else { Mark::Note };
            self.say_all(&problem.sentence(), over, (Some(mark), true), pieces);
            if !problem.advice().is_empty() {
                self.say_all(&format!("What to do: {}", problem.advice()), over, (None, false), pieces);
            }
        }
        if account.problems.len() > PROBLEMS_SHOWN {
            let more = account.problems.len() as u64 + account.problems_not_kept - PROBLEMS_SHOWN as u64;
            let more = format!("{} are in the report.", report::words::counted(more, "further problem"));
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
            self.say_all("There is nothing more to say of it.", over, (None, false), pieces);
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

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The line at a position.
    pub fn get(&self, index: usize) -> Option<Entry> {
        self.list.get(index).copied()
    }

    /// Opens a closed account, closes an open one.
    pub fn turn(&mut self, account: usize) {
        if !self.open.remove(&account) {
            self.open.insert(account);
        }
    }

    /// Whether an account is open.
    pub fn is_open(&self, account: usize) -> bool {
        self.open.contains(&account)
    }

    /// Closes all; returns whether any was open.
    pub fn close_all(&mut self) -> bool {
        let any = !self.open.is_empty();
        self.open.clear();
        any
    }
}
