//! Cards: related content on its own background. A pair stands side by side with equal height, or one below the other on narrow pages.

use crate::gui::theme::{CARD_RADIUS, palette};
use egui::{Frame, Margin, Pos2, Rect, Shape, Stroke, StrokeKind, Ui, UiBuilder, layers::ShapeIdx, vec2};

const INSIDE: f32 = 16.0;
const BETWEEN: f32 = 16.0;

/// On pages narrower than this, two cards go one below the other.
const NARROWEST_PAIR: f32 = 500.0;

/// Two cards.
pub struct Pair {
    whole: Rect,
    beside: bool,
    grounds: [ShapeIdx; 2],
    cards: [Rect; 2],
    drawn: usize,
}

impl Pair {
    /// Starts a pair at the cursor, as wide as the page.
    pub fn begin(ui: &mut Ui) -> Self {
        let whole = ui.available_rect_before_wrap();
        let beside = whole.width() >= NARROWEST_PAIR;
        let grounds = [ui.painter().add(Shape::Noop), ui.painter().add(Shape::Noop)];
        Self { whole, beside, grounds, cards: [Rect::NOTHING; 2], drawn: 0 }
    }

    /// Draws the next card's content.
    pub fn card(&mut self, ui: &mut Ui, content: impl FnOnce(&mut Ui)) {
        let width = if self.beside { (self.whole.width() - BETWEEN) / 2.0 } else { self.whole.width() };
        let origin = match (self.drawn, self.beside) {
            (0, _) => self.whole.min,
            (_, true) => Pos2::new(self.whole.left() + width + BETWEEN, self.whole.top()),
            (_, false) => Pos2::new(self.whole.left(), self.cards[0].bottom() + BETWEEN),
        };
        let inside = Rect::from_min_size(
            origin + vec2(INSIDE, INSIDE - 2.0),
            vec2(width - 2.0 * INSIDE, (self.whole.bottom() - origin.y).max(1.0)),
        );
        let mut child = ui.new_child(UiBuilder::new().id_salt(("card", self.drawn)).max_rect(inside));
        child.set_width(inside.width());
        content(&mut child);
        let bottom = child.min_rect().bottom() + INSIDE;
        self.cards[self.drawn] = Rect::from_min_max(origin, Pos2::new(origin.x + width, bottom));
        self.drawn += 1;
    }

    /// Paints the grounds and takes the room.
    pub fn end(mut self, ui: &mut Ui) {
        if self.beside {
            let bottom = self.cards[0].bottom().max(self.cards[1].bottom());
            self.cards.iter_mut().for_each(|card| card.set_bottom(bottom));
        }
        let palette = palette(ui);
        for (ground, card) in self.grounds.into_iter().zip(self.cards) {
            let stroke = Stroke::new(1.0, palette.line);
            let shape = egui::epaint::RectShape::new(card, CARD_RADIUS, palette.card, stroke, StrokeKind::Inside);
            ui.painter().set(ground, shape);
        }
        ui.advance_cursor_after_rect(self.cards[0].union(self.cards[1]));
    }
}

/// The frame of a single card.
pub fn frame(ui: &Ui) -> Frame {
    let palette = palette(ui);
    Frame::new()
        .fill(palette.card)
        .stroke(Stroke::new(1.0, palette.line))
        .corner_radius(CARD_RADIUS)
        .inner_margin(Margin::same(INSIDE as i8))
}
