//! Reading FETCH answers (RFC 9051, section 7.5.2), with their items in any order and unknown ones between them.

use super::date::parse_date;
use super::response::printable;
use super::token::{Piece, Token, Tokens};
use super::written_name::unquoted;
use crate::domain::{MessageHead, Uid, Unused};
use chrono::{DateTime, FixedOffset};

/// The items of one FETCH answer that are used.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Fetched {
    pub(super) uid: Option<Uid>,
    pub(super) flags: Option<Vec<String>>,
    pub(super) date: Option<DateTime<FixedOffset>>,
    /// Whether a date was given, in whatever form.
    is_dated: bool,
    pub(super) unused: Unused,
    pub(super) size: Option<u64>,
    pub(super) permanent_id: Option<u64>,
    pub(super) body: Option<Body>,
    /// Whether the body is called a part that begins at the first octet, `BODY[]<0>`. It may be all of it or not.
    pub(super) is_part: bool,
    /// Fields of the header.
    pub(super) header: Option<Vec<u8>>,
}

/// How a body came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// It was passed on while it was read.
    Streamed,
    /// As a quoted string or kept literal.
    Whole(Vec<u8>),
    /// Only its beginning: it was too long to keep.
    Cut,
    /// NIL: the server has none.
    Nil,
}

/// At most this many flags of one message are kept.
const MOST_FLAGS: usize = 1000;
/// Larger sizes count as this one, because sizes are added up.
const LARGEST_SIZE: u64 = 1 << 40;

impl Fetched {
    /// Reads `12 FETCH (…)`; none for another answer.
    pub(super) fn parse(pieces: &[Piece]) -> Option<Self> {
        let mut tokens = Tokens::new(pieces);
        let _sequence: u32 = tokens.next()?.number()?;
        if !tokens.next()?.is("FETCH") || tokens.next()? != Token::Open {
            return None;
        }
        let mut fetched = Self::default();
        while let Some(token) = tokens.next() {
            let Token::Atom(name) = token else {
                if token == Token::Close {
                    break;
                }
                continue;
            };
            fetched.take_item(name, &mut tokens);
        }
        Some(fetched)
    }

    /// The head it describes, if it has a UID, and a size or a date: without both it is an unrequested change of flags.
    pub(super) fn head(self) -> Option<MessageHead> {
        let uid = self.uid.filter(|_| self.size.is_some() || self.date.is_some())?;
        let unused = Unused { no_flags: self.flags.is_none(), ..self.unused };
        let flags = self.flags.unwrap_or_default().into_iter().filter(|flag| !flag.eq_ignore_ascii_case("\\Recent"));
        Some(MessageHead {
            uid,
            size: self.size.unwrap_or(0),
            flags: flags.collect(),
            date: self.date,
            permanent_id: self.permanent_id,
            unused: Some(unused).filter(|unused| *unused != Unused::default()).map(Box::new),
        })
    }

    /// The flags of a message in it, without \Recent; none if it has no UID or no flags.
    pub(super) fn flags(self) -> Option<(Uid, Vec<String>)> {
        let flags = self.flags?.into_iter().filter(|flag| !flag.eq_ignore_ascii_case("\\Recent"));
        Some((self.uid?, flags.collect()))
    }

    /// Whether nothing that is asked for of every message is missing.
    pub(super) fn is_whole_head(&self) -> bool {
        self.flags.is_some() && self.size.is_some() && self.is_dated
    }

    /// Joins two answers about the same message. Flags alone may be an unrequested change, so they only fill a gap.
    pub(super) fn joined(self, later: Self) -> Self {
        let is_news = later.size.is_none() && later.date.is_none();
        let (first, second) = if is_news { (self, later) } else { (later, self) };
        Self {
            uid: first.uid,
            flags: first.flags.or(second.flags),
            date: first.date.or(second.date),
            is_dated: first.is_dated || second.is_dated,
            size: first.size.or(second.size),
            permanent_id: first.permanent_id.or(second.permanent_id),
            unused: Unused {
                no_flags: false,
                date: first.unused.date.or(second.unused.date),
                flag: first.unused.flag.or(second.unused.flag),
            },
            body: first.body.or(second.body),
            is_part: first.is_part || second.is_part,
            header: first.header.or(second.header),
        }
    }

