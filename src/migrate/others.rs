//! Mail that others put into a folder of the target while we work there: people's own is none of our business, but another run of this
//! program, from another computer, copies what we copy.
//!
//! Two runs share no file, so only the target can tell. Before a folder is copied, what came to it since our record was written is
//! compared with what is to be copied. While it is copied, UIDs between our own say that somebody else stores there too: then it is
//! looked at what that is. Who came second in the folder ends, so that one of the two goes on, or both end where the target tells no
//! UIDs; what stands there twice by then, at most the first part of a folder, is told.

use super::content::{Read, SizeAndDigest, read_each};
use super::folder::FolderRun;
use super::halt::{Halt, OnSide};
use super::heads::Head;
use super::reconcile::Thoroughness;
use super::request::Verify;
use crate::domain::{Digest, Problem, ProblemKind, Side, Uid};
use crate::ledger::{Done, FolderRecord};
use std::collections::BTreeSet;
use std::time::Duration;

/// After so many messages of a folder it is looked for strangers for the first time, then after ten times as many.
const FIRST_PART: usize = 1000;
/// A folder that was looked at longer ago is looked at again before it is copied.
pub(super) const FRESH: Duration = Duration::from_secs(10);
/// So many strangers are looked at.
const MOST_STRANGERS: usize = 1000;

/// What a folder's copying has shown of others.
#[derive(Debug, Default)]
pub(super) struct Others {
    /// Whether they had put there already what was to be copied.
    pub(super) were_first: bool,
    /// Messages that stand there twice by now.
    pub(super) doubled: u64,
    /// Our own appends since the folder was looked at: how many, and the highest UID; none when the target tells no UIDs.
    own: Option<(u64, Uid)>,
    placeless: bool,
}

impl Others {
    /// Our appends begin anew, on a new look at the folder.
    pub(super) fn begin(&mut self) {
        (self.own, self.placeless) = (None, false);
    }

    /// Takes messages of ours in.
    pub(super) fn note_own(&mut self, done: &[Done]) {
        for message in done {
            match message.target_uid {
                Some(uid) => {
                    let (count, highest) = self.own.unwrap_or((0, uid));
                    self.own = Some((count + 1, highest.max(uid)));
                }
                None => self.placeless = true,
            }
        }
    }

    /// Whether messages of ours stand at UIDs that nobody told.
    pub(super) fn is_placeless(&self) -> bool {
        self.placeless
    }

    /// Whether the UIDs from `floor` to our last are more than ours.
    fn left_gaps(&self, floor: u32) -> bool {
        self.own.is_some_and(|(count, highest)| u64::from(highest.0.saturating_sub(floor)) + 1 > count)
    }
}

/// Splits what is to be copied into growing parts; after each it is looked for strangers.
pub(super) fn parts(mut uids: Vec<Uid>) -> Vec<Vec<Uid>> {
    let (mut parts, mut size) = (Vec::new(), FIRST_PART);
    while uids.len() > size {
        let rest = uids.split_off(size);
        parts.push(std::mem::replace(&mut uids, rest));
        size = size.saturating_mul(10);
    }
    parts.push(uids);
    parts
}

impl FolderRun<'_, '_> {
    /// Leaves out of `to_copy` what others have put there since `since`, the UID from which on the record knows nothing.
    pub(super) fn without_arrived(
        &mut self,
        record: &FolderRecord,
        since: Uid,
        to_copy: Vec<Uid>,
    ) -> Result<Vec<Uid>, Halt> {
        let mut uid_next = self.target.open.status.uid_next;
        if self.target.looked_at.elapsed() > FRESH {
            uid_next = self.sessions.target.reader().status(&self.target.wire_name).on(Side::Target)?.uid_next;
        }
        if uid_next.is_some_and(|next| next <= since) {
            return Ok(to_copy);
        }
        let arrived = self.unclaimed(record, since)?;
        let wanted: Vec<Head> = to_copy.iter().filter_map(|uid| self.scan.heads.get(*uid).copied()).collect();
        let matches = self.reconcile(&wanted, &arrived, Thoroughness::Alike)?;
        if matches.is_empty() {
            return Ok(to_copy);
        }
        self.job.progress.others.were_first = true;
        let there: BTreeSet<Uid> = matches.iter().map(|found| found.uid).collect();
        self.note_found(record, matches, &[])?;
        let (messages, bytes) = self.ledger.done_counts(record)?;
        self.job.tell_found(self.mailbox, messages, bytes);
        Ok(to_copy.into_iter().filter(|uid| !there.contains(uid)).collect())
    }

