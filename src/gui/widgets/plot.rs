//! A small plot of the rate over the last minutes, without axes: its shape is the message.

use crate::gui::theme::palette;
use egui::{Mesh, Rect, Role, Sense, Shape, Stroke, Ui, Vec2, WidgetInfo, pos2};

/// Draws the plot of `samples`, oldest first; a screen reader says `name`.
pub fn plot(ui: &mut Ui, size: Vec2, samples: &[u64], name: &str) {
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, name));
    paint(ui, rect, samples);
    response.on_hover_text(name);
}

fn paint(ui: &Ui, rect: Rect, samples: &[u64]) {
    let colours = palette(ui);
    let painter = ui.painter();
    painter.hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, colours.line));
    let smooth = smoothed(samples);
    let peak = smooth.iter().copied().fold(0.0_f32, f32::max);
    if smooth.len() < 2 || peak <= 0.0 {
        return;
    }
    let step = rect.width() / (smooth.len() - 1) as f32;
    let points: Vec<_> = smooth
        .iter()
        .enumerate()
        .map(|(index, value)| {
            pos2(rect.left() + step * index as f32, rect.bottom() - 1.0 - value / peak * (rect.height() - 3.0))
        })
        .collect();
    let tint = colours.accent.gamma_multiply(0.14);
    let mut area = Mesh::default();
    for point in &points {
        let first = area.vertices.len() as u32;
        area.colored_vertex(*point, tint);
        area.colored_vertex(pos2(point.x, rect.bottom() - 1.0), tint.gamma_multiply(0.4));
        if first >= 2 {
            area.add_triangle(first - 2, first - 1, first);
            area.add_triangle(first - 1, first, first + 1);
        }
    }
    painter.add(Shape::mesh(area));
    painter.line(points, Stroke::new(1.5, colours.accent));
}

/// Each sample as the mean of five: messages arrive in batches, and a plot of single seconds looks like a comb.
fn smoothed(samples: &[u64]) -> Vec<f32> {
    (0..samples.len())
        .map(|index| {
            let from = index.saturating_sub(2);
            let near = &samples[from..(index + 3).min(samples.len())];
            near.iter().map(|&value| value as f32).sum::<f32>() / near.len() as f32
        })
        .collect()
}