    fn take_item(&mut self, name: &[u8], tokens: &mut Tokens<'_>) {
        let is = |item: &str| name.eq_ignore_ascii_case(item.as_bytes());
        if is("FLAGS")
            && let Some(list) = tokens.flag_list()
        {
            let (flags, unused) = flags(list);
            self.flags = Some(flags);
            self.unused.flag = unused;
            return;
        }
        let Some(value) = tokens.next() else { return };
        if is("UID") {
            self.uid = value.number().filter(|uid| *uid != 0).map(Uid);
        } else if is("RFC822.SIZE") {
            self.size = value.number().map(|octets: u64| octets.min(LARGEST_SIZE));
        } else if is("X-GM-MSGID") {
            self.permanent_id = value.number();
        } else if is("INTERNALDATE") {
            self.is_dated = true;
            let text = value.text().map(String::from_utf8_lossy).filter(|text| !text.trim().is_empty());
            self.date = text.as_deref().and_then(parse_date);
            self.unused.date = text.filter(|_| self.date.is_none()).map(|text| printable(&text));
        } else if is_whole_body(name) {
            self.is_part = is_part(name);
            self.body = Some(match value {
                Token::Streamed => Body::Streamed,
                Token::Text(text) => Body::Whole(text),
                Token::Cut(_) => Body::Cut,
                _ => Body::Nil,
            });
        } else if is_fields(name) {
            self.header = value.text().map(<[u8]>::to_vec);
        } else if value == Token::Open {
            tokens.skip_list();
        }
    }
}

/// Whether an item is the whole message: `BODY[]`, and `BODY[]<0>` of servers that answer so.
pub(super) fn is_whole_body(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"BODY[]") || is_part(name)
}

fn is_part(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"BODY[]<0>")
}

/// Whether an item is fields of the header. Servers differ in how they write the list of fields.
fn is_fields(name: &[u8]) -> bool {
    const BEGINNING: &[u8] = b"BODY[HEADER.FIELDS";
    name.get(..BEGINNING.len()).is_some_and(|start| start.eq_ignore_ascii_case(BEGINNING))
}

/// The size among the items of an answer, RFC822.SIZE.
pub(super) fn size_in(pieces: &[Piece]) -> Option<u64> {
    let mut tokens = Tokens::new(pieces);
    tokens.find(|token| token.is("RFC822.SIZE"))?;
    tokens.next()?.number()
}

/// The same in the text behind a message.
pub(super) fn size_among(text: &[u8]) -> Option<u64> {
    size_in(&[Piece::Text(text.to_vec())])
}

/// Whether a text is the end of a FETCH answer, with known items and nothing else.
pub(super) fn are_items(text: &[u8]) -> bool {
    let Some(inner) = text.strip_suffix(b")") else { return false };
    let pieces = [Piece::Text(inner.to_vec())];
    let mut tokens = Tokens::new(&pieces);
    let mut any = false;
    while let Some(name) = tokens.next() {
        let known = match &name {
            name if name.is("FLAGS") => tokens.flag_list().is_some(),
            name if name.is("UID") || name.is("RFC822.SIZE") => {
                tokens.next().is_some_and(|value| value.number::<u64>().is_some())
            }
            name if name.is("INTERNALDATE") => matches!(tokens.next(), Some(Token::Text(_))),
            _ => false,
        };
        if !known {
            return false;
        }
        any = true;
    }
    any
}

/// What is known of a body when its literal begins.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct BodyAhead {
    /// The UID, if it came before the body.
    pub(super) uid: Option<Uid>,
    /// See [`Fetched::is_part`].
    pub(super) is_part: bool,
}

