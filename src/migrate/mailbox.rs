//! One mailbox: one worker's job, from signing in on both sides to its last folder, through as many connections as it takes.

use super::check::room;
use super::copy;
use super::folder::{self, FolderJob};
use super::halt::Halt;
use super::named::Names;
use super::plan::elsewhere::Elsewhere;
use super::plan::{self, TargetNames, Way, Wishes};
use super::run::context::RunContext;
use super::run::retries::Retries;
use super::scan;
use super::sign_in::directory::TargetUser;
use super::sign_in::{Listings, Sessions};
use crate::domain::{Account, AccountId, FolderId, Problem, ProblemKind, Severity};
use crate::ledger::{History, Ledger};
use crate::progress::{AccountEnd, Event, Step};

/// Seconds before each new try after a server failed us. Progress between two failures begins the row anew.
const PAUSES: [u64; 9] = [1, 5, 15, 60, 60, 120, 300, 300, 300];

/// One mailbox while it is migrated.
pub(super) struct Mailbox<'a> {
    pub(super) context: &'a RunContext,
    pub(super) id: AccountId,
    pub(super) account: &'a Account,
    user: Option<TargetUser>,
    ledger: Option<Ledger>,
    folders: Option<Vec<FolderJob>>,
    /// Messages that were found right on the target, by whatever means.
    pub(super) checked: u64,
    /// Messages that were read for a comparison that goes on where it was when the line is lost.
    pub(super) compared: usize,
    /// The octets the target has room for, as far as it told and until that was looked at.
    free_octets: Option<u64>,
    /// The messages of the folders that were scanned.
    pub(super) elsewhere: Elsewhere,
    /// Whether the target's line was lost while folders were made ready: they are asked for one by one then.
    pub(super) wary: bool,
    /// Whether a line to the target was lost while there were two: it is one from then on.
    pub(super) one_line: bool,
    /// Asks the source who wrote what is missing.
    pub(super) names: Names,
    /// Whether something is missing and named.
    pub(super) incomplete: bool,
}

/// Migrates one mailbox to its end and tells how it ended.
pub(super) fn migrate(context: &RunContext, id: AccountId, account: &Account) -> AccountEnd {
    let mut mailbox = Mailbox {
        context,
        id,
        account,
        user: None,
        ledger: None,
        folders: None,
        checked: 0,
        compared: 0,
        free_octets: None,
        elsewhere: Elsewhere::default(),
        wary: false,
        one_line: false,
        names: Names::default(),
        incomplete: false,
    };
    let end = mailbox.work();
    // The next run does not know what this one left behind.
    for mut job in mailbox.folders.take().into_iter().flatten().filter(|job| !job.progress.finished) {
        job.tell_lost_flags(&mut mailbox);
    }
    if end == AccountEnd::Complete && mailbox.incomplete { AccountEnd::Incomplete } else { end }
}

