//! Folder names on the wire: modified UTF-7 (RFC 3501, section 5.1.3).

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

/// A folder's name, separators included, in modified UTF-7.
pub fn wire_name(name: &str) -> Vec<u8> {
    let mut wire = Vec::new();
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let plain = (' '..='~').contains(&first);
        let end = rest.find(|c: char| (' '..='~').contains(&c) != plain).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        if plain {
            wire.extend(part.replace('&', "&-").bytes());
        } else {
            wire.extend(shifted(part));
        }
        rest = after;
    }
    wire
}

fn shifted(text: &str) -> Vec<u8> {
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let mut shifted = vec![b'&'];
    for group in bytes.chunks(3) {
        let bits =
            group.iter().enumerate().fold(0_u32, |bits, (place, byte)| bits | u32::from(*byte) << (16 - 8 * place));
        for letter in 0..=group.len() {
            shifted.push(LETTERS[(bits >> (18 - 6 * letter)) as usize & 63]);
        }
    }
    shifted.push(b'-');
    shifted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_travel_in_modified_utf7() {
        for (name, wire) in [
            ("INBOX", "INBOX"),
            ("Q&A", "Q&-A"),
            ("Entwürfe/a", "Entw&APw-rfe/a"),
            ("台北", "&U,BTFw-"),
            ("😀 ok", "&2D3eAA- ok"),
        ] {
            assert_eq!(wire_name(name), wire.as_bytes(), "{name}");
        }
    }
}
