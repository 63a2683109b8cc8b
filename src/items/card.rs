//! Contacts: vCards of versions 2.1, 3.0 and 4.0, converted to 3.0 (RFC 2426), which is what Kerio Connect speaks.

use super::calendar::stable_uid;
use super::component::{self, Component};
use super::encoding::decoded_value;
use super::line::{Line, add_category, one_line, split_escaped};
use super::{Changes, Unusable, groups};
use crate::domain::{ItemChange, ItemFault, ItemForm, ItemName, NameSource, TextFault};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The largest picture that Kerio Connect accepts, in bytes (docs/kerio-connect.md, G8).
const LARGEST_PHOTO: usize = 256 * 1024;

/// A contact as vCard 3.0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    pub(super) lines: Vec<Line>,
    pub(super) uid: String,
}

impl Card {
    /// What identifies it.
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// Its name for a person.
    pub fn name(&self) -> ItemName {
        let name = self.lines.iter().find(|line| line.name == "FN").map(Line::text).unwrap_or_default();
        ItemName::titled(&name)
    }

    /// The text to store.
    pub fn text(&self) -> String {
        let mut card = Component::new("VCARD");
        card.lines.push(Line::new("VERSION", "3.0"));
        card.lines.push(Line::new("PRODID", "-//KIMT//Kerio IMAP Migration Tool//EN"));
        card.lines.extend(self.lines.iter().cloned());
        let mut text = String::new();
        card.write(&mut text);
        text
    }

    /// Adds a category.
    pub fn in_category(mut self, category: &str) -> Self {
        add_category(&mut self.lines, category);
        self
    }

    /// Its approximate size in bytes.
    pub fn size(&self) -> usize {
        self.lines.iter().map(|line| line.value.len() + 40).sum()
    }

    /// Reduces pictures to what a comparison needs. The result must not be stored.
    pub fn condensed(mut self) -> Self {
        self.lines.iter_mut().for_each(super::meaning::condense);
        self
    }

    /// Removes pictures that Kerio Connect does not accept, and names each.
    pub fn for_kerio(mut self) -> (Self, Changes) {
        let mut changes = Changes::new();
        self.lines.retain(|line| {
            if line.name != "PHOTO" || !is_binary(line) {
                return true;
            }
            let clean: String = line.value.chars().filter(|it| !it.is_whitespace()).collect();
            let bytes = STANDARD.decode(clean).unwrap_or_default();
            let change = if !bytes.starts_with(&[0xff, 0xd8, 0xff]) {
                ItemChange::PictureNotJpeg
            } else if bytes.len() > LARGEST_PHOTO {
                ItemChange::PictureTooLarge { most: LARGEST_PHOTO as u64 }
            } else {
                return true;
            };
            changes.push(change);
            false
        });
        (self, changes)
    }
}

fn is_binary(line: &Line) -> bool {
    line.parameter("ENCODING").is_some_and(|encoding| encoding.eq_ignore_ascii_case("b"))
}

/// The contacts of a text that may hold any number, each with its conversion's changes. `seed` as in [`super::split_calendar`].
pub fn split_cards(text: &str, seed: &str) -> Vec<Result<(Card, Changes), Unusable>> {
    let unusable = |why: TextFault| Err(Unusable::unnamed(ItemFault::Text { form: ItemForm::Card, why }));
    match component::read(text) {
        Ok(cards) if cards.is_empty() => vec![unusable(TextFault::Empty)],
        Ok(cards) => cards.into_iter().map(|card| read(card, seed)).collect(),
        Err(why) => vec![unusable(why)],
    }
}

fn read(card: Component, seed: &str) -> Result<(Card, Changes), Unusable> {
    let named = || ItemName::titled(&card.text("FN").unwrap_or_default());
    let refused = |why: ItemFault| Err(Unusable { name: named(), why, left_out: false });
    if card.name != "VCARD" {
        return refused(ItemFault::Other { found: card.name.clone(), form: ItemForm::Card });
    }
    if let Some(why) = card.broken() {
        return refused(ItemFault::Text { form: ItemForm::Card, why: why.clone() });
    }
    if card.unreadable > 0 {
        return refused(ItemFault::Lines { unreadable: card.unreadable });
    }
    if groups::is_group(&card) {
        return Err(Unusable { name: named(), why: ItemFault::Group { is_category: false }, left_out: true });
    }
    let version = card.text("VERSION").unwrap_or_default();
    // A nested person (AGENT) is not stored.
    let mut changes: Changes = card.parts.iter().map(|part| ItemChange::part(&part.name)).collect();
    let mut lines = Vec::new();
    for line in &card.lines {
        if matches!(line.name.as_str(), "VERSION" | "PRODID" | "CLIENTPIDMAP") || line.value.trim().is_empty() {
            continue;
        }
        let line = decoded(line.clone(), version == "2.1", &mut changes);
        let line = with_content(if version == "4.0" { from_4(line) } else { line });
        if !line.value.trim().is_empty() {
            lines.push(line);
        }
    }
    complete_name(&mut lines, &mut changes);
    let uid = match lines.iter().find(|line| line.name == "UID").map(|line| line.text().trim().to_owned()) {
        Some(uid) if !uid.is_empty() => uid,
        _ => {
            let mut written = String::new();
            lines.iter().filter(|line| line.name != "REV").for_each(|line| line.write(&mut written));
            stable_uid(seed, &written)
        }
    };
    // A card without a UID gets one from the server, and each further PUT of it another (docs/kerio-connect.md, G7).
    lines.retain(|line| line.name != "UID");
    lines.insert(0, Line::new("UID", uid.clone()));
    Ok((Card { lines, uid }, changes))
}

