//! The forms in which a secret is searched for, and how much of one a text has.
//!
//! 1. Unchanged, in both cases of letters, and as its UTF-8 looks when it is read as Latin-1.
//! 2. Its bytes in hex.
//! 3. The part of its Base64 that does not depend on what comes before it, at each of three places within a group of digits; likewise that
//!    of its UTF-16, in either byte order, and of its Latin-1.

use super::START;
use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

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
        let after = String::from_utf8_lossy(&text[at + length..text.len().min(at + length + 4)]);
        let (kept, lost) = self.text.split_at(length);
        self.is_cut_off(kept, lost.chars().next(), !after.starts_with(char::is_alphanumeric), is_ellipsis(&after))
            .then_some(length)
    }

    /// The same for what is left of it from byte `from` on, if its beginning was cut off.
    pub fn tail_length_in(&self, text: &[u8], at: usize, from: usize) -> Option<usize> {
        let (lost, kept) = self.text.split_at_checked(from)?;
        let length = kept.bytes().zip(&text[at..]).take_while(|(a, b)| self.is_same(*a, **b)).count();
        let before = String::from_utf8_lossy(&text[at.saturating_sub(4)..at]);
        let is_apart = !before.ends_with(char::is_alphanumeric);
        let is_ellipsis = before.ends_with('…') || before.ends_with("...");
        (length == kept.len() && self.is_cut_off(kept, lost.chars().next_back(), is_apart, is_ellipsis))
            .then_some(length)
    }

    /// Whether a part of it shows enough of the secret to be taken out; `lost` is the cut-off character next to it.
    fn is_cut_off(&self, kept: &str, lost: Option<char>, is_apart: bool, is_at_ellipsis: bool) -> bool {
        let is_letter = |c: Option<char>| c.is_some_and(char::is_alphabetic);
        let is_word = self.writing == Writing::Plain && kept.chars().all(char::is_alphabetic) && !is_letter(lost);
        is_apart && kept.len() >= START && kept.len() * 2 >= self.text.len() && (!is_word || is_at_ellipsis)
    }
}

fn is_ellipsis(after: &str) -> bool {
    after.starts_with('…') || after.starts_with("...")
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
