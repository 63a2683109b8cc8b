//! The lines of a table of mailboxes: the accounts in the order in which they matter, and below an opened one its folders and problems.
//!
//! All lines have one height, so that a table of five thousand accounts with some of them open is still only a list. A text that is too
//! long for one is broken into several.

use super::super::theme::{body, palette};
use super::super::widgets::sign::{self, Mark};
use super::super::widgets::table::{self, Column, Row};
use crate::domain::{FolderId, LeftOut, Problem, Severity};
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
pub struct Lines {
    list: Vec<Line>,
    said: Vec<Said>,
    open: BTreeSet<usize>,
    of_problems: bool,
}

impl Lines {
    /// Lines in which a closed account shows what happened and what to do, and an opened one its problems and not its folders.
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
                self.list.push(Line::Account(index));
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
            let more = format!("{} are in the report.", words::counted(more, "further problem"));
            self.say_all(&more, over, (None, false), pieces);
        }
        if !self.of_problems {
            self.list.extend((0..account.folders.len()).map(|number| Line::Folder(index, number)));
            for (number, left_out) in account.left_out.iter().enumerate() {
                self.list.push(Line::LeftOut(index, number));
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
        self.list.push(Line::Said(self.said.len()));
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

/// How an account stands, in words that fit into a cell; a `narrow` one has no room for whole sentences.
pub fn status(state: &RunState, account: &AccountState, now: u64, narrow: bool) -> String {
    if let Some((side, until)) = account.waiting.filter(|_| narrow && account.end.is_none()) {
        return format!("Waits for the {side}, {} s", until.saturating_sub(now).div_ceil(1000));
    }
    match reason(account) {
        Some(problem) if account.end == Some(AccountEnd::Failed) => format!("Failed: {}", problem.brief()),
        _ => words::account_status(state, account, now),
    }
}

/// The column that says why an account is not complete.
pub const HAPPENED: usize = 2;

/// Why an account is not complete, in a few words.
pub fn happened(state: &RunState, account: &AccountState) -> String {
    let status = status(state, account, state.now, false);
    match reason(account) {
        Some(problem) if account.end == Some(AccountEnd::Incomplete) => format!("{status}: {}", problem.brief()),
        _ => status,
    }
}

/// What to do about an account that went wrong; nothing where only the whole run is to be continued.
fn what_to_do(account: &AccountState) -> String {
    let advice = reason(account).map(Problem::advice).filter(|advice| !advice.is_empty());
    let went_wrong = matches!(account.end, Some(AccountEnd::Incomplete | AccountEnd::Failed));
    let again = Some("Migrate it again; it goes on where it stopped.").filter(|_| went_wrong);
    advice.or(again).map_or_else(String::new, |advice| format!("What to do: {advice}"))
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
    /// The size, where there is room for it.
    pub size: Option<usize>,
    /// The last column.
    pub last: usize,
}

/// Draws a line that is not an account.
pub fn detail(row: &mut Row<'_>, state: &RunState, lines: &Lines, line: Line, places: Places) {
    let colours = palette(row.ui);
    row.tint(colours.ground);
    match line {
        Line::Account(_) => {}
        Line::Folder(index, number) => {
            if let Some(account) = state.accounts.get(index) {
                folder(row, account, number, places);
            }
        }
        Line::LeftOut(index, number) => {
            let left_out = state.accounts.get(index).and_then(|account| account.left_out.get(number));
            let Some(left_out) = left_out else { return };
            row.text(1, small(&left_out.folder, colours.soft));
            let why = row.first_piece(2, places.last, small(why_left_out(left_out), colours.soft));
            row.piece((2, places.last), small(why, colours.soft), true);
        }
        Line::Said(number) => {
            let Some(said) = lines.said.get(number) else { return };
            if let Some(mark) = said.mark {
                problem_sign(row, mark);
            }
            let colour = if said.ink { colours.ink } else { colours.soft };
            row.piece(said.columns, small(&said.text, colour), true);
        }
    }
}

fn why_left_out(left_out: &LeftOut) -> String {
    format!("Not copied: {}.", left_out.reason.sentence())
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
    if let Some(size) = places.size {
        row.text(size, small(words::size(folder.tally.expected.bytes), colours.soft));
    }
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

/// A text in the size of details.
pub fn small(text: impl Into<String>, colour: egui::Color32) -> RichText {
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
