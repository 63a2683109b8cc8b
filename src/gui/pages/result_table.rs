//! The accounts of page 4 as one table: filters, a search over names and states, those that need attention together by cause, and what
//! is shown to copy or to save.

use super::super::action::Action;
use super::super::theme::{self, palette};
use super::super::widgets::button;
use super::super::widgets::chips::chip;
use super::super::widgets::table::{Column, Row, Table};
use super::account_list::{self, AccountList, Entry, Group, Places};
use super::accounts::filter;
use crate::progress::{AccountEnd, AccountState, RunState};
use crate::report::{self, words};
use egui::{Align, Layout, Ui};

/// The accounts to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Needing,
    Complete,
    All,
}

impl Shown {
    fn takes(self, account: &AccountState) -> bool {
        let complete = account.end == Some(AccountEnd::Complete);
        match self {
            Shown::Needing => !complete,
            Shown::Complete => complete,
            Shown::All => true,
        }
    }
}

/// The table and its filters.
pub struct ResultTable {
    needing: AccountList,
    others: AccountList,
    /// As chosen; before that, those that need attention if there are any.
    chosen: Option<Shown>,
    search: String,
}

impl Default for ResultTable {
    fn default() -> Self {
        Self {
            needing: AccountList::of_problems(),
            others: AccountList::default(),
            chosen: None,
            search: String::new(),
        }
    }
}

impl ResultTable {
    /// The accounts that are open.
    pub fn opened(&self) -> impl Iterator<Item = usize> {
        self.needing.opened().chain(self.others.opened())
    }

    /// Closes what is open; returns whether anything was.
    pub fn close_all(&mut self) -> bool {
        self.needing.close_all() | self.others.close_all()
    }

    /// Draws it, `height` high with its filters.
    pub fn show(&mut self, ui: &mut Ui, state: &RunState, height: f32, actions: &mut Vec<Action>) {
        if state.accounts.is_empty() {
            return;
        }
        let needing = state.accounts.iter().filter(|account| Shown::Needing.takes(account)).count();
        let shown = self.chosen.unwrap_or(if needing > 0 { Shown::Needing } else { Shown::All });
        self.tools(ui, state, (needing, shown), actions);
        let height = (height - theme::CONTROL - 12.0).max(Table::natural_height(4) - 2.0);
        let wanted = self.search.trim().to_lowercase();
        let takes = |account: &AccountState| shown.takes(account) && is_found(state, account, &wanted);
        if shown == Shown::Needing {
            let columns = needing_columns();
            let last = columns.len() - 1;
            self.needing.arrange(state, last, &account_list::fitting(ui, &columns), takes);
            self.needing_table(ui, state, height, actions);
        } else {
            let (columns, places) = other_columns(ui);
            self.others.arrange(state, places.last, &account_list::fitting(ui, &columns), takes);
            self.others_table(ui, state, height, actions);
        }
    }

    fn tools(&mut self, ui: &mut Ui, state: &RunState, (needing, shown): (usize, Shown), actions: &mut Vec<Action>) {
        let all = state.accounts.len();
        let chips = [
            ("Need attention", needing, Shown::Needing),
            ("Complete", all - needing, Shown::Complete),
            ("All", all, Shown::All),
        ];
        ui.horizontal(|ui| {
            for (name, number, chosen) in chips.into_iter().filter(|(_, number, _)| *number > 0) {
                if chip(ui, &format!("{name} {}", words::count(number as u64)), shown == chosen) {
                    self.chosen = Some(chosen);
                }
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                filter(ui, &mut self.search);
                let save = button::link(ui, "Save as CSV…")
                    .on_hover_text("Saves the accounts that are shown, for a spreadsheet");
                let copy = button::link(ui, "Copy").on_hover_text("Copies the accounts that are shown");
                if save.clicked() {
                    actions.push(Action::SaveCsv(self.csv(state, shown)));
                }
                if copy.clicked() {
                    ui.ctx().copy_text(self.csv(state, shown));
                }
            });
        });
    }

    /// The accounts that are shown, as the lines of report.csv.
    fn csv(&self, state: &RunState, shown: Shown) -> String {
        let wanted = self.search.trim().to_lowercase();
        let takes = |account: &AccountState| shown.takes(account) && is_found(state, account, &wanted);
        report::accounts_csv(state, takes).unwrap_or_default()
    }

    fn needing_table(&mut self, ui: &mut Ui, state: &RunState, height: f32, actions: &mut Vec<Action>) {
        let columns = needing_columns();
        let places = Places { text: 2, text_end: 2, messages: 2, target: None, size: None, last: columns.len() - 1 };
        let mut turned = None;
        let lines = &self.needing;
        let table = ui.available_rect_before_wrap();
        Table::new("needing", &columns, lines.len()).height(height).show(
            ui,
            |_, _, _| {},
            |row| match lines.get(row.index) {
                Some(Entry::Account(index)) => {
                    let Some(account) = state.accounts.get(index) else { return };
                    if needing(row, state, index, account, lines.is_open(index)) {
                        turned = Some(index);
                    }
                }
                Some(line) => account_list::detail(row, state, lines, line, places, actions),
                None => {}
            },
        );
        if lines.is_empty() {
            account_list::say_empty(ui, table, NONE);
        }
        if let Some(index) = turned {
            self.needing.turn(index);
        }
    }

    fn others_table(&mut self, ui: &mut Ui, state: &RunState, height: f32, actions: &mut Vec<Action>) {
        let (columns, places) = other_columns(ui);
        let mut turned = None;
        let lines = &self.others;
        let table = ui.available_rect_before_wrap();
        Table::new("all", &columns, lines.len()).height(height).show(
            ui,
            |_, _, _| {},
            |row| match lines.get(row.index) {
                Some(Entry::Account(index)) => {
                    let Some(account) = state.accounts.get(index) else { return };
                    if account_row(row, state, index, account, (lines.is_open(index), places)) {
                        turned = Some(index);
                    }
                }
                Some(line) => account_list::detail(row, state, lines, line, places, actions),
                None => {}
            },
        );
        if lines.is_empty() {
            account_list::say_empty(ui, table, NONE);
        }
        if let Some(index) = turned {
            self.others.turn(index);
        }
    }
}

