//! Messages that cannot be copied: each is named once in a run, and not tried again in it.

use super::FolderRun;
use crate::domain::{Note, Problem, ProblemKind, Side, Uid};
use crate::imap::{Envelope, ImapError};
use crate::migrate::folder::describe::describe;
use crate::migrate::halt::Halt;

/// A message that is named as failed: what happened to it, the server's words, and what we know besides.
pub struct Failure {
    uid: Uid,
    kind: ProblemKind,
    words: String,
    note: Option<Note>,
}

impl Failure {
    pub fn new(uid: Uid, kind: ProblemKind, words: impl Into<String>) -> Self {
        Self { uid, kind, words: words.into(), note: None }
    }

    /// A failure of which the server says nothing.
    pub fn noted(uid: Uid, kind: ProblemKind, note: Note) -> Self {
        Self { note: Some(note), ..Self::new(uid, kind, "") }
    }
}

impl FolderRun<'_, '_> {
    /// Notes at which message the connection to the source was lost. A server that fails at a message again and again, whatever else is
    /// read before it, must not cost the rest of the mailbox.
    pub fn suspect(&mut self, uid: Uid, error: &ImapError) {
        const TRIES: u32 = 3;
        if !error.is_loss() || self.mailbox.context.control.stopping() {
            return;
        }
        let losses = self.job.progress.reading_losses.entry(uid).or_default();
        *losses += 1;
        if *losses >= TRIES {
            let note = Note::LostWhileReading { times: *losses };
            self.fail(uid, ProblemKind::MessageUnreadable, error, note);
        }
    }

    /// Names a message as failed without asking the source who wrote it: for use while the connection is busy or lost.
    pub fn fail(&mut self, uid: Uid, kind: ProblemKind, error: &ImapError, note: Note) {
        self.name_as_failed(&Failure { note: Some(note), ..Failure::new(uid, kind, error.words()) }, None);
    }

    /// Names messages as failed, with what the source says of them. Only where nothing is under way on the source's connection; the
    /// error is that asking has lost it. The messages are named all the same.
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
        let Failure { uid, kind, words, note } = failure;
        if self.job.progress.failed.insert(*uid) {
            let name = describe(self.scan.heads.get(*uid), *uid, envelope);
            let problem = Problem::new(*kind).in_folder(&self.job.planned.source).about_message(name);
            let problem = problem.saying(words).noting(note.clone());
            self.report_problem(problem);
        }
    }
}
