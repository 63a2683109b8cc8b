//! Finds messages on the target by content: messages that a record does not know, and the places of those that it knows.

use crate::domain::{ProblemKind, Side, Uid};
use crate::ledger::{Done, FolderRecord};
use crate::migrate::attempt::FolderRun;
use crate::migrate::attempt::failures::Failure;
use crate::migrate::content::comparison::Comparison;
use crate::migrate::content::matching::{self, Match, Matching, Scope, Shelf, match_messages};
use crate::migrate::content::reading::{Readings, SizeAndDigest};
use crate::migrate::folder::Scan;
use crate::migrate::folder::witnesses::Witnesses;
use crate::migrate::halt::{Halt, OnSide};
use crate::migrate::heads::{Head, Heads};
use crate::migrate::request::Verify;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The heads in the target folder from a UID on.
pub fn on_target(run: &mut FolderRun<'_, '_>, floor: Uid) -> Result<Heads, Halt> {
    run.sessions.target.reader().examine(&run.target.wire_name).on(Side::Target)?;
    Heads::read_from(run.sessions.target.reader(), floor).on(Side::Target)
}

/// The heads in the target folder from a UID on that are at no place of a recorded message.
pub fn unclaimed(run: &mut FolderRun<'_, '_>, record: &FolderRecord, floor: Uid) -> Result<Heads, Halt> {
    let taken: BTreeSet<Uid> = run.ledger.target_uids(record)?.into_iter().collect();
    let mut heads = on_target(run, floor)?;
    heads.keep(|head| !taken.contains(&head.uid));
    Ok(heads)
}

/// Matches messages of the source with messages in the target's open folder. What was read before a connection is lost is kept for the next
/// attempt. A message at which the connection to the source was lost too often is named as failed and not read again.
pub fn match_with_target(
    run: &mut FolderRun<'_, '_>,
    wanted: &[Head],
    there: &[Head],
    scope: Scope,
) -> Result<Vec<Match>, Halt> {
    let failed = &run.job.progress.failed;
    let wanted: Vec<Head> = wanted.iter().filter(|head| !failed.contains(&head.uid)).copied().collect();
    if wanted.is_empty() || there.is_empty() {
        return Ok(Vec::new());
    }
    let [here, stored] = std::mem::take(&mut run.job.progress.shelves);
    let mut here = here.under(run.scan.status.uid_validity);
    let mut stored = stored.under(run.target.open.status.uid_validity);
    let before = here.len() + stored.len();
    let found = match_on(run, &wanted, there, scope, [&mut here, &mut stored]);
    run.mailbox.compared += here.len() + stored.len() - before;
    run.job.progress.shelves = [here, stored];
    let found = found?;
    // A message that may be there is not copied, however long the target does not deliver it.
    let unproved = found.unproved(&wanted, there, scope).into_iter();
    run.fail_all(unproved.map(|uid| Failure::noted(uid, ProblemKind::MessageUnproved, None)).collect())?;
    Ok(found.pairs)
}

pub fn match_on(
    run: &mut FolderRun<'_, '_>,
    wanted: &[Head],
    there: &[Head],
    scope: Scope,
    [here, stored]: [&mut Shelf; 2],
) -> Result<Matching, Halt> {
    run.open_source()?;
    let progress = &mut run.job.progress;
    let source = matching::Side {
        reader: &mut run.sessions.source,
        heads: wanted,
        shelf: here,
        losses: &mut progress.reading_losses,
    };
    let target = matching::Side {
        reader: run.sessions.target.reader(),
        heads: there,
        shelf: stored,
        losses: &mut progress.read_back_losses,
    };
    let found = match_messages(source, target, scope);
    if let Err(Halt::Server { side: Side::Source, error }) = &found {
        run.fail_where_lost_too_often(error);
    }
    found
}

/// The places of messages that are on the target according to the record.
#[derive(Debug, Default)]
pub struct Located {
    /// Messages that are on the target.
    pub found: Vec<Match>,
    /// Messages whose place holds other content, with their places.
    pub other: Vec<(Uid, Uid)>,
    /// Messages that may be among those that the target lists but does not deliver.
    pub unproved: Vec<Uid>,
    /// Messages that are not on the target.
    pub missing: Vec<Uid>,
}

