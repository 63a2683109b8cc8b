//! What looks wrong on lines that are used all the same, by kind with the numbers of the lines. Never holds anything of a line.

use super::PasswordFault;
use std::fmt;

/// At most this many lines are named one by one.
const LINES_NAMED: usize = 60;

/// What may be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LineDoubt {
    /// A line before the header.
    BeforeHeader,
    /// The header once more.
    HeaderAgain,
    /// The last line may be cut.
    EndsInside,
    /// Something other than a password in its place, where nobody needs one.
    NoPassword(PasswordFault),
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

/// A sentence without a subject, which follows the numbers of the lines.
impl fmt::Display for LineDoubt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::BeforeHeader => "is before the header and is not read.",
            Self::HeaderAgain => "repeats the header and is not read.",
            Self::EndsInside => {
                "is the last one and has no line end: the file may still be written or may be cut off, and with it the password."
            }
            Self::NoPassword(fault) => return fault.fmt(formatter),
            Self::GuessedEncoding => {
                "has a password with letters beyond A to Z, which may be read wrongly because the file is not UTF-8."
            }
            Self::HiddenCharacter => {
                "has a no-break space or another invisible character in the password, which is kept as written."
            }
            Self::SpaceAtEnd => "has a password that begins or ends with a space, which is kept as written.",
            Self::TypographicSign => "has a typographic quote or dash in the password, which is kept as written.",
            Self::Date => {
                "has a password that looks like a date, a truth value or a number with .0, which a spreadsheet may have made of it; it is kept as written."
            }
            Self::OtherFormat => {
                "has quotes around the password, or a character written as on a web page, such as &amp;; it is kept as written."
            }
            Self::Apostrophe => {
                "has a password that begins with an apostrophe, which a spreadsheet may have added; it is kept as written."
            }
            Self::NumberAsName => "has a number in place of the full name, which is not used.",
            Self::AddressAsName => "has a mail address in place of the full name, which is not used.",
            Self::PasswordAsName => {
                "has what looks like a password, or a part of one, in place of the full name; it is not used. If a password has the \
                 separator in it, put the password in quotes."
            }
            Self::NameIsPassword => "has a password of this file as the full name, which is not used.",
        })
    }
}

/// Lines that may be wrong in the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// Their numbers, from 1.
    pub lines: Vec<u32>,
    /// What may be wrong with them.
    pub doubt: LineDoubt,
}

/// A sentence with the numbers of the lines.
impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<String> = self.lines.iter().take(LINES_NAMED).map(u32::to_string).collect();
        formatter.write_str(if self.lines.len() == 1 { "Line " } else { "Each of the lines " })?;
        formatter.write_str(&numbers.join(", "))?;
        match self.lines.len().saturating_sub(LINES_NAMED) {
            0 => {}
            more => write!(formatter, " and {more} more")?,
        }
        write!(formatter, " {}", self.doubt)
    }
}
