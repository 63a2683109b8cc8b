//! A mailbox and a folder at work, as data: every stage gets these.
//!
//! A [`Mailbox`] lives through all attempts of a run on one account. A [`FolderRun`] is one folder in one attempt, with its connections and
//! its ledger. The flow is in `mailbox.rs`.

pub mod failures;
pub mod suspects;

use super::context::RunContext;
use super::context::control::AccountControl;
use super::context::reporter::Reporter;
use super::folder::describe::Names;
use super::folder::{FolderJob, Scan, TargetFolder, refused_folder};
use super::halt::{Halt, OnSide};
use super::plan::duplicates::Elsewhere;
use super::plan::items::AsItems;
use super::request::Verify;
use super::sessions::Sessions;
use super::sessions::follower::Found;
use super::target::directory::TargetUser;
use super::verdict::FolderEvidence;
use crate::domain::{Account, FolderId, FolderPath, Problem, ProblemKind, Reach, Side, Uid};
use crate::imap::ImapError;
use crate::ledger::{Done, FolderRecord, Ledger, Stored};
use crate::migrate::content::matching::Match;
use failures::KeptBack;
use std::collections::{BTreeMap, BTreeSet};
use suspects::{Good, Singly, suspect_at_work};

/// One mailbox during its migration.
pub struct Mailbox<'a> {
    pub context: &'a RunContext,
    pub account: &'a Account,
    pub reporter: Reporter<'a>,
    /// The user on the target, once known.
    pub user: Option<TargetUser>,
    /// The number of messages read for a comparison that resumes after a lost connection.
    pub compared: usize,
    /// The messages of the folders that were scanned.
    pub elsewhere: Elsewhere,
    /// Messages that are on the target as items.
    pub as_items: AsItems,
    /// Whether folders are requested one by one.
    pub singly: Singly,
    /// Folders that were opened in this run.
    pub good: Good,
    /// Folders that a server refused before it had opened any.
    pub refusals: Vec<(FolderId, Side, ImapError)>,
    /// Whether another machine had this mailbox and did not give it back: what that machine sent last may still arrive.
    pub taken_over: bool,
    /// Whether a connection to the target was lost while two were in use: from then on only one is used.
    pub one_connection: bool,
    /// Whether the target is asked for its message count behind what it is sent: until a connection to it is lost.
    pub asks_for_counts: bool,
    /// Messages that the target refused, taking none after them; they are named once everything was tried.
    pub kept_back: KeptBack,
    /// How many messages the target has taken in this run.
    pub taken: u64,
    /// The size of the largest message that the target has taken in this run.
    pub largest_taken: u64,
    /// The paths where the plan puts the folders.
    pub places: BTreeSet<FolderPath>,
    /// The target folders that were made ready.
    pub opened: BTreeMap<FolderId, FolderPath>,
    /// The wire names of the target folders created in this run.
    pub made: BTreeSet<Vec<u8>>,
    /// Asks the source for the senders of missing messages.
    pub names: Names,
}

impl<'a> Mailbox<'a> {
    /// A mailbox about which nothing is known yet.
    pub fn new(context: &'a RunContext, account: &'a Account, reporter: Reporter<'a>) -> Self {
        Self {
            context,
            account,
            reporter,
            user: None,
            compared: 0,
            elsewhere: Elsewhere::default(),
            as_items: AsItems::default(),
            singly: Singly::default(),
            good: Good::default(),
            refusals: Vec::new(),
            taken_over: false,
            one_connection: false,
            asks_for_counts: true,
            kept_back: KeptBack::default(),
            taken: 0,
            largest_taken: 0,
            places: BTreeSet::new(),
            opened: BTreeMap::new(),
            made: BTreeSet::new(),
            names: Names::default(),
        }
    }

    /// The user's wishes that affect this mailbox.
    pub fn control(&self) -> AccountControl {
        self.context.control.of(self.reporter.account)
    }

    /// Notes messages that were found to be correct, and reports them.
    pub fn take_right(&mut self, ledger: &mut Ledger, found: Vec<Found>) -> Result<(), Halt> {
        for (folder, record, right) in found.into_iter().filter(|(_, _, right)| !right.is_empty()) {
            let pairs: Vec<(Uid, Uid)> = right.iter().map(|right| (right.uid, right.target_uid)).collect();
            ledger.checked(&record, &pairs)?;
            ledger.stored(&record, &stored_of(&right))?;
            self.reporter.checked(folder, right.len() as u64, right.iter().map(|right| right.size).sum());
        }
        Ok(())
    }
}

