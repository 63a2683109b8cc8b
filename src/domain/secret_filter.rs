//! Takes registered secrets out of a text, in every form in which they travel or come back.
//!
//! A server may answer with the password that it was sent. So every text of others passes here where it enters the program, before it
//! is shortened, and everything that goes to debug.log passes once more. What is found:
//!
//! - the secret itself, in any case of letters, also written with backslashes (IMAP, JSON, Rust), percent-encoded, quoted-printable, or as a
//!   folder is named (modified UTF-7);
//! - its bytes in hex;
//! - its Base64 at any place of a longer text, such as a SASL response under whatever name: then the whole Base64 text goes;
//! - half of it or more, where something cut it off at either end: no letter or digit is beside it.
//!
//! What is not found:
//!
//! - Of a secret of fewer than [`SHORTEST`] characters, more than words. It would be found in half of all words, and the gaps would give
//!   it away. It is taken out of the words of others only, where it is a word of its own, and out of SASL PLAIN under its own name.
//! - A part of fewer than [`START`] bytes.
//! - A part that is a word, such as the `Sommer` of `Sommer2024`: people say such words, and a gap in their place would give the secret away. Where an
//!   ellipsis shows that something cut it off there, it goes.
//!
//! Thousands of secrets are looked for at once: a bit map says for every two bytes whether a secret begins with them, and a table has
//! the secrets by their first four. A text costs about one look per byte however many accounts a run has.

use super::Secret;
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{LazyLock, PoisonError, RwLock};
use zeroize::Zeroizing;

/// A secret shorter than this, in characters, is only looked for as a whole word.
const SHORTEST: usize = 4;

/// The table finds secrets by this many first bytes.
const START: usize = 4;

/// What takes a secret's place.
const GAP: &str = "…";

static SECRETS: LazyLock<RwLock<SecretFilter>> = LazyLock::new(RwLock::default);

/// Registers secrets, each with the name it is sent with, until the program ends.
pub fn hide<'a>(secrets: impl IntoIterator<Item = (impl AsRef<str>, &'a Secret)>) {
    let mut filter = SECRETS.write().unwrap_or_else(PoisonError::into_inner);
    for (name, secret) in secrets {
        filter.add(name.as_ref(), secret);
    }
}

/// The text without any registered secret.
pub fn without_secrets(text: &str) -> Cow<'_, str> {
    SECRETS.read().unwrap_or_else(PoisonError::into_inner).clean(text, false)
}

/// The words of others without any registered secret, however short.
pub fn foreign_without_secrets(text: &str) -> Cow<'_, str> {
    SECRETS.read().unwrap_or_else(PoisonError::into_inner).clean(text, true)
}

/// How a form is written, and so how it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writing {
    /// As it is: upper and lower case are one.
    Plain,
    /// In hex: upper and lower case are one.
    Hex,
    /// Upper and lower case differ, and the text around it is part of the secret.
    Base64,
}

/// A form in which a secret is looked for.
struct Form {
    text: Zeroizing<String>,
    writing: Writing,
}

impl Form {
    /// The longest first.
    fn order(&self) -> std::cmp::Reverse<(usize, &str)> {
        std::cmp::Reverse((self.text.len(), self.text.as_str()))
    }

    fn is_same(&self, one: u8, other: u8) -> bool {
        if self.writing == Writing::Base64 { one == other } else { one.eq_ignore_ascii_case(&other) }
    }

    /// How many bytes of the text from `at` on are this form, whole or cut off at the end.
    fn length_in(&self, text: &[u8], at: usize) -> Option<usize> {
        let same = |(a, b): &(u8, &u8)| self.is_same(*a, **b);
        let length = self.text.bytes().zip(&text[at..]).take_while(same).count();
        if length == self.text.len() {
            return Some(length);
        }
        let length = self.text.floor_char_boundary(length);
        let after = String::from_utf8_lossy(&text[at + length..text.len().min(at + length + 4)]);
        let (kept, lost) = self.text.split_at(length);
        self.is_cut_off(kept, lost.chars().next(), !after.starts_with(char::is_alphanumeric), is_ellipsis(&after))
            .then_some(length)
    }

    /// The same of what is left of it from the byte `from` on, where it may have been cut off at its beginning.
    fn tail_length_in(&self, text: &[u8], at: usize, from: usize) -> Option<usize> {
        let (lost, kept) = self.text.split_at_checked(from)?;
        let length = kept.bytes().zip(&text[at..]).take_while(|(a, b)| self.is_same(*a, **b)).count();
        let before = String::from_utf8_lossy(&text[at.saturating_sub(4)..at]);
        let is_apart = !before.ends_with(char::is_alphanumeric);
        let is_ellipsis = before.ends_with('…') || before.ends_with("...");
        (length == kept.len() && self.is_cut_off(kept, lost.chars().next_back(), is_apart, is_ellipsis))
            .then_some(length)
    }

