//! One folder of a mailbox as data: what is known about it on both sides, and what has been reported.
//!
//! Promises that nothing is reported twice in a run, however many attempts it takes. The stages do all work on a folder: `scan`,
//! `reconcile`, `copy` and `proof`.

pub mod describe;
pub mod flags_lost;
pub mod losses;
pub mod noted_flags;
pub mod own_appends;
pub mod progress;
pub mod witnesses;

use crate::domain::{Folder, FolderId, Note, PlannedFolder, Problem, ProblemKind, Side, Uid};
use crate::imap::{FolderStatus, ImapError, OpenFolder};
use crate::ledger::Message;
use crate::migrate::context::reporter::Reporter;
use crate::migrate::heads::Heads;
use crate::migrate::verdict::FolderEvidence;
use crate::progress::{Counts, Event};
use progress::{FolderProgress, News};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

/// A folder that is being migrated.
pub struct FolderJob {
    pub id: FolderId,
    pub source: Folder,
    pub planned: PlannedFolder,
    /// Whether only messages are copied that no earlier folder has.
    pub rest: bool,
    /// The source folder, from its scan until it is proved.
    pub scan: Option<Arc<Scan>>,
    /// The target folder as this attempt found it.
    pub target: Option<TargetFolder>,
    pub progress: FolderProgress,
}

/// A folder of the source as scanned.
pub struct Scan {
    pub status: FolderStatus,
    pub heads: Heads,
    /// Messages that the user's rules leave out.
    pub kept_back: BTreeSet<Uid>,
    /// Messages that are on the target as items.
    pub as_items: BTreeSet<Uid>,
}

impl Scan {
    /// Whether the source has the message, whether or not it is copied.
    pub fn has(&self, uid: Uid) -> bool {
        self.heads.get(uid).is_some() || self.kept_back.contains(&uid) || self.as_items.contains(&uid)
    }

    /// Messages that the source counts but does not list.
    pub fn unlisted(&self) -> u64 {
        self.status.messages.saturating_sub(self.heads.read())
    }

    /// The evidence about its messages, of which `done` are on the target.
    pub fn evidence(&self, done: &BTreeSet<Uid>, progress: &FolderProgress) -> FolderEvidence {
        let as_items = self.as_items.len() as u64;
        let on_source = self.unlisted() + as_items;
        let mut evidence = FolderEvidence { on_source, as_items, ..FolderEvidence::default() };
        for head in self.heads.all() {
            evidence.on_source += 1;
            if done.contains(&head.uid) && !progress.failed.contains(&head.uid) {
                evidence.on_target += 1;
            } else if progress.vanished.contains(&head.uid) {
                evidence.vanished += 1;
            }
        }
        evidence
    }
}

/// A target folder, ready for appending.
#[derive(Clone)]
pub struct TargetFolder {
    pub wire_name: Vec<u8>,
    pub open: OpenFolder,
    /// When its status was last requested.
    pub looked_at: Instant,
    /// Messages from this UID on came after that; 1 until that is known.
    pub floor: u32,
}

impl FolderJob {
    pub fn new(id: FolderId, source: Folder, planned: PlannedFolder, rest: bool) -> Self {
        Self { id, source, planned, rest, scan: None, target: None, progress: FolderProgress::default() }
    }

    /// Whether it comes last, because a connection was lost at it.
    pub fn is_suspect(&self) -> bool {
        self.progress.is_suspect()
    }

    /// Ends a folder whose messages are all on the target from an earlier run, which recorded `bytes` and compared `compared` messages.
    pub fn take_over(
        &mut self,
        reporter: &Reporter<'_>,
        (bytes, compared): (u64, u64),
        source: &FolderStatus,
        target: &FolderStatus,
    ) {
        let messages = source.messages;
        self.progress.on_source = Some((source.uid_validity, source.uid_next, messages));
        reporter.counted(self.id, messages, Some(bytes));
        self.report_found(reporter, (messages, bytes), compared);
        let evidence = FolderEvidence { on_source: messages, on_target: messages, ..FolderEvidence::default() };
        self.finish(reporter, evidence, Some(target.messages));
    }

    /// Ends a folder that cannot be copied. The rest of the mailbox continues.
    pub fn give_up(&mut self, reporter: &mut Reporter<'_>, problem: Problem) {
        reporter.folder_problem(self.id, problem);
        self.end(reporter, None);
    }

    /// Reports a problem, each kind once in a run.
    pub fn report_once(&mut self, reporter: &mut Reporter<'_>, problem: Problem) {
        if self.progress.reported.insert(problem.kind) {
            reporter.folder_problem(self.id, problem);
        }
    }

