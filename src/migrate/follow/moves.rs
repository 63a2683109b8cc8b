//! Moves: a message that is gone from one source folder and new in another is moved on the target instead of copied again.
//!
//! 1. Gone are messages that a folder's record has and the source no longer does, as long as the record can be trusted; all messages of a
//!    folder that the source no longer lists; and messages that a folder had before it was compared again but no longer has (the ledger's
//!    former records).
//! 2. New are messages that are in a source folder but not in its record. A new message may be a gone one if it has the same size, and the
//!    same date if any candidate has it. It is the gone one if it has the same content, for which it is read from the source.
//! 3. If the place on the target still holds what we put there, with the flags that we set, the message is moved there. If somebody has
//!    removed or flagged it, it stays that way: it is not copied, and is counted. If the place holds another message, or was never known,
//!    or the target cannot move messages, the message is copied like a new one.
//! 4. Each move is intended in the record before it is made. After an interruption the target is asked where the message is (`departures`).

use super::copies::{CopyState, DatedCopy, look};
use super::departures::{self, Leaving};
use super::{can_move, report};
use crate::domain::{Digest, Folder, FolderPath, Problem, ProblemKind, Side, Uid};
use crate::imap::FolderStatus;
use crate::ledger::{Arrival, Departure, FolderRecord, Ledger, Message, State};
use crate::migrate::attempt::{FolderRun, Mailbox, within_folder};
use crate::migrate::content::reading::{Readings, SizeAndDigest};
use crate::migrate::folder::FolderJob;
use crate::migrate::halt::{Halt, OnSide};
use crate::migrate::reconcile::{self, locate};
use crate::migrate::sessions::Sessions;
use crate::progress::{Followed, Step};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Instant;

/// A message that is gone from its source folder.
#[derive(Debug, Clone)]
pub struct Gone {
    /// The record of that folder.
    pub record: FolderRecord,
    pub message: Message,
}

/// A message that may be a gone one: the index of its folder in the mailbox, its UID, and its size in bytes as the source announces it.
type New = (usize, Uid, u64);

/// Moves on the target what was moved on the source, before anything is copied. Adds gone messages to `gone`, and leaves those there that
/// were not found again.
pub fn follow(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    folders: &mut [FolderJob],
    gone: &mut Vec<Gone>,
    trash: Option<&FolderPath>,
) -> Result<(), Halt> {
    let trash = trash.and_then(|path| sessions.target.wire_name(path).ok());
    departures::settle(mailbox, sessions, ledger, trash.as_deref())?;
    take_gone(mailbox, sessions, ledger, folders, gone)?;
    // An earlier attempt may have moved some, or compared their folder again.
    let numbers: BTreeSet<i64> = ledger.folders().iter().map(FolderRecord::number).collect();
    gone.retain(|gone| numbers.contains(&gone.record.number()));
    if gone.is_empty() {
        return Ok(());
    }
    let alike = alike(ledger, folders, gone)?;
    if alike.is_empty() {
        return Ok(());
    }
    let pairs = pair(mailbox, sessions, ledger, folders, gone, alike)?;
    let moved: BTreeSet<(i64, Uid)> = pairs.iter().map(|(gone, _)| (gone.record.number(), gone.message.uid)).collect();
    let mut by_folder: BTreeMap<i64, Vec<(Gone, New)>> = BTreeMap::new();
    for (gone, new) in pairs {
        by_folder.entry(gone.record.number()).or_default().push((gone, new));
    }
    for pairs in by_folder.into_values() {
        follow_from(mailbox, sessions, ledger, folders, pairs)?;
    }
    sessions.target.leave().on(Side::Target)?;
    gone.retain(|gone| !moved.contains(&(gone.record.number(), gone.message.uid)));
    Ok(())
}

/// The messages that are gone with folders that the source no longer lists.
pub fn gone_with_folders(ledger: &Ledger, listed: &[Folder]) -> Result<Vec<Gone>, Halt> {
    let known: BTreeSet<i64> = listed.iter().filter_map(|folder| ledger.folder(folder)).map(|it| it.number()).collect();
    let mut gone = Vec::new();
    for record in ledger.folders().into_iter().filter(|record| !known.contains(&record.number())) {
        gone.extend(left_of(ledger, record)?);
    }
    Ok(gone)
}

/// The messages on the target according to the record of a folder that is gone.
fn left_of(ledger: &Ledger, record: FolderRecord) -> Result<Vec<Gone>, Halt> {
    let messages = ledger.left_of(&record)?;
    Ok(messages.into_iter().map(|message| Gone { record: record.clone(), message }).collect())
}

/// Notes that messages of ours came to a target folder since it was checked, so that they are not mistaken for another run's.
fn look_again(sessions: &mut Sessions, job: &mut FolderJob, moved: u64) -> Result<(), Halt> {
    let Some(target) = &mut job.target else { return Ok(()) };
    let status = sessions.target.reader().status(&target.wire_name).on(Side::Target)?;
    target.open.status = FolderStatus { uid_validity: target.open.status.uid_validity, ..status };
    target.looked_at = Instant::now();
    job.progress.first_on_target = job.progress.first_on_target.map(|messages| messages + moved);
    Ok(())
}

