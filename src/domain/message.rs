//! A message in a folder, known by UIDVALIDITY and UID (RFC 9051, section 2.3.1.1), and the digest of its content.

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A message's unique id within a folder; never 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Uid(pub u32);

/// As long as a folder keeps this number, its UIDs name the same messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct UidValidity(pub u32);

/// What is known about a message without reading its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageHead {
    /// The UID in its folder.
    pub uid: Uid,
    /// RFC822.SIZE in bytes, as the server claims: a hint only, the literal decides.
    pub size: u64,
    /// Flags and keywords as the server spells them, \Recent left out.
    pub flags: Vec<String>,
    /// INTERNALDATE; none if the server gave none that can be read.
    pub date: Option<DateTime<FixedOffset>>,
    /// The number that the server gives the message in every folder that holds it, if it has such numbers (Gmail's X-GM-MSGID).
    pub permanent_id: Option<u64>,
    /// What the server said about it that could not be used; none for nearly all messages.
    pub unused: Option<Box<Unused>>,
}

/// What a server said about a message that could not be used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unused {
    /// Whether it gave no flags at all: then nobody knows which ones the message has.
    pub no_flags: bool,
    /// Its words in place of a date that can be understood.
    pub date: Option<String>,
    /// A flag that no command can send.
    pub flag: Option<String>,
}

/// BLAKE3 of a message's bytes as they travel in a literal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of a whole message at once.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Digest({:02x}{:02x}{:02x}{:02x}…)", self.0[0], self.0[1], self.0[2], self.0[3])
    }
}
