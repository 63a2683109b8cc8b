//! Text as mail carries it: base64 (RFC 4648), encoded words in headers (RFC 2047), quoted-printable (RFC 2045, section 6.7).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// The letters of base64.
pub(super) const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 without line ends.
pub(super) fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

/// A header's text: unchanged if it is ASCII, otherwise encoded words of at most 75 characters, each on its own line.
pub(super) fn header_text(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut words = vec![String::new()];
    for character in text.chars() {
        let last = words.len() - 1;
        // 45 bytes make 60 letters, and 72 characters with the delimiters.
        if words[last].len() + character.len_utf8() > 45 {
            words.push(String::from(character));
        } else {
            words[last].push(character);
        }
    }
    let words: Vec<String> = words.iter().map(|word| format!("=?UTF-8?B?{}?=", base64(word.as_bytes()))).collect();
    words.join("\r\n ")
}

/// Quoted-printable; the lines of the text end with CRLF and stay separate.
pub(super) fn quoted_printable(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 2);
    for line in text.split("\r\n") {
        let mut width = 0;
        for byte in line.bytes() {
            let plain = matches!(byte, b' '..=b'~') && byte != b'=';
            let needed = if plain { 1 } else { 3 };
            if width + needed > 72 {
                encoded.push_str("=\r\n");
                width = 0;
            }
            if plain {
                encoded.push(char::from(byte));
            } else {
                encoded.push_str(&format!("={byte:02X}"));
            }
            width += needed;
        }
        if encoded.ends_with(' ') {
            encoded.pop();
            encoded.push_str("=20");
        }
        encoded.push_str("\r\n");
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_header_is_split_between_characters() {
        assert_eq!(header_text("Plain"), "Plain");
        assert_eq!(header_text("Grüße"), "=?UTF-8?B?R3LDvMOfZQ==?=");
        let long = header_text(&"Ελληνικά ".repeat(12));
        assert!(long.split("\r\n ").all(|word| word.len() <= 75 && word.ends_with("?=")));
    }

    #[test]
    fn quoted_printable_keeps_lines_short_and_spaces_at_their_end() {
        assert_eq!(quoted_printable("a=b \r\nü"), "a=3Db=20\r\n=C3=BC\r\n");
        assert!(quoted_printable(&"ü".repeat(200)).lines().all(|line| line.len() <= 76));
    }
}