/// Looks for messages that are on the target according to the record.
///
/// 1. Each is read back at its place. A message that is equal there need not be read from the source.
/// 2. The rest is matched with the contents of these places and with messages that belong to no record.
///
/// The first part of the result is what was found before a connection was lost; the second says whether that is all.
pub fn locate(run: &mut FolderRun<'_, '_>, record: &FolderRecord, messages: &[Done]) -> (Located, Result<(), Halt>) {
    let mut located = Located::default();
    let outcome = locate_into(run, record, messages, &mut located);
    (located, outcome)
}

fn locate_into(
    run: &mut FolderRun<'_, '_>,
    record: &FolderRecord,
    messages: &[Done],
    located: &mut Located,
) -> Result<(), Halt> {
    let places: Vec<Uid> = messages.iter().filter_map(|message| message.target_uid).collect();
    let mut readings: Readings<(u64, _)> = Readings::default();
    if !places.is_empty() {
        run.sessions.target.reader().examine(&run.target.wire_name).on(Side::Target)?;
        let losses = &mut run.job.progress.read_back_losses;
        let read = readings.read::<SizeAndDigest>(run.sessions.target.reader(), &places, losses);
        let is_equal = |done: &&Done| {
            let at = done.target_uid.and_then(|place| readings.get(place));
            at.is_some_and(|(_, digest)| *digest == done.digest_there())
        };
        located.found.extend(messages.iter().filter(is_equal).filter_map(|done| as_match(done, done.target_uid?)));
        read.on(Side::Target)?;
    }
    let found: BTreeSet<Uid> = located.found.iter().map(|found| found.uid).collect();
    let rest: Vec<&Done> = messages.iter().filter(|done| !found.contains(&done.uid)).collect();
    if rest.is_empty() {
        return Ok(());
    }
    let floor = rest.iter().map(|done| done.target_uid.map_or(done.floor, |uid| uid.0.min(done.floor))).min();
    let own: BTreeSet<Uid> = rest.iter().filter_map(|done| done.target_uid).collect();
    let claimed: BTreeSet<Uid> = run.ledger.target_uids(record)?.into_iter().collect();
    let heads = on_target(run, Uid(floor.unwrap_or(1).max(1)))?;
    let is_free = |head: &&Head| own.contains(&head.uid) || !claimed.contains(&head.uid);
    let there: Vec<Head> = heads.all().iter().filter(is_free).copied().collect();
    let wanted: Vec<Head> = rest.iter().filter_map(|done| run.scan.heads.get(done.uid).copied()).collect();
    // The record knows what was sent, so a message with an equal copy is not read from the source again.
    let sent = rest.iter().map(|done| (done.uid, (done.size, done.digest))).collect();
    let (mut here, mut stored) = (Shelf::with(sent), Shelf::default());
    let matching = match_on(run, &wanted, &there, Scope::All, [&mut here, &mut stored])?;
    let undelivered: BTreeSet<Uid> = matching.unreadable_there.iter().copied().collect();
    // A message with a known place is there or not, whatever else the target does not deliver.
    let placeless: Vec<Head> = rest
        .iter()
        .filter(|done| done.target_uid.is_none_or(|uid| heads.get(uid).is_none()))
        .filter_map(|done| run.scan.heads.get(done.uid).copied())
        .collect();
    let unplaced: Vec<Head> = there.iter().filter(|head| !own.contains(&head.uid)).copied().collect();
    let unproved: BTreeSet<Uid> = matching.unproved(&placeless, &unplaced, Scope::All).into_iter().collect();
    let found: BTreeSet<Uid> = matching.pairs.iter().map(|found| found.uid).collect();
    let taken: BTreeSet<Uid> = matching.pairs.iter().map(|found| found.target_uid).collect();
    let strangers = unplaced.iter().filter(|head| !taken.contains(&head.uid));
    let by_date = dated_alone(strangers, &run.scan.heads);
    located.found.extend(matching.pairs);
    for done in rest.iter().filter(|done| !found.contains(&done.uid)) {
        match done.target_uid.filter(|place| heads.get(*place).is_some()) {
            Some(place) if undelivered.contains(&place) => located.unproved.push(done.uid),
            None if unproved.contains(&done.uid) => located.unproved.push(done.uid),
            Some(place) => located.other.push((done.uid, place)),
            None => match by_date.get(&done.uid).filter(|_| done.target_uid.is_none()) {
                Some(place) => located.other.push((done.uid, *place)),
                None => located.missing.push(done.uid),
            },
        }
    }
    Ok(())
}

