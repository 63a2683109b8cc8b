//! A strip across the page: something she should know or decide here, in place of a box that stands in the way.

use super::sign::{self, Mark};
use crate::gui::theme::{CARD_RADIUS, body, palette, strong};
use egui::{Align, Frame, Label, Layout, Margin, Ui};

/// Draws a strip: its sign, a line in weight, what follows from it, and below whatever `more` draws (buttons, details).
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

/// Draws a strip that takes no more than a line of the page: `aside` draws what can be done at the right end of the line (from right to
/// left), `below` what was asked to be shown.
pub fn line<R>(
    ui: &mut Ui,
    mark: Mark,
    head: &str,
    aside: impl FnOnce(&mut Ui) -> R,
    below: impl FnOnce(&mut Ui),
) -> R {
    framed(ui, mark, |ui| {
        let ink = palette(ui).ink;
        let height = 20.0;
        ui.spacing_mut().interact_size.y = height;
        let room = egui::vec2(ui.available_width(), height);
        let pressed = ui.allocate_ui_with_layout(room, Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 16.0;
            let pressed = aside(ui);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(Label::new(strong(head).color(ink)).truncate());
            });
            pressed
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
