//! Messages that are missing from their folder but are in another target folder: somebody has filed them there.
//!
//! Missing messages are reported once all folders are finished, because only then is it known which of the target's messages belong to no
//! source folder:
//!
//! 1. In folders that were compared, these are the messages left over there; in all others, all messages.
//! 2. Those with the size of a missing message are read and matched by content, one to one. A message that is in none of them may be known
//!    to a record (see `earlier`).
//! 3. A message that a run has copied and that is now elsewhere was filed by its owner. One that no record knows is in the wrong folder.
//! 4. An extra copy does not count as one if it is a message that was filed there.

use super::differences::NAMED;
use super::earlier::EarlierCopy;
use super::{Plan, Verification};
use crate::domain::{Digest, FolderId, MessageHead, Note, Problem, ProblemKind, Side, Subject, Uid};
use crate::imap::Reader;
use crate::migrate::content::reading::{Readings, SizeAndDigest};
use crate::migrate::context::losses::Losses;
use crate::migrate::halt::{Halt, OnSide};
use chrono::{DateTime, FixedOffset};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Messages of the target by the wire names of their folders: UIDs and sizes.
type ByFolder = BTreeMap<Vec<u8>, Vec<(Uid, u64)>>;

/// What is reported once all folders are finished.
#[derive(Default)]
pub struct Sought {
    /// Messages that are missing from their folders.
    pub missing: Vec<Missing>,
    /// Extra copies.
    pub extra: Vec<Extra>,
    /// The other messages in the compared target folders.
    pub left: ByFolder,
    /// Recorded copies under other UIDs, in the target folders in which something is missing, by wire name.
    pub earlier: BTreeMap<Vec<u8>, Vec<EarlierCopy>>,
}

/// A message that is missing from its folder.
pub struct Missing {
    pub folder: FolderId,
    /// Its folder's wire name on the source.
    pub source: Vec<u8>,
    /// The wire name of the target folder where it should be, if there is one.
    pub target: Option<Vec<u8>>,
    pub uid: Uid,
    pub size: u64,
    pub date: Option<DateTime<FixedOffset>>,
    /// The digest of its content, if it was read already.
    pub digest: Option<Digest>,
    /// Whether a run has copied it.
    pub was_copied: bool,
    /// The problem to report if it stays missing.
    pub problem: Problem,
}

/// Extra copies of a message in a target folder.
pub struct Extra {
    pub folder: FolderId,
    /// The folder's wire name on the target.
    pub target: Vec<u8>,
    pub digest: Digest,
    pub copies: u64,
    /// The problem to report.
    pub problem: Problem,
}

/// The place where a message was found: the folder's wire name and its name for people.
struct Place {
    wire_name: Vec<u8>,
    name: String,
}

