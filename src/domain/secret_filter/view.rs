//! Views of a text: its content without one of the encodings in which servers and programs repeat what they were sent.
//!
//! - Backslashes (IMAP, C, JSON, Rust), percent-encoding (RFC 3986), quoted-printable and encoded words (RFC 2045, RFC 2047), UTF-7 and
//!   folder names (RFC 2152, RFC 3501), entities (HTML, XML), bytes as numbers in hex or decimal, with or without something between them,
//!   and lines that were broken.
//! - Also without what nobody sees, and in one way of writing each character: see [`folded`].
//! - One encoding may be within another: a percent-encoded entity, a quoted string within JSON. From a long text only the outermost is
//!   removed.
//! - Whatever is not UTF-8 then counts as Latin-1, and zeros as those of UTF-16, which are left out.

pub mod folded;

use super::START;
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::ops::Range;
use zeroize::Zeroizing;

/// A longer text is looked into only once: its sender decides how much work it makes.
const DEEP: usize = 16 << 10;

/// A text without an encoding, and where each byte of it comes from.
#[derive(Default)]
pub struct View {
    pub bytes: Zeroizing<Vec<u8>>,
    origins: Vec<Range<usize>>,
}

/// Decodes the beginning of a text: its content, and how many bytes are encoded; none if nothing is. The second argument says whether a
/// letter or digit is before it.
type Decode = fn(&[u8], bool) -> Option<(Vec<u8>, usize)>;

/// The encodings, each with a byte that every text in it has, if there is one.
const ENCODINGS: [(Option<u8>, Decode); 10] = [
    (Some(b'\\'), escape),
    (Some(b'%'), percent),
    (Some(b'='), quoted_printable),
    (Some(b'='), encoded_word),
    (Some(b'&'), folder_name),
    (Some(b'+'), utf7),
    (Some(b'&'), entity),
    (Some(b'\n'), broken_line),
    (None, hex_numbers),
    (None, decimal_numbers),
];

/// Shows each view of a text to `look`, one at a time.
pub fn for_each_view(text: &[u8], look: &mut dyn FnMut(&View)) {
    for_each(text, text.len() <= DEEP, look);
}

fn for_each(text: &[u8], deep: bool, look: &mut dyn FnMut(&View)) {
    for (mark, decode) in ENCODINGS {
        let has_mark = mark.is_none_or(|mark| text.contains(&mark));
        let Some(view) = has_mark.then(|| View::of(text, decode)).flatten() else { continue };
        look_into(&view, deep, look);
    }
    folded::views(text).iter().for_each(|view| look_into(view, deep, look));
}

fn look_into(view: &View, deep: bool, look: &mut dyn FnMut(&View)) {
    look(view);
    if deep {
        for_each(&view.bytes, false, &mut |inner| look(&inner.within(view)));
    }
}

impl View {
    /// This view of a text; none if nothing is encoded.
    fn of(text: &[u8], decode: Decode) -> Option<Self> {
        let follows = |at: usize| at > 0 && text[at - 1].is_ascii_alphanumeric();
        // Most texts have nothing encoded, and are not copied.
        let mut at = (0..text.len()).find(|at| decode(&text[*at..], follows(*at)).is_some())?;
        let mut view =
            Self { bytes: Zeroizing::new(text[..at].to_vec()), origins: (0..at).map(|at| at..at + 1).collect() };
        while let Some(byte) = text.get(at) {
            let length = match decode(&text[at..], follows(at)) {
                Some((decoded, length)) => {
                    view.origins.extend(decoded.iter().map(|_| at..at + length));
                    view.bytes.extend(decoded);
                    length
                }
                None => {
                    view.bytes.push(*byte);
                    view.origins.push(at..at + 1);
                    1
                }
            };
            at += length;
        }
        Some(view.into_text())
    }

    /// The view without zeros, and with whatever is not UTF-8 as Latin-1.
    fn into_text(self) -> Self {
        if !self.bytes.contains(&0) && std::str::from_utf8(&self.bytes).is_ok() {
            return self;
        }
        let (mut text, mut at) = (Self::default(), 0);
        let without: Vec<usize> = (0..self.bytes.len()).filter(|at| self.bytes[*at] != 0).collect();
        let bytes = Zeroizing::new(without.iter().map(|at| self.bytes[*at]).collect::<Vec<u8>>());
        let mut take = |byte: u8, at: usize| {
            text.bytes.push(byte);
            text.origins.push(self.origins[without[at]].clone());
        };
        for chunk in bytes.utf8_chunks() {
            for byte in chunk.valid().bytes() {
                take(byte, at);
                at += 1;
            }
            for byte in chunk.invalid() {
                char::from(*byte).encode_utf8(&mut [0; 2]).bytes().for_each(|byte| take(byte, at));
                at += 1;
            }
        }
        text
    }

