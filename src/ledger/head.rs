//! What is known about a folder as a whole, and how it is written down: JSON, so that a person can read it and a later version can add to it.

use super::checksum::checksum;
use super::message::Message;
use super::store::HeadRow;
use crate::domain::{FolderPath, RecordDamage, Uid, UidValidity};
use serde::{Deserialize, Serialize};

/// How many messages a folder held, and which UID was next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// Its UIDNEXT; none when the server does not announce it.
    pub uid_next: Option<Uid>,
    /// Its number of messages.
    pub messages: u64,
    /// The HIGHESTMODSEQ up to which changes of flags were followed (RFC 7162); none where the server announces none, or not all were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modseq: Option<u64>,
}

/// What the source folder looked like when every message of it was on the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Its UIDNEXT.
    pub uid_next: Uid,
    /// Its number of messages.
    pub messages: u64,
}

/// A folder on one of the two servers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// Its name exactly as it travels on that server's wire.
    #[serde(with = "wire_name")]
    pub wire_name: Vec<u8>,
    /// The same by its parts, which hold when the server's separator changes; none in records of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<FolderPath>,
    pub uid_validity: UidValidity,
}

/// Sums over a folder's messages, and the end of its history.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sums {
    /// Messages that are on the target.
    pub done: u64,
    /// Their size in bytes.
    pub done_bytes: u64,
    /// Messages of which nobody knows whether they are.
    pub intended: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub highest_target_uid: Option<Uid>,
    /// Messages that are about to be taken elsewhere on the target.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub departing: u64,
    /// How many blocks there are.
    pub blocks: i64,
    /// The last one's checksum.
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

    /// Takes a message out again. The highest UID stays, for it was that of a message of ours.
    pub fn remove(&mut self, message: &Message) {
        if message.is_intent() {
            self.intended = self.intended.saturating_sub(1);
        } else {
            self.done = self.done.saturating_sub(1);
            self.done_bytes = self.done_bytes.saturating_sub(message.size);
        }
    }
}

/// The folder on the target is to get another name, because the source's folder has one. Which of the names it has is known when somebody has
/// looked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renaming {
    /// The name that it had when that was decided.
    pub from: FolderPath,
    /// The name that it is to have.
    pub to: FolderPath,
    /// The name that it may have for a moment, where two folders exchange theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aside: Option<FolderPath>,
    /// Whether the user was subscribed to it.
    pub subscribed: bool,
}

/// All that is known about a folder but its messages.
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
    /// The source's folder had this path before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renamed_from: Option<FolderPath>,
    /// Whether the target's folder was made by us, and nobody has named it otherwise since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_made: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renaming: Option<Renaming>,
    /// Whether the folder has a newer record, and this one is about what that one does not have.
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

    /// What a row says, or why it cannot be believed.
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

/// A wire name as text: each byte is the character with its number, so that ASCII, which nearly all are, can be read.
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
