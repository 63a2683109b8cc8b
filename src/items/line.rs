//! Content lines (RFC 5545, section 3.1; RFC 6350, section 3.3): unfolded, parsed, and written again.
//!
//! A line keeps its value as the source wrote it, except for characters that a reader could take for a line end: line feeds and Unicode's
//! further separators become `\n`, the escaped line break; carriage returns and NULs are dropped. So no text can pass for a property of
//! its own.

use std::borrow::Cow;

/// A content line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// The group before the name (vCard only).
    pub(super) group: Option<String>,
    /// The name in upper case.
    pub(super) name: String,
    /// The parameters in order: names in upper case, values without quotes.
    pub(super) parameters: Vec<(String, Vec<String>)>,
    /// The value as written.
    pub(super) value: String,
}

impl Line {
    /// A line without parameters.
    pub(super) fn new(name: &str, value: impl Into<String>) -> Self {
        let value = value.into();
        Self { group: None, name: name.to_owned(), parameters: Vec::new(), value: one_line(&value).into_owned() }
    }

    /// Parses a line; none if it is not a content line.
    pub(super) fn parse(text: impl Into<String>) -> Option<Self> {
        let mut text: String = text.into();
        let mut quoted = false;
        let colon = text.char_indices().find(|(_, character)| {
            quoted ^= *character == '"';
            *character == ':' && !quoted
        });
        // An unclosed quote is an ordinary character.
        let colon = colon.map(|(at, _)| at).or_else(|| text.find(':'))?;
        let mut parts = split_outside_quotes(&text[..colon], ';').into_iter();
        let full = parts.next()?.trim();
        let (group, name) = match full.rsplit_once('.') {
            Some((group, name)) => (Some(group.to_owned()), name),
            None => (None, full),
        };
        let is_name = |text: &str| {
            (1..=80).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        };
        if !is_name(name) || group.as_deref().is_some_and(|group| !is_name(group)) {
            return None;
        }
        let parameters = parts.map(parameter).filter(|(name, values)| !name.is_empty() && *values != [""]).collect();
        let name = name.to_ascii_uppercase();
        // A value may be an attachment of many megabytes, so it is not copied.
        text.drain(..=colon);
        let value = match one_line(&text) {
            Cow::Borrowed(_) => text,
            Cow::Owned(clean) => clean,
        };
        Some(Self { group, name, parameters, value })
    }

    /// The first value of a parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.values_of(name).first().map(String::as_str)
    }

    /// All values of a parameter.
    pub(super) fn values_of(&self, name: &str) -> &[String] {
        self.parameters.iter().find(|(own, _)| own == name).map_or(&[], |(_, values)| values)
    }

    /// The value as text, with escapes resolved.
    pub(super) fn text(&self) -> String {
        unescape(&self.value)
    }

    /// Writes the line, folded to 75 bytes (RFC 5545, section 3.1).
    pub(super) fn write(&self, text: &mut String) {
        let mut head = String::new();
        if let Some(group) = &self.group {
            head.push_str(group);
            head.push('.');
        }
        head.push_str(&self.name);
        for (name, values) in &self.parameters {
            head.push(';');
            head.push_str(name);
            for (number, value) in values.iter().enumerate() {
                head.push(if number == 0 { '=' } else { ',' });
                let value = parameter_value(value);
                if value.contains([':', ';', ',']) {
                    head.push('"');
                    head.push_str(&value);
                    head.push('"');
                } else {
                    head.push_str(&value);
                }
            }
        }
        head.push(':');
        // A value may be an attachment of many megabytes, so it is not copied.
        let value = one_line(&self.value);
        let mut room = 75;
        for character in head.chars().chain(value.chars()) {
            if room < character.len_utf8() {
                text.push_str("\r\n ");
                room = 74;
            }
            room -= character.len_utf8();
            text.push(character);
        }
        text.push_str("\r\n");
    }
}

/// Replaces or drops every character that a reader could take for a line break.
pub(super) fn one_line(value: &str) -> Cow<'_, str> {
    let breaks = |character: char| {
        matches!(character, '\n' | '\x0b' | '\x0c' | '\x1c'..='\x1e' | '\u{85}' | '\u{2028}' | '\u{2029}')
    };
    if !value.contains(|character: char| breaks(character) || character == '\r' || character == '\0') {
        return Cow::Borrowed(value);
    }
    let mut clean = String::with_capacity(value.len() + 8);
    for character in value.chars() {
        match character {
            '\r' | '\0' => {}
            character if breaks(character) => clean.push_str("\\n"),
            character => clean.push(character),
        }
    }
    Cow::Owned(clean)
}

/// Adds a category to the lines of a component or card, unless they have it.
pub(super) fn add_category(lines: &mut Vec<Line>, category: &str) {
    let is_there = |line: &Line| split_escaped(&line.value, ',').iter().any(|own| unescape(own).trim() == category);
    match lines.iter_mut().find(|line| line.name == "CATEGORIES") {
        Some(line) if is_there(line) => {}
        Some(line) if !line.value.trim().is_empty() => line.value = format!("{},{}", line.value, escape(category)),
        _ => lines.push(Line::new("CATEGORIES", escape(category))),
    }
}

/// Escapes a text as a value (RFC 5545, section 3.3.11).
pub(super) fn escape(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,").replace("\r\n", "\\n");
    text.replace(['\n', '\r'], "\\n")
}

