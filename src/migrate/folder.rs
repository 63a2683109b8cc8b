//! One folder of a mailbox: copied round by round, then proved. See `history` for what it learns of earlier runs, and `refused` for
//! what it does about messages that one of the servers does not give or take.

use super::connections::Sessions;
use super::copy::{DateStyle, Desk, Round, RoundEnd, copy_round};
use super::flags::FlagFilter;
use super::halt::{Halt, OnSide};
use super::heads::Heads;
use super::mailbox::Mailbox;
use super::marks::FlagsLost;
use super::others::{self, Others};
use super::planner::Way;
use super::proof;
use super::refused::Retries;
use super::request::Verify;
use crate::domain::{Folder, FolderId, PlannedFolder, Problem, ProblemKind, Reach, Side, Uid};
use crate::imap::{AppendWay, FolderStatus, ImapError, OpenFolder};
use crate::ledger::{Done, FolderRecord, Ledger, Snapshot};
use crate::progress::{Event, Step};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

/// A folder on its way.
pub(super) struct FolderJob {
    pub(super) id: FolderId,
    pub(super) source: Folder,
    pub(super) planned: PlannedFolder,
    /// Whether only those of its messages are copied that no folder before it has.
    pub(super) rest: bool,
    /// The source's folder, from its scan until it is proved.
    pub(super) scan: Option<Scan>,
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
    /// The target folder's UIDNEXT before this run copied anything into it.
    pub(super) floor: Option<Uid>,
    /// How often the target's line was lost while its folder was made ready.
    pub(super) ready_losses: u32,
    /// How often the target's line was lost at a message that was sent alone; none yet for one that was on its way with others.
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

/// What is done with a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FolderWork {
    /// What is missing on the target is copied.
    Copy,
    /// What stands there is compared.
    Prove,
}

