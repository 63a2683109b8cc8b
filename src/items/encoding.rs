//! Bytes as text: exports and older servers write more than UTF-8.

use encoding_rs::{Encoding, WINDOWS_1252};

/// UTF-8, UTF-16 with its mark, or Windows-1252, which every other byte is taken for.
pub fn decoded_text(bytes: Vec<u8>) -> String {
    if let Some((encoding, _)) = Encoding::for_bom(&bytes) {
        return encoding.decode(&bytes).0.into_owned();
    }
    String::from_utf8(bytes).unwrap_or_else(|error| WINDOWS_1252.decode(error.as_bytes()).0.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_utf_8_is_read_as_people_mean_it() {
        for bytes in [&b"J\xc3\xb6rg"[..], b"J\xf6rg", b"\xef\xbb\xbfJ\xc3\xb6rg", b"\xff\xfeJ\0\xf6\0r\0g\0"] {
            assert_eq!(decoded_text(bytes.to_vec()), "J\u{f6}rg");
        }
    }
}
