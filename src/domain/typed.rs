//! What a person types, and what is wrong with it: days, sizes and rates are read here; rules, addresses and key files in their own
//! modules. Faults are data; this is the one place where they are said in English.

use chrono::NaiveDate;
use std::fmt;

/// What was typed is not a day, a size or a rate. Its `Display` is a clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mistyped {
    /// It is not a day.
    Day(String),
    /// It is not a size.
    Size(String),
    /// It is not a rate.
    Rate(String),
}

/// Why a rule about folders and messages cannot be used. Its `Display` is a clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleFault {
    /// Nothing follows its word.
    NothingFollows(String),
    /// Its word is not a rule's.
    UnknownWord(String),
    /// A renaming without its arrow.
    NoArrow,
    /// A renaming with a folder, or a part of one, that has no name.
    NoName,
    /// It is neither on nor off.
    NotASwitch(String),
    /// Its day or size cannot be read.
    Mistyped(Mistyped),
}

/// A rule that cannot be used, among several. Its `Display` is a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongRule {
    /// The number of its line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub fault: RuleFault,
}

/// Why what was typed is not the address of a calendar server. Its `Display` is a clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DavAddressFault {
    /// Its scheme is not HTTP.
    Scheme(String),
    /// It has a user name.
    UserName,
    /// It names no server.
    NoServer(String),
    /// The bracket of an IPv6 address is not closed.
    NoClosingBracket(String),
    /// The port is not a number from 1 to 65535.
    Port(String),
}

/// Why the address of a shared ledger, or the password for it, cannot be used. Its `Display` is a clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseAddressFault {
    /// Its scheme is not PostgreSQL's.
    Scheme,
    /// It cannot be read: the words of the library.
    Unreadable(String),
    /// It has a password in it.
    HasPassword,
    /// It names no host, or several.
    Hosts,
    /// The password file cannot be read.
    PasswordFile {
        /// The file.
        path: String,
        /// What the system says.
        why: String,
    },
    /// Others can read the password file.
    PasswordFileOpen {
        /// The file.
        path: String,
    },
}

/// Why a fleet's key file cannot be used. Its `Display` is a clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyFileFault {
    /// It cannot be created.
    NotCreated {
        /// The file.
        path: String,
        /// What the system says; none if it provides no random numbers.
        why: Option<String>,
    },
    /// It cannot be read.
    Unreadable {
        /// The file.
        path: String,
        /// What the system says.
        why: String,
    },
    /// Others can read it.
    Open {
        /// The file.
        path: String,
    },
    /// It is another kind of file.
    NotAKey {
        /// The file.
        path: String,
    },
}

/// Reads a day as `2024-02-29`.
pub fn read_date(text: &str) -> Result<NaiveDate, Mistyped> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| Mistyped::Day(text.to_owned()))
}

/// Reads a size as `50 MB`, `700k`, `2 GB` or a number of bytes; K, M and G are powers of 1024.
pub fn read_size(text: &str) -> Result<u64, Mistyped> {
    let wrong = || Mistyped::Size(text.to_owned());
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1 << 10,
        "m" | "mb" => 1 << 20,
        "g" | "gb" => 1 << 30,
        _ => return Err(wrong()),
    };
    number.checked_mul(factor).ok_or_else(wrong)
}

/// Reads `5 MB/s`, `500 kB/s`, `1.5 MiB`, `20 Mbit/s` as bytes a second.
pub fn read_rate(text: &str) -> Result<u64, Mistyped> {
    let wrong = || Mistyped::Rate(text.to_owned());
    let trimmed = text.trim();
    let unit_at = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
    let (number, unit) = trimmed.split_at(unit_at);
    let unit = unit.trim().to_ascii_lowercase();
    let bytes = match unit.strip_suffix("/s").unwrap_or(&unit) {
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        "kbit" => 1e3 / 8.0,
        "mbit" => 1e6 / 8.0,
        "gbit" => 1e9 / 8.0,
        _ => return Err(wrong()),
    };
    let rate = number.parse::<f64>().map_err(|_| wrong())? * bytes;
    if (1e3..=1e12).contains(&rate) { Ok(rate as u64) } else { Err(wrong()) }
}

