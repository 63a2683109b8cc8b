//! Text from outside, made safe to show in a report, a log, a window or a terminal.

/// Replaces every character that could forge a line, move a terminal's cursor or turn the reading direction: control characters, line
/// and paragraph separators, and the marks of the bidirectional algorithm (UAX 9).
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if is_printable(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}

/// Whether a character is none of those that [`printable`] replaces.
pub fn is_printable(c: char) -> bool {
    let separator = matches!(c, '\u{2028}' | '\u{2029}');
    let direction_mark =
        matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !(c.is_control() || separator || direction_mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_moves_the_cursor_or_turns_the_text_is_left() {
        assert_eq!(
            printable("a\r\nb\u{1b}[2Jc\u{202e}d\u{2028}e\u{85}f"),
            "a\u{fffd}\u{fffd}b\u{fffd}[2Jc\u{fffd}d\u{fffd}e\u{fffd}f"
        );
        assert_eq!(printable("Zoë Němcová 山田"), "Zoë Němcová 山田");
    }
}
