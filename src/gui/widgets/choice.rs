//! A drop-down list, with its label above it as with a field.

use super::focus_ring;
use crate::gui::theme::{CONTROL, RADIUS, body, palette, small};
use egui::{ComboBox, Label, Ui};

/// Draws it and returns whether another item was chosen. `id` is unique in the window.
pub fn choice<T: Copy + PartialEq>(ui: &mut Ui, id: &str, label: &str, all: &[(T, &str)], chosen: &mut T) -> bool {
    let before = *chosen;
    let colours = palette(ui);
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        let label = ui.add(Label::new(small(label).color(colours.soft)).selectable(false));
        let name = all.iter().find(|(value, _)| *value == before).map_or("", |(_, name)| *name);
        let width = ui.available_width();
        ui.spacing_mut().interact_size.y = CONTROL;
        ui.spacing_mut().button_padding.x = 10.0;
        let shown = ComboBox::from_id_salt(id)
            .selected_text(body(name).color(colours.ink))
            .width(width)
            .height(300.0)
            .truncate()
            .show_ui(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                for (value, name) in all {
                    ui.selectable_value(chosen, *value, body(*name));
                }
            });
        let response = shown.response.labelled_by(label.id);
        focus_ring(ui, &response, RADIUS);
    });
    *chosen != before
}
