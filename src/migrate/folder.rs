//! One folder of a mailbox: made on the target, compared with its record, copied, proved.

use super::copy::{DateStyle, Desk, RefusedMessage, Round, RoundEnd, copy_round};
use super::flags::FlagFilter;
use super::halt::{Halt, OnSide};
use super::heads::{Head, Heads};
use super::mailbox::{FolderJob, Mailbox, Sessions};
use super::proof::{self, Right};
use super::reconcile::{Thoroughness, heads_from, reconcile};
use super::request::Verify;
use crate::domain::{Folder, Problem, ProblemKind, Side, Uid};
use crate::imap::{AppendWay, FolderStatus, ImapError, OpenFolder, Reader, Refusal};
use crate::ledger::{Done, FolderRecord, Ledger, Snapshot};
use crate::progress::{Event, Step};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

/// What was told of a folder in this run, over all attempts, so that nothing is counted twice.
#[derive(Debug, Default)]
pub(super) struct FolderProgress {
    found: u64,
    found_bytes: u64,
    copied: u64,
    copied_bytes: u64,
    /// Named as failed; not tried again in this run.
    failed: BTreeSet<Uid>,
    told: BTreeSet<ProblemKind>,
    /// Whether it came to its end.
    pub(super) finished: bool,
}

impl FolderProgress {
    /// Messages found or copied so far.
    pub(super) fn settled(&self) -> u64 {
        self.found + self.copied + self.failed.len() as u64
    }
}

/// Whether the ledger says that every message of the source folder stands on the target and nothing came since.
pub(super) fn is_complete(ledger: &Ledger, source: &Folder, status: &FolderStatus) -> bool {
    let Ok(Some(record)) = ledger.folder(&source.wire_name) else { return false };
    let seen = status.uid_next.map(|uid_next| Snapshot { uid_next, messages: status.messages });
    record.source_uid_validity == status.uid_validity && record.snapshot.is_some() && record.snapshot == seen
}

/// Examines a source folder and reads the heads of all its messages.
pub(super) fn read_heads(reader: &mut Reader, folder: &Folder) -> Result<Heads, ImapError> {
    reader.examine(&folder.wire_name)?;
    heads_from(reader, Uid(1))
}

/// Migrates one folder. An error that only reaches this folder is told and is no `Err`.
pub(super) fn migrate(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    job: &mut FolderJob,
    status: Option<FolderStatus>,
) -> Result<(), Halt> {
    let outcome = FolderRun { mailbox, sessions, ledger, job }.run(status);
    match outcome {
        Err(Halt::Server { side, error }) if !error.is_connection() => {
            let kind = match side {
                Side::Source => ProblemKind::FolderNotRead,
                Side::Target | Side::Administration => ProblemKind::FolderNotCreated,
            };
            let problem = Problem::new(kind).on(side).in_folder(&job.planned.source).saying(error.words());
            tell(mailbox, job, problem);
            job.progress.finished = true;
            mailbox.context.tell(Event::FolderFinished { account: mailbox.id, folder: job.id, target_messages: None });
            Ok(())
        }
        outcome => outcome,
    }
}

fn tell(mailbox: &mut Mailbox<'_>, job: &FolderJob, problem: Problem) {
    if problem.severity() == crate::domain::Severity::Error {
        mailbox.incomplete = true;
    }
    mailbox.context.tell_problem(mailbox.id, Some(job.id), problem);
}

struct FolderRun<'r, 'a> {
    mailbox: &'r mut Mailbox<'a>,
    sessions: &'r mut Sessions,
    ledger: &'r mut Ledger,
    job: &'r mut FolderJob,
}

/// The target's folder, ready to be appended to.
struct TargetFolder {
    wire_name: Vec<u8>,
    open: OpenFolder,
}

