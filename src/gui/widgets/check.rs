//! A check box: filled if checked, with a dash if only some of its items are.

use super::focus_ring;
use crate::gui::theme::{self, palette};
use egui::{Pos2, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, WidgetText, vec2};

const BOX: f32 = 16.0;

/// Whether a box is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Checked.
    On,
    /// Not checked.
    Off,
    /// Some of its items are checked.
    Some,
}

impl From<bool> for State {
    fn from(on: bool) -> Self {
        if on { State::On } else { State::Off }
    }
}

/// A check box with its text, which wraps; a click on either changes it.
pub fn check(ui: &mut Ui, on: &mut bool, text: &str) -> Response {
    let gap = 8.0;
    let room = (ui.available_width() - BOX - gap).max(40.0);
    let ink = palette(ui).ink;
    let words = WidgetText::from(theme::body(text).color(ink));
    let galley = words.into_galley(ui, Some(egui::TextWrapMode::Wrap), room, egui::TextStyle::Body);
    let height = galley.size().y.max(24.0);
    let (rect, mut response) = ui.allocate_exact_size(vec2(BOX + gap + galley.size().x, height), Sense::click());
    if response.clicked() {
        *on = !*on;
        response.mark_changed();
    }
    let first_line = rect.top() + galley.rows.first().map_or(12.0, |row| row.rect().height() / 2.0);
    let top = if galley.rows.len() > 1 { first_line } else { rect.center().y };
    paint(ui, Rect::from_center_size(Pos2::new(rect.left() + BOX / 2.0, top), Vec2::splat(BOX)), (*on).into());
    let text_top = rect.center().y - galley.size().y / 2.0;
    ui.painter().galley(Pos2::new(rect.left() + BOX + gap, text_top), galley, ink);
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, ui.is_enabled(), *on, text));
    focus_ring(ui, &response, 4);
    response
}

/// A box alone, for tables; a screen reader says `name`. Returns whether it was pressed.
pub fn bare(ui: &mut Ui, rect: Rect, id: egui::Id, state: State, name: &str) -> bool {
    let square = Rect::from_center_size(rect.center(), Vec2::splat(BOX));
    let response = ui.interact(square.expand(4.0), id, Sense::click());
    response.widget_info(|| match state {
        State::Some => WidgetInfo::labeled(Role::CheckBox, ui.is_enabled(), name),
        _ => WidgetInfo::selected(Role::CheckBox, ui.is_enabled(), state == State::On, name),
    });
    paint(ui, square, state);
    focus_ring(ui, &response, 4);
    response.clicked()
}

fn paint(ui: &Ui, square: Rect, state: State) {
    let palette = palette(ui);
    let painter = ui.painter();
    if state == State::Off {
        painter.rect(square, 4, palette.card, Stroke::new(1.2, palette.edge), StrokeKind::Inside);
        return;
    }
    painter.rect_filled(square, 4, palette.accent);
    let stroke = Stroke::new(1.8, palette.on_accent);
    let at = |x: f32, y: f32| square.min + vec2(x, y);
    if state == State::Some {
        painter.line_segment([at(4.0, 8.0), at(12.0, 8.0)], stroke);
    } else {
        painter.line(vec![at(3.8, 8.4), at(6.8, 11.4), at(12.2, 4.8)], stroke);
    }
}
