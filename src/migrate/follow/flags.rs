//! Flags and keywords: changes made on the source since we set them are made on the target too.
//!
//! For each message three sets are compared: what we set on the target, what the source has now, what the target has now.
//!
//! 1. Candidates are messages whose flags on the source differ from those that we set, and those that an interrupted run was about to
//!    change. In a scanned folder, the scan shows them. In one that was taken over as unchanged the flags are read separately, and only
//!    those changed since the last run if the source counts changes (CONDSTORE).
//! 2. The candidates' places on the target are checked. A place that is empty, or holds a message of another size, is left alone. The
//!    content of the first and the last is read back; if one of them is not what we put there, all others are read back too.
//! 3. A message whose flags differ from those that we set was flagged by somebody there; it is left alone and counted. What an interrupted
//!    run had begun differs only towards its intent.
//! 4. The changes are intended in the record, then made, those of one kind with one command. The flags that the server then reports for a
//!    message are those that we have set.
//!
//! \Deleted is set only where it is when a message is copied. A message whose flags were never noted is left alone.

use super::report;
use crate::domain::{Digest, FolderId, Note, Problem, ProblemKind, Side, Uid};
use crate::imap::{FlagChange, FlagsChanged, FlagsRequest, FolderStatus, ImapError};
use crate::ledger::{Extent, FolderRecord, Ledger, LedgerError, Message};
use crate::migrate::attempt::Mailbox;
use crate::migrate::content::reading::{Readings, SizeAndDigest};
use crate::migrate::context::losses::Losses;
use crate::migrate::copy::flags::FlagFilter;
use crate::migrate::folder::FolderJob;
use crate::migrate::folder::noted_flags::{self, dropped, folded, note, stored, to_be};
use crate::migrate::folder::progress::UnseenFlags;
use crate::migrate::halt::{Halt, OnSide};
use crate::migrate::sessions::{Sessions, target_name};
use crate::progress::{Followed, Step};
use chrono::{DateTime, FixedOffset};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The flags of this many folders are requested ahead of the answers before the user's wish to stop is checked again.
const AT_ONCE: usize = 200;

/// A message whose flags on the target must be checked.
struct Candidate {
    message: Message,
    place: Uid,
    /// Its date on the source, if known.
    date: Option<DateTime<FixedOffset>>,
    /// Its flags on the source now.
    here: Vec<String>,
    /// The record's note of the flags that we set.
    noted: Vec<String>,
    /// Its flags on the target, unless somebody has changed them there.
    set: BTreeSet<String>,
    /// The flags that an interrupted run was about to set.
    intended: Option<BTreeSet<String>>,
}

impl Candidate {
    /// A candidate, if the record knows the flags that were set, and these differ from the source's or a run was interrupted.
    fn of(
        ledger: &Ledger,
        record: &FolderRecord,
        message: Message,
        (here, date): (&[String], Option<DateTime<FixedOffset>>),
        differ: &mut Differ<'_>,
    ) -> Result<Option<Self>, LedgerError> {
        let (Some(place), Some(_)) = (message.target_uid, message.digest) else { return Ok(None) };
        let Some(set) = ledger.flags(record, message.uid)? else { return Ok(None) };
        let intended = ledger.intended_flags(record, message.uid)?;
        if intended.is_none() && !differ.differ(here, set) {
            return Ok(None);
        }
        let (noted, set, intended) = (set.to_vec(), stored(set), intended.map(stored));
        Ok(Some(Self { message, place, date, here: here.to_vec(), noted, set, intended }))
    }

    /// Whether only we have flagged the message: every difference from what we set leads towards what we were about to set.
    fn is_untouched(&self, there: &BTreeSet<String>) -> bool {
        let is_ours = |flag: &String| {
            let intended = self.intended.as_ref();
            intended.is_some_and(|intended| intended.contains(flag) != self.set.contains(flag))
        };
        there.symmetric_difference(&self.set).all(is_ours)
    }
}

/// Whether the source's flags lead to others than those that were set. Most messages share a few sets, so the answers are kept.
struct Differ<'a> {
    filter: &'a FlagFilter,
    known: HashMap<(*const String, *const String), bool>,
}

impl<'a> Differ<'a> {
    fn by(filter: &'a FlagFilter) -> Self {
        Self { filter, known: HashMap::new() }
    }