impl FolderRun<'_, '_> {
    fn run(&mut self, status: Option<FolderStatus>) -> Result<(), Halt> {
        let target = self.open_target()?;
        let unchanged = status.filter(|status| is_complete(self.ledger, &self.job.source, status));
        if let (Some(status), false) = (&unchanged, self.mailbox.context.options.repair) {
            let record = self.ledger.folder(&self.job.source.wire_name)?;
            if record.is_some_and(|record| self.still_holds(&record, &target)) {
                let bytes = self.tell_done()?;
                self.mailbox.tell_counted(self.job.id, status.messages, Some(bytes));
                return self.finish(&target);
            }
        }

        let source_status = self.sessions.source.examine(&self.job.source.wire_name).on(Side::Source)?;
        let heads = match self.job.heads.take() {
            Some(heads) => heads,
            None => heads_from(&mut self.sessions.source, Uid(1)).on(Side::Source)?,
        };
        self.mailbox.tell_counted(self.job.id, heads.all().len() as u64, Some(heads.octets()));
        let outcome = self.run_with(&source_status, &target, &heads);
        // Kept for the next attempt, should this one have lost its line.
        self.job.heads = Some(heads);
        outcome?;
        self.job.heads = None;
        Ok(())
    }

    fn run_with(&mut self, source: &FolderStatus, target: &TargetFolder, heads: &Heads) -> Result<(), Halt> {
        let record = self.learn_the_past(source, target, heads)?;
        self.tell_done()?;
        let done: BTreeSet<Uid> = self.ledger.done(&record)?.into_iter().map(|(uid, _)| uid).collect();
        let to_copy: Vec<Uid> = heads
            .all()
            .iter()
            .map(|head| head.uid)
            .filter(|uid| !done.contains(uid) && !self.job.progress.failed.contains(uid))
            .collect();
        if !to_copy.is_empty() {
            self.mailbox.step(Step::Copying(self.job.id));
            self.copy(&record, target, heads, to_copy)?;
        }
        self.prove(&record, target)?;
        if self.job.progress.failed.is_empty() {
            let uid_next = source.uid_next.or_else(|| heads.all().last().map(|head| Uid(head.uid.0 + 1)));
            // What came after the heads were read is not copied: then the folder's number of messages differs.
            let snapshot = Snapshot { uid_next: uid_next.unwrap_or(Uid(1)), messages: heads.all().len() as u64 };
            self.ledger.complete(&record, snapshot)?;
        }
        self.finish(target)
    }

    /// Finds the target's folder or makes it, subscribes it, and opens it.
    fn open_target(&mut self) -> Result<TargetFolder, Halt> {
        let path = self.job.planned.target.clone();
        let wire_name = self.sessions.target.wire_name(&path).map_err(|refused| {
            Halt::from(Problem::new(ProblemKind::FolderNotCreated).in_folder(&self.job.planned.source).saying(refused))
        })?;
        let created = !path.is_inbox() && !self.sessions.existing.contains(&wire_name);
        if created {
            self.sessions.target.create(&wire_name).on(Side::Target)?;
            self.sessions.existing.insert(wire_name.clone());
        }
        if self.job.source.subscribed
            && let Err(error) = self.sessions.target.subscribe(&wire_name)
        {
            if error.is_connection() {
                return Err(Halt::Server { side: Side::Target, error });
            }
            self.tell_once(Problem::new(ProblemKind::SubscriptionNotKept).in_folder(&path).saying(error.words()));
        }
        let open = self.sessions.target.open(&wire_name).on(Side::Target)?;
        Ok(TargetFolder { wire_name, open })
    }

    /// Whether the record is about the target's folder as it stands there now.
    fn still_holds(&self, record: &FolderRecord, target: &TargetFolder) -> bool {
        record.target_name == target.wire_name && record.target_uid_validity == target.open.status.uid_validity
    }

    /// Brings the record up to date: settles what a cut left open, and where there is no past compares by content.
    fn learn_the_past(
        &mut self,
        source: &FolderStatus,
        target: &TargetFolder,
        heads: &Heads,
    ) -> Result<FolderRecord, Halt> {
        let known = self.ledger.folder(&self.job.source.wire_name)?;
        let known = known.filter(|record| {
            record.source_uid_validity == source.uid_validity
                && self.still_holds(record, target)
                && !self.mailbox.context.options.repair
        });
        // A target whose UIDNEXT went back was restored from a backup: what the record says is not there any more.
        let known = match known {
            Some(record) => {
                let highest = self.ledger.target_uids(&record)?.into_iter().max();
                let next = target.open.status.uid_next;
                if highest.zip(next).is_some_and(|(highest, next)| highest >= next) { None } else { Some(record) }
            }
            None => None,
        };
        match known {
            Some(record) => {
                self.settle_intents(&record, target, heads)?;
                Ok(record)
            }
            None => self.compare_whole_folder(source, target, heads),
        }
    }

