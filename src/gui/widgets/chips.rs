//! Chips: the filters of a table, one of which is chosen.

use super::focus_ring;
use crate::gui::theme::{palette, small};
use egui::{Button, Role, Stroke, TextStyle, TextWrapMode, Ui, Vec2, WidgetInfo, WidgetText, vec2};

const PADDING: Vec2 = vec2(12.0, 4.0);
const WRAP: TextWrapMode = TextWrapMode::Extend;

/// Draws a chip and returns whether it was pressed. In a wrapping row, a chip that does not fit moves to the next row whole.
pub fn chip(ui: &mut Ui, label: &str, chosen: bool) -> bool {
    let palette = palette(ui);
    let (fill, stroke, text) = if chosen {
        (palette.accent_ground, palette.accent, palette.accent)
    } else {
        (palette.card, palette.edge, palette.soft)
    };
    let text = small(label).color(text);
    let galley = WidgetText::from(text.clone()).into_galley(ui, Some(WRAP), f32::INFINITY, TextStyle::Body);
    if galley.size().x + 2.0 * PADDING.x > ui.available_size_before_wrap().x {
        ui.end_row();
    }
    let response = ui
        .scope(|ui| {
            ui.spacing_mut().button_padding = PADDING;
            let widgets = &mut ui.visuals_mut().widgets;
            for widget in [&mut widgets.inactive, &mut widgets.hovered, &mut widgets.active] {
                widget.weak_bg_fill = fill;
                widget.bg_stroke = Stroke::new(1.0, stroke);
            }
            ui.add(Button::new(text).corner_radius(14).min_size(vec2(0.0, 28.0)).wrap_mode(WRAP))
        })
        .inner;
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, chosen, label));
    focus_ring(ui, &response, 14);
    response.clicked()
}
