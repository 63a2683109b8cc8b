//! A progress bar that announces its percentage to screen readers.

use crate::gui::theme::palette;
use egui::{Color32, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};

/// The bar of the whole run, as wide as the page: what is done at the left, what has failed at the right, and next to that what was
/// skipped.
pub fn bar(ui: &mut Ui, fraction: f32, failed: f32, skipped: f32, name: &str) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 10.0), Sense::hover());
    paint(ui, rect, fraction, palette(ui).accent);
    // The wider part is drawn first, below the other.
    for (share, colour) in [(failed + skipped, palette(ui).soft), (failed, palette(ui).error)] {
        if share > 0.0 {
            let width = (rect.width() * share.min(1.0)).max(rect.height());
            let part = Rect::from_min_max(pos2(rect.right() - width, rect.top()), rect.max);
            ui.painter().rect_filled(part, rect.height() / 2.0, colour);
        }
    }
    response.widget_info(|| WidgetInfo {
        value: Some(f64::from((fraction * 100.0).floor())),
        ..WidgetInfo::labeled(Role::ProgressIndicator, true, name)
    });
}

/// Paints a bar into a rectangle.
pub fn paint(ui: &Ui, rect: Rect, fraction: f32, colour: Color32) {
    let radius = rect.height() / 2.0;
    ui.painter().rect_filled(rect, radius, palette(ui).track);
    let fraction = fraction.clamp(0.0, 1.0);
    if fraction > 0.0 {
        let width = (rect.width() * fraction).max(rect.height());
        ui.painter().rect_filled(Rect::from_min_size(rect.min, vec2(width, rect.height())), radius, colour);
    }
}
