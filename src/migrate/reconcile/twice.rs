//! Which messages have a duplicate on the target.
//!
//! A copy is no duplicate if its owner has moved the message, within the folder or from another one, or if the target announced its place
//! wrongly: its place is then empty or holds another message.

use super::locate::on_target;
use crate::domain::{Digest, Side, Uid};
use crate::ledger::{Done, FolderRecord, Message};
use crate::migrate::attempt::FolderRun;
use crate::migrate::content::comparison::{Summariser, Summary};
use crate::migrate::content::reading::{Readings, SizeAndDigest};
use crate::migrate::context::losses::Losses;
use crate::migrate::halt::{Halt, OnSide};
use crate::migrate::heads::{Head, Heads};
use chrono::{DateTime, FixedOffset};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// At most this many messages of others are considered.
const MOST_STRANGERS: usize = 1000;

/// Those of these messages that have the content of a done message but are not at its place: duplicates. Ascending.
pub fn twice(
    run: &mut FolderRun<'_, '_>,
    record: &FolderRecord,
    strangers: &[Head],
) -> Result<Vec<(Uid, Digest)>, Halt> {
    let recorded = run.ledger.messages_of(record)?.iter().filter_map(Message::as_done);
    let (sizes, digests): (BTreeSet<u64>, BTreeSet<Digest>) =
        recorded.map(|done| (done.size_there(), done.digest_there())).unzip();
    let alike = strangers.iter().filter(|head| sizes.contains(&head.size)).map(|head| head.uid);
    let alike: Vec<Uid> = alike.take(MOST_STRANGERS).collect();
    let (mut readings, losses) = (Readings::default(), &mut run.job.progress.read_back_losses);
    readings.read::<SizeAndDigest>(run.sessions.target.reader(), &alike, losses).on(Side::Target)?;
    let digest = |uid: &Uid| readings.get(*uid).map(|(_, digest)| *digest).filter(|digest| digests.contains(digest));
    let copies: Vec<(Uid, Digest)> = alike.iter().filter_map(|uid| Some((*uid, digest(uid)?))).collect();
    let mut copies = without_misplaced(run, record, copies)?;
    if copies.is_empty() {
        copies = changed_copies(run, record, strangers)?;
    }
    without_moved_here(run, record, copies, |(_, digest)| *digest)
}

/// Those of these messages that mean the same as what is at the place of a message of ours which the target has changed, such as by a header
/// of its own. Ascending, each with the digest by which the record knows the message.
fn changed_copies(
    run: &mut FolderRun<'_, '_>,
    record: &FolderRecord,
    strangers: &[Head],
) -> Result<Vec<(Uid, Digest)>, Halt> {
    if strangers.is_empty() {
        return Ok(Vec::new());
    }
    let there = on_target(run, Uid(1))?;
    let mut changed: HashMap<DateTime<FixedOffset>, (Uid, Digest)> = HashMap::new();
    for message in run.ledger.messages_of(record)? {
        let head = message.target_uid.and_then(|place| there.get(place)).filter(|head| head.size != message.size);
        if let Some((date, digest)) = head.and_then(|head| head.date.zip(message.digest_there())) {
            changed.insert(date, (message.target_uid.unwrap_or(Uid(0)), digest));
        }
    }
    let alike = strangers.iter().filter_map(|head| Some((head.uid, *changed.get(&head.date?)?)));
    let alike: Vec<(Uid, (Uid, Digest))> = alike.take(MOST_STRANGERS).collect();
    let uids: BTreeSet<Uid> = alike.iter().flat_map(|(uid, (place, _))| [*uid, *place]).collect();
    let (mut readings, losses) = (Readings::default(), &mut run.job.progress.read_back_losses);
    let uids: Vec<Uid> = uids.into_iter().collect();
    readings.read::<Summariser>(run.sessions.target.reader(), &uids, losses).on(Side::Target)?;
    let meaning = |uid: Uid| readings.get(uid).map(Summary::meaning);
    let is_copy = |(uid, (place, _)): &(Uid, (Uid, Digest))| {
        meaning(*uid).is_some_and(|meaning_of| meaning(*place) == Some(meaning_of))
    };
    Ok(alike.into_iter().filter(is_copy).map(|(uid, (_, digest))| (uid, digest)).collect())
}

/// Leaves out as many copies as the record has messages of that content whose places do not hold it: their owner has moved them within the
/// folder, or the target announced wrong places.
fn without_misplaced(
    run: &mut FolderRun<'_, '_>,
    record: &FolderRecord,
    copies: Vec<(Uid, Digest)>,
) -> Result<Vec<(Uid, Digest)>, Halt> {
    if copies.is_empty() {
        return Ok(copies);
    }
    let there = on_target(run, Uid(1))?;
    let wanted: BTreeSet<Digest> = copies.iter().map(|(_, digest)| *digest).collect();
    let recorded = run.ledger.messages_of(record)?.iter();
    let recorded =
        recorded.filter_map(|message| Some((message.digest_there()?, message.target_uid?, message.size_there())));
    let recorded: Vec<(Digest, Uid, u64)> = recorded.filter(|(digest, ..)| wanted.contains(digest)).collect();
    let is_alike = |place: Uid, size: u64| there.get(place).is_some_and(|head| head.size == size);
    let alike: Vec<Uid> =
        recorded.iter().filter(|(_, place, size)| is_alike(*place, *size)).map(|(_, place, _)| *place).collect();
    let (mut readings, losses) = (Readings::default(), &mut run.job.progress.read_back_losses);
    readings.read::<SizeAndDigest>(run.sessions.target.reader(), &alike, losses).on(Side::Target)?;
    let mut misplaced = BTreeMap::new();
    for (digest, place, size) in recorded {
        // A message that the target does not deliver counts as there.
        let is_there = is_alike(place, size) && readings.get(place).is_none_or(|(_, read)| *read == digest);
        if !is_there {
            *misplaced.entry(digest).or_default() += 1;
        }
    }
    Ok(leave_out(copies, misplaced, |(_, digest)| *digest))
}

/// Leaves out as many copies as other folders lack of that content, compared with their records: their owner may have moved them here.
pub fn without_moved_here<T>(
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
        let alike: Vec<Done> = settled.filter(|done| digests.contains(&done.digest_there())).collect();
        if alike.is_empty() {
            continue;
        }
        let mut missing: BTreeMap<Digest, usize> = BTreeMap::new();
        alike.iter().for_each(|done| *missing.entry(done.digest_there()).or_default() += 1);
        for digest in contents(run, &other.target_name, alike.iter().map(Done::size_there).collect())? {
            missing.entry(digest).and_modify(|count| *count = count.saturating_sub(1));
        }
        missing.into_iter().for_each(|(digest, count)| *moved.entry(digest).or_default() += count);
    }
    run.sessions.target.reader().examine(&run.target.wire_name).on(Side::Target)?;
    Ok(leave_out(copies, moved, digest))
}

/// The digests of the messages with these sizes in a target folder; opens it.
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