    /// This view of a view, as one of the text.
    fn within(&self, outer: &View) -> Self {
        let origins = self.origins.iter().map(|range| outer.origin(range.clone())).collect();
        Self { bytes: self.bytes.clone(), origins }
    }

    /// Adds a text that stands for this part of the original.
    pub fn push(&mut self, text: &str, origin: Range<usize>) {
        self.bytes.extend(text.bytes());
        self.origins.extend(text.bytes().map(|_| origin.clone()));
    }

    /// The encoded part of the text for a part of this view.
    pub fn origin(&self, range: Range<usize>) -> Range<usize> {
        let end = range.end.checked_sub(1).and_then(|last| self.origins.get(last));
        match self.origins.get(range.start).zip(end) {
            Some((first, last)) => first.start..last.end,
            None => 0..0,
        }
    }
}

/// Backslashes as in IMAP, C, JSON and Rust.
fn escape(rest: &[u8], _: bool) -> Option<(Vec<u8>, usize)> {
    match rest {
        [b'\\', b'u', b'{', digits @ ..] => {
            let end = digits.iter().take(7).position(|digit| *digit == b'}')?;
            Some((character(number(&digits[..end], 16)?)?, end + 4))
        }
        [b'\\', b'u', digits @ ..] => {
            let unit = number(digits.get(..4)?, 16)?;
            let low = match digits.get(4..10) {
                Some([b'\\', b'u', low @ ..]) => number(low, 16),
                _ => None,
            };
            match low {
                Some(low @ 0xDC00..=0xDFFF) if (0xD800..0xDC00).contains(&unit) => {
                    Some((character(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00))?, 12))
                }
                _ => Some((character(unit)?, 6)),
            }
        }
        [b'\\', b'x', digits @ ..] => Some((vec![byte_of(digits)?], 4)),
        [b'\\', digits @ ..] if digits.get(..3).is_some_and(|it| it.iter().all(|it| (b'0'..b'8').contains(it))) => {
            Some((vec![u8::try_from(number(&digits[..3], 8)?).ok()?], 4))
        }
        [b'\\', letter @ (b'"' | b'\\' | b'/' | b'\''), ..] => Some((vec![*letter], 2)),
        _ => None,
    }
}

/// Percent-encoding, with `+` for a space. The encoding of the last byte may be cut off.
fn percent(rest: &[u8], _: bool) -> Option<(Vec<u8>, usize)> {
    match rest {
        [b'+', ..] => Some((vec![b' '], 1)),
        _ => marked_byte(rest, b'%'),
    }
}

fn quoted_printable(rest: &[u8], _: bool) -> Option<(Vec<u8>, usize)> {
    match rest {
        [b'=', b'\r', b'\n', ..] => Some((Vec::new(), 3)),
        [b'=', b'\n', ..] => Some((Vec::new(), 2)),
        _ => marked_byte(rest, b'='),
    }
}

/// Quoted-printable as in headers, where `_` is a space.
fn encoded_word(rest: &[u8], follows: bool) -> Option<(Vec<u8>, usize)> {
    if rest.first() == Some(&b'_') { Some((vec![b' '], 1)) } else { quoted_printable(rest, follows) }
}

fn marked_byte(rest: &[u8], mark: u8) -> Option<(Vec<u8>, usize)> {
    let digits = rest.strip_prefix(&[mark])?;
    if digits.len() < 2 && digits.iter().all(u8::is_ascii_hexdigit) {
        return Some((Vec::new(), rest.len()));
    }
    Some((vec![byte_of(digits)?], 3))
}

/// Modified UTF-7 (RFC 3501, section 5.1.3).
fn folder_name(rest: &[u8], _: bool) -> Option<(Vec<u8>, usize)> {
    shifted(rest, b'&', b',')
}

fn utf7(rest: &[u8], _: bool) -> Option<(Vec<u8>, usize)> {
    shifted(rest, b'+', b'/')
}

/// UTF-16 in Base64 after a mark, with `last` as its last digit; the mark and `-` are the mark itself.
fn shifted(rest: &[u8], mark: u8, last: u8) -> Option<(Vec<u8>, usize)> {
    let encoded = rest.strip_prefix(&[mark])?;
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'+' || *byte == last;
    let length = encoded.iter().position(|byte| !is_digit(byte)).unwrap_or(encoded.len());
    let digits = Zeroizing::new(
        encoded[..length].iter().map(|byte| if *byte == last { b'/' } else { *byte }).collect::<Vec<u8>>(),
    );
    let taken = 1 + length + usize::from(encoded.get(length) == Some(&b'-'));
    if digits.is_empty() {
        return (taken == 2).then(|| (vec![mark], 2));
    }
    let bytes = Zeroizing::new(LENIENT.decode(digits.as_slice()).ok()?);
    let units = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let decoded: String = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    Some((decoded.into_bytes(), taken))
}

