//! What a problem says about calendars, contacts and tasks besides its kind: facts as data, and the one place where they are said in
//! English.

mod change;
mod fault;
mod name;
mod server;

pub use change::{Difference, ItemChange, NameSource};
pub use fault::{ItemFault, ItemForm, TextFault};
pub use name::ItemName;
pub use server::ItemServerFault;

use super::Problem;
use super::foreign::Foreign;
use crate::domain::ItemKind;
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;

/// A fact that explains a problem with items. Its `Display` is a clause: no capital letter, no full stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "items")]
pub enum ItemNote {
    /// Why an item is not migrated.
    Fault(ItemFault),
    /// What was changed in an item on its way.
    Change(ItemChange),
    /// How the item on the target differs.
    Differences {
        /// Each of them.
        differences: Vec<Difference>,
    },
    /// Why a calendar or address book is not migrated.
    LeftOut(CollectionLeftOut),
    /// What the server of calendars and contacts did.
    Server(ItemServerFault),
    /// A sign that somebody was invited.
    Invited(Invitation),
    /// The list of accounts has no password, and nobody signs in for others at this server.
    NoPassword,
    /// No folder of the mailbox holds events, tasks or contacts.
    NoFolder,
    /// The folder with the files of all people has no folder of that name.
    NoFiles {
        /// That folder.
        path: String,
    },
    /// A folder with files cannot be read.
    FilesUnreadable {
        /// The folder.
        path: String,
        /// What the system says.
        why: String,
    },
    /// The mailbox that holds the items has a problem of its own.
    Mailbox {
        /// That problem.
        problem: Box<Problem>,
    },
}

/// Why a calendar or address book is not migrated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "left_out")]
pub enum CollectionLeftOut {
    /// It shows a calendar that is on another server.
    Subscription,
    /// It lists all people of the server.
    Directory,
    /// It belongs to another account.
    OfOthers,
    /// The server makes it from the birthdays of contacts.
    Birthdays,
    /// It holds what was deleted.
    Trash,
    /// The server makes it by itself.
    Generated,
    /// A folder of files that is none of the three.
    OtherFolder,
    /// A file that holds neither calendars nor contacts, or is in the wrong place.
    OtherFile,
}

/// A sign that somebody was invited to an event that was to invite nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "sign")]
pub enum Invitation {
    /// The target put a participant back who was taken out.
    PutBack {
        /// The participant's address.
        participant: String,
        /// The event.
        event: Box<ItemName>,
    },
    /// A participant got an invitation.
    Received {
        /// The participant's address.
        participant: String,
        /// The event's UID.
        uid: String,
    },
}

/// Reads the name of an item. Earlier versions recorded it in words: `the event 'Plan' of 2012-03-02`.
pub(super) fn recorded<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Box<(ItemKind, ItemName)>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Recorded {
        Known(ItemKind, ItemName),
        InWords(String),
    }
    Ok(match Option::deserialize(from)? {
        Some(Recorded::Known(kind, name)) => Some(Box::new((kind, name))),
        Some(Recorded::InWords(words)) => {
            [ItemKind::Event, ItemKind::Task, ItemKind::Contact].into_iter().find_map(|kind| {
                let file = words.strip_prefix(&format!("the {kind} "))?.to_owned();
                Some(Box::new((kind, ItemName { file, ..ItemName::default() })))
            })
        }
        None => None,
    })
}

impl Foreign for ItemNote {
    fn each_foreign(&mut self, each: &mut dyn FnMut(&mut String)) {
        match self {
            Self::Fault(fault) => fault.each_foreign(each),
            Self::Change(change) => change.each_foreign(each),
            Self::Differences { differences } => differences.iter_mut().for_each(|it| it.each_foreign(each)),
            Self::Server(fault) => fault.each_foreign(each),
            Self::Invited(Invitation::PutBack { participant, event }) => {
                each(participant);
                event.each_foreign(each);
            }
            Self::Invited(Invitation::Received { participant, uid }) => {
                each(participant);
                each(uid);
            }
            Self::NoFiles { path } => each(path),
            Self::FilesUnreadable { path, why } => {
                each(path);
                each(why);
            }
            // A problem is made presentable when it is put together.
            Self::Mailbox { .. } | Self::LeftOut(_) | Self::NoPassword | Self::NoFolder => {}
        }
    }
}

