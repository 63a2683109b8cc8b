//! Mail that others put into a target folder while we work there. People's own mail does not concern us, but another run of this program,
//! on another computer, copies what we copy.
//!
//! Two runs share no file, so only the target shows it:
//!
//! 1. Before a folder is copied, messages that have come to it since our record was written are compared with what we would copy.
//! 2. The first message of all goes alone, as a claim. A folder numbers what it stores, so one of two runs that begin at the same moment
//!    sees the other's message before its own, and ends.
//! 3. Later, UIDs between our own, or more messages than were there and sent, show that somebody else stores there too. The pass ends with
//!    what is on its way, and these messages are looked at.
//! 4. If messages of ours have duplicates, another run may have stored them, or the target itself. One of the remaining messages, chosen at
//!    random, goes alone, into another folder if this one has none left: if that one is stored twice as well, the target stores everything
//!    twice, and the mailbox ends before it does so with the rest. The run that came second waits first, so that another run shows itself.
//! 5. The run that came second to the folder ends, so that one of the two continues; if the target announces no UIDs, both end. The
//!    duplicates by then are reported.
//!
//! Copies that were there before this run do not belong to another run, even if the target announces no credible UIDNEXT.

use super::locate::{match_with_target, note_found, on_target, place, placeless, unclaimed};
use super::twice::{twice, without_moved_here};
use crate::domain::{Digest, Problem, ProblemKind, Side, Uid};
use crate::ledger::FolderRecord;
use crate::migrate::attempt::FolderRun;
use crate::migrate::content::matching::{Match, Scope};
use crate::migrate::folder::own_appends::Probe;
use crate::migrate::folder::witnesses::credible_next;
use crate::migrate::halt::{Halt, OnSide};
use crate::migrate::heads::{Head, Heads};
use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Messages of others are looked for after this many messages of a folder, then each time after ten times as many.
const FIRST_PART: usize = 1000;
/// A folder that was checked longer ago than this is checked again before it is copied.
pub const FRESH: Duration = Duration::from_secs(10);

/// Splits the messages to copy into growing parts; after each, messages of others are looked for.
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

/// Removes from `to_copy` the messages that others have put there since `since`, the UID from which the record knows nothing.
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

/// Notes messages that others have put there as found, and returns them.
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

/// Before the claim, if others were there first: waits for a while, and ends if they are still at work. Returns those of `to_copy` that
/// they have stored.
pub fn await_others(
    run: &mut FolderRun<'_, '_>,
    record: &FolderRecord,
    floor: u32,
    to_copy: &[Uid],
) -> Result<BTreeSet<Uid>, Halt> {
    let quiet = run.mailbox.context.options.patience.quiet;
    wait(run, quiet)?;
    let Some(seen) = look(run, record, floor, to_copy)? else { return Ok(BTreeSet::new()) };
    if seen.is_second && !may_come_late(run) {
        return Err(give_way(run, record)?.into());
    }
    take_theirs(run, record, seen.ahead, &seen.strangers)
}

fn wait(run: &FolderRun<'_, '_>, time: Duration) -> Result<(), Halt> {
    let control = run.mailbox.control();
    control.wait_whole(time);
    if control.stopping() { Err(Halt::Held) } else { Ok(()) }
}

/// The result of looking for other runs, if the mailbox continues.
pub enum Others {
    /// Others have stored nothing, or only what is returned.
    Stored,
    /// There are duplicates, and a message must be sent alone to find out who stores them: this one, or one of another folder.
    Unclear(Option<Uid>),
}

