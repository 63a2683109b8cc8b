//! Copies the folders of a mailbox, in passes: each is one stream over all folders that have something left to copy.
//!
//! Before its first pass a folder is reconciled with earlier runs (`reconcile`). After each pass, messages that it did not copy are tried
//! in the next way (`refused`), until no folder has anything left that is worth another attempt. A pass that ended early, because a target
//! folder got more than we sent, continues once the reason is known.

pub mod copying;
mod counter;
pub mod flags;
mod kept_back;
mod others;
pub mod pass;
pub mod reading;
pub mod refused;
pub mod round;
pub mod sending;
pub mod two_connections;

use crate::domain::{Side, Uid};
use crate::imap::{AppendWay, ImapError, NotOpened, Refusal};
use crate::ledger::{FolderRecord, Ledger};
use crate::migrate::attempt::{FolderRun, Mailbox, within_folder};
use crate::migrate::folder::{FolderJob, TargetFolder};
use crate::migrate::halt::{Halt, OnSide};
use crate::migrate::reconcile::concurrent::Others;
use crate::migrate::reconcile::{concurrent, learn_the_past};
use crate::migrate::sessions::Sessions;
use copying::{Copying, next_rounds};
use counter::Counter;
use flags::SentFlags;
use pass::{PassHalt, copy_pass};
use refused::{Retries, put_off, sort_refused, take_lost, without_stored, without_too_large};
use round::{Round, RoundEnd};
use std::collections::BTreeSet;
use std::time::Instant;

/// At most this many bytes and folders are copied together, so that the knowledge about a folder is recent when its turn comes.
const TOGETHER_BYTES: u64 = 64 << 20;
const TOGETHER_FOLDERS: usize = 200;
/// With at most this many messages left, nothing else shows whether a source that asks to wait refuses these or everything.
const FEW: usize = 3;

/// Copies what is missing in every folder. An error that affects only one folder ends that folder and is not an `Err`.
pub fn copy_folders(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    folders: &mut [FolderJob],
) -> Result<(), Halt> {
    let (mut together, mut bytes): (Vec<Copying>, u64) = (Vec::new(), 0);
    for index in 0..folders.len() {
        if mailbox.control().holding() {
            return Err(Halt::Held);
        }
        if together.is_empty() {
            look_again(sessions, &mut folders[index..])?;
        }
        let job = &mut folders[index];
        let (Some(scan), Some(target), false) = (job.scan.clone(), job.target.clone(), job.progress.finished) else {
            continue;
        };
        let mut run = FolderRun { mailbox, sessions, ledger, job, scan: &scan, target: &target };
        let missing = missing(&mut run);
        let Some(Some((record, uids, floor))) = within_folder(missing, mailbox, job)? else { continue };
        if ledger.highest_target_uid(&record)?.is_some_and(|highest| highest.0 >= floor) {
            // A target may give a message the UID of one that it already has, and confirm both.
            let recorded = ledger.target_uids(&record)?;
            let progress = &mut job.progress;
            progress.recorded_places = recorded.into_iter().filter(|place| !progress.places.contains(place)).collect();
        }
        let heads = uids.iter().filter_map(|uid| scan.heads.get(*uid));
        bytes = heads.fold(bytes, |sum, head| sum.saturating_add(head.size));
        let best = if sessions.target.offers_multiappend() { AppendWay::Batches } else { AppendWay::Single };
        let (alone, mut uids): (Vec<Uid>, Vec<Uid>) = uids.into_iter().partition(|uid| job.progress.goes_alone(*uid));
        job.progress.reading_losses.probe_elsewhere(&mut uids);
        job.progress.sent_singly.probe_elsewhere(&mut uids);
        let folder = together.len();
        let alone = alone.into_iter().map(|uid| Round::of(folder, vec![uid], AppendWay::Single, true));
        let parts = concurrent::parts(uids).into_iter().rev().map(|uids| Round::of(folder, uids, best, false));
        let rounds = alone.chain(parts).collect();
        let flags = SentFlags::new(&target.open, mailbox.context.profile);
        let retries = Retries { folder_made_again: false, flags };
        let source_name = job.source.wire_name.clone();
        let target = TargetFolder { floor, ..target };
        let mut copying = Copying { job: index, source_name, scan, target, record, rounds, retries };
        copying.drop_empty();
        together.push(copying);
        if bytes >= TOGETHER_BYTES || together.len() >= TOGETHER_FOLDERS {
            copy_or_count(mailbox, sessions, ledger, folders, std::mem::take(&mut together), bytes)?;
            bytes = 0;
        }
    }
    copy_or_count(mailbox, sessions, ledger, folders, together, bytes)
}

