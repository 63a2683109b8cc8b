//! Files that are no list of accounts: documents, archives, and lists in a form without columns. Each is recognised by its beginning.

use crate::domain::list::FileFormat;

/// The first bytes of files that are not text.
const DOCUMENTS: [(&[u8], FileFormat); 9] = [
    (b"PK\x03\x04", FileFormat::Document),
    (b"\xd0\xcf\x11\xe0", FileFormat::Document),
    (b"%PDF", FileFormat::Document),
    (b"{\\rtf", FileFormat::Document),
    (b"\x1f\x8b", FileFormat::Archive),
    (b"BZh", FileFormat::Archive),
    (b"\xfd7zXZ", FileFormat::Archive),
    (b"7z\xbc\xaf", FileFormat::Archive),
    (b"\x28\xb5\x2f\xfd", FileFormat::Archive),
];

/// The first characters of texts that are not a list with columns, in lower case.
const TEXTS: [(&[&str], FileFormat); 6] = [
    (&["<!doctype html", "<html", "<table", "<head", "<meta"], FileFormat::WebPage),
    (&["<?xml"], FileFormat::Xml),
    (&["[{", "{\"", "[\"", "{\n", "{\r", "[\n", "[\r"], FileFormat::Json),
    (&["dn:", "version: 1"], FileFormat::Ldif),
    (&["begin:vcard"], FileFormat::AddressCards),
    (&["insert into", "create table", "-- mysql dump", "-- mariadb dump", "-- postgresql"], FileFormat::Sql),
];

/// The format of bytes that are not text; none for text.
pub(super) fn of_bytes(bytes: &[u8], is_utf16: bool) -> Option<FileFormat> {
    if let Some((_, format)) = DOCUMENTS.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Some(*format);
    }
    let start = &bytes[..bytes.len().min(64 * 1024)];
    let control = |byte: &&u8| matches!(byte, 0..=8 | 14..=25 | 28..=31);
    let is_text = is_utf16 || start.iter().filter(control).count() * 20 <= start.len();
    (!is_text).then_some(FileFormat::Binary)
}

/// The format of a text that is not a list with columns; none if it may be one.
pub(super) fn of_text(text: &str) -> Option<FileFormat> {
    let text = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    let begins =
        |beginning: &str| text.get(..beginning.len()).is_some_and(|start| start.eq_ignore_ascii_case(beginning));
    TEXTS.iter().find(|(beginnings, _)| beginnings.iter().any(|beginning| begins(beginning))).map(|(_, format)| *format)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_no_text() {
        assert_eq!(of_bytes(b"PK\x03\x04\x14\0", false), Some(FileFormat::Document));
        assert_eq!(of_bytes(b"\x1f\x8b\x08", false), Some(FileFormat::Archive));
        assert_eq!(of_bytes(&[1, 2, 3, 200, 7, 5], false), Some(FileFormat::Binary));
        assert_eq!(of_bytes(b"", false), None);
        assert_eq!(of_bytes("ann@example.com;x".as_bytes(), false), None);
    }

    #[test]
    fn a_text_without_columns_is_named() {
        for (text, word) in [
            ("\u{feff}<HTML><table>", "web page"),
            ("<?xml version=\"1.0\"?>", "XML"),
            ("[\n  {\"email\": \"ann@example.com\"}]", "JSON"),
            ("dn: uid=ann,dc=example", "LDIF"),
            ("BEGIN:VCARD", "vCard"),
            ("-- MySQL dump 10.13", "SQL"),
        ] {
            assert!(of_text(text).is_some_and(|format| format.to_string().contains(word)), "{text}");
        }
        for text in ["ann@example.com;[{x}];Ann", "\"Email\",\"Password\"", "", "é", "dnb@example.com;x"] {
            assert_eq!(of_text(text), None, "{text}");
        }
    }
}
