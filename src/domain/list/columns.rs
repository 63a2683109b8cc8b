//! What each column of a list was understood to hold, to be shown before anything is used.

use super::{Layout, Meaning};
use crate::domain::printable;
use serde::{Deserialize, Serialize};

/// At most this many columns that are not used are named.
const MOST_NAMED: usize = 8;

/// The longest title that is shown whole, in characters.
const LONGEST_TITLE: usize = 40;

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its title in the header; empty if there is none, or if the line may be no header.
    pub title: String,
    /// What it holds.
    pub meaning: Meaning,
}

/// The columns of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Columns {
    /// From the first to the last.
    pub columns: Vec<Column>,
    /// The line of the header, from 1; none where the manual's order holds.
    pub header_line: Option<u32>,
    /// A digest that identifies the header and does not reveal its text; none without a header.
    pub key: Option<String>,
}

impl Columns {
    /// What was understood, in a line: `5 columns: Address, Password, Full name; not used: Quota, Department`.
    pub fn summary(&self) -> String {
        match self.not_used() {
            Some(names) => format!("{}; not used: {names}", self.used()),
            None => self.used(),
        }
    }

    /// The number of columns, and what the used ones hold: `5 columns: Address, Password, Full name`.
    pub fn used(&self) -> String {
        let count = match self.columns.len() {
            1 => "1 column".to_owned(),
            many => format!("{many} columns"),
        };
        let used = self.columns.iter().map(|column| column.meaning).filter(|meaning| *meaning != Meaning::NotUsed);
        let used: Vec<&str> = used.map(Meaning::label).collect();
        format!("{count}: {}", if used.is_empty() { "none is understood".to_owned() } else { used.join(", ") })
    }

    /// The names of the columns that are not used, if there are any.
    pub fn not_used(&self) -> Option<String> {
        let all = self.columns.iter().enumerate().filter(|(_, column)| column.meaning == Meaning::NotUsed);
        let names: Vec<String> = all.map(|(index, _)| self.name(index)).collect();
        let named = names.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
        match names.len() {
            0 => None,
            1..=MOST_NAMED => Some(named),
            many => Some(format!("{named} and {} more", many - MOST_NAMED)),
        }
    }

    /// A column's title, or its place where it has none.
    pub fn name(&self, index: usize) -> String {
        match self.columns.get(index).map(|column| column.title.trim()) {
            Some(title) if !title.is_empty() => short(title),
            _ => format!("column {}", index + 1),
        }
    }

    /// A column's name in quotes, for a sentence.
    pub fn quoted(&self, index: usize) -> String {
        let titled = self.columns.get(index).is_some_and(|column| !column.title.trim().is_empty());
        if titled { format!("'{}'", self.name(index)) } else { self.name(index) }
    }

    /// The meanings as a choice, if they can be one.
    pub fn layout(&self) -> Option<Layout> {
        Layout::new(self.columns.iter().map(|column| column.meaning).collect()).ok()
    }

    /// The index of the column with this meaning.
    pub fn position(&self, meaning: Meaning) -> Option<usize> {
        self.columns.iter().position(|column| column.meaning == meaning)
    }
}

fn short(title: &str) -> String {
    let title = printable(title);
    if title.chars().count() <= LONGEST_TITLE {
        return title;
    }
    title.chars().take(LONGEST_TITLE - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(columns: &[(&str, Meaning)]) -> Columns {
        let columns = columns.iter().map(|(title, meaning)| Column { title: (*title).to_owned(), meaning: *meaning });
        Columns { columns: columns.collect(), header_line: Some(1), key: None }
    }

    #[test]
    fn what_was_understood_is_said_in_a_line() {
        use Meaning::{Address, FullName, NotUsed, Password};
        let list = [
            ("E-mail", Address),
            ("Heslo", Password),
            ("Jméno", FullName),
            ("Quota", NotUsed),
            ("Department", NotUsed),
        ];
        assert_eq!(columns(&list).summary(), "5 columns: Address, Password, Full name; not used: Quota, Department");
        assert_eq!(columns(&[("", Address)]).summary(), "1 column: Address");
        assert_eq!(
            columns(&[("", NotUsed), ("a", NotUsed)]).summary(),
            "2 columns: none is understood; not used: column 1, a"
        );
        let many: Vec<(&str, Meaning)> = std::iter::repeat_n(("x", NotUsed), 30).collect();
        assert!(columns(&many).summary().ends_with("x, x and 22 more"));
    }

    #[test]
    fn a_title_neither_turns_a_line_round_nor_fills_it() {
        let list = columns(&[("a\u{202e}b\u{1b}[2J", Meaning::NotUsed), (&"x".repeat(500), Meaning::NotUsed)]);
        assert!(list.summary().chars().count() < 120 && !list.summary().contains(['\u{202e}', '\u{1b}']));
    }
}
