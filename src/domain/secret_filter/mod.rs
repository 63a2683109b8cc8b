//! Takes registered secrets out of a text, in every form in which they travel or come back.
//!
//! A server may answer with the password that it was sent. So every text of others passes here where it enters the program, before it
//! is shortened, and everything that goes to debug.log passes once more. What is found:
//!
//! - the secret itself, in any case of letters, however a server writes it (see [`view`]): with backslashes, percent-encoded,
//!   quoted-printable, as a folder name, with entities, as bytes in hex or decimal, over several lines, and one within another;
//! - the same with control and invisible characters within it, and in each way in which Unicode writes a character (see [`view::folded`]);
//! - its Base64 at any place of a longer text, such as a SASL response under any name, also that of its UTF-16: then the whole Base64 text
//!   goes;
//! - half of it or more, where something cut it off at either end, and more than half where at both: no letter or digit is beside it;
//! - the first 64 bytes or more of a longer one, such as a token that was broken in two.
//!
//! What is not found:
//!
//! - A secret of fewer than [`SHORTEST`] characters inside a word. Half of all words would have it, and the gaps would give it away. It is
//!   taken out only of the words of others, where it is a word of its own, and of SASL PLAIN under its own name.
//! - A part of fewer than [`START`] bytes.
//! - A part that is a word, such as the `Sommer` of `Sommer2024`: people use such words, and a gap in its place would give the secret away.
//!   If an ellipsis shows that something was cut off there, it goes.
//!
//! Thousands of secrets are searched for at once: a bit map says for every two bytes whether a secret begins with them, and a table has the
//! secrets by their first four. A text costs about one look per byte, however many accounts a run has.

mod form;
mod view;

use super::Secret;
use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use form::{Form, Writing, forms_of};
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{LazyLock, PoisonError, RwLock};
use view::folded;
use zeroize::Zeroizing;

/// A secret shorter than this, in characters, is searched for only as a whole word.
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

/// The secrets that no text may show.
struct SecretFilter {
    forms: Vec<Form>,
    /// Which pairs of bytes, in lower case, begin a form.
    pairs: Vec<bool>,
    /// The forms by their first bytes in lower case, longest first.
    heads: HashMap<[u8; START], Vec<usize>>,
    /// The forms without their beginnings, by their first bytes in lower case: the form, and where in it the rest begins.
    tails: HashMap<[u8; START], Vec<(usize, usize)>>,
    /// Secrets that are searched for only as whole words.
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
        forms_of(text).into_iter().for_each(|form| self.add_form(form));
    }

    fn add_short(&mut self, name: &str, text: &str) {
        for identity in ["", name] {
            let plain = Zeroizing::new(format!("{identity}\0{name}\0{text}"));
            let text = Zeroizing::new(BASE64_STANDARD_NO_PAD.encode(plain.as_bytes()));
            self.add_form(Form { text, writing: Writing::Base64, has_tails: true });
        }
        if !self.short.iter().any(|known| known.as_str() == text) {
            self.short.push(Zeroizing::new(text.to_owned()));
        }
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
        let longest = if form.has_tails { form.text.len() / 2 } else { 0 };
        for from in (step..=longest).step_by(step).filter(|from| form.text.is_char_boundary(*from)) {
            if let Some(start) = start_of(&form.text.as_bytes()[from..]) {
                self.tails.entry(start).or_default().push((number, from));
            }
        }
        self.forms.push(form);
    }

    /// The text without any secret; if it is `foreign`, also without short ones.
    fn clean<'a>(&self, text: &'a str, foreign: bool) -> Cow<'a, str> {
        let mut gaps = self.find(text.as_bytes());
        view::for_each_view(text.as_bytes(), &mut |view| {
            gaps.extend(self.find(&view.bytes).into_iter().map(|range| view.origin(range)));
        });
        if foreign {
            gaps.extend(self.short_words(text));
        }
        if gaps.is_empty() {
            return Cow::Borrowed(text);
        }
        // A view may begin or end within a character.
        gaps.iter_mut().for_each(|gap| *gap = text.floor_char_boundary(gap.start)..text.ceil_char_boundary(gap.end));
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

    /// Where short secrets are words of their own.
    fn short_words(&self, text: &str) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = self.short.iter().flat_map(|short| words_like(text, short)).collect();
        let views = if self.short.is_empty() { Vec::new() } else { folded::views(text.as_bytes()) };
        for view in views {
            let Ok(folded) = std::str::from_utf8(&view.bytes) else { continue };
            let shorts = self.short.iter().map(|short| Zeroizing::new(folded::fold(short)));
            let words = shorts.filter(|short| !short.is_empty()).flat_map(|short| words_like(folded, &short));
            // A short word over several lines or columns is none.
            let on_one_line = |range: &Range<usize>| !text[range.clone()].contains(char::is_whitespace);
            found.extend(words.map(|range| view.origin(range)).filter(on_one_line));
        }
        found
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

/// The whole Base64 text around a piece of it.
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
mod tests;
