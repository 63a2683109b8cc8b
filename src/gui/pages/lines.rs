//! The lines of a table of mailboxes: the accounts in the order in which they matter, and below an opened one its folders and problems.
//!
//! All lines have one height, so that a table of five thousand accounts with some of them open is still only a list.

use super::super::theme::{body, palette};
use super::super::widgets::sign::{self, Mark};
use super::super::widgets::table::Row;
use crate::domain::{FolderId, Problem, Severity};
use crate::progress::{AccountEnd, AccountState, FolderState, RunState, Step, Tally};
use crate::report::words;
use egui::{Id, Rect, RichText, Ui, vec2};
use std::collections::BTreeSet;

/// So many problems of an account are shown; the report has them all.
const PROBLEMS_SHOWN: usize = 50;

/// A line: an account, or something of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// An account.
    Account(usize),
    /// One of its folders.
    Folder(usize, usize),
    /// One of its folders that is not copied.
    LeftOut(usize, usize),
    /// One of its problems.
    Problem(usize, usize),
    /// What to do about that problem.
    Advice(usize, usize),
    /// It has more problems than are shown.
    More(usize),
    /// There is nothing to open yet.
    Nothing(usize),
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
pub struct Lines {
    list: Vec<Line>,
    open: BTreeSet<usize>,
    problems_only: bool,
}

impl Lines {
    /// Lines in which an opened account shows its problems and not its folders.
    pub fn of_problems() -> Self {
        Self { problems_only: true, ..Self::default() }
    }

    /// Puts the lines in order again: those accounts for which `wanted` holds, by group and in the order of the file.
    pub fn arrange(&mut self, state: &RunState, wanted: impl Fn(&AccountState) -> bool) {
        self.list.clear();
        for group in [Group::Running, Group::Problem, Group::Waiting, Group::Done] {
            for (index, account) in state.accounts.iter().enumerate() {
                if Group::of(account) != group || !wanted(account) {
                    continue;
                }
                self.list.push(Line::Account(index));
                if self.open.contains(&index) {
                    self.add_details(index, account);
                }
            }
        }
    }