    /// Whether a part of it shows enough of the secret to be taken out; `lost` is the next character that was cut off.
    fn is_cut_off(&self, kept: &str, lost: Option<char>, is_apart: bool, is_at_ellipsis: bool) -> bool {
        let is_letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
        let is_word = self.writing == Writing::Plain && kept.chars().all(char::is_alphabetic) && !is_letter(lost);
        is_apart && kept.len() >= START && kept.len() * 2 >= self.text.len() && (!is_word || is_at_ellipsis)
    }
}

fn is_ellipsis(after: &str) -> bool {
    after.starts_with('…') || after.starts_with("...")
}

/// The secrets that no text may show.
struct SecretFilter {
    forms: Vec<Form>,
    /// Which pairs of bytes, in lower case, begin a form.
    pairs: Vec<bool>,
    /// The forms by their first bytes in lower case, longest first.
    heads: HashMap<[u8; START], Vec<usize>>,
    /// What is left of forms without their beginnings, by its first bytes in lower case: the form, and where in it that is.
    tails: HashMap<[u8; START], Vec<(usize, usize)>>,
    /// Secrets that are looked for as whole words only.
    short: Vec<Zeroizing<String>>,
}

impl Default for SecretFilter {
    fn default() -> Self {
        let (pairs, heads) = (vec![false; 1 << 16], HashMap::new());
        Self { forms: Vec::new(), pairs, heads, tails: HashMap::new(), short: Vec::new() }
    }
}

impl SecretFilter {
    fn add(&mut self, name: &str, secret: &Secret) {
        let text = secret.reveal();
        if text.chars().count() < SHORTEST {
            if !text.is_empty() {
                self.add_short(name, text);
            }
            return;
        }
        for alphabet in [&BASE64_STANDARD_NO_PAD, &BASE64_URL_SAFE_NO_PAD] {
            for before in 0..3 {
                self.add_base64(alphabet, before, text);
            }
        }
        for plain in [text.to_owned(), text.to_lowercase(), text.to_uppercase()].map(Zeroizing::new) {
            self.add_form(Form { text: plain, writing: Writing::Plain });
        }
        let hex = text.bytes().map(|byte| format!("{byte:02x}")).collect();
        self.add_form(Form { text: Zeroizing::new(hex), writing: Writing::Hex });
    }

    fn add_short(&mut self, name: &str, text: &str) {
        for identity in ["", name] {
            let plain = Zeroizing::new(format!("{identity}\0{name}\0{text}"));
            let text = Zeroizing::new(BASE64_STANDARD_NO_PAD.encode(plain.as_bytes()));
            self.add_form(Form { text, writing: Writing::Base64 });
        }
        if !self.short.iter().any(|known| known.as_str() == text) {
            self.short.push(Zeroizing::new(text.to_owned()));
        }
    }

    /// The digits that depend on the secret alone when this many bytes, modulo 3, come before it.
    fn add_base64(&mut self, alphabet: &impl Engine, before: usize, text: &str) {
        let bytes = Zeroizing::new([&[0; 3][..before], text.as_bytes()].concat());
        let encoded = Zeroizing::new(alphabet.encode(bytes.as_slice()));
        let digits = (before * 8).div_ceil(6)..bytes.len() * 8 / 6;
        let text = Zeroizing::new(encoded[digits].to_owned());
        self.add_form(Form { text, writing: Writing::Base64 });
    }

    fn add_form(&mut self, form: Form) {
        let Some(start) = start_of(form.text.as_bytes()) else { return };
        let alike = self.heads.entry(start).or_default();
        let place = alike.partition_point(|known| self.forms[*known].order() < form.order());
        let known = alike.get(place).map(|known| &self.forms[*known]);
        if known.is_some_and(|known| known.text == form.text && known.writing == form.writing) {
            return;
        }
        let number = self.forms.len();
        alike.insert(place, number);
        self.pairs[pair(start)] = true;
        let step = if form.writing == Writing::Hex { 2 } else { 1 };
        for from in (step..=form.text.len() / 2).step_by(step).filter(|from| form.text.is_char_boundary(*from)) {
            if let Some(start) = start_of(&form.text.as_bytes()[from..]) {
                self.tails.entry(start).or_default().push((number, from));
            }
        }
        self.forms.push(form);
    }