/// Converts quoted-printable, character sets and Base64 to version 3.0.
fn decoded(mut line: Line, is_old: bool, changes: &mut Changes) -> Line {
    let encoding = line.parameter("ENCODING").unwrap_or_default().to_ascii_uppercase();
    let charset = line.parameter("CHARSET").unwrap_or("UTF-8").to_ascii_uppercase();
    let mut kept: Vec<(String, Vec<String>)> = Vec::new();
    for (name, values) in line.parameters.drain(..) {
        match (name.as_str(), kept.iter_mut().find(|(own, _)| *own == name)) {
            ("CHARSET" | "ENCODING", _) => {}
            ("TYPE", Some((_, all))) => all.extend(values),
            _ => kept.push((name, values)),
        }
    }
    line.parameters = kept;
    match encoding.as_str() {
        "BASE64" | "B" => {
            line.value.retain(|character| !character.is_whitespace());
            match STANDARD.decode(&line.value).ok().filter(|_| is_text(&line.name)) {
                Some(bytes) => read_bytes(&mut line, &bytes, (&charset, is_old), changes),
                None => line.parameters.insert(0, ("ENCODING".to_owned(), vec!["b".to_owned()])),
            }
        }
        "QUOTED-PRINTABLE" => {
            let bytes = quoted_printable(&line.value);
            read_bytes(&mut line, &bytes, (&charset, is_old), changes);
        }
        _ if is_old => line.value = escaped_as_3(&line.name, &line.value, false),
        _ => {}
    }
    line
}

/// Reads the bytes of a value as text.
fn read_bytes(line: &mut Line, bytes: &[u8], (charset, is_old): (&str, bool), changes: &mut Changes) {
    let (text, is_sure) = decoded_value(bytes, charset);
    if !is_sure {
        changes.push(ItemChange::CharacterSet { property: line.name.clone(), charset: charset.to_owned() });
    }
    let text = escaped_as_3(&line.name, &text, is_old);
    line.value = one_line(&text.replace("\r\n", "\\n").replace('\r', "\\n")).into_owned();
}

/// Whether a property is text rather than a file.
fn is_text(name: &str) -> bool {
    !matches!(name, "PHOTO" | "LOGO" | "SOUND" | "KEY" | "AGENT") && !name.starts_with("X-")
}

/// Converts the escapes of a value from version 2.1 to 3.0. In 2.1 a comma separates only categories, and a backslash is literal except
/// before a separator. An encoded value (`is_encoded`) has real line breaks; in others, programs write `\n` all the same.
fn escaped_as_3(name: &str, value: &str, is_encoded: bool) -> String {
    let is_list = matches!(name, "CATEGORIES" | "NICKNAME");
    if matches!(name, "URL" | "UID" | "REV" | "GEO" | "BDAY" | "TZ") || !is_text(name) {
        return value.to_owned();
    }
    let mut escaped = String::with_capacity(value.len());
    let mut characters = value.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, characters.peek()) {
            ('\\', Some('\\' | ';' | ',')) => escaped.extend([character, characters.next().unwrap_or_default()]),
            ('\\', Some('n' | 'N')) if !is_encoded => escaped.push(character),
            ('\\', _) => escaped.push_str("\\\\"),
            (',', _) if !is_list => escaped.push_str("\\,"),
            (character, _) => escaped.push(character),
        }
    }
    escaped
}

