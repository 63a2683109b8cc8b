//! Draws the entries: the row of an account, and the details below an opened one.

use super::super::super::action::Action;
use super::super::super::theme::{body, palette, unturned};
use super::super::super::widgets::button;
use super::super::super::widgets::sign::{self, Mark};
use super::super::super::widgets::table::Row;
use super::words::{arrived, expected, folder_words, mark, why_left_out};
use super::{AccountList, Entry};
use crate::domain::{Address, FolderId};
use crate::progress::{AccountState, RunState};
use crate::report::words;
use egui::{Align, Id, Layout, Rect, RichText, Ui, UiBuilder, vec2};

/// The start of an account's row: its sign, and the triangle that opens it. Returns whether it was pressed.
pub fn account_head(
    row: &mut Row<'_>,
    table: &str,
    index: usize,
    account: &AccountState,
    status: &str,
    (open, paused): (bool, bool),
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
    let mark = mark(account, paused);
    sign::paint(row.ui.painter(), square, mark, mark.colour(palette(row.ui)), row.ui);
    response.context_menu(|ui| {
        if ui.button("Copy the address").clicked() {
            ui.ctx().copy_text(account.info.address.clone());
            ui.close();
        }
    });
    response.clicked()
}

/// The columns of a table.
#[derive(Debug, Clone, Copy)]
pub struct Places {
    /// Text from this column …
    pub text: usize,
    /// … to this one.
    pub text_end: usize,
    /// The messages: "n of m", or those of the source.
    pub messages: usize,
    /// Those of the target, if they have a column of their own.
    pub target: Option<usize>,
    /// The size, if there is room for it.
    pub size: Option<usize>,
    /// The last column.
    pub last: usize,
}

/// Draws an entry that is not an account.
pub fn detail(
    row: &mut Row<'_>,
    state: &RunState,
    lines: &AccountList,
    line: Entry,
    places: Places,
    actions: &mut Vec<Action>,
) {
    let colours = palette(row.ui);
    row.tint(colours.ground);
    match line {
        Entry::Account(_) => {}
        Entry::Links(index) => {
            if let Some(account) = state.accounts.get(index) {
                links(row, account, places, actions);
            }
        }
        Entry::Folder(index, number) => {
            if let Some(account) = state.accounts.get(index) {
                folder(row, account, number, places);
            }
        }
        Entry::LeftOut(index, number) => {
            let left_out = state.accounts.get(index).and_then(|account| account.left_out.get(number));
            let Some(left_out) = left_out else { return };
            row.text(1, small(&left_out.folder, colours.soft));
            let why = row.first_piece(2, places.last, unturned(why_left_out(left_out)).size(DETAIL));
            row.piece((2, places.last), small(why, colours.soft), true);
        }
        Entry::Said(number) => {
            let Some(said) = lines.said.get(number) else { return };
            if let Some(mark) = said.mark {
                problem_sign(row, mark);
            }
            let colour = if said.ink { colours.ink } else { colours.soft };
            row.piece(said.columns, small(&said.text, colour), true);
        }
    }
}

/// What can be done about an account that is not complete.
fn links(row: &mut Row<'_>, account: &AccountState, places: Places, actions: &mut Vec<Action>) {
    let Ok(address) = Address::parse(&account.info.address) else { return };
    let cell = row.span(1, places.last);
    let builder = UiBuilder::new().id_salt(("links", row.index)).max_rect(cell);
    let mut child = row.ui.new_child(builder.layout(Layout::left_to_right(Align::Center)));
    child.spacing_mut().item_spacing.x = 16.0;
    if button::link(&mut child, "Try this account again").clicked() {
        actions.push(Action::TryAgain(address.key()));
    }
    if button::link(&mut child, "Correct its password or sign-in name…").clicked() {
        actions.push(Action::Correct(address.key()));
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
    if let Some(size) = places.size {
        row.text(size, small(words::size(folder.tally.expected.bytes), colours.soft));
    }
}

/// The size of details.
pub const DETAIL: f32 = 13.0;

/// A text in the size of details.
pub fn small(text: impl Into<String>, colour: egui::Color32) -> RichText {
    body(text).size(DETAIL).color(colour)
}

/// Says that a table is empty, in its middle.
pub fn say_empty(ui: &mut Ui, rect: Rect, text: &str) {
    let label = egui::Label::new(body(text).color(palette(ui).soft));
    ui.put(Rect::from_center_size(rect.center(), vec2(rect.width() - 40.0, 24.0)), label);
}
