//! What the user should know of how a list was read.

use super::Export;
use crate::domain::printable;
use std::fmt;

/// At most this many domains are named.
const DOMAINS_NAMED: usize = 5;

/// A fact about a list that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListNote {
    /// It is not UTF-8, and its encoding was guessed.
    GuessedEncoding {
        /// The encoding as people call it.
        name: &'static str,
    },
    /// Its fields are separated by another character than the semicolon.
    Separator(char),
    /// It is a list that a known program writes.
    Export {
        /// Which one.
        export: Export,
        /// The line of the header.
        header_line: Option<u32>,
    },
    /// The same, and it holds no passwords.
    ExportWithoutPasswords(Export),
    /// The mail of some accounts goes to another domain.
    OtherDomains {
        /// How many.
        mailboxes: usize,
        /// Those domains, each once.
        domains: Vec<String>,
    },
    /// The file changed while it was read.
    StillWritten,
}

/// A separator inside a sentence.
pub(super) fn separator(sign: char) -> &'static str {
    match sign {
        ',' => "comma",
        '\t' => "tab",
        '|' => "vertical bar",
        ':' => "colon",
        _ => "semicolon",
    }
}

/// One or two sentences.
impl fmt::Display for ListNote {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GuessedEncoding { name } => write!(
                formatter,
                "The file is not UTF-8 and was read as {name}. If a name looks wrong or a password is refused, save the file as UTF-8 \
                 and load it again."
            ),
            Self::Separator(sign) => {
                write!(formatter, "The fields of the file are separated by {}s.", separator(*sign))
            }
            Self::Export { export, header_line: Some(line) } => {
                write!(formatter, "Line {line} is the header of {}.", export.name())
            }
            Self::Export { export, header_line: None } => write!(formatter, "This is {}.", export.name()),
            Self::ExportWithoutPasswords(export) => write!(
                formatter,
                "This is {}: it holds no passwords. Add a column Password, or {}.",
                export.name(),
                export.instead()
            ),
            Self::OtherDomains { mailboxes, domains } => {
                let named: Vec<String> = domains.iter().take(DOMAINS_NAMED).map(|domain| printable(domain)).collect();
                let mailboxes =
                    if *mailboxes == 1 { "1 mailbox".to_owned() } else { format!("{mailboxes} mailboxes") };
                let more = if domains.len() > DOMAINS_NAMED { " and others" } else { "" };
                let named = named.join(", ");
                write!(formatter, "The mail of {mailboxes} goes to an address in another domain: {named}{more}.")
            }
            Self::StillWritten => formatter.write_str(
                "The file changed while it was read, so another program may still be writing it. Load it again when that program has \
                 finished.",
            ),
        }
    }
}
