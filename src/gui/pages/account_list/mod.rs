//! The one table of accounts, on the pages Accounts, Migration and Result. It is sorted by a column or by group, and an open account shows
//! its folders on both sides and its problems.
//!
//! - `listed` says what a table lists, `columns` what its columns hold, and `order` how its rows are ordered. `cells` draws them. `tools`
//!   is the row of controls above: filters, search, and links that copy or save what is shown.
//! - All rows have the same height, so that a table of fifty thousand accounts, some of them open, stays a plain list. A detail too long
//!   for one row takes several.
//! - Arranging costs a few steps for each account and lays out no text of closed ones; only the visible rows are drawn.

mod cells;
mod columns;
mod listed;
mod order;
mod tools;
mod words;

use super::super::action::Action;
use super::super::theme::unturned;
use super::super::widgets::check;
use super::super::widgets::sign::Mark;
use super::super::widgets::table::{self, Sorted, Table};
use crate::domain::Severity;
use crate::progress::{AccountState, RunState};
use crate::report;
use cells::DETAIL;
use columns::Measured;
use egui::{Id, Ui};
use order::{Rows, Sort};
use std::collections::BTreeSet;
use words::why_left_out;

pub use columns::{Columns, Field, machine, number, of_all, state, usual_state};
pub use listed::{CORRECT, Cause, Figures, Group, Listed, OfRun};
pub use tools::{Asked, Tools, filter_id, save_links};
pub use words::{arrived, name_of_all, reason};

/// At most this many problems of an account are shown; the report has all.
const PROBLEMS_SHOWN: usize = 50;

/// A row: an account, or a detail of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    /// An account.
    Account(usize),
    /// The head above its folders on both sides.
    FolderHead,
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
    /// Whether it has the colour of ordinary text, not of a remark.
    ink: bool,
}

/// What a table shows.
pub struct View<'a> {
    /// Its name, unique in the window.
    pub id: &'static str,
    /// The accounts.
    pub listed: &'a dyn Listed,
    /// The columns.
    pub columns: Columns,
    /// What decides which accounts are shown: the filter and the search.
    pub shows: String,
    /// Whether accounts that need attention come first, grouped by cause, with what to do.
    pub by_cause: bool,
    /// Its height; without one it fills the room.
    pub height: Option<f32>,
    /// What it says when it is empty.
    pub empty: &'a str,
}

/// The check boxes of a table whose accounts can be chosen.
pub struct Ticks<'a> {
    /// Which accounts are chosen.
    pub chosen: &'a mut [bool],
    /// Whether that cannot be changed now.
    pub frozen: bool,
    /// What a screen reader says of the box in the head.
    pub all: &'a str,
}

/// A table: its order, and what is open in it.
#[derive(Debug, Default)]
pub struct AccountList {
    rows: Rows,
    list: Vec<Entry>,
    said: Vec<Said>,
    open: BTreeSet<usize>,
    sort: Option<Sort>,
    measured: Measured,
    arranged: Option<Arranged>,
    arrangements: u64,
}

/// What the rows were arranged for.
#[derive(Debug, PartialEq)]
struct Arranged {
    revision: u64,
    accounts: usize,
    shows: String,
    sort: Option<Sort>,
    by_cause: bool,
    open: BTreeSet<usize>,
    columns: usize,
    width: f32,
}

impl AccountList {
    /// The widths of the addresses and names, measured again if the list has changed.
    pub fn measured(&mut self, ui: &Ui, listed: &dyn Listed) -> Measured {
        self.measured.update(ui, listed);
        self.measured
    }

