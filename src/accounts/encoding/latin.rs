//! Windows-1250 or Windows-1252: which of two readings of a short text gives plausible names.
//!
//! The detector needs ten letters beyond ASCII to distinguish the two; with a single name, it takes four in thirty-seven for another
//! language. So a few letters are judged here by their neighbours. The detector decides everything else.

/// How plausible the letters of one reading are in people's names, where it differs from the other.
///
/// The code pages have most accented vowels at the same places. Where they differ, one often has a vowel and the other a
/// consonant or a sign (è and č, ø and ř, ¹ and ą): a vowel likes consonants beside it, a consonant vowels, and a sign has no
/// business next to a letter.
pub(super) fn plausibility(reading: &str, other: &str) -> i64 {
    let mut score = 0;
    let mut before = None;
    let mut characters = reading.chars().zip(other.chars()).peekable();
    while let Some((c, alternative)) = characters.next() {
        if c != alternative {
            let after = characters.peek().map(|(next, _)| *next);
            score += likely(before.filter(|c: &char| c.is_alphabetic()), c, after.filter(|c| c.is_alphabetic()));
        }
        before = Some(c);
    }
    score
}

fn likely(before: Option<char>, c: char, after: Option<char>) -> i64 {
    if c.is_control() {
        return -5;
    }
    if !c.is_alphabetic() || matches!(c, 'ª' | 'º') {
        return if before.is_some() || after.is_some() { -4 } else { 0 };
    }
    let mut score = 0;
    if c.is_uppercase() && before.is_some_and(char::is_lowercase) {
        score -= 3;
    }
    for neighbour in [before, after].into_iter().flatten() {
        score += if is_vowel(c) == is_vowel(neighbour) { -1 } else { 1 };
    }
    // Where both are vowels or both consonants, the languages they belong to decide.
    let next_is = |letters: &str| after.is_some_and(|next| letters.contains(next.to_ascii_lowercase()));
    score
        + match c {
            'ñ' | 'Ñ' => {
                if after.is_some_and(is_vowel) {
                    1
                } else {
                    -1
                }
            }
            'ń' | 'Ń' => {
                if after.is_some_and(is_vowel) {
                    -1
                } else {
                    1
                }
            }
            'ã' | 'õ' => {
                if next_is("oe") {
                    2
                } else {
                    -1
                }
            }
            'ă' | 'ő' => {
                if next_is("oe") {
                    -2
                } else {
                    1
                }
            }
            // Italian has these only at the end of a word.
            'ì' | 'ò' | 'ù' if after.is_some() => -1,
            'ŕ' | 'ĺ' | 'ð' | 'þ' => -1,
            _ => 0,
        }
}

fn is_vowel(c: char) -> bool {
    "aeiouyàáâãäåæąăèéêëęěìíîïòóôõöøőœùúûüůűýÿ".contains(c.to_lowercase().next().unwrap_or(c))
}
