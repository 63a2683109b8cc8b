//! A user's mail as plain data, for comparison: source before and after, source with target.

use super::mailbox::{Folder, Mailbox};
use crate::domain::{Digest, SpecialUse};
use chrono::{DateTime, FixedOffset};
use std::collections::{BTreeMap, BTreeSet};

/// A user's folders by wire name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// Every folder.
    pub folders: BTreeMap<Vec<u8>, FolderSnapshot>,
}

/// A folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderSnapshot {
    /// Its UIDVALIDITY.
    pub uid_validity: u32,
    /// The UID of its next message.
    pub uid_next: u32,
    /// Its messages, ascending by UID.
    pub messages: Vec<MessageSnapshot>,
    /// Whether the user is subscribed to it.
    pub subscribed: bool,
    /// Whether it can hold messages.
    pub selectable: bool,
    /// Its special use.
    pub special_use: Option<SpecialUse>,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MessageSnapshot {
    /// Its UID.
    pub uid: u32,
    /// The BLAKE3 digest of its bytes.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// Flags and keywords.
    pub flags: BTreeSet<String>,
    /// Its internal date.
    pub date: DateTime<FixedOffset>,
}

impl Snapshot {
    pub(super) fn of(mailbox: &Mailbox) -> Self {
        let folder = |folder: &Folder| FolderSnapshot {
            uid_validity: folder.uid_validity,
            uid_next: folder.uid_next,
            messages: folder
                .messages
                .iter()
                .map(|message| MessageSnapshot {
                    uid: message.uid,
                    digest: message.content.digest(),
                    size: message.content.size(),
                    flags: message.flags.iter().cloned().collect(),
                    date: message.date,
                })
                .collect(),
            subscribed: mailbox.is_subscribed(&folder.name),
            selectable: folder.selectable,
            special_use: folder.special_use,
        };
        Self { folders: mailbox.folders().map(|found| (found.name.clone(), folder(found))).collect() }
    }

    /// The folder with this name in Unicode.
    pub fn folder(&self, name: &str) -> Option<&FolderSnapshot> {
        self.folders.get(&super::wire_name(name))
    }

    /// The number of messages in all folders.
    pub fn messages(&self) -> usize {
        self.folders.values().map(|folder| folder.messages.len()).sum()
    }
}

impl FolderSnapshot {
    /// What must be equal on source and target, whatever the UIDs: each message's digest, flags and date, sorted.
    pub fn contents(&self) -> Vec<(Digest, BTreeSet<String>, DateTime<FixedOffset>)> {
        let mut contents: Vec<_> =
            self.messages.iter().map(|message| (message.digest, message.flags.clone(), message.date)).collect();
        contents.sort();
        contents
    }
}
