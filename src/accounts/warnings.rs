//! What looks wrong on lines that are used all the same, by kind with the numbers of the lines. Never holds anything of a line.

use super::fault::Fault;
use std::collections::BTreeMap;

/// At most this many lines are named one by one.
const LINES_NAMED: usize = 60;

/// What may be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Doubt {
    /// A line before the header.
    BeforeHeader,
    /// The header once more.
    HeaderAgain,
    /// The last line may be cut.
    EndsInside,
    /// A password that is none where nobody needs one.
    NoPassword(Fault),
    /// A password beyond ASCII in a file whose encoding was guessed.
    GuessedEncoding,
    /// A password with a no-break space, a zero-width or a control character.
    HiddenCharacter,
    /// A password that begins or ends with a space.
    SpaceAtEnd,
    /// A password with typographic quotes or dashes.
    TypographicSign,
    /// A password that looks like what a spreadsheet makes of some texts.
    Date,
    /// A password with the marks of another format.
    OtherFormat,
    /// A password that begins with an apostrophe.
    Apostrophe,
    /// A number as the full name.
    NumberAsName,
    /// A mail address as the full name.
    AddressAsName,
    /// A full name that looks like a password.
    PasswordAsName,
    /// A full name that is a password of the file.
    NameIsPassword,
}

impl Doubt {
    fn what(self) -> &'static str {
        match self {
            Self::BeforeHeader => "is before the header and is not read.",
            Self::HeaderAgain => "is the header once more and is not read.",
            Self::EndsInside => {
                "is the last one and has no line end: the file may still be written or be cut, and with it the password."
            }
            Self::NoPassword(fault) => fault.what(),
            Self::GuessedEncoding => {
                "has a password with letters beyond A to Z, which may be read wrongly because the file is not UTF-8."
            }
            Self::HiddenCharacter => {
                "has a no-break space or another character that is not seen in the password, which is used as it is."
            }
            Self::SpaceAtEnd => "has a password that begins or ends with a space, which is used as it is.",
            Self::TypographicSign => "has a typographic quote or dash in the password, which is used as it is.",
            Self::Date => {
                "has a password that looks like a date, a truth value or a number with .0, which a spreadsheet may have made of it; it is used as it is."
            }
            Self::OtherFormat => {
                "has quotes around the password, or a sign written as on a web page, such as &amp;; it is used as it is."
            }
            Self::Apostrophe => {
                "has a password that begins with an apostrophe, which a spreadsheet may have added; it is used as it is."
            }
            Self::NumberAsName => "has a number in place of the full name, which is not used.",
            Self::AddressAsName => "has a mail address in place of the full name, which is not used.",
            Self::PasswordAsName => {
                "has in place of the full name what looks like a password or a part of one, which is not used. Put a password that has the \
                 separator in it in quotes."
            }
            Self::NameIsPassword => "has as the full name what is a password in this file, which is not used.",
        }
    }
}

/// Lines that may be wrong in the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Their numbers, from 1.
    pub lines: Vec<u32>,
    doubt: Doubt,
}

impl Warning {
    /// Whether it says that a password cannot be used as one.
    pub(super) fn is_about_a_missing_password(&self) -> bool {
        matches!(self.doubt, Doubt::NoPassword(_))
    }

    /// What may be wrong, with the numbers of the lines.
    pub fn sentence(&self) -> String {
        let numbers: Vec<String> = self.lines.iter().take(LINES_NAMED).map(u32::to_string).collect();
        let more = self.lines.len().saturating_sub(LINES_NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let word = if self.lines.len() == 1 { "Line" } else { "Each of the lines" };
        format!("{word} {}{more} {}", numbers.join(", "), self.doubt.what())
    }
}

/// Doubts while a file is read.
#[derive(Debug, Default)]
pub(super) struct Doubts(BTreeMap<Doubt, Vec<u32>>);

impl Doubts {
    pub(super) fn note(&mut self, doubt: Doubt, line: u32) {
        self.0.entry(doubt).or_default().push(line);
    }

    /// All of them as warnings.
    pub(super) fn warnings(&self) -> Vec<Warning> {
        self.0.iter().map(|(doubt, lines)| Warning { lines: lines.clone(), doubt: *doubt }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_named_by_number_up_to_a_bound() {
        let mut doubts = Doubts::default();
        doubts.note(Doubt::Apostrophe, 3);
        (1..=200).for_each(|line| doubts.note(Doubt::NumberAsName, line));
        let said: Vec<String> = doubts.warnings().iter().map(Warning::sentence).collect();
        assert!(said[0].starts_with("Line 3 has a password that begins with an apostrophe"));
        assert!(said[1].starts_with("Each of the lines 1, 2, 3,") && said[1].contains("60 and 140 more has a number"));
    }
}
