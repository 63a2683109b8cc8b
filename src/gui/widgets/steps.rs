//! The steps at the left: done, current and ahead. Below them are links for help, logs, about and colours, and the version.

use super::{button, focus_ring};
use crate::gui::action::Action;
use crate::gui::page::Page;
use crate::gui::theme::{self, palette};
use egui::{
    Align, Align2, FontId, Frame, Layout, Margin, Rect, Role, Sense, Shape, Stroke, StrokeKind, ThemePreference, Ui,
    WidgetInfo, pos2, vec2,
};

/// The state of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    /// Done.
    Done,
    /// The current one.
    Here,
    /// Still ahead.
    Ahead,
}

/// A step as the column shows it.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// The page it leads to.
    pub page: Page,
    /// Its state.
    pub state: StepState,
    /// Whether it can be opened now.
    pub open: bool,
}

/// How wide the column is in a window of that width.
pub fn width(window: f32) -> f32 {
    if window >= 960.0 {
        208.0
    } else if window >= 720.0 {
        176.0
    } else {
        56.0
    }
}

/// Draws the column.
pub fn show(ui: &mut Ui, steps: &[Step], actions: &mut Vec<Action>) {
    let narrow = ui.available_width() < 100.0;
    let rect = ui.max_rect();
    ui.painter().rect_filled(rect, 0, palette(ui).side);
    ui.painter().vline(rect.right() - 0.5, rect.y_range(), Stroke::new(1.0, palette(ui).line));
    let margin = if narrow { Margin::symmetric(8, 20) } else { Margin::symmetric(14, 20) };
    Frame::new().inner_margin(margin).show(ui, |ui| {
        name(ui, narrow);
        ui.add_space(24.0);
        ui.spacing_mut().item_spacing.y = 2.0;
        for (index, step) in steps.iter().enumerate() {
            entry(ui, index, steps.len(), *step, narrow, actions);
        }
        if !narrow {
            ui.with_layout(Layout::bottom_up(Align::Min), |ui| foot(ui, actions));
        }
    });
}

fn name(ui: &mut Ui, narrow: bool) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 10.0;
        let (rect, _) = ui.allocate_exact_size(vec2(32.0, 32.0), Sense::hover());
        emblem(ui, rect);
        if !narrow {
            ui.vertical(|ui| {
                ui.spacing_mut().item_spacing.y = 0.0;
                for line in ["Kerio IMAP", "Migration Tool"] {
                    let text = theme::strong(line).size(13.5).line_height(Some(17.0)).color(palette(ui).ink);
                    ui.add(egui::Label::new(text).selectable(false).extend());
                }
            });
        }
    });
}

/// The program's emblem, as in assets/icon.svg: an arrow that leaves an envelope.
fn emblem(ui: &Ui, rect: Rect) {
    let unit = rect.width() / 32.0;
    let at = |x: f32, y: f32| rect.min + vec2(x, y) * unit;
    let painter = ui.painter();
    let (blue, white) = (egui::Color32::from_rgb(0x1F, 0x6F, 0xD6), egui::Color32::WHITE);
    painter.rect_filled(rect, 8.0 * unit, blue);
    let stroke = Stroke::new(2.2 * unit, white);
    painter.line(vec![at(14.0, 23.0), at(6.5, 23.0), at(6.5, 9.5), at(25.5, 9.5), at(25.5, 13.0)], stroke);
    painter.line(vec![at(6.8, 10.2), at(16.0, 16.8), at(25.2, 10.2)], stroke);
    painter.line_segment([at(17.5, 20.0), at(24.0, 20.0)], stroke);
    let head = vec![at(23.4, 15.8), at(28.4, 20.0), at(23.4, 24.2)];
    painter.add(Shape::convex_polygon(head, white, Stroke::new(unit, white)));
}

fn entry(ui: &mut Ui, index: usize, count: usize, step: Step, narrow: bool, actions: &mut Vec<Action>) {
    let sense = if step.open { Sense::click() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 38.0), sense);
    let colours = palette(ui);
    let painter = ui.painter();
    if step.state == StepState::Here {
        painter.rect(rect, theme::RADIUS, colours.card, Stroke::new(1.0, colours.line), StrokeKind::Inside);
    } else if step.open && response.hovered() {
        painter.rect_filled(rect, theme::RADIUS, colours.hover);
    }
    let centre = if narrow { rect.center() } else { pos2(rect.left() + 19.0, rect.center().y) };
    let (disc, ring, text) = match step.state {
        StepState::Here => (colours.accent, colours.accent, colours.on_accent),
        StepState::Done => (colours.side, colours.good, colours.good),
        StepState::Ahead => (colours.side, colours.edge, colours.soft),
    };
    painter.circle(centre, 9.5, disc, Stroke::new(1.2, ring));
    if step.state == StepState::Done {
        let square = Rect::from_center_size(centre, vec2(10.0, 10.0));
        super::sign::paint(painter, square, super::sign::Mark::Good, colours.good, ui);
    } else {
        let number = (index + 1).to_string();
        painter.text(centre, Align2::CENTER_CENTER, number, FontId::new(11.5, theme::semibold()), text);
    }
    if !narrow {
        let here = step.state == StepState::Here;
        let font = if here { FontId::new(14.0, theme::semibold()) } else { FontId::proportional(14.0) };
        let ink = if here { colours.ink } else { colours.soft };
        let left = pos2(rect.left() + 38.0, rect.center().y);
        painter.text(left, Align2::LEFT_CENTER, step.page.name(), font, ink);
    }
    let state = match step.state {
        StepState::Done => "done",
        StepState::Here => "you are here",
        StepState::Ahead => "not reached yet",
    };
    let said = format!("Step {} of {count}: {}, {state}", index + 1, step.page.name());
    let role = if step.open { Role::Button } else { Role::Label };
    response.widget_info(|| WidgetInfo::labeled(role, true, &said));
    focus_ring(ui, &response, theme::RADIUS);
    if step.open && response.clicked() {
        actions.push(Action::Go(step.page));
    }
}

fn foot(ui: &mut Ui, actions: &mut Vec<Action>) {
    ui.spacing_mut().item_spacing = vec2(12.0, 6.0);
    ui.spacing_mut().interact_size.y = 17.0;
    ui.horizontal(|ui| {
        if button::soft_link(ui, "Help").on_hover_text("Opens the guide (F1)").clicked() {
            actions.push(Action::Help);
        }
        if button::soft_link(ui, "Log folder").clicked() {
            actions.push(Action::OpenLogFolder);
        }
        if button::soft_link(ui, "About").clicked() {
            actions.push(Action::About(true));
        }
    });
    ui.horizontal(|ui| {
        ui.label(theme::small(concat!("Version ", env!("CARGO_PKG_VERSION"))).color(palette(ui).soft));
        let (word, next) = match ui.ctx().options(|options| options.theme_preference) {
            ThemePreference::System => ("System", ThemePreference::Light),
            ThemePreference::Light => ("Light", ThemePreference::Dark),
            ThemePreference::Dark => ("Dark", ThemePreference::System),
        };
        let link = button::soft_link(ui, word);
        link.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Colours: {word}")));
        if link.on_hover_text("Colours: as the system, light, or dark").clicked() {
            actions.push(Action::Theme(next));
        }
    });
}
