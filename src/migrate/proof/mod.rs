//! The proof: messages are read back from the target and compared with what was sent.
//!
//! While folders are copied, another connection (`sessions/follower`) reads back and does most of this work. At a folder's end, everything
//! that is not checked according to the ledger is checked here.

pub mod marks;

use crate::domain::{Note, Problem, ProblemKind, Side, Uid};
use crate::imap::FolderStatus;
use crate::ledger::{Done, Extent, FolderRecord, Ledger, Message, Snapshot, State};
use crate::migrate::attempt::failures::Failure;
use crate::migrate::attempt::{FolderRun, Mailbox, uncompared, within_folder};
use crate::migrate::folder::progress::FolderProgress;
use crate::migrate::folder::{FolderJob, Scan};
use crate::migrate::halt::{Halt, OnSide};
use crate::migrate::heads::Heads;
use crate::migrate::reconcile::concurrent;
use crate::migrate::reconcile::elsewhere::{find_elsewhere, forget_or_find_elsewhere};
use crate::migrate::reconcile::locate::{locate, look_by_size, note_seen, placeless};
use crate::migrate::request::Verify;
use crate::migrate::sessions::Sessions;
use crate::progress::Step;
use std::collections::BTreeSet;

/// The dates of this many last messages of a folder are noted for the next run.
const NOTED_DATES: usize = 8;

/// Proves what was copied, compares its dates, and ends the folders. An error that affects only one folder is reported and is not an `Err`.
pub fn prove_folders(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    folders: &mut [FolderJob],
) -> Result<(), Halt> {
    // Known messages are compared while the follower is still at work.
    marks::compare(mailbox, sessions, ledger, folders, |job| !job.progress.own_appends.is_placeless())?;
    if mailbox.context.options.verify == Verify::None {
        count(sessions, folders)?;
    }
    for_each_open(mailbox, sessions, ledger, folders, prove)?;
    marks::compare(mailbox, sessions, ledger, folders, |_| true)?;
    for_each_open(mailbox, sessions, ledger, folders, finish)
}

/// Counts the messages in the target folders to which something was sent: the only check if nothing is read back.
fn count(sessions: &mut Sessions, folders: &mut [FolderJob]) -> Result<(), Halt> {
    let is_due = |job: &&mut FolderJob| !job.progress.finished && job.progress.sent() > 0 && job.target.is_some();
    let mut due: Vec<&mut FolderJob> = folders.iter_mut().filter(is_due).collect();
    let names: Vec<&[u8]> = due.iter().filter_map(|job| Some(job.target.as_ref()?.wire_name.as_slice())).collect();
    let statuses = sessions.target.statuses(&names).on(Side::Target)?;
    for (job, status) in due.iter_mut().zip(statuses) {
        job.progress.on_target = status.map(|status| status.messages);
    }
    Ok(())
}

fn for_each_open(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    folders: &mut [FolderJob],
    work: fn(&mut FolderRun<'_, '_>) -> Result<(), Halt>,
) -> Result<(), Halt> {
    for job in folders.iter_mut().filter(|job| !job.progress.finished) {
        if mailbox.control().holding() {
            return Err(Halt::Held);
        }
        // Without either, the folder was given up.
        let (Some(scan), Some(target)) = (job.scan.clone(), job.target.clone()) else { continue };
        let outcome = work(&mut FolderRun { mailbox, sessions, ledger, job, scan: &scan, target: &target });
        within_folder(outcome, mailbox, job)?;
    }
    Ok(())
}

/// Compares with the target what was not compared yet.
fn prove(run: &mut FolderRun<'_, '_>) -> Result<(), Halt> {
    if let Some(doubled) = run.job.progress.own_appends.take_doubled(ProblemKind::MessageDoubled) {
        run.report_once(doubled.in_folder(&run.job.planned.source));
    }
    match run.ledger.folder(&run.job.source) {
        Some(record) => check_rest(run, &record),
        None => Ok(()),
    }
}

