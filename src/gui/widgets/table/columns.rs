//! The columns of a table, and how they share its width according to their content.
//!
//! 1. Fixed columns get their width, and every other column its least width.
//! 2. Rank by rank, lowest first, columns get their natural width. If there is too little for a rank, its columns share it.
//! 3. Columns with wider content then get up to their greatest width, and columns without one share what is left.
//!
//! - An optional column that would get less than [`LEFT_OUT_BELOW`] is left out.
//! - A table too narrow even for the least widths shrinks the columns that are not fixed, in proportion.

use egui::{Rangef, Rect};

/// Space left and right of a cell's content.
pub(super) const PADDING: f32 = 8.0;
/// An optional column that would be narrower is left out.
const LEFT_OUT_BELOW: f32 = 90.0;
/// Room for the scroll bar.
const SCROLL_BAR: f32 = 10.0;

/// The width of a column in points, with its padding.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Width {
    /// This many points.
    Fixed(f32),
    /// Depends on its content.
    Content {
        /// Not narrower than this; zero for an optional column.
        least: f32,
        /// What its content usually needs.
        natural: f32,
        /// What its widest content needs; infinite for a column that takes whatever is left.
        most: f32,
        /// Lower ranks get their natural width first.
        rank: u8,
    },
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
    /// Whether a press on its head sorts by it.
    pub sorts: bool,
}

impl Column {
    /// A column of fixed width, in points.
    pub const fn fixed(title: &'static str, width: f32) -> Self {
        Self { title, width: Width::Fixed(width), right: false, sorts: false }
    }

    /// A column as wide as its content needs, between `least` and `natural` points, and up to `most` if there is room.
    pub const fn content(title: &'static str, (least, natural, most): (f32, f32, f32), rank: u8) -> Self {
        Self { title, width: Width::Content { least, natural, most, rank }, right: false, sorts: false }
    }

    /// Aligns its content right.
    pub const fn right(mut self) -> Self {
        self.right = true;
        self
    }

    /// Lets a press on its head sort by it.
    pub const fn sorts(mut self) -> Self {
        self.sorts = true;
        self
    }
}

/// The horizontal range of each column, without its padding.
pub(super) fn edges(columns: &[Column], inner: Rect) -> Vec<Rangef> {
    let mut at = inner.left();
    let mut edges = Vec::with_capacity(columns.len());
    for width in widths(columns, inner.width() - SCROLL_BAR) {
        edges.push(Rangef::new(at + PADDING, (at + width - PADDING).max(at + PADDING)));
        at += width;
    }
    edges
}

fn widths(columns: &[Column], room: f32) -> Vec<f32> {
    let mut widths = shared(columns, room, &[]);
    let left_out: Vec<usize> =
        (0..columns.len()).filter(|&index| is_left_out(&columns[index], widths[index])).collect();
    if !left_out.is_empty() {
        widths = shared(columns, room, &left_out);
    }
    widths
}

fn is_left_out(column: &Column, width: f32) -> bool {
    matches!(column.width, Width::Content { least, .. } if least <= 0.0 && width < LEFT_OUT_BELOW)
}

/// The widths when the columns at the positions `without` get nothing.
fn shared(columns: &[Column], room: f32, without: &[usize]) -> Vec<f32> {
    let mut widths: Vec<f32> = columns
        .iter()
        .map(|column| match column.width {
            Width::Fixed(width) => width,
            Width::Content { least, .. } => least,
        })
        .collect();
    let content = |wanted: &dyn Fn(f32, f32, u8) -> Option<f32>| -> Vec<(usize, f32)> {
        let all = columns.iter().enumerate().filter(|(index, _)| !without.contains(index));
        all.filter_map(|(index, column)| match column.width {
            Width::Content { natural, most, rank, .. } => Some((index, wanted(natural, most, rank)?)),
            Width::Fixed(_) => None,
        })
        .collect()
    };
    let mut left = room - widths.iter().sum::<f32>();
    if left < 0.0 {
        let shrinking: f32 = content(&|_, _, _| Some(0.0)).iter().map(|(index, _)| widths[*index]).sum();
        let factor = ((shrinking + left) / shrinking.max(1.0)).max(0.0);
        content(&|_, _, _| Some(0.0)).iter().for_each(|(index, _)| widths[*index] *= factor);
        return widths;
    }
    let mut give = |targets: Vec<(usize, f32)>| {
        let lacks: Vec<(usize, f32)> =
            targets.into_iter().map(|(index, target)| (index, (target - widths[index]).max(0.0))).collect();
        let sum: f32 = lacks.iter().map(|(_, lack)| lack).sum();
        let factor = if sum > left { left / sum } else { 1.0 };
        for (index, lack) in lacks {
            widths[index] += lack * factor;
            left -= lack * factor;
        }
    };
    for now in 0..=u8::MAX {
        let of_rank = content(&|natural, _, rank| (rank == now).then_some(natural));
        if !of_rank.is_empty() {
            give(of_rank);
        }
    }
    give(content(&|_, most, _| most.is_finite().then_some(most)));
    let endless = content(&|_, most, _| most.is_infinite().then_some(0.0));
    for (index, _) in &endless {
        widths[*index] += left.max(0.0) / endless.len() as f32;
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts(address: f32, name: f32) -> [Column; 4] {
        [
            Column::fixed("", 50.0),
            Column::content("Address", (120.0, address.min(300.0), address), 0),
            Column::content("Full name", (0.0, name, name), 2),
            Column::content("State", (150.0, 300.0, f32::INFINITY), 1),
        ]
    }

    #[test]
    fn an_address_and_a_state_have_room_before_a_name_has() {
        assert_eq!(widths(&accounts(230.0, 160.0), 420.0), [50.0, 220.0, 0.0, 150.0]);
        assert_eq!(widths(&accounts(230.0, 160.0), 500.0), [50.0, 230.0, 0.0, 220.0]);
        assert_eq!(widths(&accounts(230.0, 160.0), 700.0), [50.0, 230.0, 120.0, 300.0]);
        assert_eq!(widths(&accounts(230.0, 160.0), 800.0), [50.0, 230.0, 160.0, 360.0]);
    }

    #[test]
    fn a_name_is_whole_before_a_short_state_takes_what_is_left() {
        let columns = [
            Column::content("Address", (120.0, 226.0, 226.0), 0),
            Column::content("Full name", (0.0, 120.0, 180.0), 2),
            Column::content("In Kerio Connect", (150.0, 190.0, f32::INFINITY), 1),
        ];
        assert_eq!(widths(&columns, 536.0), [226.0, 120.0, 190.0]);
        assert_eq!(widths(&columns, 700.0), [226.0, 180.0, 294.0]);
    }

    #[test]
    fn one_long_address_takes_only_what_nobody_else_needs() {
        assert_eq!(widths(&accounts(500.0, 160.0), 810.0), [50.0, 300.0, 160.0, 300.0]);
        assert_eq!(widths(&accounts(500.0, 160.0), 910.0), [50.0, 400.0, 160.0, 300.0]);
        assert_eq!(widths(&accounts(500.0, 160.0), 1310.0), [50.0, 500.0, 160.0, 600.0]);
    }

    #[test]
    fn the_columns_never_take_more_than_the_table_has() {
        for room in [100.0, 200.0, 333.0, 421.0, 777.0, 4000.0] {
            let sum: f32 = widths(&accounts(410.0, 200.0), room).iter().sum();
            assert!(sum <= room + 0.01, "{sum} of {room}");
        }
    }
}
