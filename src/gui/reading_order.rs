//! The display order of Arabic and Hebrew: egui lays out words from left to right, whatever their script.
//!
//! - The layout shapes each word of such a script from right to left, but does not order the words. So this module reverses a run of them
//!   word by word, as the bidirectional algorithm says (UAX 9), and mirrors its brackets.
//! - Text without such letters, which is nearly all, passes unchanged and uncopied.
//! - Each line is a paragraph of its own, so text is broken into lines first.

use std::borrow::Cow;
use unicode_bidi::{BidiClass, BidiInfo, bidi_class};

/// The text in the order in which to lay it out from left to right.
pub fn displayed(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_right_to_left) {
        return Cow::Borrowed(text);
    }
    let lines: Vec<String> = text.split('\n').map(displayed_line).collect();
    Cow::Owned(lines.join("\n"))
}

fn displayed_line(line: &str) -> String {
    let bidi = BidiInfo::new(line, None);
    let mut shown = String::with_capacity(line.len());
    for paragraph in &bidi.paragraphs {
        let (levels, runs) = bidi.visual_runs(paragraph, paragraph.range.clone());
        for run in runs {
            let is_turned = levels.get(run.start).is_some_and(|level| level.is_rtl());
            let piece = line.get(run).unwrap_or_default();
            if is_turned {
                push_turned(&mut shown, piece);
            } else {
                shown.push_str(piece);
            }
        }
    }
    shown
}

fn is_right_to_left(letter: char) -> bool {
    matches!(bidi_class(letter), BidiClass::R | BidiClass::AL)
}

/// Appends a run with its last word first. Words are kept, because the layout turns them; brackets are mirrored.
fn push_turned(shown: &mut String, run: &str) {
    let in_word = |letter: char| is_right_to_left(letter) || bidi_class(letter) == BidiClass::NSM;
    let mut rest = run;
    while let Some((at, letter)) = rest.char_indices().next_back() {
        let before = rest.trim_end_matches(in_word);
        if before.len() < rest.len() {
            shown.push_str(&rest[before.len()..]);
            rest = before;
        } else {
            shown.push(mirrored(letter));
            rest = &rest[..at];
        }
    }
}

fn mirrored(letter: char) -> char {
    const PAIRS: [(char, char); 5] = [('(', ')'), ('[', ']'), ('{', '}'), ('<', '>'), ('«', '»')];
    let other = PAIRS.iter().find_map(|&(open, close)| match letter {
        letter if letter == open => Some(close),
        letter if letter == close => Some(open),
        _ => None,
    });
    other.unwrap_or(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_without_such_letters_is_not_touched() {
        assert!(matches!(displayed("Zoë Němcová 山田 (a)"), Cow::Borrowed(_)));
    }

    #[test]
    fn the_first_word_of_a_hebrew_name_is_the_last_from_the_left() {
        assert_eq!(displayed("דואר נכנס"), "נכנס דואר");
        assert_eq!(displayed("יוסף (בית)"), "(בית) יוסף");
    }

    #[test]
    fn a_name_within_a_sentence_turns_only_itself_and_numbers_keep_their_digits() {
        assert_eq!(displayed("The folder 'דואר נכנס' was not copied"), "The folder 'נכנס דואר' was not copied");
        assert_eq!(displayed("ארכיון 2021"), "2021 ארכיון");
    }

    #[test]
    fn each_line_is_turned_alone() {
        assert_eq!(displayed("א ב\nג ד"), "ב א\nד ג");
    }
}