impl Mailbox<'_> {
    fn work(&mut self) -> AccountEnd {
        let mut retries = Retries::after(&PAUSES);
        loop {
            self.context.control.wait_while_paused();
            if self.context.control.stopping() {
                return AccountEnd::Stopped;
            }
            let before = self.progress();
            let halt = match self.attempt() {
                Ok(()) => return AccountEnd::Complete,
                Err(halt) => halt,
            };
            if self.context.control.stopping() {
                return AccountEnd::Stopped;
            }
            let Some(problem) = halt.problem(self.account) else { continue };
            match retries.next(&halt, self.account, self.progress() > before) {
                Some((side, pause)) => self.context.wait_for(self.id, side, pause),
                None => {
                    self.context.tell_problem(self.id, None, problem);
                    return if self.settled() > 0 { AccountEnd::Incomplete } else { AccountEnd::Failed };
                }
            }
        }
    }

    /// Messages that were found or copied so far.
    fn settled(&self) -> u64 {
        self.folders.iter().flatten().map(|job| job.progress.settled()).sum()
    }

    /// These, what was checked or compared, and the folders that came to their end; an attempt that adds to them was worth its while.
    fn progress(&self) -> u64 {
        self.settled()
            + self.checked
            + self.compared as u64
            + self.folders.iter().flatten().map(|job| u64::from(job.progress.finished)).sum::<u64>()
    }

    fn attempt(&mut self) -> Result<(), Halt> {
        let (mut sessions, listings) = Sessions::open(self.context, self.id, self.account, &mut self.user)?;
        let mut folders = match self.folders.take() {
            Some(folders) => folders,
            None => self.plan(&mut sessions, listings)?,
        };
        let Some(mut ledger) = self.ledger.take() else { return Err(Halt::Held) };
        let outcome = self.attempt_folders(&mut sessions, &mut ledger, &mut folders);
        self.folders = Some(folders);
        self.ledger = Some(ledger);
        outcome?;
        sessions.close();
        Ok(())
    }

    /// Decides which folder goes where; once for each run, so that ids hold.
    fn plan(&mut self, sessions: &mut Sessions, listings: Listings) -> Result<Vec<FolderJob>, Halt> {
        self.step(Step::Listing);
        let ledger = self.open_ledger()?;
        let earlier = ledger.target_names()?;
        let earlier = earlier.into_iter().map(|(source, target)| (source, sessions.target.reader().path(&target)));
        let permanent_ids = sessions.source.has_permanent_ids();
        let wishes = Wishes { selection: &self.context.selection, earlier: &earlier.collect(), permanent_ids };
        let Listings { source, target } = listings;
        self.free_octets = target.free_octets;
        let names = TargetNames { folders: &target.folders, separator: target.separator, kerio: self.context.kerio };
        let (ways, mut left_out) = plan::plan(&source.folders, &names, wishes);
        left_out.splice(0..0, source.left_out);
        let job =
            |(id, way): (usize, Way)| FolderJob::new(FolderId(id as u32), source.folders[way.index].clone(), &way);
        let folders: Vec<FolderJob> = ways.into_iter().enumerate().map(job).collect();
        self.context.tell(Event::FoldersPlanned {
            account: self.id,
            folders: folders.iter().map(|job| job.planned.clone()).collect(),
            left_out,
        });
        self.ledger = Some(ledger);
        Ok(folders)
    }

    fn open_ledger(&self) -> Result<Ledger, Halt> {
        let key = self.context.ledger_key(self.account);
        let (ledger, history) = Ledger::open(&self.context.options.state_folder, &key)?;
        if let History::SetAside { path, why } = history {
            let problem = Problem::new(ProblemKind::HistoryUnknown)
                .for_account(&self.account.address)
                .in_folder("all folders")
                .saying(format!("the record was unusable ({why}) and is kept as {}", path.display()));
            self.context.tell_problem(self.id, None, problem);
        }
        Ok(ledger)
    }

    /// Brings every folder to its end: what has not changed is taken over, then all others are scanned, copied, and proved.
    ///
    /// Each of these is done for all folders before the next, so that a folder never waits for the answer to another's question.
    fn attempt_folders(
        &mut self,
        sessions: &mut Sessions,
        ledger: &mut Ledger,
        folders: &mut [FolderJob],
    ) -> Result<(), Halt> {
        scan::take_over_unchanged(self, sessions, ledger, folders)?;
        scan::scan_and_make_ready(self, sessions, folders)?;
        self.weigh(ledger, folders)?;
        copy::copy_folders(self, sessions, ledger, folders)?;
        folder::prove_folders(self, sessions, ledger, folders)?;
        scan::tell_target_counts(self, sessions, folders)
    }

    /// Asks for a second line to the target, if so many octets are worth it.
    pub(super) fn ask_for_second_line(&self, sessions: &mut Sessions, octets: u64) {
        if !self.one_line {
            sessions.second.ask(self.context, self.account, self.user.as_ref(), &sessions.target, octets);
        }
    }

    /// Tells, before anything is copied, when the target has less room than is needed.
    fn weigh(&mut self, ledger: &Ledger, folders: &[FolderJob]) -> Result<(), Halt> {
        let Some(free) = self.free_octets.take() else { return Ok(()) };
        let mut needed = 0;
        for job in folders {
            let Some(scan) = &job.scan else { continue };
            needed += room::still_to_copy(ledger, &job.source, scan.heads.octets())?;
        }
        room::tell_too_small(self.context, self.id, self.account, needed, free);
        Ok(())
    }

    pub(super) fn tell_counted(&self, folder: FolderId, messages: u64, bytes: Option<u64>) {
        self.context.tell(Event::FolderCounted { account: self.id, folder, messages, bytes });
    }

    pub(super) fn step(&self, step: Step) {
        self.context.tell(Event::Stepped { account: self.id, step });
    }

    /// Tells of a problem in one folder; one that leaves something missing keeps the mailbox from being complete.
    pub(super) fn tell_folder_problem(&mut self, folder: FolderId, problem: Problem) {
        if problem.severity() == Severity::Error {
            self.incomplete = true;
        }
        self.context.tell_problem(self.id, Some(folder), problem);
    }
}
