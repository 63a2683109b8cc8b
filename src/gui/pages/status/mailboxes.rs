//! The rows of mailboxes on page 3: who, what it does, how far it is.

use super::super::super::theme::{self, palette};
use super::super::super::widgets::progress;
use super::super::super::widgets::table::Row;
use super::super::lines;
use crate::progress::{AccountEnd, AccountState, RunState};
use crate::report::words;
use egui::vec2;

/// Draws the rows of mailboxes.
pub(super) struct Mailboxes<'a> {
    pub(super) state: &'a RunState,
    pub(super) now: u64,
    /// There is room for a bar in each row.
    pub(super) wide: bool,
    pub(super) last: usize,
}

impl Mailboxes<'_> {
    /// Draws a mailbox's row and returns whether it was pressed.
    pub(super) fn draw(&self, row: &mut Row<'_>, index: usize, open: bool) -> bool {
        let Some(account) = self.state.accounts.get(index) else { return false };
        let colours = palette(row.ui);
        let status = lines::status(self.state, account, self.now);
        let pressed = lines::account_head(row, "mailbox", index, account, &status, open);
        row.text(1, theme::body(&account.info.address).size(13.5).color(colours.ink));
        row.text(2, theme::body(status).size(13.5).color(colours.soft));
        if self.wide {
            small_bar(row, account);
        }
        let tally = &account.tally;
        if tally.expected.messages == 0 && account.end != Some(AccountEnd::Complete) {
            row.text(self.last - 1, theme::body("–").size(13.5).color(colours.soft));
            return pressed;
        }
        let (there, all) = (lines::arrived(tally), tally.expected.messages);
        let (there, all) = (words::count(there), words::count(all));
        let messages = if there == all { all } else { format!("{there} of {all}") };
        row.text(self.last - 1, theme::body(messages).size(13.5).color(colours.ink));
        row.text(self.last, theme::body(words::size(tally.expected.bytes)).size(13.5).color(colours.ink));
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
