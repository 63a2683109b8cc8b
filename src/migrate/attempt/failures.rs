//! Messages that cannot be copied: each is named once in a run, and not tried again in that run.

use super::FolderRun;
use crate::domain::{Cause, FolderId, Note, Problem, ProblemKind, Side, Uid};
use crate::imap::{Envelope, ImapError};
use crate::ledger::FolderRecord;
use crate::migrate::content::comparison::Comparison;
use crate::migrate::content::matching::Match;
use crate::migrate::content::reading::READING_TRIES;
use crate::migrate::folder::describe::describe;
use crate::migrate::folder::progress::SENT_ALONE;
use crate::migrate::halt::Halt;
use std::collections::BTreeSet;

/// At most this many messages with harmless changes are named at once; the rest are counted.
const CHANGED_NAMED: usize = 50;

/// At most this many messages of a folder that cost the connection get all their tries; the rest get fewer.
const COSTLY_MESSAGES: usize = 4;

/// Messages that the target refused, taking none after them: each may be at fault, or the target may take nothing any more.
#[derive(Default)]
pub struct KeptBack {
    /// Each with its folder, and with the number of messages that the target had taken in this run.
    pub messages: Vec<(FolderId, Failure, u64)>,
    /// Messages kept back earlier. If a connection was lost since, they are named the next time.
    pub before: BTreeSet<(FolderId, Uid)>,
    /// The target's words when it took nothing any more after everything was tried, and how many messages it had taken.
    pub words: Option<(String, u64)>,
}

/// A message to be named as failed: what happened to it, the server's words, and a note of ours.
pub struct Failure {
    uid: Uid,
    kind: ProblemKind,
    words: String,
    cause: Option<Cause>,
    note: Option<Note>,
}

impl Failure {
    pub fn new(uid: Uid, kind: ProblemKind, words: impl Into<String>) -> Self {
        Self { uid, kind, words: words.into(), cause: None, note: None }
    }

    /// Its UID on the source.
    pub fn uid(&self) -> Uid {
        self.uid
    }

    /// The server's words, if it refused the message for another reason than its size.
    pub fn refusal(&self) -> Option<&str> {
        Some(self.words.as_str()).filter(|words| self.kind == ProblemKind::MessageRefused && !words.is_empty())
    }

    /// A failure without any words of the server.
    pub fn noted(uid: Uid, kind: ProblemKind, note: impl Into<Option<Note>>) -> Self {
        Self { note: note.into(), ..Self::new(uid, kind, "") }
    }
}

/// The halt for a target that takes nothing any more, with its words.
pub fn takes_nothing(words: &str) -> Halt {
    Halt::Server { side: Side::Target, error: ImapError::takes_nothing(words) }
}

impl FolderRun<'_, '_> {
    /// Notes the message at which the connection to the source was lost. A server that fails at one message again and again, whatever was
    /// read before it, must not cost the rest of the mailbox.
    pub fn suspect(&mut self, uid: Uid, error: &ImapError) {
        /// A source that asks to wait gets more than a minute before the last messages that it does not deliver are named.
        const HELD_BACK_TRIES: u32 = 5;
        if self.mailbox.control().stopping() {
            return;
        }
        if error.may_mean_messages() {
            if self.job.progress.held_back.note(uid) >= HELD_BACK_TRIES {
                self.fail(uid, ProblemKind::MessageUnreadable, error, None);
            }
        } else if error.is_loss() {
            self.job.progress.reading_losses.note(uid);
            self.fail_where_lost_too_often(error);
        }
    }

    /// Names the messages at which the connection to the source was lost too often, the last time with this error, while the message was
    /// read alone.
    pub fn fail_where_lost_too_often(&mut self, error: &ImapError) {
        let progress = &self.job.progress;
        if progress.reading_losses.is_hopeless() {
            return self.give_up_folder(Side::Source, error);
        }
        let is_known = progress.costly.len() >= COSTLY_MESSAGES;
        let tries = if error.is_silence() || is_known { 2 } else { READING_TRIES };
        for (uid, times) in progress.reading_losses.given_up(tries) {
            self.job.progress.costly.insert(uid);
            self.fail(uid, ProblemKind::MessageUnreadable, error, Note::LostWhileReading { times });
        }
    }

