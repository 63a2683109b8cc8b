//! The counters of messages and bytes. Only the fold (`state`) changes them.

use serde::{Deserialize, Serialize};

/// A number of messages and their size in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// The number of messages.
    pub messages: u64,
    /// Their size in bytes.
    pub bytes: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        self.add(more.messages, more.bytes);
    }
}

impl Counts {
    pub(super) fn add(&mut self, messages: u64, bytes: u64) {
        self.messages += messages;
        self.bytes += bytes;
    }
}

/// The outcome of changes that people made on the source since an earlier run; counts messages except for `renamed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Followed {
    /// Came to the source since. Only a check counts these; a migration counts what it copied.
    pub new: u64,
    /// Got the flags that they now have on the source.
    pub flags: u64,
    /// Were moved on the target, as they were on the source.
    pub moved: u64,
    /// Folders that were renamed on the target, as they were on the source.
    pub renamed: u64,
    /// Were deleted on the source, and are still on the target.
    pub deleted: u64,
    /// Were deleted on the source, and put into the target's trash folder.
    pub taken_away: u64,
    /// Stay as somebody left them on the target, whatever was done on the source.
    pub left: u64,
}

impl Followed {
    /// Whether nothing was followed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn add(&mut self, other: &Self) {
        let mut other = *other;
        self.numbers().into_iter().zip(other.numbers()).for_each(|(sum, other)| *sum += *other);
    }

    /// All numbers. The pattern is exhaustive, so that a new one cannot be forgotten.
    fn numbers(&mut self) -> [&mut u64; 7] {
        let Self { new, flags, moved, renamed, deleted, taken_away, left } = self;
        [new, flags, moved, renamed, deleted, taken_away, left]
    }
}

/// The counters of a folder, an account or the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// On the source, as far as the user's rules take them.
    pub expected: Counts,
    /// On the target already: from an earlier run, or equal in content.
    pub found: Counts,
    /// Copied in this run and confirmed by the target.
    pub copied: Counts,
    /// Compared with the target and equal.
    pub checked: Counts,
    /// Of those found, how many an earlier run compared and found equal.
    pub compared_before: u64,
    /// Left out by the user's rules; not part of `expected`.
    pub left_out: u64,
    /// Deleted on the source during the run.
    pub vanished: u64,
    /// Missing or altered on the target; a problem names each.
    pub failed: u64,
    /// Changes that people made on the source since an earlier run.
    pub followed: Followed,
}

impl Tally {
    /// All numbers. The pattern is exhaustive, so that a new one cannot be forgotten.
    fn numbers(&mut self) -> Vec<&mut u64> {
        let Self { expected, found, copied, checked, compared_before, left_out, vanished, failed, followed } = self;
        let counts = [expected, found, copied, checked].into_iter();
        let counts = counts.flat_map(|counts| [&mut counts.messages, &mut counts.bytes]);
        let others = [compared_before, left_out, vanished, failed].into_iter();
        counts.chain(others).chain(followed.numbers()).collect()
    }

    /// Messages that will not change any more: on the target, deleted, or failed.
    pub fn settled(&self) -> u64 {
        self.arrived().messages + self.vanished + self.failed
    }

    /// What is on the target: found or copied, or found equal by a comparison.
    fn arrived(&self) -> Counts {
        let messages = self.found.messages + self.copied.messages;
        let bytes = self.found.bytes + self.copied.bytes;
        if messages == 0 { self.checked } else { Counts { messages, bytes } }
    }

    /// Bytes that are on the target.
    pub fn settled_bytes(&self) -> u64 {
        self.arrived().bytes
    }

    /// Progress from 0 to 1: by bytes if known, else by messages.
    pub fn fraction(&self) -> f32 {
        let (part, whole) = if self.expected.bytes > 0 && self.failed + self.vanished == 0 {
            (self.settled_bytes(), self.expected.bytes)
        } else {
            (self.settled(), self.expected.messages)
        };
        if whole == 0 { 0.0 } else { (part as f64 / whole as f64).clamp(0.0, 1.0) as f32 }
    }
}

/// Changes a sum by the difference of one of its parts.
pub(super) fn shift(sum: &mut Tally, before: &Tally, after: &Tally) {
    let (mut before, mut after) = (*before, *after);
    for ((sum, before), after) in sum.numbers().into_iter().zip(before.numbers()).zip(after.numbers()) {
        *sum = *sum + *after - *before;
    }
}
