//! A strip across the page that informs or asks, instead of a modal dialog.

use super::button;
use super::sign::{self, Mark};
use crate::gui::theme::{CARD_RADIUS, body, palette, strong};
use egui::{Align, Frame, Label, Layout, Margin, TextStyle, TextWrapMode, Ui, WidgetText, vec2};

/// Draws a strip: its sign, a bold line, the consequence, and below that whatever `more` draws (buttons, details).
pub fn strip<R>(ui: &mut Ui, mark: Mark, head: &str, rest: &str, more: impl FnOnce(&mut Ui) -> R) -> R {
    framed(ui, mark, |ui| {
        let ink = palette(ui).ink;
        ui.add(Label::new(strong(head).color(ink)).wrap());
        if !rest.is_empty() {
            ui.add(Label::new(body(rest).color(ink)).wrap());
        }
        more(ui)
    })
}

/// Draws a strip with one wrapping line, links at its right end, and further content `below`. Returns the index of the pressed link.
pub fn line(ui: &mut Ui, mark: Mark, head: &str, links: &[&str], below: impl FnOnce(&mut Ui)) -> Option<usize> {
    const HEIGHT: f32 = 20.0;
    const BETWEEN: f32 = 16.0;
    framed(ui, mark, |ui| {
        let ink = palette(ui).ink;
        ui.spacing_mut().interact_size.y = HEIGHT;
        let pressed = ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = BETWEEN;
            let taken: f32 = links.iter().map(|link| button::link_width(ui, link) + BETWEEN).sum();
            let width = (ui.available_width() - taken).max(0.0);
            let whole =
                WidgetText::from(strong(head)).into_galley(ui, Some(TextWrapMode::Wrap), width, TextStyle::Body);
            let room = vec2(width, whole.size().y.max(HEIGHT));
            ui.allocate_ui_with_layout(room, Layout::left_to_right(Align::Center), |ui| {
                ui.set_min_size(room);
                ui.add(Label::new(strong(head).color(ink)).wrap());
            });
            // Every link is drawn, even after one was pressed.
            let pressed: Vec<bool> = links.iter().map(|link| button::link(ui, link).clicked()).collect();
            pressed.into_iter().position(|pressed| pressed)
        });
        below(ui);
        pressed.inner
    })
}

fn framed<R>(ui: &mut Ui, mark: Mark, content: impl FnOnce(&mut Ui) -> R) -> R {
    let colours = palette(ui);
    let ground = match mark {
        Mark::Bad => colours.error_ground,
        Mark::Warning | Mark::Clock => colours.warning_ground,
        _ => colours.accent_ground,
    };
    Frame::new()
        .fill(ground)
        .corner_radius(CARD_RADIUS)
        .inner_margin(Margin::symmetric(14, 11))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = 10.0;
                ui.add_space(0.0);
                sign::sign(ui, mark);
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing.y = 4.0;
                    content(ui)
                })
                .inner
            })
            .inner
        })
        .inner
}
