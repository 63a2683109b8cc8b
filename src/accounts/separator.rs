//! The character between two fields: its sign, and the frame that tables draw with it.

use crate::domain::list::ListNote;

/// The character between two fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Separator {
    /// `;`, as the manual has it.
    #[default]
    Semicolon,
    /// `,`, as spreadsheets of some countries write.
    Comma,
    /// A tab.
    Tab,
    /// `|`, as tables of databases have it, with or without a frame.
    Bar,
    /// `:`, as password files of Unix have it.
    Colon,
}

impl Separator {
    pub(super) const ALL: [Self; 5] = [Self::Semicolon, Self::Comma, Self::Tab, Self::Bar, Self::Colon];

    /// The separator that a line `sep=;` names, as spreadsheets write it at the top of a file.
    pub(super) fn named_by(line: &str) -> Option<Self> {
        let line = line.trim_start_matches(['\u{feff}', ' ', '"']).trim_end_matches(['"', ' ', '\r']);
        let sign = line.strip_prefix("sep=").or_else(|| line.strip_prefix("SEP="))?;
        Self::ALL.into_iter().find(|known| sign.len() == 1 && sign.starts_with(known.sign()))
    }

    pub(super) fn sign(self) -> char {
        match self {
            Separator::Semicolon => ';',
            Separator::Comma => ',',
            Separator::Tab => '\t',
            Separator::Bar => '|',
            Separator::Colon => ':',
        }
    }

    /// What the user should know.
    pub(super) fn note(self) -> Option<ListNote> {
        (self != Separator::Semicolon).then(|| ListNote::Separator(self.sign()))
    }

    /// Whether a character around a field does not count.
    pub(super) fn is_space(self, c: char) -> bool {
        c == ' ' || (c == '\t' && self != Separator::Tab) || c == '\u{feff}'
    }

    /// A line without the bars at both ends with which databases and text editors draw tables.
    pub(super) fn within_frame(self, line: &str) -> &str {
        if self != Separator::Bar {
            return line;
        }
        let within = line.trim().strip_prefix('|').and_then(|line| line.strip_suffix('|'));
        within.unwrap_or(line)
    }

    /// Whether a line is part of a table's frame, such as `+----+----+`.
    pub(super) fn is_rule(self, line: &str) -> bool {
        self == Separator::Bar
            && line.contains("--")
            && line.chars().all(|c| matches!(c, '+' | '-' | '|' | '=' | ':' | ' ' | '\t'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_of_a_table_is_no_field() {
        assert_eq!(Separator::Bar.within_frame(" | a | b | "), " a | b ");
        assert!(Separator::Bar.is_rule("+-----+---+") && Separator::Bar.is_rule("|---|:--|"));
        assert!(!Separator::Semicolon.is_rule("+-----+---+") && !Separator::Bar.is_rule("a|--"));
    }
}