    /// Draws the accounts for which `wanted` holds. Returns how many of them were drawn.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        view: &View<'_>,
        wanted: &dyn Fn(usize) -> bool,
        mut ticks: Option<Ticks<'_>>,
        actions: &mut Vec<Action>,
    ) -> usize {
        self.arrange(ui, view, wanted);
        let room = ui.available_rect_before_wrap();
        let sorted = self
            .sort
            .and_then(|sort| Some(Sorted { column: view.columns.place(sort.field)?, descending: sort.descending }));
        let (mut turned, mut ticked, mut all, mut accounts) = (None, None, false, 0);
        let state_of_all = ticks.as_ref().map(|ticks| self.state_of_all(ticks));
        let mut table = Table::new(view.id, &view.columns.list, self.list.len()).sorted(sorted);
        if let Some(height) = view.height {
            table = table.height(height);
        }
        let pressed = table.show(
            ui,
            |ui, column, cell| {
                if let (Some(state), Some(ticks)) = (state_of_all, &ticks)
                    && view.columns.place(Field::Tick) == Some(column)
                {
                    all |= check::bare(ui, cell, Id::unique("all accounts"), state, ticks.all);
                }
            },
            |row| match self.list.get(row.index) {
                Some(&Entry::Account(index)) => {
                    accounts += 1;
                    let chosen = ticks.as_ref().and_then(|ticks| ticks.chosen.get(index)).copied();
                    match cells::account(row, view, index, self.open.contains(&index), chosen) {
                        Some(cells::Pressed::Row) => turned = Some(index),
                        Some(cells::Pressed::Box) => ticked = Some(index),
                        None => {}
                    }
                }
                Some(&entry) => cells::detail(row, view, entry, &self.said, actions),
                None => {}
            },
        );
        if self.list.is_empty() {
            // In a very low window, the table is taller than the room left for it.
            cells::say_empty(ui, Table::body(room.with_max_y(ui.min_rect().bottom())), view.empty);
        }
        if let Some(index) = turned
            && !self.open.remove(&index)
        {
            self.open.insert(index);
        }
        if let Some(field) = pressed.and_then(|column| view.columns.fields.get(column)) {
            self.sort = Sort::after(self.sort, *field);
        }
        if let Some(ticks) = ticks.as_mut().filter(|ticks| !ticks.frozen) {
            if let Some(chosen) = ticked.and_then(|index| ticks.chosen.get_mut(index)) {
                *chosen = !*chosen;
            }
            if all {
                let on = state_of_all != Some(check::State::On);
                for index in &self.rows.shown {
                    if let Some(chosen) = ticks.chosen.get_mut(*index) {
                        *chosen = on;
                    }
                }
            }
        }
        accounts
    }

    /// The accounts that are shown, in their order.
    pub fn shown(&self) -> &[usize] {
        &self.rows.shown
    }

    /// Copies or saves the accounts of a run that are shown, as lines of report.csv. They are those of the last frame, when the link was
    /// pressed.
    pub fn hand_out(&self, ui: &Ui, state: &RunState, asked: Option<Asked>, actions: &mut Vec<Action>) {
        let text = || report::accounts_csv(state, self.shown()).unwrap_or_default();
        match asked {
            Some(Asked::Copy) => ui.ctx().copy_text(text()),
            Some(Asked::Save) => actions.push(Action::SaveCsv(text())),
            None => {}
        }
    }

    /// How often the rows were arranged, which costs a step for each account.
    pub fn arrangements(&self) -> u64 {
        self.arrangements
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

    fn state_of_all(&self, ticks: &Ticks<'_>) -> check::State {
        let on = self.rows.shown.iter().filter(|index| ticks.chosen.get(**index) == Some(&true)).count();
        match on {
            0 => check::State::Off,
            all if all == self.rows.shown.len() => check::State::On,
            _ => check::State::Some,
        }
    }

    /// Arranges the rows again, unless nothing has changed.
    fn arrange(&mut self, ui: &Ui, view: &View<'_>, wanted: &dyn Fn(usize) -> bool) {
        let arranged = Some(Arranged {
            revision: view.listed.revision(),
            accounts: view.listed.count(),
            shows: view.shows.clone(),
            sort: self.sort,
            by_cause: view.by_cause,
            open: self.open.clone(),
            columns: view.columns.list.len(),
            width: ui.available_width(),
        });
        if arranged == self.arranged {
            return;
        }
        self.arranged = arranged;
        self.arrangements += 1;
        self.list.clear();
        self.said.clear();
        let (listed, last) = (view.listed, view.columns.last());
        let fit = |text: &str, over| table::broken(ui, &view.columns.list, over, unturned(text).size(DETAIL));
        let groups = self.rows.arrange(listed, wanted, self.sort, view.by_cause);
        for group in groups {
            let accounts = self.rows.shown[group.clone()].to_vec();
            let is_shared = group.len() > 1;
            let by_cause = view.by_cause && self.sort.is_none();
            let cause = accounts.first().copied().filter(|index| by_cause && listed.cause(*index).is_some());
            if let Some(first) = cause.filter(|_| is_shared) {
                let number = report::words::counted(accounts.len() as u64, "account");
                let head = format!("{}: {number}", listed.cause_words(first));
                self.say_all(&head, (view.columns.first(), last), (Some(Mark::Note), true), &fit);
                self.say_all(&listed.what_to_do(first), (view.columns.first(), last), (None, false), &fit);
            }
            for index in accounts {
                self.list.push(Entry::Account(index));
                let open = self.open.contains(&index);
                let has_problems = listed.account(index).is_some_and(|account| !account.problems.is_empty());
                if cause.is_some() && !is_shared && !(open && has_problems) {
                    self.say_all(&listed.what_to_do(index), (view.columns.first(), last), (None, false), &fit);
                    if !open && !listed.links(index).is_empty() {
                        self.list.push(Entry::Links(index));
                    }
                }
                if open {
                    self.add_details(view, index, &fit);
                }
            }
        }
    }

    fn add_details(&mut self, view: &View<'_>, index: usize, fit: &Fit<'_>) {
        let (before, over) = (self.list.len(), (view.columns.first(), view.columns.last()));
        let listed = view.listed;
        if !listed.links(index).is_empty() {
            self.list.push(Entry::Links(index));
        }
        if let Some(account) = listed.account(index) {
            self.add_problems(account, over, fit);
            self.add_folders(index, account, (view.columns.state(), over.1), fit);
        }
        if let Some(problem) = listed.problem(index).filter(|_| listed.account(index).is_none()) {
            self.say_all(&problem.sentence(), over, (Some(Mark::Bad), true), fit);
            self.say_all(&listed.what_to_do(index), over, (None, false), fit);
        }
        let without = listed.without_folders(index);
        if !without.is_empty() {
            self.say_all(without, over, (None, false), fit);
        } else if self.list.len() == before {
            self.say_all("Its folders are not known yet.", over, (None, false), fit);
        }
    }

    fn add_problems(&mut self, account: &AccountState, over: (usize, usize), fit: &Fit<'_>) {
        for (_, problem) in account.problems.iter().take(PROBLEMS_SHOWN) {
            let mark = if problem.severity() == Severity::Error { Mark::Bad } else { Mark::Note };
            self.say_all(&problem.sentence(), over, (Some(mark), true), fit);
            if !problem.advice().is_empty() {
                self.say_all(&format!("What to do: {}", problem.advice()), over, (None, false), fit);
            }
        }
        if account.problems.len() > PROBLEMS_SHOWN {
            let more = account.problems.len() as u64 + account.problems_not_kept - PROBLEMS_SHOWN as u64;
            let more = format!("The report has {}.", report::words::counted(more, "further problem"));
            self.say_all(&more, over, (None, false), fit);
        }
    }

    /// The folders of both sides, side by side.
    fn add_folders(&mut self, index: usize, account: &AccountState, over: (usize, usize), fit: &Fit<'_>) {
        if account.folders.is_empty() && account.left_out.is_empty() {
            return;
        }
        self.list.push(Entry::FolderHead);
        self.list.extend((0..account.folders.len()).map(|number| Entry::Folder(index, number)));
        for (number, left_out) in account.left_out.iter().enumerate() {
            self.list.push(Entry::LeftOut(index, number));
            for text in fit(&why_left_out(left_out), over).into_iter().skip(1) {
                self.say(Said { text, columns: over, mark: None, ink: false });
            }
        }
    }

    fn say_all(&mut self, text: &str, columns: (usize, usize), (mark, ink): (Option<Mark>, bool), fit: &Fit<'_>) {
        if text.is_empty() {
            return;
        }
        for (number, text) in fit(text, columns).into_iter().enumerate() {
            self.say(Said { text, columns, mark: mark.filter(|_| number == 0), ink });
        }
    }

    fn say(&mut self, said: Said) {
        self.list.push(Entry::Said(self.said.len()));
        self.said.push(said);
    }
}

/// Breaks a text in the size of details into pieces that fit over these columns.
type Fit<'a> = dyn Fn(&str, (usize, usize)) -> Vec<String> + 'a;
