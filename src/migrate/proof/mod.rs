//! The proof: what stands on the target is read back and compared with what was sent.
//!
//! While folders are copied, a second connection follows behind (`follower`) and takes most of the work off the copying one. At a
//! folder's end `check_by_content` checks whatever the ledger does not know as checked.

pub mod marks;

use crate::domain::{Digest, Note, Problem, ProblemKind, Side, Uid};
use crate::imap::{ImapError, Reader};
use crate::ledger::{Done, FolderRecord, Ledger, Snapshot};
use crate::migrate::attempt::failures::Failure;
use crate::migrate::attempt::{FolderRun, Mailbox, within_folder};
use crate::migrate::content::matching::{heads_from, summaries};
use crate::migrate::content::{Comparison, Read, Right, SizeAndDigest, read_each};
use crate::migrate::folder::describe::describe;
use crate::migrate::folder::progress::FolderProgress;
use crate::migrate::folder::{FolderJob, Scan};
use crate::migrate::halt::{Halt, OnSide};
use crate::migrate::request::Verify;
use crate::migrate::sessions::Sessions;
use crate::progress::Step;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Proves what was copied, compares its dates, and ends the folders. An error that only reaches a folder is told and is no `Err`.
pub fn prove_folders(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    folders: &mut [FolderJob],
) -> Result<(), Halt> {
    // What is known already is compared while the follower is still at its work.
    marks::compare(mailbox, sessions, ledger, folders, |job| !job.progress.own_appends.is_placeless())?;
    for_each_open(mailbox, sessions, ledger, folders, |run| run.prove())?;
    marks::compare(mailbox, sessions, ledger, folders, |_| true)?;
    for_each_open(mailbox, sessions, ledger, folders, |run| run.finish())
}

fn for_each_open(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    folders: &mut [FolderJob],
    work: fn(&mut FolderRun<'_, '_>) -> Result<(), Halt>,
) -> Result<(), Halt> {
    for job in folders.iter_mut().filter(|job| !job.progress.finished) {
        if mailbox.context.control.holding() {
            return Err(Halt::Held);
        }
        // Without either the folder was given up.
        let (Some(scan), Some(target)) = (job.scan.clone(), job.target.clone()) else { continue };
        let outcome = work(&mut FolderRun { mailbox, sessions, ledger, job, scan: &scan, target: &target });
        within_folder(outcome, &mut mailbox.reporter, job)?;
    }
    Ok(())
}

/// What is said of a message whose line ends are others.
pub const LINE_ENDS: &str = "its text is the same, with other line ends";

/// A message that is not right on the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wrong {
    pub uid: Uid,
    /// Where it stands with other content; none when it is not there.
    pub target_uid: Option<Uid>,
}

/// The result of checking messages of one folder.
#[derive(Debug, Default)]
struct Checked {
    right: Vec<Right>,
    wrong: Vec<Wrong>,
}

impl FolderRun<'_, '_> {
    /// Compares with the target what is not compared yet.
    fn prove(&mut self) -> Result<(), Halt> {
        if let Some(doubled) = self.job.progress.own_appends.take_doubled() {
            self.report_once(doubled.in_folder(&self.job.planned.source));
        }
        match self.ledger.folder(&self.job.source) {
            Some(record) => self.check_rest(&record),
            None => Ok(()),
        }
    }

    /// Notes what is complete, and ends the folder.
    fn finish(&mut self) -> Result<(), Halt> {
        let Some(record) = self.ledger.folder(&self.job.source) else { return Ok(()) };
        self.report_dates(self.job.progress.dateless.len() as u64);
        self.job.report_lost_flags(&mut self.mailbox.reporter);
        if self.job.progress.failed.is_empty() && !self.mailbox.context.selection.limits_messages() {
            let Scan { status, heads } = self.scan;
            let uid_next = status.uid_next.or_else(|| heads.all().last().map(|head| Uid(head.uid.0.saturating_add(1))));
            // What came after the scan is not copied: then the folder's number of messages differs.
            let snapshot = Snapshot { uid_next: uid_next.unwrap_or(Uid(1)), messages: heads.all().len() as u64 };
            self.ledger.complete(&record, snapshot)?;
        }
        self.job.finish(&self.mailbox.reporter, self.job.progress.on_target);
        Ok(())
    }

