//! A table with a fixed head and rows of equal height. Only the visible rows are drawn: fifty thousand cost as much as twenty.
//! `columns` divides its width; pressing the head of a column, also with the keyboard, sorts by it.

mod columns;
mod row;

use crate::gui::theme::{CARD_RADIUS, ROW, palette, small};
pub use columns::{Column, Width};
use columns::{PADDING, edges};
use egui::{
    Align2, CursorIcon, FontId, Frame, Id, Label, Rangef, Rect, Role, ScrollArea, Sense, Stroke, TextWrapMode, Ui,
    UiBuilder, WidgetInfo, WidgetText, pos2, vec2,
};
use row::put;
pub use row::{Row, broken};

const HEAD: f32 = 33.0;

/// The column that a table is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sorted {
    /// The position of the column.
    pub column: usize,
    /// Whether the last comes first.
    pub descending: bool,
}

/// A table.
pub struct Table<'a> {
    id: &'static str,
    columns: &'a [Column],
    rows: usize,
    height: Option<f32>,
    sorted: Option<Sorted>,
}

impl<'a> Table<'a> {
    /// A table with this many rows.
    pub fn new(id: &'static str, columns: &'a [Column], rows: usize) -> Self {
        Self { id, columns, rows, height: None, sorted: None }
    }

    /// Makes it this high instead of filling the room.
    pub fn height(mut self, height: f32) -> Self {
        self.height = Some(height);
        self
    }

    /// Shows which column it is sorted by.
    pub fn sorted(mut self, sorted: Option<Sorted>) -> Self {
        self.sorted = sorted;
        self
    }

    /// The part of a table's room that is below its head.
    pub fn body(room: Rect) -> Rect {
        room.with_min_y((room.top() + HEAD).min(room.bottom()))
    }

    /// The height that shows all of this many rows.
    pub fn natural_height(rows: usize) -> f32 {
        HEAD + ROW * rows as f32 + 9.0
    }

    /// Draws it: `head` may draw into a cell of the head, `row` draws a row. Returns the column whose head was pressed, to sort by it.
    pub fn show(
        self,
        ui: &mut Ui,
        mut head: impl FnMut(&mut Ui, usize, Rect),
        mut row: impl FnMut(&mut Row<'_>),
    ) -> Option<usize> {
        let palette = palette(ui);
        let height = self.height.unwrap_or_else(|| ui.available_height().max(HEAD + 4.0 * ROW));
        let (outer, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
        let frame = Frame::new().fill(palette.card).corner_radius(CARD_RADIUS).stroke(Stroke::new(1.0, palette.line));
        let inner = outer.shrink(1.0);
        ui.painter().add(frame.paint(inner));
        let edges = edges(self.columns, inner);
        let head_rect = Rect::from_min_size(inner.min, vec2(inner.width(), HEAD));
        let pressed = self.draw_head(ui, head_rect, &edges, &mut head);
        ui.painter().hline(inner.x_range(), head_rect.bottom(), Stroke::new(1.0, palette.line));
        let body = Rect::from_min_max(pos2(inner.left(), head_rect.bottom() + 1.0), inner.max - vec2(0.0, 6.0));
        let mut child = ui.new_child(UiBuilder::new().id_salt(self.id).max_rect(body));
        child.shrink_clip_rect(body);
        child.spacing_mut().item_spacing = vec2(0.0, 0.0);
        let rows = self.rows;
        ScrollArea::vertical().id_salt(self.id).auto_shrink(false).show_viewport(&mut child, |ui, viewport| {
            ui.set_height(ROW * rows as f32);
            let first = (viewport.min.y / ROW).floor().max(0.0) as usize;
            let last = ((viewport.max.y / ROW).ceil() as usize + 1).min(rows);
            let top = ui.max_rect().top();
            for index in first..last {
                let rect = Rect::from_min_size(
                    pos2(inner.left(), top + ROW * index as f32),
                    vec2(ui.max_rect().right() - inner.left(), ROW),
                );
                row(&mut Row { index, rect, ui, columns: self.columns, edges: &edges });
            }
        });
        pressed
    }

    /// Draws the head; returns the column that was pressed to sort by it.
    fn draw_head(
        &self,
        ui: &mut Ui,
        rect: Rect,
        edges: &[Rangef],
        head: &mut impl FnMut(&mut Ui, usize, Rect),
    ) -> Option<usize> {
        let soft = palette(ui).soft;
        let mut pressed = None;
        for (index, (column, edge)) in self.columns.iter().zip(edges).enumerate() {
            let cell = Rect::from_x_y_ranges(*edge, rect.y_range());
            if column.title.is_empty() || cell.width() <= 0.0 {
                head(ui, index, cell);
                continue;
            }
            if column.sorts {
                if self.sorting_head(ui, index, cell) {
                    pressed = Some(index);
                }
            } else {
                let label = Label::new(small(column.title).color(soft)).truncate().selectable(false);
                put(ui, cell, column.right, ("head", index), label);
            }
            head(ui, index, cell);
        }
        pressed
    }

    /// Draws a head that sorts; returns whether it was pressed.
    fn sorting_head(&self, ui: &mut Ui, index: usize, cell: Rect) -> bool {
        const ARROW: f32 = 7.0;
        let (column, colours) = (&self.columns[index], palette(ui));
        let sorted = self.sorted.filter(|sorted| sorted.column == index);
        let response =
            ui.interact(cell.expand2(vec2(PADDING - 1.0, 0.0)), Id::unique((self.id, "head", index)), Sense::click());
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, sorted.is_some(), column.title));
        let colour = if sorted.is_some() || response.hovered() { colours.ink } else { colours.soft };
        let text = WidgetText::from(small(column.title).color(colour));
        let room = (cell.width() - if sorted.is_some() { ARROW + 5.0 } else { 0.0 }).max(0.0);
        let galley = text.into_galley(ui, Some(TextWrapMode::Truncate), room, FontId::proportional(12.5));
        let left = if column.right { cell.right() - galley.size().x } else { cell.left() };
        let text_rect = Align2::LEFT_CENTER.align_size_within_rect(galley.size(), cell.with_min_x(left));
        if let Some(sorted) = sorted {
            let x = if column.right { text_rect.left() - ARROW } else { text_rect.right() + ARROW };
            let square = Rect::from_center_size(pos2(x, cell.center().y), vec2(ARROW, ARROW));
            super::sign::order(ui, square, sorted.descending);
        }
        ui.painter().galley(text_rect.min, galley, colour);
        if response.has_focus() {
            let stroke = Stroke::new(2.0, colours.accent);
            ui.painter().rect_stroke(response.rect.shrink2(vec2(0.0, 3.0)), 4, stroke, egui::StrokeKind::Inside);
        }
        let next = match sorted {
            None => "Sort by this column",
            Some(Sorted { descending: false, .. }) => "Reverse the order",
            Some(_) => "Restore the usual order",
        };
        response.on_hover_cursor(CursorIcon::PointingHand).on_hover_text(next).clicked()
    }
}
