//! What this run itself put into a folder of the target: whatever else arrives there meanwhile comes from others.

use crate::domain::{Problem, ProblemKind, Uid};
use crate::ledger::Done;

/// Our appends to one folder since it was looked at, and what they show of others.
#[derive(Debug, Default)]
pub struct OwnAppends {
    /// Whether others had put there already what was to be copied.
    pub others_were_first: bool,
    /// Messages that are there twice by now, and not reported yet.
    doubled: u64,
    count: u64,
    /// The highest UID among them.
    highest: Option<Uid>,
    /// Whether the target did not announce all of their UIDs.
    placeless: bool,
    /// The message that is sent alone to learn who stores things twice here.
    pub probe: Probe,
}

/// A message that goes alone after something was stored twice: a target that stores everything twice does so with this one as well, and
/// another run hardly sends the same one at the same moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Probe {
    /// There was no reason.
    #[default]
    None,
    /// This one, by its UID on the source.
    Sent(Uid),
    /// It is there once.
    Once,
}

impl OwnAppends {
    /// Begins anew, on a new look at the folder.
    pub fn begin(&mut self) {
        (self.count, self.highest, self.placeless, self.probe) = (0, None, false, Probe::None);
    }

    /// Takes messages of ours in.
    pub fn note(&mut self, done: &[Done]) {
        self.count += done.len() as u64;
        self.highest = self.highest.max(done.iter().filter_map(|done| done.target_uid).max());
        self.placeless |= done.iter().any(|done| done.target_uid.is_none());
    }

    /// How many they are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether messages of ours are at UIDs that nobody announced.
    pub fn is_placeless(&self) -> bool {
        self.placeless
    }

    /// The UID after our highest, where the target announced all of them.
    pub fn next(&self) -> Option<u32> {
        self.highest.filter(|_| !self.placeless).map(|highest| highest.0.saturating_add(1))
    }

    /// Whether the UIDs from `floor` to `next` are more than ours.
    pub fn left_gaps(&self, floor: u32, next: u32) -> bool {
        u64::from(next.saturating_sub(floor)) > self.count
    }

    /// Notes how many messages are there twice by now.
    pub fn note_doubled(&mut self, messages: u64) {
        self.doubled = messages;
    }

    /// What is there twice and was not reported yet, as a problem of a kind without its folder.
    pub fn take_doubled(&mut self, kind: ProblemKind) -> Option<Problem> {
        let doubled = std::mem::take(&mut self.doubled);
        (doubled > 0).then(|| Problem::new(kind).counting(doubled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Digest;

    #[test]
    fn uids_that_are_not_ours_leave_gaps() {
        let done = |uid: u32| Done {
            uid: Uid(1),
            size: 1,
            digest: Digest::of(b""),
            target_uid: Some(Uid(uid)),
            floor: 10,
            checked: false,
        };
        let mut own = OwnAppends::default();
        own.note(&[done(10), done(11)]);
        assert!(!own.left_gaps(10, 12));
        own.note(&[done(13)]);
        assert!(own.left_gaps(10, 14));
        let mut late = OwnAppends::default();
        late.note(&[done(12)]);
        assert!(late.left_gaps(10, 13));
    }
}
