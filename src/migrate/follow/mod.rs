//! The last pass: what people did on the source since an earlier run, brought to the target.
//!
//! Between a first pass and the last one people keep reading, filing and deleting on the old server, and some begin to work on the new one.
//! Each part compares three states: what we put on the target, what is on the source now, what is on the target now.
//!
//! Promises
//! - that what a person did on the target is never undone: a message that was moved, deleted or flagged there stays as it is, and is counted;
//! - that only what the record knows as ours is touched, at a place that still holds it;
//! - that everything is intended in the record before it is done, so that a run that was cut knows what it may meet;
//! - that the source is only read.
//!
//! Parts:
//! - `renames`: folders that go by other names now.
//! - `flags`: flags and keywords.
//! - `moves`: messages that are in another folder of the source now.
//! - `deletions`: messages that are in no folder of the source any more.
//! - `departures`: taking messages of ours to another folder of the target, and what a cut left open of that.
//! - `copies`: what is at the places of messages of ours.

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

/// Reports what was followed in a folder, or in none that the source still has, if anything was.
fn report(mailbox: &Mailbox<'_>, folder: Option<FolderId>, followed: Followed) {
    if !followed.is_empty() {
        mailbox.reporter.report(Event::ChangesFollowed { account: mailbox.reporter.account, folder, followed });
    }
}

/// Whether the target can take a message of ours to another folder. Where it hides what is \\Deleted, or moves it by itself (Kerio Connect,
/// docs/kerio-connect.md, D5), only with MOVE.
fn can_move(mailbox: &Mailbox<'_>, sessions: &Sessions) -> bool {
    let target = &sessions.target;
    target.moves_at_once() || (target.expunges_by_uid() && mailbox.context.profile.keeps_deleted)
}
