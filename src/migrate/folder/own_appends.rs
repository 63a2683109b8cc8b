//! What this run has put into a target folder: anything else that arrives there meanwhile comes from others.

use crate::domain::{Problem, ProblemKind, Uid};
use crate::imap::FolderStatus;
use crate::ledger::Done;

/// Our appends to one folder since it was checked, and what they show about others.
#[derive(Debug, Default)]
pub struct OwnAppends {
    /// Whether others had already stored there what was to be copied.
    pub others_were_first: bool,
    /// Messages with a duplicate that has not been reported yet.
    doubled: u64,
    /// Whether duplicates were reported.
    pub doubled_reported: bool,
    count: u64,
    /// The highest UID among our messages.
    highest: Option<Uid>,
    /// Whether the target left out some of their UIDs.
    placeless: bool,
    /// How many were sent before some of them and have no answer yet.
    pub overtaken: u64,
    /// The folder's status behind the last of them, if the target was asked.
    seen: Option<FolderStatus>,
    /// How many messages it held beyond the earlier ones and ours.
    too_many: u64,
    /// How many were too many when the folder was last looked at.
    looked_at: u64,
    /// The message that is sent alone to find out what stores duplicates here.
    pub probe: Probe,
}

/// A message that is sent alone after duplicates were found: a target that stores everything twice does so with this one as well, and
/// another run is unlikely to send the same one at the same moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Probe {
    /// There are no duplicates.
    #[default]
    None,
    /// The probe was sent; its UID on the source.
    Sent(Uid),
    /// The probe is there once; or it went into another folder, and is looked at there.
    Once,
}

impl OwnAppends {
    /// Begins again after the folder was checked again.
    pub fn begin(&mut self) {
        let Self { others_were_first, doubled, doubled_reported, .. } = *self;
        *self = Self { others_were_first, doubled, doubled_reported, ..Self::default() };
    }

    /// Takes in messages of ours.
    pub fn note(&mut self, done: &[Done]) {
        self.count += done.len() as u64;
        self.highest = self.highest.max(done.iter().filter_map(|done| done.target_uid).max());
        self.placeless |= done.iter().any(|done| done.target_uid.is_none());
        self.seen = None;
    }

    /// Takes in the folder's status behind the last of them, and how many messages are too many.
    pub fn note_counted(&mut self, status: FolderStatus, too_many: u64) {
        (self.seen, self.too_many) = (Some(status), too_many);
    }

    /// The folder's status behind the last of them, if the target was asked.
    pub fn seen(&self) -> Option<FolderStatus> {
        self.seen
    }

    /// How many messages are not ours, judging by UIDs and counts alone. `floor` is the folder's UIDNEXT before.
    pub fn surplus(&self, floor: u32) -> u64 {
        let gaps = self
            .next()
            .map_or(0, |next| u64::from(next.saturating_sub(floor)).saturating_sub(self.count + self.overtaken));
        gaps.max(self.too_many)
    }

    /// Whether the folder must be looked at before more is sent: the first foreign message counts at once, and the more there were at the
    /// last look, the more must come before the next one.
    pub fn is_in_doubt(&self, floor: u32) -> bool {
        self.surplus(floor) > 2 * self.looked_at
    }

    /// Notes that the folder was looked at.
    pub fn note_looked(&mut self, floor: u32) {
        self.looked_at = self.surplus(floor);
    }

    /// Whether the target did not announce the UIDs of some of our messages.
    pub fn is_placeless(&self) -> bool {
        self.placeless
    }

    /// Whether UIDs cannot show that everything new in the folder is ours: some were not announced, or there is only one.
    pub fn may_be_beside_others(&self) -> bool {
        self.placeless || self.count <= 1
    }

    /// The UID after our highest, if the target announced all of them.
    pub fn next(&self) -> Option<u32> {
        self.highest.filter(|_| !self.placeless).map(|highest| highest.0.saturating_add(1))
    }

    /// Whether there are more UIDs from `floor` to `next` than messages of ours.
    pub fn left_gaps(&self, floor: u32, next: u32) -> bool {
        u64::from(next.saturating_sub(floor)) > self.count
    }

    /// Notes how many messages have a duplicate now.
    pub fn note_doubled(&mut self, messages: u64) {
        self.doubled = messages;
    }

    /// The duplicates that have not been reported yet, as a problem of this kind without its folder.
    pub fn take_doubled(&mut self, kind: ProblemKind) -> Option<Problem> {
        let doubled = std::mem::take(&mut self.doubled);
        self.doubled_reported |= doubled > 0;
        (doubled > 0).then(|| Problem::new(kind).counting(doubled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Digest, UidValidity};

    fn done(uid: u32) -> Done {
        Done {
            uid: Uid(1),
            size: 1,
            digest: Digest::of(b""),
            target_uid: Some(Uid(uid)),
            floor: 10,
            checked: false,
            stored: None,
        }
    }

    #[test]
    fn uids_that_are_not_ours_leave_gaps() {
        let mut own = OwnAppends::default();
        own.note(&[done(10), done(11)]);
        assert!(!own.left_gaps(10, 12));
        own.note(&[done(13)]);
        assert!(own.left_gaps(10, 14));
        let mut late = OwnAppends::default();
        late.note(&[done(12)]);
        assert!(late.left_gaps(10, 13));
    }

    #[test]
    fn what_is_too_much_is_looked_at_and_then_only_once_it_has_become_much_more() {
        let status =
            |messages| FolderStatus { uid_validity: UidValidity(1), uid_next: None, messages, highest_modseq: None };
        let mut own = OwnAppends::default();
        own.note(&[done(10), done(11)]);
        assert!(!own.is_in_doubt(10));
        own.note(&[done(13)]);
        assert!(own.is_in_doubt(10));
        own.note_looked(10);
        for (last, is_in_doubt) in [(15, false), (17, true)] {
            own.note(&[done(last)]);
            assert_eq!(own.is_in_doubt(10), is_in_doubt, "{last}");
        }
        own.note_looked(10);
        own.note_counted(status(20), 7);
        assert!(own.is_in_doubt(10) && own.seen().is_some());
        own.note(&[]);
        assert_eq!(own.seen(), None);
    }
}
