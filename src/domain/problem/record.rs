//! Why a record of what is on the target cannot be used: faults as data, and the one place where they are said in English.

use super::foreign::Foreign;
use super::{DatabaseFault, FleetFault};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a record of what is on the target cannot be used. Its `Display` is a clause: no capital letter, no full stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "fault")]
pub enum RecordFault {
    // Whose it is.
    /// Another run has the record's file.
    FileInUse {
        /// The file.
        path: String,
    },
    /// Another machine, or another run, has the mailbox.
    MailboxInUse,
    /// Another machine has taken the mailbox from this one.
    TakenOver,
    /// The lease of this process has expired, so that another machine may take its mailboxes.
    LeaseLost,
    // What is in it.
    /// It differs from what was written.
    Damaged {
        /// How it differs.
        damage: RecordDamage,
    },
    /// It no longer knows a folder.
    FolderForgotten {
        /// The folder's number in the record.
        folder: i64,
    },
    /// A value cannot be put into the record's form.
    Unwritable {
        /// The words of the library that writes it.
        why: String,
    },
    // Where it is kept.
    /// The system, or SQLite, refuses a file.
    File {
        /// The file or folder.
        path: String,
        /// Its words.
        why: String,
    },
    /// The shared database refuses, or cannot be reached.
    Database {
        /// Its address, without a password.
        address: String,
        /// Why.
        why: DatabaseFault,
    },
    /// A fleet in the shared database cannot be used.
    Fleet {
        /// Why.
        why: FleetFault,
    },
    /// The system gives no random numbers.
    NoRandomNumbers,
    /// The system starts no further thread.
    NoThread {
        /// Its words.
        why: String,
    },
}

/// How a record differs from what was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "damage")]
pub enum RecordDamage {
    /// A block of a folder's messages has another checksum, or another place.
    Block {
        /// The block's number.
        block: i64,
        /// The folder's number in the record.
        folder: i64,
    },
    /// A folder has more or fewer blocks than were written.
    Blocks {
        /// The folder's number in the record.
        folder: i64,
        /// How many there are.
        found: i64,
        /// How many were written.
        written: i64,
    },
    /// The whole record has more or fewer blocks than its folders know of.
    AllBlocks {
        /// How many there are.
        found: i64,
        /// How many the folders know of.
        written: i64,
    },
    /// What is known about a folder as a whole has another checksum.
    Head {
        /// The folder's number in the record.
        folder: i64,
    },
    /// Its text cannot be read, though the checksum is right.
    Unreadable {
        /// The words of the library that reads it.
        why: String,
    },
    /// It is in a format of another version of this program.
    Format {
        /// That format.
        found: i64,
        /// The newest that is known.
        newest: i64,
    },
    /// It is the record of another mailbox.
    OtherMailbox {
        /// The account's address in it.
        address: String,
        /// The source in it.
        source: String,
        /// The target in it.
        target: String,
    },
}

impl From<FleetFault> for RecordFault {
    fn from(why: FleetFault) -> Self {
        RecordFault::Fleet { why }
    }
}

impl From<RecordDamage> for RecordFault {
    fn from(damage: RecordDamage) -> Self {
        RecordFault::Damaged { damage }
    }
}

impl Foreign for RecordFault {
    fn each_foreign(&mut self, each: &mut dyn FnMut(&mut String)) {
        match self {
            Self::FileInUse { path: text } | Self::Unwritable { why: text } | Self::NoThread { why: text } => {
                each(text)
            }
            Self::Damaged { damage } => damage.each_foreign(each),
            Self::File { path, why } => {
                each(path);
                each(why);
            }
            Self::Database { address, why } => {
                each(address);
                why.each_foreign(each);
            }
            // The names of fleets are the user's own.
            Self::Fleet { .. }
            | Self::MailboxInUse
            | Self::TakenOver
            | Self::LeaseLost
            | Self::FolderForgotten { .. }
            | Self::NoRandomNumbers => {}
        }
    }
}

