//! Finding out by content which messages of the source stand on the target already.
//!
//! Used where the ledger cannot tell: after a cut, for messages that were intended and not settled; and where there is no record of
//! a folder's past and the target's folder is not empty. Messages are matched one to one, as a multiset: of two equal messages on
//! the source and one on the target, one is found and one is copied. Nothing but the content decides; neither Message-ID nor date
//! is an identity.

use crate::domain::{Digest, Uid, UidValidity};
use crate::imap::{ImapError, Reader};
use crate::migrate::content::{Measure, Read, SizeAndDigest, Summariser, Summary, read_each_or_lose};
use crate::migrate::halt::{Halt, both};
use crate::migrate::heads::{Head, Heads};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A message of the source that was found on the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Its UID on the source.
    pub uid: Uid,
    /// Its UID on the target.
    pub target_uid: Uid,
    /// Its size on the source, in octets.
    pub size: u64,
    /// Its digest on the source.
    pub digest: Digest,
}

/// Which messages are worth reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thoroughness {
    /// Those whose sizes agree, and then those alike in date or size: for whole folders.
    Alike,
    /// All: for the few messages that were on their way when a run was cut. Sizes may lie.
    All,
}

/// What was read of two folders for a comparison. It outlives a lost line, so that a large folder on a bad line comes to its end.
#[derive(Debug, Default)]
pub struct Compared {
    /// What the target's UIDs were read under.
    target_validity: Option<UidValidity>,
    digests: Sides<(u64, Digest)>,
    summaries: Sides<Summary>,
}

#[derive(Debug)]
struct Sides<T> {
    source: BTreeMap<Uid, T>,
    target: BTreeMap<Uid, T>,
}

impl<T> Default for Sides<T> {
    fn default() -> Self {
        Self { source: BTreeMap::new(), target: BTreeMap::new() }
    }
}

impl<T> Sides<T> {
    /// Reads what is not read yet, on both sides at the same time: neither line may rest so long that its server ends it.
    fn read<M: Measure<Measured = T>>(
        &mut self,
        source: (&mut Reader, &[Uid]),
        target: (&mut Reader, &[Uid]),
        lost_at: &mut Option<Uid>,
    ) -> Result<(), Halt>
    where
        T: Send,
    {
        let Self { source: of_source, target: of_target } = self;
        let read_source = || read_all::<M>(source.0, source.1, of_source, lost_at);
        let read_target = || read_all::<M>(target.0, target.1, of_target, &mut None);
        both(read_source, read_target).map(|_| ())
    }
}

impl Compared {
    /// What of it still holds for a target folder of this UIDVALIDITY.
    pub fn under(mut self, target_validity: UidValidity) -> Self {
        if self.target_validity.replace(target_validity) != Some(target_validity) {
            self.digests.target.clear();
            self.summaries.target.clear();
        }
        self
    }

    /// How many messages were read.
    pub fn len(&self) -> usize {
        let Self { digests, summaries, .. } = self;
        digests.source.len() + digests.target.len() + summaries.source.len() + summaries.target.len()
    }
}

/// Matches `wanted` messages of the source's open folder with `candidates` of the target's open folder, reading what is not in
/// `compared` yet. `lost_at` becomes the message of the source that was read, or was next, when its line was lost.
pub fn reconcile(
    source: &mut Reader,
    target: &mut Reader,
    (wanted, candidates): (&[Head], &[Head]),
    thoroughness: Thoroughness,
    compared: &mut Compared,
    lost_at: &mut Option<Uid>,
) -> Result<Vec<Match>, Halt> {
    let mut matches = Vec::new();
    let mut wanted: BTreeMap<Uid, Head> = wanted.iter().map(|head| (head.uid, *head)).collect();
    let mut candidates: BTreeMap<Uid, Head> = candidates.iter().map(|head| (head.uid, *head)).collect();
    if wanted.is_empty() || candidates.is_empty() {
        return Ok(matches);
    }

    let sizes = |heads: &BTreeMap<Uid, Head>| heads.values().map(|head| head.size).collect::<BTreeSet<_>>();
    let (wanted_sizes, candidate_sizes) = (sizes(&wanted), sizes(&candidates));
    let worth = |heads: &BTreeMap<Uid, Head>, others: &BTreeSet<u64>| -> Vec<Uid> {
        let alike = |head: &&Head| thoroughness == Thoroughness::All || others.contains(&head.size);
        heads.values().filter(alike).map(|head| head.uid).collect()
    };
    let (from_source, from_target) = (worth(&wanted, &candidate_sizes), worth(&candidates, &wanted_sizes));
    let digests = &mut compared.digests;
    digests.read::<SizeAndDigest>((source, &from_source), (target, &from_target), lost_at)?;
    let mut by_digest: HashMap<Digest, Vec<Uid>> = HashMap::new();
    for uid in from_target.into_iter().rev() {
        if let Some((_, digest)) = digests.target.get(&uid) {
            by_digest.entry(*digest).or_default().push(uid);
        }
    }
    for uid in from_source {
        let Some(&(size, digest)) = digests.source.get(&uid) else { continue };
        if let Some(target_uid) = by_digest.get_mut(&digest).and_then(Vec::pop) {
            wanted.remove(&uid);
            candidates.remove(&target_uid);
            matches.push(Match { uid, target_uid, size, digest });
        }
    }
    matches.extend(reconcile_altered(source, target, (&wanted, &candidates), thoroughness, compared, lost_at)?);
    Ok(matches)
}