    fn report_dates(&mut self, messages: u64) {
        if messages > 0 {
            let problem = Problem::new(ProblemKind::DateNotKept).in_folder(&self.job.planned.source);
            let problem = problem.counting(messages).noting(Note::NoDates);
            self.mailbox.reporter.folder_problem(self.job.id, problem);
        }
    }

    /// Names what does not stand on the target as it should.
    fn take_wrong(&mut self, wrong: &[Wrong]) -> Result<(), Halt> {
        let failure = |wrong: &Wrong| {
            let stands = wrong.target_uid.is_some();
            Failure::new(wrong.uid, if stands { ProblemKind::MessageAltered } else { ProblemKind::MessageMissing }, "")
        };
        self.fail_all(wrong.iter().map(failure).collect())
    }

    /// Waits for the follower, then checks here whatever is not checked yet.
    fn check_rest(&mut self, record: &FolderRecord) -> Result<(), Halt> {
        let verify = self.mailbox.context.options.verify;
        if verify == Verify::None {
            return Ok(());
        }
        if let Some(follower) = &mut self.sessions.follower {
            self.mailbox.take_right(self.ledger, follower.collect(true))?;
        }
        let rest = self.ledger.unchecked(record)?;
        let FolderProgress { failed, sizes_reported, .. } = &self.job.progress;
        let is_open = |done: &Done| !failed.contains(&done.uid) && !sizes_reported.contains(&done.uid);
        let rest: Vec<Done> = rest.into_iter().filter(is_open).collect();
        if rest.is_empty() {
            return Ok(());
        }
        self.mailbox.reporter.step(Step::Checking(self.job.id));
        if verify == Verify::Size {
            return self.check_sizes(rest);
        }
        let wrong = self.check_by_content(record, &rest)?;
        self.take_wrong(&wrong)
    }

    /// Checks by size only, first by what was seen with the marks.
    fn check_sizes(&mut self, done: Vec<Done>) -> Result<(), Halt> {
        let sized = &self.job.progress.sized;
        let (mut right, rest): (Vec<Done>, Vec<Done>) = done.into_iter().partition(|done| sized.contains(&done.uid));
        if !rest.is_empty() {
            self.sessions.target.reader().examine(&self.target.wire_name).on(Side::Target)?;
            let (found, wrong) = check_sizes(self.sessions.target.reader(), &rest)?;
            right.extend(found);
            self.take_wrong(&wrong)?;
        }
        right.retain(|done| self.job.progress.sizes_reported.insert(done.uid));
        self.mailbox.reporter.checked(self.job.id, right.len() as u64, right.iter().map(|done| done.size).sum());
        Ok(())
    }

    /// Checks messages of the folder with everything that can be found out, notes what is right, and returns what is not. What was found
    /// right until a line was lost stays found: a large folder on a bad line is not begun anew each time.
    pub fn check_by_content(&mut self, record: &FolderRecord, messages: &[Done]) -> Result<Vec<Wrong>, Halt> {
        let known = self.ledger.target_uids(record)?;
        self.sessions.target.reader().examine(&self.target.wire_name).on(Side::Target)?;
        self.open_source()?;
        let Sessions { source, target, .. } = &mut *self.sessions;
        let mut checked = Checked::default();
        let outcome = check(source, target.reader(), messages, &known, &mut checked);
        let other_ends: Vec<Uid> = checked
            .right
            .iter()
            .filter(|right| right.comparison == Comparison::LineEnds)
            .map(|right| right.uid)
            .collect();
        let normalised = checked.right.iter().filter(|right| !right.is_equal()).count() - other_ends.len();
        self.mailbox.take_right(self.ledger, vec![(self.job.id, record.clone(), checked.right)])?;
        if normalised > 0 {
            let problem = Problem::new(ProblemKind::MessageNormalised).in_folder(&self.job.planned.source);
            self.job.report_once(&mut self.mailbox.reporter, problem.counting(normalised as u64));
        }
        let named = self.name_other_line_ends(&other_ends, outcome.is_ok());
        outcome.and(named)?;
        Ok(checked.wrong)
    }