/// The names of the characters from U+00A0 on (HTML, section 13.5).
const LATIN: &str = "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro \
    para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute \
    Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN \
    szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute \
    ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml";
/// The names of further characters.
const NAMED: [(&str, char); 34] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("euro", '€'),
    ("excl", '!'),
    ("num", '#'),
    ("dollar", '$'),
    ("percnt", '%'),
    ("lpar", '('),
    ("rpar", ')'),
    ("ast", '*'),
    ("plus", '+'),
    ("comma", ','),
    ("period", '.'),
    ("sol", '/'),
    ("colon", ':'),
    ("semi", ';'),
    ("equals", '='),
    ("quest", '?'),
    ("commat", '@'),
    ("lsqb", '['),
    ("lbrack", '['),
    ("bsol", '\\'),
    ("rsqb", ']'),
    ("rbrack", ']'),
    ("Hat", '^'),
    ("lowbar", '_'),
    ("grave", '`'),
    ("lcub", '{'),
    ("vert", '|'),
    ("rcub", '}'),
    ("Tab", '\t'),
];

/// The entities of XML, and those of HTML that a keyboard has.
fn entity(rest: &[u8], _: bool) -> Option<(Vec<u8>, usize)> {
    const LONGEST: usize = 12;
    let end = rest.iter().take(LONGEST).position(|byte| *byte == b';')?;
    let code = match &rest[..end] {
        [b'&', b'#', b'x' | b'X', digits @ ..] => number(digits, 16)?,
        [b'&', b'#', digits @ ..] => number(digits, 10)?,
        [b'&', name @ ..] => {
            let known = NAMED.iter().find(|(known, _)| known.as_bytes() == name).map(|(_, c)| u32::from(*c));
            let latin =
                || LATIN.split_whitespace().position(|known| known.as_bytes() == name).map(|at| 0xA0 + at as u32);
            known.or_else(latin)?
        }
        _ => return None,
    };
    Some((character(code)?, end + 1))
}

/// A line end, with the blanks of the next line.
fn broken_line(rest: &[u8], _: bool) -> Option<(Vec<u8>, usize)> {
    let end = if rest.starts_with(b"\r\n") { 2 } else { usize::from(rest.first() == Some(&b'\n')) };
    let blanks = rest[end..].iter().take_while(|byte| b" \t".contains(byte)).count();
    (end > 0).then(|| (Vec::new(), end + blanks))
}

/// Bytes in hex, as `47:65`, `0x47, 0x65`, `4765 6865` or without anything between them.
fn hex_numbers(rest: &[u8], follows: bool) -> Option<(Vec<u8>, usize)> {
    numbers(rest, follows, |digits| {
        let length = digits.iter().take_while(|digit| digit.is_ascii_hexdigit()).count();
        let bytes: Option<Vec<u8>> = digits[..length & !1].chunks(2).map(byte_of).collect();
        Some((bytes.filter(|_| length % 2 == 0)?, length))
    })
}

/// Bytes as decimal numbers, as `[71, 101]`.
fn decimal_numbers(rest: &[u8], follows: bool) -> Option<(Vec<u8>, usize)> {
    numbers(rest, follows, |digits| {
        let length = digits.iter().take_while(|digit| digit.is_ascii_digit()).count();
        Some((vec![u8::try_from(number(&digits[..length], 10)?).ok()?], length))
    })
}

/// Consecutive numbers, each read by `read`, with little between them: at least as many as the shortest part of a secret has bytes.
fn numbers(rest: &[u8], follows: bool, read: impl Fn(&[u8]) -> Option<(Vec<u8>, usize)>) -> Option<(Vec<u8>, usize)> {
    if follows || !rest.first()?.is_ascii_hexdigit() {
        return None;
    }
    let (mut bytes, mut end, mut at) = (Zeroizing::new(Vec::new()), 0, 0);
    loop {
        at += if rest[at..].starts_with(b"0x") || rest[at..].starts_with(b"0X") { 2 } else { 0 };
        let Some((more, length)) = read(&rest[at..]).filter(|(more, _)| !more.is_empty()) else { break };
        at += length;
        if rest.get(at).is_some_and(u8::is_ascii_alphanumeric) {
            break;
        }
        bytes.extend(more);
        end = at;
        let between = rest[at..].iter().take(3).take_while(|byte| b" ,:;-.|_".contains(byte)).count();
        if between == 0 {
            break;
        }
        at += between;
    }
    (bytes.len() >= START).then(|| (std::mem::take(&mut *bytes), end))
}

/// Base64 whose end a server may have cut off.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The byte that two digits in hex stand for.
fn byte_of(digits: &[u8]) -> Option<u8> {
    u8::try_from(number(digits.get(..2)?, 16)?).ok()
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
    u32::from_str_radix(digits, radix).ok()
}

fn character(code: u32) -> Option<Vec<u8>> {
    char::from_u32(code).map(|c| c.to_string().into_bytes())
}
