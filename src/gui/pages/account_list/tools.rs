//! The row of controls above a table of accounts: filters with their numbers, search, and links that copy or save what is shown.

use super::super::super::theme;
use super::super::super::widgets::button;
use super::super::super::widgets::chips::chip;
use crate::report::words;
use egui::{Align, Id, Key, Layout, TextEdit, Ui, vec2};

/// What to do with the accounts that are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Copy them.
    Copy,
    /// Save them.
    Save,
}

/// The tools of a table.
pub struct Tools<'a, F> {
    /// The filters: name, number of accounts, and value. A filter without accounts is offered only while it is chosen.
    pub filters: &'a [(&'static str, u64, F)],
    /// The filter in force.
    pub chosen: F,
    /// Whether what is shown can be copied and saved from here.
    pub saves: bool,
}

impl<F: Copy + PartialEq> Tools<'_, F> {
    /// Draws them. Returns the filter in force now, and what was asked for.
    pub fn show(self, ui: &mut Ui, search: &mut String) -> (F, Option<Asked>) {
        let (mut chosen, mut asked) = (self.chosen, None);
        ui.horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                // The search gives way to the filters.
                let width = match (ui.available_width() < theme::WIDE_TABLE, self.saves) {
                    (false, _) => 180.0,
                    (true, false) => 130.0,
                    (true, true) => 84.0,
                };
                search_field(ui, search, width);
                if self.saves {
                    asked = save_links(ui);
                }
                ui.with_layout(Layout::left_to_right(Align::Center).with_main_wrap(true), |ui| {
                    for &(name, count, filter) in self.filters {
                        let is_chosen = filter == self.chosen;
                        if (count > 0 || is_chosen) && chip(ui, &format!("{name} {}", words::count(count)), is_chosen) {
                            chosen = filter;
                        }
                    }
                });
            });
        });
        (chosen, asked)
    }
}

/// The links that copy or save what is shown.
pub fn save_links(ui: &mut Ui) -> Option<Asked> {
    let save = button::link(ui, "Save as CSV…").on_hover_text("Saves the accounts that are shown, for a spreadsheet");
    let copy = button::link(ui, "Copy").on_hover_text("Copies the accounts that are shown");
    if save.clicked() { Some(Asked::Save) } else { copy.clicked().then_some(Asked::Copy) }
}

/// The search field. Enter does nothing in it, so that a search cannot start a migration.
fn search_field(ui: &mut Ui, text: &mut String, width: f32) {
    let edit = TextEdit::singleline(text)
        .id(filter_id())
        .hint_text("Filter")
        .desired_width(width)
        .min_size(vec2(0.0, theme::CONTROL))
        .margin(vec2(10.0, 5.0))
        .align(egui::Align2::LEFT_CENTER);
    let response = ui.add(edit).accessible_name("Filter");
    if response.has_focus() && ui.input(|input| input.key_pressed(Key::Escape)) {
        text.clear();
    }
}

/// The id of the search field.
pub fn filter_id() -> Id {
    Id::unique("filter")
}
