//! Finding out by content which messages of the source stand on the target already.
//!
//! Used where the ledger cannot tell: after a cut, for messages that were intended and not settled; and where there is no record of
//! a folder's past and the target's folder is not empty. Messages are matched one to one, as a multiset: of two equal messages on
//! the source and one on the target, one is found and one is copied. Nothing but the content decides; neither Message-ID nor date
//! is an identity.

use super::content::{Comparison, Measure, Read, SizeAndDigest, Summariser, Summary, read_each_or_lose};
use super::halt::{Halt, OnSide};
use super::heads::{Head, Heads};
use crate::domain::{Digest, Side, Uid};
use crate::imap::{ImapError, Reader};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A message of the source that was found on the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Match {
    /// Its UID on the source.
    pub(super) uid: Uid,
    /// Its UID on the target.
    pub(super) target_uid: Uid,
    /// Its size on the source, in octets.
    pub(super) size: u64,
    /// Its digest on the source.
    pub(super) digest: Digest,
}

/// Which messages are worth reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thoroughness {
    /// Those whose sizes agree, and then those alike in date or size: for whole folders.
    Alike,
    /// All: for the few messages that were on their way when a run was cut. Sizes may lie.
    All,
}

/// Matches `wanted` messages of the source's open folder with `candidates` of the target's open folder. `lost_at` becomes the message of
/// the source that was read, or was next, when its line was lost.
pub(super) fn reconcile(
    source: &mut Reader,
    target: &mut Reader,
    wanted: &[Head],
    candidates: &[Head],
    thoroughness: Thoroughness,
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
    let on_target =
        read_all::<SizeAndDigest>(target, &worth(&candidates, &wanted_sizes), &mut None).on(Side::Target)?;
    let mut by_digest: HashMap<Digest, Vec<Uid>> = HashMap::new();
    for (uid, (_, digest)) in on_target.into_iter().rev() {
        by_digest.entry(digest).or_default().push(uid);
    }
    if !by_digest.is_empty() {
        let on_source =
            read_all::<SizeAndDigest>(source, &worth(&wanted, &candidate_sizes), lost_at).on(Side::Source)?;
        for (uid, (size, digest)) in on_source {
            if let Some(target_uid) = by_digest.get_mut(&digest).and_then(Vec::pop) {
                wanted.remove(&uid);
                candidates.remove(&target_uid);
                matches.push(Match { uid, target_uid, size, digest });
            }
        }
    }
    matches.extend(reconcile_altered(source, target, &wanted, &candidates, thoroughness, lost_at)?);
    Ok(matches)
}

/// Matches messages that the target stored with changes that do not touch their content.
fn reconcile_altered(
    source: &mut Reader,
    target: &mut Reader,
    wanted: &BTreeMap<Uid, Head>,
    candidates: &BTreeMap<Uid, Head>,
    thoroughness: Thoroughness,
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
    let mut stored: BTreeMap<Option<i64>, Vec<(Uid, Summary)>> = BTreeMap::new();
    let group = |head: Option<&Head>| match thoroughness {
        Thoroughness::All => None,
        Thoroughness::Alike => head.and_then(|head| head.date).map(|date| date.timestamp()),
    };
    for (uid, summary) in summaries(target, &from_target).on(Side::Target)? {
        stored.entry(group(candidates.get(&uid))).or_default().push((uid, summary));
    }
    let mut matches = Vec::new();
    for (uid, summary) in read_all::<Summariser>(source, &from_source, lost_at).on(Side::Source)? {
        let Some(head) = wanted.get(&uid) else { continue };
        let Some(group) = stored.get_mut(&group(Some(head))) else { continue };
        let found = group.iter().position(|(target_uid, stored)| {
            candidates.get(target_uid).is_some_and(|candidate| alike(head, candidate))
                && summary.compare(stored) != Comparison::Different
        });
        if let Some(found) = found {
            let (target_uid, _) = group.swap_remove(found);
            matches.push(Match { uid, target_uid, size: summary.octets, digest: summary.digest });
        }
    }
    Ok(matches)
}

/// The heads of the open folder from a UID on.
pub(super) fn heads_from(reader: &mut Reader, first: Uid) -> Result<Heads, ImapError> {
    let mut heads = Heads::default();
    reader.heads(first, None, &mut |head| heads.push(head))?;
    heads.finish();
    Ok(heads)
}

/// The summaries of messages of the open folder; those that are absent or unreadable are left out.
pub(super) fn summaries(reader: &mut Reader, uids: &[Uid]) -> Result<BTreeMap<Uid, Summary>, ImapError> {
    read_all::<Summariser>(reader, uids, &mut None)
}

/// What was measured of messages of the open folder; those that are absent or unreadable are left out.
fn read_all<M: Measure>(
    reader: &mut Reader,
    uids: &[Uid],
    lost_at: &mut Option<Uid>,
) -> Result<BTreeMap<Uid, M::Measured>, ImapError> {
    let (mut found, mut passed) = (BTreeMap::new(), BTreeSet::new());
    let read = read_each_or_lose::<M>(reader, uids, &mut |uid, read| match read {
        Read::Content(content) => {
            found.insert(uid, content);
        }
        Read::Absent | Read::Unreadable => {
            passed.insert(uid);
        }
    });
    match read {
        Ok(()) => Ok(found),
        Err((error, reading)) => {
            let next = || uids.iter().find(|uid| !found.contains_key(uid) && !passed.contains(uid)).copied();
            *lost_at = reading.or_else(next);
            Err(error)
        }
    }
}
