//! A table with a fixed head and rows of equal height, of which only the visible ones are drawn: five thousand cost as much as twenty.

use crate::gui::theme::{CARD_RADIUS, ROW, palette, small};
use egui::{
    Align, Frame, Id, Label, Layout, Rangef, Rect, Response, RichText, Role, ScrollArea, Sense, Stroke, TextStyle,
    TextWrapMode, Ui, UiBuilder, WidgetInfo, WidgetText, pos2, vec2,
};

/// The width of a column.
#[derive(Debug, Clone, Copy)]
pub enum Width {
    /// This many points.
    Fixed(f32),
    /// This share of the remaining room.
    Share(f32),
}

/// A column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its head.
    pub title: &'static str,
    /// Its width.
    pub width: Width,
    /// Whether its content is aligned right, as numbers are.
    pub right: bool,
}

impl Column {
    /// A column of fixed width, in points.
    pub const fn fixed(title: &'static str, width: f32) -> Self {
        Self { title, width: Width::Fixed(width), right: false }
    }

    /// A column that takes a share of the remaining room.
    pub const fn share(title: &'static str, share: f32) -> Self {
        Self { title, width: Width::Share(share), right: false }
    }

    /// Aligns its content right.
    pub const fn right(mut self) -> Self {
        self.right = true;
        self
    }
}

/// Space left and right of a cell's content.
const PADDING: f32 = 8.0;
const HEAD: f32 = 33.0;

/// A table.
pub struct Table<'a> {
    id: &'static str,
    columns: &'a [Column],
    rows: usize,
    height: Option<f32>,
}

impl<'a> Table<'a> {
    /// A table with this many rows.
    pub fn new(id: &'static str, columns: &'a [Column], rows: usize) -> Self {
        Self { id, columns, rows, height: None }
    }

    /// Makes it this high instead of filling the room.
    pub fn height(mut self, height: f32) -> Self {
        self.height = Some(height);
        self
    }

    /// The height that shows all of this many rows.
    pub fn natural_height(rows: usize) -> f32 {
        HEAD + ROW * rows as f32 + 9.0
    }

    /// Draws it: `head` may draw into a cell of the head, `row` draws a row. Returns the number of drawn rows.
    pub fn show(
        self,
        ui: &mut Ui,
        mut head: impl FnMut(&mut Ui, usize, Rect),
        mut row: impl FnMut(&mut Row<'_>),
    ) -> usize {
        let palette = palette(ui);
        let height = self.height.unwrap_or_else(|| ui.available_height().max(HEAD + 4.0 * ROW));
        let (outer, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
        let frame = Frame::new().fill(palette.card).corner_radius(CARD_RADIUS).stroke(Stroke::new(1.0, palette.line));
        let inner = outer.shrink(1.0);
        ui.painter().add(frame.paint(inner));
        let edges = edges(self.columns, inner);
        let head_rect = Rect::from_min_size(inner.min, vec2(inner.width(), HEAD));
        self.draw_head(ui, head_rect, &edges, &mut head);
        ui.painter().hline(inner.x_range(), head_rect.bottom(), Stroke::new(1.0, palette.line));
        let body = Rect::from_min_max(pos2(inner.left(), head_rect.bottom() + 1.0), inner.max - vec2(0.0, 6.0));
        let mut child = ui.new_child(UiBuilder::new().id_salt(self.id).max_rect(body));
        child.shrink_clip_rect(body);
        child.spacing_mut().item_spacing = vec2(0.0, 0.0);
        let rows = self.rows;
        let mut drawn = 0;
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
                drawn += 1;
            }
        });
        drawn
    }

    fn draw_head(&self, ui: &mut Ui, rect: Rect, edges: &[Rangef], head: &mut impl FnMut(&mut Ui, usize, Rect)) {
        let soft = palette(ui).soft;
        for (index, (column, edge)) in self.columns.iter().zip(edges).enumerate() {
            let cell = Rect::from_x_y_ranges(*edge, rect.y_range());
            if !column.title.is_empty() {
                put(
                    ui,
                    cell,
                    column.right,
                    ("head", index),
                    Label::new(small(column.title).color(soft)).truncate().selectable(false),
                );
            }
            head(ui, index, cell);
        }
    }
}

/// The horizontal range of each column, without its padding.
fn edges(columns: &[Column], inner: Rect) -> Vec<Rangef> {
    let fixed: f32 =
        columns.iter().map(|column| if let Width::Fixed(width) = column.width { width } else { 0.0 }).sum();
    let shares: f32 =
        columns.iter().map(|column| if let Width::Share(share) = column.width { share } else { 0.0 }).sum();
    // Leaves room for the scroll bar.
    let left = (inner.width() - 10.0 - fixed).max(0.0);
    let mut at = inner.left();
    let mut edges = Vec::with_capacity(columns.len());
    for column in columns {
        let width = match column.width {
            Width::Fixed(width) => width,
            Width::Share(share) => left * share / shares.max(f32::EPSILON),
        };
        edges.push(Rangef::new(at + PADDING, (at + width - PADDING).max(at + PADDING)));
        at += width;
    }
    edges
}