/// Finds out whether others store here what we have stored since the folder's UIDNEXT was `floor`, or what is left `to_copy`; also returns
/// those of the latter that they have stored. `more` says whether any folder has something left to copy: if not, nobody needs to end.
pub fn look_for_others(
    run: &mut FolderRun<'_, '_>,
    record: &FolderRecord,
    floor: u32,
    to_copy: &[Uid],
    more: bool,
) -> Result<(Others, BTreeSet<Uid>), Halt> {
    let seen = look(run, record, floor, to_copy)?;
    run.job.progress.own_appends.note_looked(floor);
    let Some(seen) = seen else { return Ok((Others::Stored, BTreeSet::new())) };
    if !may_come_late(run) {
        if seen.ahead.is_empty()
            && let Some(probe) = probe(run, record, &seen, (to_copy, more))?
        {
            return Ok((Others::Unclear(probe), BTreeSet::new()));
        }
        if seen.is_second && more {
            return Err(give_way(run, record)?.into());
        }
    }
    Ok((Others::Stored, take_theirs(run, record, seen.ahead, &seen.strangers)?))
}

/// What others, or the target itself, have stored in a folder.
struct Seen {
    strangers: Heads,
    /// Those still to be copied.
    ahead: Vec<Match>,
    /// Those that duplicate a message of ours.
    twice: Vec<(Uid, Digest)>,
    /// Whether others may have been first.
    is_second: bool,
}

/// None if nobody has stored there what we copy.
fn look(run: &mut FolderRun<'_, '_>, record: &FolderRecord, floor: u32, to_copy: &[Uid]) -> Result<Option<Seen>, Halt> {
    if !is_shared(run, floor)? {
        return Ok(None);
    }
    let is_placeless = run.job.progress.own_appends.is_placeless();
    if is_placeless {
        let known = placeless(run, record)?;
        place(run, record, &known)?;
    }
    let strangers = new_strangers(run, record, Uid(floor.max(1)))?;
    // Messages still to be copied come first: of two equal ones, one may be done, and the other already there.
    let wanted: Vec<Head> = to_copy.iter().filter_map(|uid| run.scan.heads.get(*uid).copied()).collect();
    let mut ahead = match_with_target(run, &wanted, strangers.all(), Scope::Strangers)?;
    ahead.sort_by_key(|found| found.target_uid);
    let ahead = without_moved_here(run, record, ahead, |found| found.stored.map_or(found.digest, |it| it.digest))?;
    let taken: BTreeSet<Uid> = ahead.iter().map(|found| found.target_uid).collect();
    let rest: Vec<Head> = strangers.all().iter().filter(|head| !taken.contains(&head.uid)).copied().collect();
    let twice = twice(run, record, &rest)?;
    let Some(first) = twice.iter().map(|(uid, _)| *uid).chain(taken).min() else { return Ok(None) };
    let own = run.ledger.target_uids(record)?;
    let own = own.iter().find(|uid| uid.0 >= floor).copied();
    let own_appends = &mut run.job.progress.own_appends;
    own_appends.note_doubled(twice.len() as u64);
    // If the target announces no UIDs, nobody knows whose came first: then neither continues.
    let is_second = is_placeless || own_appends.others_were_first || own.is_none_or(|own| first < own);
    Ok(Some(Seen { strangers, ahead, twice, is_second }))
}

/// Chooses a message to show what stores duplicates here, or checks its outcome. An error means that the target stores them. The inner
/// option is none if the folder has no message left for this.
fn probe(
    run: &mut FolderRun<'_, '_>,
    record: &FolderRecord,
    seen: &Seen,
    (to_copy, more): (&[Uid], bool),
) -> Result<Option<Option<Uid>>, Halt> {
    match run.job.progress.own_appends.probe {
        Probe::None if more => {
            if seen.is_second {
                // A run that was first continues meanwhile, and so shows itself.
                let before = on_target(run, Uid(1))?.all().len();
                let quiet = run.mailbox.context.options.patience.quiet;
                wait(run, 3 * quiet)?;
                if on_target(run, Uid(1))?.all().len() != before {
                    return Ok(None);
                }
            }
            let chosen = RandomState::new().hash_one(()) % to_copy.len().max(1) as u64;
            let chosen = to_copy.get(chosen as usize).copied();
            run.job.progress.own_appends.probe = chosen.map_or(Probe::Once, Probe::Sent);
            Ok(Some(chosen))
        }
        Probe::Sent(uid) => {
            run.job.progress.own_appends.probe = Probe::Once;
            let sent = run.ledger.message(record, uid)?.and_then(|message| message.digest_there());
            if !seen.twice.iter().any(|(_, digest)| Some(*digest) == sent) {
                return Ok(None);
            }
            let problem = run.job.progress.own_appends.take_doubled(ProblemKind::StoresTwice);
            let problem = problem.unwrap_or_else(|| Problem::new(ProblemKind::StoresTwice));
            let problem = problem.in_folder(&run.job.planned.source);
            Err(problem.for_account(&run.mailbox.account.address).into())
        }
        Probe::None | Probe::Once => Ok(None),
    }
}

