//! The table of accounts on page 4, at first showing those that need attention.

use super::super::action::Action;
use super::super::widgets::table::{Column, Table};
use super::account_list::{self, AccountList, Columns, Field, Group, Listed, OfRun, Tools, View};
use crate::progress::RunState;
use egui::Ui;

/// The accounts to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// All.
    All,
    /// Those that are not complete.
    Problems,
    /// Those that are complete.
    Complete,
}

/// The table and its filters.
#[derive(Default)]
pub struct ResultTable {
    list: AccountList,
    /// The user's choice; until then, those that are not complete if there are any.
    pub chosen: Option<Shown>,
    search: String,
    /// How many rows the last frame drew.
    pub rows_drawn: usize,
}

impl ResultTable {
    /// The accounts that are open.
    pub fn opened(&self) -> impl Iterator<Item = usize> {
        self.list.opened()
    }

    /// How often the rows were arranged.
    pub fn arrangements(&self) -> u64 {
        self.list.arrangements()
    }

    /// Closes what is open; returns whether anything was.
    pub fn close_all(&mut self) -> bool {
        self.list.close_all()
    }

    /// Draws it; `height` includes the filters.
    pub fn show(&mut self, ui: &mut Ui, state: &RunState, height: f32, actions: &mut Vec<Action>) {
        if state.accounts.is_empty() {
            return;
        }
        let listed = OfRun { state, now: state.now };
        let all = state.accounts.len() as u64;
        let complete = state.accounts.iter().filter(|account| Group::of(account) == Group::Done).count() as u64;
        let filters = [
            (account_list::name_of_all(state), all, Shown::All),
            ("Problems", all - complete, Shown::Problems),
            ("Complete", complete, Shown::Complete),
        ];
        let usual = if complete < all { Shown::Problems } else { Shown::All };
        let chosen = self.chosen.unwrap_or(usual);
        let top = ui.cursor().top();
        let (now, asked) = Tools { filters: &filters, chosen, saves: true }.show(ui, &mut self.search);
        if now != chosen {
            self.chosen = Some(now);
        }
        self.list.hand_out(ui, state, asked, actions);
        let taken = ui.cursor().top() - top;
        let search = self.search.trim().to_lowercase();
        let wanted = |index: usize| {
            let fits = match chosen {
                Shown::All => true,
                Shown::Problems => listed.group(index) != Group::Done,
                Shown::Complete => listed.group(index) == Group::Done,
            };
            fits && listed.is_found(index, &search)
        };
        let columns = columns(ui, &mut self.list, &listed);
        let height = Some((height - taken).max(Table::natural_height(4) - 2.0));
        let empty = "No account matches the filter.";
        let shows = format!("{chosen:?} {search}");
        let view = View { id: "accounts of the run", listed: &listed, columns, shows, by_cause: true, height, empty };
        self.rows_drawn = self.list.show(ui, &view, &wanted, None, actions);
    }
}

/// A table of medium width shows "n of m" in one column, and a narrow one leaves out the size: addresses and reasons come first.
fn columns(ui: &Ui, list: &mut AccountList, listed: &dyn Listed) -> Columns {
    let measured = list.measured(ui, listed);
    let mut columns = vec![(Field::Sign, Column::fixed("", 50.0)), measured.address("Account")];
    columns.extend(account_list::machine(listed));
    columns.push(account_list::state("Result", account_list::usual_state(ui.available_width())));
    let room = ui.available_width();
    if room >= 900.0 {
        columns.push(account_list::number(Field::Messages, "Source", 84.0));
        columns.push(account_list::number(Field::Target, "Target", 84.0));
    } else {
        columns.push(account_list::of_all(listed));
    }
    if room >= 800.0 {
        columns.push(account_list::number(Field::Size, "Size", 84.0));
    }
    Columns::of(columns)
}
