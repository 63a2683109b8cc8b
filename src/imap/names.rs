//! Folder names on the wire: modified UTF-7 (RFC 3501, section 5.1.3) or UTF-8 (RFC 6855), the separator, the personal prefix.

use crate::domain::FolderPath;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use base64::{Engine, alphabet};
use std::collections::BTreeMap;

/// Why a folder's name cannot be written on a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameRefused {
    /// A part holds the character that separates parts there.
    #[error("the name holds '{0}', which separates folders on the target")]
    Separator(char),
    /// The server has no hierarchy, and the folder is below another.
    #[error("the target has no folders below folders")]
    NoHierarchy,
}

/// How one server writes the names of a user's own folders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Naming {
    /// The character between parts.
    pub(super) separator: Option<char>,
    /// The prefix of every own folder but INBOX, in wire form: `INBOX.` on Courier and some Cyrus servers.
    pub(super) prefix: Vec<u8>,
    /// Whether names travel as UTF-8, as agreed with the server.
    pub(super) utf8: bool,
    /// The folders whose names the server writes differently than we would: their paths by their wire names. Commands use the server's
    /// form.
    pub(super) odd: BTreeMap<Vec<u8>, FolderPath>,
}

impl Naming {
    /// A name from the wire as text.
    pub(super) fn text(&self, wire_name: &[u8]) -> String {
        if self.utf8 { String::from_utf8_lossy(wire_name).into_owned() } else { decode(wire_name) }
    }

    /// Whether the server writes this name differently than we would.
    pub(super) fn is_odd(&self, wire_name: &[u8]) -> bool {
        !self.utf8 && encode(&decode(wire_name)) != wire_name
    }

    /// Notes an odd name, so that its path leads back to it. If another folder has that path, the name stays undecoded; false if that is
    /// taken, too.
    pub(super) fn note_odd(&mut self, wire_name: &[u8], is_taken: impl Fn(&FolderPath) -> bool) -> bool {
        let raw = String::from_utf8_lossy(wire_name).into_owned();
        let paths = [self.read(wire_name), self.path(raw)];
        let Some(path) = paths.into_iter().find(|path| !is_taken(path)) else { return false };
        self.odd.insert(wire_name.to_vec(), path);
        true
    }

    /// Whether `listed` is `asked` with other capitals or blanks: servers change names silently.
    pub(super) fn is_other_name(&self, listed: &[u8], asked: &[u8]) -> bool {
        let (listed, asked) = (self.read(listed), self.read(asked));
        let folded = |path: &FolderPath| -> Vec<String> {
            let part = |part: &String| part.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
            path.parts().iter().map(part).collect()
        };
        listed != asked && folded(&listed) == folded(&asked)
    }

    /// A name from the wire as a path.
    pub(super) fn read(&self, wire_name: &[u8]) -> FolderPath {
        if let Some(path) = self.odd.get(wire_name) {
            return path.clone();
        }
        let own = match self.prefix.as_slice() {
            prefix
                if !prefix.is_empty()
                    && starts_with_ignoring_case(wire_name, prefix)
                    && wire_name.len() > prefix.len() =>
            {
                &wire_name[prefix.len()..]
            }
            _ => wire_name,
        };
        self.path(self.text(own))
    }

    /// The path that a text without the prefix names.
    fn path(&self, text: String) -> FolderPath {
        let mut parts: Vec<String> = match self.separator {
            Some(separator) => text.split(separator).map(str::to_owned).collect(),
            None => vec![text],
        };
        if parts.len() > 1 && parts.last().is_some_and(String::is_empty) {
            parts.pop();
        }
        // INBOX in any case is one folder, also where it is a parent (RFC 9051, section 5.1).
        if let Some(first) = parts.first_mut().filter(|first| first.eq_ignore_ascii_case("INBOX")) {
            *first = "INBOX".to_owned();
        }
        FolderPath(parts)
    }

