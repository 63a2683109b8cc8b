//! What becomes of messages that one of the servers does not give or take: the next way, the next date, or being named as failed.

use super::flags::SentFlags;
use super::pass::{DateStyle, RefusedMessage, RoundEnd};
use crate::domain::{MessageHead, Problem, ProblemKind, Side, Uid};
use crate::imap::{AppendWay, Envelope, ImapError, Refusal};
use crate::ledger::FolderRecord;
use crate::migrate::folder::FolderRun;
use crate::migrate::halt::{Halt, OnSide};
use crate::migrate::named::describe;
use crate::migrate::proof::Wrong;
use crate::progress::{Event, Step};
use crate::report::words;
use std::collections::{BTreeMap, BTreeSet};

/// What is tried once more before messages are named as failed.
pub struct Retries {
    /// Whether the folder was made again, because it had gone.
    pub folder_made_again: bool,
    /// The flags they are sent with.
    pub flags: SentFlags,
}

/// A message that is named as failed: what happened to it, and the server's words.
struct Failure {
    uid: Uid,
    kind: ProblemKind,
    words: String,
}

impl Failure {
    fn new(uid: Uid, kind: ProblemKind, words: impl Into<String>) -> Self {
        Self { uid, kind, words: words.into() }
    }
}

impl FolderRun<'_, '_> {
    /// Names what the source did not deliver. What it passed over in silence is looked for once more: only what is really gone counts
    /// as deleted meanwhile.
    pub fn take_lost(&mut self, end: &RoundEnd) -> Result<(), Halt> {
        let unreadable = end.unreadable.iter();
        let unreadable = unreadable.map(|(uid, words)| Failure::new(*uid, ProblemKind::MessageUnreadable, words));
        self.fail_all(unreadable.collect())?;
        if end.absent.is_empty() {
            return Ok(());
        }
        let mut still_there = BTreeSet::new();
        let (first, last) = (end.absent.iter().min(), end.absent.iter().max());
        if let Some((first, last)) = first.zip(last) {
            self.open_source()?;
            let mut note = |head: MessageHead| {
                still_there.insert(head.uid);
            };
            self.sessions.source.heads(*first, Some(*last), &mut note).on(Side::Source)?;
        }
        let (there, gone): (Vec<Uid>, Vec<Uid>) = end.absent.iter().partition(|uid| still_there.contains(uid));
        let words = "the server lists it and does not deliver it";
        let there = there.into_iter().map(|uid| Failure::new(uid, ProblemKind::MessageUnreadable, words));
        let named = self.fail_all(there.collect());
        if !gone.is_empty() {
            let (account, folder) = (self.mailbox.id, self.job.id);
            self.mailbox.context.tell(Event::MessagesVanished { account, folder, messages: gone.len() as u64 });
        }
        named
    }

    /// Leaves out what stands on the target although it was refused.
    pub fn without_stored(
        &mut self,
        record: &FolderRecord,
        refused: Vec<RefusedMessage>,
    ) -> Result<Vec<RefusedMessage>, Halt> {
        if !refused.iter().any(RefusedMessage::may_be_stored) {
            return Ok(refused);
        }
        self.settle_intents(record, true)?;
        self.mailbox.step(Step::Copying(self.job.id));
        let (messages, bytes) = self.ledger.done_counts(record)?;
        self.job.tell_found(self.mailbox, messages, bytes);
        let stored: BTreeSet<Uid> = self.ledger.done(record)?.into_iter().map(|(uid, _)| uid).collect();
        Ok(refused.into_iter().filter(|message| !stored.contains(&message.uid)).collect())
    }

    /// Decides what to do about refused messages: the next way, the next date, no keywords, or naming them.
    pub fn sort_refused(
        &mut self,
        way: AppendWay,
        dates: DateStyle,
        refused: Vec<RefusedMessage>,
        retries: &mut Retries,
    ) -> Result<Vec<(AppendWay, DateStyle, Vec<Uid>)>, Halt> {
        let mut failures = Vec::new();
        let again = self.sort(way, dates, refused, retries, &mut failures);
        // Whatever else is wrong: what has failed is named.
        let named = self.fail_all(failures);
        let again = again?;
        named.map(|()| again)
    }

