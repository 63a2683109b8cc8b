//! What one folder contributes to a pass, and what became of it.

use super::flags::SentFlags;
use crate::domain::{Uid, UidValidity};
use crate::imap::{AppendWay, NotOpened, Refusal};
use crate::ledger::{Done, FolderRecord, Ledger};
use crate::migrate::halt::Halt;
use crate::migrate::heads::Heads;

/// How dates are written, tried in this order where a target calls one malformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DateStyle {
    /// `02-Jan-2006 …`
    TwoDigits,
    /// ` 2-Jan-2006 …`
    Padded,
    /// No date; the target takes the time of arrival.
    None,
}

/// What one folder contributes to a pass.
pub struct Round<'a> {
    /// The source folder's wire name.
    pub source_name: &'a [u8],
    /// Its UIDVALIDITY when it was scanned.
    pub uid_validity: UidValidity,
    /// The target folder's wire name.
    pub target_name: &'a [u8],
    /// Which messages, in order.
    pub uids: &'a [Uid],
    /// Further messages, at which the connection was lost before: after all others of the pass, each for itself.
    pub suspects: &'a [Uid],
    /// Batches or one by one.
    pub way: AppendWay,
    /// How dates are written.
    pub dates: DateStyle,
    /// The target folder's UIDNEXT when it was looked at.
    pub floor: u32,
    /// The heads of the source folder.
    pub heads: &'a Heads,
    /// The flags to send.
    pub flags: &'a SentFlags,
    /// The record of the folder.
    pub record: &'a FolderRecord,
}

/// Learns how a pass progresses. Rounds are named by their index in the pass.
pub trait Desk {
    /// The first message of this round is sent now.
    fn began(&mut self, round: usize);
    /// Whether the target has given this UID of its folder for no other message; from now on it is this one's.
    fn is_free(&mut self, round: usize, place: Uid) -> bool;
    /// These messages are durably done. May take its time.
    fn done(&mut self, ledger: &mut Ledger, round: usize, done: &[Done]) -> Result<(), Halt>;
}

/// A message that the target refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedMessage {
    /// Its UID on the source.
    pub uid: Uid,
    /// Why.
    pub why: Refusal,
    /// The target's words.
    pub words: String,
    /// Whether it was refused together with others, so that any of them may be the cause.
    pub together: bool,
}

impl RefusedMessage {
    /// Whether it may be on the target all the same: not every server keeps to it that a batch is stored as a whole or not at all
    /// (RFC 3502). Such a message stays intended until the target was asked.
    pub fn may_be_stored(&self) -> bool {
        self.together && self.why != Refusal::NoSuchFolder
    }
}

/// What became of the messages of a round that were not copied.
#[derive(Debug, Default)]
pub struct RoundEnd {
    /// Refused by the target.
    pub refused: Vec<RefusedMessage>,
    /// Not delivered by the source, with its words.
    pub unreadable: Vec<(Uid, String)>,
    /// Deleted on the source meanwhile.
    pub absent: Vec<Uid>,
    /// Not begun, because the run is held.
    pub left: Vec<Uid>,
    /// Why the source's folder was not opened, if so.
    pub not_opened: Option<NotOpened>,
}
