//! The bar below a page: quiet buttons at the left, a note, and at the right more quiet buttons and the primary one.

use super::button;
use crate::gui::action::Action;
use crate::gui::theme::{palette, small};
use egui::{Align, KeyboardShortcut, Label, Layout, Response, Ui, vec2};

/// A button of the bar.
#[derive(Debug, Clone)]
pub struct Choice {
    label: String,
    action: Action,
    shortcut: Option<KeyboardShortcut>,
    enabled: bool,
    tip: String,
}

impl Choice {
    /// A button that can be pressed.
    pub fn new(label: impl Into<String>, action: Action) -> Self {
        Self { label: label.into(), action, shortcut: None, enabled: true, tip: String::new() }
    }

    /// Gives it a key, which its tooltip shows.
    pub fn key(mut self, shortcut: KeyboardShortcut) -> Self {
        self.shortcut = Some(shortcut);
        self
    }

    /// Explains what it does, or why it is disabled.
    pub fn tip(mut self, tip: impl Into<String>) -> Self {
        self.tip = tip.into();
        self
    }

    /// Whether it can be pressed.
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    fn show(self, ui: &mut Ui, primary: bool, enter: bool, actions: &mut Vec<Action>) {
        let shown = if primary {
            button::primary(ui, &self.label, self.enabled)
        } else {
            button::quiet(ui, &self.label, self.enabled)
        };
        let key = self.shortcut.filter(|_| self.enabled && !ui.ctx().any_popup_open());
        let by_key = key.is_some_and(|shortcut| ui.input_mut(|input| input.consume_shortcut(&shortcut)));
        if self.enabled && (shown.clicked() || by_key || enter) {
            actions.push(self.action.clone());
        }
        self.explain(ui, shown, primary);
    }

    fn explain(self, ui: &Ui, shown: Response, primary: bool) {
        let key = match (self.shortcut, primary) {
            (Some(shortcut), _) => ui.ctx().format_shortcut(&shortcut),
            (None, true) => "Enter".to_owned(),
            (None, false) => String::new(),
        };
        let tip = match (self.tip.is_empty(), key.is_empty()) {
            (true, true) => return,
            (true, false) => key,
            (false, true) => self.tip,
            (false, false) => format!("{} ({key})", self.tip),
        };
        shown.on_hover_text(&tip).on_disabled_hover_text(&tip);
    }
}

/// The content of the bar.
#[derive(Debug, Clone, Default)]
pub struct Bar {
    /// Quiet buttons at the left.
    pub left: Vec<Choice>,
    /// A line between the two sides.
    pub note: String,
    /// Quiet buttons at the right, before the primary one.
    pub right: Vec<Choice>,
    /// The one button that leads to the next step.
    pub primary: Option<Choice>,
}

impl Bar {
    /// Draws the bar. `enter` says whether Enter was pressed and is free for the primary button.
    pub fn show(self, ui: &mut Ui, enter: bool, actions: &mut Vec<Action>) {
        ui.horizontal_centered(|ui| {
            for choice in self.left {
                choice.show(ui, false, false, actions);
            }
            // The right side is measured, not laid out from the right, because Tab follows the order of drawing.
            let gap = ui.spacing().item_spacing.x;
            let quiet: f32 = self.right.iter().map(|choice| button::width(ui, &choice.label, false) + gap).sum();
            let primary = self.primary.as_ref().map_or(-gap, |choice| button::width(ui, &choice.label, true));
            let room = vec2((ui.available_width() - quiet - primary - gap).max(0.0), ui.available_height());
            ui.allocate_ui_with_layout(room, Layout::left_to_right(Align::Center), |ui| {
                ui.set_min_width(room.x);
                ui.add(Label::new(small(self.note).color(palette(ui).soft)).truncate());
            });
            for choice in self.right {
                choice.show(ui, false, false, actions);
            }
            if let Some(primary) = self.primary {
                primary.show(ui, true, enter, actions);
            }
        });
    }
}
