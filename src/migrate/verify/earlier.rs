//! What records know about missing messages under other UIDs: the source folder was restored, emptied and filled again, or compared again,
//! or the message was moved out of it and back. Such a message is recognised by its content.
//!
//! 1. From all records about the target's current folder, those messages count whose UIDs the source no longer has, and whose places on the
//!    target hold no message that was matched with the source.
//! 2. They are matched with the missing messages one to one, by content.
//! 3. A message that a run read back or saw, and that is gone, was removed by somebody. If its place holds a message of the same date, or
//!    one that differed already when it was read back, that is the message, altered.

use super::differences::{Differences, Past};
use super::reading::Current;
use super::{Plan, Verification};
use crate::domain::{Digest, Note, Problem, ProblemKind};
use crate::ledger::{FolderRecord, Message, State};
use crate::migrate::content::comparison::Comparison;
use chrono::{DateTime, FixedOffset};
use std::collections::BTreeSet;

/// A copy that an earlier run made.
pub struct EarlierCopy {
    message: Message,
    /// The date of the message at its place, if that was not matched with a message of the source.
    held: Option<Option<DateTime<FixedOffset>>>,
}

/// The recorded copies in a target folder.
pub fn earlier_copies(plan: &Plan, wire_name: &[u8], current: &Current, outcome: &Differences) -> Vec<EarlierCopy> {
    let (Some(ledger), Current { here, there, .. }) = (&plan.ledger, current) else { return Vec::new() };
    let path = plan.target.iter().find(|folder| folder.wire_name == wire_name).map(|folder| &folder.path);
    let is_of_folder = |record: &FolderRecord| {
        let is_named = record.target_path.as_ref().map_or(record.target_name == wire_name, |at| Some(at) == path);
        is_named && Some(record.target_uid_validity) == there.uid_validity
    };
    let mut copies = Vec::new();
    for record in ledger.folders().into_iter().filter(is_of_folder) {
        let is_by_uid = !record.is_former && Some(record.source_uid_validity) == here.uid_validity;
        let is_earlier = |message: &&Message| {
            message.state != State::Intended
                && !(is_by_uid && here.heads.get(message.uid).is_some())
                && message.target_uid.is_none_or(|place| !outcome.paired_there.contains(&place))
        };
        // An unreadable record counts as empty.
        let messages = ledger.messages_of(&record).unwrap_or_default().iter().filter(is_earlier);
        copies.extend(messages.map(|message| {
            let held = message.target_uid.and_then(|place| there.heads.get(place)).map(|head| head.date);
            EarlierCopy { message: *message, held }
        }));
    }
    copies
}

impl Verification<'_> {
    /// The possible sizes of missing messages, according to the records.
    pub(super) fn sizes_of_earlier(&self) -> BTreeSet<u64> {
        let sizes = |copy: &EarlierCopy| [copy.message.size, copy.message.claimed.unwrap_or(copy.message.size)];
        self.sought.earlier.values().flatten().flat_map(sizes).collect()
    }

    /// Asks the records about the missing messages whose content was read.
    pub(super) fn ask_records(&mut self) {
        let mut earlier = std::mem::take(&mut self.sought.earlier);
        self.sought.missing.retain_mut(|missing| {
            let place = missing.digest.zip(missing.target.as_ref()).filter(|_| !missing.was_copied);
            let copy = place.and_then(|(digest, target)| take(earlier.get_mut(target)?, digest));
            let Some(EarlierCopy { message, held }) = copy else { return true };
            let past = Past::of(&message);
            missing.was_copied = past.was_copied;
            if held.is_some_and(|date| message.state == State::Altered || date == missing.date) {
                let problem = Problem { kind: ProblemKind::MessageAltered, ..missing.problem.clone() };
                self.reporter.folder_problem(missing.folder, problem.noting(Comparison::Different.note()));
                return false;
            }
            if past.was_checked {
                missing.problem = missing.problem.clone().noting(Note::TakenSince);
            }
            true
        });
    }
}

/// Takes a copy of this content that was not matched with another missing message.
fn take(copies: &mut Vec<EarlierCopy>, digest: Digest) -> Option<EarlierCopy> {
    let at = copies.iter().position(|copy| copy.message.digest == Some(digest))?;
    Some(copies.swap_remove(at))
}