    /// Both lists must live as long as the record and the scan.
    fn differ(&mut self, here: &[String], set: &[String]) -> bool {
        let differ = || noted_flags::differ(&self.filter.kept_of(here), set);
        if here.is_empty() || set.is_empty() {
            return differ();
        }
        *self.known.entry((here.as_ptr(), set.as_ptr())).or_insert_with(differ)
    }
}

/// Follows the flag changes in folders that were scanned in this attempt.
pub fn of_scanned(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    folders: &mut [FolderJob],
) -> Result<(), Halt> {
    let mut has_opened = false;
    for job in folders.iter_mut().filter(|job| !job.progress.finished && !job.progress.flags_followed) {
        if mailbox.control().holding() {
            return Err(Halt::Held);
        }
        let (Some(scan), Some(target)) = (job.scan.clone(), &job.target) else { continue };
        let Some(record) = ledger.folder(&job.source) else { continue };
        let is_same = record.source_uid_validity == scan.status.uid_validity
            && record.target_uid_validity == target.open.status.uid_validity;
        if !is_same {
            continue;
        }
        let filter = FlagFilter::new(&target.open, mailbox.context.profile);
        let (mut differ, mut candidates) = (Differ::by(&filter), Vec::new());
        for message in ledger.messages_of(&record)? {
            let head = scan.heads.get(message.uid).filter(|head| scan.heads.knows_flags(head));
            let Some(head) = head else { continue };
            let here = (scan.heads.flags(head), head.date);
            candidates.extend(Candidate::of(ledger, &record, *message, here, &mut differ)?);
        }
        let wire_name = target.wire_name.clone();
        has_opened |= !candidates.is_empty();
        let all = follow(mailbox, sessions, ledger, &record, (job.id, &wire_name), candidates)?;
        job.progress.flags_followed = all;
    }
    leave(sessions, has_opened)
}

/// Follows the flag changes in folders that were taken over as unchanged.
pub fn of_unchanged(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    folders: &mut [FolderJob],
) -> Result<(), Halt> {
    let mut has_opened = false;
    let mut unseen: Vec<(&mut FolderJob, UnseenFlags, FolderRecord)> = Vec::new();
    for job in folders.iter_mut() {
        let Some(flags) = job.progress.unseen_flags else { continue };
        unseen.extend(ledger.folder(&job.source).map(|record| (job, flags, record)));
    }
    for part in unseen.chunks_mut(AT_ONCE) {
        if mailbox.control().holding() {
            return Err(Halt::Held);
        }
        if let Some((job, ..)) = part.first() {
            mailbox.reporter.step(Step::Scanning(job.id));
        }
        let read = read_flags(mailbox, sessions, ledger, part)?;
        for ((job, flags, record), candidates) in part.iter_mut().zip(read) {
            let Some(candidates) = candidates else { continue };
            let wire_name = target_name(&sessions.target, record);
            has_opened |= !candidates.is_empty();
            let all = follow(mailbox, sessions, ledger, record, (job.id, &wire_name), candidates)?;
            if let (true, Some(source), Some(target)) =
                (all && flags.now.is_some(), record.source_end, record.target_end)
            {
                let source = Extent { modseq: flags.now, ..source };
                ledger.end_run(record, source, target, record.last_dates.clone())?;
            }
            job.progress.unseen_flags = None;
        }
    }
    leave(sessions, has_opened)
}

/// Closes the last folder in which flags were changed. Selecting the next folder closes each of the others, without a round trip of its
/// own.
fn leave(sessions: &mut Sessions, has_opened: bool) -> Result<(), Halt> {
    if has_opened { sessions.target.leave().on(Side::Target) } else { Ok(()) }
}

