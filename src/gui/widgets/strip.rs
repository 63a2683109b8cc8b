//! A strip across the page: something she should know or decide here, in place of a box that stands in the way.

use super::sign::{self, Mark};
use crate::gui::theme::{CARD_RADIUS, body, palette, strong};
use egui::{Frame, Label, Margin, Ui};

/// Draws a strip: its sign, a line in weight, what follows from it, and below whatever `more` draws (buttons, details).
pub fn strip<R>(ui: &mut Ui, mark: Mark, head: &str, rest: &str, more: impl FnOnce(&mut Ui) -> R) -> R {
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
                    ui.add(Label::new(strong(head).color(colours.ink)).wrap());
                    if !rest.is_empty() {
                        ui.add(Label::new(body(rest).color(colours.ink)).wrap());
                    }
                    more(ui)
                })
                .inner
            })
            .inner
        })
        .inner
}
