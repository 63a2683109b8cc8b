//! Mail that others put into a folder of the target while we work there: people's own is none of our business, but another run of this
//! program, from another computer, copies what we copy.
//!
//! Two runs share no file, so only the target can tell. Before a folder is copied, what came to it since our record was written is
//! compared with what is to be copied. The first message of all goes alone, as a claim: a folder numbers what it stores, so of two
//! runs that begin at the same moment one sees the other's message before its own, and ends. Later, UIDs between our own say that
//! somebody else stores there too: then it is looked at what that is. Who came second in the folder ends, so that one of the two goes
//! on, or both end where the target tells no UIDs; what stands there twice by then is told.

use crate::domain::{Problem, ProblemKind, Side, Uid};
use crate::ledger::FolderRecord;
use crate::migrate::attempt::FolderRun;
use crate::migrate::content::matching::{Match, Thoroughness};
use crate::migrate::content::{Read, SizeAndDigest, read_each};
use crate::migrate::halt::{Halt, OnSide};
use crate::migrate::heads::Head;
use std::collections::BTreeSet;
use std::time::Duration;

/// After so many messages of a folder it is looked for strangers for the first time, then after ten times as many.
const FIRST_PART: usize = 1000;
/// A folder that was looked at longer ago is looked at again before it is copied.
pub const FRESH: Duration = Duration::from_secs(10);
/// So many strangers are looked at.
const MOST_STRANGERS: usize = 1000;

/// Splits what is to be copied into growing parts; after each it is looked for strangers.
pub fn parts(mut uids: Vec<Uid>) -> Vec<Vec<Uid>> {
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
    pub fn without_arrived(&mut self, record: &FolderRecord, since: Uid, to_copy: Vec<Uid>) -> Result<Vec<Uid>, Halt> {
        let mut uid_next = self.target.open.status.uid_next;
        if self.target.looked_at.elapsed() > FRESH {
            uid_next = self.sessions.target.reader().status(&self.target.wire_name).on(Side::Target)?.uid_next;
        }
        if uid_next.is_some_and(|next| next <= since) {
            return Ok(to_copy);
        }
        self.place(record, &self.placeless(record)?)?;
        let arrived = self.unclaimed(record, since)?;
        let wanted: Vec<Head> = to_copy.iter().filter_map(|uid| self.scan.heads.get(*uid).copied()).collect();
        let matches = self.reconcile(&wanted, &arrived, Thoroughness::Alike)?;
        if matches.is_empty() {
            return Ok(to_copy);
        }
        self.job.progress.own_appends.others_were_first |= !self.may_come_late();
        let there = self.take_theirs(record, matches)?;
        Ok(to_copy.into_iter().filter(|uid| !there.contains(uid)).collect())
    }

    /// Notes what others have put there as found, and returns which messages that are.
    fn take_theirs(&mut self, record: &FolderRecord, matches: Vec<Match>) -> Result<BTreeSet<Uid>, Halt> {
        let there = matches.iter().map(|found| found.uid).collect();
        self.note_found(record, matches, &[])?;
        self.report_found(record)?;
        Ok(there)
    }

    /// Before the claim, where others have been before us: waits a while, and ends when they are still at it. Returns what
    /// they have stored of `to_copy`.
    pub fn await_others(&mut self, record: &FolderRecord, floor: u32, to_copy: &[Uid]) -> Result<BTreeSet<Uid>, Halt> {
        let context = self.mailbox.context;
        context.control.wait_whole(context.options.patience.quiet);
        if context.control.stopping() {
            return Err(Halt::Held);
        }
        self.look_for_others(record, floor, to_copy)
    }

    /// Looks whether others store here what we have stored since the folder's UIDNEXT was `floor`, or have yet `to_copy`. Returns what
    /// of the latter they have stored.
    pub fn look_for_others(
        &mut self,
        record: &FolderRecord,
        floor: u32,
        to_copy: &[Uid],
    ) -> Result<BTreeSet<Uid>, Halt> {
        if !self.is_shared(floor)? {
            return Ok(BTreeSet::new());
        }
        let placeless = self.job.progress.own_appends.is_placeless();
        if placeless {
            self.place(record, &self.placeless(record)?)?;
        }
        let mut strangers = self.unclaimed(record, Uid(floor.max(1)))?;
        // What is still to be copied comes first: of equal messages one may be done, and the other stand there already.
        let wanted: Vec<Head> = to_copy.iter().filter_map(|uid| self.scan.heads.get(*uid).copied()).collect();
        let ahead = self.reconcile(&wanted, &strangers, Thoroughness::Alike)?;
        let taken: BTreeSet<Uid> = ahead.iter().map(|found| found.target_uid).collect();
        strangers.retain(|head| !taken.contains(&head.uid));
        let twice = self.twice(record, &strangers)?;
        let Some(first) = twice.iter().copied().chain(taken).min() else {
            return Ok(BTreeSet::new());
        };
        let is_late = self.may_come_late();
        let own = self.ledger.target_uids(record)?;
        let own = own.iter().find(|uid| uid.0 >= floor);
        let own_appends = &mut self.job.progress.own_appends;
        own_appends.note_doubled(twice.len() as u64);
        // Where the target tells no UIDs nobody knows whose came first: then neither goes on.
        if !is_late && (placeless || own_appends.others_were_first || own.is_none_or(|own| first < *own)) {
            return Err(self.give_way(record)?.into());
        }
        self.take_theirs(record, ahead)
    }

    /// Whether what nobody knows here may be our own: a target that lost our line may show much later what it had received on it.
    fn may_come_late(&self) -> bool {
        !self.job.progress.sending_losses.is_empty()
    }

    /// Whether more was stored here since the folder's UIDNEXT was `floor` than we have stored.
    fn is_shared(&mut self, floor: u32) -> Result<bool, Halt> {
        if let Some(next) = self.job.progress.own_appends.next() {
            return Ok(self.job.progress.own_appends.left_gaps(floor, next));
        }
        let status = self.sessions.target.reader().status(&self.target.wire_name).on(Side::Target)?;
        Ok(status.uid_next.is_none_or(|next| self.job.progress.own_appends.left_gaps(floor, next.0)))
    }

    /// Which of these have the content of a message that is done.
    fn twice(&mut self, record: &FolderRecord, strangers: &[Head]) -> Result<Vec<Uid>, Halt> {
        let sizes: BTreeSet<u64> = self.ledger.done(record)?.into_iter().map(|(_, size)| size).collect();
        let alike = strangers.iter().filter(|head| sizes.contains(&head.size)).map(|head| head.uid);
        let alike: Vec<Uid> = alike.take(MOST_STRANGERS).collect();
        let digests = self.ledger.digests(record)?;
        let mut twice = Vec::new();
        read_each::<SizeAndDigest>(self.sessions.target.reader(), &alike, &mut |uid, content| {
            if matches!(content, Read::Content((_, digest)) if digests.contains(&digest)) {
                twice.push(uid);
            }
        })
        .on(Side::Target)?;
        Ok(twice)
    }

    /// Ends the mailbox in favour of the other run. What we know of the folder is forgotten, so that the next run compares it by content.
    fn give_way(&mut self, record: &FolderRecord) -> Result<Problem, Halt> {
        if let Some(doubled) = self.job.progress.own_appends.take_doubled() {
            self.report_once(doubled.in_folder(&self.job.planned.source));
        }
        self.ledger.forget_folder(record)?;
        Ok(Problem::new(ProblemKind::MailboxInUse).for_account(&self.mailbox.account.address))
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
}
