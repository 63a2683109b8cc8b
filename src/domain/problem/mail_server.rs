//! What a mail server did instead of what the protocol asks of it, as data, and the one place where that is said in English.

use super::foreign::Foreign;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a mail server did. Its `Display` is a clause: no capital letter, no full stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum MailServerFault {
    /// It closed the connection silently.
    Closed,
    /// Reading has stopped, because nobody takes what it sends.
    Abandoned,

    // Before the sign-in.
    /// It did not greet.
    NoGreeting {
        /// The words of the library that reads greetings.
        why: String,
    },
    /// It does not greet like a mail server.
    FirstWords {
        /// These words.
        words: String,
    },
    /// It signs everybody in at once (PREAUTH): as whom, nobody knows.
    SignsInUnasked,
    /// It does not offer STARTTLS.
    StarttlsNotOffered,
    /// It offers STARTTLS and refuses it.
    StarttlsRefused {
        /// Its words.
        words: String,
    },
    /// Something came between its consent to encrypt and the encryption (CVE-2011-0411).
    DataBeforeEncryption,
    /// The connection is encrypted before it was asked to be.
    EncryptedAlready,

    // The sign-in.
    /// It takes no passwords on this connection.
    NoPasswords,
    /// It does not let anybody sign in for others.
    NotForOthers,
    /// It takes no tokens.
    NoTokens,
    /// It does not know Kerio Connect's master authentication.
    NoMasterAuthentication,

    // Folders.
    /// It created a folder under another name.
    OtherName {
        /// The name.
        name: String,
    },
    /// It said that it created a folder, but does not open it.
    MadeAndNotThere {
        /// Its words.
        words: String,
    },
    /// It lists more folders than this program takes.
    TooManyFolders {
        /// How many are too many.
        most: usize,
    },
    /// Its answer to STATUS has no numbers.
    StatusWithoutNumbers,
    /// It opened a folder before it was done with the previous one.
    OpenedTooEarly,

    // Answers.
    /// An answer has more or larger literals than fit into memory.
    TooManyLiterals,
    /// A message does not end where it should.
    MessageWithoutEnd,
    /// A line does not end.
    EndlessLine,
}

impl Foreign for MailServerFault {
    fn each_foreign(&mut self, each: &mut dyn FnMut(&mut String)) {
        match self {
            Self::NoGreeting { why: text }
            | Self::FirstWords { words: text }
            | Self::StarttlsRefused { words: text }
            | Self::OtherName { name: text }
            | Self::MadeAndNotThere { words: text } => each(text),
            Self::Closed
            | Self::Abandoned
            | Self::SignsInUnasked
            | Self::StarttlsNotOffered
            | Self::DataBeforeEncryption
            | Self::EncryptedAlready
            | Self::NoPasswords
            | Self::NotForOthers
            | Self::NoTokens
            | Self::NoMasterAuthentication
            | Self::TooManyFolders { .. }
            | Self::StatusWithoutNumbers
            | Self::OpenedTooEarly
            | Self::TooManyLiterals
            | Self::MessageWithoutEnd
            | Self::EndlessLine => {}
        }
    }
}

impl fmt::Display for MailServerFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Closed => "the server closed the connection",
            Self::Abandoned => "reading was abandoned",
            Self::NoGreeting { why } => return write!(formatter, "the server did not greet ({why})"),
            Self::FirstWords { words } => return write!(formatter, "its first words are '{words}'"),
            Self::SignsInUnasked => "it signs in without asking who we are (PREAUTH)",
            Self::StarttlsNotOffered => "the server does not offer STARTTLS",
            Self::StarttlsRefused { words } => return formatter.write_str(words),
            Self::DataBeforeEncryption => "the server sent data ahead of the encryption",
            Self::EncryptedAlready => "the connection is encrypted already",
            Self::NoPasswords => "the server offers no sign-in with a password on this connection",
            Self::NotForOthers => "the server does not offer AUTH=PLAIN, which signs in for others, on this connection",
            Self::NoTokens => {
                "the server does not offer a sign-in with a token (OAUTHBEARER, XOAUTH2) on this connection"
            }
            Self::NoMasterAuthentication => "master authentication is not enabled",
            Self::OtherName { name } => return write!(formatter, "it has or creates '{name}' instead"),
            Self::MadeAndNotThere { words } => {
                return write!(formatter, "it confirmed creating it, but then answered: {words}");
            }
            Self::TooManyFolders { most } => return write!(formatter, "the server lists more than {most} folders"),
            Self::StatusWithoutNumbers => "its answer to STATUS has no numbers",
            Self::OpenedTooEarly => "a folder was opened before the previous one was finished",
            Self::TooManyLiterals => "an answer has too many or too large literals",
            Self::MessageWithoutEnd => "a message does not end where it should",
            Self::EndlessLine => "a line does not end",
        })
    }
}
