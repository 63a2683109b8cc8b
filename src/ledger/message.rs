//! A message as the record knows it.

use crate::domain::{Digest, Uid};
use serde::{Deserialize, Serialize};

/// How far a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum State {
    /// It may or may not be on the target: nobody has asked since.
    Intended,
    /// The target confirmed it.
    Done,
    /// It was seen on the target, at its UID and with its size; its content was not compared.
    Seen,
    /// It was read back from the target and is correct.
    Checked,
    /// It was read back from the target and differs from what was sent.
    Altered,
}

/// What a target holds of a message that it did not store byte for byte, such as with a header of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// Its size in bytes.
    pub size: u64,
    /// Its digest.
    pub digest: Digest,
}

/// What the record knows of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its UID on the source.
    pub uid: Uid,
    /// How far it is.
    pub state: State,
    /// Its size in bytes as sent; for an intent, as the source announces it.
    pub size: u64,
    /// RFC822.SIZE on the source when it was copied; none in records of earlier versions.
    pub claimed: Option<u64>,
    /// The target folder's UIDNEXT before it was sent: its UID there is this or a higher one.
    pub floor: u32,
    /// The digest of what was sent; none for an intent.
    pub digest: Option<Digest>,
    /// Its UID on the target, where the target announces it (UIDPLUS) or a comparison found it.
    pub target_uid: Option<Uid>,
    /// What the target holds, where that is not byte for byte what was sent.
    #[serde(skip)]
    pub stored: Option<Stored>,
    /// Which of the folder's sets of flags was set on the target; none if nobody noted that.
    pub(super) flags: Option<u32>,
}

impl Message {
    pub(super) fn intended(uid: Uid, size: u64, floor: u32) -> Self {
        let (state, digest) = (State::Intended, None);
        Self { uid, state, size, claimed: Some(size), floor, digest, target_uid: None, stored: None, flags: None }
    }

    pub(super) fn is_intent(&self) -> bool {
        self.state == State::Intended
    }

    pub(super) fn as_intent(&self) -> Intent {
        Intent { uid: self.uid, size: self.size, floor: self.floor }
    }

    /// The message as a [`Done`], if it is on the target.
    pub fn as_done(&self) -> Option<Done> {
        Some(Done {
            uid: self.uid,
            size: self.size,
            digest: self.digest?,
            target_uid: self.target_uid,
            floor: self.floor,
            checked: self.state == State::Checked,
            stored: self.stored,
        })
    }

    /// Its size in bytes on the target.
    pub fn size_there(&self) -> u64 {
        self.stored.map_or(self.size, |stored| stored.size)
    }

    /// Its digest on the target; none for an intent.
    pub fn digest_there(&self) -> Option<Digest> {
        self.stored.map(|stored| stored.digest).or(self.digest)
    }
}

/// Where a message of ours is about to be moved on the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Departure {
    /// To another folder, as on the source.
    Moved {
        /// The number of that folder's record.
        folder: i64,
        /// The message's UID in that folder on the source.
        uid: Uid,
        /// Its size as the source announces it there.
        claimed: u64,
        /// UIDNEXT of that folder on the target before the move.
        floor: u32,
    },
    /// To the trash folder, because it was deleted on the source.
    Deleted {
        /// The trash folder's UIDNEXT before the move.
        floor: u32,
    },
}

/// A message of ours that was moved to another folder on the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Its earlier UID on the source.
    pub before: Uid,
    /// Its new UID on the source.
    pub uid: Uid,
    /// Its size as the source announces it there.
    pub claimed: u64,
    /// Its UID on the target, if known.
    pub place: Option<Uid>,
    /// UIDNEXT of its new target folder before it came.
    pub floor: u32,
    /// Whether nobody has to look for it any more, because its owner has moved or deleted it.
    pub is_settled: bool,
}

/// A message whose sending was intended but not settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// Its UID on the source.
    pub uid: Uid,
    /// Its size in bytes as the source announced it.
    pub size: u64,
    /// The target folder's UIDNEXT before it was sent.
    pub floor: u32,
}

/// A message that is on the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// Its UID on the source.
    pub uid: Uid,
    /// Its size in bytes as sent.
    pub size: u64,
    /// The digest of what was sent.
    pub digest: Digest,
    /// Its UID on the target, where the target announces it (UIDPLUS) or a comparison found it.
    pub target_uid: Option<Uid>,
    /// The target folder's UIDNEXT before it was sent.
    pub floor: u32,
    /// Whether its content was compared on the target.
    pub checked: bool,
    /// What the target holds, where that is not byte for byte what was sent.
    pub stored: Option<Stored>,
}

impl Done {
    /// Its size in bytes on the target.
    pub fn size_there(&self) -> u64 {
        self.stored.map_or(self.size, |stored| stored.size)
    }

    /// Its digest on the target.
    pub fn digest_there(&self) -> Digest {
        self.stored.map_or(self.digest, |stored| stored.digest)
    }
}
