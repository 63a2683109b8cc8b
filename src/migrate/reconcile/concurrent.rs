//! Mail that others put into a folder of the target while we work there: people's own is none of our business, but another run of this
//! program, from another computer, copies what we copy.
//!
//! Two runs share no file, so only the target shows it:
//!
//! 1. Before a folder is copied, what came to it since our record was written is compared with what is to be copied.
//! 2. The first message of all goes alone, as a claim. A folder numbers what it stores, so that of two runs that begin at the same moment
//!    one sees the other's message before its own, and ends.
//! 3. Later, UIDs between our own show that somebody else stores there too, and these messages are looked at.
//!
//! The run that came second in the folder ends, so that one of the two continues; where the target announces no UIDs, both end. What is
//! there twice by then is reported.
//!
//! No other run's are:
//!
//! - copies that were there before this run, also where the target announces no UIDNEXT that can be believed;
//! - a message of ours that its owner has moved, be it within the folder or from another one: its place is empty.

use super::locate::{match_with_target, note_found, on_target, place, placeless, unclaimed};
use crate::domain::{Digest, Problem, ProblemKind, Side, Uid};
use crate::ledger::{Done, FolderRecord, Message};
use crate::migrate::attempt::FolderRun;
use crate::migrate::content::matching::{Match, Scope};
use crate::migrate::content::reading::{Readings, SizeAndDigest};
use crate::migrate::context::losses::Losses;
use crate::migrate::folder::witnesses::credible_next;
use crate::migrate::halt::{Halt, OnSide};
use crate::migrate::heads::{Head, Heads};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Strangers are looked for after this many messages of a folder for the first time, then after ten times as many.
const FIRST_PART: usize = 1000;
/// A folder that was looked at longer ago is looked at again before it is copied.
pub const FRESH: Duration = Duration::from_secs(10);
/// At most this many strangers are looked at.
const MOST_STRANGERS: usize = 1000;

/// Splits what is to be copied into growing parts; after each, strangers are looked for.
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

/// Leaves out of `to_copy` what others have put there since `since`, the UID from which on the record knows nothing.
pub fn without_arrived(
    run: &mut FolderRun<'_, '_>,
    record: &FolderRecord,
    since: Uid,
    to_copy: Vec<Uid>,
) -> Result<Vec<Uid>, Halt> {
    let mut uid_next = run.target.open.status.uid_next;
    if run.target.looked_at.elapsed() > FRESH {
        uid_next = run.sessions.target.reader().status(&run.target.wire_name).on(Side::Target)?.uid_next;
    }
    let is_true = credible_next(&run.target.open.status, None).is_some();
    if is_true && uid_next.is_some_and(|next| next <= since) {
        return Ok(to_copy);
    }
    let known = placeless(run, record)?;
    place(run, record, &known)?;
    let arrived = unclaimed(run, record, since)?;
    let wanted: Vec<Head> = to_copy.iter().filter_map(|uid| run.scan.heads.get(*uid).copied()).collect();
    let matches = match_with_target(run, &wanted, arrived.all(), Scope::Strangers)?;
    if matches.is_empty() {
        return Ok(to_copy);
    }
    run.job.progress.own_appends.others_were_first |= !may_come_late(run);
    let there = take_theirs(run, record, matches, &arrived)?;
    Ok(to_copy.into_iter().filter(|uid| !there.contains(uid)).collect())
}

/// Notes what others have put there as found, and returns which messages that are.
fn take_theirs(
    run: &mut FolderRun<'_, '_>,
    record: &FolderRecord,
    matches: Vec<Match>,
    there: &Heads,
) -> Result<BTreeSet<Uid>, Halt> {
    let theirs = matches.iter().map(|found| found.uid).collect();
    note_found(run, record, matches, there, &[])?;
    run.report_found(record)?;
    Ok(theirs)
}

/// Before the claim, where others have been before us: waits a while, and ends when they are still at it. Returns what
/// they have stored of `to_copy`.
pub fn await_others(
    run: &mut FolderRun<'_, '_>,
    record: &FolderRecord,
    floor: u32,
    to_copy: &[Uid],
) -> Result<BTreeSet<Uid>, Halt> {
    let context = run.mailbox.context;
    let control = run.mailbox.control();
    control.wait_whole(context.options.patience.quiet);
    if control.stopping() {
        return Err(Halt::Held);
    }
    look_for_others(run, record, floor, to_copy)
}