/// What the items before a literal say of it, if it is a whole body. They are read as [`Fetched::parse`] reads them.
pub(super) fn before_literal(pieces: &[Piece]) -> Option<BodyAhead> {
    let mut tokens = Tokens::new(pieces);
    let _sequence: u32 = tokens.next()?.number()?;
    if !tokens.next()?.is("FETCH") || tokens.next()? != Token::Open {
        return None;
    }
    let mut before = Fetched::default();
    loop {
        match tokens.next()? {
            Token::Atom(name) if tokens.is_at_end() => {
                return is_whole_body(name).then(|| BodyAhead { uid: before.uid, is_part: is_part(name) });
            }
            Token::Atom(name) => before.take_item(name, &mut tokens),
            Token::Close => return None,
            _ => {}
        }
    }
}

/// The flags of a list, some of which servers put in quotes, and the first that no command can send.
fn flags(list: &[u8]) -> (Vec<String>, Option<String>) {
    let (mut flags, mut unused) = (Vec::new(), None);
    let mut rest = list.trim_ascii();
    while !rest.is_empty() {
        let (flag, after) = match rest.strip_prefix(b"\"") {
            Some(inner) => unquoted(inner),
            None => {
                let end = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
                (rest[..end].to_vec(), &rest[end..])
            }
        };
        rest = after.trim_ascii_start();
        let text = String::from_utf8_lossy(&flag);
        if !is_flag(&flag) {
            unused = unused.or_else(|| Some(printable(&text)).filter(|text| !text.is_empty()));
        } else if flags.len() < MOST_FLAGS {
            flags.push(text.into_owned());
        }
    }
    (flags, unused)
}

