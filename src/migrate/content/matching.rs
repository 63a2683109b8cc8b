//! Matching: which messages of the source are on the target, one to one and by content.
//!
//! Everything that needs to know asks here: reconciliation where a record is missing or a run was interrupted, the proof of what was
//! copied, `--repair`, and `kimt verify`.
//!
//! 1. On both sides, the messages that may match are read and measured: size and digest ([`Scope`] says which).
//! 2. Messages with the same digest are paired.
//! 3. A summary is read of each message that is left on either side (`comparison`).
//! 4. Messages that are equal except for the final line ending are paired; then those equal except for line endings; then those with trace
//!    or X- fields added to the header; then those that lost carriage returns; then those with an equal body that are still the same
//!    message; then those with another body, but the same Message-ID, the same Date and the same date of arrival.
//!
//! - Each step looks at the whole folder before the next begins, so that no message takes the better copy of another.
//! - Within a step an equal date comes first, then equal flags, then the order of UIDs, so that equal messages keep their own dates and
//!   flags. Among copies with added header fields the one with the fewest comes first, and the longest original chooses first.
//! - Each message is paired at most once: with two equal messages on the source and one on the target, one is found and one is missing.
//! - A message that is absent or cannot be read is not paired, and is reported to the caller.
//! - The caller leaves out, on both sides, what the record knows to be on the target, altered or not.

use super::comparison::{Alteration, Comparison, Likeness, Summariser, Summary};
use super::reading::{Readings, SizeAndDigest};
use crate::domain::{Digest, Uid, UidValidity};
use crate::imap::Reader;
use crate::ledger::Stored;
use crate::migrate::context::losses::Losses;
use crate::migrate::halt::{Halt, both};
use crate::migrate::heads::Head;
use chrono::{DateTime, FixedOffset};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::Hash;

/// A message of the source with its copy on the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Its UID on the source.
    pub uid: Uid,
    /// Its UID on the target.
    pub target_uid: Uid,
    /// Its size on the source, in bytes.
    pub size: u64,
    /// Its digest on the source.
    pub digest: Digest,
    /// How the copy compares with it.
    pub comparison: Comparison,
    /// The copy, where it is not byte for byte the message.
    pub stored: Option<Stored>,
}

/// The result of a matching.
#[derive(Debug, Default)]
pub struct Matching {
    /// Messages that are on the target.
    pub pairs: Vec<Match>,
    /// Messages that the source does not deliver.
    pub unreadable: Vec<Uid>,
    /// Messages that the target does not deliver; some of the missing ones may be among them.
    pub unreadable_there: Vec<Uid>,
}

/// Whether two messages look alike by their heads.
type Hint<'a> = &'a dyn Fn(&Head, &Head) -> bool;

impl Matching {
    /// Of the `wanted` messages that were not found, those that may be among the messages that the target lists but does not deliver: first
    /// by size, then by date, and where all are compared, any of the rest. None of them may be copied before this is known.
    pub fn unproved(&self, wanted: &[Head], there: &[Head], scope: Scope) -> Vec<Uid> {
        let undelivered: HashSet<Uid> = self.unreadable_there.iter().copied().collect();
        let mut places: Vec<&Head> = there.iter().filter(|head| undelivered.contains(&head.uid)).collect();
        let settled: HashSet<Uid> =
            self.pairs.iter().map(|pair| pair.uid).chain(self.unreadable.iter().copied()).collect();
        let mut open: Vec<&Head> = wanted.iter().filter(|head| !settled.contains(&head.uid)).collect();
        let mut unproved = Vec::new();
        let by_size = |one: &Head, other: &Head| one.size == other.size;
        let by_date = |one: &Head, other: &Head| one.date.is_some() && one.date == other.date;
        let any = |_: &Head, _: &Head| scope == Scope::All;
        let hints: [Hint<'_>; 3] = [&by_size, &by_date, &any];
        for is_like in hints {
            places.retain(|place| match open.iter().position(|head| is_like(head, place)) {
                Some(at) => {
                    unproved.push(open.remove(at).uid);
                    false
                }
                None => true,
            });
        }
        unproved
    }
}

/// Which messages are worth reading. Sizes may be wrong, and a target need not keep dates; a message that is not read is not found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All: for the few messages that were in flight when a run was interrupted, and for a comparison that trusts nothing.
    All,
    /// Those whose sizes agree, then those whose dates agree or whose sizes differ by no more than a target's changes: for folders without
    /// a record.
    Folder,
    /// As for a folder, but differing sizes only with the same date: for mail that others put into a folder that has a record.
    Strangers,
}