    fn compare_whole_folder(
        &mut self,
        source: &FolderStatus,
        target: &TargetFolder,
        heads: &Heads,
    ) -> Result<FolderRecord, Halt> {
        let had_past = self.ledger.folder(&self.job.source.wire_name)?.is_some();
        let begin = |ledger: &mut Ledger, job: &FolderJob| {
            let target_validity = target.open.status.uid_validity;
            ledger.begin_folder(&job.source.wire_name, source.uid_validity, &target.wire_name, target_validity)
        };
        if target.open.status.messages == 0 || heads.all().is_empty() {
            return Ok(begin(self.ledger, self.job)?);
        }
        self.mailbox.step(Step::Scanning(self.job.id));
        self.sessions.target.reader().examine(&target.wire_name).on(Side::Target)?;
        let there = heads_from(self.sessions.target.reader(), Uid(1)).on(Side::Target)?;
        let matches = reconcile(
            &mut self.sessions.source,
            self.sessions.target.reader(),
            heads.all(),
            there.all(),
            Thoroughness::Alike,
        )?;
        if had_past || !matches.is_empty() {
            self.tell_once(Problem::new(ProblemKind::HistoryUnknown).in_folder(&self.job.planned.source));
        }
        let record = begin(self.ledger, self.job)?;
        self.ledger.record(&record, &found(matches), &[], &[], 0)?;
        Ok(record)
    }

    /// Asks the target what became of the messages that were on their way when an earlier attempt ended.
    fn settle_intents(&mut self, record: &FolderRecord, target: &TargetFolder, heads: &Heads) -> Result<(), Halt> {
        let intents = self.ledger.intents(record)?;
        let Some(floor) = intents.iter().map(|intent| intent.floor).min() else { return Ok(()) };
        self.mailbox.step(Step::Scanning(self.job.id));
        let taken: BTreeSet<Uid> = self.ledger.target_uids(record)?.into_iter().collect();
        self.sessions.target.reader().examine(&target.wire_name).on(Side::Target)?;
        let arrived = heads_from(self.sessions.target.reader(), Uid(floor.max(1))).on(Side::Target)?;
        let candidates: Vec<Head> = arrived.all().iter().filter(|head| !taken.contains(&head.uid)).copied().collect();
        let wanted: Vec<Head> = intents.iter().filter_map(|intent| heads.get(intent.uid).copied()).collect();
        let matches = reconcile(
            &mut self.sessions.source,
            self.sessions.target.reader(),
            &wanted,
            &candidates,
            Thoroughness::All,
        )?;
        log::debug!("{} messages were on their way, {} had arrived", intents.len(), matches.len());
        let uids: Vec<Uid> = intents.iter().map(|intent| intent.uid).collect();
        Ok(self.ledger.record(record, &found(matches), &uids, &[], 0)?)
    }

    /// Tells what the ledger has and was not told yet; returns the size of all that is done, in octets.
    fn tell_done(&mut self) -> Result<u64, Halt> {
        let Some(record) = self.ledger.folder(&self.job.source.wire_name)? else { return Ok(0) };
        let (messages, bytes) = self.ledger.done_counts(&record)?;
        let progress = &mut self.job.progress;
        let found = messages.saturating_sub(progress.found + progress.copied);
        let found_bytes = bytes.saturating_sub(progress.found_bytes + progress.copied_bytes);
        if found > 0 {
            progress.found += found;
            progress.found_bytes += found_bytes;
            let (account, folder) = (self.mailbox.id, self.job.id);
            self.mailbox.context.tell(Event::MessagesFound { account, folder, messages: found, bytes: found_bytes });
        }
        Ok(bytes)
    }

