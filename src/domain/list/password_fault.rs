//! What is found in place of a password.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Why the text in the place of a password is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PasswordFault {
    /// `{SSHA512}…`, `$6$…`, or a digest in hexadecimal.
    Hash,
    /// `********`, or a word such as `(hidden)`.
    Mask,
    /// `#NAME?` and the like.
    SpreadsheetError,
    /// `1.23E+11`.
    Rounded,
    /// Typographic quotes, or apostrophes as quotes, around it.
    OtherQuotes,
    /// A formula without its end.
    Formula,
}

/// A sentence without a subject, which follows an address or the numbers of lines.
impl fmt::Display for PasswordFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Hash => {
                "has the hash of a password in place of the password; the server's own list cannot give it back. Write the password itself."
            }
            Self::Mask => {
                "has a placeholder in place of the password; the program that wrote the list hides passwords. Write the password itself."
            }
            Self::SpreadsheetError => {
                "has a spreadsheet's error, such as #NAME?, in place of the password. Format the column as text and enter it again."
            }
            Self::Rounded => {
                "has a number that a spreadsheet rounded, such as 1.23E+11, in place of the password. Format the column as text and enter it again."
            }
            Self::OtherQuotes => {
                "has quotes around the password that are not plain ones. Write plain ones (\") or none."
            }
            Self::Formula => {
                "has a spreadsheet's formula (=\"…) without its end in place of the password. Put the field in quotes."
            }
        })
    }
}
