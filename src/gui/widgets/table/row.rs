//! A visible row of a table: its cells, and the texts in them.

use super::Column;
use super::columns::edges;
use crate::gui::theme::{ROW, body, palette, unturned};
use egui::{
    Align, Color32, Id, Label, Layout, Rangef, Rect, Response, RichText, Role, Sense, Stroke, TextStyle, TextWrapMode,
    Ui, UiBuilder, WidgetInfo, WidgetText, pos2, vec2,
};

/// Breaks a text into pieces of at most two lines, each fitting one row across the cells `from` to `to` of a table as wide as `ui`.
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

/// The text size for two lines in a row.
const TWO_LINES: f32 = 12.0;

pub(super) fn put(ui: &mut Ui, cell: Rect, right: bool, salt: impl egui::AsIdSalt, label: Label) -> Response {
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
    pub(super) columns: &'a [Column],
    pub(super) edges: &'a [Rangef],
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

    /// Writes a text across the cells `from` to `to`: in one line, or in two smaller ones if one is too narrow, or else cut, with all of it
    /// in the tooltip. Takes the text in logical order.
    pub fn fitted(&mut self, (from, to): (usize, usize), text: &str, colour: Color32) {
        const ONE_LINE: f32 = 13.5;
        let cell = self.span(from, to);
        let one = body(text).size(ONE_LINE).color(colour);
        let laid_out = WidgetText::from(one.clone()).into_galley(
            self.ui,
            Some(TextWrapMode::Extend),
            f32::INFINITY,
            TextStyle::Body,
        );
        if laid_out.size().x <= cell.width() {
            put(self.ui, cell, false, (self.index, from), Label::new(one).selectable(false));
            return;
        }
        let mut pieces = self.in_two_lines(cell, text).into_iter();
        let mut shown = pieces.next().unwrap_or_default();
        let is_cut = pieces.next().is_some();
        if is_cut {
            shown.push('…');
        }
        let two = body(shown).size(TWO_LINES).line_height(Some(ROW / 2.0 - 1.5)).color(colour);
        let response = put(self.ui, cell, false, (self.index, from), Label::new(two).extend().selectable(false));
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
        if is_cut {
            response.on_hover_text(body(text));
        }
    }

    /// Whether [`Row::fitted`] would cut this text in a cell.
    pub fn is_cut(&self, column: usize, text: &str) -> bool {
        self.in_two_lines(self.cell(column), text).len() > 1
    }

    fn in_two_lines(&self, cell: Rect, text: &str) -> Vec<String> {
        break_into(self.ui, cell.width() - 6.0, unturned(text).size(TWO_LINES))
    }

    /// The first piece of this text, as [`broken`] breaks it.
    pub fn first_piece(&self, from: usize, to: usize, text: RichText) -> String {
        break_into(self.ui, self.span(from, to).width(), text).into_iter().next().unwrap_or_default()
    }

    /// Writes such a piece across several cells. With `read`, the text can be selected, and the row cannot be pressed there.
    pub fn piece(&mut self, (from, to): (usize, usize), piece: RichText, read: bool) {
        let cell = self.span(from, to);
        let label = if piece.text().contains('\n') {
            // The two lines are close together, so that both fit above the rule.
            Label::new(piece.line_height(Some(ROW / 2.0 - 1.0))).extend()
        } else {
            Label::new(piece).truncate()
        };
        put(self.ui, cell, false, (self.index, from), label.selectable(read));
    }

    /// Writes a selectable text across several cells of a row of details.
    pub fn text_over(&mut self, from: usize, to: usize, text: RichText) -> Response {
        let cell = self.span(from, to);
        put(self.ui, cell, false, (self.index, from), Label::new(text).truncate())
    }
}
