//! The signs of a status. Each differs in shape, not only in colour, and always has a word beside it.

use crate::gui::theme::{self, palette};
use egui::{Color32, Painter, Pos2, Rect, Sense, Shape, Stroke, Ui, Vec2, pos2, vec2};
use std::f32::consts::TAU;

/// A sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// A check mark.
    Good,
    /// An exclamation mark in a triangle.
    Warning,
    /// A cross in a disc.
    Bad,
    /// An `i` in a ring.
    Note,
    /// An open ring with a head: running.
    Busy,
    /// A ring: not started.
    Waiting,
    /// A clock: waits for a server.
    Clock,
    /// A square: stopped by the user.
    Stopped,
    /// Two bars: paused.
    Paused,
}

impl Mark {
    /// The colour it is drawn in.
    pub fn colour(self, palette: &theme::Palette) -> Color32 {
        match self {
            Mark::Good => palette.good,
            Mark::Warning | Mark::Clock => palette.warning,
            Mark::Bad => palette.error,
            Mark::Note | Mark::Busy => palette.accent,
            Mark::Waiting | Mark::Stopped | Mark::Paused => palette.soft,
        }
    }
}

/// Draws a sign as large as a line of small text.
pub fn sign(ui: &mut Ui, mark: Mark) {
    let (rect, _) = ui.allocate_exact_size(vec2(16.0, 17.0), Sense::hover());
    paint(ui.painter(), Rect::from_center_size(rect.center(), Vec2::splat(14.0)), mark, mark.colour(palette(ui)), ui);
}

/// Draws a sign into a square.
pub fn paint(painter: &Painter, rect: Rect, mark: Mark, colour: Color32, ui: &Ui) {
    let unit = rect.width() / 14.0;
    let at = |x: f32, y: f32| -> Pos2 { rect.min + vec2(x, y) * unit };
    let stroke = Stroke::new(1.6 * unit, colour);
    let inner = palette(ui).card;
    match mark {
        Mark::Good => {
            painter.line(vec![at(2.0, 7.6), at(5.4, 11.0), at(12.0, 3.6)], stroke);
        }
        Mark::Warning => {
            let triangle = vec![at(7.0, 1.2), at(13.4, 12.4), at(0.6, 12.4)];
            painter.add(Shape::convex_polygon(triangle, colour, Stroke::NONE));
            painter.line_segment([at(7.0, 4.8), at(7.0, 8.6)], Stroke::new(1.5 * unit, inner));
            painter.circle_filled(at(7.0, 10.5), 0.9 * unit, inner);
        }
        Mark::Bad => {
            painter.circle_filled(at(7.0, 7.0), 6.2 * unit, colour);
            let cross = Stroke::new(1.5 * unit, inner);
            painter.line_segment([at(4.8, 4.8), at(9.2, 9.2)], cross);
            painter.line_segment([at(9.2, 4.8), at(4.8, 9.2)], cross);
        }
        Mark::Note => {
            painter.circle_stroke(at(7.0, 7.0), 5.8 * unit, Stroke::new(1.4 * unit, colour));
            painter.circle_filled(at(7.0, 4.3), 0.9 * unit, colour);
            painter.line_segment([at(7.0, 6.4), at(7.0, 10.2)], Stroke::new(1.5 * unit, colour));
        }
        Mark::Busy => {
            let arc = |from: f32, to: f32| {
                (0..=16).map(move |step| {
                    let angle = from + (to - from) * step as f32 / 16.0;
                    pos2(7.0 + 5.0 * angle.cos(), 7.0 + 5.0 * angle.sin())
                })
            };
            painter.line(arc(-0.18 * TAU, 0.62 * TAU).map(|point| at(point.x, point.y)).collect(), stroke);
            let head = vec![at(8.6, 0.0), at(12.4, 2.8), at(8.4, 5.2)];
            painter.add(Shape::convex_polygon(head, colour, Stroke::NONE));
        }
        Mark::Waiting => {
            painter.circle_stroke(at(7.0, 7.0), 4.6 * unit, Stroke::new(1.3 * unit, colour));
        }
        Mark::Clock => {
            painter.circle_stroke(at(7.0, 7.0), 5.6 * unit, Stroke::new(1.4 * unit, colour));
            painter.line(vec![at(7.0, 3.8), at(7.0, 7.2), at(9.4, 8.4)], Stroke::new(1.4 * unit, colour));
        }
        Mark::Stopped => {
            painter.rect_filled(Rect::from_min_max(at(2.6, 2.6), at(11.4, 11.4)), 1.5 * unit, colour);
        }
        Mark::Paused => {
            painter.rect_filled(Rect::from_min_max(at(3.2, 2.4), at(5.8, 11.6)), 0.8 * unit, colour);
            painter.rect_filled(Rect::from_min_max(at(8.2, 2.4), at(10.8, 11.6)), 0.8 * unit, colour);
        }
    }
}

/// A sign with small text beside it, which wraps.
pub fn line(ui: &mut Ui, mark: Mark, text: &str) -> egui::Response {
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        sign(ui, mark);
        let ink = palette(ui).ink;
        ui.add(egui::Label::new(theme::small(text).color(ink)).wrap())
    })
    .inner
}

/// Draws the triangle of something that can be opened.
pub fn turn(ui: &Ui, rect: Rect, open: bool) {
    let centre = rect.center();
    let points = if open {
        vec![centre + vec2(-4.5, -2.5), centre + vec2(4.5, -2.5), centre + vec2(0.0, 3.5)]
    } else {
        vec![centre + vec2(-2.5, -4.5), centre + vec2(3.5, 0.0), centre + vec2(-2.5, 4.5)]
    };
    ui.painter().add(Shape::convex_polygon(points, palette(ui).soft, Stroke::NONE));
}

/// Draws the small triangle in the head of the column that sorts a table.
pub fn order(ui: &Ui, rect: Rect, descending: bool) {
    let down = if descending { 1.0 } else { -1.0 };
    let centre = rect.center();
    let points =
        vec![centre + vec2(-3.5, -2.0 * down), centre + vec2(3.5, -2.0 * down), centre + vec2(0.0, 2.5 * down)];
    ui.painter().add(Shape::convex_polygon(points, palette(ui).ink, Stroke::NONE));
}