/// Notes a complete folder, and ends it.
fn finish(run: &mut FolderRun<'_, '_>) -> Result<(), Halt> {
    // Without a record the folder is not finished, and the verdict says so.
    let Some(record) = run.ledger.folder(&run.job.source) else { return Ok(()) };
    name_taken(run, &record)?;
    report_dates(run, run.job.progress.dateless.len() as u64);
    run.job.report_lost_flags(&mut run.mailbox.reporter, run.ledger.messages_of(&record)?);
    run.report_sizes()?;
    run.report_found(&record)?;
    let evidence = run.evidence(&record)?;
    if evidence.unaccounted() > 0 && run.job.progress.failed.is_empty() && run.scan.unlisted() == 0 {
        let problem = Problem::new(ProblemKind::MessageMissing).in_folder(&run.job.planned.source);
        run.report_problem(problem.counting(evidence.unaccounted()));
    }
    if evidence.is_whole() && !run.mailbox.context.selection.limits_messages() {
        let Scan { status, heads, .. } = run.scan;
        let uid_next = status.uid_next.or_else(|| heads.all().last().map(|head| Uid(head.uid.0.saturating_add(1))));
        // Mail that came after the scan is not copied; the folder's number of messages then differs.
        let snapshot = Snapshot { uid_next: uid_next.unwrap_or(Uid(1)), messages: heads.all().len() as u64 };
        run.ledger.complete(&record, snapshot)?;
    }
    let extent =
        |status: &FolderStatus, modseq| Extent { uid_next: status.uid_next, messages: status.messages, modseq };
    let followed = run.scan.status.highest_modseq.filter(|_| run.job.progress.flags_followed);
    let source = extent(&run.scan.status, followed);
    run.ledger.end_run(&record, source, extent(&run.target.open.status, None), last_dates(&run.scan.heads))?;
    report_further_copies(run, &record)?;
    run.job.finish(&run.mailbox.reporter, evidence, run.job.progress.on_target);
    Ok(())
}

/// The dates of the folder's last messages, in seconds since 1970.
fn last_dates(heads: &Heads) -> Vec<(Uid, i64)> {
    let last = &heads.all()[heads.all().len().saturating_sub(NOTED_DATES)..];
    last.iter().filter_map(|head| Some((head.uid, head.date?.timestamp()))).collect()
}

/// Names messages that were read back or seen in this run, are gone by its end, and are in no other folder: somebody has deleted them, or
/// the target limits what it keeps. The next run counts them as deleted.
fn name_taken(run: &mut FolderRun<'_, '_>, record: &FolderRecord) -> Result<(), Halt> {
    let emptied = std::mem::take(&mut run.job.progress.emptied);
    if emptied.is_empty() {
        return Ok(());
    }
    let reader = run.sessions.target.reader();
    let status = reader.examine(&run.target.wire_name).on(Side::Target)?;
    let there = Heads::read_from(reader, Uid(1)).on(Side::Target)?;
    if status.messages > there.read() {
        // A message that is counted but not listed may be any of them.
        return Ok(());
    }
    let was_seen = |message: &&Message| matches!(message.state, State::Checked | State::Seen);
    let messages = run.ledger.messages_of(record)?.iter().filter(was_seen);
    let is_gone = |done: &Done| done.target_uid.is_some_and(|place| there.get(place).is_none());
    let gone = messages.filter(|message| emptied.contains(&message.uid)).filter_map(Message::as_done);
    let gone: Vec<Done> = gone.filter(is_gone).collect();
    let filed = find_elsewhere(run, &gone)?;
    let taken = gone.into_iter().map(|done| done.uid).filter(|uid| !filed.contains(uid));
    let taken = taken.map(|uid| Failure::noted(uid, ProblemKind::MessageMissing, Note::TakenMeanwhile));
    run.fail_all(taken.collect())
}

/// Reports duplicates, if the target folder holds more messages than it had and was sent.
fn report_further_copies(run: &mut FolderRun<'_, '_>, record: &FolderRecord) -> Result<(), Halt> {
    let progress = &run.job.progress;
    let (Some(before), Some(now)) = (progress.first_on_target, progress.on_target) else { return Ok(()) };
    let floor = progress.floor.unwrap_or(Uid(1));
    if progress.sent() == 0 || now <= before + progress.sent() {
        return Ok(());
    }
    let copies = concurrent::copies_of_ours(run, record, floor)?;
    if copies > 0 {
        let problem = Problem::new(ProblemKind::MessageDoubled).in_folder(&run.job.planned.source);
        run.report_once(problem.counting(copies));
    }
    Ok(())
}

fn report_dates(run: &mut FolderRun<'_, '_>, messages: u64) {
    if messages > 0 {
        let problem = Problem::new(ProblemKind::DateNotKept).in_folder(&run.job.planned.source);
        let note = match run.scan.heads.unread_date() {
            Some(date) => Note::DateNotUnderstood { date: date.to_owned() },
            None => Note::NoDates,
        };
        let problem = problem.counting(messages).noting(note);
        run.report_problem(problem);
    }
}