/// The candidates in source folders; none for a folder that could not be read, or was replaced.
fn read_flags(
    mailbox: &Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &Ledger,
    part: &[(&mut FolderJob, UnseenFlags, FolderRecord)],
) -> Result<Vec<Option<Vec<Candidate>>>, Halt> {
    let wanted: Vec<FlagsRequest<'_>> = part
        .iter()
        .map(|(job, flags, _)| FlagsRequest { wire_name: &job.source.wire_name, changed_since: flags.followed })
        .collect();
    let filter = FlagFilter::unknown(mailbox.context.profile);
    let found: RefCell<Vec<Option<Vec<Candidate>>>> = RefCell::new(part.iter().map(|_| None).collect());
    let failed: RefCell<Option<LedgerError>> = RefCell::new(None);
    let open: RefCell<Vec<Candidate>> = RefCell::default();
    let mut each = |index: usize, uid: Uid, flags: Vec<String>| {
        let record = &part[index].2;
        // A `Differ` for each message, because the flags just read live only that long.
        let mut differ = Differ::by(&filter);
        let message = ledger.message(record, uid);
        let candidate = message.and_then(|message| match message {
            Some(message) => Candidate::of(ledger, record, message, (&flags, None), &mut differ),
            None => Ok(None),
        });
        match candidate {
            Ok(candidate) => open.borrow_mut().extend(candidate),
            Err(error) => *failed.borrow_mut() = Some(error),
        }
    };
    let mut end = |index: usize, status: Result<FolderStatus, ImapError>| {
        let candidates = open.take();
        let is_same = status.is_ok_and(|status| status.uid_validity == part[index].2.source_uid_validity);
        found.borrow_mut()[index] = is_same.then_some(candidates);
    };
    sessions.source.flags(&wanted, &mut each, &mut end).on(Side::Source)?;
    match failed.into_inner() {
        Some(error) => Err(error.into()),
        None => Ok(found.into_inner()),
    }
}

/// Changes the flags of the candidates that nobody else has flagged. Returns whether nothing is left to try again.
fn follow(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    record: &FolderRecord,
    (folder, wire_name): (FolderId, &[u8]),
    candidates: Vec<Candidate>,
) -> Result<bool, Halt> {
    if candidates.is_empty() {
        return Ok(true);
    }
    let places: Vec<Uid> = candidates.iter().map(|candidate| candidate.place).collect();
    let (open, heads) = match sessions.target.select_and_look(wire_name, &places).on(Side::Target)? {
        Ok(looked) => looked,
        Err(error) => {
            log::debug!("flags could not be followed: {error}");
            return Ok(false);
        }
    };
    if open.status.uid_validity != record.target_uid_validity {
        return Ok(false);
    }
    let filter = FlagFilter::new(&open, mailbox.context.profile);
    let (mut followed, mut as_they_are, mut changes) = (Followed::default(), Vec::new(), Vec::new());
    for candidate in &candidates {
        let Some(head) = heads.get(&candidate.place) else { continue };
        if head.size != candidate.message.size_there() {
            continue;
        }
        let (there, mut wanted) = (folded(&head.flags), filter.kept_of(&candidate.here));
        wanted.sort_unstable();
        let becomes = to_be(&wanted, &candidate.noted);
        if there == becomes {
            // Both sides agree, whoever made the change.
            as_they_are.push((candidate.message.uid, note(&wanted, &head.flags)));
        } else if !candidate.is_untouched(&there) {
            followed.left += 1;
        } else {
            let lacks = |flag: &&String| {
                let flag = flag.to_ascii_lowercase();
                becomes.contains(&flag) && !there.contains(&flag)
            };
            let exceeds = |flag: &&String| !becomes.contains(&flag.to_ascii_lowercase());
            let add: Vec<String> = wanted.iter().filter(lacks).cloned().collect();
            let mut remove: Vec<String> = head.flags.iter().filter(exceeds).cloned().collect();
            remove.sort_unstable();
            let is_dated_otherwise = candidate.date.is_some_and(|date| head.date != Some(date));
            changes.push((candidate, Change { wanted, add, remove, is_dated_otherwise }));
        }
    }
    ledger.set_flags(record, &as_they_are)?;
    keep_ours(sessions, &mut changes)?;
    let is_whole = make(mailbox, sessions, ledger, record, folder, changes, &mut followed)?;
    report(mailbox, Some(folder), followed);
    Ok(is_whole)
}

/// A planned change of flags.
struct Change {
    wanted: Vec<String>,
    add: Vec<String>,
    remove: Vec<String>,
    /// The date at the place differs from the message's date on the source.
    is_dated_otherwise: bool,
}

