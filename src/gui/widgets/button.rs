//! Buttons: quiet ones, the one primary button of a page, and links.

use super::focus_ring;
use crate::gui::theme::{CONTROL, RADIUS, body, palette, small, strong};
use egui::{Button, Color32, Response, RichText, Sense, Stroke, TextStyle, TextWrapMode, Ui, WidgetText, vec2};

/// A quiet button.
pub fn quiet(ui: &mut Ui, label: &str, enabled: bool) -> Response {
    let text = body(label).color(palette(ui).ink);
    let response = ui.add_enabled(enabled, Button::new(text).min_size(vec2(0.0, CONTROL)));
    focus_ring(ui, &response, RADIUS);
    response
}

/// The minimum width of the primary button.
const PRIMARY: f32 = 72.0;

/// How wide a quiet or a primary button with this label is.
pub fn width(ui: &Ui, label: &str, primary: bool) -> f32 {
    let text = if primary { strong(label) } else { body(label) };
    let text = text_width(ui, text) + 2.0 * ui.spacing().button_padding.x;
    if primary { text.max(PRIMARY) } else { text }
}

/// How wide a link with this label is.
pub fn link_width(ui: &Ui, label: &str) -> f32 {
    text_width(ui, small(label))
}

fn text_width(ui: &Ui, text: RichText) -> f32 {
    WidgetText::from(text).into_galley(ui, Some(TextWrapMode::Extend), f32::INFINITY, TextStyle::Body).size().x
}

/// The primary button.
pub fn primary(ui: &mut Ui, label: &str, enabled: bool) -> Response {
    filled(ui, label, enabled, palette(ui).accent, palette(ui).accent_hover, palette(ui).on_accent)
}

/// A button that ends something; only for questions.
pub fn ending(ui: &mut Ui, label: &str) -> Response {
    let palette = palette(ui);
    filled(ui, label, true, palette.error, palette.error.gamma_multiply(0.9), palette.card)
}

fn filled(ui: &mut Ui, label: &str, enabled: bool, fill: Color32, hover: Color32, text: Color32) -> Response {
    let response = ui
        .scope(|ui| {
            let widgets = &mut ui.visuals_mut().widgets;
            for (widget, fill) in [
                (&mut widgets.inactive, fill),
                (&mut widgets.hovered, hover),
                (&mut widgets.active, hover),
                (&mut widgets.noninteractive, fill),
            ] {
                widget.weak_bg_fill = fill;
                widget.bg_stroke = Stroke::new(1.0, fill);
            }
            let button = Button::new(strong(label).color(text)).min_size(vec2(PRIMARY, CONTROL));
            ui.add_enabled(enabled, button)
        })
        .inner;
    focus_ring(ui, &response, RADIUS);
    response
}

/// A link: small text in the accent colour, underlined under the pointer.
pub fn link(ui: &mut Ui, label: &str) -> Response {
    let accent = palette(ui).accent;
    link_with(ui, small(label).color(accent), label, accent)
}

/// A link in the size of running text, always underlined.
pub fn link_in_text(ui: &mut Ui, label: &str) -> Response {
    let accent = palette(ui).accent;
    let response = link_with(ui, body(label).color(accent), label, accent);
    ui.painter().hline(response.rect.x_range(), response.rect.bottom() - 1.0, Stroke::new(1.0, accent));
    response
}

/// A link in soft ink.
pub fn soft_link(ui: &mut Ui, label: &str) -> Response {
    let soft = palette(ui).soft;
    link_with(ui, small(label).color(soft), label, soft)
}

fn link_with(ui: &mut Ui, text: egui::RichText, label: &str, colour: Color32) -> Response {
    let response = ui.add(egui::Label::new(text).selectable(false).sense(Sense::click()));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Link, ui.is_enabled(), label));
    if response.hovered() {
        ui.painter().hline(response.rect.x_range(), response.rect.bottom() - 1.0, Stroke::new(1.0, colour));
    }
    focus_ring(ui, &response, 3);
    response.on_hover_cursor(egui::CursorIcon::PointingHand)
}