    /// The text without any secret; without short ones, too, where it is `foreign`.
    fn clean<'a>(&self, text: &'a str, foreign: bool) -> Cow<'a, str> {
        let mut gaps = self.find(text.as_bytes());
        let views = [
            View::of_escapes(text),
            View::of_hex_bytes(text, b'%'),
            View::of_hex_bytes(text, b'='),
            View::of_folder_name(text),
        ];
        for view in views.into_iter().flatten() {
            gaps.extend(self.find(&view.bytes).into_iter().map(|range| view.origin(range)));
        }
        if foreign {
            gaps.extend(self.short.iter().flat_map(|short| words_like(text, short)));
        }
        if gaps.is_empty() {
            return Cow::Borrowed(text);
        }
        gaps.sort_by_key(|gap| gap.start);
        let (mut clean, mut copied) = (String::with_capacity(text.len()), 0);
        for gap in gaps {
            if gap.start >= copied {
                clean.push_str(&text[copied..gap.start]);
                clean.push_str(GAP);
            }
            copied = copied.max(gap.end);
        }
        clean.push_str(&text[copied..]);
        Cow::Owned(clean)
    }

    /// Where secrets are, in order.
    fn find(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let (mut found, mut at) = (Vec::new(), 0);
        while let Some(start) = start_of(&bytes[at..]) {
            let begins_word = at == 0 || !bytes[at - 1].is_ascii_alphanumeric();
            let whole = self.pairs[pair(start)].then(|| self.head_at(bytes, at, start)).flatten();
            match whole.or_else(|| begins_word.then(|| self.tail_at(bytes, at, start)).flatten()) {
                Some((form, length)) if form.writing == Writing::Base64 => {
                    let whole = around(bytes, at..at + length);
                    at = whole.end;
                    found.push(whole);
                }
                Some((_, length)) => {
                    found.push(at..at + length);
                    at += length;
                }
                None => at += 1,
            }
        }
        found
    }

    fn head_at(&self, bytes: &[u8], at: usize, start: [u8; START]) -> Option<(&Form, usize)> {
        let forms = self.heads.get(&start)?.iter().map(|number| &self.forms[*number]);
        forms.filter_map(|form| Some((form, form.length_in(bytes, at)?))).next()
    }

    fn tail_at(&self, bytes: &[u8], at: usize, start: [u8; START]) -> Option<(&Form, usize)> {
        let tails = self.tails.get(&start)?.iter().map(|(number, from)| (&self.forms[*number], *from));
        let lengths = tails.filter_map(|(form, from)| Some((form, form.tail_length_in(bytes, at, from)?)));
        lengths.max_by_key(|(_, length)| *length)
    }
}

/// A text with its escapes decoded, and where each byte of it comes from.
#[derive(Default)]
struct View {
    bytes: Zeroizing<Vec<u8>>,
    origins: Vec<Range<usize>>,
}

impl View {
    /// Backslashes as in IMAP, JSON and Rust; none when there are none.
    fn of_escapes(text: &str) -> Option<Self> {
        Self::decoded(text, b'\\', |rest| match rest {
            [b'\\', b'u', b'{', digits @ ..] => {
                let end = digits.iter().take(7).position(|digit| *digit == b'}')?;
                Some((character(&digits[..end])?.into_bytes(), end + 4))
            }
            [b'\\', b'u', digits @ ..] => Some((character(digits.get(..4)?)?.into_bytes(), 6)),
            [b'\\', b'x', digits @ ..] => Some((vec![byte_of(digits)?], 4)),
            [b'\\', letter @ (b'"' | b'\\' | b'/' | b'\''), ..] => Some((vec![*letter], 2)),
            _ => None,
        })
    }

    /// Bytes in hex behind a mark: percent-encoding (RFC 3986), with `+` for a space, or quoted-printable (RFC 2045); none when there are
    /// none.
    fn of_hex_bytes(text: &str, mark: u8) -> Option<Self> {
        let mut view = Self::decoded(text, mark, |rest| match rest {
            [first, digits @ ..] if *first == mark => Some((vec![byte_of(digits)?], 3)),
            [b'+', ..] if mark == b'%' => Some((vec![b' '], 1)),
            _ => None,
        })?;
        // What encoded the last byte may be cut off.
        let text = text.as_bytes();
        let rest = text.iter().rev().take(2).position(|byte| *byte == mark).map_or(0, |at| at + 1);
        let kept = view.origins.partition_point(|origin| origin.start < text.len() - rest);
        view.bytes.truncate(kept);
        view.origins.truncate(kept);
        Some(view)
    }