    /// A path as a name for the wire.
    pub(super) fn write(&self, path: &FolderPath) -> Result<Vec<u8>, NameRefused> {
        if path.is_inbox() {
            return Ok(b"INBOX".to_vec());
        }
        if let Some((wire_name, _)) = self.odd.iter().find(|(_, odd)| *odd == path) {
            return Ok(wire_name.clone());
        }
        if let Some(separator) = self.separator
            && path.parts().iter().any(|part| part.contains(separator))
        {
            return Err(NameRefused::Separator(separator));
        }
        let joined = match (self.separator, path.parts()) {
            (Some(separator), parts) => parts.join(separator.encode_utf8(&mut [0; 4])),
            (None, [only]) => only.clone(),
            (None, _) => return Err(NameRefused::NoHierarchy),
        };
        let mut name = self.prefix.clone();
        name.extend(if self.utf8 { joined.into_bytes() } else { encode(&joined) });
        Ok(name)
    }
}

fn starts_with_ignoring_case(name: &[u8], prefix: &[u8]) -> bool {
    name.len() >= prefix.len() && name[..prefix.len()].eq_ignore_ascii_case(prefix)
}

/// The base64 of mailbox names (RFC 3501, section 5.1.3).
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::IMAP_MUTF7, NO_PAD);

/// Text in modified UTF-7: printable ASCII unchanged, `&` as `&-`, the rest as UTF-16 in a base64 of its own.
pub(super) fn encode(text: &str) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(text.len());
    let mut pending: Vec<u16> = Vec::new();
    for c in text.chars() {
        if (' '..='~').contains(&c) {
            flush(&mut pending, &mut encoded);
            encoded.push(c as u8);
            if c == '&' {
                encoded.push(b'-');
            }
        } else {
            pending.extend_from_slice(c.encode_utf16(&mut [0; 2]));
        }
    }
    flush(&mut pending, &mut encoded);
    encoded
}

fn flush(pending: &mut Vec<u16>, encoded: &mut Vec<u8>) {
    if pending.is_empty() {
        return;
    }
    let bytes: Vec<u8> = pending.drain(..).flat_map(u16::to_be_bytes).collect();
    encoded.push(b'&');
    encoded.extend(BASE64.encode(bytes).into_bytes());
    encoded.push(b'-');
}

/// Reads modified UTF-7 as a person would, or UTF-8 or Latin-1 where a server sends that:
/// - `&AGE-`: a letter that need not have been encoded;
/// - `&U/BTFw==-`: the base64 of other encodings;
/// - `&U,BTFw`: a run that no `-` ends, where nothing else can be meant;
/// - `R&D`: whatever else follows `&` stays as it is.
pub(super) fn decode(name: &[u8]) -> String {
    let Ok(text) = std::str::from_utf8(name) else {
        let letter = |octet: &u8| if (0x80..0xa0).contains(octet) { '\u{fffd}' } else { char::from(*octet) };
        return name.iter().map(letter).collect();
    };
    if !text.is_ascii() {
        return text.to_owned();
    }
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        decoded.push_str(&rest[..start]);
        rest = &rest[start + 1..];
        match unshift(rest) {
            Some((letters, length)) => {
                decoded.push_str(&letters);
                rest = &rest[length..];
            }
            None => decoded.push('&'),
        }
    }
    decoded.push_str(rest);
    decoded
}

