//! Chips: filters of a table, of which one is chosen.

use super::focus_ring;
use crate::gui::theme::{palette, small};
use egui::{Button, Role, Stroke, Ui, WidgetInfo, vec2};

/// Draws a chip and returns whether it was pressed.
pub fn chip(ui: &mut Ui, label: &str, chosen: bool) -> bool {
    let palette = palette(ui);
    let (fill, stroke, text) = if chosen {
        (palette.accent_ground, palette.accent, palette.accent)
    } else {
        (palette.card, palette.edge, palette.soft)
    };
    let response = ui
        .scope(|ui| {
            ui.spacing_mut().button_padding = vec2(12.0, 4.0);
            let widgets = &mut ui.visuals_mut().widgets;
            for widget in [&mut widgets.inactive, &mut widgets.hovered, &mut widgets.active] {
                widget.weak_bg_fill = fill;
                widget.bg_stroke = Stroke::new(1.0, stroke);
            }
            ui.add(Button::new(small(label).color(text)).corner_radius(14).min_size(vec2(0.0, 28.0)))
        })
        .inner;
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, chosen, label));
    focus_ring(ui, &response, 14);
    response.clicked()
}
