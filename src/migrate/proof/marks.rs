//! Marks: whether copied messages have the same date, flags and size on the target as on the source. Servers change some of these silently
//! (RFC 9051, section 6.3.12, only says that they should keep them). Keywords that the target added or did not keep are noted, so that they
//! are not mistaken later for a change by a person.

use crate::domain::{MessageHead, Note, Problem, ProblemKind, Side, Uid};
use crate::imap::{FolderStatus, ImapError};
use crate::ledger::Ledger;
use crate::migrate::attempt::Mailbox;
use crate::migrate::folder::{FolderJob, Scan, noted_flags};
use crate::migrate::halt::{Halt, OnSide};
use crate::migrate::request::Verify;
use crate::migrate::scan::SCANNED_AT_ONCE;
use crate::migrate::sessions::Sessions;
use chrono::{DateTime, FixedOffset};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The messages whose dates differ on the target: how many, and for the first the date as sent and as stored.
type Redated = (u64, Option<(DateTime<FixedOffset>, Option<DateTime<FixedOffset>>)>);

/// A folder whose marks are read.
struct Marked<'a> {
    job: &'a mut FolderJob,
    scan: Arc<Scan>,
    wire_name: Vec<u8>,
    /// Messages that this run copied: the UIDs on the source by those on the target.
    copied: BTreeMap<Uid, Uid>,
    /// The sizes as sent, in bytes, by the UIDs on the source, if sizes are verified.
    sizes: BTreeMap<Uid, u64>,
    /// The places of this run that hold a message.
    held: BTreeSet<Uid>,
    redated: Redated,
    /// Messages whose keywords differ from the source's, and their flags on the target.
    reflagged: BTreeMap<Uid, Vec<String>>,
}

/// Reads the marks of messages that this run copied into the `ready` folders, with one request for each folder and all requests ahead of
/// the answers. Returns how many dates differ from the source's, and notes which flags are missing.
pub fn compare(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    folders: &mut [FolderJob],
    ready: impl Fn(&FolderJob) -> bool,
) -> Result<(), Halt> {
    let verify = mailbox.context.options.verify;
    if verify == Verify::None {
        return Ok(());
    }
    for part in folders.chunks_mut(SCANNED_AT_ONCE) {
        let mut marked = Vec::new();
        for job in part.iter_mut().filter(|job| !job.progress.finished && !job.progress.marks_compared && ready(job)) {
            marked.extend(Marked::new(ledger, job, verify)?);
        }
        let mut all: Vec<&mut Marked<'_>> = marked.iter_mut().collect();
        read(sessions, &mut all)?;
        // Dovecot 2.3 reports a date before 1970 correctly once, and a different one from then on.
        all.retain(|marked| marked.has_dates_before_1970());
        read(sessions, &mut all)?;
        for Marked { job, scan, redated, reflagged, .. } in marked {
            note_keywords(ledger, job, &scan, &reflagged)?;
            report_redated(mailbox, job, redated);
            job.progress.marks_compared = true;
        }
    }
    Ok(())
}