    /// Notes that the connection to the target was lost while a message was on its way. A server that fails at one message again and again
    /// must not cost the rest of the mailbox: after the second loss, or one silence, the message is sent alone.
    pub fn suspect_sent(&mut self, uid: Uid, (alone, is_single): (bool, bool), error: &ImapError) {
        const TRIES_ALONE: u32 = 2;
        if !error.is_loss() || self.mailbox.control().stopping() {
            return;
        }
        let progress = &mut self.job.progress;
        if is_single {
            progress.sent_singly.note(uid);
        }
        if progress.sent_singly.is_hopeless() {
            return self.give_up_folder(Side::Target, error);
        }
        let is_known = progress.costly.len() >= COSTLY_MESSAGES;
        let losses = &mut progress.sending_losses;
        // A message sent among others is only suspected, however often.
        if !alone && losses.at(&uid) >= SENT_ALONE {
            return;
        }
        let mut times = losses.note(uid);
        if error.is_silence() || is_known {
            times = losses.note(uid);
        }
        if times >= SENT_ALONE + TRIES_ALONE {
            self.fail(uid, ProblemKind::MessageRefused, error, Note::LostWhileSending);
            self.job.progress.costly.insert(uid);
        }
    }

    /// Ends the folder: the connection was lost at each of a few messages, and the server gave or took nothing else.
    fn give_up_folder(&mut self, side: Side, error: &ImapError) {
        if self.job.progress.finished {
            return;
        }
        let kind = match side {
            Side::Source => ProblemKind::FolderNotRead,
            Side::Target | Side::Administration => ProblemKind::FolderNotCreated,
        };
        let problem = Problem::new(kind).on(side).in_folder(&self.job.planned.source);
        self.job.give_up(&mut self.mailbox.reporter, error.quoted_in(problem).noting(Note::LostAtEachMessage));
    }

    /// Names a message as failed without asking the source who wrote it: for use while the connection is busy or lost.
    pub fn fail(&mut self, uid: Uid, kind: ProblemKind, error: &ImapError, note: impl Into<Option<Note>>) {
        let failure = Failure { cause: error.cause(), note: note.into(), ..Failure::new(uid, kind, error.words()) };
        self.name_as_failed(&failure, None);
    }

    /// Names messages as failed, with what the source says about them. Call it only while the source's connection is idle; an error means
    /// that asking lost it. The messages are named all the same.
    pub fn fail_all(&mut self, mut failures: Vec<Failure>) -> Result<(), Halt> {
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
        let Failure { uid, kind, words, cause, note } = failure;
        if self.job.progress.failed.insert(*uid) {
            let name = describe(self.scan.heads.get(*uid), *uid, envelope);
            let problem = Problem::new(*kind).in_folder(&self.job.planned.source).about_message(name);
            let problem = problem.saying(words).caused_by(cause.clone()).noting(note.clone());
            self.report_problem(problem);
        }
    }

    /// Keeps refused messages of the folder back, because the target took nothing after them (see `copy/kept_back`). An error means that it
    /// took nothing any more in an earlier attempt, and still answers in the same words: then it does not get everything else again.
    pub fn keep_back(&mut self, refused: Vec<Failure>) -> Result<(), Halt> {
        let (folder, taken) = (self.job.id, self.mailbox.taken);
        if let Some((words, before)) = &self.mailbox.kept_back.words
            && *before == taken
            && refused.iter().any(|failure| failure.refusal() == Some(words))
        {
            return Err(takes_nothing(words));
        }
        let kept_back = &mut self.mailbox.kept_back;
        let (new, known): (Vec<Failure>, Vec<Failure>) =
            refused.into_iter().partition(|failure| kept_back.before.insert((folder, failure.uid())));
        kept_back.messages.extend(new.into_iter().map(|failure| (folder, failure, taken)));
        self.fail_all(known)
    }