    fn sort(
        &mut self,
        way: AppendWay,
        dates: DateStyle,
        refused: Vec<RefusedMessage>,
        retries: &mut Retries,
        failures: &mut Vec<Failure>,
    ) -> Result<Vec<(AppendWay, DateStyle, Vec<Uid>)>, Halt> {
        let mut again: BTreeMap<(bool, DateStyle), Vec<Uid>> = BTreeMap::new();
        for message in refused {
            let next_dates = match dates {
                DateStyle::TwoDigits => Some(DateStyle::Padded),
                DateStyle::Padded => Some(DateStyle::None),
                DateStyle::None => None,
            };
            match (&message.why, next_dates) {
                (Refusal::Throttled, _) => {
                    let error = ImapError::throttled(&message.words);
                    return Err(Halt::Server { side: Side::Target, error });
                }
                // A batch is taken or refused as a whole (RFC 3502): one by one, only the culprit is refused.
                _ if message.together => again.entry((true, dates)).or_default().push(message.uid),
                (Refusal::MalformedDate, Some(next)) => {
                    again.entry((way == AppendWay::Single, next)).or_default().push(message.uid);
                }
                (Refusal::NoSuchFolder, _) if !retries.folder_made_again => {
                    retries.folder_made_again = true;
                    let wire_name = self.sessions.target.wire_name(&self.job.planned.target);
                    if let Ok(wire_name) = wire_name {
                        self.sessions.target.create(&wire_name).on(Side::Target)?;
                    }
                    again.entry((true, dates)).or_default().push(message.uid);
                }
                (Refusal::NoSuchFolder, _)
                    if retries.folder_made_again && !self.job.progress.failed.contains(&message.uid) =>
                {
                    failures.push(Failure::new(message.uid, ProblemKind::MessageRefused, message.words));
                }
                (Refusal::OverQuota, _) => {
                    let problem = Problem::new(ProblemKind::OverQuota)
                        .on(Side::Target)
                        .for_account(&self.mailbox.account.address)
                        .saying(&message.words);
                    return Err(problem.into());
                }
                (Refusal::TooLarge, _) => {
                    failures.push(Failure::new(message.uid, ProblemKind::MessageTooLarge, message.words));
                }
                _ if retries.flags.spare_keywords(&self.scan.heads, message.uid) => {
                    again.entry((true, dates)).or_default().push(message.uid);
                }
                // Courier refuses whole messages for a date before 1970, and not in words that tell.
                (_, Some(_)) if self.is_before_1970(message.uid) => {
                    again.entry((true, DateStyle::None)).or_default().push(message.uid);
                }
                _ => failures.push(Failure::new(message.uid, ProblemKind::MessageRefused, message.words)),
            }
        }
        let again = again
            .into_iter()
            .map(|((single, dates), uids)| (if single { AppendWay::Single } else { AppendWay::Batches }, dates, uids));
        Ok(again.collect())
    }

    /// Names messages larger than the target announces to take (APPENDLIMIT, RFC 7889) and returns the others.
    pub fn without_too_large(&mut self, uids: Vec<Uid>) -> Result<Vec<Uid>, Halt> {
        let Some(limit) = self.sessions.target.append_limit() else { return Ok(uids) };
        let heads = &self.scan.heads;
        let too_large = |uid: &Uid| heads.get(*uid).is_some_and(|head| head.size > limit);
        let (large, others): (Vec<Uid>, Vec<Uid>) = uids.into_iter().partition(too_large);
        let words = format!("it takes at most {}", words::size(limit));
        let large = large.into_iter().map(|uid| Failure::new(uid, ProblemKind::MessageTooLarge, &words));
        self.fail_all(large.collect())?;
        Ok(others)
    }

    fn is_before_1970(&self, uid: Uid) -> bool {
        self.scan.heads.get(uid).and_then(|head| head.date).is_some_and(|date| date.timestamp() < 0)
    }

    /// Names a message as failed, once in a run, on whatever line: nothing is asked.
    pub fn fail(&mut self, uid: Uid, kind: ProblemKind, words: &str) {
        self.name_as_failed(&Failure::new(uid, kind, words), None);
    }

    /// Names messages as failed, each once in a run, with what the source says of them. Only where nothing is under way on the source's
    /// line; an error is that this has lost it. The messages are named all the same.
    fn fail_all(&mut self, mut failures: Vec<Failure>) -> Result<(), Halt> {
        failures.retain(|failure| !self.job.progress.failed.contains(&failure.uid));
        let folder = (self.job.source.wire_name.as_slice(), Some(self.scan.status.uid_validity));
        let uids = failures.iter().map(|failure| failure.uid);
        let (envelopes, lost) = self.mailbox.names.ask(&mut self.sessions.source, folder, uids);
        for failure in &failures {
            self.name_as_failed(failure, envelopes.get(&failure.uid));
        }
        lost.map_or(Ok(()), |error| Err(Halt::Server { side: Side::Source, error }))
    }

    fn name_as_failed(&mut self, failure: &Failure, envelope: Option<&Envelope>) {
        let Failure { uid, kind, words } = failure;
        if self.job.progress.failed.insert(*uid) {
            let name = describe(self.scan.heads.get(*uid), *uid, envelope);
            let problem = Problem::new(*kind).in_folder(&self.job.planned.source).about_message(name).saying(words);
            self.mailbox.tell_folder_problem(self.job.id, problem);
        }
    }

    pub fn tell_dates(&mut self, messages: u64) {
        if messages > 0 {
            let problem = Problem::new(ProblemKind::DateNotKept).in_folder(&self.job.planned.source);
            let problem =
                problem.counting(messages).saying("the target takes no dates, or the source has none to give");
            self.mailbox.tell_folder_problem(self.job.id, problem);
        }
    }

    /// Names what does not stand on the target as it should.
    pub fn take_wrong(&mut self, wrong: &[Wrong]) -> Result<(), Halt> {
        let failure = |wrong: &Wrong| {
            let stands = wrong.target_uid.is_some();
            Failure::new(wrong.uid, if stands { ProblemKind::MessageAltered } else { ProblemKind::MessageMissing }, "")
        };
        self.fail_all(wrong.iter().map(failure).collect())
    }
}