/// The readings of one side's folder. They survive a lost connection, so that a large folder can be finished over bad connections.
#[derive(Debug, Default)]
pub struct Shelf {
    uid_validity: Option<UidValidity>,
    digests: Readings<(u64, Digest)>,
    summaries: Readings<Summary>,
}

impl Shelf {
    /// A shelf with known sizes and digests of some messages.
    pub fn with(digests: Readings<(u64, Digest)>) -> Self {
        Self { digests, ..Self::default() }
    }

    /// What stays valid for a folder with this UIDVALIDITY.
    pub fn under(self, uid_validity: UidValidity) -> Self {
        let holds = self.uid_validity == Some(uid_validity);
        let known = if holds { self } else { Self::default() };
        Self { uid_validity: Some(uid_validity), ..known }
    }

    /// The digest of a message that was measured.
    pub fn digest(&self, uid: Uid) -> Option<Digest> {
        self.digests.get(uid).map(|(_, digest)| *digest)
    }

    /// The meaning of a message that was summarised.
    pub fn meaning(&self, uid: Uid) -> Option<Likeness> {
        self.summaries.get(uid).map(Summary::meaning)
    }

    /// The number of messages read.
    pub fn len(&self) -> usize {
        self.digests.len() + self.summaries.len()
    }
}

/// One side of a matching: an open folder, and those of its messages that are considered.
pub struct Side<'a> {
    pub reader: &'a mut Reader,
    /// Ascending by UID, each once.
    pub heads: &'a [Head],
    pub shelf: &'a mut Shelf,
    /// The lost connections at each message.
    pub losses: &'a mut Losses<Uid>,
}

/// Matches the messages of the source with those of the target. After a lost connection, call it again with the same shelves.
pub fn match_messages(source: Side<'_>, target: Side<'_>, scope: Scope) -> Result<Matching, Halt> {
    let (wanted, there) = (source.heads, target.heads);
    if wanted.is_empty() || there.is_empty() {
        return Ok(Matching::default());
    }
    let mut sides = Sides { source, target };
    let (from_source, from_target) = worth_a_digest(wanted, there, scope);
    sides.read_digests(&from_source, &from_target)?;
    let Sides { source, target } = &sides;
    let mut left = Left { wanted: wanted.to_vec(), there: there.to_vec(), pairs: Vec::new() };
    let digest_of = |shelf: &Shelf, uid: Uid| shelf.digests.get(uid).map(|(_, digest)| *digest);
    left.pair_by(Comparison::Equal, |uid| digest_of(source.shelf, uid), |uid| digest_of(target.shelf, uid));

    let (from_source, from_target) = worth_a_summary(&left, scope);
    if !from_source.is_empty() && !from_target.is_empty() {
        sides.read_summaries(&from_source, &from_target)?;
        let Sides { source, target } = &sides;
        left.pair_alike(&source.shelf.summaries, &target.shelf.summaries);
    }
    Ok(sides.matching(left))
}

/// Matches messages by their sizes alone, for `--verify size`; returns their UIDs.
pub fn match_sizes(wanted: &[Head], there: &[Head]) -> Vec<(Uid, Uid)> {
    let sizes = |heads: &[Head]| heads.iter().map(|head| (head.uid, head.size)).collect::<HashMap<_, _>>();
    let (here, stored) = (sizes(wanted), sizes(there));
    let mut left = Left { wanted: wanted.to_vec(), there: there.to_vec(), pairs: Vec::new() };
    left.pair_by(Comparison::Equal, |uid| here.get(&uid), |uid| stored.get(&uid));
    left.pairs.into_iter().map(|pair| (pair.uid, pair.target_uid)).collect()
}

/// The messages that can be equal: on each side, those whose size occurs on the other.
fn worth_a_digest(wanted: &[Head], there: &[Head], scope: Scope) -> (Vec<Uid>, Vec<Uid>) {
    let sizes = |heads: &[Head]| heads.iter().map(|head| head.size).collect::<HashSet<_>>();
    let worth = |heads: &[Head], others: HashSet<u64>| -> Vec<Uid> {
        let is_worth_it = |head: &&Head| scope == Scope::All || others.contains(&head.size);
        heads.iter().filter(is_worth_it).map(|head| head.uid).collect()
    };
    (worth(wanted, sizes(there)), worth(there, sizes(wanted)))
}

