//! Deletions: messages that are no longer in any folder of the source.
//!
//! They stay on the target, and are counted as long as they are there. If the user wants deletions to be followed, they are put into the
//! target's trash folder, never deleted for good, and only
//!
//! - if the place holds the message that we put there (it is read back) with the flags that we set;
//! - if every folder of the source was read completely in this run, and no message has come to any of them or left any since: a message
//!   that is being moved may be missing in both folders for a moment;
//! - if no folder that the user's rules leave out has a message of its size, because it may have been moved there;
//! - if this run copied nothing of its content: a folder at which a connection was lost is read last, when messages
//!   that were moved out of it have been copied already. The old copy then stays, and is named;
//! - if the target has a trash folder, and the message is not in it already.

use super::copies::{CopyState, look};
use super::departures::{self, Leaving, sizes_in};
use super::moves::Gone;
use super::{can_move, report};
use crate::domain::{Digest, FolderId, FolderPath, Problem, ProblemKind, Side, Uid};
use crate::ledger::{Departure, FolderRecord, Ledger, Message};
use crate::migrate::attempt::Mailbox;
use crate::migrate::folder::FolderJob;
use crate::migrate::halt::{Halt, OnSide};
use crate::migrate::sessions::Sessions;
use crate::progress::Followed;
use std::collections::{BTreeMap, BTreeSet};

/// What is known about a mailbox besides its copied folders.
#[derive(Debug, Default)]
pub struct Beside {
    /// The target's trash folder.
    pub trash: Option<FolderPath>,
    /// The wire names of source folders that can be opened but are not copied.
    pub left_out: Vec<Vec<u8>>,
}

/// Counts what was deleted on the source, or follows the deletions if the user asked for that. Once in a run, after everything else.
pub fn settle(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    folders: &[FolderJob],
    gone: &mut Vec<Gone>,
    beside: &Beside,
) -> Result<(), Halt> {
    let mut by_folder: BTreeMap<i64, (FolderRecord, Vec<Message>)> = BTreeMap::new();
    for Gone { record, message } in gone.iter() {
        if let Some(record) = ledger.folder_numbered(record.number()) {
            by_folder.entry(record.number()).or_insert_with(|| (record, Vec::new())).1.push(*message);
        }
    }
    for (record, messages) in by_folder.values_mut() {
        // Some may have been settled since they were found to be gone.
        let left: BTreeSet<Uid> = ledger.left_of(record)?.iter().map(|message| message.uid).collect();
        messages.retain(|message| left.contains(&message.uid));
    }
    by_folder.retain(|_, (_, messages)| !messages.is_empty());
    if by_folder.is_empty() {
        return Ok(());
    }
    let follows = mailbox.context.options.follow_deletions;
    let trash = beside.trash.as_ref().and_then(|path| Some((path, sessions.target.wire_name(path).ok()?)));
    let trash = trash.filter(|(_, name)| follows && sessions.selectable.contains(name));
    let is_gone = |number: i64, uid: Uid| {
        by_folder.get(&number).is_some_and(|(_, messages)| messages.iter().any(|message| message.uid == uid))
    };
    let copied = copied_in_this_run(ledger, folders, &is_gone)?;
    let (mut elsewhere, mut floor) = (None, 1);
    if let Some((_, wire_name)) = trash.as_ref().filter(|_| can_move(mailbox, sessions)) {
        elsewhere = seen_elsewhere(mailbox, sessions, folders, beside)?;
        let status = sessions.target.reader().status(wire_name).on(Side::Target)?;
        floor = status.uid_next.map_or(1, |next| next.0);
    }
    for (number, (record, messages)) in by_folder {
        let folder = job_of(ledger, folders, number);
        let trash = trash.as_ref().filter(|(path, _)| record.target_path.as_ref() != Some(*path));
        let taking = trash.zip(elsewhere.as_ref());
        let Some(copies) = look(sessions, ledger, &record, &messages, taking.is_some())? else { continue };
        let (mut followed, mut leaving, mut in_both) = (Followed::default(), Vec::new(), 0);
        for message in messages {
            let state = copies.get(&message.uid).map_or(CopyState::Empty, |(state, _)| *state);
            match (state, &taking) {
                (CopyState::Empty | CopyState::Another, _) => {}
                _ if message.digest.is_some_and(|digest| copied.contains(&digest)) => in_both += 1,
                (CopyState::Untouched, Some((_, sizes)))
                    if !sizes.contains_key(&message.claimed.unwrap_or(message.size)) =>
                {
                    leaving.push((message, Departure::Deleted { floor }));
                }
                (CopyState::Touched, Some(_)) => followed.left += 1,
                _ => followed.deleted += 1,
            }
        }
        if let Some(((_, wire_name), _)) = taking {
            let asked = leaving.len() as u64;
            let taken = departures::depart(
                mailbox,
                sessions,
                ledger,
                Leaving { from: &record, messages: leaving, to: wire_name },
            )?;
            followed.taken_away = taken;
            followed.deleted += asked.saturating_sub(taken);
        }
        gone.retain(|gone| gone.record.number() != number);
        report(mailbox, folder, followed);
        if let Some(folder) = folder.filter(|_| in_both > 0) {
            let name = record.source_path.as_ref().map_or_else(String::new, ToString::to_string);
            let problem = Problem::new(ProblemKind::OldCopyStays).in_folder(name).counting(in_both);
            mailbox.reporter.folder_problem(folder, problem);
        }
    }
    sessions.target.leave().on(Side::Target)
}

