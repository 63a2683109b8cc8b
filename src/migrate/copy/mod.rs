//! Copying the folders of a mailbox, in passes: each is one stream over all folders that have something left to copy.
//!
//! Before its first pass a folder learns of its past (`reconcile`). After each, what a pass did not bring over is tried the next way
//! (`refused`), until no folder has anything left that is worth another try.

pub mod copying;
pub mod flags;
mod kept_back;
pub mod pass;
pub mod reading;
pub mod refused;
pub mod round;
pub mod sending;
pub mod two_connections;

use crate::domain::{Side, Uid};
use crate::imap::{AppendWay, ImapError, NotOpened, Refusal};
use crate::ledger::{Done, FolderRecord, Ledger};
use crate::migrate::attempt::{FolderRun, Mailbox, within_folder};
use crate::migrate::folder::{FolderJob, TargetFolder};
use crate::migrate::halt::{Halt, OnSide};
use crate::migrate::reconcile::concurrent::Others;
use crate::migrate::reconcile::{concurrent, learn_the_past};
use crate::migrate::sessions::Sessions;
use crate::migrate::sessions::follower::Follower;
use crate::progress::{Event, Step};
use copying::{Copying, next_rounds};
use flags::SentFlags;
use pass::{PassHalt, copy_pass};
use refused::{Retries, put_off, sort_refused, take_lost, without_stored, without_too_large};
use round::{DateStyle, Desk, Round, RoundEnd};
use std::collections::BTreeSet;
use std::time::Instant;

/// At most this many bytes and folders are copied together, so that what is known of a folder is fresh when its turn comes.
const TOGETHER_BYTES: u64 = 64 << 20;
const TOGETHER_FOLDERS: usize = 200;
/// When at most this many messages are left, nothing else shows whether a source that asks to wait means them or everything.
const FEW: usize = 3;

/// Copies what is missing in every folder. An error that only reaches a folder ends that folder and is no `Err`.
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
            // A target may give a message the place of one that it has already, and call both stored.
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
            copy_together(mailbox, sessions, ledger, folders, std::mem::take(&mut together), bytes)?;
            bytes = 0;
        }
    }
    copy_together(mailbox, sessions, ledger, folders, together, bytes)
}

/// Looks once more at those of the next folders on the target that were looked at long ago, with all questions ahead of the answers.
fn look_again(sessions: &mut Sessions, folders: &mut [FolderJob]) -> Result<(), Halt> {
    let next = folders.iter_mut().filter(|job| !job.progress.finished && job.scan.is_some()).take(TOGETHER_FOLDERS);
    let targets = next.filter_map(|job| job.target.as_mut());
    let mut old: Vec<&mut TargetFolder> =
        targets.filter(|target| target.looked_at.elapsed() > concurrent::FRESH).collect();
    let wire_names: Vec<&[u8]> = old.iter().map(|target| target.wire_name.as_slice()).collect();
    let statuses = sessions.target.statuses(&wire_names).on(Side::Target)?;
    for (target, status) in old.iter_mut().zip(statuses) {
        // Without an answer, or a UIDNEXT in it, what is known stays, and the folder is asked about by itself.
        if let Some(status) = status.filter(|status| status.uid_next.is_some()) {
            target.open.status = status;
            target.looked_at = Instant::now();
        }
    }
    Ok(())
}

/// Copies pass by pass, until none of the folders has anything left to try.
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
    while !rounds.is_empty() {
        let outcome = run_pass(mailbox, sessions, ledger, folders, &together, &rounds);
        // Whatever the outcome: what was left behind until the connection was lost is not sent again.
        for copying in &mut together {
            folders[copying.job].progress.flags_lost.join(copying.retries.flags.take_lost());
        }
        let ends = outcome?;
        let held = ends.iter().any(|end| !end.left.is_empty());
        let more = together.iter().any(|copying| !copying.rounds.is_empty());
        let (mut ended, mut probes) = (Ok(()), Vec::new());
        for (round, end) in rounds.into_iter().zip(ends) {
            let copying = &mut together[round.folder];
            let job = &mut folders[copying.job];
            let (scan, target) = (copying.scan.clone(), copying.target.clone());
            let mut run = FolderRun { mailbox, sessions, ledger, job, scan: &scan, target: &target };
            let taken = take_end(&mut run, copying, &round, end, more);
            match within_folder(taken, mailbox, job) {
                Ok(Some(probe)) => probes.extend(probe),
                Ok(None) => copying.rounds.clear(),
                // What the others have there twice is to be known before the mailbox ends.
                Err(halt @ Halt::Problem(_)) => ended = ended.and(Err(halt)),
                Err(halt) => return Err(halt),
            }
        }
        ended?;
        if held {
            return Err(Halt::Held);
        }
        rounds = if probes.is_empty() { next_rounds(&mut together) } else { probes };
    }
    kept_back::name(mailbox, sessions, ledger, folders, &together)
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
    // Of a folder with two or more, another one can show who stores things twice there.
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