/// Matches messages that the target stored with changes that do not touch their content.
fn reconcile_altered(
    source: &mut Reader,
    target: &mut Reader,
    (wanted, candidates): (&BTreeMap<Uid, Head>, &BTreeMap<Uid, Head>),
    thoroughness: Thoroughness,
    compared: &mut Compared,
    lost_at: &mut Option<Uid>,
) -> Result<Vec<Match>, Halt> {
    let alike = |one: &Head, other: &Head| {
        let near = one.size.abs_diff(other.size) <= 1024.max(one.size / 50);
        let same_date = one.date.is_some() && one.date == other.date;
        thoroughness == Thoroughness::All || (near && same_date)
    };
    // By date, so that two long lists are not compared one by one.
    let dates = |heads: &BTreeMap<Uid, Head>| heads.values().map(|head| head.date).collect::<BTreeSet<_>>();
    let (wanted_dates, candidate_dates) = (dates(wanted), dates(candidates));
    let worth = |heads: &BTreeMap<Uid, Head>, others: &BTreeSet<_>| -> Vec<Uid> {
        let worth = |head: &&Head| thoroughness == Thoroughness::All || others.contains(&head.date);
        heads.values().filter(worth).map(|head| head.uid).collect()
    };
    let (from_source, from_target) = (worth(wanted, &candidate_dates), worth(candidates, &wanted_dates));
    if from_source.is_empty() || from_target.is_empty() {
        return Ok(Vec::new());
    }
    let summaries = &mut compared.summaries;
    summaries.read::<Summariser>((source, &from_source), (target, &from_target), lost_at)?;
    let group = |head: &Head| match thoroughness {
        Thoroughness::All => None,
        Thoroughness::Alike => head.date.map(|date| date.timestamp()),
    };
    let mut stored: BTreeMap<Option<i64>, Vec<(&Head, &Summary)>> = BTreeMap::new();
    for uid in from_target {
        if let (Some(head), Some(summary)) = (candidates.get(&uid), summaries.target.get(&uid)) {
            stored.entry(group(head)).or_default().push((head, summary));
        }
    }
    let mut matches = Vec::new();
    for uid in from_source {
        let (Some(head), Some(summary)) = (wanted.get(&uid), summaries.source.get(&uid)) else { continue };
        let Some(group) = stored.get_mut(&group(head)) else { continue };
        let is_it =
            |(candidate, stored): &(&Head, &Summary)| alike(head, candidate) && summary.compare(stored).is_harmless();
        if let Some(found) = group.iter().position(is_it) {
            let (candidate, _) = group.swap_remove(found);
            let (size, digest) = (summary.octets, summary.digest);
            matches.push(Match { uid, target_uid: candidate.uid, size, digest });
        }
    }
    Ok(matches)
}

/// The heads of the open folder from a UID on.
pub fn heads_from(reader: &mut Reader, first: Uid) -> Result<Heads, ImapError> {
    let mut heads = Heads::default();
    reader.heads(first, None, &mut |head| heads.push(head))?;
    heads.finish();
    Ok(heads)
}

/// The summaries of messages of the open folder; those that are absent or unreadable are left out.
pub fn summaries(reader: &mut Reader, uids: &[Uid]) -> Result<BTreeMap<Uid, Summary>, ImapError> {
    let mut known = BTreeMap::new();
    read_all::<Summariser>(reader, uids, &mut known, &mut None)?;
    Ok(known)
}

/// Measures the messages of the open folder that are not `known` yet; those that are absent or unreadable are left out.
fn read_all<M: Measure>(
    reader: &mut Reader,
    uids: &[Uid],
    known: &mut BTreeMap<Uid, M::Measured>,
    lost_at: &mut Option<Uid>,
) -> Result<(), ImapError> {
    let unknown: Vec<Uid> = uids.iter().filter(|uid| !known.contains_key(uid)).copied().collect();
    let mut passed = BTreeSet::new();
    let read = read_each_or_lose::<M>(reader, &unknown, &mut |uid, read| match read {
        Read::Content(content) => {
            known.insert(uid, content);
        }
        Read::Absent | Read::Unreadable => {
            passed.insert(uid);
        }
    });
    read.map_err(|(error, reading)| {
        let next = || unknown.iter().find(|uid| !known.contains_key(uid) && !passed.contains(uid)).copied();
        *lost_at = reading.or_else(next);
        error
    })
}
