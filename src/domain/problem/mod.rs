//! A problem: an error as the user meets it. It says what happened, how far it reaches, whether the program tries again, and what to
//! do.
//!
//! Window, report and command line show the same [`Problem`] in the same words. The technical chain goes to debug.log.

mod administration;
mod advice;
mod brief;
mod cause;
mod distrust;
mod fleet;
mod foreign;
mod item;
mod kind;
mod mail_server;
mod message_name;
mod note;
mod own_file;
mod record;
mod sentence;

pub use administration::{AddressOwner, AdministrationFault, Explanation};
pub use cause::{Cause, CertificateFileFault, HandshakeFault, ProxyFault};
pub use distrust::Distrust;
pub use fleet::{DatabaseFault, FleetFault, Sealed};
pub use item::{
    CollectionLeftOut, Difference, Invitation, ItemChange, ItemFault, ItemForm, ItemName, ItemNote, ItemServerFault,
    NameSource, TextFault,
};
pub use kind::{ProblemKind, Reach, Retry, Severity};
pub use mail_server::MailServerFault;
pub use message_name::MessageName;
pub use note::Note;
pub use own_file::OwnFile;
pub use record::{RecordDamage, RecordFault};
pub use sentence::capitalised;

use super::{ItemKind, Side, foreign_without_secrets, printable};
use foreign::Foreign;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a problem is about, as far as known.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Subject {
    /// The side it happened on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<Side>,
    /// The server, as typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// The account's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The folder's name as shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// What identifies the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Box<MessageName>>,
    /// The kind and the name of the event, task or contact.
    #[serde(default, deserialize_with = "item::recorded", skip_serializing_if = "Option::is_none")]
    pub item: Option<Box<(ItemKind, ItemName)>>,
    /// The file or folder of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// An error as the user meets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What kind it is.
    pub kind: ProblemKind,
    /// What it is about.
    pub subject: Subject,
    /// How many messages or items it concerns; 1 for most kinds.
    pub count: u64,
    /// The words of a server, a program or the system, made printable; empty if there are none.
    pub words: String,
    /// Why a connection failed, where that is the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Box<Cause>>,
    /// What we know besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Box<Note>>,
}

impl Problem {
    /// Whether it is a condition of the server that every account meets in the same way.
    pub fn is_of_every_account(&self) -> bool {
        self.subject.account.is_none() && self.subject.side.is_some() && self.reach() == Reach::Mailbox
    }

    /// A problem of `kind`; add what is known with the methods below.
    pub fn new(kind: ProblemKind) -> Self {
        Self { kind, subject: Subject::default(), count: 1, words: String::new(), cause: None, note: None }
    }

    /// Names the side.
    pub fn on(mut self, side: Side) -> Self {
        self.subject.side = Some(side);
        self
    }

    /// Names the server.
    pub fn at_server(mut self, server: impl fmt::Display) -> Self {
        self.subject.server = Some(readable(&server.to_string()));
        self
    }

    /// Names the account, as in the user's own list: a password that is a part of an address takes nothing out of it.
    pub fn for_account(mut self, account: impl fmt::Display) -> Self {
        self.subject.account = Some(presentable(&account.to_string()));
        self
    }

    /// Names the folder.
    pub fn in_folder(mut self, folder: impl fmt::Display) -> Self {
        self.subject.folder = Some(readable(&folder.to_string()));
        self
    }

    /// Names the message.
    pub fn about_message(mut self, message: MessageName) -> Self {
        self.subject.message = Some(Box::new(message.made_printable()));
        self
    }

    /// Names the event, task or contact.
    pub fn about_item(mut self, kind: ItemKind, name: ItemName) -> Self {
        self.subject.item = Some(Box::new((kind, name.made_printable())));
        self
    }

    /// Names a file or folder of ours.
    pub fn at_path(mut self, path: impl fmt::Display) -> Self {
        self.subject.path = Some(path.to_string());
        self
    }

    /// Says how many messages or items it concerns.
    pub fn counting(mut self, count: u64) -> Self {
        self.count = count;
        self
    }

    /// Adds the words of a server, a program or the system. Control characters and direction marks are replaced.
    pub fn saying(mut self, words: impl fmt::Display) -> Self {
        self.words = readable(&words.to_string());
        self
    }

    /// Adds why a connection failed.
    pub fn caused_by(mut self, cause: impl Into<Option<Cause>>) -> Self {
        self.cause = cause.into().map(|cause| Box::new(cause.made_printable()));
        self
    }

    /// Adds what we know besides.
    pub fn noting(mut self, note: impl Into<Option<Note>>) -> Self {
        self.note = note.into().map(|note| Box::new(note.made_printable()));
        self
    }

    /// Whether the note of a changed port cannot be read.
    fn has_damaged_port_note(&self) -> bool {
        let note = self.note.as_deref();
        matches!(note, Some(Note::Administration(AdministrationFault::PortNoteDamaged { .. })))
    }

    /// The words of others, the cause and our note as the end of a sentence; empty if there is none of them.
    pub fn details(&self) -> String {
        let cause = self.cause.as_ref().map(ToString::to_string);
        let note = self.note.as_ref().map(|note| note.said_of(self.is_one_message()));
        if cause.is_none() && note.is_none() {
            return self.words.clone();
        }
        let words = Some(self.words.trim_end_matches('.')).filter(|words| !words.is_empty()).map(str::to_owned);
        words.into_iter().chain(cause).chain(note).collect::<Vec<_>>().join("; ")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.sentence())?;
        match self.advice() {
            "" => Ok(()),
            advice => write!(formatter, " {advice}"),
        }
    }
}

/// The text of others without secrets, and presentable. Secrets go first: shortening or replacing characters could make one
/// unrecognisable and leave most of it to read.
fn readable(text: &str) -> String {
    presentable(&foreign_without_secrets(text))
}

/// The text printable, trimmed and no longer than a person reads.
fn presentable(text: &str) -> String {
    const LONGEST: usize = 400;
    let text = text.trim();
    let mut clean = printable(&text.chars().take(LONGEST).collect::<String>());
    if text.chars().nth(LONGEST).is_some() {
        clean.push('…');
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_password_reads_as_an_administrator_would_say_it() {
        let problem = Problem::new(ProblemKind::PasswordRefused).on(Side::Source).for_account("ann@example.com");
        assert_eq!(
            problem.to_string(),
            "The source server refused the password of ann@example.com. Correct the password in the CSV file and migrate this mailbox again."
        );
    }

    #[test]
    fn a_servers_words_cannot_forge_a_line() {
        let problem =
            Problem::new(ProblemKind::MessageRefused).in_folder("a\nb\u{202e}c").saying("no\r\nVerdict: all complete");
        assert!(!problem.to_string().contains(['\n', '\r', '\u{202e}']));
    }
}