/// The content of the messages that this run copied, without those that are gone themselves. What an earlier run copied, or what stood
/// beside it in the same folder, says nothing about where a message went.
fn copied_in_this_run(
    ledger: &Ledger,
    folders: &[FolderJob],
    is_gone: &dyn Fn(i64, Uid) -> bool,
) -> Result<BTreeSet<Digest>, Halt> {
    let mut digests = BTreeSet::new();
    for job in folders.iter().filter(|job| job.progress.sent() > 0) {
        let Some(record) = ledger.folder(&job.source) else { continue };
        let sent: BTreeSet<Uid> = job.progress.sent_uids().iter().copied().collect();
        let is_new = |message: &&Message| sent.contains(&message.uid) && !is_gone(record.number(), message.uid);
        digests.extend(ledger.messages_of(&record)?.iter().filter(is_new).filter_map(|message| message.digest));
    }
    Ok(digests)
}

/// The mailbox's folder of a record.
fn job_of(ledger: &Ledger, folders: &[FolderJob], number: i64) -> Option<FolderId> {
    let is_it = |job: &&FolderJob| ledger.folder(&job.source).is_some_and(|record| record.number() == number);
    folders.iter().find(is_it).map(|job| job.id)
}

/// The sizes of the messages in folders that are not copied; none unless all other folders were certainly read.
fn seen_elsewhere(
    mailbox: &Mailbox<'_>,
    sessions: &mut Sessions,
    folders: &[FolderJob],
    beside: &Beside,
) -> Result<Option<BTreeMap<u64, u64>>, Halt> {
    let is_whole = |job: &FolderJob| job.progress.evidence.is_some_and(|evidence| evidence.is_whole());
    if mailbox.context.selection.limits_messages() || !folders.iter().all(is_whole) {
        return Ok(None);
    }
    let names: Vec<&[u8]> = folders.iter().map(|job| job.source.wire_name.as_slice()).collect();
    let statuses = sessions.source.statuses(&names).on(Side::Source)?;
    let is_as_seen = |(job, now): (&FolderJob, _)| job.progress.on_source.is_some() && job.progress.on_source == now;
    let now = statuses.into_iter().map(|status| status.map(|it| (it.uid_validity, it.uid_next, it.messages)));
    if !folders.iter().zip(now).all(is_as_seen) {
        return Ok(None);
    }
    let names: Vec<&[u8]> = beside.left_out.iter().map(Vec::as_slice).collect();
    let (sizes, all) = sizes_in(sessions, &names)?;
    Ok(all.then_some(sizes))
}