    /// Copies in rounds: what a round's way or date kept from being taken is tried the next way; the rest is named.
    fn copy(
        &mut self,
        record: &FolderRecord,
        target: &TargetFolder,
        heads: &Heads,
        to_copy: Vec<Uid>,
    ) -> Result<(), Halt> {
        let best = if self.sessions.target.offers_multiappend() { AppendWay::Batches } else { AppendWay::Single };
        let filter = FlagFilter::new(&target.open, self.mailbox.context.kerio);
        let dropped = Cell::new(0_u64);
        let to_copy = self.without_too_large(heads, to_copy);
        let mut rounds: Vec<(Vec<Uid>, AppendWay, DateStyle)> = vec![(to_copy, best, DateStyle::TwoDigits)];
        let mut folder_made_again = false;
        while let Some((uids, way, dates)) = rounds.pop() {
            if uids.is_empty() {
                continue;
            }
            let floor = target.open.status.uid_next.map_or(1, |uid| uid.0);
            let flags = |uid: Uid| {
                let (kept, lost) = heads.get(uid).map(|head| filter.split(heads.flags(head))).unwrap_or_default();
                dropped.set(dropped.get() + u64::from(lost > 0));
                kept
            };
            let round = Round { wire_name: &target.wire_name, uids: &uids, way, dates, floor };
            let end = self.run_round(record, heads, &flags, &round)?;
            self.take_lost(heads, &end);
            if !end.left.is_empty() {
                return Err(Halt::Held);
            }
            if dates == DateStyle::None {
                let without = uids.len() - end.refused.len() - end.unreadable.len() - end.absent.len();
                self.tell_dates(without as u64);
            }
            for (next_way, next_dates, uids) in
                self.sort_refused(heads, way, dates, end.refused, &mut folder_made_again)?
            {
                rounds.push((uids, next_way, next_dates));
            }
        }
        if dropped.get() > 0 {
            let problem = Problem::new(ProblemKind::KeywordsDropped).in_folder(&self.job.planned.source);
            self.tell_once(problem.counting(dropped.get()));
        }
        Ok(())
    }

    fn run_round(
        &mut self,
        record: &FolderRecord,
        heads: &Heads,
        flags: &dyn Fn(Uid) -> Vec<String>,
        round: &Round<'_>,
    ) -> Result<RoundEnd, Halt> {
        let Sessions { source, target, follower, .. } = self.sessions;
        let (mailbox, job) = (&*self.mailbox, &mut *self.job);
        let mut done = |ledger: &mut Ledger, done: &[Done]| -> Result<(), Halt> {
            let (messages, bytes) = (done.len() as u64, done.iter().map(|message| message.size).sum());
            job.progress.copied += messages;
            job.progress.copied_bytes += bytes;
            let (account, folder) = (mailbox.id, job.id);
            mailbox.context.tell(Event::MessagesCopied { account, folder, messages, bytes });
            if let Some(follower) = follower.as_mut() {
                follower.hand_over(round.wire_name, done);
                take_right(mailbox, job, ledger, record, &follower.collect(false))?;
            }
            Ok(())
        };
        let mut desk = Desk { heads, flags, ledger: self.ledger, record, done: &mut done };
        copy_round(source, target, &mailbox.context.control, round, &mut desk)
    }

    /// Names what the source did not deliver.
    fn take_lost(&mut self, heads: &Heads, end: &RoundEnd) {
        for (uid, words) in &end.unreadable {
            self.fail(heads, *uid, ProblemKind::MessageUnreadable, words);
        }
        let vanished = end.absent.len() as u64;
        if vanished > 0 {
            let (account, folder) = (self.mailbox.id, self.job.id);
            self.mailbox.context.tell(Event::MessagesVanished { account, folder, messages: vanished });
        }
    }