/// What the target holds of these messages.
fn stored_of(found: &[Match]) -> Vec<(Uid, Option<Stored>)> {
    found.iter().map(|found| (found.uid, found.stored)).collect()
}

/// The done messages of a folder that, according to the record, have not been compared in the requested way.
pub fn uncompared(ledger: &Ledger, record: &FolderRecord, verify: Verify) -> Result<Vec<Done>, Halt> {
    Ok(match verify {
        Verify::Size => ledger.unseen(record)?,
        Verify::Content | Verify::None => ledger.unchecked(record)?,
    })
}

/// Ends a folder at an error that affects only this folder, and returns none; the rest of the mailbox continues. Notes a lost connection.
pub fn within_folder<T>(
    outcome: Result<T, Halt>,
    mailbox: &mut Mailbox<'_>,
    job: &mut FolderJob,
) -> Result<Option<T>, Halt> {
    let reporter = &mut mailbox.reporter;
    match outcome {
        Ok(done) => Ok(Some(done)),
        Err(Halt::Server { side, error }) if !error.is_connection() => {
            job.give_up(reporter, refused_folder(side, &job.planned, &error));
            Ok(None)
        }
        Err(Halt::Problem(problem)) if problem.reach() == Reach::Folder => {
            job.give_up(reporter, *problem);
            Ok(None)
        }
        Err(halt) => {
            suspect_at_work(mailbox, job, &halt);
            Err(halt)
        }
    }
}

/// The work on one folder in one attempt.
pub struct FolderRun<'r, 'a> {
    pub mailbox: &'r mut Mailbox<'a>,
    pub sessions: &'r mut Sessions,
    pub ledger: &'r mut Ledger,
    pub job: &'r mut FolderJob,
    pub scan: &'r Scan,
    pub target: &'r TargetFolder,
}

impl FolderRun<'_, '_> {
    /// Opens the folder on the source, and checks that it is still the one that was scanned.
    pub fn open_source(&mut self) -> Result<(), Halt> {
        let wire_name = &self.job.source.wire_name;
        if self.sessions.source.has_open(wire_name) {
            return Ok(());
        }
        let status = self.sessions.source.examine(wire_name).on(Side::Source)?;
        if status.uid_validity == self.scan.status.uid_validity { Ok(()) } else { Err(self.replaced()) }
    }

    /// The halt for a folder whose UIDs name other messages now.
    pub fn replaced(&self) -> Halt {
        Problem::new(ProblemKind::FolderReplaced).in_folder(&self.job.planned.source).into()
    }

    /// Reports a problem of the folder.
    pub fn report_problem(&mut self, problem: Problem) {
        self.mailbox.reporter.folder_problem(self.job.id, problem);
    }

    /// Reports a problem of the folder, each kind once in a run.
    pub fn report_once(&mut self, problem: Problem) {
        self.job.report_once(&mut self.mailbox.reporter, problem);
    }

    /// Reports which of the folder's messages are on the target, unless that was reported before.
    pub fn report_found(&mut self, record: &FolderRecord) -> Result<(), Halt> {
        let done = self.ledger.done(record)?;
        let taken = done.iter().filter(|(uid, _)| self.scan.heads.get(*uid).is_some());
        let (messages, bytes) = taken.fold((0_u64, 0), |(messages, bytes), (_, size)| (messages + 1, bytes + size));
        let open = uncompared(self.ledger, record, self.mailbox.context.options.verify)?;
        let compared = messages.saturating_sub(open.len() as u64);
        self.job.report_found(&self.mailbox.reporter, (messages, bytes), compared);
        Ok(())
    }

    /// The current knowledge about the folder's messages.
    pub fn evidence(&self, record: &FolderRecord) -> Result<FolderEvidence, Halt> {
        let done: BTreeSet<Uid> = self.ledger.done(record)?.into_iter().map(|(uid, _)| uid).collect();
        Ok(self.scan.evidence(&done, &self.job.progress))
    }
}
