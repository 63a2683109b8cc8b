//! The rows of mailboxes on page 3: address, status, progress.

use super::super::super::theme::{self, palette};
use super::super::super::widgets::progress;
use super::super::super::widgets::table::Row;
use super::super::account_list::{self, Places};
use crate::progress::{AccountEnd, AccountState, RunState};
use crate::report::words;
use egui::vec2;

/// Draws the rows of mailboxes.
pub(super) struct Mailboxes<'a> {
    pub(super) state: &'a RunState,
    pub(super) now: u64,
    pub(super) places: Places,
}

impl Mailboxes<'_> {
    /// Draws a mailbox's row and returns whether it was pressed.
    pub(super) fn draw(&self, row: &mut Row<'_>, index: usize, open: bool) -> bool {
        let Some(account) = self.state.accounts.get(index) else { return false };
        let colours = palette(row.ui);
        let Places { messages, size, last, .. } = self.places;
        let status = account_list::status(self.state, account, self.now, size.is_none());
        let pressed = account_list::account_head(row, "mailbox", index, account, &status, (open, self.state.paused));
        row.text(1, theme::body(&account.info.address).size(13.5).color(colours.ink));
        let status = theme::body(status).size(13.5).color(colours.soft);
        let tally = &account.tally;
        if tally.expected.messages == 0 && account.end.is_some_and(|end| end != AccountEnd::Complete) {
            // There are no numbers, but often a reason.
            row.text_across(2, last, status);
            return pressed;
        }
        row.text(2, status);
        // A table with room for the size has room for a bar.
        if size.is_some() {
            small_bar(row, account);
        }
        if tally.expected.messages == 0 && account.end.is_none() {
            row.text(messages, theme::body("–").size(13.5).color(colours.soft));
            return pressed;
        }
        let (there, all) = (account_list::arrived(tally), tally.expected.messages);
        let (there, all) = (words::count(there), words::count(all));
        let of_all = if there == all { all } else { format!("{there} of {all}") };
        row.text(messages, theme::body(of_all).size(13.5).color(colours.ink));
        if let Some(size) = size {
            row.text(size, theme::body(words::size(tally.expected.bytes)).size(13.5).color(colours.ink));
        }
        pressed
    }
}

fn small_bar(row: &mut Row<'_>, account: &AccountState) {
    let colours = palette(row.ui);
    let cell = row.cell(3);
    let rect = egui::Rect::from_center_size(cell.center(), vec2(cell.width(), 6.0));
    let (fraction, colour) = match account.end {
        Some(AccountEnd::Complete) => (1.0, colours.good),
        Some(_) => (account.tally.fraction(), colours.warning),
        None => (account.tally.fraction(), colours.accent),
    };
    progress::paint(row.ui, rect, fraction, colour);
}