/// Finds out whether others store here what we have stored since the folder's UIDNEXT was `floor`, or have yet `to_copy`. Returns what
/// of the latter they have stored.
pub fn look_for_others(
    run: &mut FolderRun<'_, '_>,
    record: &FolderRecord,
    floor: u32,
    to_copy: &[Uid],
) -> Result<BTreeSet<Uid>, Halt> {
    if !is_shared(run, floor)? {
        return Ok(BTreeSet::new());
    }
    let is_placeless = run.job.progress.own_appends.is_placeless();
    if is_placeless {
        let known = placeless(run, record)?;
        place(run, record, &known)?;
    }
    let strangers = new_strangers(run, record, Uid(floor.max(1)))?;
    // What is still to be copied comes first: of equal messages one may be done, and the other be there already.
    let wanted: Vec<Head> = to_copy.iter().filter_map(|uid| run.scan.heads.get(*uid).copied()).collect();
    let mut ahead = match_with_target(run, &wanted, strangers.all(), Scope::Strangers)?;
    ahead.sort_by_key(|found| found.target_uid);
    let ahead = without_moved_here(run, record, ahead, |found| found.digest)?;
    let taken: BTreeSet<Uid> = ahead.iter().map(|found| found.target_uid).collect();
    let rest: Vec<Head> = strangers.all().iter().filter(|head| !taken.contains(&head.uid)).copied().collect();
    let twice = twice(run, record, &rest)?;
    let Some(first) = twice.iter().copied().chain(taken).min() else {
        return Ok(BTreeSet::new());
    };
    let is_late = may_come_late(run);
    let own = run.ledger.target_uids(record)?;
    let own = own.iter().find(|uid| uid.0 >= floor);
    let own_appends = &mut run.job.progress.own_appends;
    own_appends.note_doubled(twice.len() as u64);
    // Where the target announces no UIDs nobody knows whose came first: then neither continues.
    if !is_late && (is_placeless || own_appends.others_were_first || own.is_none_or(|own| first < *own)) {
        return Err(give_way(run, record)?.into());
    }
    take_theirs(run, record, ahead, &strangers)
}

/// Whether what nobody knows here may be our own: a target that lost our connection, or that of a machine from which this mailbox was taken
/// over, may show much later what it had received on it.
fn may_come_late(run: &FolderRun<'_, '_>) -> bool {
    run.mailbox.taken_over || !run.job.progress.sending_losses.is_empty()
}

/// Whether more was stored here since the folder's UIDNEXT was `floor` than we have stored.
fn is_shared(run: &mut FolderRun<'_, '_>, floor: u32) -> Result<bool, Halt> {
    if let Some(next) = run.job.progress.own_appends.next() {
        return Ok(run.job.progress.own_appends.left_gaps(floor, next));
    }
    let status = run.sessions.target.reader().status(&run.target.wire_name).on(Side::Target)?;
    Ok(status.uid_next.is_none_or(|next| run.job.progress.own_appends.left_gaps(floor, next.0)))
}

/// How many messages from a UID of the target's folder on are copies of messages that are done, and nobody's.
pub fn copies_of_ours(run: &mut FolderRun<'_, '_>, record: &FolderRecord, floor: Uid) -> Result<u64, Halt> {
    let strangers = new_strangers(run, record, floor)?;
    Ok(twice(run, record, strangers.all())?.len() as u64)
}

/// The UID from which on everything is new in a folder into which nothing was copied yet. UIDNEXT says it where the last message shows
/// that it is true: some servers say the same number for ever, and what was on its way would be looked for above it in vain. Without one
/// that can be believed, what is there is noted.
pub fn note_what_is_there(run: &mut FolderRun<'_, '_>, record: &FolderRecord) -> Result<u32, Halt> {
    let status = run.target.open.status;
    if status.messages == 0 {
        return Ok(1);
    }
    let Some(next) = credible_next(&status, None) else {
        if run.job.progress.there_before.is_none() {
            let there = on_target(run, Uid(1))?;
            run.job.progress.there_before = Some(there.all().iter().map(|head| head.uid).collect());
        }
        return Ok(1);
    };
    let follows = |last: Uid| last.0.checked_add(1) == Some(next.0);
    if run.ledger.highest_target_uid(record)?.is_some_and(follows) {
        return Ok(next.0);
    }
    // A server names its last message, whichever UID it is asked from (RFC 9051, section 9, seq-range).
    let last = on_target(run, Uid(next.0.saturating_sub(1).max(1)))?.all().last().map(|head| head.uid);
    Ok(last.map_or(1, |last| last.0.saturating_add(1).min(next.0)))
}

/// What came into the folder in this run, from a UID on, and is the place of no message of the record.
fn new_strangers(run: &mut FolderRun<'_, '_>, record: &FolderRecord, floor: Uid) -> Result<Heads, Halt> {
    let mut strangers = unclaimed(run, record, floor)?;
    if let Some(before) = &run.job.progress.there_before {
        strangers.keep(|head| !before.contains(&head.uid));
    }
    Ok(strangers)
}

