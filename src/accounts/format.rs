//! What is no list of accounts at all: documents, archives, and lists in a form that has no columns. Each is named with what to do.

/// What the beginning of a file says it is.
struct Format {
    beginnings: &'static [&'static str],
    what: &'static str,
}

const SPREADSHEET: &str =
    "The file is a spreadsheet or another document. Save it as CSV (UTF-8, separated by semicolons) and load that.";
const ARCHIVE: &str = "The file is compressed. Unpack it and load the CSV file that is in it.";

/// The first bytes of files that are no text.
const DOCUMENTS: [(&[u8], &str); 9] = [
    (b"PK\x03\x04", SPREADSHEET),
    (b"\xd0\xcf\x11\xe0", SPREADSHEET),
    (b"%PDF", SPREADSHEET),
    (b"{\\rtf", SPREADSHEET),
    (b"\x1f\x8b", ARCHIVE),
    (b"BZh", ARCHIVE),
    (b"\xfd7zXZ", ARCHIVE),
    (b"7z\xbc\xaf", ARCHIVE),
    (b"\x28\xb5\x2f\xfd", ARCHIVE),
];

/// The first characters of texts that are no list with columns, in lower case.
const TEXTS: [Format; 6] = [
    Format {
        beginnings: &["<!doctype html", "<html", "<table", "<head", "<meta"],
        what: "The file is a web page, even if it is named like a spreadsheet. Open it in a spreadsheet, save it as CSV (UTF-8) and load that.",
    },
    Format {
        beginnings: &["<?xml"],
        what: "The file is XML. Open it in a spreadsheet, save it as CSV (UTF-8) and load that.",
    },
    Format {
        beginnings: &["[{", "{\"", "[\"", "{\n", "{\r", "[\n", "[\r"],
        what: "The file is JSON. Export the list as CSV and load that.",
    },
    Format {
        beginnings: &["dn:", "version: 1"],
        what: "The file is LDIF, the form of directory services. Export the list as CSV and load that.",
    },
    Format {
        beginnings: &["begin:vcard"],
        what: "The file holds address cards (vCard). Export the accounts as CSV and load that.",
    },
    Format {
        beginnings: &["insert into", "create table", "-- mysql dump", "-- mariadb dump", "-- postgresql"],
        what: "The file is a copy of a database (SQL). Export the accounts as CSV and load that.",
    },
];

/// What to say of bytes that are no text; none for a text.
pub(super) fn of_bytes(bytes: &[u8], is_utf16: bool) -> Option<&'static str> {
    if let Some((_, what)) = DOCUMENTS.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Some(what);
    }
    let start = &bytes[..bytes.len().min(64 * 1024)];
    let control = |byte: &&u8| matches!(byte, 0..=8 | 14..=25 | 28..=31);
    let is_text = is_utf16 || start.iter().filter(control).count() * 20 <= start.len();
    (!is_text).then_some("The file is not a text. Choose the CSV file with the accounts.")
}

/// What to say of a text that is no list with columns; none for one that may be a list.
pub(super) fn of_text(text: &str) -> Option<&'static str> {
    let text = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    let begins =
        |beginning: &str| text.get(..beginning.len()).is_some_and(|start| start.eq_ignore_ascii_case(beginning));
    TEXTS.iter().find(|format| format.beginnings.iter().any(|beginning| begins(beginning))).map(|format| format.what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_no_text() {
        assert_eq!(of_bytes(b"PK\x03\x04\x14\0", false), Some(SPREADSHEET));
        assert_eq!(of_bytes(b"\x1f\x8b\x08", false), Some(ARCHIVE));
        assert!(of_bytes(&[1, 2, 3, 200, 7, 5], false).is_some());
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
            assert!(of_text(text).is_some_and(|what| what.contains(word)), "{text}");
        }
        for text in ["ann@example.com;[{x}];Ann", "\"Email\",\"Password\"", "", "é", "dnb@example.com;x"] {
            assert_eq!(of_text(text), None, "{text}");
        }
    }
}
