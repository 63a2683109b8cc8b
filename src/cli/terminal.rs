//! Standard output and standard error, the only places where the program prints.
//!
//! Promises that a closed pipe or terminal never ends a migration: what cannot be written is dropped.

use crate::domain::{is_printable, printable};
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

/// Prints a line of the result.
pub(super) fn say(line: impl Display) {
    let mut output = io::stdout().lock();
    let _ = writeln!(output, "{}", shown(&line.to_string())).and_then(|()| output.flush());
}

/// Prints a line on standard error: an error, a warning, or what a stop is doing.
pub(super) fn complain(line: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{}", shown(&line.to_string()));
}

/// A text of ours as a terminal may show it: foreign words in it must not move the cursor or turn the reading direction. Line ends are
/// ours: foreign words have none.
pub(super) fn shown(text: &str) -> String {
    text.split('\n').map(printable).collect::<Vec<_>>().join("\n")
}

/// A JSON text in which control and direction characters are escaped, so that it means the same and a terminal can show it.
pub(super) fn escaped(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        if is_printable(character) {
            escaped.push(character);
        } else {
            // JSON writes characters beyond the basic plane as two units.
            let units =
                character.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
            escaped.push_str(&units);
        }
    }
    escaped
}

/// Whether standard output is a terminal that can redraw lines.
pub(super) fn output_is_live() -> bool {
    io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|terminal| terminal != "dumb")
}

/// Whether somebody can be asked.
pub(super) fn somebody_is_there() -> bool {
    io::stderr().is_terminal() || io::stdin().is_terminal()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An escape sequence, its one-character form, a reversal of the reading direction, a line separator, and two that nobody
    /// sees.
    const HOSTILE: &str = "a\u{1b}[2J\u{9b}31m\u{202e}b\u{2028}c\u{200f}\u{200b}\u{e0041}";

    #[test]
    fn what_is_printed_moves_no_cursor_and_turns_no_text() {
        assert!(shown(HOSTILE).chars().all(is_printable));
        assert_eq!(shown("two\nlines"), "two\nlines");
    }

    #[test]
    fn json_has_no_such_character_either_and_means_the_same() {
        let line = serde_json::to_string(HOSTILE).unwrap();
        assert!(escaped(&line).chars().all(is_printable));
        assert_eq!(serde_json::from_str::<String>(&escaped(&line)).unwrap(), HOSTILE);
    }
}
