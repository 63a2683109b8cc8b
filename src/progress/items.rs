//! The counters of events, tasks and contacts. Only the fold (`state`) changes them.

use crate::domain::{ItemKind, ItemOutcome};
use serde::{Deserialize, Serialize};

/// The counters of the items of an account or the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ItemTally {
    /// Events on the source.
    pub events: u64,
    /// Tasks on the source.
    pub tasks: u64,
    /// Contacts on the source.
    pub contacts: u64,
    /// Stored in this run, read back, and equal in meaning.
    pub copied: u64,
    /// Already on the target, and equal in meaning.
    pub already_there: u64,
    /// On the target with other content, and left alone.
    pub different: u64,
    /// Stored, but read back with another meaning.
    pub altered: u64,
    /// Left out on purpose.
    pub left_out: u64,
    /// Missing on the target; a problem names each.
    pub failed: u64,
}

impl ItemTally {
    /// The number of items on the source.
    pub fn expected(&self) -> u64 {
        self.events + self.tasks + self.contacts
    }

    /// The number of items with an outcome.
    pub fn settled(&self) -> u64 {
        self.copied + self.already_there + self.missing() + self.left_out
    }

    /// The number of items that are not on the target as they should be.
    pub fn missing(&self) -> u64 {
        self.different + self.altered + self.failed
    }

    /// Whether no item was counted or settled.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The number of items of one kind on the source.
    pub fn of(&self, kind: ItemKind) -> u64 {
        match kind {
            ItemKind::Event => self.events,
            ItemKind::Task => self.tasks,
            ItemKind::Contact => self.contacts,
        }
    }

    pub(super) fn settle(&mut self, outcome: ItemOutcome, items: u64) {
        let counter = match outcome {
            ItemOutcome::Copied => &mut self.copied,
            ItemOutcome::AlreadyThere => &mut self.already_there,
            ItemOutcome::Different => &mut self.different,
            ItemOutcome::Altered => &mut self.altered,
            ItemOutcome::LeftOut => &mut self.left_out,
            ItemOutcome::Failed => &mut self.failed,
        };
        *counter += items;
    }

    /// Changes a sum by the difference of one of its parts.
    pub(super) fn shift(&mut self, before: &Self, after: &Self) {
        self.events = self.events - before.events + after.events;
        self.tasks = self.tasks - before.tasks + after.tasks;
        self.contacts = self.contacts - before.contacts + after.contacts;
        self.copied = self.copied - before.copied + after.copied;
        self.already_there = self.already_there - before.already_there + after.already_there;
        self.different = self.different - before.different + after.different;
        self.altered = self.altered - before.altered + after.altered;
        self.left_out = self.left_out - before.left_out + after.left_out;
        self.failed = self.failed - before.failed + after.failed;
    }

    /// Replaces the count of items on the source.
    pub(super) fn count(&mut self, before: &Self, (events, tasks, contacts): (u64, u64, u64)) {
        self.events = self.events - before.events + events;
        self.tasks = self.tasks - before.tasks + tasks;
        self.contacts = self.contacts - before.contacts + contacts;
    }
}
