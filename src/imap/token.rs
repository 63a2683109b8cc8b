//! A tolerant reader of a server's answer: tokens from text and literals, without recursion, skipping what it does not know.
//!
//! Promises never to fail: octets that fit no rule become part of an atom, a list without an end ends with the answer.

use super::written_name::{is_closed, unquoted};

/// A piece of an answer as it came from the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// A line, without its end and without the announcement of a literal.
    Text(Vec<u8>),
    /// A literal kept in memory.
    Literal(Vec<u8>),
    /// The beginning of a literal that was too long to keep; nothing, behind a line that was.
    Cut(Vec<u8>),
    /// A literal that was passed on while it was read.
    Streamed,
}

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// `(`
    Open,
    /// `)`
    Close,
    /// Anything without quotes: atoms, numbers, `NIL`, `BODY[HEADER.FIELDS (TO)]`.
    Atom(&'a [u8]),
    /// A quoted string, its escapes resolved, or a literal.
    Text(Vec<u8>),
    /// The beginning of one whose end is not known: a literal that was too long to keep, or a string without its last quote.
    Cut(Vec<u8>),
    /// A literal that was passed on.
    Streamed,
}

impl Token<'_> {
    /// The text of an atom or string, as far as it is known; `NIL` is none.
    pub(super) fn text(&self) -> Option<&[u8]> {
        match self {
            Token::Atom(atom) if atom.eq_ignore_ascii_case(b"NIL") => None,
            Token::Atom(atom) => Some(atom),
            Token::Text(text) | Token::Cut(text) => Some(text),
            Token::Open | Token::Close | Token::Streamed => None,
        }
    }

    /// Whether it is this atom, in any case of letters.
    pub(super) fn is(&self, atom: &str) -> bool {
        matches!(self, Token::Atom(found) if found.eq_ignore_ascii_case(atom.as_bytes()))
    }

    /// The number in it.
    pub(super) fn number<N: std::str::FromStr>(&self) -> Option<N> {
        match self {
            Token::Atom(atom) => std::str::from_utf8(atom).ok()?.parse().ok(),
            _ => None,
        }
    }
}

