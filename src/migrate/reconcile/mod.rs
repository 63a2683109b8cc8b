//! Before anything is copied: what is known about a folder from earlier runs, from the record, from what an interruption left open, and
//! without a record, from the target's own content. Afterwards the ledger knows for every message whether it is on the target.
//!
//! - `doubt`: whether the record still tells the truth.
//! - `elsewhere`: messages that are in another folder of the target than their own.
//! - `locate`: finds messages on the target by content.
//! - `concurrent`: other runs at work in the same folder.
//! - `twice`: which messages have duplicates.
//! - `room`: whether what is left to copy fits on the target.

pub mod concurrent;
mod doubt;
pub mod elsewhere;
pub mod locate;
pub mod room;
mod twice;

pub use doubt::holds;

use crate::domain::{Digest, Note, Problem, ProblemKind, Uid};
use crate::ledger::{Done, FolderRecord, Message, State};
use crate::migrate::attempt::FolderRun;
use crate::migrate::content::matching::{Match, Scope};
use crate::migrate::halt::Halt;
use crate::migrate::heads::{Head, Heads};
use crate::migrate::request::Verify;
use crate::progress::Step;
use doubt::{source_is_as_recorded, target_is_as_recorded};
use elsewhere::{digests_on_source, forget_or_find_elsewhere, still_filed_elsewhere};
use locate::{locate, look_by_size, match_with_target, note_found, note_seen, on_target, place, placeless, unclaimed};
use std::collections::BTreeSet;

/// Brings the record up to date: settles what an interruption left open, and compares by content if there is no record. Also returns the
/// target UID from which the record does not know what others may have put there.
pub fn learn_the_past(run: &mut FolderRun<'_, '_>) -> Result<(FolderRecord, Uid), Halt> {
    let known = match run.ledger.folder(&run.job.source) {
        Some(record) if holds(run, &record)? && target_is_as_recorded(run, &record)? => name_again(run, record)?,
        record => {
            let record = compare_whole_folder(run, record.as_ref())?;
            return Ok((record, run.target.open.status.uid_next.unwrap_or(Uid(1))));
        }
    };
    settle_intents(run, &known, Connection::New)?;
    settle_unchecked(run, &known)?;
    find_forgotten(run, &known)?;
    let highest = run.ledger.highest_target_uid(&known)?;
    Ok((known, Uid(highest.map_or(1, |highest| highest.0.saturating_add(1)))))
}

/// Looks for messages that earlier runs sent but did not read back. One that the target confirmed but does not have is forgotten, so that
/// it is sent again; one that is in another folder of the mailbox was moved there by its owner.
fn settle_unchecked(run: &mut FolderRun<'_, '_>, record: &FolderRecord) -> Result<(), Halt> {
    let verify = run.mailbox.context.options.verify;
    if std::mem::replace(&mut run.job.progress.unchecked_settled, true) {
        return Ok(());
    }
    let mut unchecked = match verify {
        Verify::Content => run.ledger.unchecked(record)?,
        Verify::Size => run.ledger.unseen(record)?,
        Verify::None => placeless(run, record)?,
    };
    if unchecked.is_empty() {
        return Ok(());
    }
    run.mailbox.reporter.step(Step::Checking(run.job.id));
    if verify != Verify::Content {
        let by_size = look_by_size(run, record, unchecked.clone())?;
        // If the size is nowhere, content decides: a target may have changed the message. If a place is empty, the others are doubtful as
        // well.
        if !by_size.has_empty_places() {
            note_seen(run, record, by_size.seen)?;
            unchecked = by_size.absent;
        }
    }
    let (located, outcome) = locate(run, record, &unchecked);
    run.take_found(record, located.found)?;
    outcome?;
    let mut missing: BTreeSet<Uid> = located.missing.into_iter().collect();
    // A message that was seen there with its size, and is gone now, was removed by its owner.
    let seen = run.ledger.messages_of(record)?.iter().filter(|message| message.state == State::Seen);
    seen.for_each(|message| _ = missing.remove(&message.uid));
    let missing: Vec<Done> = unchecked.into_iter().filter(|done| missing.contains(&done.uid)).collect();
    forget_or_find_elsewhere(run, record, missing).map(|_| ())
}