impl fmt::Display for Mistyped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(text) => write!(formatter, "'{text}' is not a day like 2024-02-29"),
            Self::Size(text) => write!(formatter, "'{text}' is not a size like 50 MB"),
            Self::Rate(text) => {
                write!(formatter, "'{text}' is not a rate like '5 MB/s' or '20 Mbit/s', at least 1 kB/s")
            }
        }
    }
}

impl From<Mistyped> for RuleFault {
    fn from(mistyped: Mistyped) -> Self {
        Self::Mistyped(mistyped)
    }
}

impl fmt::Display for RuleFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingFollows(word) => write!(formatter, "'{word}' needs something after it"),
            Self::UnknownWord(word) => write!(
                formatter,
                "'{word}' is not one of include, exclude, rename, special-folders, since, before, max-size"
            ),
            Self::NoArrow => formatter.write_str("a renaming reads: rename FOLDER -> FOLDER"),
            Self::NoName => {
                formatter.write_str("both folders need a name, with / between a folder and the one below it")
            }
            Self::NotASwitch(text) => write!(formatter, "'{text}' is neither on nor off"),
            Self::Mistyped(mistyped) => mistyped.fmt(formatter),
        }
    }
}

impl fmt::Display for WrongRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Line {}: {}.", self.line, self.fault)
    }
}

impl fmt::Display for DavAddressFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme(scheme) => write!(formatter, "'{scheme}' is not HTTP: write https://HOST[:PORT]/PATH"),
            Self::UserName => {
                formatter.write_str("leave the user name out of the address: the names come from the accounts file")
            }
            Self::NoServer(text) => write!(formatter, "'{text}' names no server"),
            Self::NoClosingBracket(host) => write!(formatter, "'{host}' has no closing bracket"),
            Self::Port(port) => write!(formatter, "'{port}' is not a port number (1 to 65535)"),
        }
    }
}

impl fmt::Display for DatabaseAddressFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme => formatter
                .write_str("the ledger's address begins with postgres://, as in postgres://kimt@db.example.com/kimt"),
            Self::Unreadable(why) => write!(formatter, "the ledger's address cannot be read: {why}"),
            Self::HasPassword => formatter.write_str(
                "a password in the ledger's address can be seen by others; put it into PGPASSWORD or a password file (PGPASSFILE) and \
                 leave it out of the address",
            ),
            Self::Hosts => formatter
                .write_str("the ledger's address names one host, as in postgres://kimt@db.example.com/kimt"),
            Self::PasswordFile { path, why } => write!(formatter, "the password file {path} cannot be read: {why}"),
            Self::PasswordFileOpen { path } => write!(
                formatter,
                "the password file {path} can be read by others; make it private (chmod 600 {path})"
            ),
        }
    }
}

impl fmt::Display for KeyFileFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotCreated { path, why } => {
                let why = why.as_deref().unwrap_or("the system provides no random numbers");
                write!(formatter, "the key file {path} cannot be created: {why}")
            }
            Self::Unreadable { path, why } => write!(formatter, "the key file {path} cannot be read: {why}"),
            Self::Open { path } => {
                write!(formatter, "the key file {path} can be read by others; make it private (chmod 600 {path})")
            }
            Self::NotAKey { path } => {
                write!(formatter, "the file {path} is not a key file of a fleet; 'kimt fleet create' creates one")
            }
        }
    }
}

impl std::error::Error for Mistyped {}
impl std::error::Error for RuleFault {}
impl std::error::Error for WrongRule {}
impl std::error::Error for DavAddressFault {}
impl std::error::Error for DatabaseAddressFault {}
impl std::error::Error for KeyFileFault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_read_in_every_usual_unit() {
        for (text, bytes) in [
            ("5 MB/s", 5_000_000),
            ("500kb", 500_000),
            ("1.5 MiB/s", 1_572_864),
            ("20 Mbit/s", 2_500_000),
            (" 1 kB/s ", 1000),
        ] {
            assert_eq!(read_rate(text), Ok(bytes), "{text}");
        }
        for wrong in ["", "5", "MB/s", "-1 MB/s", "5 mails", "0.1 kB/s", "1.2.3 MB/s", "99999999 GB/s"] {
            assert!(read_rate(wrong).is_err(), "{wrong}");
        }
    }
}