fn quoted_printable(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex =
            bytes.get(at + 1..at + 3).and_then(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        match (*byte, hex) {
            (b'=', Some(value)) => {
                decoded.push(value);
                at += 3;
            }
            (byte, _) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    decoded
}

/// Converts a line from version 4.0 to 3.0.
fn from_4(mut line: Line) -> Line {
    if line.parameter("PREF") == Some("1") {
        match line.parameters.iter_mut().find(|(name, _)| name == "TYPE") {
            Some((_, types)) => types.push("PREF".to_owned()),
            None => line.parameters.push(("TYPE".to_owned(), vec!["PREF".to_owned()])),
        }
    }
    line.parameters.retain(|(name, _)| !matches!(name.as_str(), "PREF" | "ALTID" | "PID" | "CALSCALE"));
    let is_uri = line.parameter("VALUE").is_some_and(|value| value.eq_ignore_ascii_case("uri"));
    match line.name.as_str() {
        "TEL" if is_uri || line.value.starts_with("tel:") => {
            line.parameters.retain(|(name, _)| name != "VALUE");
            line.value = line.value.trim_start_matches("tel:").to_owned();
        }
        "BDAY" | "ANNIVERSARY" => {
            // A day without a year: in version 3.0 programs write the year 1604 with a parameter.
            let digits: String = line.value.chars().filter(char::is_ascii_digit).collect();
            if let (Some(rest), Some(month), Some(day)) =
                (line.value.strip_prefix("--"), digits.get(..2), digits.get(2..4))
                && !rest.starts_with('-')
            {
                line.value = format!("1604-{month}-{day}");
                line.parameters.push(("X-APPLE-OMIT-YEAR".to_owned(), vec!["1604".to_owned()]));
            }
            if line.name == "ANNIVERSARY" {
                line.name = "X-ANNIVERSARY".to_owned();
            }
        }
        "GENDER" | "RELATED" | "MEMBER" | "KIND" | "LANG" | "XML" | "ORG-DIRECTORY" | "EXPERTISE" | "HOBBY"
        | "INTEREST" => {
            line.name = format!("X-{}", line.name);
        }
        _ => {}
    }
    line
}

/// Converts a file written as a `data:` URI, as in version 4.0 and by some programs in any version, to 3.0. Some escape characters that
/// are no separators there.
fn with_content(mut line: Line) -> Line {
    if !matches!(line.name.as_str(), "PHOTO" | "LOGO" | "SOUND" | "KEY") {
        return line;
    }
    let is_data = line.value.get(..5).is_some_and(|begin| begin.eq_ignore_ascii_case("data:"));
    let Some((head, content)) = line.value.split_once(',').filter(|_| is_data) else { return line };
    let mut words = head.get(5..).unwrap_or_default().trim_end_matches('\\').split(';');
    let media = words.next().unwrap_or_default().trim_end_matches('\\');
    if !words.any(|word| word.trim_end_matches('\\').eq_ignore_ascii_case("base64")) {
        return line;
    }
    let kind = media.rsplit('/').next().unwrap_or_default().to_ascii_uppercase();
    line.parameters = vec![("ENCODING".to_owned(), vec!["b".to_owned()]), ("TYPE".to_owned(), vec![kind])];
    line.value = content.to_owned();
    line
}

/// Adds FN and N, which version 3.0 requires, where they are missing.
fn complete_name(lines: &mut Vec<Line>, changes: &mut Changes) {
    let value = |lines: &[Line], name: &str| {
        lines
            .iter()
            .find(|line| line.name == name)
            .map(|line| line.value.clone())
            .filter(|value| !value.replace(';', "").trim().is_empty())
    };
    if value(lines, "FN").is_none() {
        let parts = value(lines, "N").map(|name| split_escaped(&name, ';'));
        let from_parts = parts.map(|parts| {
            let part = |index: usize| parts.get(index).cloned().unwrap_or_default();
            [part(3), part(1), part(2), part(0), part(4)]
                .into_iter()
                .filter(|part| !part.trim().is_empty())
                .collect::<Vec<_>>()
                .join(" ")
        });
        let company = || value(lines, "ORG").map(|org| split_escaped(&org, ';').swap_remove(0));
        let (made, source) = match (from_parts, company(), value(lines, "EMAIL"), value(lines, "TEL")) {
            (Some(name), ..) => (name, None),
            (_, Some(org), ..) => (org, Some(NameSource::Company)),
            (_, _, Some(mail), _) => (mail, Some(NameSource::Address)),
            (.., Some(number)) => (number, Some(NameSource::Number)),
            _ => ("No name".to_owned(), Some(NameSource::Nothing)),
        };
        changes.extend(source.map(|after| ItemChange::Named { after }));
        lines.retain(|line| line.name != "FN");
        lines.insert(0, Line::new("FN", made));
    }
    if !lines.iter().any(|line| line.name == "N") {
        let name = value(lines, "FN").unwrap_or_default();
        lines.insert(1.min(lines.len()), Line::new("N", format!("{name};;;;")));
    }
}

#[cfg(test)]
mod tests;