    fn add_details(&mut self, index: usize, account: &AccountState) {
        let list = &mut self.list;
        for (number, (_, problem)) in account.problems.iter().enumerate().take(PROBLEMS_SHOWN) {
            list.push(Line::Problem(index, number));
            if !problem.advice().is_empty() {
                list.push(Line::Advice(index, number));
            }
        }
        if account.problems.len() > PROBLEMS_SHOWN {
            list.push(Line::More(index));
        }
        if !self.problems_only {
            list.extend((0..account.folders.len()).map(|number| Line::Folder(index, number)));
            list.extend((0..account.left_out.len()).map(|number| Line::LeftOut(index, number)));
        }
        if list.last() == Some(&Line::Account(index)) {
            list.push(Line::Nothing(index));
        }
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
    pub fn get(&self, index: usize) -> Option<Line> {
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

/// The sign of an account.
pub fn mark(account: &AccountState) -> Mark {
    match account.end {
        Some(AccountEnd::Complete) => Mark::Good,
        Some(AccountEnd::Incomplete) => Mark::Warning,
        Some(AccountEnd::Failed) => Mark::Bad,
        Some(AccountEnd::Stopped) => Mark::Stopped,
        None if account.started_at.is_none() => Mark::Waiting,
        None if account.waiting.is_some() => Mark::Clock,
        None => Mark::Busy,
    }
}

/// How an account stands, in words that fit into a cell.
pub fn status(state: &RunState, account: &AccountState, now: u64) -> String {
    match reason(account) {
        Some(problem) if account.end == Some(AccountEnd::Failed) => format!("Failed: {}", problem.brief()),
        _ => words::account_status(state, account, now),
    }
}

/// Messages that stand on the target.
pub fn arrived(tally: &Tally) -> u64 {
    match tally.found.messages + tally.copied.messages {
        0 => tally.checked.messages,
        messages => messages,
    }
}

/// The head of an account's line: what can be pressed to open it, and its sign. Returns whether it was pressed.
pub fn account_head(
    row: &mut Row<'_>,
    table: &str,
    index: usize,
    account: &AccountState,
    status: &str,
    open: bool,
) -> bool {
    let counts = format!("{} of {}", words::count(arrived(&account.tally)), expected(&account.tally));
    let name = format!("{}: {status}, {counts}", account.info.address);
    let response = row.press(Id::unique((table, index)), &name);
    response.ctx.accesskit_node_builder(response.id, |node| node.set_expanded(open));
    row.rule();
    let cell = row.cell(0);
    let turn = Rect::from_center_size(egui::pos2(cell.left() + 4.0, cell.center().y), vec2(10.0, 10.0));
    sign::turn(row.ui, turn, open);
    let square = Rect::from_center_size(egui::pos2(cell.left() + 22.0, cell.center().y), vec2(14.0, 14.0));
    let mark = mark(account);
    sign::paint(row.ui.painter(), square, mark, mark.colour(palette(row.ui)), row.ui);
    response.context_menu(|ui| {
        if ui.button("Copy the address").clicked() {
            ui.ctx().copy_text(account.info.address.clone());
            ui.close();
        }
    });
    response.clicked()
}

fn expected(tally: &Tally) -> String {
    words::counted(tally.expected.messages, "message")
}

/// Where a table has its numbers.
#[derive(Debug, Clone, Copy)]
pub struct Places {
    /// Text from this column …
    pub text: usize,
    /// … to this one.
    pub text_end: usize,
    /// Messages: "n of m", or those of the source.
    pub messages: usize,
    /// Those of the target, where they have a column of their own.
    pub target: Option<usize>,
    /// The size.
    pub size: usize,
}

/// Draws a line that is not an account.
pub fn detail(row: &mut Row<'_>, state: &RunState, line: Line, places: Places) {
    let colours = palette(row.ui);
    row.tint(colours.ground);
    let index = match line {
        Line::Account(index) | Line::More(index) | Line::Nothing(index) => index,
        Line::Folder(index, _) | Line::LeftOut(index, _) | Line::Problem(index, _) | Line::Advice(index, _) => index,
    };
    let Some(account) = state.accounts.get(index) else { return };
    let soft = |text: &str| small(text, colours.soft);
    match line {
        Line::Account(_) => {}
        Line::Folder(_, number) => folder(row, account, number, places),
        Line::LeftOut(_, number) => {
            let Some(left_out) = account.left_out.get(number) else { return };
            row.text(1, soft(&left_out.folder));
            row.text_over(places.text, places.size, soft(&format!("Not copied: {}.", left_out.reason.sentence())));
        }
        Line::Problem(_, number) => {
            let Some((_, problem)) = account.problems.get(number) else { return };
            let mark = if problem.severity() == Severity::Error { Mark::Bad } else { Mark::Note };
            problem_sign(row, mark);
            row.text_over(1, places.size, small(problem.sentence(), colours.ink));
        }
        Line::Advice(_, number) => {
            let Some((_, problem)) = account.problems.get(number) else { return };
            row.text_over(1, places.size, small(format!("What to do: {}", problem.advice()), colours.soft));
        }
        Line::More(_) => {
            let more = account.problems.len() as u64 + account.problems_not_kept - PROBLEMS_SHOWN as u64;
            row.text_over(
                1,
                places.size,
                soft(&format!("{} are in the report.", words::counted(more, "further problem"))),
            );
        }
        Line::Nothing(_) => row.text_over(1, places.size, soft("There is nothing more to say of it.")),
    }
}

fn problem_sign(row: &mut Row<'_>, mark: Mark) {
    let cell = row.cell(0);
    let square = Rect::from_center_size(egui::pos2(cell.left() + 22.0, cell.center().y), vec2(12.0, 12.0));
    sign::paint(row.ui.painter(), square, mark, mark.colour(palette(row.ui)), row.ui);
}

fn folder(row: &mut Row<'_>, account: &AccountState, number: usize, places: Places) {
    let Some(folder) = account.folders.get(number) else { return };
    let colours = palette(row.ui);
    row.text(1, small(folder.source.to_string(), colours.ink));
    let words = folder_words(folder, account.step, FolderId(number as u32));
    if places.text_end > places.text {
        row.text_over(places.text, places.text_end, small(words, colours.soft));
    } else {
        row.text(places.text, small(words, colours.soft));
    }
    if !folder.counted {
        return;
    }
    let (there, all) = (words::count(arrived(&folder.tally)), words::count(folder.tally.expected.messages));
    match places.target {
        Some(target) => {
            row.text(places.messages, small(all, colours.soft));
            row.text(target, small(there, colours.soft));
        }
        None => row.text(places.messages, small(format!("{there} of {all}"), colours.soft)),
    }
    row.text(places.size, small(words::size(folder.tally.expected.bytes), colours.soft));
}

fn folder_words(folder: &FolderState, step: Step, id: FolderId) -> String {
    let renamed = folder.source != folder.target;
    match (renamed, folder.target_messages) {
        (true, Some(holds)) => format!("goes to {}, which holds {}", folder.target, words::count(holds)),
        (true, None) => format!("goes to {}", folder.target),
        (false, Some(holds)) => format!("holds {} on the target", words::count(holds)),
        (false, None) if folder.finished => String::new(),
        (false, None) if step == Step::Copying(id) => "being copied".to_owned(),
        (false, None) if step == Step::Checking(id) => "being checked".to_owned(),
        (false, None) if step == Step::Scanning(id) => "being read".to_owned(),
        (false, None) if !folder.counted => "not counted yet".to_owned(),
        (false, None) if arrived(&folder.tally) == 0 => "waits".to_owned(),
        (false, None) => String::new(),
    }
}

fn small(text: impl Into<String>, colour: egui::Color32) -> RichText {
    body(text).size(13.0).color(colour)
}

/// The problem that says best why an account is not complete.
pub fn reason(account: &AccountState) -> Option<&Problem> {
    account.failure().or_else(|| {
        account.problems.iter().map(|(_, problem)| problem).find(|problem| problem.severity() == Severity::Error)
    })
}

/// Says that a table is empty, in its middle.
pub fn say_empty(ui: &mut Ui, rect: Rect, text: &str) {
    let label = egui::Label::new(body(text).color(palette(ui).soft));
    ui.put(Rect::from_center_size(rect.center(), vec2(rect.width() - 40.0, 24.0)), label);
}
