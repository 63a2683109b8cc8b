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
    /// It was seen on the target, at its place and with its size; its content was not compared.
    Seen,
    /// It was read back from the target and is right.
    Checked,
    /// It was read back from the target and differs from what was sent.
    Altered,
}

/// What the record knows of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its UID on the source.
    pub uid: Uid,
    /// How far it is.
    pub state: State,
    /// Its size in bytes as it was sent; of an intent, as the source claims it.
    pub size: u64,
    /// RFC822.SIZE on the source when it was copied; none in records of earlier versions.
    pub claimed: Option<u64>,
    /// The target folder's UIDNEXT before it was sent; it can only be at that UID or later.
    pub floor: u32,
    /// The digest of what was sent; none of an intent.
    pub digest: Option<Digest>,
    /// Its UID on the target, where the target announces it (UIDPLUS) or a comparison found it.
    pub target_uid: Option<Uid>,
    /// Which of the folder's sets of flags was set on the target; none when nobody noted that.
    pub(super) flags: Option<u32>,
}

impl Message {
    pub(super) fn intended(uid: Uid, size: u64, floor: u32) -> Self {
        let (state, digest) = (State::Intended, None);
        Self { uid, state, size, claimed: Some(size), floor, digest, target_uid: None, flags: None }
    }

    pub(super) fn is_intent(&self) -> bool {
        self.state == State::Intended
    }

    pub(super) fn as_intent(&self) -> Intent {
        Intent { uid: self.uid, size: self.size, floor: self.floor }
    }

    /// What is known about it where it is on the target.
    pub fn as_done(&self) -> Option<Done> {
        Some(Done {
            uid: self.uid,
            size: self.size,
            digest: self.digest?,
            target_uid: self.target_uid,
            floor: self.floor,
            checked: self.state == State::Checked,
        })
    }
}

/// Where a message of ours is about to be taken on the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Departure {
    /// To another folder, as on the source.
    Moved {
        /// The number of that folder's record.
        folder: i64,
        /// The message's UID on the source there.
        uid: Uid,
        /// The size that the source announces for it there.
        claimed: u64,
        /// That target folder's UIDNEXT before.
        floor: u32,
    },
    /// To the trash folder, because it was deleted on the source.
    Deleted {
        /// The trash folder's UIDNEXT before.
        floor: u32,
    },
}

/// A message of ours that was taken to another folder of the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Its UID on the source where it was.
    pub before: Uid,
    /// Its UID on the source where it is.
    pub uid: Uid,
    /// The size that the source announces for it there.
    pub claimed: u64,
    /// Its place on the target, as far as it is known.
    pub place: Option<Uid>,
    /// That target folder's UIDNEXT before it came.
    pub floor: u32,
    /// Whether it is where nobody has to look for it: its owner has taken it elsewhere or away.
    pub is_settled: bool,
}

/// A message that was about to be sent when the record ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// Its UID on the source.
    pub uid: Uid,
    /// Its size in bytes as the source claimed it.
    pub size: u64,
    /// The target folder's UIDNEXT before it was sent.
    pub floor: u32,
}

/// A message that is on the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// Its UID on the source.
    pub uid: Uid,
    /// Its size in bytes as it was sent.
    pub size: u64,
    /// The digest of what was sent.
    pub digest: Digest,
    /// Its UID on the target, where the target announces it (UIDPLUS) or a comparison found it.
    pub target_uid: Option<Uid>,
    /// The target folder's UIDNEXT before it was sent.
    pub floor: u32,
    /// Whether its content was compared on the target.
    pub checked: bool,
}
