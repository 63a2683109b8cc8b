//! What one folder sends in one pass, and the outcome.

use crate::domain::Uid;
use crate::imap::{AppendWay, FolderStatus, NotOpened, Refusal};
use crate::ledger::{Done, Ledger};
use crate::migrate::halt::Halt;
use chrono::{DateTime, FixedOffset};

/// How dates are written, tried in this order if a target calls one malformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DateStyle {
    /// `02-Jan-2006 …`
    TwoDigits,
    /// ` 2-Jan-2006 …`
    Padded,
    /// No date; the target uses the time of arrival.
    None,
}

impl DateStyle {
    /// The date as APPEND needs it.
    pub fn text(self, date: DateTime<FixedOffset>) -> Option<String> {
        let text = crate::imap::date_text(&date);
        match self {
            Self::TwoDigits => Some(text),
            Self::Padded => Some(text.strip_prefix('0').map_or(text.clone(), |rest| format!(" {rest}"))),
            Self::None => None,
        }
    }
}

/// Messages of one folder that are sent in the same way in one pass.
pub struct Round {
    /// The folder, by its index among those that are copied together.
    pub folder: usize,
    /// The UIDs on the source, in order.
    pub uids: Vec<Uid>,
    /// In batches or one by one.
    pub way: AppendWay,
    /// How dates are written.
    pub dates: DateStyle,
    /// Whether nothing else is sent meanwhile, so that it is clear what costs the connection.
    pub alone: bool,
}

impl Round {
    /// A round with these messages of a folder, and dates in their usual form.
    pub fn of(folder: usize, uids: Vec<Uid>, way: AppendWay, alone: bool) -> Self {
        Self { folder, uids, way, dates: DateStyle::TwoDigits, alone }
    }
}

/// Follows the progress of a pass. A round is named by its index in the pass.
pub trait Desk {
    /// The first message of this round is sent now.
    fn began(&mut self, round: usize);
    /// Whether the target has given this UID of its folder to no other message; then it is reserved for this one.
    fn is_free(&mut self, round: usize, place: Uid) -> bool;
    /// These messages are durably done; `overtaken` others, sent before some of them, have no answer yet. May block for a while.
    fn done(&mut self, ledger: &mut Ledger, round: usize, done: &[Done], overtaken: u64) -> Result<(), Halt>;
    /// Whether to ask for the count of the round's folder behind a batch; `is_last` says that it is the round's last.
    fn is_to_count(&self, round: usize, is_last: bool) -> bool;
    /// The status of the round's folder after this many messages of the round had been sent.
    fn counted(&mut self, round: usize, sent: u64, status: FolderStatus);
    /// Whether nothing more may be sent in this pass, because a folder got more than we sent.
    fn is_in_doubt(&self) -> bool;
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
    /// Whether it was refused together with others, any of which may be the cause.
    pub together: bool,
    /// Whether the target accepted a message that was sent after it in the same pass.
    pub taken_later: bool,
}

impl RefusedMessage {
    /// Whether it may be on the target all the same: not every server stores a batch as a whole or not at all (RFC 3502). Such a message
    /// stays intended until the target has been asked.
    pub fn may_be_stored(&self) -> bool {
        self.together && self.why != Refusal::NoSuchFolder
    }
}

/// What happened to the messages of a round that were not copied.
#[derive(Debug, Default)]
pub struct RoundEnd {
    /// Refused by the target.
    pub refused: Vec<RefusedMessage>,
    /// Not delivered by the source, with its words.
    pub unreadable: Vec<(Uid, String)>,
    /// Deleted on the source meanwhile.
    pub absent: Vec<Uid>,
    /// Not begun, because the run is held or the pass ended early.
    pub left: Vec<Uid>,
    /// Why the source folder was not opened, if it was not.
    pub not_opened: Option<NotOpened>,
}