/// Waits for the follower, then checks whatever is not checked yet.
fn check_rest(run: &mut FolderRun<'_, '_>, record: &FolderRecord) -> Result<(), Halt> {
    let verify = run.mailbox.context.options.verify;
    if verify == Verify::None {
        // Nothing is read back. If the target announced no places, they are noted, so that the next run can tell whether the folder is the
        // same.
        let mut open = placeless(run, record)?;
        let progress = &run.job.progress;
        if progress.is_short() {
            let unseen = run.ledger.unseen(record)?.into_iter();
            open.extend(unseen.filter(|done| done.target_uid.is_some_and(|place| progress.places.contains(&place))));
        }
        return check_by_size(run, record, open);
    }
    if let Some(follower) = &mut run.sessions.follower {
        run.mailbox.take_right(run.ledger, follower.collect(true))?;
    }
    let mut rest = uncompared(run.ledger, record, verify)?;
    // A message that differed is checked in every run: it is on the target, and is named as long as it differs.
    rest.extend(run.ledger.found_altered(record)?);
    let FolderProgress { failed, sizes_reported, .. } = &run.job.progress;
    let is_open = |done: &Done| !failed.contains(&done.uid) && !sizes_reported.contains(&done.uid);
    let rest: Vec<Done> = rest.into_iter().filter(is_open).collect();
    if rest.is_empty() {
        return Ok(());
    }
    run.mailbox.reporter.step(Step::Checking(run.job.id));
    if verify == Verify::Size {
        return check_by_size(run, record, rest);
    }
    check_by_content(run, record, &rest)
}

/// Checks messages of the folder by every available means, notes the correct ones, and names the others. Results survive a lost connection,
/// so that a large folder over a bad connection does not start again each time.
fn check_by_content(run: &mut FolderRun<'_, '_>, record: &FolderRecord, messages: &[Done]) -> Result<(), Halt> {
    let (mut located, outcome) = locate(run, record, messages);
    run.take_found(record, located.found)?;
    outcome?;
    // What the source has no more can be compared with nothing.
    located.other.retain(|(uid, _)| run.scan.heads.get(*uid).is_some());
    run.ledger.altered(record, &located.other)?;
    let altered = located.other.iter().map(|(uid, _)| Failure::noted(*uid, ProblemKind::MessageAltered, None));
    let unproved = located.unproved.iter().map(|uid| Failure::noted(*uid, ProblemKind::MessageUnproved, None));
    let altered = altered.chain(unproved);
    let mut missing: BTreeSet<Uid> = located.missing.iter().copied().collect();
    // A message that was seen there, with its size or altered, and is gone now was removed by its owner.
    let seen = run.ledger.messages_of(record)?.iter();
    let seen = seen.filter(|message| matches!(message.state, State::Altered | State::Seen));
    let deleted = seen.filter(|message| missing.remove(&message.uid));
    let deleted: Vec<(Uid, Uid)> = deleted.filter_map(|message| Some((message.uid, message.target_uid?))).collect();
    run.ledger.checked(record, &deleted)?;
    let missing = messages.iter().filter(|done| missing.contains(&done.uid)).cloned().collect();
    let gone = forget_or_find_elsewhere(run, record, missing)?;
    let gone = gone.into_iter().map(|uid| Failure::noted(uid, ProblemKind::MessageMissing, None));
    run.fail_all(altered.chain(gone).collect())
}

/// Checks by size, first by the sizes that were read with the marks. Content decides about a message of another size, and about all if a
/// place is empty, because then all places are doubtful. A message that the target confirmed but does not have is forgotten, so that the next run sends it again. If nothing is read
/// back, this is done only if the folder holds too few messages.
fn check_by_size(run: &mut FolderRun<'_, '_>, record: &FolderRecord, done: Vec<Done>) -> Result<(), Halt> {
    let is_compared = run.mailbox.context.options.verify != Verify::None;
    let sized = &run.job.progress.sized;
    let place = |done: &Done| done.target_uid.filter(|_| sized.contains(&done.uid));
    let (right, rest): (Vec<Done>, Vec<Done>) = done.into_iter().partition(|done| place(done).is_some());
    let by_size = look_by_size(run, record, rest)?;
    let is_due = is_compared || run.job.progress.is_short();
    if by_size.has_empty_places() && is_due {
        let seen = by_size.seen.into_iter().map(|(done, _)| done);
        let all = right.into_iter().chain(seen).chain(by_size.other).chain(by_size.absent);
        return check_by_content(run, record, &all.collect::<Vec<_>>());
    }
    let seen = right.into_iter().filter_map(|done| Some((done.clone(), done.target_uid?))).chain(by_size.seen);
    note_seen(run, record, seen.collect())?;
    if !is_due {
        return Ok(());
    }
    // A target may have added a header or changed line ends, which alters nothing.
    let other = by_size.other.into_iter().filter(|_| is_compared);
    let doubtful: Vec<Done> = other.chain(by_size.absent).collect();
    if doubtful.is_empty() { Ok(()) } else { check_by_content(run, record, &doubtful) }
}
