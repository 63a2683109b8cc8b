//! The table of page 2: the accounts, whether each is chosen, and what the check found.

use super::super::super::action::Action;
use super::super::super::theme::{self, palette};
use super::super::super::widgets::check as tick;
use super::super::super::widgets::table::{Column, Row, Table};
use super::super::account_list;
use super::{AccountsPage, StageFilter};
use crate::progress::AccountStage;
use crate::report::words;
use egui::{Id, Ui};

/// What of a row was pressed.
enum Pressed {
    /// Its check box.
    Box,
    /// The rest of it.
    Row,
}

impl AccountsPage {
    pub(super) fn table(&mut self, ui: &mut Ui, actions: &mut Vec<Action>) {
        const KERIO: &str = "In Kerio Connect";
        const TARGET: &str = "On the target";
        // A narrow table leaves out the full name: the address identifies the account.
        let names = if ui.available_width() >= 620.0 { 1.3 } else { 0.0 };
        // What nobody asked for needs no columns.
        let items = self.check.as_ref().is_some_and(|check| !check.state.items.is_empty());
        let over_runs = self.over_runs.is_known();
        // Before a check there is nothing to say but how far each account is, and that gets the room.
        let (state, wide) = match (over_runs, self.other_imap) {
            (true, _) => ("State", if self.check.is_some() { 2.6 } else { 3.6 }),
            (false, true) => (TARGET, 1.7),
            (false, false) => (KERIO, 1.7),
        };
        let counted = self.check.is_some() || !over_runs;
        let (messages, size) = if counted { (("Messages", 84.0), ("Size", 88.0)) } else { (("", 0.0), ("", 0.0)) };
        let mut columns = vec![
            Column::fixed("", 38.0),
            Column::share("Address", 3.1),
            Column::share(if names > 0.0 { "Full name" } else { "" }, names),
            Column::fixed("", 30.0),
            Column::share(state, wide),
            Column::fixed(messages.0, messages.1).right(),
            Column::fixed(size.0, size.1).right(),
        ];
        if items {
            columns.extend(["Events", "Contacts", "Tasks"].map(|title| Column::fixed(title, 72.0).right()));
        }
        let shown = std::mem::take(&mut self.shown);
        let on = shown.iter().filter(|&&position| self.chosen[position]).count();
        let all = if on == 0 {
            tick::State::Off
        } else if on == shown.len() {
            tick::State::On
        } else {
            tick::State::Some
        };
        let all_shown = self.filter.trim().is_empty() && self.stage_filter == StageFilter::All;
        let name = if all_shown { "All accounts" } else { "All accounts that are shown" };
        let frozen = self.checking();
        let table = ui.available_rect_before_wrap();
        let (mut toggle_all, mut toggle, mut correct) = (false, None, None);
        let drawn = Table::new("accounts", &columns, shown.len()).show(
            ui,
            |ui, column, cell| {
                if column == 0 {
                    toggle_all = tick::bare(ui, cell, Id::unique("all accounts"), all, name);
                }
            },
            |row| {
                let position = shown[row.index];
                match self.row(row, position) {
                    Some(Pressed::Box) => toggle = Some(position),
                    Some(Pressed::Row) => correct = Some(position),
                    None => {}
                }
            },
        );
        if shown.is_empty() {
            let nothing = if self.accounts.is_empty() {
                "No line of this file can be used."
            } else {
                "No account matches the filter."
            };
            account_list::say_empty(ui, table, nothing);
        }
        self.rows_drawn = drawn;
        if toggle_all && !frozen {
            shown.iter().for_each(|&position| self.chosen[position] = all != tick::State::On);
        }
        if let Some(position) = toggle.filter(|_| !frozen) {
            self.chosen[position] = !self.chosen[position];
        }
        if let Some(account) = correct.filter(|_| !frozen).and_then(|position| self.accounts.get(position)) {
            actions.push(Action::Correct(account.address.key()));
        }
        self.shown = shown;
    }

    /// Draws a row and returns what of it was pressed.
    fn row(&self, row: &mut Row<'_>, position: usize) -> Option<Pressed> {
        let account = &self.accounts[position];
        let colours = palette(row.ui);
        let address = account.address.to_string();
        let cell = row.cell(0);
        let name = format!("Correct {address}");
        let response = row.press(Id::unique(("correct", position)), &name);
        let is_pressed = response.on_hover_text("Correct the password or the sign-in name").clicked();
        row.rule();
        let ticked =
            tick::bare(row.ui, cell, Id::unique(("account", position)), self.chosen[position].into(), &address);
        let pressed = if ticked { Some(Pressed::Box) } else { is_pressed.then_some(Pressed::Row) };
        row.text(1, theme::body(&address).size(13.5).color(colours.ink));
        if row.cell(2).width() > 0.0 {
            row.text(2, theme::body(&account.full_name).size(13.5).color(colours.soft));
        }
        let Some((check, found)) = self.check.as_ref().and_then(|check| Some((check, check.found(position)?))) else {
            let words = if self.over_runs.is_known() {
                let (mark, words) = self.over_runs.state(position);
                row.sign(3, mark);
                words
            } else {
                "not checked yet".to_owned()
            };
            row.text(4, theme::body(words).size(13.5).color(colours.soft));
            return pressed;
        };
        let (mark, mut words) = check.user_state(found);
        if let Some(mark) = mark {
            row.sign(3, mark);
        }
        if found.end.is_some() && self.over_runs.stage(position) == AccountStage::Complete {
            words = format!("{words}; {}", self.over_runs.state(position).1);
        }
        row.text(4, theme::body(words).size(13.5).color(colours.ink));
        if found.end.is_some() && !found.folders.is_empty() {
            row.text(5, theme::body(words::count(found.tally.expected.messages)).size(13.5).color(colours.ink));
            row.text(6, theme::body(words::size(found.tally.expected.bytes)).size(13.5).color(colours.ink));
        }
        if found.end.is_some() && !check.state.items.is_empty() {
            let counts = [found.items.events, found.items.contacts, found.items.tasks];
            for (column, count) in (7..).zip(counts) {
                row.text(column, theme::body(words::count(count)).size(13.5).color(colours.ink));
            }
        }
        pressed
    }
}