    /// Names messages of which more than the last line end is another; the source is asked who wrote them if it can be `asked`.
    fn name_other_line_ends(&mut self, uids: &[Uid], asked: bool) -> Result<(), Halt> {
        let folder = (self.job.source.wire_name.as_slice(), Some(self.scan.status.uid_validity));
        let askable = uids.iter().copied().filter(|_| asked);
        let (envelopes, lost) = self.mailbox.names.ask(&mut self.sessions.source, folder, askable);
        for uid in uids {
            let name = describe(self.scan.heads.get(*uid), *uid, envelopes.get(uid));
            let problem = Problem::new(ProblemKind::MessageNormalised).in_folder(&self.job.planned.source);
            self.report_problem(problem.about_message(name).saying(LINE_ENDS));
        }
        lost.map_or(Ok(()), |error| Err(Halt::Server { side: Side::Source, error }))
    }
}

fn compare_known(reader: &mut Reader, messages: &[Done], checked: &mut Checked) -> Result<(), ImapError> {
    let expected: BTreeMap<Uid, &Done> =
        messages.iter().filter_map(|message| Some((message.target_uid?, message))).collect();
    let uids: Vec<Uid> = expected.keys().copied().collect();
    read_each::<SizeAndDigest>(reader, &uids, &mut |target_uid, read| {
        let Some(message) = expected.get(&target_uid) else { return };
        match read {
            Read::Content((_, digest)) if digest == message.digest => checked.right.push(Right {
                uid: message.uid,
                target_uid,
                size: message.size,
                comparison: Comparison::Equal,
            }),
            Read::Content(_) => checked.wrong.push(Wrong { uid: message.uid, target_uid: Some(target_uid) }),
            Read::Absent | Read::Unreadable => checked.wrong.push(Wrong { uid: message.uid, target_uid: None }),
        }
    })
}

/// Checks messages of the folders that both sides have open: where the target's UIDs are not known by content, and where the content
/// differs by comparing with the source once more.
fn check(
    source: &mut Reader,
    target: &mut Reader,
    messages: &[Done],
    known_target_uids: &[Uid],
    checked: &mut Checked,
) -> Result<(), Halt> {
    let (known, unknown): (Vec<Done>, Vec<Done>) =
        messages.iter().cloned().partition(|message| message.target_uid.is_some());
    compare_known(target, &known, checked).on(Side::Target)?;
    let mut strangers = Vec::new();
    if !unknown.is_empty() {
        strangers = match_by_content(target, &unknown, known_target_uids, checked)?;
    }
    if checked.wrong.is_empty() { Ok(()) } else { classify(source, target, &strangers, checked) }
}

