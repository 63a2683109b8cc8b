//! What is known about a folder as a whole, and its stored form: JSON, which a person can read and a later version can extend.

use super::checksum::checksum;
use super::message::Message;
use super::store::HeadRow;
use crate::domain::{FolderPath, RecordDamage, Uid, UidValidity};
use serde::{Deserialize, Serialize};

/// A folder's number of messages and its next UID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// UIDNEXT; none if the server does not announce it.
    pub uid_next: Option<Uid>,
    /// The number of messages.
    pub messages: u64,
    /// The HIGHESTMODSEQ up to which flag changes were followed (RFC 7162); none if the server announces none, or not all were followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modseq: Option<u64>,
}

/// The source folder at the moment when all its messages were on the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// UIDNEXT.
    pub uid_next: Uid,
    /// The number of messages.
    pub messages: u64,
}

/// A folder on one of the two servers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// Its name exactly as on that server's wire.
    #[serde(with = "wire_name")]
    pub wire_name: Vec<u8>,
    /// Its path, which stays valid when the server's separator changes; none in records of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<FolderPath>,
    pub uid_validity: UidValidity,
}

/// Sums over a folder's messages, and the end of its chain of blocks.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sums {
    /// Messages that are on the target.
    pub done: u64,
    /// Their size in bytes.
    pub done_bytes: u64,
    /// Messages that may or may not be on the target.
    pub intended: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub highest_target_uid: Option<Uid>,
    /// Messages about to be moved on the target.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub departing: u64,
    /// The number of blocks.
    pub blocks: i64,
    /// The checksum of the last block.
    pub last_checksum: i64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Sums {
    pub fn add(&mut self, message: &Message) {
        if message.is_intent() {
            self.intended += 1;
        } else {
            self.done += 1;
            self.done_bytes = self.done_bytes.saturating_add(message.size);
        }
        self.highest_target_uid = self.highest_target_uid.max(message.target_uid);
    }

    /// Takes a message out again. The highest UID stays, because a message of ours had it.
    pub fn remove(&mut self, message: &Message) {
        if message.is_intent() {
            self.intended = self.intended.saturating_sub(1);
        } else {
            self.done = self.done.saturating_sub(1);
            self.done_bytes = self.done_bytes.saturating_sub(message.size);
        }
    }
}

/// An intended rename of a target folder, after the source folder was renamed. Only a look at the target shows which of these names it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renaming {
    /// The name when the rename was decided.
    pub from: FolderPath,
    /// The new name.
    pub to: FolderPath,
    /// A temporary name, where two folders exchange theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aside: Option<FolderPath>,
    /// Whether the user was subscribed to it.
    pub subscribed: bool,
}

/// Everything known about a folder except its messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    pub source: Place,
    pub target: Place,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complete: Option<Snapshot>,
    /// Both sides at the end of the last run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<[Extent; 2]>,
    /// INTERNALDATE, in seconds since 1970, of the last messages on the source at the end of the last run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub last_dates: Vec<(Uid, i64)>,
    /// Whether the target holds messages with other dates than the source's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_other_dates: bool,
    /// The source folder's earlier path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renamed_from: Option<FolderPath>,
    /// Whether the program created the target's folder, and nobody has renamed it since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_made: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renaming: Option<Renaming>,
    /// Whether the folder has a newer record, and this one keeps only what the newer one lacks.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_former: bool,
    pub sums: Sums,
}

impl Head {
    pub fn new(source: Place, target: Place) -> Self {
        Self {
            source,
            target,
            complete: None,
            ended: None,
            last_dates: Vec::new(),
            has_other_dates: false,
            renamed_from: None,
            is_made: false,
            renaming: None,
            is_former: false,
            sums: Sums::default(),
        }
    }

    pub fn row(&self, folder: i64) -> Result<HeadRow, serde_json::Error> {
        let content = serde_json::to_string(self)?;
        let checksum = head_checksum(folder, &content);
        Ok(HeadRow { folder, content, checksum })
    }

    /// Parses a row; the error says why it cannot be believed.
    pub fn read(row: &HeadRow) -> Result<Self, RecordDamage> {
        if head_checksum(row.folder, &row.content) != row.checksum {
            return Err(RecordDamage::Head { folder: row.folder });
        }
        serde_json::from_str(&row.content).map_err(|error| RecordDamage::Unreadable { why: error.to_string() })
    }
}

fn head_checksum(folder: i64, content: &str) -> i64 {
    checksum(&[&folder.to_le_bytes(), content.as_bytes()])
}

/// A wire name as text: each byte becomes the character with its number, so that ASCII, the usual case, stays readable.
mod wire_name {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(name: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&name.iter().map(|byte| char::from(*byte)).collect::<String>())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.chars().map(|letter| u8::try_from(letter).map_err(D::Error::custom)).collect()
    }
}
