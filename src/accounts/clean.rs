//! The value of one field: freed from what programs put around it, or refused.
//!
//! - An address loses `mailto:`, `SMTP:`, `<…>` and invisible characters. Two addresses are refused: which one is meant is not ours to
//!   guess.
//! - A text that a spreadsheet wrote as `="00123"` becomes `00123`.
//! - A password otherwise keeps every character; [`super::fault`] says what is not a password.

use super::fields::Field;
use crate::domain::list::AddressFault;
use crate::domain::{Address, AddressError};

/// The value of a field, with a spreadsheet's `="…"` undone, in memory that was allocated once.
pub(super) fn value(field: &Field<'_>) -> String {
    let mut value = field.value();
    let undone = value.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')).map(|rest| rest.len());
    if let Some(length) = undone {
        // In place, so that no copy of a password is left behind.
        value.drain(..2);
        value.truncate(length);
    }
    value
}

/// A name or another text on one line, without invisible characters.
pub(super) fn text(field: &Field<'_>) -> String {
    let value = zeroize::Zeroizing::new(value(field));
    let seen = value.chars().filter(|c| !is_invisible(*c));
    let seen: String = seen.map(|c| if c.is_control() || c.is_whitespace() { ' ' } else { c }).collect();
    let seen = zeroize::Zeroizing::new(seen);
    unquoted(seen.trim()).to_owned()
}

/// The mail address in a field.
pub(super) fn address(field: &Field<'_>) -> Result<Address, AddressFault> {
    if !field.text().contains('@') {
        return Err(if field.is_empty() { AddressFault::Empty } else { AddressFault::NotOne(AddressError::NoAt) });
    }
    let value = value(field);
    let seen: String = value.chars().filter(|c| !is_zero_width(*c)).collect();
    let mut text = seen.trim_matches(|c: char| c.is_whitespace() || is_invisible(c));
    // Ann Smith <ann@example.com>
    if let Some((before, rest)) = text.rsplit_once('<')
        && let Some(inner) = rest.strip_suffix('>')
        && !before.contains('@')
    {
        text = inner.trim();
    }
    for scheme in ["mailto:", "smtp:"] {
        if text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)) {
            text = text[scheme.len()..].trim_start();
        }
    }
    text = unquoted(text);
    if text.matches('@').count() > 1 {
        return Err(AddressFault::Several);
    }
    let domain = text.rsplit('@').next().unwrap_or_default();
    // IDNA accepts signs that belong to the surrounding text.
    if domain.contains(|c| matches!(c, '\u{2010}'..='\u{206f}' | '«' | '»')) {
        return Err(AddressFault::NotOne(AddressError::BadDomain));
    }
    let address = Address::parse(text).map_err(AddressFault::NotOne)?;
    if address.local().contains([',', ';', ':', '<', '>', '(', ')', '[', ']', '"', '\\']) {
        return Err(AddressFault::ForeignCharacter);
    }
    Ok(address)
}

/// A text without quotes around it, other than `"`.
fn unquoted(text: &str) -> &str {
    const QUOTES: [(char, char); 10] = [
        ('\'', '\''),
        ('`', '`'),
        ('“', '”'),
        ('”', '”'),
        ('„', '“'),
        ('„', '”'),
        ('‘', '’'),
        ('‚', '‘'),
        ('«', '»'),
        ('»', '«'),
    ];
    let inner = QUOTES.iter().find_map(|(open, close)| text.strip_prefix(*open)?.strip_suffix(*close));
    inner.map_or(text, str::trim)
}

/// Whether a text is quoted with apostrophes.
pub(super) fn is_in_apostrophes(text: &str) -> bool {
    text.len() > 2 && text.starts_with('\'') && text.ends_with('\'')
}

/// Whether an address has a character that is invisible or turns the reading direction.
pub(super) fn hides_something(address: &Address) -> bool {
    address.local().chars().any(is_invisible)
}

/// Whether a reader of the list does not see a character.
pub(super) fn is_invisible(c: char) -> bool {
    is_zero_width(c)
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}')
}

fn is_zero_width(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(text: &str) -> Result<String, AddressFault> {
        address(&Field::Plain(text)).map(|address| address.to_string())
    }

    #[test]
    fn an_address_is_freed_from_what_is_around_it() {
        for text in [
            "ann@example.com",
            "mailto:ann@example.com",
            "MAILTO: ann@example.com",
            "SMTP:ann@example.com",
            "<ann@example.com>",
            "Ann Smith <ann@example.com>",
            "'ann@example.com'",
            "“ann@example.com”",
            "‘ann@example.com’",
            "\u{200b}ann@exam\u{ad}ple.com\u{a0}",
            "\u{202a}ann@example.com\u{202c}",
        ] {
            assert_eq!(cleaned(text), Ok("ann@example.com".to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_not_one_address_is_refused() {
        for text in [
            "",
            "ann",
            "ann@example.com,eva@example.com",
            "ann@example.com eva@example.com",
            "ann@example.com <eva@example.com>",
            "SMTP:ann@example.com smtp:a@example.com",
            "ann:x@example.com",
            "ann@exam_ple;com",
            "‘ann@example.com’x",
            "ann@example.com’",
        ] {
            assert!(cleaned(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_spreadsheets_formula_is_undone() {
        assert_eq!(value(&Field::Plain("=\"00123\"")), "00123");
        assert_eq!(value(&Field::Quoted("=\"\"00456\"\"")), "00456");
        assert_eq!(value(&Field::Plain("=\"")), "=\"");
        assert_eq!(value(&Field::Plain("=1+1")), "=1+1");
    }
}