/// Copies or proves one folder. An error that only reaches this folder is told and is no `Err`.
pub(super) fn work(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    job: &mut FolderJob,
    work: FolderWork,
) -> Result<(), Halt> {
    // Without either the folder was given up.
    let (Some(scan), Some(target)) = (job.scan.take(), job.target.clone()) else { return Ok(()) };
    let mut run = FolderRun { mailbox, sessions, ledger, job, scan: &scan, target: &target };
    let outcome = match work {
        FolderWork::Copy => run.copy_missing(),
        FolderWork::Prove => run.prove_and_finish(),
    };
    if !job.progress.finished {
        // Kept for the proof, or for the next attempt should this one have lost its line.
        job.scan = Some(scan);
    }
    match outcome {
        Err(Halt::Server { side, error }) if !error.is_connection() => {
            job.give_up(mailbox, refused_folder(side, &job.planned, &error));
            Ok(())
        }
        Err(Halt::Problem(problem)) if problem.reach() == Reach::Folder => {
            job.give_up(mailbox, *problem);
            Ok(())
        }
        outcome => outcome,
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
    fn copy_missing(&mut self) -> Result<(), Halt> {
        let (record, since) = self.learn_the_past()?;
        let (messages, bytes) = self.ledger.done_counts(&record)?;
        self.job.tell_found(self.mailbox, messages, bytes);
        let done: BTreeSet<Uid> = self.ledger.done(&record)?.into_iter().map(|(uid, _)| uid).collect();
        let to_copy: Vec<Uid> = self
            .scan
            .heads
            .all()
            .iter()
            .map(|head| head.uid)
            .filter(|uid| !done.contains(uid) && !self.job.progress.failed.contains(uid))
            .collect();
        if to_copy.is_empty() {
            return Ok(());
        }
        self.mailbox.step(Step::Copying(self.job.id));
        self.open_source()?;
        let to_copy = self.without_arrived(&record, since, to_copy)?;
        self.copy(&record, to_copy)
    }

    /// Opens the folder on the source, and makes sure that it is still the one that was scanned.
    pub(super) fn open_source(&mut self) -> Result<(), Halt> {
        let wire_name = &self.job.source.wire_name;
        if self.sessions.source.has_open(wire_name) {
            return Ok(());
        }
        let status = self.sessions.source.examine(wire_name).on(Side::Source)?;
        if status.uid_validity == self.scan.status.uid_validity {
            return Ok(());
        }
        // Its UIDs name other messages now.
        Err(Problem::new(ProblemKind::FolderReplaced).in_folder(&self.job.planned.source).into())
    }

    fn prove_and_finish(&mut self) -> Result<(), Halt> {
        self.tell_doubled();
        let Some(record) = self.ledger.folder(&self.job.source.wire_name)? else { return Ok(()) };
        self.prove(&record)?;
        self.compare_marks(&record)?;
        self.tell_dates(self.job.progress.dateless.len() as u64);
        if self.job.progress.failed.is_empty() && !self.mailbox.context.selection.limits_messages() {
            let Scan { status, heads } = self.scan;
            let uid_next = status.uid_next.or_else(|| heads.all().last().map(|head| Uid(head.uid.0.saturating_add(1))));
            // What came after the scan is not copied: then the folder's number of messages differs.
            let snapshot = Snapshot { uid_next: uid_next.unwrap_or(Uid(1)), messages: heads.all().len() as u64 };
            self.ledger.complete(&record, snapshot)?;
        }
        self.job.finish(self.mailbox, None);
        Ok(())
    }

    /// Copies in rounds: what a round's way or date kept from being taken is tried the next way; the rest is named.
    fn copy(&mut self, record: &FolderRecord, to_copy: Vec<Uid>) -> Result<(), Halt> {
        let best = if self.sessions.target.offers_multiappend() { AppendWay::Batches } else { AppendWay::Single };
        let (scan, target) = (self.scan, self.target);
        let filter = FlagFilter::new(&target.open, self.mailbox.context.kerio);
        let (flags_lost, without_keywords) = (RefCell::new(FlagsLost::default()), RefCell::new(BTreeSet::new()));
        let flags = |uid: Uid| -> Vec<String> {
            let all = scan.heads.get(uid).map(|head| scan.heads.flags(head)).unwrap_or_default();
            let bare = without_keywords.borrow().contains(&uid);
            let (kept, lost) = filter.split(all, bare);
            if let Some(lost) = lost {
                flags_lost.borrow_mut().note(uid, lost);
            }
            kept
        };
        // True once for each message that has keywords: Cyrus refuses whole messages for their 128th keyword, Dovecot for a long one.
        let spare_keywords = |uid: Uid| {
            let has_keywords = flags(uid).iter().any(|flag| !flag.starts_with('\\'));
            has_keywords && without_keywords.borrow_mut().insert(uid)
        };
        let to_copy = self.without_too_large(to_copy);
        let (alone, to_copy): (Vec<Uid>, Vec<Uid>) =
            to_copy.into_iter().partition(|uid| self.job.progress.sending_losses.contains_key(uid));
        let parts = others::parts(to_copy).into_iter().rev();
        let mut rounds: Vec<(Vec<Uid>, AppendWay, DateStyle)> =
            alone.into_iter().map(|uid| (vec![uid], AppendWay::Single, DateStyle::TwoDigits)).collect();
        rounds.extend(parts.map(|part| (part, best, DateStyle::TwoDigits)));
        self.job.progress.others.begin();
        let mut retries = Retries { folder_made_again: false, spare_keywords: &spare_keywords };
        while let Some((uids, way, dates)) = rounds.pop() {
            if uids.is_empty() {
                continue;
            }
            let floor = target.open.status.uid_next.map_or(1, |uid| uid.0);
            self.job.progress.floor.get_or_insert(Uid(floor));
            let (suspects, uids): (Vec<Uid>, Vec<Uid>) =
                uids.into_iter().partition(|uid| self.job.progress.line_losses.contains_key(uid));
            let round = Round { wire_name: &target.wire_name, uids: &uids, suspects: &suspects, way, dates, floor };
            let mut end = self.run_round(record, &flags, &round)?;
            self.take_lost(&end)?;
            let refused = self.without_stored(record, std::mem::take(&mut end.refused))?;
            self.look_for_others(record, floor)?;
            if !end.left.is_empty() {
                return Err(Halt::Held);
            }
            for (next_way, next_dates, uids) in self.sort_refused(way, dates, refused, &mut retries)? {
                rounds.push((uids, next_way, next_dates));
            }
        }
        self.job.progress.flags_lost.join(flags_lost.into_inner());
        Ok(())
    }

    fn run_round(
        &mut self,
        record: &FolderRecord,
        flags: &dyn Fn(Uid) -> Vec<String>,
        round: &Round<'_>,
    ) -> Result<RoundEnd, Halt> {
        let Sessions { source, target, follower, .. } = &mut *self.sessions;
        let (mailbox, job) = (&*self.mailbox, &mut *self.job);
        let heads = &self.scan.heads;
        let mut done = |ledger: &mut Ledger, done: &[Done]| -> Result<(), Halt> {
            let (messages, bytes) = (done.len() as u64, done.iter().map(|message| message.size).sum());
            job.progress.copied += messages;
            job.progress.copied_bytes += bytes;
            job.progress.others.note_own(done);
            let no_date_sent = round.dates == DateStyle::None;
            let dateless = |done: &&Done| no_date_sent || heads.get(done.uid).is_some_and(|head| head.date.is_none());
            job.progress.dateless.extend(done.iter().filter(dateless).map(|done| done.uid));
            let (account, folder) = (mailbox.id, job.id);
            mailbox.context.tell(Event::MessagesCopied { account, folder, messages, bytes });
            if let Some(follower) = follower.as_mut() {
                follower.hand_over(job.id, record, round.wire_name, done);
                take_right(mailbox, ledger, follower.collect(false))?;
            }
            Ok(())
        };
        let mut desk = Desk { heads, flags, ledger: self.ledger, record, done: &mut done, lost_at: None };
        let end = copy_round(source, target, &mailbox.context.control, round, &mut desk);
        let lost_at = desk.lost_at;
        if let (Err(Halt::Server { side: Side::Source, error }), Some(uid)) = (&end, lost_at) {
            self.suspect(uid, error);
        }
        if let Err(Halt::Server { side: Side::Target, error }) = &end {
            self.suspect_sent(record, round, error)?;
        }
        end
    }

    /// Notes which messages were on their way when the target's line was lost. A server that fails at a message again and again must not
    /// cost the rest of the mailbox: from then on these are sent alone.
    fn suspect_sent(&mut self, record: &FolderRecord, round: &Round<'_>, error: &ImapError) -> Result<(), Halt> {
        const TRIES: u32 = 2;
        if !error.is_loss() || self.mailbox.context.control.stopping() {
            return Ok(());
        }
        let mut sent = self.ledger.intents(record)?.into_iter().map(|intent| intent.uid);
        let [alone] = round.uids else {
            for uid in sent {
                self.job.progress.sending_losses.entry(uid).or_default();
            }
            return Ok(());
        };
        if sent.any(|uid| uid == *alone) {
            let losses = self.job.progress.sending_losses.entry(*alone).or_default();
            *losses += 1;
            if *losses >= TRIES {
                let words = format!("the connection was lost each time when it was sent: {}", error.words());
                self.fail(*alone, ProblemKind::MessageRefused, &words);
            }
        }
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
    fn prove(&mut self, record: &FolderRecord) -> Result<(), Halt> {
        let verify = self.mailbox.context.options.verify;
        if verify == Verify::None {
            return Ok(());
        }
        if let Some(follower) = &mut self.sessions.follower {
            take_right(self.mailbox, self.ledger, follower.collect(true))?;
        }
        let rest = self.ledger.unchecked(record)?;
        let rest: Vec<Done> = rest.into_iter().filter(|done| !self.job.progress.failed.contains(&done.uid)).collect();
        if rest.is_empty() {
            return Ok(());
        }
        self.mailbox.step(Step::Checking(self.job.id));
        self.sessions.target.reader().examine(&self.target.wire_name).on(Side::Target)?;
        if verify == Verify::Size {
            let (right, wrong) = proof::check_sizes(self.sessions.target.reader(), &rest)?;
            tell_checked(self.mailbox, self.job.id, right.len() as u64, right.iter().map(|done| done.size).sum());
            self.take_wrong(&wrong);
            return Ok(());
        }
        self.open_source()?;
        let known = self.ledger.target_uids(record)?;
        let checked = proof::check_rest(&mut self.sessions.source, self.sessions.target.reader(), &rest, &known)?;
        let normalised = checked.right.iter().filter(|right| !right.is_equal()).count() as u64;
        take_right(self.mailbox, self.ledger, vec![(self.job.id, record.clone(), checked.right)])?;
        if normalised > 0 {
            let problem = Problem::new(ProblemKind::MessageNormalised).in_folder(&self.job.planned.source);
            self.job.tell_once(self.mailbox, problem.counting(normalised));
        }
        self.take_wrong(&checked.wrong);
        Ok(())
    }
}

/// Notes what was found right, and tells it.
pub(super) fn take_right(mailbox: &Mailbox<'_>, ledger: &mut Ledger, found: Vec<proof::Found>) -> Result<(), Halt> {
    for (folder, record, right) in found.into_iter().filter(|(_, _, right)| !right.is_empty()) {
        let pairs: Vec<(Uid, Uid)> = right.iter().map(|right| (right.uid, right.target_uid)).collect();
        ledger.checked(&record, &pairs)?;
        tell_checked(mailbox, folder, right.len() as u64, right.iter().map(|right| right.size).sum());
    }
    Ok(())
}

pub(super) fn tell_checked(mailbox: &Mailbox<'_>, folder: FolderId, messages: u64, bytes: u64) {
    if messages > 0 {
        mailbox.context.tell(Event::MessagesChecked { account: mailbox.id, folder, messages, bytes });
    }
}