/// The decoded text after `&`, and its length; none if it is not base64 of letters.
fn unshift(text: &str) -> Option<(String, usize)> {
    if text.starts_with('-') {
        return Some(("&".to_owned(), 1));
    }
    let is_digit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | ',' | '/');
    let length = text.find(|c| !is_digit(c)).unwrap_or(text.len());
    let (digits, after) = text.split_at(length);
    let padding = after.len() - after.trim_start_matches('=').len();
    let is_ended = after[padding..].starts_with('-');
    let bytes = BASE64.decode(digits.replace('/', ",")).ok()?;
    let (units, []) = bytes.as_chunks::<2>() else { return None };
    let units: Vec<u16> = units.iter().map(|unit| u16::from_be_bytes(*unit)).collect();
    let letters = String::from_utf16(&units).ok().filter(|letters| !letters.is_empty())?;
    let is_meant = is_ended || letters.chars().all(|letter| letter >= '\u{80}');
    is_meant.then_some((letters, length + if is_ended { padding + 1 } else { 0 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_every_script_come_back_as_they_were() {
        for (text, wire) in [
            ("Entw&APw-rfe", None),
            ("Q&A", Some("Q&-A")),
            ("Entwürfe", Some("Entw&APw-rfe")),
            ("台北", Some("&U,BTFw-")),
            ("😀 ok", Some("&2D3eAA- ok")),
            ("Проекты", None),
            ("a\u{1}b", None),
        ] {
            let encoded = encode(text);
            if let Some(wire) = wire {
                assert_eq!(encoded, wire.as_bytes(), "{text}");
            }
            assert_eq!(decode(&encoded), text);
        }
    }

    #[test]
    fn what_is_no_modified_utf7_stays_as_it_is() {
        for name in ["&", "&U,B", "&!!-", "a&b", "R&D", "AT&T Wireless", "Q&A-Z", "&2D0-"] {
            assert_eq!(decode(name.as_bytes()), name);
        }
    }

    #[test]
    fn a_name_that_is_written_in_another_way_is_read_and_commands_keep_to_that_way() {
        let mut naming = Naming { separator: Some('/'), ..Naming::default() };
        for (wire, text) in [
            (&b"&AGE-"[..], "a"),
            (b"Entw&APw-r&AGY-e", "Entwürfe"),
            (b"x&U/BTFw-", "x台北"),
            (b"&U,BTFw==-", "台北"),
            (b"x/&U,BTFw", "x/台北"),
            (b"&2D3eAA-&2D3eAQ-", "😀😁"),
            ("größer".as_bytes(), "größer"),
            (b"gr\xf6\xdfer", "größer"),
        ] {
            naming.odd.clear();
            assert!(naming.is_odd(wire) && naming.note_odd(wire, |_| false), "{text}");
            let path = naming.read(wire);
            assert_eq!(path.parts().join("/"), text);
            assert_eq!(naming.write(&path).as_deref(), Ok(wire), "{text}");
        }
        // If the plain name is another folder's, the wire name itself is the text.
        naming.odd.clear();
        let taken = FolderPath::new(["a"]);
        assert!(naming.note_odd(b"&AGE-", |path| *path == taken));
        assert_eq!(naming.read(b"&AGE-").name(), "&AGE-");
        assert!(!naming.is_odd(b"Q&-A") && !naming.is_odd(b"Entw&APw-rfe"));
    }

    #[test]
    fn where_names_travel_as_utf8_an_ampersand_is_one() {
        let naming = Naming { separator: Some('/'), utf8: true, ..Naming::default() };
        for name in ["Entwürfe/台北", "Q&-A", "Entw&APw-rfe"] {
            let path = naming.read(name.as_bytes());
            assert_eq!(path.parts().join("/"), name);
            assert_eq!(naming.write(&path), Ok(name.as_bytes().to_vec()));
        }
    }

    #[test]
    fn a_prefix_belongs_to_the_server_and_not_to_the_name() {
        let courier = Naming { separator: Some('.'), prefix: b"INBOX.".to_vec(), ..Naming::default() };
        assert_eq!(courier.read(b"INBOX.Sent.2020"), FolderPath::new(["Sent", "2020"]));
        assert!(courier.read(b"inbox").is_inbox());
        assert_eq!(courier.write(&FolderPath::new(["Sent", "2020"])), Ok(b"INBOX.Sent.2020".to_vec()));
        assert_eq!(courier.write(&FolderPath::new(["inbox"])), Ok(b"INBOX".to_vec()));
        assert_eq!(courier.write(&FolderPath::new(["a.b"])), Err(NameRefused::Separator('.')));
    }
}