/// Resolves the escapes of a value.
pub(super) fn unescape(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('n' | 'N') => text.push('\n'),
                Some(other @ ('\\' | ';' | ',' | ':' | '"')) => text.push(other),
                Some(other) => text.extend(['\\', other]),
                None => text.push('\\'),
            },
            other => text.push(other),
        }
    }
    text
}

/// Splits a value at unescaped separators; the parts stay escaped.
pub(super) fn split_escaped(value: &str, separator: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut escaped = false;
    for character in value.chars() {
        if character == separator && !escaped {
            parts.push(String::new());
            continue;
        }
        escaped = character == '\\' && !escaped;
        if let Some(part) = parts.last_mut() {
            part.push(character);
        }
    }
    parts
}

fn split_outside_quotes(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut begin, mut quoted) = (Vec::new(), 0, false);
    for (at, character) in text.char_indices() {
        if character == '"' {
            quoted = !quoted;
        } else if character == separator && !quoted {
            parts.push(&text[begin..at]);
            begin = at + character.len_utf8();
        }
    }
    parts.push(&text[begin..]);
    parts
}

/// Parses `NAME=value,"another"`. vCard 2.1 also has values without a name, such as `HOME` and `QUOTED-PRINTABLE`.
fn parameter(text: &str) -> (String, Vec<String>) {
    match text.split_once('=') {
        Some((name, values)) => {
            let clean = |value: &str| parameter_value(value.trim());
            let name: String = name.trim().chars().filter(|it| it.is_ascii_alphanumeric() || *it == '-').collect();
            (name.to_ascii_uppercase(), split_outside_quotes(values, ',').into_iter().map(clean).collect())
        }
        None => {
            let value = text.trim().to_ascii_uppercase();
            let name = match value.as_str() {
                "QUOTED-PRINTABLE" | "BASE64" | "B" | "8BIT" | "7BIT" => "ENCODING",
                _ => "TYPE",
            };
            (name.to_owned(), vec![parameter_value(&value)])
        }
    }
}

/// A parameter's value without quotes and control characters, which cannot be written.
fn parameter_value(value: &str) -> String {
    one_line(value).chars().filter(|it| *it != '"' && !it.is_control()).collect()
}

/// The unfolded lines of a text. A line that begins with a blank continues the one before. After a trailing `=` in quoted-printable (vCard
/// 2.1), the next line continues it, and keeps its leading blank.
pub(super) fn unfold(text: &str) -> impl Iterator<Item = String> {
    let text = text.trim_start_matches('\u{feff}');
    let mut raw = text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r')).peekable();
    let lines = std::iter::from_fn(move || {
        let mut line = raw.next()?.to_owned();
        loop {
            if line.ends_with('=') && is_printable(&line) {
                let Some(rest) = raw.next() else { break };
                line.pop();
                line.push_str(rest);
            } else if let Some(rest) = raw.peek().and_then(|next| next.strip_prefix([' ', '\t'])) {
                line.push_str(rest);
                raw.next();
            } else {
                break;
            }
        }
        Some(line)
    });
    lines.filter(|line| !line.trim().is_empty())
}

/// Whether the value of a line is in quoted-printable.
fn is_printable(line: &str) -> bool {
    line.split(':').next().unwrap_or_default().to_ascii_uppercase().contains("QUOTED-PRINTABLE")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_written_as_it_was_read() {
        for written in [
            "DTSTART;TZID=Europe/Berlin:20240101T090000",
            "ATTENDEE;CN=\"Keller, Ann\";ROLE=CHAIR:mailto:ann@example.com",
            "item1.EMAIL;TYPE=home,pref:a@b.c",
            "DESCRIPTION:a\\, b\\; c\\n d",
            "X-A;B=\"x:y\":z:w",
        ] {
            let mut again = String::new();
            Line::parse(written).unwrap().write(&mut again);
            assert_eq!(again, format!("{written}\r\n"));
        }
        let old = Line::parse("TEL;HOME;VOICE:1").unwrap();
        assert_eq!(
            old.parameters,
            vec![("TYPE".to_owned(), vec!["HOME".to_owned()]), ("TYPE".to_owned(), vec!["VOICE".to_owned()])]
        );
    }

    #[test]
    fn a_long_line_is_folded_within_characters_never() {
        let line = Line::new("SUMMARY", "ü€".repeat(100));
        let mut text = String::new();
        line.write(&mut text);
        assert!(text.lines().all(|line| line.len() <= 75));
        assert_eq!(unfold(&text).collect::<Vec<_>>(), vec![format!("SUMMARY:{}", "ü€".repeat(100))]);
    }

    #[test]
    fn no_text_can_pass_for_a_property_of_its_own() {
        for breaks in ["\u{2028}", "\u{2029}", "\u{85}", "\u{b}", "\u{c}", "\u{1c}", "\u{1e}"] {
            let line = Line::parse(format!("SUMMARY;X=a{breaks}ATTENDEE:b{breaks}ATTENDEE:mailto:bob@example.com"));
            let mut text = String::new();
            line.unwrap().write(&mut text);
            assert!(!text.contains(breaks) && text.starts_with("SUMMARY"), "{text:?}");
        }
        let folded = "SUMMARY:a\r\rATTENDEE:x";
        assert_eq!(unfold(folded).count(), 2, "what a reader could take for two lines is two here as well");
    }
}
