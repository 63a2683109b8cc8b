//! The forms in which a secret is searched for, and how much of one a text has.
//!
//! 1. Unchanged, in both cases of letters, folded (see [`super::view::folded`]), and as its UTF-8 looks when it is read as Latin-1.
//! 2. Its bytes in hex.
//! 3. The part of its Base64 that does not depend on what comes before it, at each of three places within a group of digits; likewise that
//!    of its UTF-16, in either byte order, and of its Latin-1.

use super::view::folded::fold;
use super::{SHORTEST, START};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use unicode_normalization::char::is_combining_mark;
use zeroize::Zeroizing;

/// A part of so many bytes is taken out even if it is less than half: of a token, that is still a lot.
const LONG: usize = 64;

/// How a form is written, and so how it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    /// Unchanged: upper and lower case are one.
    Plain,
    /// In hex: upper and lower case are one.
    Hex,
    /// Upper and lower case differ, and the text around it is part of the secret.
    Base64,
}

/// A form in which a secret is searched for.
pub struct Form {
    /// The text.
    pub text: Zeroizing<String>,
    /// How it is written.
    pub writing: Writing,
    /// Whether it is also recognised without its beginning.
    pub has_tails: bool,
}

impl Form {
    /// The longest first.
    pub fn order(&self) -> std::cmp::Reverse<(usize, &str)> {
        std::cmp::Reverse((self.text.len(), self.text.as_str()))
    }

    fn is_same(&self, one: u8, other: u8) -> bool {
        if self.writing == Writing::Base64 { one == other } else { one.eq_ignore_ascii_case(&other) }
    }

    /// How many bytes of the text from `at` on are this form, whole or cut off at the end.
    pub fn length_in(&self, text: &[u8], at: usize) -> Option<usize> {
        let same = |(a, b): &(u8, &u8)| self.is_same(*a, **b);
        let length = self.text.bytes().zip(&text[at..]).take_while(same).count();
        if length == self.text.len() {
            return Some(length);
        }
        let length = self.text.floor_char_boundary(length);
        let (kept, lost) = self.text.split_at(length);
        let is_long = kept.len() * 2 >= self.text.len() || kept.len() >= LONG;
        (is_long && self.is_cut_off(kept, lost.chars().next(), Edge::after(text, at + length))).then_some(length)
    }

    /// The same for what is left of it from byte `from` on, if its beginning was cut off. If its end was cut off, too, more than half of it
    /// must be left.
    pub fn tail_length_in(&self, text: &[u8], at: usize, from: usize) -> Option<usize> {
        let (lost, kept) = self.text.split_at_checked(from)?;
        let length = kept.bytes().zip(&text[at..]).take_while(|(a, b)| self.is_same(*a, **b)).count();
        let length = kept.floor_char_boundary(length);
        let (kept, lost_after) = kept.split_at(length);
        let (before, after) = (Edge::before(text, at), Edge::after(text, at + length));
        let lost = lost.chars().next_back();
        let is_part = if lost_after.is_empty() {
            kept.len() * 2 >= self.text.len() && self.is_cut_off(kept, lost, before)
        } else {
            let lost_after = lost_after.chars().next();
            // A part that is no word on one side is none.
            kept.len() * 2 > self.text.len()
                && before.is_apart
                && after.is_apart
                && (self.is_cut_off(kept, lost, before) || self.is_cut_off(kept, lost_after, after))
        };
        is_part.then_some(length)
    }

    /// Whether a part of it is to be taken out, where it was cut off at this edge; `lost` is the cut-off character next to it.
    fn is_cut_off(&self, kept: &str, lost: Option<char>, edge: Edge) -> bool {
        let is_word = self.writing == Writing::Plain && kept.chars().all(is_letter) && !lost.is_some_and(is_letter);
        edge.is_apart && kept.len() >= START && (!is_word || edge.is_ellipsis)
    }
}

/// What is beside a part of a secret.
#[derive(Clone, Copy)]
struct Edge {
    /// No letter or digit.
    is_apart: bool,
    /// A sign that something was cut off.
    is_ellipsis: bool,
}

impl Edge {
    fn before(text: &[u8], at: usize) -> Self {
        let before = String::from_utf8_lossy(&text[at.saturating_sub(4)..at]);
        let is_ellipsis = before.ends_with('…') || before.ends_with("...");
        Self { is_apart: !before.ends_with(|c: char| is_letter(c) || c.is_numeric()), is_ellipsis }
    }

    fn after(text: &[u8], at: usize) -> Self {
        let after = String::from_utf8_lossy(&text[at..text.len().min(at + 4)]);
        let is_ellipsis = after.starts_with('…') || after.starts_with("...");
        Self { is_apart: !after.starts_with(|c: char| is_letter(c) || c.is_numeric()), is_ellipsis }
    }
}

/// Whether a character is a letter, or a mark on one.
fn is_letter(c: char) -> bool {
    c.is_alphabetic() || is_combining_mark(c)
}

/// All forms of a secret.
pub fn forms_of(secret: &str) -> Vec<Form> {
    let mut forms = Vec::new();
    let mut add = |text: String, writing, has_tails| {
        forms.push(Form { text: Zeroizing::new(text), writing, has_tails });
    };
    for digits in base64_parts(secret.as_bytes()) {
        add(digits, Writing::Base64, true);
    }
    let units: Vec<u16> = secret.encode_utf16().collect();
    let little = Zeroizing::new(units.iter().flat_map(|unit| unit.to_le_bytes()).collect::<Vec<u8>>());
    let big = Zeroizing::new(units.iter().flat_map(|unit| unit.to_be_bytes()).collect::<Vec<u8>>());
    let latin: Option<Vec<u8>> = secret.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    let latin = Zeroizing::new(latin.filter(|_| !secret.is_ascii()).unwrap_or_default());
    for digits in [little, big, latin].iter().filter(|bytes| !bytes.is_empty()).flat_map(|bytes| base64_parts(bytes)) {
        add(digits, Writing::Base64, false);
    }
    for plain in [secret.to_owned(), secret.to_lowercase(), secret.to_uppercase()] {
        add(plain, Writing::Plain, true);
    }
    let folded = fold(secret);
    if folded.chars().count() >= SHORTEST {
        add(folded, Writing::Plain, true);
    }
    if !secret.is_ascii() {
        add(secret.bytes().map(char::from).collect(), Writing::Plain, false);
    }
    add(secret.bytes().map(|byte| format!("{byte:02x}")).collect(), Writing::Hex, true);
    forms
}

/// The digits that depend on these bytes alone, with none, one or two bytes before them in a group.
fn base64_parts(bytes: &[u8]) -> Vec<String> {
    let mut parts = Vec::new();
    for before in 0..3 {
        let bytes = Zeroizing::new([&[0; 3][..before], bytes].concat());
        let digits = (before * 8).div_ceil(6)..bytes.len() * 8 / 6;
        let part = |encoded: Zeroizing<String>| encoded[digits.clone()].to_owned();
        parts.push(part(Zeroizing::new(BASE64_STANDARD_NO_PAD.encode(bytes.as_slice()))));
        parts.push(part(Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(bytes.as_slice()))));
    }
    parts
}
