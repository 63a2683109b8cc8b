//! One folder of a mailbox on its way: what was told of it, and its proof after it was copied. See `copy` for the copying, `past`
//! for what a folder learns of earlier runs, and `refused` for what is done about messages that one of the servers does not give or take.

use super::halt::{Halt, OnSide};
use super::heads::Heads;
use super::mailbox::Mailbox;
use super::past::others::Others;
use super::past::reconcile::Compared;
use super::plan::Way;
use super::proof;
use super::proof::follower::Found;
use super::proof::marks::{self, FlagsLost};
use super::request::Verify;
use super::sign_in::Sessions;
use crate::domain::{Folder, FolderId, PlannedFolder, Problem, ProblemKind, Reach, Side, Uid};
use crate::imap::{FolderStatus, ImapError, OpenFolder};
use crate::ledger::{Done, FolderRecord, Ledger, Snapshot};
use crate::progress::{Event, Step};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

/// A folder on its way.
pub(super) struct FolderJob {
    pub(super) id: FolderId,
    pub(super) source: Folder,
    pub(super) planned: PlannedFolder,
    /// Whether only those of its messages are copied that no folder before it has.
    pub(super) rest: bool,
    /// The source's folder, from its scan until it is proved.
    pub(super) scan: Option<Arc<Scan>>,
    /// The target's folder as this attempt found it.
    pub(super) target: Option<TargetFolder>,
    pub(super) progress: FolderProgress,
}

/// A folder of the source as it was scanned.
pub(super) struct Scan {
    pub(super) status: FolderStatus,
    pub(super) heads: Heads,
}

impl Scan {
    /// Messages that the source counts and does not tell of.
    pub(super) fn untold(&self) -> u64 {
        self.status.messages.saturating_sub(self.heads.read())
    }
}

/// The target's folder, ready to be appended to.
#[derive(Clone)]
pub(super) struct TargetFolder {
    pub(super) wire_name: Vec<u8>,
    pub(super) open: OpenFolder,
    /// When it was looked at.
    pub(super) looked_at: Instant,
}

/// What was told of a folder in this run, over all attempts, so that nothing is counted twice.
#[derive(Debug, Default)]
pub(super) struct FolderProgress {
    found: u64,
    found_bytes: u64,
    copied: u64,
    copied_bytes: u64,
    /// Named as failed; not tried again in this run.
    pub(super) failed: BTreeSet<Uid>,
    /// Copied without a date, because the source told none or the target takes none.
    pub(super) dateless: BTreeSet<Uid>,
    /// Copied without some of their flags.
    pub(super) flags_lost: FlagsLost,
    /// Seen on the target with the size that was sent.
    pub(super) sized: BTreeSet<Uid>,
    /// Told as checked by size; the ledger does not note that.
    sizes_told: BTreeSet<Uid>,
    /// The places on the target that were told for messages of this run.
    pub(super) places: BTreeSet<Uid>,
    /// Whether the record was begun anew in this run.
    pub(super) begun_anew: bool,
    /// What was read for that until a line was lost.
    pub(super) compared: Compared,
    /// Whether the marks of all that was copied were compared.
    pub(super) marks_compared: bool,
    /// How many messages the target's folder holds after the copying, as far as it was seen.
    pub(super) on_target: Option<u64>,
    /// The target folder's UIDNEXT before anything was copied into it whose marks were not compared.
    pub(super) floor: Option<Uid>,
    /// How often the target's line was lost while its folder was made ready.
    pub(super) ready_losses: u32,
    /// How often the target's line was lost while a message was on its way.
    pub(super) sending_losses: BTreeMap<Uid, u32>,
    /// How often the source's line was lost while a message was read.
    pub(super) line_losses: BTreeMap<Uid, u32>,
    pub(super) others: Others,
    told: BTreeSet<ProblemKind>,
    left_out_told: bool,
    /// Whether it came to its end.
    pub(super) finished: bool,
}

impl FolderProgress {
    /// Counts messages that were copied; returns how many and their octets.
    pub(super) fn note_copied(&mut self, done: &[Done]) -> (u64, u64) {
        let (messages, bytes) = (done.len() as u64, done.iter().map(|message| message.size).sum());
        self.copied += messages;
        self.copied_bytes += bytes;
        self.others.note_own(done);
        (self.marks_compared, self.on_target) = (false, None);
        (messages, bytes)
    }

    /// Messages found or copied so far.
    pub(super) fn settled(&self) -> u64 {
        self.found + self.copied + self.failed.len() as u64
    }
}

impl FolderJob {
    pub(super) fn new(id: FolderId, source: Folder, way: &Way) -> Self {
        let planned = way.planned.clone();
        Self { id, source, planned, rest: way.rest, scan: None, target: None, progress: FolderProgress::default() }
    }