/// Keeps the changes whose places hold what we put there. Reads two contents back, and those of messages with another date; if one of them
/// is not ours, reads all.
fn keep_ours(sessions: &mut Sessions, changes: &mut Vec<(&Candidate, Change)>) -> Result<(), Halt> {
    let ends = [changes.first(), changes.last()].into_iter().flatten();
    let doubted = changes.iter().filter(|(_, change)| change.is_dated_otherwise);
    let asked: BTreeSet<Uid> = ends.chain(doubted).map(|(candidate, _)| candidate.place).collect();
    let asked: Vec<Uid> = asked.into_iter().collect();
    let mut readings: Readings<(u64, Digest)> = Readings::default();
    let mut read = |readings: &mut Readings<_>, places: &[Uid]| {
        readings.read::<SizeAndDigest>(sessions.target.reader(), places, &mut Losses::default()).on(Side::Target)
    };
    if asked.is_empty() {
        return Ok(());
    }
    read(&mut readings, &asked)?;
    let holds = |readings: &Readings<(u64, Digest)>, candidate: &Candidate| {
        let digest = readings.get(candidate.place).map(|(_, digest)| *digest);
        digest.is_some() && digest == candidate.message.digest_there()
    };
    let is_read = |candidate: &Candidate| asked.contains(&candidate.place);
    if !changes.iter().filter(|(candidate, _)| is_read(candidate)).all(|(candidate, _)| holds(&readings, candidate)) {
        let all: Vec<Uid> = changes.iter().map(|(candidate, _)| candidate.place).collect();
        read(&mut readings, &all)?;
        changes.retain(|(candidate, _)| holds(&readings, candidate));
    }
    Ok(())
}

/// Intends the changes, makes them, and notes the result of each. Returns whether all were made.
fn make(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    record: &FolderRecord,
    folder: FolderId,
    changes: Vec<(&Candidate, Change)>,
    followed: &mut Followed,
) -> Result<bool, Halt> {
    let intents: Vec<(Uid, Vec<String>)> =
        changes.iter().map(|(candidate, change)| (candidate.message.uid, change.wanted.clone())).collect();
    ledger.intend_flags(record, &intents)?;
    let (mut kinds, mut wanted) = (BTreeMap::new(), BTreeMap::new());
    for (candidate, Change { wanted: flags, add, remove, .. }) in changes {
        kinds.entry((add, remove)).or_insert_with(Vec::new).push(candidate.place);
        wanted.insert(candidate.place, (candidate.message.uid, flags, dropped(&candidate.noted)));
    }
    let kinds: Vec<FlagChange> =
        kinds.into_iter().map(|((add, remove), uids)| FlagChange { uids, add, remove }).collect();
    let FlagsChanged { outcomes, mut now } = sessions.target.change_flags(&kinds).on(Side::Target)?;
    let (mut made, mut again, mut words) = (Vec::new(), Vec::new(), None);
    for (kind, outcome) in kinds.into_iter().zip(outcomes) {
        match outcome {
            Ok(()) => made.push(kind),
            Err(error) => {
                // One keyword too many would also prevent the other keywords and the standard flags.
                words.get_or_insert_with(|| error.words());
                let standard = |flags: Vec<String>| flags.into_iter().filter(|flag| flag.starts_with('\\')).collect();
                let FlagChange { uids, add, remove } = kind;
                again.push(FlagChange { uids, add: standard(add), remove });
            }
        }
    }
    let mut refused = 0;
    if !again.is_empty() {
        let later = sessions.target.change_flags(&again).on(Side::Target)?;
        now.extend(later.now);
        refused = later.outcomes.iter().filter(|outcome| outcome.is_err()).count();
    }
    let mut lost = (0, None);
    let mut set = Vec::new();
    for place in made.iter().chain(&again).flat_map(|kind| &kind.uids) {
        let Some((uid, wanted, dropped)) = wanted.remove(place) else { continue };
        // A server that does not report flags has set all that it confirmed with OK.
        let there = now.remove(place);
        let was_made = made.iter().any(|kind| kind.uids.contains(place));
        let Some(there) = there.or_else(|| was_made.then(|| wanted.clone())) else { continue };
        let has = |flag: &&String| there.iter().any(|it| it.eq_ignore_ascii_case(flag));
        let is_news = |flag: &&String| !dropped.contains(&flag.to_ascii_lowercase());
        match wanted.iter().find(|flag| !has(flag) && is_news(flag)) {
            Some(flag) => lost = (lost.0 + 1, lost.1.or_else(|| Some(flag.clone()))),
            None => followed.flags += 1,
        }
        set.push((uid, note(&wanted, &there)));
    }
    ledger.set_flags(record, &set)?;
    if let (count @ 1.., Some(flag)) = lost {
        let name = record.source_path.as_ref().map_or_else(String::new, ToString::to_string);
        let problem = Problem::new(ProblemKind::KeywordsDropped).in_folder(name).counting(count);
        let problem = problem.saying(words.unwrap_or_default()).noting(Note::FlagLost { flag });
        mailbox.reporter.folder_problem(folder, problem);
    }
    Ok(refused == 0)
}
