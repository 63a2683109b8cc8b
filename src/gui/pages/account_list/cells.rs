//! Draws the rows: accounts, and the details below an open one.

use super::super::super::action::Action;
use super::super::super::theme::{body, palette, unturned};
use super::super::super::widgets::sign::{self, Mark};
use super::super::super::widgets::table::Row;
use super::super::super::widgets::{button, check, progress};
use super::words::{goes_to, why_left_out};
use super::{Entry, Field, Said, View};
use crate::domain::{FolderId, printable};
use crate::progress::{AccountEnd, AccountState};
use crate::report::words;
use egui::{Align, Color32, Id, Layout, Rect, RichText, Ui, UiBuilder, vec2};

/// The part of an account's row that was pressed.
pub enum Pressed {
    /// Its check box.
    Box,
    /// The rest of it.
    Row,
}

/// The text size of details.
pub const DETAIL: f32 = 13.0;

/// Draws an account's row. `chosen` is the state of its check box, where it has one.
pub fn account(row: &mut Row<'_>, view: &View<'_>, index: usize, open: bool, chosen: Option<bool>) -> Option<Pressed> {
    let (listed, columns, colours) = (view.listed, &view.columns, palette(row.ui));
    let state = listed.state(index);
    let mut pressed = head(row, view, index, &state, open).then_some(Pressed::Row);
    let figures = listed.figures(index);
    let number = |row: &mut Row<'_>, place: usize, text: String, colour: Color32| {
        row.text(place, body(text).size(13.5).color(colour));
    };
    // A reason takes the room of the numbers if there are none, or if it does not fit into its own column.
    let (of_state, last) = (columns.state(), columns.last());
    let over = listed.cause(index).is_some() && (figures.is_none() || row.is_cut(of_state, &state));
    for (place, field) in columns.fields.iter().enumerate() {
        if row.cell(place).width() <= 0.0 || over && place > of_state {
            continue;
        }
        match (field, figures) {
            (Field::Tick, _) => {
                let (cell, id) = (row.cell(place), Id::unique(("account", index)));
                if chosen.is_some_and(|on| check::bare(row.ui, cell, id, on.into(), listed.address(index))) {
                    pressed = Some(Pressed::Box);
                }
            }
            (Field::Sign, _) => signs(row, place, listed.mark(index), open),
            (Field::Address, _) => row.text(place, body(listed.address(index)).size(13.5).color(colours.ink)),
            (Field::Name, _) => row.text(place, body(listed.full_name(index)).size(13.5).color(colours.soft)),
            (Field::Machine, _) => row.text(place, body(listed.machine(index)).size(13.5).color(colours.soft)),
            (Field::State, _) if over => row.fitted((place, last), &state, colours.ink),
            (Field::State, _) => row.fitted((place, place), &state, colours.soft),
            (Field::Bar, Some(_)) => bar(row, place, listed.account(index)),
            (Field::Messages, Some(figures)) => {
                let (there, all) = (words::count(figures.there), words::count(figures.all));
                let split = columns.place(Field::Target).is_some();
                let text = if split || there == all { all } else { format!("{there} of {all}") };
                number(row, place, text, colours.ink);
            }
            (Field::Target, Some(figures)) => number(row, place, words::count(figures.there), colours.ink),
            (Field::Size, Some(figures)) => number(row, place, words::size(figures.bytes), colours.ink),
            (Field::Events, Some(figures)) => number(row, place, words::count(figures.items[0]), colours.ink),
            (Field::Contacts, Some(figures)) => number(row, place, words::count(figures.items[1]), colours.ink),
            (Field::Tasks, Some(figures)) => number(row, place, words::count(figures.items[2]), colours.ink),
            (Field::Messages, None) if listed.mark(index) == Mark::Busy => {
                number(row, place, "–".to_owned(), colours.soft)
            }
            (Field::Bar | Field::Messages | Field::Target | Field::Size, None) => {}
            (Field::Events | Field::Contacts | Field::Tasks, None) => {}
        }
    }
    pressed
}

/// Makes the row a button that opens it; returns whether it was pressed.
fn head(row: &mut Row<'_>, view: &View<'_>, index: usize, state: &str, open: bool) -> bool {
    let (listed, address) = (view.listed, view.listed.address(index).to_owned());
    let counts = listed.figures(index).map_or_else(String::new, |figures| {
        format!(", {} of {}", words::count(figures.there), words::counted(figures.all, "message"))
    });
    let response = row.press(Id::unique((view.id, index)), &format!("{address}: {state}{counts}"));
    response.ctx.accesskit_node_builder(response.id, |node| node.set_expanded(open));
    row.rule();
    response.context_menu(|ui| {
        if ui.button("Copy the address").clicked() {
            ui.ctx().copy_text(address.clone());
            ui.close();
        }
    });
    response.clicked()
}

fn signs(row: &mut Row<'_>, place: usize, mark: Mark, open: bool) {
    let cell = row.cell(place);
    let turn = Rect::from_center_size(egui::pos2(cell.left() + 4.0, cell.center().y), vec2(10.0, 10.0));
    sign::turn(row.ui, turn, open);
    paint_sign(row, place, mark, 14.0);
}