    /// Ends a folder whose every message stands on the target from an earlier run.
    pub(super) fn take_over(
        &mut self,
        mailbox: &Mailbox<'_>,
        (messages, bytes): (u64, u64),
        source: &FolderStatus,
        target: &FolderStatus,
    ) {
        mailbox.tell_counted(self.id, source.messages, Some(bytes));
        self.tell_found(mailbox, messages, bytes);
        self.finish(mailbox, Some(target.messages));
    }

    /// Ends a folder that cannot be copied. The rest of the mailbox goes on.
    pub(super) fn give_up(&mut self, mailbox: &mut Mailbox<'_>, problem: Problem) {
        mailbox.tell_folder_problem(self.id, problem);
        self.finish(mailbox, None);
    }

    /// Tells a notice about the folder once in a run.
    pub(super) fn tell_once(&mut self, mailbox: &mut Mailbox<'_>, problem: Problem) {
        if self.progress.told.insert(problem.kind) {
            mailbox.tell_folder_problem(self.id, problem);
        }
    }

    /// Names messages that the source counts and does not tell of, once in a run.
    pub(super) fn tell_untold(&mut self, mailbox: &mut Mailbox<'_>, messages: u64) {
        if messages > 0 {
            let problem = Problem::new(ProblemKind::MessageUnreadable).in_folder(&self.planned.source);
            self.tell_once(mailbox, problem.counting(messages).saying("the server counts them and does not list them"));
        }
    }

    /// Tells how many messages the user's rules leave out, once in a run.
    pub(super) fn tell_left_out(&mut self, mailbox: &Mailbox<'_>, messages: u64) {
        if messages > 0 && !std::mem::replace(&mut self.progress.left_out_told, true) {
            mailbox.context.tell(Event::MessagesLeftOut { account: mailbox.id, folder: self.id, messages });
        }
    }

    /// Tells what stands on the target and was not told yet.
    pub(super) fn tell_found(&mut self, mailbox: &Mailbox<'_>, messages: u64, bytes: u64) {
        let progress = &mut self.progress;
        let found = messages.saturating_sub(progress.found + progress.copied);
        let found_bytes = bytes.saturating_sub(progress.found_bytes + progress.copied_bytes);
        if found > 0 {
            progress.found += found;
            progress.found_bytes += found_bytes;
            let (account, folder) = (mailbox.id, self.id);
            mailbox.context.tell(Event::MessagesFound { account, folder, messages: found, bytes: found_bytes });
        }
    }

    fn finish(&mut self, mailbox: &Mailbox<'_>, target_messages: Option<u64>) {
        self.progress.finished = true;
        self.scan = None;
        mailbox.context.tell(Event::FolderFinished { account: mailbox.id, folder: self.id, target_messages });
    }
}

/// Proves what was copied, compares its dates, and ends the folders. An error that only reaches a folder is told and is no `Err`.
pub(super) fn prove_folders(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    folders: &mut [FolderJob],
) -> Result<(), Halt> {
    // What is known already is compared while the follower is still at its work.
    marks::compare(mailbox, sessions, ledger, folders, |job| !job.progress.others.is_placeless())?;
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
        within_folder(outcome, mailbox, job)?;
    }
    Ok(())
}

/// Ends a folder by an error that only reaches it; none then. The rest of the mailbox goes on.
pub(super) fn within_folder<T>(
    outcome: Result<T, Halt>,
    mailbox: &mut Mailbox<'_>,
    job: &mut FolderJob,
) -> Result<Option<T>, Halt> {
    match outcome {
        Ok(done) => Ok(Some(done)),
        Err(Halt::Server { side, error }) if !error.is_connection() => {
            job.give_up(mailbox, refused_folder(side, &job.planned, &error));
            Ok(None)
        }
        Err(Halt::Problem(problem)) if problem.reach() == Reach::Folder => {
            job.give_up(mailbox, *problem);
            Ok(None)
        }
        Err(halt) => Err(halt),
    }
}

/// A folder that one side refuses to open, to read or to make.
pub(super) fn refused_folder(side: Side, planned: &PlannedFolder, error: &ImapError) -> Problem {
    let kind = match side {
        Side::Source => ProblemKind::FolderNotRead,
        Side::Target | Side::Administration => ProblemKind::FolderNotCreated,
    };
    Problem::new(kind).on(side).in_folder(&planned.source).saying(error.words())
}

/// Work on one folder in one attempt.
pub(super) struct FolderRun<'r, 'a> {
    pub(super) mailbox: &'r mut Mailbox<'a>,
    pub(super) sessions: &'r mut Sessions,
    pub(super) ledger: &'r mut Ledger,
    pub(super) job: &'r mut FolderJob,
    pub(super) scan: &'r Scan,
    pub(super) target: &'r TargetFolder,
}