/// Whether an atom can be sent as a flag: nothing a server calls a flag may end our command.
fn is_flag(flag: &[u8]) -> bool {
    let name = flag.strip_prefix(b"\\").unwrap_or(flag);
    let allowed = |octet: &u8| matches!(octet, b'!'..=b'~') && !b"(){%*\"\\]".contains(octet);
    (1..=250).contains(&name.len()) && name.iter().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(line: &[u8]) -> Piece {
        Piece::Text(line.to_vec())
    }

    #[test]
    fn items_are_read_in_any_order_and_between_unknown_ones() {
        let pieces = [text(
            br#"3 FETCH (X-THING (1 (2 "3")) INTERNALDATE " 7-Feb-2020 01:02:03 +0530" RFC822.SIZE 42 FLAGS (\Seen \Recent $x) X-GM-MSGID 18446744073709551615 UID 9 MODSEQ (12))"#,
        )];
        let head = Fetched::parse(&pieces).unwrap().head().unwrap();
        assert_eq!((head.uid, head.size, head.flags), (Uid(9), 42, vec!["\\Seen".to_owned(), "$x".to_owned()]));
        assert!(head.date.is_some());
        assert_eq!(head.permanent_id, Some(u64::MAX));
    }

    #[test]
    fn an_unasked_flags_update_is_no_head() {
        assert_eq!(Fetched::parse(&[text(br"3 FETCH (FLAGS (\Seen))")]).unwrap().head(), None);
        assert_eq!(Fetched::parse(&[text(br"3 FETCH (UID 7 FLAGS (\Seen))")]).unwrap().head(), None);
        assert_eq!(Fetched::parse(&[text(b"3 EXISTS")]), None);
        let odd = Fetched::parse(&[text(b"3 FETCH (UID 0 INTERNALDATE NIL FLAGS NIL RFC822.SIZE x)")]).unwrap();
        assert_eq!((odd.uid, odd.date, odd.size), (None, None, None));
    }

    #[test]
    fn flags_without_end_and_an_endless_size_are_cut() {
        let line = format!("3 FETCH (UID 1 FLAGS ({}) RFC822.SIZE {})", "x ".repeat(2 * MOST_FLAGS), u64::MAX);
        let fetched = Fetched::parse(&[text(line.as_bytes())]).unwrap();
        assert_eq!((fetched.flags.unwrap().len(), fetched.size), (MOST_FLAGS, Some(LARGEST_SIZE)));
    }

    #[test]
    fn a_literal_is_a_body_only_where_a_body_is_expected() {
        let ahead = |uid, is_part| Some(BodyAhead { uid, is_part });
        assert_eq!(before_literal(&[text(b"3 FETCH (UID 7 BODY[] ")]), ahead(Some(Uid(7)), false));
        assert_eq!(before_literal(&[text(b"3 FETCH (FLAGS (a b) body[] ")]), ahead(None, false));
        assert_eq!(before_literal(&[text(b"3 FETCH (UID 7 BODY[]<0> ")]), ahead(Some(Uid(7)), true));
        // Whatever flags hold, the body behind them is one.
        for list in ["todo[x", "\\Seen a\"b c", "[draft \"x)y\"", ""] {
            let line = format!("3 FETCH (UID 7 FLAGS ({list}) BODY[] ");
            assert_eq!(before_literal(&[text(line.as_bytes())]), ahead(Some(Uid(7)), false), "{list}");
        }
        assert_eq!(before_literal(&[text(b"3 FETCH (UID 7 BODY[HEADER.FIELDS (TO)] ")]), None);
        assert_eq!(before_literal(&[text(b"3 FETCH (UID 7 X-LIST (BODY[] ")]), None);
        assert_eq!(before_literal(&[text(b"LIST (\\Noselect) \"/\" ")]), None);
    }

    #[test]
    fn what_could_end_a_command_is_no_flag() {
        let pieces = [text(b"3 FETCH (UID 1 FLAGS (ok a]b {3} \\Seen x\x01y \"q\") RFC822.SIZE 1)")];
        let fetched = Fetched::parse(&pieces).unwrap();
        assert_eq!((fetched.flags.unwrap(), fetched.size), (vec!["ok".into(), "\\Seen".into(), "q".into()], Some(1)));
        assert_eq!(fetched.unused.flag.as_deref(), Some("a]b"));
    }

    #[test]
    fn flags_end_at_a_blank_or_a_parenthesis_whatever_brackets_and_quotes_they_hold() {
        for (list, flags, unused) in [
            ("\\Seen todo[x later", &["\\Seen", "todo[x", "later"][..], None),
            ("[draft \\Flagged", &["[draft", "\\Flagged"], None),
            ("OIB-Seen-[Gmail]/Trash $Phishing", &["$Phishing"], Some("OIB-Seen-[Gmail]/Trash")),
            ("\"\\Seen\" \"two words\" \"x)y\" last", &["\\Seen", "last"], Some("two words")),
            ("", &[], None),
        ] {
            let line = format!("3 FETCH (FLAGS ({list}) UID 7 RFC822.SIZE 4)");
            let fetched = Fetched::parse(&[text(line.as_bytes())]).unwrap();
            assert_eq!((fetched.uid, fetched.size), (Some(Uid(7)), Some(4)), "{list}");
            assert_eq!(
                (fetched.flags.unwrap(), fetched.unused.flag.as_deref()),
                (flags.iter().map(|flag| flag.to_string()).collect(), unused)
            );
        }
        assert_eq!(Fetched::parse(&[text(b"3 FETCH (UID 7 FLAGS (a \"b c) RFC822.SIZE 4)")]).unwrap().size, Some(4));
    }

    #[test]
    fn a_date_that_cannot_be_understood_is_kept_as_it_was_written() {
        let head = |date: &str| {
            Fetched::parse(&[text(format!("3 FETCH (UID 7 FLAGS () RFC822.SIZE 4 INTERNALDATE {date})").as_bytes())])
        };
        let unused = |date: &str| head(date).unwrap().head().unwrap().unused.map(|unused| unused.date.unwrap());
        assert_eq!(unused("\"some day\""), Some("some day".to_owned()));
        assert_eq!((unused("NIL"), unused("\"\""), unused("\" 7-Feb-2020 01:02:03 +0530\"")), (None, None, None));
    }
}