    /// Modified UTF-7, as folders are named (RFC 3501, section 5.1.3); none when nothing is encoded.
    fn of_folder_name(text: &str) -> Option<Self> {
        Self::decoded(text, b'&', |rest| {
            let encoded = rest.strip_prefix(b"&")?;
            let length = encoded.iter().position(|byte| !byte.is_ascii_alphanumeric() && !b"+,".contains(byte));
            let digits = &encoded[..length.unwrap_or(encoded.len())];
            let taken = 1 + digits.len() + usize::from(encoded.get(digits.len()) == Some(&b'-'));
            if digits.is_empty() {
                return (taken == 2).then(|| (vec![b'&'], 2));
            }
            let digits: Vec<u8> = digits.iter().map(|byte| if *byte == b',' { b'/' } else { *byte }).collect();
            let bytes = Zeroizing::new(LENIENT.decode(&digits).ok()?);
            let units = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            let decoded: String = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
            Some((decoded.into_bytes(), taken))
        })
    }

    /// `decode` returns what the beginning of the rest stands for, and how many bytes that takes.
    fn decoded(text: &str, mark: u8, decode: impl Fn(&[u8]) -> Option<(Vec<u8>, usize)>) -> Option<Self> {
        let bytes = text.as_bytes();
        if !bytes.contains(&mark) {
            return None;
        }
        let (mut view, mut at) = (Self::default(), 0);
        while let Some(byte) = bytes.get(at) {
            let (decoded, length) = decode(&bytes[at..]).unwrap_or_else(|| (vec![*byte], 1));
            view.origins.extend(decoded.iter().map(|_| at..at + length));
            view.bytes.extend(decoded);
            at += length;
        }
        Some(view)
    }

    /// Where the encoded text is of which this is a part.
    fn origin(&self, range: Range<usize>) -> Range<usize> {
        self.origins[range.start].start..self.origins[range.end - 1].end
    }
}

/// Base64 of which a server may have cut off the end.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The byte that two digits stand for.
fn byte_of(digits: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits.get(..2)?).ok()?, 16).ok()
}

fn character(digits: &[u8]) -> Option<String> {
    let code = u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    char::from_u32(code).map(String::from)
}

/// The whole Base64 text that a piece of it is in.
fn around(bytes: &[u8], piece: Range<usize>) -> Range<usize> {
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_=".contains(byte);
    let before = bytes[..piece.start].iter().rev().take_while(|byte| is_digit(byte)).count();
    let after = bytes[piece.end..].iter().take_while(|byte| is_digit(byte)).count();
    piece.start - before..piece.end + after
}

/// Where a text has a word, in any case of letters, with no letter or digit beside it.
fn words_like(text: &str, word: &str) -> Vec<Range<usize>> {
    let is_apart = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    let candidates = text.char_indices().filter_map(|(at, _)| Some(at..at + text.get(at..at + word.len())?.len()));
    let same = candidates.filter(|range| text[range.clone()].eq_ignore_ascii_case(word));
    same.filter(|range| is_apart(text[..range.start].chars().next_back()) && is_apart(text[range.end..].chars().next()))
        .collect()
}

fn start_of(bytes: &[u8]) -> Option<[u8; START]> {
    bytes.first_chunk::<START>().map(|start| start.map(|byte| byte.to_ascii_lowercase()))
}