/// Breaks a text into pieces of at most two lines, so that each fits into one row over the cells `from` to `to` of a table as wide as `ui`.
pub fn broken(ui: &Ui, columns: &[Column], (from, to): (usize, usize), text: RichText) -> Vec<String> {
    let inner = Rect::from_min_size(pos2(0.0, 0.0), vec2(ui.available_width() - 2.0, ROW));
    let edges = edges(columns, inner);
    match (edges.get(from), edges.get(to)) {
        (Some(from), Some(to)) => break_into(ui, to.max - from.min, text),
        _ => vec![text.text().to_owned()],
    }
}

fn break_into(ui: &Ui, width: f32, text: RichText) -> Vec<String> {
    let galley = WidgetText::from(text).into_galley(ui, Some(TextWrapMode::Wrap), width - 1.0, TextStyle::Body);
    let lines = galley.rows.iter().map(|row| row.text().trim().to_owned());
    let lines: Vec<String> = lines.filter(|line| !line.is_empty()).collect();
    lines.chunks(2).map(|two| two.join("\n")).collect()
}

fn put(ui: &mut Ui, cell: Rect, right: bool, salt: impl egui::AsIdSalt, label: Label) -> Response {
    let layout = if right { Layout::right_to_left(Align::Center) } else { Layout::left_to_right(Align::Center) };
    let mut child = ui.new_child(UiBuilder::new().id_salt(salt).max_rect(cell).layout(layout));
    child.add(label)
}

/// A visible row.
pub struct Row<'a> {
    /// Its position in the table.
    pub index: usize,
    /// Its rectangle.
    pub rect: Rect,
    /// Where to draw.
    pub ui: &'a mut Ui,
    columns: &'a [Column],
    edges: &'a [Rangef],
}

impl Row<'_> {
    /// Makes the row a button with a name for screen readers. Call it before drawing the cells.
    pub fn press(&mut self, id: Id, name: &str) -> Response {
        let response = self.ui.interact(self.rect, id, Sense::click());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
        let palette = palette(self.ui);
        if response.hovered() {
            self.ui.painter().rect_filled(self.rect, 0, palette.hover);
        }
        if response.has_focus() {
            let stroke = Stroke::new(2.0, palette.accent);
            self.ui.painter().rect_stroke(self.rect, 4, stroke, egui::StrokeKind::Inside);
            response.scroll_to_me(None);
        }
        response
    }

    /// Draws the rule below the row.
    pub fn rule(&mut self) {
        let stroke = Stroke::new(1.0, palette(self.ui).line);
        self.ui.painter().hline(self.rect.x_range(), self.rect.bottom() - 0.5, stroke);
    }

    /// Tints the row's ground.
    pub fn tint(&mut self, colour: egui::Color32) {
        self.ui.painter().rect_filled(self.rect, 0, colour);
    }

    /// The rectangle of a cell.
    pub fn cell(&self, column: usize) -> Rect {
        Rect::from_x_y_ranges(self.edges[column], self.rect.y_range())
    }

    /// The rectangle of several cells, both ends included.
    pub fn span(&self, from: usize, to: usize) -> Rect {
        self.cell(from).union(self.cell(to))
    }

    /// Writes a text into a cell. A text that is too long is cut, and the tooltip has all of it.
    pub fn text(&mut self, column: usize, text: RichText) {
        let (cell, right) = (self.cell(column), self.columns[column].right);
        put(self.ui, cell, right, (self.index, column), Label::new(text).truncate().selectable(false));
    }

    /// Writes a text over several cells of a row that is a button.
    pub fn text_across(&mut self, from: usize, to: usize, text: RichText) {
        let cell = self.span(from, to);
        put(self.ui, cell, false, (self.index, from), Label::new(text).truncate().selectable(false));
    }

    /// The first of the pieces into which [`broken`] breaks this text.
    pub fn first_piece(&self, from: usize, to: usize, text: RichText) -> String {
        break_into(self.ui, self.span(from, to).width(), text).into_iter().next().unwrap_or_default()
    }

    /// Writes such a piece over several cells; with `read` the text can be selected, and the row cannot be pressed there.
    pub fn piece(&mut self, (from, to): (usize, usize), piece: RichText, read: bool) {
        let cell = self.span(from, to);
        let label = if piece.text().contains('\n') {
            // Close together, so that both have room above the rule.
            Label::new(piece.line_height(Some(ROW / 2.0 - 1.0))).extend()
        } else {
            Label::new(piece).truncate()
        };
        put(self.ui, cell, false, (self.index, from), label.selectable(read));
    }

    /// Writes a text over several cells of a row of details; it can be selected.
    pub fn text_over(&mut self, from: usize, to: usize, text: RichText) {
        let cell = self.span(from, to);
        put(self.ui, cell, false, (self.index, from), Label::new(text).truncate());
    }

    /// Draws a sign into a cell.
    pub fn sign(&mut self, column: usize, mark: super::sign::Mark) {
        let colour = mark.colour(palette(self.ui));
        let square = Rect::from_center_size(self.cell(column).center(), vec2(14.0, 14.0));
        super::sign::paint(self.ui.painter(), square, mark, colour, self.ui);
    }
}
