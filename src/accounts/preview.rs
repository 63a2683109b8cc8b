//! The first lines of a list, to be shown while its columns are chosen. A password, or what may be one, is shown only by its length.

use super::appearance;
use super::clean;
use super::fields::Field;
use super::header::Row;
use super::words;
use crate::domain::list::{Columns, Meaning};
use zeroize::Zeroizing;

/// At most this many lines are shown.
const LINES_SHOWN: usize = 4;

/// At most this many columns are shown.
pub const MOST_COLUMNS: usize = 40;

/// The longest text that is shown, in characters.
const LONGEST_TEXT: usize = 60;

/// A field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// What it holds, without control characters.
    Text(String),
    /// Its length in characters; it is a password, or may be one.
    Hidden(usize),
}

/// The first lines: the number of each, and its fields.
pub type Preview = Vec<(u32, Vec<Cell>)>;

/// Shows the first of these lines.
pub(super) fn preview(sample: &[Row<'_>], columns: &Columns) -> Preview {
    let show = |row: &Row<'_>| {
        let cells = row.fields.iter().take(MOST_COLUMNS).enumerate();
        (row.line, cells.map(|(index, field)| cell(field, index, columns)).collect())
    };
    sample.iter().take(LINES_SHOWN).map(show).collect()
}

fn cell(field: &Field<'_>, index: usize, columns: &Columns) -> Cell {
    let text = Zeroizing::new(clean::text(field));
    let column = columns.columns.get(index);
    let is_secret =
        column.is_some_and(|column| column.meaning == Meaning::Password || words::is_about_password(&column.title));
    // A title that is known says what the column holds; without one, only what cannot be a password is shown.
    let is_titled = column.is_some_and(|column| !column.title.is_empty() && words::word(&column.title).is_some());
    let harmless = text.is_empty()
        || appearance::is_number(&text)
        || appearance::is_like_name(&text)
        || (text.contains('@') && clean::address(field).is_ok());
    if is_secret || !(is_titled || harmless) {
        return Cell::Hidden(clean::value(field).chars().count());
    }
    let shown: String = crate::domain::printable(&text);
    Cell::Text(if shown.chars().count() <= LONGEST_TEXT {
        shown
    } else {
        shown.chars().take(LONGEST_TEXT - 1).chain(['…']).collect()
    })
}