/// Finds the places of messages that were moved to a folder by a target that announces none. Without a place their flags could not be
/// followed.
fn find_places(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    job: &mut FolderJob,
) -> Result<(), Halt> {
    let (Some(scan), Some(target), Some(record)) = (job.scan.clone(), job.target.clone(), ledger.folder(&job.source))
    else {
        return Ok(());
    };
    let mut run = FolderRun { mailbox, sessions, ledger, job, scan: &scan, target: &target };
    let found = locate::placeless(&run, &record).and_then(|known| locate::place(&mut run, &record, &known));
    within_folder(found, mailbox, job).map(|_| ())
}

/// Adds the messages that are gone from the folders that were scanned. A doubtful record is repaired first; if it cannot be, because the
/// folder was replaced, a former record keeps what the folder no longer has.
fn take_gone(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    folders: &mut [FolderJob],
    gone: &mut Vec<Gone>,
) -> Result<(), Halt> {
    for job in folders.iter_mut().filter(|job| !job.progress.finished) {
        let Some(record) = ledger.folder(&job.source) else { continue };
        gone.retain(|gone| gone.record.number() != record.number());
        if gone_of(ledger, job, &record)?.is_empty() && holds(mailbox, sessions, ledger, job, &record)? {
            continue;
        }
        let Some(record) = settled_record(mailbox, sessions, ledger, job)? else { continue };
        let messages = gone_of(ledger, job, &record)?;
        gone.extend(messages.into_iter().map(|message| Gone { record: record.clone(), message }));
    }
    for record in ledger.folders().into_iter().filter(|record| record.is_former) {
        gone.retain(|gone| gone.record.number() != record.number());
        gone.extend(left_of(ledger, record)?);
    }
    Ok(())
}

/// Whether nothing contradicts a folder's record; always true of a record that has nothing on the target.
fn holds(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    job: &mut FolderJob,
    record: &FolderRecord,
) -> Result<bool, Halt> {
    let (Some(scan), Some(target)) = (job.scan.clone(), job.target.clone()) else { return Ok(true) };
    if ledger.done_counts(record)?.0 == 0 {
        return Ok(true);
    }
    reconcile::holds(&FolderRun { mailbox, sessions, ledger, job, scan: &scan, target: &target }, record)
}

/// The record of a folder once all doubts about it are settled; none if the folder was given up, or is not open.
fn settled_record(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    job: &mut FolderJob,
) -> Result<Option<FolderRecord>, Halt> {
    let (Some(scan), Some(target)) = (job.scan.clone(), job.target.clone()) else { return Ok(None) };
    let past =
        reconcile::learn_the_past(&mut FolderRun { mailbox, sessions, ledger, job, scan: &scan, target: &target });
    Ok(within_folder(past, mailbox, job)?.map(|(record, _)| record))
}

/// The messages that are on the target according to the record and no longer on the source.
fn gone_of(ledger: &Ledger, job: &FolderJob, record: &FolderRecord) -> Result<Vec<Message>, Halt> {
    let (Some(scan), Some(target)) = (&job.scan, &job.target) else { return Ok(Vec::new()) };
    let is_same = record.source_uid_validity == scan.status.uid_validity
        && record.target_uid_validity == target.open.status.uid_validity
        // A message that is counted but not listed may be any of them.
        && scan.unlisted() == 0;
    if !is_same {
        return Ok(Vec::new());
    }
    let is_gone = |message: &&Message| message.state != State::Intended && !scan.has(message.uid);
    Ok(ledger.messages_of(record)?.iter().filter(is_gone).copied().collect())
}

/// The new messages in the scanned folders that have the size of a gone message.
fn alike(ledger: &Ledger, folders: &[FolderJob], gone: &[Gone]) -> Result<Vec<New>, Halt> {
    let sizes: BTreeSet<u64> = gone.iter().map(|gone| gone.message.claimed.unwrap_or(gone.message.size)).collect();
    let mut alike = Vec::new();
    for (index, job) in folders.iter().enumerate().filter(|(_, job)| !job.progress.finished) {
        let (Some(scan), Some(_)) = (&job.scan, &job.target) else { continue };
        let record = ledger.folder(&job.source).filter(|it| it.source_uid_validity == scan.status.uid_validity);
        for head in scan.heads.all().iter().filter(|head| sizes.contains(&head.size)) {
            let is_known = match &record {
                Some(record) => ledger.message(record, head.uid)?.is_some(),
                None => false,
            };
            if !is_known && !job.progress.failed.contains(&head.uid) {
                alike.push((index, head.uid, head.size));
            }
        }
    }
    Ok(alike)
}