impl fmt::Display for ItemNote {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(fault) => fault.fmt(formatter),
            Self::Change(change) => change.fmt(formatter),
            Self::Differences { differences } => {
                let all: Vec<String> = differences.iter().map(ToString::to_string).collect();
                formatter.write_str(&all.join(", "))
            }
            Self::LeftOut(why) => why.fmt(formatter),
            Self::Server(fault) => fault.fmt(formatter),
            Self::Invited(Invitation::PutBack { participant, event }) => {
                write!(formatter, "it put {participant} back into the event {event}")
            }
            Self::Invited(Invitation::Received { participant, uid }) => {
                write!(formatter, "{participant} got an invitation for the event with the UID {uid}")
            }
            Self::NoPassword => formatter.write_str("the accounts file has no password for it"),
            Self::NoFolder => formatter.write_str("no folder of the mailbox holds events, tasks or contacts"),
            Self::NoFiles { path } => write!(formatter, "{path} has no folder of that name"),
            Self::FilesUnreadable { path, why } => write!(formatter, "{path} cannot be read: {why}"),
            Self::Mailbox { problem } => formatter.write_str(problem.sentence().trim_end_matches('.')),
        }
    }
}

impl fmt::Display for CollectionLeftOut {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Subscription => "it is a subscription to a calendar elsewhere",
            Self::Directory => "it is the server's directory of all its people",
            Self::OfOthers => "it belongs to somebody else and is migrated with that account",
            Self::Birthdays => "the server makes it from the birthdays of the contacts",
            Self::Trash => "it is a trash folder",
            Self::Generated => "the server makes it by itself",
            Self::OtherFolder => "it is not one of the folders calendar, tasks and contacts",
            Self::OtherFile => "it is not an .ics or .vcf file in one of the folders calendar, tasks and contacts",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_that_an_earlier_version_recorded_in_words_is_read() {
        let item = r#"{"kind":"item_not_copied","subject":{"folder":"Work","item":"the event 'Plan'"},"count":1,"words":"no room"}"#;
        let problem: Problem = serde_json::from_str(item).unwrap();
        assert_eq!(problem.sentence(), "The event 'Plan' in 'Work' was not copied: no room.");
        let aside = r#"{"kind":"history_unknown","subject":{},"count":1,"words":"it has format 9","note":{"kind":"record_set_aside","kept_as":"/a"}}"#;
        let problem: Problem = serde_json::from_str(aside).unwrap();
        let details = "it has format 9; the record of earlier runs cannot be used and is kept as /a";
        assert_eq!(problem.details(), details);
    }
    use crate::domain::{Note, ProblemKind};

    #[test]
    fn what_is_said_of_an_item_is_data_in_an_event_and_a_clause_in_a_sentence() {
        let xml = TextFault::Xml { why: "tag <\u{202e}>".to_owned() };
        let differences = vec![Difference::Property { name: "DTEND".to_owned() }, Difference::Exception];
        let mailbox = Problem::new(ProblemKind::PasswordRefused).for_account("ann@example.com");
        for (note, says) in [
            (ItemNote::Fault(ItemFault::Text { form: ItemForm::Kolab, why: xml }), "tag <\u{fffd}>"),
            (ItemNote::Fault(ItemFault::UnknownZone { id: "Nowhere".to_owned() }), "its time zone 'Nowhere'"),
            (ItemNote::Differences { differences }, "DTEND, an exception of the series"),
            (ItemNote::Change(ItemChange::Named { after: NameSource::Company }), "it is named after the company"),
            (ItemNote::Server(ItemServerFault::TooLargeForTarget), "larger than the target accepts"),
            (ItemNote::Mailbox { problem: Box::new(mailbox) }, "refused the password of ann@example.com"),
            (ItemNote::LeftOut(CollectionLeftOut::Trash), "it is a trash folder"),
        ] {
            let name = ItemName { title: "Plan".to_owned(), day: Some("2012-03-02".to_owned()), ..ItemName::default() };
            let problem = Problem::new(ProblemKind::ItemNotCopied).in_folder("Work").about_item(ItemKind::Event, name);
            let problem = problem.noting(Note::Items(note));
            let text = serde_json::to_string(&problem).unwrap();
            assert_eq!(serde_json::from_str::<Problem>(&text).unwrap(), problem);
            assert!(!text.contains(" the ") && problem.words.is_empty(), "{text}");
            let sentence = problem.sentence();
            assert!(sentence.starts_with("The event 'Plan' of 2012-03-02 in 'Work'"), "{sentence}");
            assert!(sentence.contains(says), "{sentence}");
        }
    }
}
