//! A field with its label above, and below it an error or a note.

use crate::gui::theme::{CONTROL, palette, small};
use egui::{Align2, CursorIcon, Id, Label, Response, Role, Sense, TextBuffer, TextEdit, Ui, WidgetInfo, vec2};

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
    /// A field; `id` is unique in the window.
    pub fn new(id: &'a str, label: &'a str) -> Self {
        Self { label, id, password: false, hint: "", wrong: None, note: None, width: f32::INFINITY, rows: 1 }
    }

    /// Shows dots instead of the text, on the screen and to a screen reader.
    pub fn password(mut self) -> Self {
        self.password = true;
        self
    }

    /// The example it shows while it is empty.
    pub fn hint(mut self, hint: &'a str) -> Self {
        self.hint = hint;
        self
    }

    /// What is wrong with the text.
    pub fn wrong(mut self, wrong: Option<&'a str>) -> Self {
        self.wrong = wrong;
        self
    }

    /// The consequence of the text, or an explanation.
    pub fn note(mut self, note: Option<&'a str>) -> Self {
        self.note = note;
        self
    }

    /// Makes it this wide instead of filling the room.
    pub fn width(mut self, width: f32) -> Self {
        self.width = width;
        self
    }

    /// Takes several lines of text, and shows this many.
    pub fn rows(mut self, rows: usize) -> Self {
        self.rows = rows;
        self
    }

    /// The id for focusing a field.
    pub fn focus_id(id: &str) -> Id {
        Id::unique(("field", id))
    }

    /// Draws the label, and above a typed password the link that reveals it.
    fn show_label(&self, ui: &mut Ui, filled: bool) -> Response {
        let soft = palette(ui).soft;
        let label = Label::new(small(self.label).color(soft)).selectable(false);
        if !self.password || !filled {
            // The next password is hidden again.
            ui.data_mut(|data| data.remove_temp::<bool>(self.revealed_id()));
            return ui.add(label);
        }
        let least = std::mem::replace(&mut ui.spacing_mut().interact_size.y, 0.0);
        // Wrapped, because a long label with the link beside it would make its card wider.
        let shown = ui.horizontal_wrapped(|ui| {
            let label = ui.add(label);
            let revealed = self.is_revealed(ui);
            let word = if revealed { "Hide" } else { "Show" };
            // For the pointer only, so that Tab moves from field to field.
            let link = Label::new(small(word).color(palette(ui).accent)).selectable(false).sense(Sense::CLICK);
            let link = ui.add(link).on_hover_cursor(CursorIcon::PointingHand);
            link.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("{word} {}", self.label)));
            if link.clicked() {
                ui.data_mut(|data| data.insert_temp(self.revealed_id(), !revealed));
            }
            label
        });
        ui.spacing_mut().interact_size.y = least;
        shown.inner
    }

    fn revealed_id(&self) -> Id {
        Self::focus_id(self.id).with("revealed")
    }

    fn is_revealed(&self, ui: &Ui) -> bool {
        ui.data(|data| data.get_temp(self.revealed_id()).unwrap_or(false))
    }

    /// Draws it.
    pub fn show(self, ui: &mut Ui, text: &mut dyn TextBuffer) -> Response {
        let palette = palette(ui);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 4.0;
            let label = self.show_label(ui, !text.as_str().is_empty());
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
                .password(self.password && !self.is_revealed(ui))
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
