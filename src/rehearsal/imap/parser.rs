//! Parses a command: words, strings, lists and literals (RFC 9051, section 9). Hostile input gives `None`, never a panic.

/// A command as received: text, literal, text, literal, …, text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Text(Vec<u8>),
    Literal(Vec<u8>),
}

/// An argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Argument {
    /// A word with any brackets and their content: `BODY.PEEK[HEADER]<0.100>`, `\Seen`, `1:*`.
    Atom(Vec<u8>),
    /// A quoted string.
    Quoted(Vec<u8>),
    /// A literal.
    Literal(Vec<u8>),
    /// A list in parentheses.
    List(Vec<Argument>),
}

/// The deepest nesting of lists.
const DEEPEST: usize = 8;

impl Argument {
    /// A string in any of its forms.
    pub(super) fn text(&self) -> Option<&[u8]> {
        match self {
            Argument::Atom(text) | Argument::Quoted(text) | Argument::Literal(text) => Some(text),
            Argument::List(_) => None,
        }
    }

    /// A word in upper case; empty for anything else.
    pub(super) fn word(&self) -> String {
        match self {
            Argument::Atom(text) => String::from_utf8_lossy(text).to_ascii_uppercase(),
            _ => String::new(),
        }
    }

    /// The list's arguments, or the argument itself.
    pub(super) fn items(&self) -> &[Argument] {
        match self {
            Argument::List(items) => items,
            single => std::slice::from_ref(single),
        }
    }

    /// The flags in a list, which may contain only words.
    pub(super) fn flags(&self) -> Option<Vec<String>> {
        let flag = |argument: &Argument| match argument {
            Argument::Atom(flag) => String::from_utf8(flag.clone()).ok(),
            _ => None,
        };
        self.items().iter().map(flag).collect()
    }
}

/// Parses the arguments of a complete command. None if malformed.
pub(super) fn arguments(parts: Vec<Part>) -> Option<Vec<Argument>> {
    let mut stack: Vec<Vec<Argument>> = vec![Vec::new()];
    for part in parts {
        match part {
            Part::Literal(bytes) => stack.last_mut()?.push(Argument::Literal(bytes)),
            Part::Text(text) => read_text(&text, &mut stack)?,
        }
    }
    if stack.len() == 1 { stack.pop() } else { None }
}

fn read_text(text: &[u8], stack: &mut Vec<Vec<Argument>>) -> Option<()> {
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        match first {
            b' ' => rest = after,
            b'(' => {
                if stack.len() > DEEPEST {
                    return None;
                }
                stack.push(Vec::new());
                rest = after;
            }
            b')' => {
                let list = stack.pop()?;
                stack.last_mut()?.push(Argument::List(list));
                rest = after;
            }
            b'"' => {
                let (quoted, after) = quoted(after)?;
                stack.last_mut()?.push(Argument::Quoted(quoted));
                rest = after;
            }
            _ => {
                let (atom, after) = atom(rest)?;
                stack.last_mut()?.push(Argument::Atom(atom.to_vec()));
                rest = after;
            }
        }
    }
    Some(())
}

fn quoted(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut bytes = Vec::new();
    let mut rest = text;
    loop {
        let (&first, after) = rest.split_first()?;
        rest = after;
        match first {
            b'"' => return Some((bytes, rest)),
            b'\\' => {
                let (&escaped, after) = rest.split_first()?;
                bytes.push(escaped);
                rest = after;
            }
            0 => return None,
            byte => bytes.push(byte),
        }
    }
}

fn atom(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut in_brackets = false;
    let end = text.iter().position(|&byte| {
        match byte {
            b'[' => in_brackets = true,
            b']' => in_brackets = false,
            _ => {}
        }
        !in_brackets && matches!(byte, b' ' | b'(' | b')' | b'"')
    });
    let (atom, rest) = text.split_at(end.unwrap_or(text.len()));
    let clean = atom.iter().all(|byte| *byte > b' ' && *byte != 0x7f || in_brackets || *byte == b' ');
    (clean && !in_brackets && !atom.is_empty()).then_some((atom, rest))
}

/// A literal that a line announces at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Announced {
    /// The length of the line's own text.
    pub(super) text: usize,
    /// Its size.
    pub(super) bytes: u64,
    /// Whether the client does not wait for `+` (RFC 7888).
    pub(super) free: bool,
}

/// The literal announced at the end of a line, if any.
pub(super) fn announced(line: &[u8]) -> Option<Announced> {
    let inner = line.strip_suffix(b"}")?;
    let open = inner.iter().rposition(|byte| *byte == b'{')?;
    let digits = &inner[open + 1..];
    let (digits, free) = match digits.strip_suffix(b"+") {
        Some(digits) => (digits, true),
        None => (digits, false),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let bytes = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some(Announced { text: open, bytes, free })
}

/// Parses a set of numbers: `1:5,8,10:*`. `*` means `largest`. None if malformed.
pub(super) fn number_set(text: &[u8], largest: u32) -> Option<Vec<(u32, u32)>> {
    let number = |text: &str| match text {
        "*" => Some(largest),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok().filter(|number| *number > 0),
        _ => None,
    };
    let range = |part: &str| {
        let (first, last) = part.split_once(':').unwrap_or((part, part));
        let (first, last) = (number(first)?, number(last)?);
        Some((first.min(last), first.max(last)))
    };
    std::str::from_utf8(text).ok()?.split(',').map(range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Vec<Argument>> {
        arguments(vec![Part::Text(text.as_bytes().to_vec())])
    }

    fn atom(text: &str) -> Argument {
        Argument::Atom(text.as_bytes().to_vec())
    }

    #[test]
    fn arguments_are_read_in_every_form() {
        let arguments = read(r#"1:* (UID BODY.PEEK[HEADER.FIELDS (TO)]<0.9>) "a \"b\"" \Seen"#).unwrap();
        let list = Argument::List(vec![atom("UID"), atom("BODY.PEEK[HEADER.FIELDS (TO)]<0.9>")]);
        assert_eq!(arguments, [atom("1:*"), list, Argument::Quoted(b"a \"b\"".to_vec()), atom("\\Seen")]);
    }

    #[test]
    fn what_is_malformed_is_refused() {
        for text in ["(", ")", "\"a", "a[b", "\"\\", "a\u{1}", &"(".repeat(50)] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_literal_is_announced_at_the_end_of_a_line_only() {
        assert_eq!(announced(b"APPEND x {12+}"), Some(Announced { text: 9, bytes: 12, free: true }));
        assert_eq!(announced(b"{7}"), Some(Announced { text: 0, bytes: 7, free: false }));
        for none in [&b"{7} "[..], b"{-7}", b"{}", b"7}", b"{99999999999999999999}"] {
            assert_eq!(announced(none), None);
        }
    }

    #[test]
    fn a_set_of_numbers_is_read_with_its_ranges() {
        assert_eq!(number_set(b"5:3,9,*", 20), Some(vec![(3, 5), (9, 9), (20, 20)]));
        for bad in ["", "0", "a", "1:", "1,,2", "4294967296", "+1"] {
            assert_eq!(number_set(bad.as_bytes(), 20), None, "{bad}");
        }
    }
}