/// Looks for messages that the source had during an earlier run but that the record does not know. They may be on the target all the same:
/// it refused one but stored it, or the source or the record was restored from a backup. Once in a run.
fn find_forgotten(run: &mut FolderRun<'_, '_>, record: &FolderRecord) -> Result<(), Halt> {
    if run.job.progress.forgotten_settled {
        return Ok(());
    }
    let messages = run.ledger.messages_of(record)?;
    let highest = messages.last().map(|message| Uid(message.uid.0.saturating_add(1)));
    let seen = highest.max(record.source_end.and_then(|end| end.uid_next));
    let is_known = |uid: Uid| messages.binary_search_by_key(&uid, |message| message.uid).is_ok();
    let heads = run.scan.heads.all().iter().take_while(|head| seen.is_some_and(|seen| head.uid < seen));
    let forgotten: Vec<Head> = heads.filter(|head| !is_known(head.uid)).copied().collect();
    if !forgotten.is_empty() {
        let known = placeless(run, record)?;
        place(run, record, &known)?;
        let there = unclaimed(run, record, Uid(1))?;
        let found = match_with_target(run, &forgotten, there.all(), Scope::Strangers)?;
        note_found(run, record, found, &there, &[])?;
    }
    run.job.progress.forgotten_settled = true;
    Ok(())
}

/// Notes the folder's current names, if they have changed: a server's separator may change, and old records know no paths.
fn name_again(run: &mut FolderRun<'_, '_>, record: FolderRecord) -> Result<FolderRecord, Halt> {
    let (source, target) = (&run.job.source, (run.target.wire_name.as_slice(), &run.job.planned.target));
    let is_named = record.source_name == source.wire_name
        && record.source_path.as_ref() == Some(&source.path)
        && record.target_name == target.0
        && record.target_path.as_ref() == Some(target.1);
    if is_named { Ok(record) } else { Ok(run.ledger.name_folder(&record, source, target)?) }
}

/// Begins a new record with the messages that are already on the target. Once in a run: what is copied afterwards is known.
fn compare_whole_folder(run: &mut FolderRun<'_, '_>, past: Option<&FolderRecord>) -> Result<FolderRecord, Halt> {
    let (scan, target) = (run.scan, run.target);
    if let Some(past) = past
        && !run.ledger.intents(past)?.is_empty()
    {
        await_quiet(run)?;
    }
    let (mut found, mut altered, mut filed, mut there) = (Vec::new(), Vec::new(), Vec::new(), Heads::default());
    // If there was a record, the earlier number of messages is not trusted: the folder itself is asked. Nor is a zero trusted, unless
    // UIDNEXT also shows that there never was a message.
    let may_hold_some = target.open.status.messages > 0 || target.open.status.uid_next != Some(Uid(1));
    if (may_hold_some || past.is_some()) && !scan.heads.all().is_empty() {
        run.mailbox.reporter.step(Step::Scanning(run.job.id));
        there = on_target(run, Uid(1))?;
        found = match_with_target(run, scan.heads.all(), there.all(), Scope::Folder)?;
        if let Some(past) = past {
            altered = still_altered(run, past, &there, &found)?;
            filed = still_filed_elsewhere(run, past, &found, &there)?;
        }
    }
    let kept = [altered.as_slice(), &filed].concat();
    let left = match past {
        Some(past) => left_behind(run, past, &found, &kept)?,
        None => Vec::new(),
    };
    run.job.progress.own_appends.others_were_first |= !found.is_empty();
    if past.is_some() || !found.is_empty() {
        let lacks_validity = !scan.status.has_uid_validity() || !target.open.status.has_uid_validity();
        let problem = Problem::new(ProblemKind::HistoryUnknown).in_folder(&run.job.planned.source);
        run.report_once(problem.noting(lacks_validity.then_some(Note::NoUidValidity)));
    }
    let record = run.ledger.begin_folder(
        &run.job.source,
        scan.status.uid_validity,
        (&target.wire_name, &run.job.planned.target),
        target.open.status.uid_validity,
        &left,
    )?;
    let was_made = past.is_some_and(|past| {
        past.is_made
            && (&past.target_name, past.target_uid_validity) == (&record.target_name, record.target_uid_validity)
    });
    if was_made || run.mailbox.made.contains(&record.target_name) {
        run.ledger.made(&record)?;
    }
    note_found(run, &record, found, &there, &[])?;
    run.ledger.record(&record, &kept, &[], &[], 0)?;
    let sized = |done: &Done| Some((done.uid, scan.heads.get(done.uid)?.size));
    run.ledger.claim(&record, &kept.iter().filter_map(sized).collect::<Vec<_>>())?;
    let places: Vec<(Uid, Uid)> = altered.iter().filter_map(|done| Some((done.uid, done.target_uid?))).collect();
    run.ledger.altered(&record, &places)?;
    run.job.progress.begun_anew = true;
    run.job.progress.shelves = Default::default();
    Ok(record)
}