fn paint_sign(row: &mut Row<'_>, place: usize, mark: Mark, size: f32) {
    let cell = row.cell(place);
    let square = Rect::from_center_size(egui::pos2(cell.left() + 22.0, cell.center().y), vec2(size, size));
    sign::paint(row.ui.painter(), square, mark, mark.colour(palette(row.ui)), row.ui);
}

fn bar(row: &mut Row<'_>, place: usize, account: Option<&AccountState>) {
    let Some(account) = account else { return };
    let colours = palette(row.ui);
    let cell = row.cell(place);
    let rect = Rect::from_center_size(cell.center(), vec2(cell.width(), 6.0));
    let (fraction, colour) = match account.end {
        Some(AccountEnd::Complete) => (1.0, colours.good),
        _ if account.is_skipped() => (account.tally.fraction(), colours.soft),
        Some(_) => (account.tally.fraction(), colours.warning),
        None => (account.tally.fraction(), colours.accent),
    };
    progress::paint(row.ui, rect, fraction, colour);
}

/// Draws a row that is not an account.
pub fn detail(row: &mut Row<'_>, view: &View<'_>, entry: Entry, said: &[Said], actions: &mut Vec<Action>) {
    let colours = palette(row.ui);
    let columns = &view.columns;
    row.tint(colours.ground);
    match entry {
        Entry::Account(_) => {}
        Entry::Links(index) => links(row, view, index, actions),
        Entry::FolderHead => {
            row.text(columns.first(), small("Folder on the source", colours.soft));
            row.text_over(columns.state(), columns.text_end(), small("Folder on the target", colours.soft));
            row.rule();
        }
        Entry::Folder(index, number) => folder(row, view, index, number),
        Entry::LeftOut(index, number) => {
            let left_out = view.listed.account(index).and_then(|account| account.left_out.get(number));
            let Some(left_out) = left_out else { return };
            row.text_over(columns.first(), columns.state() - 1, small(printable(&left_out.folder), colours.soft));
            let over = (columns.state(), columns.last());
            let why = row.first_piece(over.0, over.1, unturned(why_left_out(left_out)).size(DETAIL));
            row.piece(over, small(why, colours.soft), true);
        }
        Entry::Said(number) => {
            let Some(said) = said.get(number) else { return };
            if let (Some(mark), Some(place)) = (said.mark, columns.place(Field::Sign)) {
                paint_sign(row, place, mark, 12.0);
            }
            let colour = if said.ink { colours.ink } else { colours.soft };
            row.piece(said.columns, small(&said.text, colour), true);
        }
    }
}

/// What can be done about an account.
fn links(row: &mut Row<'_>, view: &View<'_>, index: usize, actions: &mut Vec<Action>) {
    let cell = row.span(view.columns.first(), view.columns.last());
    let builder = UiBuilder::new().id_salt(("links", row.index)).max_rect(cell);
    let mut child = row.ui.new_child(builder.layout(Layout::left_to_right(Align::Center)));
    child.spacing_mut().item_spacing.x = 16.0;
    for (label, action) in view.listed.links(index) {
        if button::link(&mut child, label).clicked() {
            actions.push(action);
        }
    }
}

/// A folder on both sides.
fn folder(row: &mut Row<'_>, view: &View<'_>, index: usize, number: usize) {
    let (columns, colours) = (&view.columns, palette(row.ui));
    let Some(account) = view.listed.account(index) else { return };
    let Some(folder) = account.folders.get(number) else { return };
    let split = columns.place(Field::Target);
    row.text_over(columns.first(), columns.state() - 1, small(printable(&folder.source.to_string()), colours.ink));
    let only_counts = view.listed.only_counts();
    let goes = goes_to(folder, account.step, FolderId(number as u32), split.is_none() && !only_counts);
    let colour = if folder.source == folder.target { colours.soft } else { colours.ink };
    let response = row.text_over(columns.state(), columns.text_end(), small(printable(&goes), colour));
    if let Some(why) = words::mapping(folder) {
        response.on_hover_text(why);
    }
    if !folder.counted {
        return;
    }
    let (there, all) = (super::arrived(&folder.tally), folder.tally.expected.messages);
    let (there, all) = (words::count(there), words::count(all));
    if let Some(place) = columns.place(Field::Messages) {
        let text = if split.is_some() || there == all || only_counts { all } else { format!("{there} of {all}") };
        row.text(place, small(text, colours.soft));
    }
    if let Some(place) = split {
        row.text(place, small(there, colours.soft));
    }
    if let Some(place) = columns.place(Field::Size) {
        row.text(place, small(words::size(folder.tally.expected.bytes), colours.soft));
    }
}

/// A text in the size of details.
fn small(text: impl Into<String>, colour: Color32) -> RichText {
    body(text).size(DETAIL).color(colour)
}

/// Says that a table is empty, in its middle.
pub fn say_empty(ui: &mut Ui, rect: Rect, text: &str) {
    let label = egui::Label::new(body(text).color(palette(ui).soft));
    ui.put(Rect::from_center_size(rect.center(), vec2(rect.width() - 40.0, 24.0)), label);
}
