//! The table of page 2: the accounts, which are chosen, what the check found, and how far each is over all runs.

use super::super::super::action::Action;
use super::super::super::widgets::table::Column;
use super::super::account_list::{self, Asked, Columns, Field, Listed, Ticks, Tools, View};
use super::AccountsPage;
use super::listing::OfPage;
use super::showing::Showing;
use crate::report;
use egui::Ui;

/// The width of "the source refuses this password (24 November 2024, 23:10)", in points.
const WITH_A_DATE: f32 = 400.0;
/// The width of "domain will be created". Longer texts have no numbers beside them, and take their room.
const A_FEW_WORDS: f32 = 190.0;
/// The width of "not checked yet".
const NOT_CHECKED: f32 = 130.0;

impl AccountsPage {
    /// The filters and the search.
    pub(super) fn filters(&mut self, ui: &mut Ui) {
        let mut derived = std::mem::take(&mut self.derived);
        let filters =
            derived.filters.of((self.revision, self.showing), || self.listed().filters(self.showing, &self.chosen));
        let tools = Tools { filters, chosen: self.showing, saves: false };
        (self.showing, _) = tools.show(ui, &mut self.filter);
        self.derived = derived;
    }

    pub(super) fn table(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        let (mut list, mut chosen) = (std::mem::take(&mut self.list), std::mem::take(&mut self.chosen));
        let listed = self.listed();
        let (showing, search) = (self.showing, self.filter.trim().to_lowercase());
        let before = chosen.clone();
        let wanted = |index: usize| listed.fits(index, showing, &before) && listed.is_found(index, &search);
        let empty = if self.accounts.is_empty() {
            "No line of this file can be used."
        } else {
            "No account matches the filter."
        };
        let columns = self.columns_of(ui, &mut list, &listed);
        let by_cause = showing == Showing::Problems;
        let shows = format!("{showing:?} {search}");
        let view = View { id: "accounts", listed: &listed, columns, shows, by_cause, height: None, empty };
        let all_shown = search.is_empty() && showing == Showing::All;
        let all = if all_shown { "All accounts" } else { "All accounts that are shown" };
        let ticks = Ticks { chosen: &mut chosen, frozen: self.checking(), all };
        let rows_drawn = list.show(ui, &view, &wanted, Some(ticks), actions);
        let chose = chosen != before;
        (self.list, self.chosen, self.rows_drawn) = (list, chosen, rows_drawn);
        if chose {
            self.changed();
        }
    }

    fn columns_of(&self, ui: &Ui, list: &mut account_list::AccountList, listed: &OfPage<'_>) -> Columns {
        let (measured, wide) = (list.measured(ui, listed), ui.available_width() >= 650.0);
        let over_runs = self.over_runs.is_known();
        let usual = if self.check.is_some() { A_FEW_WORDS } else { NOT_CHECKED };
        let mut columns = vec![
            (Field::Tick, Column::fixed("", 36.0)),
            (Field::Sign, Column::fixed("", 50.0)),
            measured.address("Address"),
            measured.name(),
            match (over_runs, self.other_imap) {
                (true, _) => account_list::state("State", WITH_A_DATE),
                (false, true) => account_list::state("On the target", usual),
                (false, false) => account_list::state("In Kerio Connect", usual),
            },
        ];
        // Without a check, nothing is counted.
        let Some(check) = &self.check else { return Columns::of(columns) };
        columns.push(account_list::number(Field::Messages, "Messages", 92.0));
        if wide {
            columns.push(account_list::number(Field::Size, "Size", 84.0));
        }
        if wide && !check.state.items.is_empty() {
            columns.push(account_list::number(Field::Events, "Events", 76.0));
            columns.push(account_list::number(Field::Contacts, "Contacts", 84.0));
            columns.push(account_list::number(Field::Tasks, "Tasks", 72.0));
        }
        Columns::of(columns)
    }

    /// Copies or saves the accounts that are shown, without passwords.
    pub(super) fn hand_out(&self, ui: &Ui, asked: Asked, actions: &mut Vec<Action>) {
        const HEAD: [&str; 10] = [
            "address",
            "full_name",
            "line",
            "chosen",
            "state",
            "source_messages",
            "source_bytes",
            "source_events",
            "source_contacts",
            "source_tasks",
        ];
        let listed = self.listed();
        let row = |&index: &usize| {
            let figures = listed.figures(index);
            let number = |number: Option<u64>| number.map_or_else(String::new, |number| number.to_string());
            let mut row = vec![
                listed.address(index).to_owned(),
                listed.full_name(index).to_owned(),
                self.accounts.get(index).map_or_else(String::new, |account| account.line.to_string()),
                (self.chosen.get(index) == Some(&true)).to_string(),
                listed.state(index),
                number(figures.map(|figures| figures.all)),
                number(figures.map(|figures| figures.bytes)),
            ];
            row.extend((0..3).map(|kind| number(figures.map(|figures| figures.items[kind]))));
            row
        };
        let text = report::table_csv(&HEAD, self.list.shown().iter().map(row)).unwrap_or_default();
        match asked {
            Asked::Copy => ui.ctx().copy_text(text),
            Asked::Save => actions.push(Action::SaveCsv(text)),
        }
    }
}
