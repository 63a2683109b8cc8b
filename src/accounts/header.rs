//! The lines before the first account: which of them names the columns.
//!
//! - A line with an address is an account, and no line after it is the header of the list.
//! - The header is the first line before it with two known titles, or with one that is the only one on its line.
//! - A line without an address before lines with one has unknown titles, or is a mistake; both are refused, because the order of the fields
//!   is not ours to guess.

use super::clean;
use super::exports;
use super::fields::{Field, lines, split};
use super::separator::Separator;
use super::titles::Word;
use super::words;

/// At most this many lines before the first account are looked at.
const LINES_BEFORE: usize = 50;

/// At most this many accounts decide what a column holds.
const LINES_SAMPLED: usize = 1_000;

/// A divided line.
pub(super) struct Row<'a> {
    pub(super) line: u32,
    pub(super) fields: Vec<Field<'a>>,
}

/// The beginning of a list.
pub(super) struct Beginning<'a> {
    /// The header.
    pub(super) header: Option<Row<'a>>,
    /// The lines before the header, or, without a header, before the first account.
    pub(super) before: Vec<u32>,
    /// The first lines that are not the header.
    pub(super) sample: Vec<Row<'a>>,
    /// Whether any line has an address.
    pub(super) has_addresses: bool,
}

impl Beginning<'_> {
    /// Whether the header is certainly one, so that its titles may be shown: no account has two fields that are titles.
    pub(super) fn is_certain(&self) -> bool {
        self.header.as_ref().is_some_and(|header| known(&header.fields) >= 2)
    }
}

/// The lines with content and their numbers: without blank lines, comments, frames of tables, and the line that names the separator.
pub(super) fn content(text: &str, separator: Separator) -> impl Iterator<Item = (u32, &str)> {
    let mut first = true;
    (1..).zip(lines(text)).filter(move |(_, line)| {
        let text = line.trim_matches([' ', '\t', '\u{feff}']);
        if text.is_empty() || separator.is_rule(text) {
            return false;
        }
        let names_separator = std::mem::replace(&mut first, false) && Separator::named_by(line).is_some();
        !names_separator
    })
}

/// Whether a line is a comment, unless its first column can begin with this sign.
pub(super) fn is_comment(line: &str) -> bool {
    line.trim_start_matches([' ', '\t', '\u{feff}']).starts_with('#')
}

/// Looks at the beginning of a list.
pub(super) fn beginning(text: &str, separator: Separator) -> Beginning<'_> {
    let mut before: Vec<Row<'_>> = Vec::new();
    let mut sample = Vec::new();
    let mut found = Beginning { header: None, before: Vec::new(), sample: Vec::new(), has_addresses: false };
    for (line, text) in content(text, separator).filter(|(_, text)| !is_comment(text)) {
        if sample.len() >= LINES_SAMPLED {
            break;
        }
        let pattern = !found.has_addresses && found.header.is_none() && is_pattern(text);
        let fields = if pattern { Ok(pattern_fields(text)) } else { split(text, separator) };
        // An account whose quotes are not closed is still one.
        found.has_addresses |= fields.is_err() && text.contains('@');
        let Ok(fields) = fields else {
            if !found.has_addresses && before.len() < LINES_BEFORE {
                before.push(Row { line, fields: Vec::new() });
            }
            continue;
        };
        let row = Row { line, fields };
        if pattern {
            found.header = Some(row);
        } else if found.has_addresses || has_address(&row.fields) {
            found.has_addresses = true;
            sample.push(row);
        } else if before.len() < LINES_BEFORE && !row.fields.iter().all(Field::is_empty) {
            before.push(row);
        }
    }
    // After a title with a line break, the rest would be taken for the header.
    let is_whole = before.iter().all(|row| !row.fields.is_empty());
    let header = before.iter().position(|row| is_header(&row.fields)).filter(|_| found.header.is_none() && is_whole);
    if let Some(index) = header {
        let after = before.split_off(index + 1);
        found.header = before.pop();
        sample.splice(0..0, after);
    } else if found.header.is_some() || !found.has_addresses {
        // A line below the pattern is like any other, and so is every line of a list without an address.
        sample.splice(0..0, before.drain(..));
    }
    found.before = before.iter().map(|row| row.line).collect();
    found.sample = sample;
    found
}

/// Whether any field is an address.
fn has_address(fields: &[Field<'_>]) -> bool {
    fields.iter().any(|field| field.text().contains('@') && clean::address(field).is_ok())
}

/// How many of the titles are known.
fn known(fields: &[Field<'_>]) -> usize {
    fields.iter().filter(|field| words::word(field.text()).is_some()).count()
}

/// Whether these fields name the columns of a list.
pub(super) fn is_header(fields: &[Field<'_>]) -> bool {
    if has_address(fields) && !fields.first().is_some_and(|field| field.text().eq_ignore_ascii_case("user@domain.com"))
    {
        return false;
    }
    let named = fields.iter().filter(|field| !field.is_empty()).count();
    let is_about_addresses = |field: &Field<'_>| {
        matches!(words::word(field.text()), Some(Word::Address | Word::PrincipalName | Word::Login | Word::Mailbox))
    };
    known(fields) >= 2
        || (named == 1 && fields.iter().any(is_about_addresses))
        || fields.iter().any(|field| words::word(field.text()) == Some(Word::Address))
        || exports::by_titles(&fields.iter().map(clean::text).collect::<Vec<_>>()).is_some()
}

/// Whether this line is the pattern itself, written down as a header; in any file, whatever separates its fields.
pub(super) fn is_pattern(line: &str) -> bool {
    const WORDS: [&str; 3] = ["user@domain.com", "password", "full name"];
    let start = line.trim_start_matches(['\u{feff}', ' ', '"']).get(..WORDS[0].len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(WORDS[0])) && {
        let fields = pattern_fields(line);
        fields.len() >= 3 && fields.iter().zip(WORDS).all(|(field, word)| field.text().eq_ignore_ascii_case(word))
    }
}

fn pattern_fields(line: &str) -> Vec<Field<'_>> {
    let separators = [Separator::Semicolon, Separator::Comma, Separator::Tab];
    let divided = separators.into_iter().filter_map(|separator| split(line, separator).ok());
    divided.max_by_key(Vec::len).unwrap_or_default()
}