    /// Decides what to do about refused messages: the next way, the next date, or naming them.
    fn sort_refused(
        &mut self,
        heads: &Heads,
        way: AppendWay,
        dates: DateStyle,
        refused: Vec<RefusedMessage>,
        folder_made_again: &mut bool,
    ) -> Result<Vec<(AppendWay, DateStyle, Vec<Uid>)>, Halt> {
        let mut again: BTreeMap<(bool, DateStyle), Vec<Uid>> = BTreeMap::new();
        for message in refused {
            let next_dates = match dates {
                DateStyle::TwoDigits => Some(DateStyle::Padded),
                DateStyle::Padded => Some(DateStyle::None),
                DateStyle::None => None,
            };
            match (&message.why, next_dates) {
                // A batch is taken or refused as a whole (RFC 3502): one by one, only the culprit is refused.
                _ if message.together => again.entry((true, dates)).or_default().push(message.uid),
                (Refusal::MalformedDate, Some(next)) => {
                    again.entry((way == AppendWay::Single, next)).or_default().push(message.uid);
                }
                (Refusal::NoSuchFolder, _) if !*folder_made_again => {
                    *folder_made_again = true;
                    let wire_name = self.sessions.target.wire_name(&self.job.planned.target);
                    if let Ok(wire_name) = wire_name {
                        self.sessions.target.create(&wire_name).on(Side::Target)?;
                    }
                    again.entry((true, dates)).or_default().push(message.uid);
                }
                (Refusal::NoSuchFolder, _)
                    if *folder_made_again && !self.job.progress.failed.contains(&message.uid) =>
                {
                    self.fail(heads, message.uid, ProblemKind::MessageRefused, &message.words);
                }
                (Refusal::OverQuota, _) => {
                    let problem = Problem::new(ProblemKind::OverQuota)
                        .on(Side::Target)
                        .for_account(&self.mailbox.account.address)
                        .saying(&message.words);
                    return Err(problem.into());
                }
                (Refusal::Throttled, _) => {
                    let error = ImapError::throttled(&message.words);
                    return Err(Halt::Server { side: Side::Target, error });
                }
                (Refusal::TooLarge, _) => self.fail(heads, message.uid, ProblemKind::MessageTooLarge, &message.words),
                _ => self.fail(heads, message.uid, ProblemKind::MessageRefused, &message.words),
            }
        }
        let again = again
            .into_iter()
            .map(|((single, dates), uids)| (if single { AppendWay::Single } else { AppendWay::Batches }, dates, uids));
        Ok(again.collect())
    }

    /// Names messages larger than the target announces to take (APPENDLIMIT, RFC 7889) and returns the others.
    fn without_too_large(&mut self, heads: &Heads, uids: Vec<Uid>) -> Vec<Uid> {
        let Some(limit) = self.sessions.target.append_limit() else { return uids };
        let too_large = |uid: &Uid| heads.get(*uid).is_some_and(|head| head.size > limit);
        let (large, others): (Vec<Uid>, Vec<Uid>) = uids.into_iter().partition(too_large);
        for uid in large {
            self.fail(heads, uid, ProblemKind::MessageTooLarge, &format!("it takes at most {limit} octets"));
        }
        others
    }

    /// Names a message as failed, once in a run.
    fn fail(&mut self, heads: &Heads, uid: Uid, kind: ProblemKind, words: &str) {
        if !self.job.progress.failed.insert(uid) {
            return;
        }
        let name = describe(heads.get(uid), uid);
        let problem = Problem::new(kind).in_folder(&self.job.planned.source).about_message(name).saying(words);
        tell(self.mailbox, self.job, problem);
    }

    fn tell_dates(&mut self, messages: u64) {
        if messages > 0 {
            let problem = Problem::new(ProblemKind::DateNotKept).in_folder(&self.job.planned.source);
            tell(self.mailbox, self.job, problem.counting(messages));
        }
    }

    /// Tells a notice about the folder once in a run.
    fn tell_once(&mut self, problem: Problem) {
        if self.job.progress.told.insert(problem.kind) {
            tell(self.mailbox, self.job, problem);
        }
    }