fn pair(start: [u8; START]) -> usize {
    usize::from(u16::from_be_bytes([start[0], start[1]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(secrets: &[&str]) -> SecretFilter {
        let mut filter = SecretFilter::default();
        for secret in secrets {
            filter.add("ann@example.com", &Secret::new(*secret));
        }
        filter
    }

    #[test]
    fn a_secret_is_taken_out_in_every_form_it_travels_in() {
        let filter = filter(&["pa\"ss\\wörd"]);
        for text in [
            "LOGIN ann \"pa\\\"ss\\\\wörd\"",
            "raw pa\"ss\\wörd.",
            "AUTHENTICATE PLAIN AGFubkBleGFtcGxlLmNvbQBwYSJzc1x3w7ZyZA==",
            "cGEic3Ncd8O2cmQ=",
            &format!("{:?}", "pa\"ss\\wörd"),
            &serde_json::to_string("pa\"ss\\wörd").unwrap(),
        ] {
            let clean = filter.clean(text, false);
            assert!(clean.contains('…') && !clean.contains("ss") && !clean.contains("cGE"), "{clean}");
        }
    }

    #[test]
    fn a_secret_that_a_server_sends_back_is_taken_out_however_it_is_written() {
        let secret = "Geheim+12 ü";
        let filter = filter(&[secret]);
        let sasl = |before: &str, after: &str| BASE64_STANDARD_NO_PAD.encode(format!("{before}{secret}{after}"));
        let percent_all: String = secret.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        let utf16: String = secret.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        for text in [
            "GEHEIM+12 Ü".to_owned(),
            "geheim+12 ü".to_owned(),
            sasl("", ""),
            sasl("a", ""),
            sasl("\0whoever\0", "\u{1}\u{1}"),
            sasl("ab", "tail"),
            BASE64_URL_SAFE_NO_PAD.encode(format!("~{secret}???")),
            "Geheim%2B12%20%C3%BC".to_owned(),
            "Geheim%2b12+%c3%bc".to_owned(),
            percent_all,
            utf16,
            "Geheim+1".to_owned(),
            // As a folder is named, and with more behind it in the same sequence.
            "Geheim+12 &APw-".to_owned(),
            "Geheim+12 &APwA9g-".to_owned(),
            "Geheim+12 &APw".to_owned(),
            hex.clone(),
            hex.to_uppercase(),
            hex[..22].to_owned(),
            hex[6..].to_owned(),
            "Geheim+12=20=C3=BC".to_owned(),
            secret.bytes().map(|byte| format!("\\x{byte:02X}")).collect(),
            "heim+12 ü".to_owned(),
            "EIM+12 Ü".to_owned(),
            sasl("", "")[5..].to_owned(),
            sasl("a", "tail")[6..].to_owned(),
        ] {
            let said = format!("NO refused: {text}");
            assert_eq!(filter.clean(&said, true), "NO refused: …", "{text}");
        }
        assert_eq!(filter.clean("it was Geheim+1… again", true), "it was …… again");
        assert_eq!(filter.clean("and …heim+12 ü", true), "and ……");
        for harmless in ["a Geheimnis, 100% sure", "1+12 ü", "Müheim+12 ü", "AT&T, R&D, a=b&c=d", "&", "=", "50%"] {
            assert_eq!(filter.clean(harmless, true), harmless);
        }
    }

    #[test]
    fn a_part_that_is_a_word_stays_unless_something_cut_it_off_there() {
        let filter = filter(&["Sommer2024", "7-Zwerge"]);
        for (said, clean) in [
            ("im Sommer war es warm", "im Sommer war es warm"),
            ("die Zwerge; Sommer", "die Zwerge; Sommer"),
            ("LOGIN ann Sommer…", "LOGIN ann ……"),
            ("LOGIN ann Sommer... and so on", "LOGIN ann …... and so on"),
            ("…Zwerge", "……"),
            ("Sommer20 was wrong", "… was wrong"),
            ("Sommer202", "…"),
            ("it was ommer2024", "it was …"),
            ("-Zwerge", "…"),
        ] {
            assert_eq!(filter.clean(said, true), clean);
        }
    }

    #[test]
    fn a_very_short_secret_is_taken_out_of_the_words_of_others_where_it_is_a_word() {
        let filter = filter(&["abc"]);
        assert_eq!(filter.clean("NO 'ABC' of ann, abcd, cabc: abc", true), "NO '…' of ann, abcd, cabc: …");
        assert_eq!(filter.clean("UID abc", false), "UID abc");
    }

    #[test]
    fn the_longest_of_several_secrets_is_taken_out() {
        let filter = filter(&["secret", "secret1234", "secret12"]);
        assert_eq!(filter.clean("a secret1234, secret12, secret1 secr", false), "a …, …, … …");
    }

    #[test]
    fn a_text_without_secrets_stays_as_it_is() {
        assert!(matches!(filter(&["hunter2"]).clean("nothing to see: hunters, hunting, ü", true), Cow::Borrowed(_)));
        assert_eq!(filter(&["abc", ""]).clean("abc", false), "abc");
    }

    #[test]
    fn five_thousand_secrets_do_not_slow_a_line_down() {
        let secrets: Vec<String> = (0..5000).map(|n| format!("{:x}-secret", n * 7919)).collect();
        let filter = filter(&secrets.iter().map(String::as_str).collect::<Vec<_>>());
        let line = "UID FETCH 1:500 (UID RFC822.SIZE FLAGS INTERNALDATE) ".repeat(20_000);
        let started = std::time::Instant::now();
        assert!(matches!(filter.clean(&line, false), Cow::Borrowed(_)));
        assert!(started.elapsed() < std::time::Duration::from_secs(2), "{:?} for a megabyte", started.elapsed());
    }
}
