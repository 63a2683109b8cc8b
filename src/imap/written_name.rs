//! A folder's name as servers write it in LIST, LSUB and STATUS, even if they break the grammar (RFC 9051, section 9, `mailbox`).
//!
//! - `Old Mail 2019`, without quotes although it has blanks: Domino, and others. It runs to the end of the line; cut at its first blank it
//!   would be another folder's name.
//! - `"Say "hello""`, with quotes inside that are not escaped: it runs to the last quote.
//! - What follows a name may be extended data (RFC 5258): `("CHILDINFO" ("SUBSCRIBED"))`.

/// The name at the beginning of `line`. None where the line ends, as before a literal.
pub(super) fn name(line: &[u8]) -> Option<Vec<u8>> {
    if line.is_empty() {
        return None;
    }
    let extended = (0..line.len()).find(|&at| line[at] == b' ' && is_extended_data(&line[at + 1..]));
    let line = extended.map_or(line, |at| &line[..at]);
    let Some(inner) = line.strip_prefix(b"\"") else { return Some(line.to_vec()) };
    let (text, rest) = unquoted(inner);
    if rest.trim_ascii().is_empty() {
        return Some(text);
    }
    let end = inner.iter().rposition(|&octet| octet == b'"').unwrap_or(inner.len());
    Some(inner[..end].to_vec())
}

/// The name and the items of `STATUS name (…)`, from behind the first word on.
pub(super) fn name_and_items(line: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let at = line.windows(2).rposition(|pair| pair == b" (")?;
    Some((name(&line[..at])?, &line[at + 1..]))
}

/// The text up to the closing quote, its escapes resolved, and what follows. A backslash before any other letter is itself a letter: Domino
/// does not escape it.
pub(super) fn unquoted(inner: &[u8]) -> (Vec<u8>, &[u8]) {
    let (mut text, mut at) = (Vec::new(), 0);
    while let Some(&octet) = inner.get(at) {
        at += 1;
        match (octet, inner.get(at)) {
            (b'"', _) => break,
            (b'\\', Some(&escaped @ (b'"' | b'\\'))) => {
                text.push(escaped);
                at += 1;
            }
            _ => text.push(octet),
        }
    }
    (text, &inner[at..])
}

/// Whether such a string has its last quote.
pub(super) fn is_closed(inner: &[u8]) -> bool {
    let mut octets = inner.iter().peekable();
    while let Some(octet) = octets.next() {
        match octet {
            b'"' => return true,
            b'\\' => _ = octets.next_if(|next| matches!(next, b'"' | b'\\')),
            _ => {}
        }
    }
    false
}

fn is_extended_data(rest: &[u8]) -> bool {
    let Some(inner) = rest.trim_ascii_end().strip_prefix(b"(").and_then(|inner| inner.strip_suffix(b")")) else {
        return false;
    };
    let begins = |tag: &[u8]| inner.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag));
    inner.is_empty() || inner.starts_with(b"\"") || begins(b"CHILDINFO ") || begins(b"OLDNAME ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_runs_to_the_end_of_its_line_however_it_is_quoted() {
        for (line, expected) in [
            ("Old Mail 2019", "Old Mail 2019"),
            ("INBOX/Da\tOggetto\t", "INBOX/Da\tOggetto\t"),
            ("Reports ", "Reports "),
            ("Projects (old)", "Projects (old)"),
            ("Projects (old) ()", "Projects (old)"),
            (r#"Old ("CHILDINFO" ("SUBSCRIBED"))"#, "Old"),
            (r#"Old Mail (childinfo ("SUBSCRIBED"))"#, "Old Mail"),
            (r#""Old Mail" ("CHILDINFO" ("SUBSCRIBED"))"#, "Old Mail"),
            (r#""Say \"hello\"""#, r#"Say "hello""#),
            (r#""Say "hello"""#, r#"Say "hello""#),
            (r#""Folder\Subfolder""#, r"Folder\Subfolder"),
            (r#""Folder\\Subfolder""#, r"Folder\Subfolder"),
            (r#""""#, ""),
            ("NIL", "NIL"),
        ] {
            assert_eq!(name(line.as_bytes()).as_deref(), Some(expected.as_bytes()), "{line}");
        }
        assert_eq!(name(b""), None);
    }

    #[test]
    fn a_status_names_its_folder_up_to_its_items() {
        let found = |line: &str| name_and_items(line.as_bytes()).map(|(name, items)| (name, items.to_vec()));
        for (line, expected) in [
            ("Old Mail (MESSAGES 3)", "Old Mail"),
            (r#""a (b)" (MESSAGES 3)"#, "a (b)"),
            ("x (y) (MESSAGES 3)", "x (y)"),
        ] {
            assert_eq!(found(line), Some((expected.as_bytes().to_vec(), b"(MESSAGES 3)".to_vec())), "{line}");
        }
        assert_eq!(found("x"), None);
    }
}