/// One pass over the folders that have a round in it.
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
    let mut counter = Counter { mailbox, folders, together, rounds, follower: follower.as_mut() };
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
    mailbox.one_connection |= had_two && matches!(halt, Halt::Server { side: Side::Target, .. });
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
    // What costs a connection here is known by the messages.
    if matches!(&halt, Halt::Server { error, .. } if error.is_connection()) {
        return Err(halt);
    }
    within_folder::<()>(Err(halt), mailbox, &mut folders[together[rounds[round].folder].job])?;
    // Only one folder was refused, but both connections are in the middle of something.
    Err(Halt::Server { side: Side::Source, error: ImapError::Abandoned })
}

/// Counts and reports what a pass brings over, and hands it to the follower for checking.
struct Counter<'c, 'a> {
    mailbox: &'c mut Mailbox<'a>,
    folders: &'c mut [FolderJob],
    together: &'c [Copying],
    rounds: &'c [Round],
    follower: Option<&'c mut Follower>,
}

impl Counter<'_, '_> {
    /// The index of a round's folder among those of the mailbox.
    fn job(&self, round: usize) -> usize {
        self.together[self.rounds[round].folder].job
    }
}

impl Desk for Counter<'_, '_> {
    fn began(&mut self, round: usize) {
        let folder = self.folders[self.job(round)].id;
        self.mailbox.reporter.step(Step::Copying(folder));
    }

    fn is_free(&mut self, round: usize, place: Uid) -> bool {
        let job = self.job(round);
        self.folders[job].progress.take_place(place)
    }

    fn done(&mut self, ledger: &mut Ledger, round: usize, done: &[Done]) -> Result<(), Halt> {
        let (at, no_date_sent) = (self.job(round), self.rounds[round].dates == DateStyle::None);
        let (job, copying) = (&mut self.folders[at], &self.together[self.rounds[round].folder]);
        let (account, folder) = (self.mailbox.reporter.account, job.id);
        let (messages, bytes) = job.progress.note_copied(done);
        for message in done {
            let announced = copying.heads().get(message.uid).map_or(0, |head| head.size);
            job.progress.note_size(message.uid, announced, message.size);
        }
        self.mailbox.taken += messages;
        let largest = done.iter().map(|done| done.size).max().unwrap_or(0);
        self.mailbox.largest_taken = self.mailbox.largest_taken.max(largest);
        job.progress.reading_losses.note_delivered();
        job.progress.sent_singly.note_delivered();
        let has_no_date = |uid| copying.heads().get(uid).is_some_and(|head| head.date.is_none());
        let dateless = |done: &&Done| no_date_sent || has_no_date(done.uid);
        job.progress.dateless.extend(done.iter().filter(dateless).map(|done| done.uid));
        self.mailbox.context.report(Event::MessagesCopied { account, folder, messages, bytes });
        if let Some(follower) = &mut self.follower {
            follower.hand_over(folder, &copying.record, &copying.target.wire_name, done);
            self.mailbox.take_right(ledger, follower.collect(false))?;
        }
        Ok(())
    }
}

/// Learns the folder's past, what of it is missing on the target, and from which UID on all is new there; none when nothing is missing.
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

/// Takes the end of a round in, and decides what is tried next of it. What others have stored meanwhile is not sent any more. `more` says
/// whether any folder has something left. Returns the round that has to come next, if there is one.
fn take_end(
    run: &mut FolderRun<'_, '_>,
    copying: &mut Copying,
    round: &Round,
    mut end: RoundEnd,
    more: bool,
) -> Result<Option<Round>, Halt> {
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
    // Below the others, so that its turn comes when they are through.
    let last = |uid| Round { dates: round.dates, ..Round::of(round.folder, vec![uid], AppendWay::Single, true) };
    copying.rounds.splice(0..0, refused_for_now.into_iter().map(last));
    let (floor, left) = (copying.target.floor, copying.uids());
    let more = more || !left.is_empty();
    match concurrent::look_for_others(run, &copying.record, floor, &left, more)? {
        Others::Stored(theirs) => {
            copying.leave_out(&theirs);
            Ok(None)
        }
        Others::Unclear(probe) => {
            let way = copying.rounds.last().map_or(round.way, |next| next.way);
            copying.leave_out(&BTreeSet::from([probe]));
            Ok(Some(Round { dates: round.dates, ..Round::of(round.folder, vec![probe], way, false) }))
        }
    }
}