    /// Reports messages that the source counts but does not list, once in a run.
    pub fn report_unlisted(&mut self, reporter: &mut Reporter<'_>, messages: u64) {
        if messages > 0 {
            let problem = Problem::new(ProblemKind::MessageUnreadable).in_folder(&self.planned.source);
            let problem = problem.counting(messages).noting(Note::CountedNotListed);
            self.report_once(reporter, problem);
        }
    }

    /// Reports how many messages the user's rules leave out, once in a run.
    pub fn report_left_out(&mut self, reporter: &Reporter<'_>, messages: u64) {
        if messages > 0 && !std::mem::replace(&mut self.progress.left_out_reported, true) {
            reporter.report(Event::MessagesLeftOut { account: reporter.account, folder: self.id, messages });
        }
    }

    /// Reports what is on the target and has not been reported yet. All numbers are for the whole folder, also that of messages compared by
    /// earlier runs.
    pub fn report_found(&mut self, reporter: &Reporter<'_>, (messages, bytes): (u64, u64), compared: u64) {
        // What was compared in this run is reported separately.
        let compared = if std::mem::replace(&mut self.progress.found_reported, true) { 0 } else { compared };
        let Some(news) = self.progress.note_found(messages, bytes) else { return };
        let (account, folder) = (reporter.account, self.id);
        reporter.report(match news {
            News::Found(Counts { messages, bytes }) => {
                Event::MessagesFound { account, folder, messages, bytes, compared }
            }
            News::Recounted { found, copied } => Event::MessagesRecounted { account, folder, found, copied },
        });
    }

    /// Reports how many of the messages in the `record` that did not fail lost some of their flags, once in a run.
    pub fn report_lost_flags(&mut self, reporter: &mut Reporter<'_>, record: &[Message]) {
        let recorded: BTreeSet<Uid> = record.iter().map(|message| message.uid).collect();
        let FolderProgress { flags_lost, failed, .. } = &self.progress;
        let lost = flags_lost.of_stored(|uid| recorded.contains(&uid) && !failed.contains(&uid));
        let Some((count, example)) = lost else { return };
        let problem = Problem::new(ProblemKind::KeywordsDropped).in_folder(&self.planned.source);
        let problem = problem.counting(count).noting(Note::FlagLost { flag: example.to_owned() });
        self.report_once(reporter, problem);
    }

    /// Ends the folder with the evidence about its messages, and with the number of messages in the target folder, if known.
    pub fn finish(&mut self, reporter: &Reporter<'_>, evidence: FolderEvidence, target_messages: Option<u64>) {
        self.progress.evidence = Some(evidence);
        self.end(reporter, target_messages);
    }

    fn end(&mut self, reporter: &Reporter<'_>, target_messages: Option<u64>) {
        self.progress.finished = true;
        self.scan = None;
        reporter.report(Event::FolderFinished { account: reporter.account, folder: self.id, target_messages });
    }
}

/// The problem of a folder that one side refuses to open, to read or to create.
pub fn refused_folder(side: Side, planned: &PlannedFolder, error: &ImapError) -> Problem {
    let kind = match side {
        Side::Source => ProblemKind::FolderNotRead,
        Side::Target | Side::Administration => ProblemKind::FolderNotCreated,
    };
    error.quoted_in(Problem::new(kind).on(side).in_folder(&planned.source))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{MessageHead, UidValidity};

    #[test]
    fn what_the_source_counts_and_does_not_list_is_evidence_of_a_message_that_is_not_on_the_target() {
        let mut heads = Heads::default();
        for uid in 1..=4 {
            let head =
                MessageHead { uid: Uid(uid), size: 1, flags: Vec::new(), date: None, permanent_id: None, unused: None };
            heads.push(head);
        }
        heads.finish();
        let status = FolderStatus { uid_validity: UidValidity(1), uid_next: None, messages: 5, highest_modseq: None };
        let scan = Scan { status, heads, kept_back: BTreeSet::new(), as_items: BTreeSet::new() };
        let mut progress = FolderProgress::default();
        let done = |uids: &[u32]| uids.iter().copied().map(Uid).collect::<BTreeSet<_>>();
        let evidence = scan.evidence(&done(&[1, 2, 3, 4]), &progress);
        assert_eq!(evidence, FolderEvidence { on_source: 5, on_target: 4, as_items: 0, vanished: 0 });
        assert!(!evidence.is_whole());
        progress.failed.insert(Uid(2));
        progress.vanished.insert(Uid(3));
        let evidence = scan.evidence(&done(&[1, 2]), &progress);
        assert_eq!(evidence, FolderEvidence { on_source: 5, on_target: 1, as_items: 0, vanished: 1 });
    }
}
