//! A field with its label above and a note below: what is wrong with it, or what will happen.

use crate::gui::theme::{CONTROL, palette, small};
use egui::{Align2, Id, Label, Response, TextBuffer, TextEdit, Ui, vec2};

/// A field to fill in.
pub struct Field<'a> {
    label: &'a str,
    id: &'a str,
    password: bool,
    hint: &'a str,
    wrong: Option<&'a str>,
    note: Option<&'a str>,
    width: f32,
    rows: usize,
}

impl<'a> Field<'a> {
    /// A field; `id` is its own among all fields of the window.
    pub fn new(id: &'a str, label: &'a str) -> Self {
        Self { label, id, password: false, hint: "", wrong: None, note: None, width: f32::INFINITY, rows: 1 }
    }

    /// Shows dots for what is typed, on the screen and to a screen reader.
    pub fn password(mut self) -> Self {
        self.password = true;
        self
    }

    /// What stands in it while it is empty.
    pub fn hint(mut self, hint: &'a str) -> Self {
        self.hint = hint;
        self
    }

    /// What is wrong with what was typed.
    pub fn wrong(mut self, wrong: Option<&'a str>) -> Self {
        self.wrong = wrong;
        self
    }

    /// What will happen because of what was typed.
    pub fn note(mut self, note: Option<&'a str>) -> Self {
        self.note = note;
        self
    }

    /// Not as wide as there is room.
    pub fn width(mut self, width: f32) -> Self {
        self.width = width;
        self
    }

    /// Takes lines of text, and shows so many of them.
    pub fn rows(mut self, rows: usize) -> Self {
        self.rows = rows;
        self
    }

    /// The id by which the keyboard can be sent to a field.
    pub fn focus_id(id: &str) -> Id {
        Id::unique(("field", id))
    }

    /// Draws it.
    pub fn show(self, ui: &mut Ui, text: &mut dyn TextBuffer) -> Response {
        let palette = palette(ui);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 4.0;
            let label = ui.add(Label::new(small(self.label).color(palette.soft)).selectable(false));
            if self.wrong.is_some() {
                ui.visuals_mut().widgets.inactive.bg_stroke.color = palette.error;
            }
            let edit = if self.rows > 1 {
                TextEdit::multiline(text).desired_rows(self.rows)
            } else {
                TextEdit::singleline(text).align(Align2::LEFT_CENTER)
            };
            let edit = edit
                .id(Self::focus_id(self.id))
                .password(self.password)
                .hint_text(self.hint)
                .desired_width(self.width)
                .min_size(vec2(0.0, CONTROL))
                .margin(vec2(10.0, 5.0));
            let response = ui.add(edit).labelled_by(label.id);
            if let Some(wrong) = self.wrong {
                ui.add(Label::new(small(wrong).color(palette.error)).wrap());
            } else if let Some(note) = self.note {
                ui.add(Label::new(small(note).color(palette.soft)).wrap());
            }
            response
        })
        .inner
    }
}
