//! Messages that the target confirmed in one folder and that are in another: their owner filed them there, or a rule of the target did.

use super::doubt::source_is_as_recorded;
use super::locate::match_on;
use crate::domain::{Digest, MessageHead, Problem, ProblemKind, Side, Uid};
use crate::ledger::{Done, FolderRecord, Message};
use crate::migrate::attempt::FolderRun;
use crate::migrate::content::matching::{Match, Scope, Shelf};
use crate::migrate::content::reading::{Readings, SizeAndDigest};
use crate::migrate::context::losses::Losses;
use crate::migrate::halt::{Halt, OnSide};
use crate::migrate::heads::{Head, Heads};
use chrono::{DateTime, FixedOffset};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Settles messages that the target confirmed but that are not at their places. One that is in another folder of the mailbox was moved
/// there by its owner, and counts as seen. Any other is forgotten, so that the folder lacks it from now on; these are returned.
pub fn forget_or_find_elsewhere(
    run: &mut FolderRun<'_, '_>,
    record: &FolderRecord,
    missing: Vec<Done>,
) -> Result<Vec<Uid>, Halt> {
    if missing.is_empty() {
        return Ok(Vec::new());
    }
    let moved = find_elsewhere(run, &missing)?;
    report_misplaced(run, moved.len() as u64);
    let (moved, gone): (Vec<Done>, Vec<Done>) = missing.into_iter().partition(|done| moved.contains(&done.uid));
    let moved: Vec<Done> = moved.into_iter().map(as_filed).collect();
    run.ledger.record(record, &moved, &[], &[], 0)?;
    let gone: Vec<Uid> = gone.into_iter().map(|done| done.uid).collect();
    run.ledger.forget_messages(record, &gone)?;
    Ok(gone)
}

/// Reports that all messages that were sent in this run are in other folders: that is what the target does with them, and no person.
fn report_misplaced(run: &mut FolderRun<'_, '_>, moved: u64) {
    if moved > 1 && moved == run.job.progress.sent() {
        let problem = Problem::new(ProblemKind::MessageMisplaced).in_folder(&run.job.planned.source);
        run.report_once(problem.counting(moved));
    }
}

/// Messages that their owner had filed elsewhere on the target before their folder's record was given up, and that are still there: they
/// are not copied again. The source's UIDs show which of its messages these are, or if they may have changed, its contents.
pub fn still_filed_elsewhere(
    run: &mut FolderRun<'_, '_>,
    past: &FolderRecord,
    found: &[Match],
    there: &Heads,
) -> Result<Vec<Done>, Halt> {
    let is_same_folder = past.target_uid_validity == run.target.open.status.uid_validity;
    // A place that holds another message is that of one which the target has spoilt.
    let is_held = |done: &Done| is_same_folder && done.target_uid.is_some_and(|place| there.get(place).is_some());
    let mut here: BTreeMap<Digest, usize> = BTreeMap::new();
    found.iter().for_each(|found| *here.entry(found.digest).or_default() += 1);
    let mut is_here = |done: &Done| match here.get_mut(&done.digest) {
        Some(count @ 1..) => {
            *count -= 1;
            true
        }
        _ => false,
    };
    let settled = run.ledger.messages_of(past)?.iter().filter_map(Message::as_done);
    let absent: Vec<Done> = settled.filter(|done| !is_here(done) && !is_held(done)).collect();
    let found: BTreeSet<Uid> = found.iter().map(|found| found.uid).collect();
    if absent.is_empty() {
        return Ok(Vec::new());
    }
    let are_the_same = past.source_uid_validity == run.scan.status.uid_validity && source_is_as_recorded(run, past)?;
    let filed: Vec<Done> = if are_the_same {
        let is_open = |done: &Done| !found.contains(&done.uid) && run.scan.heads.get(done.uid).is_some();
        absent.into_iter().filter(is_open).collect()
    } else {
        by_content(run, past, absent, &found)?
    };
    let there = find_elsewhere(run, &filed)?;
    Ok(filed.into_iter().filter(|done| there.contains(&done.uid)).map(as_filed).collect())
}

/// A message that is on the target, wherever its owner has put it.
fn as_filed(done: Done) -> Done {
    Done { target_uid: None, checked: true, ..done }
}

/// Those of these messages that the source has, under whatever UIDs, each with its current one.
fn by_content(
    run: &mut FolderRun<'_, '_>,
    past: &FolderRecord,
    messages: Vec<Done>,
    found: &BTreeSet<Uid>,
) -> Result<Vec<Done>, Halt> {
    let mut sizes = BTreeSet::new();
    for done in &messages {
        let claimed = run.ledger.message(past, done.uid)?.and_then(|message| message.claimed);
        sizes.insert(claimed.unwrap_or(done.size));
    }
    let open = run.scan.heads.all().iter().filter(|head| sizes.contains(&head.size) && !found.contains(&head.uid));
    let uids: Vec<Uid> = open.map(|head| head.uid).collect();
    if uids.is_empty() {
        return Ok(Vec::new());
    }
    let readings = digests_on_source(run, &uids)?;
    let mut by_digest: BTreeMap<Digest, Vec<Done>> = BTreeMap::new();
    messages.into_iter().for_each(|done| by_digest.entry(done.digest).or_default().push(done));
    let current = |uid: &Uid| {
        let (_, digest) = readings.get(*uid)?;
        Some(Done { uid: *uid, ..by_digest.get_mut(digest)?.pop()? })
    };
    Ok(uids.iter().filter_map(current).collect())
}