/// A target changes the size of a stored message by at most this many bytes, or by one part in [`CHANGED_PART`] of its size.
const CHANGED_BYTES: u64 = 2048;
const CHANGED_PART: u64 = 16;

/// Of the remaining messages, those that can be the same despite a target's changes.
fn worth_a_summary(left: &Left, scope: Scope) -> (Vec<Uid>, Vec<Uid>) {
    // A target that kept the dates of all pairs so far keeps dates.
    let keeps_dates = !left.pairs.is_empty() && left.pairs.iter().all(|pair| pair.same_date);
    let by_date = scope == Scope::Strangers || scope == Scope::Folder && keeps_dates;
    let sizes = |heads: &[Head]| heads.iter().map(|head| head.size).collect::<BTreeSet<u64>>();
    let dates = |heads: &[Head]| heads.iter().filter_map(|head| head.date).collect::<HashSet<_>>();
    let worth = |heads: &[Head], others: &[Head]| -> Vec<Uid> {
        let (sizes, dates) = (sizes(others), dates(others));
        let is_worth_it = |head: &&Head| {
            let change = CHANGED_BYTES.max(head.size / CHANGED_PART);
            let likely = head.size.saturating_sub(change)..=head.size.saturating_add(change);
            let is_near = || !by_date && sizes.range(likely).next().is_some();
            scope == Scope::All || head.date.is_some_and(|date| dates.contains(&date)) || is_near()
        };
        heads.iter().filter(is_worth_it).map(|head| head.uid).collect()
    };
    (worth(&left.wanted, &left.there), worth(&left.there, &left.wanted))
}

struct Sides<'a> {
    source: Side<'a>,
    target: Side<'a>,
}

impl Sides<'_> {
    /// Reads on both sides at the same time, so that neither connection idles until its server ends it.
    fn read_digests(&mut self, from_source: &[Uid], from_target: &[Uid]) -> Result<(), Halt> {
        let read = |side: &mut Side<'_>, uids: &[Uid]| {
            side.shelf.digests.read::<SizeAndDigest>(side.reader, uids, side.losses)
        };
        let Self { source, target } = self;
        both(|| read(source, from_source), || read(target, from_target)).map(|_| ())
    }

    fn read_summaries(&mut self, from_source: &[Uid], from_target: &[Uid]) -> Result<(), Halt> {
        let read =
            |side: &mut Side<'_>, uids: &[Uid]| side.shelf.summaries.read::<Summariser>(side.reader, uids, side.losses);
        let Self { source, target } = self;
        both(|| read(source, from_source), || read(target, from_target)).map(|_| ())
    }

    fn matching(&self, left: Left) -> Matching {
        let unreadable = |side: &Side<'_>, left: &[Head]| -> Vec<Uid> {
            let was_read_in_vain = |uid: &Uid| {
                let Shelf { digests, summaries, .. } = &*side.shelf;
                (digests.is_settled(*uid) || summaries.is_settled(*uid))
                    && digests.get(*uid).is_none()
                    && summaries.get(*uid).is_none()
            };
            left.iter().map(|head| head.uid).filter(was_read_in_vain).collect()
        };
        let size_and_digest = |uid: Uid| {
            let Shelf { digests, summaries, .. } = &*self.source.shelf;
            let measured = digests.get(uid).copied();
            measured.or_else(|| summaries.get(uid).map(|summary| (summary.bytes, summary.digest)))
        };
        let summaries_there = &self.target.shelf.summaries;
        let matched = |Pair { uid, target_uid, comparison, .. }| {
            let (size, digest) = size_and_digest(uid)?;
            let there = summaries_there.get(target_uid).filter(|_| comparison != Comparison::Equal);
            let stored = there.map(|summary| Stored { size: summary.bytes, digest: summary.digest });
            Some(Match { uid, target_uid, size, digest, comparison, stored })
        };
        Matching {
            unreadable: unreadable(&self.source, &left.wanted),
            unreadable_there: unreadable(&self.target, &left.there),
            pairs: left.pairs.into_iter().filter_map(matched).collect(),
        }
    }
}

/// A pair of messages.
struct Pair {
    uid: Uid,
    target_uid: Uid,
    comparison: Comparison,
    same_date: bool,
}

/// The unpaired messages, and the pairs.
struct Left {
    wanted: Vec<Head>,
    there: Vec<Head>,
    pairs: Vec<Pair>,
}

