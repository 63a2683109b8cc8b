//! Folder names on the wire: modified UTF-7 (RFC 3501, section 5.1.3) or UTF-8 (RFC 6855), the separator, the personal prefix.

use crate::domain::FolderPath;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use base64::{Engine, alphabet};

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
    /// What comes before every own folder but INBOX, as it travels: `INBOX.` on Courier and some Cyrus servers.
    pub(super) prefix: Vec<u8>,
    /// Names travel as UTF-8: that was agreed on.
    pub(super) utf8: bool,
}

impl Naming {
    /// A name from the wire as text. One that is not written as agreed keeps its octets as its text.
    pub(super) fn text(&self, wire_name: &[u8]) -> String {
        let decoded = if self.utf8 { None } else { decode(wire_name) };
        decoded.unwrap_or_else(|| String::from_utf8_lossy(wire_name).into_owned())
    }

    /// A name from the wire as a path.
    pub(super) fn read(&self, wire_name: &[u8]) -> FolderPath {
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
        let text = self.text(own);
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

/// Text in modified UTF-7: printable ASCII as it is, `&` as `&-`, the rest as UTF-16 in a base64 of its own.
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

/// Reads modified UTF-7, or UTF-8 where a server sends that; none when it is neither or would not come back the same.
pub(super) fn decode(name: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(name).ok()?;
    if !text.is_ascii() {
        return Some(text.to_owned());
    }
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        decoded.push_str(&rest[..start]);
        let (shifted, after) = rest[start + 1..].split_once('-')?;
        if shifted.is_empty() {
            decoded.push('&');
        } else {
            decoded.push_str(&unshift(shifted)?);
        }
        rest = after;
    }
    decoded.push_str(rest);
    // Only what encodes to the same octets may be treated as text: otherwise two names could become one.
    (encode(&decoded) == name).then_some(decoded)
}

fn unshift(shifted: &str) -> Option<String> {
    let bytes = BASE64.decode(shifted).ok()?;
    let (units, []) = bytes.as_chunks::<2>() else { return None };
    let units: Vec<u16> = units.iter().map(|unit| u16::from_be_bytes(*unit)).collect();
    String::from_utf16(&units).ok()
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
            assert_eq!(decode(&encoded).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_is_no_modified_utf7_stays_as_it_is() {
        for name in ["&", "&AGE-", "&U,B", "&!!-", "a&b"] {
            assert_eq!(decode(name.as_bytes()), None, "{name}");
            assert_eq!(Naming::default().read(name.as_bytes()).name(), name);
        }
    }

    #[test]
    fn where_names_travel_as_utf8_an_ampersand_is_one() {
        let naming = Naming { separator: Some('/'), prefix: Vec::new(), utf8: true };
        for name in ["Entwürfe/台北", "Q&-A", "Entw&APw-rfe"] {
            let path = naming.read(name.as_bytes());
            assert_eq!(path.parts().join("/"), name);
            assert_eq!(naming.write(&path), Ok(name.as_bytes().to_vec()));
        }
    }

    #[test]
    fn a_prefix_belongs_to_the_server_and_not_to_the_name() {
        let courier = Naming { separator: Some('.'), prefix: b"INBOX.".to_vec(), utf8: false };
        assert_eq!(courier.read(b"INBOX.Sent.2020"), FolderPath::new(["Sent", "2020"]));
        assert!(courier.read(b"inbox").is_inbox());
        assert_eq!(courier.write(&FolderPath::new(["Sent", "2020"])), Ok(b"INBOX.Sent.2020".to_vec()));
        assert_eq!(courier.write(&FolderPath::new(["inbox"])), Ok(b"INBOX".to_vec()));
        assert_eq!(courier.write(&FolderPath::new(["a.b"])), Err(NameRefused::Separator('.')));
    }
}