    /// Looks whether others store here what we have stored since the folder's UIDNEXT was `floor`.
    pub(super) fn look_for_others(&mut self, record: &FolderRecord, floor: u32) -> Result<(), Halt> {
        let others = &self.job.progress.others;
        if others.placeless && self.mailbox.context.options.verify == Verify::Content {
            let unchecked = self.ledger.unchecked(record)?;
            let placeless: Vec<Done> = unchecked.into_iter().filter(|done| done.target_uid.is_none()).collect();
            self.place(record, &placeless)?;
        } else if !others.left_gaps(floor) {
            return Ok(());
        }
        let strangers = self.unclaimed(record, Uid(floor.max(1)))?;
        let sizes: BTreeSet<u64> = self.ledger.done(record)?.into_iter().map(|(_, size)| size).collect();
        let alike = strangers.iter().filter(|head| sizes.contains(&head.size)).map(|head| head.uid);
        let alike: Vec<Uid> = alike.take(MOST_STRANGERS).collect();
        let mut read: Vec<(Uid, Digest)> = Vec::new();
        read_each::<SizeAndDigest>(self.sessions.target.reader(), &alike, &mut |uid, content| {
            if let Read::Content((_, digest)) = content {
                read.push((uid, digest));
            }
        })
        .on(Side::Target)?;
        let digests = self.ledger.digests(record)?;
        let twice: Vec<Uid> =
            read.into_iter().filter(|(_, digest)| digests.contains(digest)).map(|(uid, _)| uid).collect();
        let Some(first) = twice.iter().min() else { return Ok(()) };
        let own = self.ledger.target_uids(record)?;
        let others = &mut self.job.progress.others;
        others.doubled = twice.len() as u64;
        // Where the target tells no UIDs nobody knows whose came first: then neither goes on.
        let unknown = others.placeless;
        if unknown || others.were_first || own.iter().find(|uid| uid.0 >= floor).is_some_and(|own| first < own) {
            return Err(self.give_way(record)?.into());
        }
        Ok(())
    }

    /// Ends the mailbox in favour of the other run. What we know of the folder is forgotten, so that the next run compares it by content.
    fn give_way(&mut self, record: &FolderRecord) -> Result<Problem, Halt> {
        self.tell_doubled();
        self.ledger.forget_folder(record)?;
        Ok(Problem::new(ProblemKind::MailboxInUse).for_account(&self.mailbox.account.address))
    }

    /// Tells what stands there twice.
    pub(super) fn tell_doubled(&mut self) {
        let doubled = std::mem::take(&mut self.job.progress.others.doubled);
        if doubled > 0 {
            let problem = Problem::new(ProblemKind::MessageDoubled).in_folder(&self.job.planned.source);
            self.job.tell_once(self.mailbox, problem.counting(doubled));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_part_is_small_and_the_next_ten_times_as_large() {
        let lengths = |count: u32| parts((1..=count).map(Uid).collect()).iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(lengths(0), [0]);
        assert_eq!(lengths(1000), [1000]);
        assert_eq!(lengths(15_000), [1000, 10_000, 4000]);
    }

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
        let mut others = Others::default();
        others.note_own(&[done(10), done(11)]);
        assert!(!others.left_gaps(10));
        others.note_own(&[done(13)]);
        assert!(others.left_gaps(10));
        let mut late = Others::default();
        late.note_own(&[done(12)]);
        assert!(late.left_gaps(10));
    }
}