fn read(sessions: &mut Sessions, marked: &mut [&mut Marked<'_>]) -> Result<(), Halt> {
    let wire_names: Vec<Vec<u8>> = marked.iter().map(|marked| marked.wire_name.clone()).collect();
    let wire_names: Vec<&[u8]> = wire_names.iter().map(Vec::as_slice).collect();
    let firsts: Vec<Uid> = marked.iter().filter_map(|marked| marked.copied.keys().next().copied()).collect();
    for marked in &mut *marked {
        marked.redated = Redated::default();
        marked.held.clear();
    }
    let marked = RefCell::new(marked);
    let mut head = |index: usize, stored: MessageHead| marked.borrow_mut()[index].take(&stored);
    let mut end = |index: usize, end: Result<FolderStatus, ImapError>| match end {
        Ok(status) => marked.borrow_mut()[index].take_end(status.messages),
        Err(error) => log::debug!("dates, flags and sizes on the target could not be read: {error}"),
    };
    let first = |index: usize| firsts.get(index).copied().unwrap_or(Uid(1));
    sessions.target.reader().scan(&wire_names, &first, &mut head, &mut end).on(Side::Target)
}

impl<'a> Marked<'a> {
    /// None if nothing was copied into the folder.
    fn new(ledger: &Ledger, job: &'a mut FolderJob, verify: Verify) -> Result<Option<Self>, Halt> {
        let (Some(floor), Some(scan), Some(target)) = (job.progress.floor, job.scan.clone(), &job.target) else {
            return Ok(None);
        };
        let wire_name = target.wire_name.clone();
        let Some(record) = ledger.folder(&job.source) else { return Ok(None) };
        let pairs = ledger.uid_pairs(&record)?.into_iter().filter(|(_, target_uid)| *target_uid >= floor);
        let copied: BTreeMap<Uid, Uid> = pairs.map(|(uid, target_uid)| (target_uid, uid)).collect();
        if copied.is_empty() {
            return Ok(None);
        }
        let sizes = if verify == Verify::Size { ledger.done(&record)? } else { Vec::new() };
        let sizes = sizes.into_iter().collect();
        let (held, redated, reflagged) = (BTreeSet::new(), Redated::default(), BTreeMap::new());
        Ok(Some(Self { job, scan, wire_name, copied, sizes, held, redated, reflagged }))
    }

    /// Ends the reading of a folder that holds this many messages.
    fn take_end(&mut self, messages: u64) {
        let Self { job, copied, held, .. } = self;
        let is_empty = |place: &Uid| job.progress.places.contains(place) && !held.contains(place);
        let emptied = copied.iter().filter(|(place, _)| is_empty(place)).map(|(_, uid)| *uid).collect();
        (job.progress.emptied, job.progress.on_target) = (emptied, Some(messages));
    }

    fn has_dates_before_1970(&self) -> bool {
        let date = |uid: &Uid| self.scan.heads.get(*uid)?.date;
        self.copied.values().filter_map(date).any(|date| date.timestamp() < 0)
    }

    fn take(&mut self, stored: &MessageHead) {
        let heads = &self.scan.heads;
        let Some((uid, sent)) = self.copied.get(&stored.uid).and_then(|uid| Some((*uid, heads.get(*uid)?))) else {
            return;
        };
        self.held.insert(stored.uid);
        let progress = &mut self.job.progress;
        if self.sizes.get(&uid) == Some(&stored.size) {
            progress.sized.insert(uid);
        }
        if sent.date.is_some() && sent.date != stored.date && !progress.dateless.contains(&uid) {
            self.redated.0 += 1;
            self.redated.1 = self.redated.1.or(sent.date.map(|date| (date, stored.date)));
        }
        let kept = |flag: &&String| stored.flags.iter().any(|it| it.eq_ignore_ascii_case(flag));
        if let Some(flag) = heads.flags(sent).iter().find(|flag| !kept(flag)) {
            progress.flags_lost.note(uid, flag);
        }
        // On messages of an earlier run, somebody may have changed the flags.
        let is_of_this_run = progress.places.is_empty() || progress.places.contains(&stored.uid);
        if is_of_this_run && !have_same_keywords(heads.flags(sent), &stored.flags) {
            self.reflagged.insert(uid, stored.flags.clone());
        }
    }
}

fn have_same_keywords(one: &[String], other: &[String]) -> bool {
    let keywords = |flags: &[String]| -> BTreeSet<String> {
        flags.iter().filter(|flag| !flag.starts_with('\\')).map(|flag| flag.to_ascii_lowercase()).collect()
    };
    keywords(one) == keywords(other)
}

/// Notes the keywords that the target added to messages, and those that it did not keep.
fn note_keywords(
    ledger: &mut Ledger,
    job: &FolderJob,
    scan: &Scan,
    reflagged: &BTreeMap<Uid, Vec<String>>,
) -> Result<(), Halt> {
    let Some(record) = ledger.folder(&job.source).filter(|_| !reflagged.is_empty()) else { return Ok(()) };
    let mut notes = Vec::new();
    for (uid, there) in reflagged {
        if let (Some(noted), Some(head)) = (ledger.flags(&record, *uid)?, scan.heads.get(*uid)) {
            notes.push((*uid, noted_flags::note_keywords(noted, scan.heads.flags(head), there)));
        }
    }
    Ok(ledger.set_flags(&record, &notes)?)
}

fn report_redated(mailbox: &mut Mailbox<'_>, job: &FolderJob, (count, example): Redated) {
    let Some((sent, stored)) = example else { return };
    let problem = Problem::new(ProblemKind::DateNotKept).in_folder(&job.planned.source);
    let problem = problem.counting(count).noting(Note::DateBecame { sent, stored });
    mailbox.reporter.folder_problem(job.id, problem);
}
