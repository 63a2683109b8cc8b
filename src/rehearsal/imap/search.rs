//! SEARCH (RFC 9051, section 6.4.4), with the keys that a migration or its tests use.

use super::parser::Argument;
use super::session::Session;
use super::taken::Taken;
use chrono::NaiveDate;
use std::collections::BTreeSet;

/// The criteria; a message must meet all of them.
pub(super) struct Search(Vec<Key>);

enum Key {
    All,
    /// Sequence numbers.
    Numbers(BTreeSet<u32>),
    /// Has this flag, or lacks it.
    Flag(String, bool),
    Since(NaiveDate),
    Before(NaiveDate),
    On(NaiveDate),
    /// Header field in upper case, and contained text in lower case.
    Header(String, String),
    Larger(u64),
    Smaller(u64),
    Not(Box<Key>),
    Or(Box<Key>, Box<Key>),
    Each(Vec<Key>),
}

/// The deepest nesting of keys.
const DEEPEST: usize = 20;

impl Search {
    /// Parses the keys. None if one is unknown.
    pub(super) fn parse(arguments: &[Argument], session: &Session) -> Option<Self> {
        keys(arguments, session, 0).filter(|keys| !keys.is_empty()).map(Self)
    }

    pub(super) fn finds(&self, taken: &Taken) -> bool {
        self.0.iter().all(|key| key.finds(taken))
    }
}

fn keys(arguments: &[Argument], session: &Session, depth: usize) -> Option<Vec<Key>> {
    let mut rest = arguments.iter();
    let mut keys = Vec::new();
    while rest.len() > 0 {
        keys.push(key(&mut rest, session, depth)?);
    }
    Some(keys)
}

fn key(rest: &mut std::slice::Iter<'_, Argument>, session: &Session, depth: usize) -> Option<Key> {
    if depth > DEEPEST {
        return None;
    }
    let first = rest.next()?;
    if let Argument::List(list) = first {
        return keys(list, session, depth + 1).map(Key::Each);
    }
    let word = first.word();
    let has = |flag: &str| Some(Key::Flag(flag.to_owned(), true));
    let has_not = |flag: &str| Some(Key::Flag(flag.to_owned(), false));
    match word.as_str() {
        "ALL" | "OLD" => Some(Key::All),
        "ANSWERED" => has("\\Answered"),
        "UNANSWERED" => has_not("\\Answered"),
        "DELETED" => has("\\Deleted"),
        "UNDELETED" => has_not("\\Deleted"),
        "DRAFT" => has("\\Draft"),
        "UNDRAFT" => has_not("\\Draft"),
        "FLAGGED" => has("\\Flagged"),
        "UNFLAGGED" => has_not("\\Flagged"),
        "SEEN" => has("\\Seen"),
        "UNSEEN" => has_not("\\Seen"),
        "KEYWORD" => has(&text(rest)?),
        "UNKEYWORD" => has_not(&text(rest)?),
        "SINCE" => date(rest).map(Key::Since),
        "BEFORE" => date(rest).map(Key::Before),
        "ON" => date(rest).map(Key::On),
        "SUBJECT" | "FROM" | "TO" | "CC" | "BCC" => Some(Key::Header(word, text(rest)?.to_lowercase())),
        "HEADER" => Some(Key::Header(text(rest)?.to_ascii_uppercase(), text(rest)?.to_lowercase())),
        "LARGER" => text(rest)?.parse().ok().map(Key::Larger),
        "SMALLER" => text(rest)?.parse().ok().map(Key::Smaller),
        "NOT" => Some(Key::Not(Box::new(key(rest, session, depth + 1)?))),
        "OR" => {
            let left = key(rest, session, depth + 1)?;
            Some(Key::Or(Box::new(left), Box::new(key(rest, session, depth + 1)?)))
        }
        "UID" => numbers(rest.next()?, session, true),
        _ => numbers(first, session, false),
    }
}

fn numbers(set: &Argument, session: &Session, by_uid: bool) -> Option<Key> {
    let places = session.numbers(set, by_uid)?;
    Some(Key::Numbers(places.into_iter().map(|place| place as u32 + 1).collect()))
}

fn text(rest: &mut std::slice::Iter<'_, Argument>) -> Option<String> {
    rest.next()?.text().map(|text| String::from_utf8_lossy(text).into_owned())
}

fn date(rest: &mut std::slice::Iter<'_, Argument>) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(&text(rest)?, "%d-%b-%Y").ok()
}

impl Key {
    fn finds(&self, taken: &Taken) -> bool {
        let day = taken.date.date_naive();
        match self {
            Key::All => true,
            Key::Numbers(numbers) => numbers.contains(&taken.number),
            Key::Flag(flag, has) => taken.flags.iter().any(|found| found.eq_ignore_ascii_case(flag)) == *has,
            Key::Since(date) => day >= *date,
            Key::Before(date) => day < *date,
            Key::On(date) => day == *date,
            Key::Header(field, text) => has_header(&taken.content.header(), field, text),
            Key::Larger(size) => taken.content.size() > *size,
            Key::Smaller(size) => taken.content.size() < *size,
            Key::Not(key) => !key.finds(taken),
            Key::Or(left, right) => left.finds(taken) || right.finds(taken),
            Key::Each(keys) => keys.iter().all(|key| key.finds(taken)),
        }
    }
}

/// Whether a field with this name contains the text, in any case and with continuation lines.
fn has_header(header: &[u8], field: &str, text: &str) -> bool {
    let header = String::from_utf8_lossy(header).replace("\r\n ", " ").replace("\r\n\t", " ");
    header.lines().any(|line| {
        line.split_once(':')
            .is_some_and(|(name, value)| name.eq_ignore_ascii_case(field) && value.to_lowercase().contains(text))
    })
}

#[cfg(test)]
mod tests {
    use super::has_header;

    #[test]
    fn a_header_is_searched_over_its_continuation_lines() {
        let header = b"Subject: Hello\r\n World\r\nMessage-ID: <A@b>\r\n\r\n";
        assert!(has_header(header, "SUBJECT", "hello world") && has_header(header, "MESSAGE-ID", "<a@b>"));
        assert!(!has_header(header, "SUBJECT", "<a@b>"));
    }
}