const NONE: &str = "No account matches the filter.";

/// Whether an account's names or its state have this text, which is in lower case.
fn is_found(state: &RunState, account: &AccountState, wanted: &str) -> bool {
    let has = |text: &str| text.to_lowercase().contains(wanted);
    wanted.is_empty()
        || has(&account.info.address)
        || has(&account.info.full_name)
        || has(&account_list::happened(state, account))
}

/// What to do goes below each account, because it is a whole sentence.
fn needing_columns() -> [Column; 3] {
    [Column::fixed("", 50.0), Column::share("Needs attention", 1.0), Column::share("What happened and what to do", 1.5)]
}

/// A narrow table leaves out the size.
fn other_columns(ui: &Ui) -> (Vec<Column>, Places) {
    let mut columns = vec![
        Column::fixed("", 50.0),
        Column::share("Account", 1.25),
        Column::share("Result", 1.0),
        Column::fixed("Source", 84.0).right(),
        Column::fixed("Target", 84.0).right(),
    ];
    let wide = ui.available_width() >= theme::WIDE_TABLE;
    if wide {
        columns.push(Column::fixed("Size", 84.0).right());
    }
    let last = columns.len() - 1;
    (columns, Places { text: 2, text_end: 2, messages: 3, target: Some(4), size: wide.then_some(last), last })
}

fn needing(row: &mut Row<'_>, state: &RunState, index: usize, account: &AccountState, open: bool) -> bool {
    let colours = palette(row.ui);
    let status = account_list::status(state, account, state.now, false);
    let pressed = account_list::account_head(row, "needing", index, account, &status, (open, false));
    row.text(1, theme::body(&account.info.address).size(13.5).color(colours.ink));
    let happened = theme::unturned(account_list::happened(state, account)).size(account_list::DETAIL);
    let first = row.first_piece(account_list::HAPPENED, account_list::HAPPENED, happened);
    row.piece((account_list::HAPPENED, account_list::HAPPENED), account_list::small(first, colours.ink), false);
    pressed
}

fn account_row(
    row: &mut Row<'_>,
    state: &RunState,
    index: usize,
    account: &AccountState,
    (open, places): (bool, Places),
) -> bool {
    let colours = palette(row.ui);
    let status = account_list::status(state, account, state.now, false);
    let pressed = account_list::account_head(row, "account of all", index, account, &status, (open, false));
    row.text(1, theme::body(&account.info.address).size(13.5).color(colours.ink));
    let status = theme::body(status).size(13.5).color(colours.soft);
    let nothing = account.tally.expected.messages == 0 && account.end != Some(AccountEnd::Complete);
    if Group::of(account) == Group::Waiting || nothing {
        row.text_across(2, places.last, status);
        return pressed;
    }
    row.text(2, status);
    let tally = &account.tally;
    let numbers = [words::count(tally.expected.messages), words::count(account_list::arrived(tally))];
    for (column, number) in (3..).zip(numbers) {
        row.text(column, theme::body(number).size(13.5).color(colours.ink));
    }
    if let Some(size) = places.size {
        row.text(size, theme::body(words::size(tally.settled_bytes())).size(13.5).color(colours.ink));
    }
    pressed
}
