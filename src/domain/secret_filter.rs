//! Takes registered secrets out of a text, in every form in which they travel or come back.
//!
//! A server may answer with the password that it was sent. So every text of others passes here where it enters the program, before it
//! is shortened, and everything that goes to debug.log passes once more. What is found:
//!
//! - the secret itself, in any case of letters, also written with backslashes (IMAP, JSON, Rust) or percent-encoded;
//! - its Base64 at any place of a longer text, such as a SASL response under whatever name: then the whole Base64 text goes;
//! - its first half or more, where something cut it off: no letter or digit follows.
//!
//! A secret of fewer than [`SHORTEST`] characters would be found in half of all words, and the gaps would give it away. It is taken
//! out of the words of others only, where it is a word of its own, and out of SASL PLAIN under its own name.
//!
//! Thousands of secrets are looked for at once: a bit map tells for every two bytes whether a secret begins with them, and a table has
//! the secrets by their first four. A text costs about one look per byte however many accounts a run has.

use super::Secret;
use base64::Engine;
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

/// A form in which a secret is looked for.
struct Form {
    text: Zeroizing<String>,
    /// Base64: upper and lower case differ, and the text around it is part of the secret.
    base64: bool,
}

impl Form {
    /// How many bytes of `text` are this form, whole or cut off at the end.
    fn length_in(&self, text: &[u8]) -> Option<usize> {
        let same = |(a, b): &(&u8, &u8)| if self.base64 { a == b } else { a.eq_ignore_ascii_case(b) };
        let length = self.text.bytes().zip(text).take_while(|(a, b)| same(&(a, b))).count();
        if length == self.text.len() {
            return Some(length);
        }
        let length = self.text.floor_char_boundary(length);
        let next = String::from_utf8_lossy(&text[length..text.len().min(length + 4)]);
        let is_cut_off = !next.starts_with(char::is_alphanumeric);
        (is_cut_off && length >= START && length * 2 >= self.text.len()).then_some(length)
    }
}

/// The secrets that no text may show.
struct SecretFilter {
    /// Which pairs of bytes, in lower case, begin a form.
    pairs: Vec<bool>,
    /// The forms by their first bytes in lower case, longest first.
    forms: HashMap<[u8; START], Vec<Form>>,
    /// Secrets that are looked for as whole words only.
    short: Vec<Zeroizing<String>>,
}

impl Default for SecretFilter {
    fn default() -> Self {
        Self { pairs: vec![false; 1 << 16], forms: HashMap::new(), short: Vec::new() }
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
            self.add_form(Form { text: plain, base64: false });
        }
    }

    fn add_short(&mut self, name: &str, text: &str) {
        for identity in ["", name] {
            let plain = Zeroizing::new(format!("{identity}\0{name}\0{text}"));
            let text = Zeroizing::new(BASE64_STANDARD_NO_PAD.encode(plain.as_bytes()));
            self.add_form(Form { text, base64: true });
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
        self.add_form(Form { text: Zeroizing::new(encoded[digits].to_owned()), base64: true });
    }

    fn add_form(&mut self, form: Form) {
        let Some(start) = start_of(form.text.as_bytes()) else { return };
        self.pairs[pair(start)] = true;
        let alike = self.forms.entry(start).or_default();
        let place = alike.partition_point(|other| (other.text.len(), &*other.text) > (form.text.len(), &*form.text));
        if alike.get(place).is_none_or(|other| other.text != form.text || other.base64 != form.base64) {
            alike.insert(place, form);
        }
    }

    /// The text without any secret; without short ones, too, where it is `foreign`.
    fn clean<'a>(&self, text: &'a str, foreign: bool) -> Cow<'a, str> {
        let mut gaps = self.find(text.as_bytes());
        for view in [View::of_escapes(text), View::of_percents(text)].into_iter().flatten() {
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
            let forms = self.pairs[pair(start)].then(|| self.forms.get(&start)).flatten();
            let longest =
                forms.and_then(|forms| forms.iter().find_map(|form| Some((form, form.length_in(&bytes[at..])?))));
            match longest {
                Some((form, length)) if form.base64 => {
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
}

/// A text with its escapes decoded, and where each byte of it comes from.
struct View {
    bytes: Zeroizing<Vec<u8>>,
    origins: Vec<usize>,
}

impl View {
    /// Backslashes as in IMAP and JSON; none when there are none.
    fn of_escapes(text: &str) -> Option<Self> {
        Self::decoded(text, b'\\', |rest| match rest {
            [b'\\', b'u', b'{', digits @ ..] => {
                let end = digits.iter().take(7).position(|digit| *digit == b'}')?;
                Some((character(&digits[..end])?, end + 4))
            }
            [b'\\', b'u', digits @ ..] => Some((character(digits.get(..4)?)?, 6)),
            [b'\\', letter @ (b'"' | b'\\' | b'/' | b'\''), ..] => Some((char::from(*letter).to_string(), 2)),
            _ => None,
        })
    }

    /// Percent-encoding (RFC 3986), with `+` for a space; none when nothing is encoded.
    fn of_percents(text: &str) -> Option<Self> {
        let mut view = Self::decoded(text, b'%', |_| None)?;
        (view.bytes, view.origins) = (Zeroizing::default(), Vec::new());
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let encoded = bytes.get(at + 1..at + 3).filter(|_| *byte == b'%');
            let decoded = encoded.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
            if *byte == b'%' && at + 3 > bytes.len() {
                // What encoded a byte was cut off.
                break;
            }
            view.bytes.push(decoded.unwrap_or(if *byte == b'+' { b' ' } else { *byte }));
            view.origins.push(at);
            at += if decoded.is_some() { 3 } else { 1 };
        }
        view.origins.push(bytes.len());
        Some(view)
    }

    /// `decode` returns what the beginning of the rest stands for, and how many bytes that takes.
    fn decoded(text: &str, mark: u8, decode: impl Fn(&[u8]) -> Option<(String, usize)>) -> Option<Self> {
        let bytes = text.as_bytes();
        if !bytes.contains(&mark) {
            return None;
        }
        let mut view = Self { bytes: Zeroizing::default(), origins: Vec::new() };
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let (decoded, length) = match decode(&bytes[at..]) {
                Some((decoded, length)) => (decoded.into_bytes(), length),
                None => (vec![*byte], 1),
            };
            view.origins.extend(decoded.iter().map(|_| at));
            view.bytes.extend(decoded);
            at += length;
        }
        view.origins.push(bytes.len());
        Some(view)
    }

    fn origin(&self, range: Range<usize>) -> Range<usize> {
        self.origins[range.start]..self.origins[range.end]
    }
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
        ] {
            let said = format!("NO refused: {text}");
            assert_eq!(filter.clean(&said, true), "NO refused: …", "{text}");
        }
        assert_eq!(filter.clean("it was Geheim+1… again", true), "it was …… again");
        assert_eq!(filter.clean("a Geheimnis, 100% sure", true), "a Geheimnis, 100% sure");
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
