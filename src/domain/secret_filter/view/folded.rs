//! A text as a person reads it: without what nobody sees, in one case of letters, and in one of the ways in which Unicode writes a
//! character.
//!
//! 1. Control and invisible characters go, and what ESC and CSI tell a terminal (ECMA-48, sections 5.3 to 5.6).
//! 2. Characters that are written in several ways get the most explicit one (NFKD, UAX 15): a letter and its accent, wide letters.
//! 3. Letters lose their case, also where one becomes two (`ß`).
//!
//! Each character and the marks on it are folded alone, so that the work grows with the length.

use super::View;
use crate::domain::is_invisible;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

const ESCAPE: char = '\u{1b}';
const INTRODUCER: char = '\u{9b}';

/// The whole text folded.
pub fn fold(text: &str) -> String {
    let mut folded = String::new();
    for_each_character(text, false, &mut |character, _| folded.push_str(&fold_one(character)));
    folded
}

/// The folded views of a text; none of a text in which nothing but the case of ASCII would change.
pub fn views(text: &[u8]) -> Vec<View> {
    if text.iter().all(|byte| byte.is_ascii() && !byte.is_ascii_control()) {
        return Vec::new();
    }
    let Ok(text) = std::str::from_utf8(text) else { return Vec::new() };
    let view = |without_sequences| {
        let mut view = View::default();
        for_each_character(text, without_sequences, &mut |character, place| view.push(&fold_one(character), place));
        view
    };
    let mut views = vec![view(false)];
    if text.contains([ESCAPE, INTRODUCER]) {
        views.push(view(true));
    }
    views
}

/// A character with its marks, folded.
fn fold_one(character: &str) -> String {
    if character.is_ascii() {
        return character.to_ascii_lowercase();
    }
    let explicit: String = character.nfkd().collect();
    explicit.to_lowercase().to_uppercase().to_lowercase().nfkd().collect()
}

/// Passes each visible character with the marks on it, and where in the text they are.
fn for_each_character(text: &str, without_sequences: bool, take: &mut dyn FnMut(&str, std::ops::Range<usize>)) {
    let (mut character, mut begin, mut end, mut at) = (String::new(), 0, 0, 0);
    while let Some(c) = text[at..].chars().next() {
        let next = at + c.len_utf8();
        if without_sequences && matches!(c, ESCAPE | INTRODUCER) {
            at = next + sequence(c, &text[next..]);
            continue;
        }
        if !c.is_control() && !is_invisible(c) {
            if canonical_combining_class(c) == 0 && !character.is_empty() {
                take(&character, begin..end);
                character.clear();
            }
            if character.is_empty() {
                begin = at;
            }
            character.push(c);
            end = next;
        }
        at = next;
    }
    if !character.is_empty() {
        take(&character, begin..end);
    }
}

/// How many bytes after ESC or CSI belong to it.
fn sequence(first: char, rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let (prefix, is_control) = match (first, bytes.first()) {
        (ESCAPE, Some(b'[')) => (1, true),
        (ESCAPE, Some(b']')) => return command(bytes),
        (ESCAPE, _) => (0, false),
        _ => (0, true),
    };
    let parameters = if is_control { 0x20..=0x3f } else { 0x20..=0x2f };
    let length = prefix + bytes[prefix..].iter().take_while(|byte| parameters.contains(*byte)).count();
    length + usize::from(bytes.get(length).is_some_and(|byte| (0x30..=0x7e).contains(byte)))
}

/// A command to the system of the terminal: up to BEL, or ESC and a backslash.
fn command(bytes: &[u8]) -> usize {
    match bytes.iter().position(|byte| matches!(byte, 0x07 | 0x1b)) {
        Some(end) if bytes[end] == 0x07 => end + 1,
        Some(end) => end + 1 + usize::from(bytes.get(end + 1) == Some(&b'\\')),
        None => 1,
    }
}
