//! Text from outside, made safe to show in a report, a log, a window or a terminal.

/// Replaces every character that could forge a line, move a terminal's cursor, turn the reading direction or hide in a word: control
/// characters, line and paragraph separators, the marks of the bidirectional algorithm (UAX 9), and all that is not visible. Only for
/// what is shown: in a name that goes to a server, such a character may belong to the script (Persian, Indic) or to an emoji.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if is_printable(c) { c } else { char::REPLACEMENT_CHARACTER }).collect()
}

/// Whether a character is none of those that [`printable`] replaces.
pub fn is_printable(c: char) -> bool {
    let separator = matches!(c, '\u{2028}' | '\u{2029}');
    !(c.is_control() || separator || is_invisible(c))
}

/// Whether a character has no look of its own: Unicode's default ignorable code points, its other format characters that do not show
/// (UCD, `DerivedCoreProperties.txt` and `DerivedGeneralCategory.txt`), and those that are none.
pub fn is_invisible(c: char) -> bool {
    let is_none = matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe;
    is_none
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
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
        for hidden in
            "\u{ad}\u{34f}\u{115f}\u{200b}\u{200d}\u{2060}\u{3164}\u{fe0f}\u{feff}\u{fffe}\u{1d173}\u{e0001}\u{10ffff}"
                .chars()
        {
            assert_eq!(printable(&format!("a{hidden}b")), "a\u{fffd}b", "{hidden:?}");
        }
        // What is replaced once stays as it is, and what fonts of their own show may stay.
        assert_eq!(printable("\u{fffd}\u{e000}"), "\u{fffd}\u{e000}");
        assert_eq!(printable("Zoë Němcová 山田"), "Zoë Němcová 山田");
    }
}
