//! The parts of the pages. Each draws itself, has a name for screen readers, and knows nothing of servers or runs.

pub mod bar;
pub mod button;
pub mod card;
pub mod certificate;
pub mod check;
pub mod chips;
pub mod choice;
pub mod field;
pub mod plot;
pub mod progress;
pub mod sign;
pub mod steps;
pub mod strip;
pub mod table;

use super::theme::palette;
use egui::{Response, Stroke, StrokeKind, Ui};

/// Draws the ring around the focused control.
pub fn focus_ring(ui: &Ui, response: &Response, radius: u8) {
    if response.has_focus() {
        let stroke = Stroke::new(2.0, palette(ui).accent);
        ui.painter().rect_stroke(response.rect.expand(2.0), radius + 2, stroke, StrokeKind::Inside);
    }
}