/// Which of these have the content of a message that is done, and do not stand in its place: those are there twice. Ascending.
fn twice(run: &mut FolderRun<'_, '_>, record: &FolderRecord, strangers: &[Head]) -> Result<Vec<Uid>, Halt> {
    let sizes: BTreeSet<u64> = run.ledger.done(record)?.into_iter().map(|(_, size)| size).collect();
    let alike = strangers.iter().filter(|head| sizes.contains(&head.size)).map(|head| head.uid);
    let alike: Vec<Uid> = alike.take(MOST_STRANGERS).collect();
    let digests = run.ledger.digests(record)?;
    let (mut readings, losses) = (Readings::default(), &mut run.job.progress.read_back_losses);
    readings.read::<SizeAndDigest>(run.sessions.target.reader(), &alike, losses).on(Side::Target)?;
    let digest = |uid: &Uid| readings.get(*uid).map(|(_, digest)| *digest).filter(|digest| digests.contains(digest));
    let copies: Vec<(Uid, Digest)> = alike.iter().filter_map(|uid| Some((*uid, digest(uid)?))).collect();
    let copies = without_moved_within(run, record, copies)?;
    let copies = without_moved_here(run, record, copies, |(_, digest)| *digest)?;
    Ok(copies.into_iter().map(|(uid, _)| uid).collect())
}

/// Leaves out as many as there are messages of that content in the record whose places are empty: their owner has moved them within the
/// folder.
fn without_moved_within(
    run: &mut FolderRun<'_, '_>,
    record: &FolderRecord,
    copies: Vec<(Uid, Digest)>,
) -> Result<Vec<(Uid, Digest)>, Halt> {
    if copies.is_empty() {
        return Ok(copies);
    }
    let there = on_target(run, Uid(1))?;
    let mut moved = BTreeMap::new();
    for message in run.ledger.messages_of(record)? {
        let is_gone = message.target_uid.is_some_and(|place| there.get(place).is_none());
        if let Some(digest) = message.digest.filter(|_| is_gone) {
            *moved.entry(digest).or_default() += 1;
        }
    }
    Ok(leave_out(copies, moved, |(_, digest)| *digest))
}

/// Leaves out as many as other folders have fewer of that content than their records know: their owner may have moved them here.
fn without_moved_here<T>(
    run: &mut FolderRun<'_, '_>,
    record: &FolderRecord,
    copies: Vec<T>,
    digest: impl Fn(&T) -> Digest,
) -> Result<Vec<T>, Halt> {
    let digests: BTreeSet<Digest> = copies.iter().map(&digest).collect();
    if digests.is_empty() {
        return Ok(copies);
    }
    let mut moved: BTreeMap<Digest, usize> = BTreeMap::new();
    for other in run.ledger.folders() {
        if other.target_name == record.target_name || !run.sessions.selectable.contains(&other.target_name) {
            continue;
        }
        let settled = run.ledger.messages_of(&other)?.iter().filter_map(Message::as_done);
        let alike: Vec<Done> = settled.filter(|done| digests.contains(&done.digest)).collect();
        if alike.is_empty() {
            continue;
        }
        let mut missing: BTreeMap<Digest, usize> = BTreeMap::new();
        alike.iter().for_each(|done| *missing.entry(done.digest).or_default() += 1);
        for digest in contents(run, &other.target_name, alike.iter().map(|done| done.size).collect())? {
            missing.entry(digest).and_modify(|count| *count = count.saturating_sub(1));
        }
        missing.into_iter().for_each(|(digest, count)| *moved.entry(digest).or_default() += count);
    }
    run.sessions.target.reader().examine(&run.target.wire_name).on(Side::Target)?;
    Ok(leave_out(copies, moved, digest))
}

/// What is in a folder of the target, of these sizes; opens it.
fn contents(run: &mut FolderRun<'_, '_>, wire_name: &[u8], sizes: BTreeSet<u64>) -> Result<Vec<Digest>, Halt> {
    let reader = run.sessions.target.reader();
    reader.examine(wire_name).on(Side::Target)?;
    let heads = Heads::read_from(reader, Uid(1)).on(Side::Target)?;
    let alike: Vec<Uid> = heads.all().iter().filter(|head| sizes.contains(&head.size)).map(|head| head.uid).collect();
    let mut readings: Readings<(u64, Digest)> = Readings::default();
    readings.read::<SizeAndDigest>(reader, &alike, &mut Losses::default()).on(Side::Target)?;
    Ok(alike.iter().filter_map(|uid| readings.get(*uid).map(|(_, digest)| *digest)).collect())
}

/// Leaves out the given number of each content, the last ones first.
fn leave_out<T>(copies: Vec<T>, mut moved: BTreeMap<Digest, usize>, digest: impl Fn(&T) -> Digest) -> Vec<T> {
    let mut left: Vec<T> = copies
        .into_iter()
        .rev()
        .filter(|copy| match moved.get_mut(&digest(copy)).filter(|count| **count > 0) {
            Some(count) => {
                *count -= 1;
                false
            }
            None => true,
        })
        .collect();
    left.reverse();
    left
}

/// Ends the mailbox in favour of the other run. What we know of the folder is forgotten, so that the next run compares it by content.
fn give_way(run: &mut FolderRun<'_, '_>, record: &FolderRecord) -> Result<Problem, Halt> {
    if let Some(doubled) = run.job.progress.own_appends.take_doubled() {
        run.report_once(doubled.in_folder(&run.job.planned.source));
    }
    run.ledger.forget_folder(record)?;
    Ok(Problem::new(ProblemKind::MailboxInUse).for_account(&run.mailbox.account.address))
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
