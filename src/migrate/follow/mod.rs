//! The last pass: brings what people did on the source since an earlier run to the target.
//!
//! Between the first pass and the last, people continue to read, file and delete mail on the old server, and some begin to work on the new
//! one. Each part compares three states: what we put on the target, what the source has now, and what the target has now.
//!
//! Promises
//! - that it never undoes what a person did on the target: a message that was moved, deleted or flagged there stays that way, and is
//!   counted;
//! - that it touches only messages that are ours according to the record, at places that still hold them;
//! - that every change is intended in the record before it is made, so that the next run knows what an interrupted one may have done;
//! - that the source is only read.
//!
//! Parts:
//! - `renames`: folders that were renamed.
//! - `flags`: flags and keywords.
//! - `moves`: messages that are now in another folder of the source.
//! - `deletions`: messages that are in no folder of the source any more.
//! - `departures`: moves our messages to another folder of the target, and settles moves that were interrupted.
//! - `copies`: what the places of our messages hold.

mod copies;
pub mod deletions;
mod departures;
pub mod flags;
pub mod moves;
pub mod renames;

use super::attempt::Mailbox;
use super::sessions::Sessions;
use crate::domain::FolderId;
use crate::progress::{Event, Followed};

/// Reports what was followed, if anything was: in a folder, or in none that the source still has.
fn report(mailbox: &Mailbox<'_>, folder: Option<FolderId>, followed: Followed) {
    if !followed.is_empty() {
        mailbox.reporter.report(Event::ChangesFollowed { account: mailbox.reporter.account, folder, followed });
    }
}

/// Whether the target can move a message of ours to another folder. A target that hides what is \\Deleted, or moves it by itself (Kerio
/// Connect, docs/kerio-connect.md, D5), needs MOVE.
fn can_move(mailbox: &Mailbox<'_>, sessions: &Sessions) -> bool {
    let target = &sessions.target;
    target.moves_at_once() || (target.expunges_by_uid() && mailbox.context.profile.keeps_deleted)
}
