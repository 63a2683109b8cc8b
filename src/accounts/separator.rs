//! The character between two fields, and how that of a file is found.

use super::fields::{Field, lines, split};
use super::header;

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

/// At most this many lines vote for a separator.
const LINES_HEARD: usize = 2_000;

impl Separator {
    const ALL: [Self; 5] = [Self::Semicolon, Self::Comma, Self::Tab, Self::Bar, Self::Colon];

    /// The separator of a file.
    ///
    /// 1. A first line `sep=;` names it.
    /// 2. Otherwise each line with an address votes for the separator that makes the address a field of its own. So a sign inside a
    ///    password never counts, wherever the address is.
    /// 3. Without such a line, the separator that divides the first line most often.
    pub(super) fn of(text: &str) -> Self {
        let content = || lines(text).filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
        if let Some(named) = content().next().and_then(Self::named_by) {
            return named;
        }
        // The pattern may be the header of a file with another separator.
        let voters = content().filter(|line| line.contains('@') && !header::is_pattern(line)).take(LINES_HEARD);
        let mut votes = [0; Self::ALL.len()];
        for line in voters {
            for (votes, separator) in votes.iter_mut().zip(Self::ALL) {
                *votes += usize::from(separator.isolates_an_address(line));
            }
        }
        if votes.iter().all(|votes| *votes == 0) {
            let Some(first) = content().find(|line| !header::is_pattern(line)) else { return Self::default() };
            votes = Self::ALL.map(|separator| split(first, separator).map_or(0, |fields| fields.len() - 1));
            // A single colon or comma is as likely punctuation.
            votes[4] = 0;
        }
        let most = votes.iter().max().copied().unwrap_or_default();
        let found = Self::ALL.iter().zip(votes).find(|(_, votes)| *votes == most);
        found.filter(|_| most > 0).map_or_else(Self::default, |(separator, _)| *separator)
    }

    /// Whether this separator makes an address a field of its own on a line of several fields.
    fn isolates_an_address(self, line: &str) -> bool {
        line.contains(self.sign())
            && split(line, self)
                .is_ok_and(|fields| fields.len() > 1 && fields.iter().any(|field| is_like_address(field)))
    }

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

    /// The sign as a word of a sentence.
    pub(super) fn word(self) -> &'static str {
        match self {
            Separator::Semicolon => "semicolon",
            Separator::Comma => "comma",
            Separator::Tab => "tab",
            Separator::Bar => "vertical bar",
            Separator::Colon => "colon",
        }
    }

    /// What the user should know.
    pub(super) fn note(self) -> Option<&'static str> {
        match self {
            Separator::Semicolon => None,
            Separator::Comma => Some("The fields of the file are separated by commas and were read so."),
            Separator::Tab => Some("The fields of the file are separated by tabs and were read so."),
            Separator::Bar => Some("The fields of the file are separated by vertical bars and were read so."),
            Separator::Colon => Some("The fields of the file are separated by colons and were read so."),
        }
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

/// Whether a field looks like a mail address and nothing else. Cheap, and enough to find where fields end.
fn is_like_address(field: &Field<'_>) -> bool {
    let text = field.text().trim();
    let text = text.strip_prefix('<').and_then(|text| text.strip_suffix('>')).unwrap_or(text);
    let text = match text.split_once(':') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("mailto") || scheme.eq_ignore_ascii_case("smtp") => rest,
        _ => text,
    };
    let mut parts = text.split('@');
    let (Some(local), Some(domain), None) = (parts.next(), parts.next(), parts.next()) else { return false };
    !local.is_empty()
        && !local.contains([';', ',', '\t', '|', ':', ' ', '"'])
        && !domain.is_empty()
        && domain.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-') || !c.is_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_separates_only_where_no_semicolon_does() {
        assert_eq!(Separator::of("address,password\nann@example.com,a;b,Ann\n"), Separator::Comma);
        assert_eq!(Separator::of("ann@example.com;a,b;Ann\nbob@example.com,c\n"), Separator::Semicolon);
        assert_eq!(Separator::of("ann@example.com,a\nbob@example.com;b,c;Bob\n"), Separator::Semicolon);
        assert_eq!(Separator::of("\"ann@example.com\"\tsecret"), Separator::Tab);
        assert_eq!(Separator::of("sep=,\nno address"), Separator::Comma);
    }

    #[test]
    fn the_separator_is_found_wherever_the_address_is() {
        assert_eq!(Separator::of("Name,Password,Email\nAnn,x;y|z,ann@example.com\n"), Separator::Comma);
        assert_eq!(Separator::of("Ann Smith;a,b:c;<ann@example.com>\n"), Separator::Semicolon);
        assert_eq!(Separator::of("| Ann | ann@example.com | x;y |\n"), Separator::Bar);
        assert_eq!(Separator::of("ann@example.com:x;y\n"), Separator::Colon);
        assert_eq!(Separator::of("SMTP:ann@example.com,x\n"), Separator::Comma);
        assert_eq!(Separator::of("Name;Password;MailAddress\nann;x,y,z;ann,asmith\n"), Separator::Semicolon);
        assert_eq!(Separator::of("ann@example.com\nbob@example.com\n"), Separator::Semicolon);
    }

    #[test]
    fn the_frame_of_a_table_is_no_field() {
        assert_eq!(Separator::Bar.within_frame(" | a | b | "), " a | b ");
        assert!(Separator::Bar.is_rule("+-----+---+") && Separator::Bar.is_rule("|---|:--|"));
        assert!(!Separator::Semicolon.is_rule("+-----+---+") && !Separator::Bar.is_rule("a|--"));
    }
}