/// Reads tokens from the pieces of one answer.
pub(super) struct Tokens<'a> {
    pieces: &'a [Piece],
    /// The position in the first piece.
    at: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(pieces: &'a [Piece]) -> Self {
        Self { pieces, at: 0 }
    }

    /// What is left of the current line, from the next octet that is not a space.
    pub(super) fn rest_of_line(&self) -> &'a [u8] {
        match self.pieces.first() {
            Some(Piece::Text(text)) => text.get(self.at..).unwrap_or_default().trim_ascii_start(),
            _ => &[],
        }
    }

    /// Whether nothing is left.
    pub(super) fn is_at_end(&self) -> bool {
        matches!(self.pieces, [] | [Piece::Text(_)]) && self.rest_of_line().is_empty()
    }

    /// Skips to the end of the list that was opened by the token just read.
    pub(super) fn skip_list(&mut self) {
        let mut depth = 1_u32;
        while depth > 0 {
            match self.next() {
                Some(Token::Open) => depth += 1,
                Some(Token::Close) => depth -= 1,
                Some(_) => {}
                None => return,
            }
        }
    }

    fn atom(&mut self, text: &'a [u8]) -> Token<'a> {
        let start = self.at;
        let mut brackets = 0_u32;
        while let Some(&octet) = text.get(self.at) {
            match octet {
                b'[' => brackets += 1,
                b']' => brackets = brackets.saturating_sub(1),
                b' ' | b'(' | b')' if brackets == 0 => break,
                b'"' if brackets == 0 && self.at > start => break,
                _ => {}
            }
            self.at += 1;
        }
        Token::Atom(&text[start..self.at])
    }

    fn quoted(&mut self, text: &[u8]) -> Token<'a> {
        let inner = &text[self.at + 1..];
        let (string, rest) = unquoted(inner);
        self.at = text.len() - rest.len();
        if is_closed(inner) { Token::Text(string) } else { Token::Cut(string) }
    }

    /// Skips these octets if they come next, after blanks.
    pub(super) fn skip(&mut self, octets: &[u8]) -> bool {
        let rest = self.rest_of_line();
        let skips = rest.starts_with(octets);
        if let (true, Some(Piece::Text(text))) = (skips, self.pieces.first()) {
            self.at = text.len() - rest.len() + octets.len();
        }
        skips
    }

    /// The inside of a list of flags, without its parentheses. Flags end at a blank or a parenthesis; brackets are letters in them,
    /// whatever the grammar says.
    pub(super) fn flag_list(&mut self) -> Option<&'a [u8]> {
        let inner = self.rest_of_line().strip_prefix(b"(")?;
        let (mut in_quotes, mut depth, mut begins) = (false, 0_u32, true);
        let end = inner.iter().position(|octet| {
            in_quotes ^= *octet == b'"';
            // A list in the list, which no grammar has. Within a flag the parenthesis is a letter.
            depth += u32::from(*octet == b'(' && begins && !in_quotes);
            begins = matches!(*octet, b' ' | b'(');
            let closes = *octet == b')' && !in_quotes;
            let ends = closes && depth == 0;
            depth -= u32::from(closes && !ends);
            ends
        });
        // A quote without its partner is a letter, too.
        let end = end.or_else(|| inner.iter().position(|octet| *octet == b')'));
        let (list, after) = end.map_or((inner, &[][..]), |end| (&inner[..end], &inner[end + 1..]));
        if let Some(Piece::Text(text)) = self.pieces.first() {
            self.at = text.len() - after.len();
        }
        Some(list)
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            match self.pieces.first()? {
                Piece::Text(text) => {
                    match text.get(self.at) {
                        None => {
                            self.pieces = &self.pieces[1..];
                            self.at = 0;
                            continue;
                        }
                        Some(b' ' | b'\t') => {
                            self.at += 1;
                            continue;
                        }
                        Some(b'(') => {
                            self.at += 1;
                            return Some(Token::Open);
                        }
                        Some(b')') => {
                            self.at += 1;
                            return Some(Token::Close);
                        }
                        Some(b'"') => return Some(self.quoted(text)),
                        Some(_) => return Some(self.atom(text)),
                    };
                }
                Piece::Literal(octets) => {
                    self.pieces = &self.pieces[1..];
                    return Some(Token::Text(octets.clone()));
                }
                Piece::Cut(octets) => {
                    self.pieces = &self.pieces[1..];
                    return Some(Token::Cut(octets.clone()));
                }
                Piece::Streamed => {
                    self.pieces = &self.pieces[1..];
                    return Some(Token::Streamed);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(pieces: &[Piece]) -> Vec<Token<'_>> {
        Tokens::new(pieces).collect()
    }

    #[test]
    fn an_answer_is_read_across_its_literals() {
        let pieces = [
            Piece::Text(b"(UID 5 BODY[HEADER.FIELDS (TO CC)] ".to_vec()),
            Piece::Literal(b"x)".to_vec()),
            Piece::Text(br#" FLAGS (\Seen "q\"\\" NIL))"#.to_vec()),
        ];
        assert_eq!(
            tokens(&pieces),
            vec![
                Token::Open,
                Token::Atom(b"UID"),
                Token::Atom(b"5"),
                Token::Atom(b"BODY[HEADER.FIELDS (TO CC)]"),
                Token::Text(b"x)".to_vec()),
                Token::Atom(b"FLAGS"),
                Token::Open,
                Token::Atom(b"\\Seen"),
                Token::Text(b"q\"\\".to_vec()),
                Token::Atom(b"NIL"),
                Token::Close,
                Token::Close,
            ]
        );
    }

    #[test]
    fn nonsense_ends_with_the_answer() {
        for nonsense in [&b"((((((("[..], b"\"never closed", b"a]]b[[", b"\"\\", b"\xff\x00)", b")))"] {
            let _ = tokens(&[Piece::Text(nonsense.to_vec())]);
        }
        let deep = vec![b'('; 100_000];
        let pieces = [Piece::Text(deep)];
        let mut reader = Tokens::new(&pieces);
        reader.next();
        reader.skip_list();
        assert_eq!(reader.next(), None);
    }
}