/// For messages of the source, the only one of these on the target that has their date, if nothing else on the source has it. If a target
/// without UIDs in its answers has confirmed a message, that is this one, whatever the target made of its content.
fn dated_alone<'h>(there: impl Iterator<Item = &'h Head>, here: &Heads) -> BTreeMap<Uid, Uid> {
    let mut places: HashMap<_, Vec<Uid>> = HashMap::new();
    for (date, uid) in there.filter_map(|head| Some((head.date?, head.uid))) {
        places.entry(date).or_default().push(uid);
    }
    places.retain(|_, uids| uids.len() == 1);
    if places.is_empty() {
        return BTreeMap::new();
    }
    let dates = here.dates_of_one();
    let of_one = here.all().iter().filter(|head| head.date.is_some_and(|date| dates.contains(&date)));
    of_one.filter_map(|head| Some((head.uid, *places.get(&head.date?)?.first()?))).collect()
}

fn as_match(done: &Done, target_uid: Uid) -> Option<Match> {
    let Done { uid, size, digest, stored, .. } = *done;
    Some(Match { uid, target_uid, size, digest, comparison: Comparison::Equal, stored })
}

/// Which messages the target has, judging by sizes.
#[derive(Debug, Default)]
pub struct BySize {
    /// Messages whose size was found, with their places.
    pub seen: Vec<(Done, Uid)>,
    /// Messages whose place holds one of another size.
    pub other: Vec<Done>,
    /// Messages whose place is empty, or whose size is nowhere.
    pub absent: Vec<Done>,
}

impl BySize {
    /// Whether a place that the target announced is empty. The target may then have announced all of them wrongly.
    pub fn has_empty_places(&self) -> bool {
        self.absent.iter().any(|done| done.target_uid.is_some())
    }
}

/// Checks the sizes of messages on the target. A message without a known place gets a free one of its size, if possible with its date and
/// flags.
pub fn look_by_size(run: &mut FolderRun<'_, '_>, record: &FolderRecord, messages: Vec<Done>) -> Result<BySize, Halt> {
    let mut by_size = BySize::default();
    let Some(first) = messages.iter().map(|done| done.target_uid.map_or(done.floor, |uid| uid.0)).min() else {
        return Ok(by_size);
    };
    let there = on_target(run, Uid(first.max(1)))?;
    let claimed: BTreeSet<Uid> = run.ledger.target_uids(record)?.into_iter().collect();
    let free: Vec<Head> = there.all().iter().filter(|head| !claimed.contains(&head.uid)).copied().collect();
    let placeless = messages.iter().filter(|done| done.target_uid.is_none());
    let head = |done: &Done| Some(run.scan.heads.get(done.uid)?.sized(done.size_there()));
    let wanted: Vec<Head> = placeless.filter_map(head).collect();
    let mut pairs = matching::match_sizes(&wanted, &free);
    let has_date = |(uid, place): &(Uid, Uid)| {
        let sent = run.scan.heads.get(*uid).and_then(|head| head.date);
        sent.zip(there.get(*place).and_then(|head| head.date)).is_none_or(|(sent, at)| sent == at)
    };
    // On a target that keeps dates, a message of another date is somebody else's, or another one that the target has changed.
    let dates: HashSet<_> = wanted.iter().filter_map(|head| head.date).collect();
    let keeps_dates = run.job.progress.witnesses.as_ref().is_some_and(Witnesses::shows_kept_dates)
        || free.iter().any(|head| head.date.is_some_and(|date| dates.contains(&date)));
    if keeps_dates {
        pairs.retain(has_date);
    }
    let places: BTreeMap<Uid, Uid> = pairs.into_iter().collect();
    for done in messages {
        let place = done.target_uid.or_else(|| places.get(&done.uid).copied());
        match place.and_then(|place| there.get(place)) {
            Some(head) if head.size == done.size_there() => by_size.seen.push((done, head.uid)),
            Some(_) => by_size.other.push(done),
            None => by_size.absent.push(done),
        }
    }
    Ok(by_size)
}