    /// Waits for the follower, then checks here whatever is not checked yet.
    fn prove(&mut self, record: &FolderRecord, target: &TargetFolder) -> Result<(), Halt> {
        let verify = self.mailbox.context.options.verify;
        if verify == Verify::None {
            return Ok(());
        }
        if let Some(follower) = &mut self.sessions.follower {
            let right = follower.collect(true);
            take_right(self.mailbox, self.job, self.ledger, record, &right)?;
        }
        let rest = self.ledger.unchecked(record)?;
        let rest: Vec<Done> = rest.into_iter().filter(|done| !self.job.progress.failed.contains(&done.uid)).collect();
        if rest.is_empty() {
            return Ok(());
        }
        self.mailbox.step(Step::Checking(self.job.id));
        self.sessions.target.reader().examine(&target.wire_name).on(Side::Target)?;
        if verify == Verify::Size {
            let (right, wrong) = proof::check_sizes(self.sessions.target.reader(), &rest)?;
            let bytes = right.iter().map(|done| done.size).sum();
            self.tell_checked(right.len() as u64, bytes);
            self.take_wrong(&wrong);
            return Ok(());
        }
        let known = self.ledger.target_uids(record)?;
        let checked = proof::check_rest(&mut self.sessions.source, self.sessions.target.reader(), &rest, &known)?;
        let normalised = checked.right.iter().filter(|right| !right.is_equal()).count() as u64;
        take_right(self.mailbox, self.job, self.ledger, record, &checked.right)?;
        if normalised > 0 {
            let problem = Problem::new(ProblemKind::MessageNormalised).in_folder(&self.job.planned.source);
            self.tell_once(problem.counting(normalised));
        }
        self.take_wrong(&checked.wrong);
        Ok(())
    }

    fn tell_checked(&self, messages: u64, bytes: u64) {
        if messages > 0 {
            let (account, folder) = (self.mailbox.id, self.job.id);
            self.mailbox.context.tell(Event::MessagesChecked { account, folder, messages, bytes });
        }
    }

    fn take_wrong(&mut self, wrong: &[proof::Wrong]) {
        for wrong in wrong {
            let kind =
                if wrong.target_uid.is_some() { ProblemKind::MessageAltered } else { ProblemKind::MessageMissing };
            if self.job.progress.failed.insert(wrong.uid) {
                let problem = Problem::new(kind)
                    .in_folder(&self.job.planned.source)
                    .about_message(format!("with UID {}", wrong.uid.0));
                tell(self.mailbox, self.job, problem);
            }
        }
    }

    fn finish(&mut self, target: &TargetFolder) -> Result<(), Halt> {
        let there = self.sessions.target.status(&target.wire_name).on(Side::Target)?;
        self.job.progress.finished = true;
        let (account, folder) = (self.mailbox.id, self.job.id);
        let target_messages = Some(there.messages);
        self.mailbox.context.tell(Event::FolderFinished { account, folder, target_messages });
        Ok(())
    }
}

/// Notes what was found right, and tells it.
fn take_right(
    mailbox: &Mailbox<'_>,
    job: &FolderJob,
    ledger: &mut Ledger,
    record: &FolderRecord,
    right: &[Right],
) -> Result<(), Halt> {
    if right.is_empty() {
        return Ok(());
    }
    let pairs: Vec<(Uid, Uid)> = right.iter().map(|right| (right.uid, right.target_uid)).collect();
    ledger.checked(record, &pairs)?;
    let bytes = right.iter().map(|right| right.size).sum();
    let (account, folder) = (mailbox.id, job.id);
    mailbox.context.tell(Event::MessagesChecked { account, folder, messages: right.len() as u64, bytes });
    Ok(())
}

fn found(matches: Vec<super::reconcile::Match>) -> Vec<Done> {
    matches
        .into_iter()
        .map(|found| Done {
            uid: found.uid,
            size: found.size,
            digest: found.digest,
            target_uid: Some(found.target_uid),
            floor: 0,
            checked: true,
        })
        .collect()
}

/// A message as a person recognises it.
pub(super) fn describe(head: Option<&Head>, uid: Uid) -> String {
    match head {
        Some(Head { date: Some(date), size, .. }) => {
            format!("of {} ({size} octets, UID {})", date.format("%Y-%m-%d %H:%M"), uid.0)
        }
        Some(Head { size, .. }) => format!("without a date ({size} octets, UID {})", uid.0),
        None => format!("with UID {}", uid.0),
    }
}
