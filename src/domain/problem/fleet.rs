//! Why the database that machines share cannot be used, or a fleet in it: faults as data, and the one place where they are said in English.

use super::foreign::Foreign;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why the shared database cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "fault")]
pub enum DatabaseFault {
    /// It refused the name or the password.
    SignInRefused,
    /// It wants a password, and there is none.
    PasswordMissing,
    /// There is no database of that name.
    Missing,
    /// It is a standby that takes no changes.
    Standby,
    /// Its disk or its memory is full.
    Full,
    /// The user owns nothing there.
    NoRights,
    /// It takes no more connections.
    Busy,
    /// It was shut down.
    Ended,
    /// It refused something else.
    Refused {
        /// Its words.
        words: String,
    },
    /// No connection to it can be made.
    Unreachable {
        /// What the system says.
        why: String,
    },
    /// It did not answer in time.
    Silent,
    /// Encryption cannot be set up on this computer.
    NoEncryption {
        /// What the TLS library says.
        why: String,
    },
    /// Its tables are of another version than this program's.
    Version {
        /// That version.
        found: i32,
        /// The one that this program knows.
        known: i32,
    },
}

/// Why a fleet cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "fault")]
pub enum FleetFault {
    /// There is a fleet of that name already.
    NameTaken {
        /// The database.
        database: String,
        /// The name.
        name: String,
    },
    /// There is no fleet at all.
    None {
        /// The database.
        database: String,
    },
    /// There is none of that name.
    Missing {
        /// The database.
        database: String,
        /// The name.
        name: String,
        /// The fleets that there are.
        others: Vec<String>,
    },
    /// There are several, and none was named.
    Several {
        /// The database.
        database: String,
        /// Their names.
        names: Vec<String>,
    },
    /// The key file belongs to another fleet.
    OtherKey {
        /// The fleet's name.
        name: String,
    },
    /// This cannot be done without the fleet's key.
    KeyNeeded,
    /// Something is not what this fleet's key has sealed.
    Altered {
        /// What.
        what: Sealed,
    },
    /// Another version of this program has written what was sealed.
    OtherVersion,
}

/// What a fleet's key seals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "sealed")]
pub enum Sealed {
    /// The setup that the fleet was created with.
    Setup,
    /// A job, or its report.
    Job {
        /// Its number in the fleet.
        number: i64,
    },
    /// A fact about a server.
    Fact,
}

impl Foreign for DatabaseFault {
    fn each_foreign(&mut self, each: &mut dyn FnMut(&mut String)) {
        match self {
            Self::Refused { words: text } | Self::Unreachable { why: text } | Self::NoEncryption { why: text } => {
                each(text);
            }
            Self::SignInRefused
            | Self::PasswordMissing
            | Self::Missing
            | Self::Standby
            | Self::Full
            | Self::NoRights
            | Self::Busy
            | Self::Ended
            | Self::Silent
            | Self::Version { .. } => {}
        }
    }
}

/// What follows the database's address.
impl fmt::Display for DatabaseFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::SignInRefused => "refused the name or the password",
            Self::PasswordMissing => "asks for a password; put it into PGPASSWORD or a password file (PGPASSFILE)",
            Self::Missing => "does not exist; create it with createdb",
            Self::Standby => "is a standby that takes no changes; give the address of the primary",
            Self::Full => "has no space left on its disk",
            Self::NoRights => "gives this user no rights; the user needs to own the database",
            Self::Busy => "accepts no more connections at the moment",
            Self::Ended => "has ended the connection",
            Self::Refused { words } => return write!(formatter, "refused: {words}"),
            Self::Unreachable { why } => return write!(formatter, "cannot be reached: {why}"),
            Self::Silent => "does not answer",
            Self::NoEncryption { why } => {
                return write!(formatter, "cannot be reached over an encrypted connection: {why}");
            }
            Self::Version { found, known } => {
                let advice = if found < known {
                    "end the programs that use it, and bring it up to date with 'kimt fleet upgrade'"
                } else {
                    "use the same version of the program on every machine"
                };
                return write!(
                    formatter,
                    "has version {found} of the tables, and this program knows version {known}; {advice}"
                );
            }
        })
    }
}

impl fmt::Display for FleetFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |names: &[String]| names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
        match self {
            Self::NameTaken { database, name } => write!(
                formatter,
                "the database {database} has a fleet '{name}' already; choose another name, or add accounts to it with 'kimt fleet add'"
            ),
            Self::None { database } => {
                write!(formatter, "the database {database} has no fleet; 'kimt fleet create' creates one")
            }
            Self::Missing { database, name, others } => {
                write!(formatter, "the database {database} has no fleet '{name}', but {}", quoted(others))
            }
            Self::Several { database, names } => {
                write!(
                    formatter,
                    "the database {database} has several fleets ({}); choose one with --name",
                    quoted(names)
                )
            }
            Self::OtherKey { name } => write!(formatter, "the key file is not the one of the fleet '{name}'"),
            Self::KeyNeeded => formatter.write_str("this needs the key file of the fleet (--key-file)"),
            Self::Altered { what } => {
                write!(formatter, "{what} in the database was altered, or was not sealed with this fleet's key")
            }
            Self::OtherVersion => formatter.write_str(
                "the sealed data in the database was written by another version of kimt; use the version that created the fleet on every machine, \
                 or create the fleet again with this one: 'kimt fleet finish', then 'kimt fleet create' under another --name; nothing is \
                 copied twice",
            ),
        }
    }
}

impl fmt::Display for Sealed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setup => formatter.write_str("the setup"),
            Self::Job { number } => write!(formatter, "job {number}"),
            Self::Fact => formatter.write_str("a fact"),
        }
    }
}