/// Records messages seen with their sizes, with their places, and reports them once in a run, unless nothing is read back.
pub fn note_seen(run: &mut FolderRun<'_, '_>, record: &FolderRecord, mut seen: Vec<(Done, Uid)>) -> Result<(), Halt> {
    let places: Vec<(Uid, Uid)> = seen.iter().map(|(done, place)| (done.uid, *place)).collect();
    run.ledger.seen(record, &places)?;
    if run.mailbox.context.options.verify == Verify::Size {
        seen.retain(|(done, _)| run.job.progress.sizes_reported.insert(done.uid));
        let bytes = seen.iter().map(|(done, _)| done.size).sum();
        run.mailbox.reporter.checked(run.job.id, seen.len() as u64, bytes);
    }
    Ok(())
}

/// Messages that a target without UIDs in its answers has accepted, and that were not found yet.
pub fn placeless(run: &FolderRun<'_, '_>, record: &FolderRecord) -> Result<Vec<Done>, Halt> {
    let unchecked = run.ledger.unchecked(record)?;
    Ok(unchecked.into_iter().filter(|done| done.target_uid.is_none()).collect())
}

/// Finds the places of messages that were accepted by a target that announces no UIDs. Otherwise one of them could be mistaken for an equal
/// message that was still in flight, and the latter would never be copied.
pub fn place(run: &mut FolderRun<'_, '_>, record: &FolderRecord, placeless: &[Done]) -> Result<(), Halt> {
    if placeless.is_empty() {
        return Ok(());
    }
    // A message that is not found here is looked for again at the end.
    let (located, outcome) = locate(run, record, placeless);
    run.take_found(record, located.found)?;
    outcome
}

/// Records messages that were found by content among those `there` on the target, which counts as read back, and forgets those that were
/// `asked` for but not found.
pub fn note_found(
    run: &mut FolderRun<'_, '_>,
    record: &FolderRecord,
    found: Vec<Match>,
    there: &Heads,
    asked: &[Uid],
) -> Result<(), Halt> {
    let done: Vec<Done> = found
        .iter()
        .map(|found| Done {
            uid: found.uid,
            size: found.size,
            digest: found.digest,
            target_uid: Some(found.target_uid),
            floor: 0,
            checked: false,
            stored: found.stored,
        })
        .collect();
    run.ledger.record(record, &done, asked, &[], 0)?;
    run.ledger.set_flags(record, &adopted_flags(run.scan, &found, there))?;
    let heads = found.iter().filter_map(|found| run.scan.heads.get(found.uid));
    let claims: Vec<(Uid, u64)> = heads.map(|head| (head.uid, head.size)).collect();
    for (found, head) in found.iter().filter_map(|found| Some((found, run.scan.heads.get(found.uid)?))) {
        run.job.progress.note_size(found.uid, head.size, found.size);
    }
    run.ledger.claim(record, &claims)?;
    run.take_found(record, found)
}

/// The flags of messages that were found by content and whose flags nobody has changed, as far as that can be known without a record: the
/// target has the same system flags as the source, and no others. From then on a change on either side is noticed.
fn adopted_flags(scan: &Scan, found: &[Match], there: &Heads) -> Vec<(Uid, Vec<String>)> {
    let heads = &scan.heads;
    let adopted = |found: &Match| {
        let here = heads.flags(heads.get(found.uid)?);
        let found_flags = there.flags(there.get(found.target_uid)?);
        let has = |flags: &[String], flag: &String| flags.iter().any(|it| it.eq_ignore_ascii_case(flag));
        let is_kept_everywhere = |flag: &&String| flag.starts_with('\\') && !flag.eq_ignore_ascii_case("\\Deleted");
        let is_same = found_flags.iter().all(|flag| has(here, flag))
            && here.iter().filter(is_kept_everywhere).all(|flag| has(found_flags, flag));
        let mut flags = found_flags.to_vec();
        flags.sort_unstable();
        is_same.then_some((found.uid, flags))
    };
    found.iter().filter_map(adopted).collect()
}