/// The messages, by the UIDs of the former record, that were put on the target and that the source folder no longer has: they were moved or
/// deleted on the source (`follow`). A message whose size is still in the source folder is not among them.
fn left_behind(run: &FolderRun<'_, '_>, past: &FolderRecord, found: &[Match], kept: &[Done]) -> Result<Vec<Uid>, Halt> {
    let scan = run.scan;
    if run.mailbox.context.selection.limits_messages() || scan.unlisted() > 0 {
        return Ok(Vec::new());
    }
    let messages = run.ledger.messages_of(past)?;
    let before: BTreeSet<Uid> = messages.iter().filter_map(|message| message.target_uid).collect();
    let (uids, places): (BTreeSet<Uid>, BTreeSet<Uid>) = found.iter().map(|it| (it.uid, it.target_uid)).unzip();
    let open = scan.heads.all().iter().filter(|head| !uids.contains(&head.uid));
    let sizes: BTreeSet<u64> = open.map(|head| head.size).collect();
    // A message that was found outside our places could be any of several.
    let elsewhere = found.iter().filter(|it| !before.contains(&it.target_uid)).map(|it| it.digest);
    let digests: BTreeSet<Digest> = elsewhere.chain(kept.iter().map(|done| done.digest)).collect();
    let is_left = |message: &&Message| {
        message.state != State::Intended
            && message.digest.is_some_and(|digest| !digests.contains(&digest))
            && message.claimed.is_some_and(|size| !sizes.contains(&size))
            && message.target_uid.is_none_or(|place| !places.contains(&place))
    };
    Ok(messages.iter().filter(is_left).map(|message| message.uid).collect())
}

/// Messages that match nothing on the target, while their places hold messages that belong to no other, and that the former record knows as
/// altered or, never compared, have the date of the message: they count as there, altered. Otherwise each new record would send them again, since no
/// comparison finds them. If the source's UIDs may name other messages than before, these are read.
fn still_altered(
    run: &mut FolderRun<'_, '_>,
    past: &FolderRecord,
    there: &Heads,
    found: &[Match],
) -> Result<Vec<Done>, Halt> {
    let are_the_same = past.source_uid_validity == run.scan.status.uid_validity
        && past.target_uid_validity == run.target.open.status.uid_validity;
    if !are_the_same {
        return Ok(Vec::new());
    }
    let (uids, places): (BTreeSet<Uid>, BTreeSet<Uid>) =
        found.iter().map(|found| (found.uid, found.target_uid)).unzip();
    let dates = run.scan.heads.dates_of_one();
    let claimed = |uid: Uid| run.ledger.message(past, uid).map(|message| message.and_then(|message| message.claimed));
    let mut altered = Vec::new();
    for message in run.ledger.messages_of(past)? {
        let Some(done) = message.as_done() else { continue };
        let at = done.target_uid.filter(|place| !places.contains(place)).and_then(|place| there.get(place));
        let is_held = |head: &Head| {
            let date = head.date.filter(|date| dates.contains(date));
            let has_date = |at: &Head| date.is_some() && at.date == date;
            at.is_some_and(|at| message.state == State::Altered || message.state != State::Checked && has_date(at))
        };
        let head = run.scan.heads.get(done.uid).filter(|head| !uids.contains(&done.uid) && is_held(head));
        if let Some(head) = head
            && claimed(done.uid)?.is_none_or(|size| size == head.size)
        {
            altered.push(done);
        }
    }
    if !altered.is_empty() && !source_is_as_recorded(run, past)? {
        let readings = digests_on_source(run, &altered.iter().map(|done| done.uid).collect::<Vec<_>>())?;
        altered.retain(|done| readings.get(done.uid).is_some_and(|(_, digest)| *digest == done.digest));
    }
    Ok(altered)
}