impl Foreign for RecordDamage {
    fn each_foreign(&mut self, each: &mut dyn FnMut(&mut String)) {
        match self {
            Self::Unreadable { why } => each(why),
            Self::OtherMailbox { address, source, target } => [address, source, target].into_iter().for_each(each),
            Self::Block { .. }
            | Self::Blocks { .. }
            | Self::AllBlocks { .. }
            | Self::Head { .. }
            | Self::Format { .. } => {}
        }
    }
}

impl fmt::Display for RecordFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FileInUse { path } => write!(formatter, "{path} is in use by another run"),
            Self::MailboxInUse => formatter.write_str("another machine or run is working on this mailbox"),
            Self::TakenOver => formatter.write_str("another machine has taken this mailbox over"),
            Self::LeaseLost => formatter.write_str(
                "this process could not renew its lease in the database in time; another machine may continue this mailbox",
            ),
            Self::Damaged { damage } => write!(formatter, "the record was damaged and will be rebuilt: {damage}"),
            Self::FolderForgotten { folder } => write!(formatter, "folder {folder} is no longer in the record"),
            Self::Unwritable { why } => write!(formatter, "the record cannot be written: {why}"),
            Self::File { path, why } => write!(formatter, "{path}: {why}"),
            Self::Database { address, why } => write!(formatter, "the database {address} {why}"),
            Self::Fleet { why } => why.fmt(formatter),
            Self::NoRandomNumbers => formatter.write_str("the system provides no random numbers"),
            Self::NoThread { why } => write!(formatter, "no further thread can be started: {why}"),
        }
    }
}

impl fmt::Display for RecordDamage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Block { block, folder } => {
                write!(formatter, "block {block} of folder {folder} is not the one that was written")
            }
            Self::Blocks { folder, found, written } => {
                write!(formatter, "folder {folder} has {found} blocks, and {written} were written")
            }
            Self::AllBlocks { found, written } => {
                write!(formatter, "it has {found} blocks, and its folders know of {written}")
            }
            Self::Head { folder } => write!(formatter, "the head of folder {folder} is not the one that was written"),
            Self::Unreadable { why } => formatter.write_str(why),
            Self::Format { found, newest } => {
                write!(formatter, "it has format {found}, and this version reads up to format {newest}")
            }
            Self::OtherMailbox { address, source, target } => {
                write!(formatter, "it is about {address} from {source} to {target}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Note, OwnFile, Problem, ProblemKind, Sealed};

    #[test]
    fn a_fault_of_the_record_is_data_in_an_event_and_a_clause_in_a_sentence() {
        let why = DatabaseFault::Refused { words: "no\u{202e}".to_owned() };
        let fault = RecordFault::Database { address: "kimt@db:5432/kimt".to_owned(), why };
        let damage = RecordDamage::Format { found: 99, newest: 2 };
        let several = FleetFault::Several { database: "db".to_owned(), names: vec!["a".to_owned(), "b".to_owned()] };
        let altered = FleetFault::Altered { what: Sealed::Job { number: 7 } };
        for (fault, says) in [
            (fault, "the database kimt@db:5432/kimt refused: no\u{fffd}"),
            (damage.into(), "will be rebuilt: it has format 99"),
            (several.into(), "several fleets ('a', 'b'); choose one with --name"),
            (altered.into(), "job 7 in the database was altered"),
        ] {
            let problem = Problem::new(ProblemKind::LocalFile).at_path(OwnFile::Record).noting(Note::Record(fault));
            let text = serde_json::to_string(&problem).unwrap();
            assert!(!text.contains("choose one") && !text.contains("was altered"), "{text}");
            assert_eq!(serde_json::from_str::<Problem>(&text).unwrap(), problem);
            assert!(problem.words.is_empty() && problem.sentence().contains(says), "{}", problem.sentence());
        }
    }
}
