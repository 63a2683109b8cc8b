//! A mailbox and a folder at work, as data: what every stage gets.
//!
//! A [`Mailbox`] lives through all attempts of a run on one account. A [`FolderRun`] is one folder in one attempt, with the connections
//! and the ledger that are at hand for it. The flow is elsewhere: `mailbox.rs` says what comes after what.

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
use crate::ledger::{Done, FolderRecord, Ledger};
use failures::KeptBack;
use std::collections::{BTreeMap, BTreeSet};
use suspects::{Good, Singly, suspect_at_work};

/// One mailbox while it is migrated.
pub struct Mailbox<'a> {
    pub context: &'a RunContext,
    pub account: &'a Account,
    pub reporter: Reporter<'a>,
    /// The user on the target, once it is known.
    pub user: Option<TargetUser>,
    /// Messages that were read for a comparison that continues where it was when the connection is lost.
    pub compared: usize,
    /// The messages of the folders that were scanned.
    pub elsewhere: Elsewhere,
    /// Messages that the target has as items.
    pub as_items: AsItems,
    /// Whether folders are asked for one by one.
    pub singly: Singly,
    /// Folders that were opened in this run.
    pub good: Good,
    /// Folders that a server refused while it had opened none.
    pub refusals: Vec<(FolderId, Side, ImapError)>,
    /// Whether another machine had this mailbox and did not give it back: what it had sent last may still arrive.
    pub taken_over: bool,
    /// Whether a connection to the target was lost while there were two: it is one from then on.
    pub one_connection: bool,
    /// Whether the target is asked, behind what it is sent, how many messages it holds: until a connection to it is lost.
    pub asks_for_counts: bool,
    /// Messages that the target refused, and took none after them; they are named when everything was tried.
    pub kept_back: KeptBack,
    /// How many messages the target has taken in this run.
    pub taken: u64,
    /// The size of the largest message that the target has taken in this run.
    pub largest_taken: u64,
    /// Where the plan puts the folders.
    pub places: BTreeSet<FolderPath>,
    /// The target's folders that were made ready.
    pub opened: BTreeMap<FolderId, FolderPath>,
    /// The wire names of the target's folders that were created in this run.
    pub made: BTreeSet<Vec<u8>>,
    /// Asks the source who wrote what is missing.
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

    /// The user's wishes, as far as they reach this mailbox.
    pub fn control(&self) -> AccountControl {
        self.context.control.of(self.reporter.account)
    }

    /// Notes the messages that were found to be correct, and reports them.
    pub fn take_right(&mut self, ledger: &mut Ledger, found: Vec<Found>) -> Result<(), Halt> {
        for (folder, record, right) in found.into_iter().filter(|(_, _, right)| !right.is_empty()) {
            let pairs: Vec<(Uid, Uid)> = right.iter().map(|right| (right.uid, right.target_uid)).collect();
            ledger.checked(&record, &pairs)?;
            self.reporter.checked(folder, right.len() as u64, right.iter().map(|right| right.size).sum());
        }
        Ok(())
    }
}

/// The messages of a folder that are done but that, according to the record, have not been compared in the requested way.
pub fn uncompared(ledger: &Ledger, record: &FolderRecord, verify: Verify) -> Result<Vec<Done>, Halt> {
    Ok(match verify {
        Verify::Size => ledger.unseen(record)?,
        Verify::Content | Verify::None => ledger.unchecked(record)?,
    })
}

/// Ends a folder at an error that affects only this folder, and returns none; the rest of the mailbox continues. A lost connection is
/// noted.
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

/// Work on one folder in one attempt.
pub struct FolderRun<'r, 'a> {
    pub mailbox: &'r mut Mailbox<'a>,
    pub sessions: &'r mut Sessions,
    pub ledger: &'r mut Ledger,
    pub job: &'r mut FolderJob,
    pub scan: &'r Scan,
    pub target: &'r TargetFolder,
}

impl FolderRun<'_, '_> {
    /// Opens the folder on the source, and makes sure that it is still the one that was scanned.
    pub fn open_source(&mut self) -> Result<(), Halt> {
        let wire_name = &self.job.source.wire_name;
        if self.sessions.source.has_open(wire_name) {
            return Ok(());
        }
        let status = self.sessions.source.examine(wire_name).on(Side::Source)?;
        if status.uid_validity == self.scan.status.uid_validity { Ok(()) } else { Err(self.replaced()) }
    }

    /// The folder's UIDs now name other messages.
    pub fn replaced(&self) -> Halt {
        Problem::new(ProblemKind::FolderReplaced).in_folder(&self.job.planned.source).into()
    }

    /// Reports a problem of the folder.
    pub fn report_problem(&mut self, problem: Problem) {
        self.mailbox.reporter.folder_problem(self.job.id, problem);
    }

    /// Reports a problem of the folder, of its kind once in a run.
    pub fn report_once(&mut self, problem: Problem) {
        self.job.report_once(&mut self.mailbox.reporter, problem);
    }

    /// Reports which of the folder's messages are on the target, where that has not been reported yet.
    pub fn report_found(&mut self, record: &FolderRecord) -> Result<(), Halt> {
        let done = self.ledger.done(record)?;
        let taken = done.iter().filter(|(uid, _)| self.scan.heads.get(*uid).is_some());
        let (messages, bytes) = taken.fold((0_u64, 0), |(messages, bytes), (_, size)| (messages + 1, bytes + size));
        let open = uncompared(self.ledger, record, self.mailbox.context.options.verify)?;
        let compared = messages.saturating_sub(open.len() as u64);
        self.job.report_found(&self.mailbox.reporter, (messages, bytes), compared);
        Ok(())
    }

    /// What is known about the folder's messages now.
    pub fn evidence(&self, record: &FolderRecord) -> Result<FolderEvidence, Halt> {
        let done: BTreeSet<Uid> = self.ledger.done(record)?.into_iter().map(|(uid, _)| uid).collect();
        Ok(self.scan.evidence(&done, &self.job.progress))
    }
}