/// At most this many possible copies of a message are considered.
const CANDIDATES: usize = 2000;

/// What tells equal messages apart: the date and the flags, as far as they are considered.
type Marks = (Option<DateTime<FixedOffset>>, Option<u32>);

impl Left {
    /// Pairs messages with the same key: first those with equal date and flags, then those with one of them equal, then the rest.
    fn pair_by<K: Hash + Eq>(
        &mut self,
        comparison: Comparison,
        key_here: impl Fn(Uid) -> Option<K>,
        key_there: impl Fn(Uid) -> Option<K>,
    ) {
        for (by_date, by_flags) in [(true, true), (true, false), (false, true), (false, false)] {
            let marks =
                |head: &Head| -> Marks { (head.date.filter(|_| by_date), by_flags.then(|| head.flags_meaning())) };
            let mut copies: HashMap<(K, Marks), Vec<&Head>> = HashMap::new();
            for head in self.there.iter().rev().filter(|head| !by_date || head.date.is_some()) {
                if let Some(key) = key_there(head.uid) {
                    copies.entry((key, marks(head))).or_default().push(head);
                }
            }
            let mut found = Vec::new();
            for head in self.wanted.iter().filter(|head| !by_date || head.date.is_some()) {
                let copy = key_here(head.uid).and_then(|key| copies.get_mut(&(key, marks(head)))?.pop());
                found.extend(copy.map(|copy| Pair {
                    uid: head.uid,
                    target_uid: copy.uid,
                    comparison,
                    same_date: head.date.is_some() && head.date == copy.date,
                }));
            }
            self.take(found);
        }
    }

    /// Pairs messages that are not equal byte for byte, the best comparison first.
    fn pair_alike(&mut self, here: &Readings<Summary>, there: &Readings<Summary>) {
        // The longest header first: a message with one more field has fewer copies to choose from.
        self.wanted.sort_by_key(|head| (std::cmp::Reverse(here.get(head.uid).map(Summary::fields)), head.uid));
        for key in Summary::LIKENESSES {
            self.pair_nearest(key, here, there);
        }
    }

    /// Pairs each message with the nearest copy that has the same key.
    fn pair_nearest(&mut self, key: fn(&Summary) -> Likeness, here: &Readings<Summary>, there: &Readings<Summary>) {
        let mut copies: HashMap<Likeness, Vec<&Head>> = HashMap::new();
        for head in self.there.iter().rev() {
            if let Some(stored) = there.get(head.uid) {
                copies.entry(key(stored)).or_default().push(head);
            }
        }
        let mut found = Vec::new();
        for head in &self.wanted {
            let Some(sent) = here.get(head.uid) else { continue };
            let Some(copies) = copies.get_mut(&key(sent)) else { continue };
            let near = |copy: &Head| {
                let stored = there.get(copy.uid)?;
                let comparison = sent.compare(stored);
                let added = stored.fields().abs_diff(sent.fields());
                let marks = (head.date != copy.date, !head.has_flags_of(copy));
                let distance = (comparison, added, marks, copy.uid);
                // A draft that was saved again has the Message-ID of the one before, and came later.
                let is_dated_alike = head.date.is_some() && head.date == copy.date;
                let is_it = match comparison {
                    Comparison::Different => false,
                    Comparison::Altered(Alteration::Body) => is_dated_alike,
                    _ => true,
                };
                is_it.then_some(distance)
            };
            let free = copies.iter().enumerate().rev().take(CANDIDATES);
            let nearest = free.filter_map(|(at, copy)| Some((near(copy)?, at))).min();
            if let Some(((comparison, ..), at)) = nearest {
                let copy = copies.remove(at);
                let same_date = head.date.is_some() && head.date == copy.date;
                found.push(Pair { uid: head.uid, target_uid: copy.uid, comparison, same_date });
            }
        }
        self.take(found);
    }

    fn take(&mut self, found: Vec<Pair>) {
        if found.is_empty() {
            return;
        }
        let pairs: BTreeMap<Uid, Uid> = found.iter().map(|pair| (pair.uid, pair.target_uid)).collect();
        let taken: HashSet<Uid> = pairs.values().copied().collect();
        self.wanted.retain(|head| !pairs.contains_key(&head.uid));
        self.there.retain(|head| !taken.contains(&head.uid));
        self.pairs.extend(found);
    }
}

#[cfg(test)]
mod tests;