/// Finds messages whose UIDs on the target nobody told; returns the UIDs there that belong to none of them.
fn match_by_content(
    target: &mut Reader,
    unknown: &[Done],
    known_target_uids: &[Uid],
    checked: &mut Checked,
) -> Result<Vec<Uid>, Halt> {
    let first = unknown.iter().map(|message| message.floor).min().unwrap_or(1).max(1);
    let taken: BTreeSet<Uid> = known_target_uids.iter().copied().collect();
    let arrived = heads_from(target, Uid(first)).on(Side::Target)?;
    let uids: Vec<Uid> = arrived.all().iter().map(|head| head.uid).filter(|uid| !taken.contains(uid)).collect();
    let mut wanted: HashMap<Digest, Vec<&Done>> = HashMap::new();
    for message in unknown.iter().rev() {
        wanted.entry(message.digest).or_default().push(message);
    }
    let mut strangers = Vec::new();
    read_each::<SizeAndDigest>(target, &uids, &mut |target_uid, read| {
        let Read::Content((_, digest)) = read else { return };
        match wanted.get_mut(&digest).and_then(Vec::pop) {
            Some(message) => checked.right.push(Right {
                uid: message.uid,
                target_uid,
                size: message.size,
                comparison: Comparison::Equal,
            }),
            None => strangers.push(target_uid),
        }
    })
    .on(Side::Target)?;
    let missing = wanted.into_values().flatten().map(|message| Wrong { uid: message.uid, target_uid: None });
    checked.wrong.extend(missing);
    Ok(strangers)
}

/// Looks at what is wrong once more, beside the source's own content.
fn classify(source: &mut Reader, target: &mut Reader, strangers: &[Uid], checked: &mut Checked) -> Result<(), Halt> {
    let wrong = std::mem::take(&mut checked.wrong);
    let mut on_target: Vec<Uid> = wrong.iter().filter_map(|wrong| wrong.target_uid).collect();
    on_target.extend(strangers);
    let stored = summaries(target, &on_target).on(Side::Target)?;
    let uids: Vec<Uid> = wrong.iter().map(|wrong| wrong.uid).collect();
    let sent = summaries(source, &uids).on(Side::Source)?;
    let mut free: BTreeSet<Uid> = strangers.iter().copied().collect();
    for mut wrong in wrong {
        let Some(sent) = sent.get(&wrong.uid) else {
            checked.wrong.push(wrong);
            continue;
        };
        let compared = |target_uid: &Uid| Some((sent.compare(stored.get(target_uid)?), *target_uid));
        let found = match &wrong.target_uid {
            Some(target_uid) => compared(target_uid),
            None => {
                free.iter().filter_map(compared).min().filter(|(comparison, _)| *comparison != Comparison::Different)
            }
        };
        if let Some((_, target_uid)) = found {
            free.remove(&target_uid);
        }
        match found {
            Some((comparison, target_uid)) if comparison.is_harmless() => {
                checked.right.push(Right { uid: wrong.uid, target_uid, size: sent.octets, comparison });
            }
            _ => {
                wrong.target_uid = found.map(|(_, target_uid)| target_uid);
                checked.wrong.push(wrong);
            }
        }
    }
    Ok(())
}

/// Compares sizes only: returns the messages whose size stands on the target, and the others.
pub fn check_sizes(target: &mut Reader, messages: &[Done]) -> Result<(Vec<Done>, Vec<Wrong>), Halt> {
    let first = messages.iter().map(|message| message.target_uid.map_or(message.floor, |uid| uid.0)).min();
    let there = heads_from(target, Uid(first.unwrap_or(1).max(1))).on(Side::Target)?;
    let known: BTreeSet<Uid> = messages.iter().filter_map(|message| message.target_uid).collect();
    let mut unclaimed: HashMap<u64, usize> = HashMap::new();
    for head in there.all().iter().filter(|head| !known.contains(&head.uid)) {
        *unclaimed.entry(head.size).or_default() += 1;
    }
    let (mut right, mut wrong) = (Vec::new(), Vec::new());
    for message in messages {
        let stands = match message.target_uid {
            Some(target_uid) => there.get(target_uid).is_some_and(|head| head.size == message.size),
            None => unclaimed.get_mut(&message.size).is_some_and(|left| {
                let found = *left > 0;
                *left -= usize::from(found);
                found
            }),
        };
        if stands {
            right.push(message.clone());
        } else {
            let target_uid = message.target_uid.filter(|uid| there.get(*uid).is_some());
            wrong.push(Wrong { uid: message.uid, target_uid });
        }
    }
    Ok((right, wrong))
}
