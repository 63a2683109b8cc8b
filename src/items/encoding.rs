//! Decodes text: exports and older servers write other encodings than UTF-8.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// Decodes UTF-8, UTF-16 with a byte order mark, or else Windows-1252.
///
/// - UTF-8 that was folded inside a character (RFC 5545, section 3.1, warns of such programs) is unfolded first.
/// - A card that names its character set (vCard 2.1, `CHARSET=SHIFT_JIS`) is decoded with that.
pub fn decoded_text(bytes: Vec<u8>) -> String {
    if let Some((encoding, _)) = Encoding::for_bom(&bytes) {
        return encoding.decode(&bytes).0.into_owned();
    }
    String::from_utf8(bytes).unwrap_or_else(|error| {
        let bytes = error.into_bytes();
        String::from_utf8(unfolded(&bytes)).unwrap_or_else(|_| {
            let encoding = named_charset(&bytes).filter(|it| *it != UTF_8).unwrap_or(WINDOWS_1252);
            encoding.decode(&bytes).0.into_owned()
        })
    })
}

/// Decodes a value with the character set it names; false if the text is a guess. Valid UTF-8 stays so, even if a Western set is named.
pub(super) fn decoded_value(bytes: &[u8], charset: &str) -> (String, bool) {
    let named = Encoding::for_label(charset.trim().as_bytes());
    match (std::str::from_utf8(bytes), named) {
        (Ok(text), None) => (text.to_owned(), true),
        (Ok(text), Some(encoding)) if encoding == UTF_8 || encoding == WINDOWS_1252 => (text.to_owned(), true),
        (_, Some(encoding)) if encoding != UTF_8 => (encoding.decode(bytes).0.into_owned(), true),
        _ => (WINDOWS_1252.decode(bytes).0.into_owned(), false),
    }
}

/// Removes the breaks of folded lines.
fn unfolded(bytes: &[u8]) -> Vec<u8> {
    let mut whole = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, others)) = rest.split_first() {
        rest = match rest {
            [b'\r', b'\n', b' ' | b'\t', after @ ..] | [b'\n', b' ' | b'\t', after @ ..] => after,
            _ => {
                whole.push(*first);
                others
            }
        };
    }
    whole
}

/// The first character set that a text names.
fn named_charset(bytes: &[u8]) -> Option<&'static Encoding> {
    const NAME: &[u8] = b"CHARSET=";
    let at = bytes.windows(NAME.len()).position(|window| window.eq_ignore_ascii_case(NAME))? + NAME.len();
    let label = bytes.get(at..)?.split(|byte| b";:,\"\r\n".contains(byte)).find(|label| !label.is_empty())?;
    Encoding::for_label(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_utf_8_is_read_as_people_mean_it() {
        for bytes in [&b"J\xc3\xb6rg"[..], b"J\xf6rg", b"\xef\xbb\xbfJ\xc3\xb6rg", b"\xff\xfeJ\0\xf6\0r\0g\0"] {
            assert_eq!(decoded_text(bytes.to_vec()), "J\u{f6}rg");
        }
        assert_eq!(
            decoded_text(b"FN;CHARSET=windows-1251:\xcf\xb8\xf2\xf0".to_vec()),
            "FN;CHARSET=windows-1251:\u{41f}\u{451}\u{442}\u{440}"
        );
    }

    #[test]
    fn a_line_that_was_folded_within_a_character_is_put_together() {
        assert_eq!(decoded_text(b"SUMMARY:B\xc3\r\n \xbcro\r\nUID:a".to_vec()), "SUMMARY:B\u{fc}ro\r\nUID:a");
        assert_eq!(decoded_text(b"SUMMARY:B\xc3\n\t\xbcro".to_vec()), "SUMMARY:B\u{fc}ro");
    }
}