/// Copies folders together. If the mailbox ends because the target or another run stores what we store, counts the duplicates in all
/// folders: the next run does not know about them.
fn copy_or_count(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    folders: &mut [FolderJob],
    together: Vec<Copying>,
    bytes: u64,
) -> Result<(), Halt> {
    let ended = copy_together(mailbox, sessions, ledger, folders, together, bytes);
    if let Err(Halt::Problem(problem)) = &ended {
        others::count_doubled(mailbox, sessions, ledger, folders, problem)?;
    }
    ended
}

/// Checks again those of the next target folders that were checked long ago, with all requests ahead of the answers.
fn look_again(sessions: &mut Sessions, folders: &mut [FolderJob]) -> Result<(), Halt> {
    let next = folders.iter_mut().filter(|job| !job.progress.finished && job.scan.is_some()).take(TOGETHER_FOLDERS);
    let targets = next.filter_map(|job| job.target.as_mut());
    let mut old: Vec<&mut TargetFolder> =
        targets.filter(|target| target.looked_at.elapsed() > concurrent::FRESH).collect();
    let wire_names: Vec<&[u8]> = old.iter().map(|target| target.wire_name.as_slice()).collect();
    let statuses = sessions.target.statuses(&wire_names).on(Side::Target)?;
    for (target, status) in old.iter_mut().zip(statuses) {
        // Without an answer, or without UIDNEXT in it, the earlier status stays, and the folder is asked about separately.
        if let Some(status) = status.filter(|status| status.uid_next.is_some()) {
            target.open.status = status;
            target.looked_at = Instant::now();
        }
    }
    Ok(())
}

/// Copies pass by pass, until no folder has anything left to try.
fn copy_together(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    folders: &mut [FolderJob],
    mut together: Vec<Copying>,
    bytes: u64,
) -> Result<(), Halt> {
    if !mailbox.one_connection {
        let Sessions { second, target, .. } = &mut *sessions;
        second.ask(mailbox.context, mailbox.reporter.account, mailbox.account, mailbox.user.as_ref(), target, bytes);
    }
    mailbox.kept_back.messages.clear();
    let mut rounds = claim(mailbox, sessions, ledger, folders, &mut together)?;
    // Folders with duplicates and nothing left to send that would show the reason.
    let mut unclear: Vec<usize> = Vec::new();
    while !rounds.is_empty() {
        let outcome = run_pass(mailbox, sessions, ledger, folders, &together, &rounds);
        // Whatever the outcome: flags that were left out before the connection was lost are not sent again.
        for copying in &mut together {
            folders[copying.job].progress.flags_lost.join(copying.retries.flags.take_lost());
        }
        let mut ends = outcome?;
        let held = mailbox.control().holding() && ends.iter().any(|end| !end.left.is_empty());
        for (round, end) in rounds.iter().zip(&mut ends) {
            together[round.folder].put_back(round, std::mem::take(&mut end.left));
        }
        let more = together.iter().any(|copying| !copying.rounds.is_empty());
        if !held {
            others::count_again(mailbox, sessions, folders, (&together, &rounds), more)?;
        }
        let (mut ended, mut probes, known) = (Ok(()), Vec::new(), std::mem::take(&mut unclear));
        for (round, end) in rounds.into_iter().zip(ends) {
            let (folder, copying) = (round.folder, &mut together[round.folder]);
            let taken = with_folder(mailbox, sessions, ledger, folders, copying, |run, copying| {
                take_end(run, copying, &round, end, more)
            });
            match taken {
                Ok(Some(Next::Probe(round))) => probes.push(round),
                Ok(Some(Next::ProbeElsewhere)) => unclear.push(folder),
                Ok(Some(Next::AsPlanned)) => {}
                Ok(None) => together[folder].rounds.clear(),
                // The duplicates in the other folders must be known before the mailbox ends.
                Err(halt @ Halt::Problem(_)) => ended = ended.and(Err(halt)),
                Err(halt) => return Err(halt),
            }
        }
        ended?;
        if held {
            return Err(Halt::Held);
        }
        for folder in known {
            if folders[together[folder].job].progress.finished {
                continue;
            }
            // The message that went alone into another folder is there only once.
            with_folder(mailbox, sessions, ledger, folders, &mut together[folder], |run, copying| {
                take_others(run, copying, more)
            })?;
        }
        if probes.is_empty() && !unclear.is_empty() {
            probes.extend(others::probe_elsewhere(&mut together, folders));
        }
        rounds = if probes.is_empty() { next_rounds(&mut together) } else { probes };
    }
    kept_back::name(mailbox, sessions, ledger, folders, &together)
}