impl FolderRun<'_, '_> {
    /// Opens the folder on the source, and makes sure that it is still the one that was scanned.
    pub(super) fn open_source(&mut self) -> Result<(), Halt> {
        let wire_name = &self.job.source.wire_name;
        if self.sessions.source.has_open(wire_name) {
            return Ok(());
        }
        let status = self.sessions.source.examine(wire_name).on(Side::Source)?;
        if status.uid_validity == self.scan.status.uid_validity { Ok(()) } else { Err(self.replaced()) }
    }

    /// The folder's UIDs name other messages now.
    pub(super) fn replaced(&self) -> Halt {
        Problem::new(ProblemKind::FolderReplaced).in_folder(&self.job.planned.source).into()
    }

    /// Compares with the target what is not compared yet.
    fn prove(&mut self) -> Result<(), Halt> {
        self.tell_doubled();
        match self.ledger.folder(&self.job.source.wire_name)? {
            Some(record) => self.check_rest(&record),
            None => Ok(()),
        }
    }

    /// Notes what is complete, and ends the folder.
    fn finish(&mut self) -> Result<(), Halt> {
        let Some(record) = self.ledger.folder(&self.job.source.wire_name)? else { return Ok(()) };
        self.tell_dates(self.job.progress.dateless.len() as u64);
        self.job.tell_lost_flags(self.mailbox);
        if self.job.progress.failed.is_empty() && !self.mailbox.context.selection.limits_messages() {
            let Scan { status, heads } = self.scan;
            let uid_next = status.uid_next.or_else(|| heads.all().last().map(|head| Uid(head.uid.0.saturating_add(1))));
            // What came after the scan is not copied: then the folder's number of messages differs.
            let snapshot = Snapshot { uid_next: uid_next.unwrap_or(Uid(1)), messages: heads.all().len() as u64 };
            self.ledger.complete(&record, snapshot)?;
        }
        self.job.finish(self.mailbox, self.job.progress.on_target);
        Ok(())
    }

    /// Notes at which message the source's line was lost. A server that fails at a message again and again, whatever else is read
    /// before it, must not cost the rest of the mailbox.
    pub(super) fn suspect(&mut self, uid: Uid, error: &ImapError) {
        const TRIES: u32 = 3;
        if !error.is_loss() || self.mailbox.context.control.stopping() {
            return;
        }
        let losses = self.job.progress.line_losses.entry(uid).or_default();
        *losses += 1;
        if *losses >= TRIES {
            let words = format!("the connection was lost {losses} times while it was read: {}", error.words());
            self.fail(uid, ProblemKind::MessageUnreadable, &words);
        }
    }

    /// Waits for the follower, then checks here whatever is not checked yet.
    fn check_rest(&mut self, record: &FolderRecord) -> Result<(), Halt> {
        let verify = self.mailbox.context.options.verify;
        if verify == Verify::None {
            return Ok(());
        }
        if let Some(follower) = &mut self.sessions.follower {
            take_right(self.mailbox, self.ledger, follower.collect(true))?;
        }
        let rest = self.ledger.unchecked(record)?;
        let FolderProgress { failed, sizes_told, .. } = &self.job.progress;
        let is_open = |done: &Done| !failed.contains(&done.uid) && !sizes_told.contains(&done.uid);
        let rest: Vec<Done> = rest.into_iter().filter(is_open).collect();
        if rest.is_empty() {
            return Ok(());
        }
        self.mailbox.step(Step::Checking(self.job.id));
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
            let (found, wrong) = proof::check_sizes(self.sessions.target.reader(), &rest)?;
            right.extend(found);
            self.take_wrong(&wrong)?;
        }
        right.retain(|done| self.job.progress.sizes_told.insert(done.uid));
        tell_checked(self.mailbox, self.job.id, right.len() as u64, right.iter().map(|done| done.size).sum());
        Ok(())
    }
}

/// Notes what was found right, and tells it.
pub(super) fn take_right(mailbox: &mut Mailbox<'_>, ledger: &mut Ledger, found: Vec<Found>) -> Result<(), Halt> {
    for (folder, record, right) in found.into_iter().filter(|(_, _, right)| !right.is_empty()) {
        let pairs: Vec<(Uid, Uid)> = right.iter().map(|right| (right.uid, right.target_uid)).collect();
        ledger.checked(&record, &pairs)?;
        tell_checked(mailbox, folder, right.len() as u64, right.iter().map(|right| right.size).sum());
    }
    Ok(())
}

pub(super) fn tell_checked(mailbox: &mut Mailbox<'_>, folder: FolderId, messages: u64, bytes: u64) {
    if messages > 0 {
        mailbox.checked += messages;
        mailbox.context.tell(Event::MessagesChecked { account: mailbox.id, folder, messages, bytes });
    }
}