    /// Takes in what was found on the target: notes and reports correct messages, and names altered ones.
    pub fn take_found(&mut self, record: &FolderRecord, found: Vec<Match>) -> Result<(), Halt> {
        let (right, altered): (Vec<Match>, Vec<Match>) = found.into_iter().partition(|it| it.comparison.is_harmless());
        let changed: Vec<(Uid, Comparison)> = right
            .iter()
            .filter(|found| found.comparison != Comparison::Equal)
            .map(|found| (found.uid, found.comparison))
            .collect();
        self.mailbox.take_right(self.ledger, vec![(self.job.id, record.clone(), right)])?;
        self.report_changed(changed)?;
        let places: Vec<(Uid, Uid)> = altered.iter().map(|found| (found.uid, found.target_uid)).collect();
        self.ledger.altered(record, &places)?;
        let altered = altered
            .into_iter()
            .map(|found| Failure::noted(found.uid, ProblemKind::MessageAltered, found.comparison.note()));
        self.fail_all(altered.collect())
    }

    /// Reports messages whose size differs widely from the one that the source announced, once in a run.
    pub fn report_sizes(&mut self) -> Result<(), Halt> {
        let unlike = std::mem::take(&mut self.job.progress.unlike_announced);
        let folder = (self.job.source.wire_name.as_slice(), Some(self.scan.status.uid_validity));
        let named = unlike.keys().copied().take(CHANGED_NAMED);
        let (envelopes, lost) = self.mailbox.names.ask(&mut self.sessions.source, folder, named);
        let about = || Problem::new(ProblemKind::SizeNotAsAnnounced).in_folder(&self.job.planned.source);
        let mut problems: Vec<Problem> = Vec::new();
        for (uid, (announced, given)) in unlike.iter().take(CHANGED_NAMED) {
            let name = describe(self.scan.heads.get(*uid), *uid, envelopes.get(uid));
            let note = Note::AnnouncedAndGiven { announced: *announced, given: *given };
            problems.push(about().about_message(name).noting(note));
        }
        let more = unlike.len().saturating_sub(CHANGED_NAMED) as u64;
        problems.extend((more > 0).then(|| about().counting(more)));
        problems.into_iter().for_each(|problem| self.report_problem(problem));
        lost.map_or(Ok(()), |error| Err(Halt::Server { side: Side::Source, error }))
    }

    /// Reports messages that the target stored with a harmless change. They are named if more than the final line ending changed.
    fn report_changed(&mut self, changed: Vec<(Uid, Comparison)>) -> Result<(), Halt> {
        let (ends, mut named): (Vec<_>, Vec<_>) =
            changed.into_iter().partition(|(_, comparison)| *comparison == Comparison::FinalLineEnd);
        let rest = named.split_off(named.len().min(CHANGED_NAMED));
        let uids = named.iter().map(|(uid, _)| *uid);
        let folder = (self.job.source.wire_name.as_slice(), Some(self.scan.status.uid_validity));
        let (envelopes, lost) = self.mailbox.names.ask(&mut self.sessions.source, folder, uids);
        for (uid, comparison) in named {
            let name = describe(self.scan.heads.get(uid), uid, envelopes.get(&uid));
            let problem = Problem::new(ProblemKind::MessageNormalised).in_folder(&self.job.planned.source);
            self.report_problem(problem.about_message(name).noting(comparison.note()));
        }
        let groups = [Comparison::LineEnds, Comparison::HeaderAdded]
            .map(|comparison| (comparison, rest.iter().filter(|(_, other)| *other == comparison).count()));
        for (comparison, count) in groups.into_iter().chain([(Comparison::FinalLineEnd, ends.len())]) {
            if count > 0 {
                let problem = Problem::new(ProblemKind::MessageNormalised).in_folder(&self.job.planned.source);
                self.report_problem(problem.counting(count as u64).noting(comparison.note()));
            }
        }
        lost.map_or(Ok(()), |error| Err(Halt::Server { side: Side::Source, error }))
    }
}