/// Works on a folder that is being copied. An error that affects only this folder ends it, and returns none.
fn with_folder<T>(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    folders: &mut [FolderJob],
    copying: &mut Copying,
    work: impl FnOnce(&mut FolderRun<'_, '_>, &mut Copying) -> Result<T, Halt>,
) -> Result<Option<T>, Halt> {
    let job = &mut folders[copying.job];
    let (scan, target) = (copying.scan.clone(), copying.target.clone());
    let done = work(&mut FolderRun { mailbox, sessions, ledger, job, scan: &scan, target: &target }, copying);
    within_folder(done, mailbox, job)
}

/// The first message of all goes alone; see `reconcile::concurrent`.
fn claim(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    folders: &mut [FolderJob],
    together: &mut [Copying],
) -> Result<Vec<Round>, Halt> {
    let next =
        |copying: &Copying, least| copying.rounds.last().is_some_and(|round| !round.alone && round.uids.len() >= least);
    // In a folder with two or more, another message can show what stores duplicates there.
    let first_with = |least| together.iter().position(|copying| next(copying, least));
    let Some(folder) = first_with(2).or_else(|| first_with(1)) else { return Ok(next_rounds(together)) };
    let copying = &mut together[folder];
    let job = &mut folders[copying.job];
    if job.progress.own_appends.others_were_first {
        let uids = copying.uids();
        let Copying { scan, target, record, .. } = &*copying;
        let mut run = FolderRun { mailbox, sessions, ledger, job, scan, target };
        let theirs = concurrent::await_others(&mut run, record, target.floor, &uids)?;
        copying.leave_out(&theirs);
    }
    let Some(round) = copying.rounds.last_mut() else { return Ok(next_rounds(together)) };
    let rest = round.uids.split_off(1);
    let first =
        Round { dates: round.dates, ..Round::of(folder, std::mem::replace(&mut round.uids, rest), round.way, false) };
    copying.drop_empty();
    Ok(vec![first])
}

/// One pass over all folders with a round in it.
fn run_pass(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    folders: &mut [FolderJob],
    together: &[Copying],
    rounds: &[Round],
) -> Result<Vec<RoundEnd>, Halt> {
    for round in rounds {
        let copying = &together[round.folder];
        let progress = &mut folders[copying.job].progress;
        progress.floor.get_or_insert(Uid(copying.target.floor));
    }
    let is_alone = rounds.iter().all(|round| round.alone);
    if is_alone {
        sessions.wait_for_next_byte(mailbox.context.options.patience.alone)?;
    }
    let Sessions { source, target, second, follower, .. } = &mut *sessions;
    let control = mailbox.control();
    let mut counter = Counter::new(mailbox, folders, (together, rounds), follower.as_mut());
    // The first message goes alone.
    let second = if rounds.iter().map(|round| round.uids.len()).sum::<usize>() > 1 { second.writer() } else { None };
    let had_two = second.is_some();
    let left = rounds.iter().enumerate().flat_map(|(at, round)| round.uids.iter().map(move |uid| (at, *uid)));
    let left: Vec<(usize, Uid)> = left.take(FEW + 1).collect();
    let outcome = copy_pass(source, (target, second), control, (together, rounds), ledger, &mut counter);
    let PassHalt { halt, round, lost_at, unanswered } = match outcome {
        Ok(ends) if is_alone => {
            sessions.wait_for_next_byte(mailbox.context.options.patience.limits.read)?;
            return Ok(ends);
        }
        Ok(ends) => return Ok(ends),
        Err(halt) => halt,
    };
    let by_target = matches!(halt, Halt::Server { side: Side::Target, .. });
    mailbox.one_connection |= had_two && by_target;
    // The question for the number of messages may have cost the connection.
    mailbox.asks_for_counts &= !by_target;
    let later: usize = together.iter().flat_map(|copying| &copying.rounds).map(|round| round.uids.len()).sum();
    let few = left.len() + later <= FEW;
    let is_single = unanswered.len() == 1;
    let mut suspect = |(round, uid): (usize, Uid), side: Side, error: &ImapError| {
        let Round { folder, alone, .. } = rounds[round];
        let Copying { job, scan, target, .. } = &together[folder];
        let mut run = FolderRun { mailbox, sessions, ledger, job: &mut folders[*job], scan, target };
        match side {
            Side::Source => run.suspect(uid, error),
            Side::Target | Side::Administration => run.suspect_sent(uid, (alone, is_single), error),
        }
    };
    match &halt {
        Halt::Server { side: Side::Source, error } if few && error.may_mean_messages() => {
            left.into_iter().for_each(|held_back| suspect(held_back, Side::Source, error));
        }
        Halt::Server { side: Side::Source, error } if error.is_pause() || error.may_mean_messages() => {}
        Halt::Server { side: Side::Source, error } => {
            lost_at.into_iter().for_each(|lost| suspect(lost, Side::Source, error));
        }
        Halt::Server { side, error } => unanswered.into_iter().for_each(|sent| suspect(sent, *side, error)),
        _ => {}
    }
    // These messages show what costs a connection.
    if matches!(&halt, Halt::Server { error, .. } if error.is_connection()) {
        return Err(halt);
    }
    within_folder::<()>(Err(halt), mailbox, &mut folders[together[rounds[round].folder].job])?;
    // Only one folder was refused, but both connections are in the middle of something.
    Err(Halt::Server { side: Side::Source, error: ImapError::Abandoned })
}