/// Pairs gone messages with new ones, by content. The new messages are read from the source, one folder after another.
fn pair(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    folders: &mut [FolderJob],
    gone: &[Gone],
    alike: Vec<New>,
) -> Result<Vec<(Gone, New)>, Halt> {
    let mut open: HashMap<Digest, Vec<&Gone>> = HashMap::new();
    for gone in gone.iter().rev() {
        open.entry(gone.message.digest.unwrap_or_else(|| Digest::of(b""))).or_default().push(gone);
    }
    let mut by_folder: BTreeMap<usize, Vec<New>> = BTreeMap::new();
    for new in alike {
        by_folder.entry(new.0).or_default().push(new);
    }
    let mut pairs = Vec::new();
    for (index, news) in by_folder {
        if mailbox.control().holding() {
            return Err(Halt::Held);
        }
        let job = &mut folders[index];
        mailbox.reporter.step(Step::Scanning(job.id));
        let Some(record) = settled_record(mailbox, sessions, ledger, job)? else { continue };
        let mut news: Vec<New> = news;
        let mut unknown = Vec::new();
        for new in news.drain(..) {
            if ledger.message(&record, new.1)?.is_none() {
                unknown.push(new);
            }
        }
        let Some(scan) = job.scan.clone() else { continue };
        let uids: Vec<Uid> = unknown.iter().map(|(_, uid, _)| *uid).collect();
        let status = sessions.source.examine(&job.source.wire_name).on(Side::Source)?;
        if status.uid_validity != scan.status.uid_validity {
            continue;
        }
        let mut readings: Readings<(u64, Digest)> = Readings::default();
        let losses = &mut job.progress.reading_losses;
        readings.read::<SizeAndDigest>(&mut sessions.source, &uids, losses).on(Side::Source)?;
        for new in unknown {
            let Some((_, digest)) = readings.get(new.1) else { continue };
            let found = open.get_mut(digest).and_then(Vec::pop);
            pairs.extend(found.map(|gone| (gone.clone(), new)));
        }
    }
    Ok(pairs)
}

/// Moves messages of one folder, each to the folder where it now is on the source.
fn follow_from(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    folders: &mut [FolderJob],
    pairs: Vec<(Gone, New)>,
) -> Result<(), Halt> {
    let Some((Gone { record: from, .. }, _)) = pairs.first() else { return Ok(()) };
    let from = from.clone();
    let messages: Vec<Message> = pairs.iter().map(|(gone, _)| gone.message).collect();
    // None means that somebody removed the folder from the target, with its messages.
    let copies = look(sessions, ledger, &from, &messages, true)?.unwrap_or_default();
    let mut by_folder: BTreeMap<usize, Vec<(Message, New, DatedCopy)>> = BTreeMap::new();
    for (gone, new) in pairs {
        let copy = copies.get(&gone.message.uid).copied().unwrap_or((CopyState::Another, None));
        by_folder.entry(new.0).or_default().push((gone.message, new, copy));
    }
    for (index, moves) in by_folder {
        let job = &mut folders[index];
        let (Some(to), Some(target)) = (ledger.folder(&job.source), &job.target) else { continue };
        let (floor, wire_name) = (target.floor, target.wire_name.clone());
        let arrival = |message: &Message, new: &New, place: Option<Uid>, is_settled: bool| Arrival {
            before: message.uid,
            uid: new.1,
            claimed: new.2,
            place,
            floor,
            is_settled,
        };
        let (mut arrived, mut leaving, mut copied) = (Vec::new(), Vec::new(), 0);
        let mut followed = Followed::default();
        for (message, new, (state, _)) in &moves {
            match state {
                // It was moved out of the folder and back again.
                CopyState::Untouched | CopyState::Touched if to.is_in_the_folder_of(&from) => {
                    arrived.push(arrival(message, new, message.target_uid, false));
                }
                CopyState::Untouched if can_move(mailbox, sessions) => leaving
                    .push((*message, Departure::Moved { folder: to.number(), uid: new.1, claimed: new.2, floor })),
                CopyState::Touched => {
                    followed.left += 1;
                    arrived.push(arrival(message, new, None, true));
                }
                // A message that was never read back or seen may never have been there. One that was, and has no place, was moved earlier.
                CopyState::Empty | CopyState::Placeless if matches!(message.state, State::Checked | State::Seen) => {
                    followed.left += 1;
                    arrived.push(arrival(message, new, None, true));
                }
                CopyState::Untouched | CopyState::Placeless => copied += 1,
                CopyState::Another | CopyState::Empty => {}
            }
        }
        ledger.arrived(&from, &to, &arrived)?;
        followed.moved =
            departures::depart(mailbox, sessions, ledger, Leaving { from: &from, messages: leaving, to: &wire_name })?;
        if followed.moved > 0 {
            look_again(sessions, job, followed.moved)?;
            find_places(mailbox, sessions, ledger, job)?;
        }
        report(mailbox, Some(job.id), followed);
        if copied > 0 {
            let name = from.source_path.as_ref().map_or_else(String::new, ToString::to_string);
            let problem = Problem::new(ProblemKind::OldCopyStays).in_folder(name).counting(copied);
            mailbox.reporter.folder_problem(job.id, problem);
        }
    }
    Ok(())
}