/// Whether the messages in question were sent on the current connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// They were: the target has answered everything.
    Same,
    /// They were not: the target may still be storing what it received on the lost one.
    New,
}

/// Asks the target what became of the messages that were in flight when an earlier attempt ended, or when a batch was refused.
pub fn settle_intents(run: &mut FolderRun<'_, '_>, record: &FolderRecord, connection: Connection) -> Result<(), Halt> {
    // A message that was reported as failed, or is left out by the user's rules, is not looked for, and its intent stays: a later run must
    // not assume that it was never sent.
    let intents = run.ledger.intents(record)?;
    let (scan, failed) = (run.scan, &run.job.progress.failed);
    let open = intents.iter().filter(|intent| !failed.contains(&intent.uid));
    let open = open.filter_map(|intent| Some((*scan.heads.get(intent.uid)?, intent.floor)));
    let (wanted, floors): (Vec<Head>, Vec<u32>) = open.unzip();
    if wanted.is_empty() {
        return Ok(());
    }
    run.mailbox.reporter.step(Step::Scanning(run.job.id));
    let floors = floors.into_iter().chain(placeless(run, record)?.into_iter().map(|done| done.floor));
    let floor = Uid(floors.min().unwrap_or(1).max(1));
    // The marks of what that attempt copied have not been compared yet, even if it belongs to an earlier run.
    let marks_from = run.job.progress.floor.map_or(floor, |known| known.min(floor));
    run.job.progress.floor = Some(marks_from);
    let (found, there) = find_arrived(run, record, floor, &wanted, connection)?;
    log::debug!("{} messages were in flight, {} had arrived", wanted.len(), found.len());
    // The intent of a message that may be there stays as well.
    let failed = &run.job.progress.failed;
    let asked: Vec<Uid> = wanted.iter().map(|head| head.uid).filter(|uid| !failed.contains(uid)).collect();
    note_found(run, record, found, &there, &asked)
}

/// Finds messages among those on the target from `floor` on. Missing ones are looked for again until nothing new has come for a while. Also
/// returns the messages there that the record does not know.
///
/// A server that lost our connection continues to store what it has received. Until it has finished, a message could be missed here and
/// copied twice. The number of messages that came proves nothing, because other mail comes too.
fn find_arrived(
    run: &mut FolderRun<'_, '_>,
    record: &FolderRecord,
    floor: Uid,
    wanted: &[Head],
    connection: Connection,
) -> Result<(Vec<Match>, Heads), Halt> {
    let mut before = None;
    loop {
        let there = extent(run, floor)?;
        let is_quiet = connection == Connection::Same || before == Some(there);
        if is_quiet || there.0 >= wanted.len() {
            let placeless = placeless(run, record)?;
            place(run, record, &placeless)?;
            let arrived = unclaimed(run, record, floor)?;
            let found = match_with_target(run, wanted, arrived.all(), Scope::All)?;
            if is_quiet || found.len() == wanted.len() {
                return Ok((found, arrived));
            }
        }
        before = Some(there);
        wait_quietly(run)?;
    }
}

/// Waits until nothing new comes into the target folder.
fn await_quiet(run: &mut FolderRun<'_, '_>) -> Result<(), Halt> {
    let mut before = None;
    loop {
        let there = extent(run, Uid(1))?;
        if before == Some(there) {
            return Ok(());
        }
        before = Some(there);
        wait_quietly(run)?;
    }
}

/// A wait that is cut short proves nothing: what is open stays open for the next run.
fn wait_quietly(run: &FolderRun<'_, '_>) -> Result<(), Halt> {
    let context = run.mailbox.context;
    let control = run.mailbox.control();
    control.wait_whole(context.options.patience.quiet);
    if control.stopping() { Err(Halt::Held) } else { Ok(()) }
}

/// The number of messages on the target from a UID on, and the highest UID, which shows a new message even if another was deleted.
fn extent(run: &mut FolderRun<'_, '_>, floor: Uid) -> Result<(usize, Option<Uid>), Halt> {
    let there = on_target(run, floor)?;
    Ok((there.all().len(), there.all().iter().map(|head| head.uid).max()))
}