/// Reconciles the folder with earlier runs: returns the messages that are missing on the target, and the UID from which everything there is
/// new; none if nothing is missing.
fn missing(run: &mut FolderRun<'_, '_>) -> Result<Option<(FolderRecord, Vec<Uid>, u32)>, Halt> {
    let (record, since) = learn_the_past(run)?;
    run.report_found(&record)?;
    let done: BTreeSet<Uid> = run.ledger.done(&record)?.into_iter().map(|(uid, _)| uid).collect();
    let failed = &run.job.progress.failed;
    let uids = run.scan.heads.all().iter().map(|head| head.uid);
    let missing: Vec<Uid> = uids.filter(|uid| !done.contains(uid) && !failed.contains(uid)).collect();
    if missing.is_empty() {
        return Ok(None);
    }
    let floor = concurrent::note_what_is_there(run, &record)?;
    let missing = concurrent::without_arrived(run, &record, since, missing)?;
    let missing = without_too_large(run, missing)?;
    run.job.progress.own_appends.begin();
    Ok(Some((record, missing, floor)).filter(|(_, missing, _)| !missing.is_empty()))
}

/// What follows a round of a folder.
enum Next {
    AsPlanned,
    /// This round, to find out how often its message is stored.
    Probe(Round),
    /// The same with a message of another folder, since this one has none left.
    ProbeElsewhere,
}

/// Takes in the end of a round, and decides what to try next of it. Messages that others have stored meanwhile are not sent any more.
/// `more` says whether any folder has something left.
fn take_end(
    run: &mut FolderRun<'_, '_>,
    copying: &mut Copying,
    round: &Round,
    mut end: RoundEnd,
    more: bool,
) -> Result<Next, Halt> {
    match end.not_opened.take() {
        Some(NotOpened::Refused(error)) => return Err(Halt::Server { side: Side::Source, error }),
        Some(NotOpened::Replaced) => return Err(run.replaced()),
        None => {}
    }
    take_lost(run, &end)?;
    let refused = without_stored(run, &copying.record, std::mem::take(&mut end.refused))?;
    let (passing, refused): (Vec<_>, Vec<_>) =
        refused.into_iter().partition(|message| message.why == Refusal::Passing && !message.together);
    let refused_for_now = put_off(run, passing)?;
    let again = sort_refused(run, round.way, round.dates, refused, &mut copying.retries)?;
    let next = |(way, dates, uids)| Round { dates, ..Round::of(round.folder, uids, way, round.alone) };
    copying.rounds.extend(again.into_iter().map(next));
    // Below the others, so that its turn comes last.
    let last = |uid| Round { dates: round.dates, ..Round::of(round.folder, vec![uid], AppendWay::Single, true) };
    copying.rounds.splice(0..0, refused_for_now.into_iter().map(last));
    match take_others(run, copying, more)? {
        Others::Stored => Ok(Next::AsPlanned),
        Others::Unclear(None) => Ok(Next::ProbeElsewhere),
        Others::Unclear(Some(probe)) => {
            let way = copying.rounds.last().map_or(round.way, |next| next.way);
            copying.leave_out(&BTreeSet::from([probe]));
            Ok(Next::Probe(Round { dates: round.dates, ..Round::of(round.folder, vec![probe], way, false) }))
        }
    }
}

/// Looks for messages that others have stored in the folder meanwhile; these are not sent any more.
fn take_others(run: &mut FolderRun<'_, '_>, copying: &mut Copying, more: bool) -> Result<Others, Halt> {
    let (floor, left) = (copying.target.floor, copying.uids());
    let (others, theirs) = concurrent::look_for_others(run, &copying.record, floor, &left, more || !left.is_empty())?;
    copying.leave_out(&theirs);
    Ok(others)
}