impl Verification<'_> {
    /// Reports missing messages and extra copies, once it is known what was filed.
    pub(super) fn settle_sought(&mut self, plan: &Plan, source: &mut Reader, target: &mut Reader) -> Result<(), Halt> {
        let sizes: BTreeSet<u64> = self.sought.missing.iter().map(|missing| missing.size).collect();
        if !sizes.is_empty() {
            let candidates = self.candidates(plan, target, &sizes)?;
            let mut alike: BTreeSet<u64> = candidates.values().flatten().map(|(_, size)| *size).collect();
            alike.extend(self.sizes_of_earlier());
            self.read_missing(source, &alike)?;
            self.ask_records();
            self.take_filed(plan, target, candidates)?;
        }
        self.report_sought();
        Ok(())
    }

    /// Reports what is still missing or extra.
    pub(super) fn report_sought(&mut self) {
        let Sought { missing, extra, .. } = std::mem::take(&mut self.sought);
        for Missing { folder, problem, .. } in missing {
            self.reporter.folder_problem(folder, problem);
        }
        let mut named: BTreeMap<FolderId, (usize, Problem)> = BTreeMap::new();
        for Extra { folder, copies, problem, .. } in extra.into_iter().filter(|extra| extra.copies > 0) {
            let many = Problem { subject: Subject { message: None, ..problem.subject.clone() }, ..problem.clone() };
            let (count, _) = named.entry(folder).or_insert((0, many));
            *count += 1;
            if *count <= NAMED {
                self.reporter.folder_problem(folder, problem.counting(copies));
            }
        }
        for (folder, (count, problem)) in named.into_iter().filter(|(_, (count, _))| *count > NAMED) {
            self.reporter.folder_problem(folder, problem.counting((count - NAMED) as u64));
        }
    }

    /// The messages on the target that belong to no source folder and have one of these sizes, by folder.
    fn candidates(&self, plan: &Plan, target: &mut Reader, sizes: &BTreeSet<u64>) -> Result<ByFolder, Halt> {
        let mut candidates: ByFolder = BTreeMap::new();
        let is_alike = |(_, size): &&(Uid, u64)| sizes.contains(size);
        for (name, left) in &self.sought.left {
            candidates.insert(name.clone(), left.iter().filter(is_alike).copied().collect());
        }
        let compared: BTreeSet<&[u8]> =
            plan.ways.iter().filter_map(|(_, there)| Some(there.as_ref()?.wire_name.as_slice())).collect();
        let others = plan.target.iter().filter(|folder| folder.selectable);
        let names: Vec<&[u8]> =
            others.map(|folder| folder.wire_name.as_slice()).filter(|name| !compared.contains(name)).collect();
        let mut found: Vec<Vec<(Uid, u64)>> = vec![Vec::new(); names.len()];
        let mut head = |index: usize, head: MessageHead| {
            if sizes.contains(&head.size) {
                found[index].push((head.uid, head.size));
            }
        };
        target.scan(&names, &|_| Uid(1), &mut head, &mut |_, _| {}).on(Side::Target)?;
        candidates.extend(names.into_iter().map(<[u8]>::to_vec).zip(found));
        candidates.retain(|_, messages| !messages.is_empty());
        Ok(candidates)
    }

    /// Reads the missing messages that have one of these sizes and were not read yet.
    fn read_missing(&mut self, source: &mut Reader, sizes: &BTreeSet<u64>) -> Result<(), Halt> {
        let mut unread: BTreeMap<Vec<u8>, Vec<Uid>> = BTreeMap::new();
        for missing in self.sought.missing.iter().filter(|it| it.digest.is_none() && sizes.contains(&it.size)) {
            unread.entry(missing.source.clone()).or_default().push(missing.uid);
        }
        for (name, mut uids) in unread {
            uids.sort_unstable();
            let digests = digests(source, &name, &uids).on(Side::Source)?;
            for missing in self.sought.missing.iter_mut().filter(|missing| missing.source == name) {
                missing.digest = missing.digest.or_else(|| digests.get(&missing.uid).copied());
            }
        }
        Ok(())
    }

    /// Reads the candidates, and reports those that were filed.
    fn take_filed(&mut self, plan: &Plan, target: &mut Reader, candidates: ByFolder) -> Result<(), Halt> {
        let mut places: HashMap<Digest, Vec<Place>> = HashMap::new();
        for (wire_name, messages) in candidates {
            let mut uids: Vec<Uid> = messages.into_iter().map(|(uid, _)| uid).collect();
            uids.sort_unstable();
            let listed = plan.target.iter().find(|folder| folder.wire_name == wire_name);
            let name = listed.map_or_else(String::new, |folder| folder.path.to_string());
            for digest in digests(target, &wire_name, &uids).on(Side::Target)?.into_values() {
                let place = Place { wire_name: wire_name.clone(), name: name.clone() };
                places.entry(digest).or_default().push(place);
            }
        }
        let Sought { missing, extra, .. } = &mut self.sought;
        for sought in std::mem::take(missing) {
            let Some(place) = sought.digest.and_then(|digest| places.get_mut(&digest)?.pop()) else {
                missing.push(sought);
                continue;
            };
            let is_it = |extra: &&mut Extra| extra.target == place.wire_name && Some(extra.digest) == sought.digest;
            if let Some(extra) = extra.iter_mut().find(is_it) {
                extra.copies = extra.copies.saturating_sub(1);
            }
            let kind = if sought.was_copied { ProblemKind::MessageFiled } else { ProblemKind::MessageMisplaced };
            let problem = Problem { kind, ..sought.problem }.noting(Note::IsInFolder { folder: place.name });
            self.reporter.folder_problem(sought.folder, problem);
            self.reporter.checked(sought.folder, 1, sought.size);
            if let Some(Some(evidence)) = self.evidence.get_mut(sought.folder.index()) {
                evidence.on_target += 1;
            }
        }
        Ok(())
    }
}

/// The digests of a folder's messages, as far as it can be opened and delivers them.
fn digests(
    reader: &mut Reader,
    wire_name: &[u8],
    uids: &[Uid],
) -> Result<BTreeMap<Uid, Digest>, crate::imap::ImapError> {
    match reader.examine(wire_name) {
        Err(error) if !error.is_connection() => return Ok(BTreeMap::new()),
        opened => opened?,
    };
    let mut readings: Readings<(u64, Digest)> = Readings::default();
    readings.read::<SizeAndDigest>(reader, uids, &mut Losses::default())?;
    Ok(uids.iter().filter_map(|uid| Some((*uid, readings.get(*uid)?.1))).collect())
}