/// The current content of messages on the source.
pub fn digests_on_source(run: &mut FolderRun<'_, '_>, uids: &[Uid]) -> Result<Readings<(u64, Digest)>, Halt> {
    run.open_source()?;
    let mut readings = Readings::default();
    let losses = &mut run.job.progress.reading_losses;
    readings.read::<SizeAndDigest>(&mut run.sessions.source, uids, losses).on(Side::Source)?;
    Ok(readings)
}

/// Those of these messages that are in another target folder, at places that belong to no record: with the content that the target had
/// stored, or with the same date and a content that it may have made of the message there.
pub fn find_elsewhere(run: &mut FolderRun<'_, '_>, missing: &[Done]) -> Result<BTreeSet<Uid>, Halt> {
    let mut found = BTreeSet::new();
    if missing.is_empty() {
        return Ok(found);
    }
    let sizes: BTreeSet<u64> = missing.iter().map(Done::size_there).collect();
    let on_source = |uid: Uid| run.scan.heads.get(uid).copied();
    let dates: HashSet<_> = missing.iter().filter_map(|done| on_source(done.uid)?.date).collect();
    for (name, alike) in alike_elsewhere(run, &sizes, &dates)? {
        run.sessions.target.reader().examine(&name).on(Side::Target)?;
        let by_size = alike.all().iter().filter(|head| sizes.contains(&head.size)).map(|head| head.uid);
        let by_size: Vec<Uid> = by_size.collect();
        let mut readings: Readings<(u64, Digest)> = Readings::default();
        readings
            .read::<SizeAndDigest>(run.sessions.target.reader(), &by_size, &mut Losses::default())
            .on(Side::Target)?;
        let mut wanted: BTreeMap<Digest, Vec<Uid>> = BTreeMap::new();
        for done in missing.iter().filter(|done| !found.contains(&done.uid)) {
            wanted.entry(done.digest_there()).or_default().push(done.uid);
        }
        let mut used = BTreeSet::new();
        for uid in by_size {
            let of_content = readings.get(uid).and_then(|(_, digest)| wanted.get_mut(digest)?.pop());
            if let Some(message) = of_content {
                found.insert(message);
                used.insert(uid);
            }
        }
        let left: Vec<Done> = missing.iter().filter(|done| !found.contains(&done.uid)).cloned().collect();
        let heads: Vec<Head> = left.iter().filter_map(|done| run.scan.heads.get(done.uid).copied()).collect();
        let there: Vec<Head> = alike.all().iter().filter(|head| !used.contains(&head.uid)).copied().collect();
        if heads.is_empty() || there.is_empty() {
            continue;
        }
        let sent = left.iter().map(|done| (done.uid, (done.size, done.digest))).collect();
        let (mut here, mut stored) = (Shelf::with(sent), Shelf::default());
        let matching = match_on(run, &heads, &there, Scope::Strangers, [&mut here, &mut stored])?;
        found.extend(matching.pairs.iter().filter(|pair| pair.comparison.is_harmless()).map(|pair| pair.uid));
    }
    Ok(found)
}

/// The messages of the other target folders with one of these sizes or dates, at places that belong to no record.
fn alike_elsewhere(
    run: &mut FolderRun<'_, '_>,
    sizes: &BTreeSet<u64>,
    dates: &HashSet<DateTime<FixedOffset>>,
) -> Result<Vec<(Vec<u8>, Heads)>, Halt> {
    let selectable = run.sessions.selectable.iter();
    let folders: Vec<Vec<u8>> = selectable.filter(|name| **name != run.target.wire_name).cloned().collect();
    let names: Vec<&[u8]> = folders.iter().map(Vec::as_slice).collect();
    let mut alike: Vec<Heads> = folders.iter().map(|_| Heads::default()).collect();
    let mut head = |index: usize, head: MessageHead| {
        if sizes.contains(&head.size) || head.date.is_some_and(|date| dates.contains(&date)) {
            alike[index].push(head);
        }
    };
    run.sessions.target.reader().scan(&names, &|_| Uid(1), &mut head, &mut |_, _| {}).on(Side::Target)?;
    let mut claimed: BTreeMap<Vec<u8>, BTreeSet<Uid>> = BTreeMap::new();
    for record in run.ledger.folders() {
        let places = run.ledger.target_uids(&record)?;
        claimed.entry(record.target_name.clone()).or_default().extend(places);
    }
    let mut free = Vec::new();
    for (name, mut heads) in folders.into_iter().zip(alike) {
        heads.finish();
        let taken = claimed.get(&name);
        heads.keep(|head| taken.is_none_or(|taken| !taken.contains(&head.uid)));
        if !heads.all().is_empty() {
            free.push((name, heads));
        }
    }
    Ok(free)
}