/// Whether unknown messages here may be our own: a target that lost our connection, or that of a machine from which this mailbox was taken
/// over, may show much later what it had received.
fn may_come_late(run: &FolderRun<'_, '_>) -> bool {
    run.mailbox.taken_over || !run.job.progress.sending_losses.is_empty()
}

/// Whether more was stored here since the folder's UIDNEXT was `floor` than we have stored. If the target was not asked behind the last
/// message, it is asked now while there is only one, since a second copy of that one may be above it; later a copy is between our own.
fn is_shared(run: &mut FolderRun<'_, '_>, floor: u32) -> Result<bool, Halt> {
    let own = &run.job.progress.own_appends;
    if own.surplus(floor) > 0 {
        return Ok(true);
    }
    if !own.may_be_beside_others() {
        return Ok(false);
    }
    let status = match own.seen() {
        Some(status) => Some(status),
        None => run.sessions.target.statuses(&[&run.target.wire_name]).on(Side::Target)?.into_iter().next().flatten(),
    };
    // Without an answer, the folder is checked.
    let Some(status) = status else { return Ok(true) };
    let progress = &run.job.progress;
    let holds_more = progress.first_on_target.is_some_and(|before| status.messages > before + progress.sent());
    Ok(holds_more || status.uid_next.is_none_or(|next| progress.own_appends.left_gaps(floor, next.0)))
}

/// Notes how many messages of ours have a duplicate in the folder, unless that was reported.
pub fn count_doubled(run: &mut FolderRun<'_, '_>) -> Result<(), Halt> {
    let Some(record) = run.ledger.folder(&run.job.source) else { return Ok(()) };
    let floor = run.job.progress.floor.unwrap_or(Uid(1));
    if !run.job.progress.own_appends.doubled_reported {
        let doubled = copies_of_ours(run, &record, floor)?;
        run.job.progress.own_appends.note_doubled(doubled);
    }
    Ok(())
}

/// How many messages from a UID of the target folder on are copies of done messages but belong to no record.
pub fn copies_of_ours(run: &mut FolderRun<'_, '_>, record: &FolderRecord, floor: Uid) -> Result<u64, Halt> {
    let strangers = new_strangers(run, record, floor)?;
    Ok(twice(run, record, strangers.all())?.len() as u64)
}

/// The UID from which everything is new in a folder into which nothing has been copied yet. It is UIDNEXT, if the last message confirms it:
/// some servers announce the same number for ever, and messages in flight would be looked for above it without success. Without a credible
/// UIDNEXT, the folder's contents are noted.
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

/// Messages that came into the folder during this run, from a UID on, at no place of a recorded message.
fn new_strangers(run: &mut FolderRun<'_, '_>, record: &FolderRecord, floor: Uid) -> Result<Heads, Halt> {
    let mut strangers = unclaimed(run, record, floor)?;
    if let Some(before) = &run.job.progress.there_before {
        strangers.keep(|head| !before.contains(&head.uid));
    }
    Ok(strangers)
}

/// Ends the mailbox in favour of the other run. Our knowledge of the folder is forgotten, so that the next run compares it by content.
fn give_way(run: &mut FolderRun<'_, '_>, record: &FolderRecord) -> Result<Problem, Halt> {
    if let Some(doubled) = run.job.progress.own_appends.take_doubled(ProblemKind::MessageDoubled) {
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
