//! One mailbox: one worker's job, from signing in on both sides to its last folder, through as many connections as it takes.

use super::attempt::Mailbox;
use super::context::RunContext;
use super::context::reporter::Reporter;
use super::context::retry::{Ended, Work, attempt_until_done};
use super::copy;
use super::folder::FolderJob;
use super::follow::deletions::{self, Beside};
use super::follow::flags;
use super::follow::moves::{self, Gone};
use super::groupware;
use super::halt::Halt;
use super::plan::{self, TargetNames, Way, Wishes};
use super::proof;
use super::reconcile::room;
use super::scan;
use super::sessions::{Listings, Sessions};
use super::verdict::{Evidence, Verdict};
use super::witness;
use crate::domain::{Account, AccountId, Folder, FolderId, LeftOut, Note, Problem, ProblemKind, SpecialUse};
use crate::ledger::{History, Ledger};
use crate::progress::{Event, Step};

/// Seconds before each new try after a server failed us. Progress between two failures begins the row anew.
const PAUSES: [u64; 9] = [1, 5, 15, 60, 60, 120, 300, 300, 300];

/// The migration of one mailbox.
struct Migration<'a> {
    mailbox: Mailbox<'a>,
    ledger: Option<Ledger>,
    folders: Option<Vec<FolderJob>>,
    /// What the source lists and is not copied.
    left_out: Vec<LeftOut>,
    /// What was found gone on the source and not found again yet.
    gone: Vec<Gone>,
    beside: Beside,
    /// The bytes the target has room for, as far as it announced them and until that was looked at.
    free_bytes: Option<u64>,
}

/// Migrates one mailbox to its end and says how it ended.
pub fn migrate(context: &RunContext, id: AccountId, account: &Account) -> Verdict {
    let mailbox = Mailbox::new(context, account, Reporter::new(context, id));
    let mut migration = Migration {
        mailbox,
        ledger: None,
        folders: None,
        left_out: Vec::new(),
        gone: Vec::new(),
        beside: Beside::default(),
        free_bytes: None,
    };
    let ended = attempt_until_done(context, id, account, &PAUSES, &mut migration);
    let has_settled = migration.settled() > 0;
    let Migration { mailbox, ledger, folders, left_out, .. } = &mut migration;
    // The next run does not know what this one left behind.
    for job in folders.iter_mut().flatten().filter(|job| !job.progress.finished) {
        let record = ledger.as_ref().and_then(|ledger| ledger.messages_of(&ledger.folder(&job.source)?).ok());
        job.report_lost_flags(&mut mailbox.reporter, record.unwrap_or_default());
    }
    // Mail is at its end, whichever that is; nothing that happens to items changes it.
    if ended != Ended::Stopped
        && let (Some(user), Some(ledger)) = (&mailbox.user, ledger)
    {
        let name = user.sign_in_names.first().map(String::as_str);
        mailbox.reporter.incomplete |= !groupware::migrate(context, id, account, name, ledger);
    }
    let folders: Vec<_> = folders.iter().flatten().map(|job| job.progress.evidence).collect();
    let evidence = Evidence { folders: &folders, left_out, has_failed: mailbox.reporter.incomplete };
    Verdict::of(ended, &evidence, has_settled)
}

impl Work for Migration<'_> {
    type Done = ();

    /// What is settled, what was checked or compared, and the folders that came to their end.
    fn progress(&self) -> u64 {
        self.settled()
            + self.mailbox.reporter.checked
            + self.mailbox.compared as u64
            + self.folders.iter().flatten().map(|job| u64::from(job.progress.finished)).sum::<u64>()
    }

    fn attempt(&mut self) -> Result<(), Halt> {
        let mailbox = &mut self.mailbox;
        let id = mailbox.reporter.account;
        let (mut sessions, listings) = Sessions::open(mailbox.context, id, mailbox.account, &mut mailbox.user)?;
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
}

impl Migration<'_> {
    /// Messages that were found or copied so far.
    fn settled(&self) -> u64 {
        self.folders.iter().flatten().map(|job| job.progress.settled()).sum()
    }

    /// Decides which folder goes where; once for each run, so that ids hold.
    fn plan(&mut self, sessions: &mut Sessions, listings: Listings) -> Result<Vec<FolderJob>, Halt> {
        self.mailbox.reporter.step(Step::Listing);
        let ledger = self.open_ledger()?;
        let context = self.mailbox.context;
        let target = sessions.target.reader();
        let earlier = ledger.places(&listings.source.folders, |name| target.path(name));
        let permanent_ids = sessions.source.has_permanent_ids();
        let wishes = Wishes { selection: &context.selection, earlier: &earlier, permanent_ids };
        let Listings { source, target } = listings;
        let names = TargetNames { folders: &target.folders, separator: target.separator, profile: context.profile };
        let (ways, mut left_out) = plan::plan(&source.folders, &names, wishes);
        left_out.splice(0..0, source.left_out);
        let job = |(id, Way { index, planned, rest }): (usize, Way)| {
            FolderJob::new(FolderId(id as u32), source.folders[index].clone(), planned, rest)
        };
        let folders: Vec<FolderJob> = ways.into_iter().enumerate().map(job).collect();
        let reporter = &mut self.mailbox.reporter;
        reporter.report(Event::FoldersPlanned {
            account: reporter.account,
            folders: folders.iter().map(|job| job.planned.clone()).collect(),
            left_out: left_out.clone(),
        });
        reporter.losses_of_list(&left_out);
        self.left_out = left_out;
        let is_left_out = |folder: &&Folder| folder.selectable && folders.iter().all(|job| job.source != **folder);
        let beside = source.folders.iter().filter(is_left_out).map(|folder| folder.wire_name.clone());
        self.beside = Beside { trash: plan::home(SpecialUse::Trash, &names), left_out: beside.collect() };
        self.gone = moves::gone_with_folders(&ledger, &source.folders)?;
        self.free_bytes = target.free_bytes;
        self.ledger = Some(ledger);
        Ok(folders)
    }

    fn open_ledger(&mut self) -> Result<Ledger, Halt> {
        let Mailbox { context, account, reporter, taken_over, .. } = &mut self.mailbox;
        let (ledger, history) = Ledger::open(&*context.store, &context.ledger_key(account))?;
        *taken_over |= history == History::TakenOver;
        if let History::SetAside { kept_as, why } = history {
            let problem = Problem::new(ProblemKind::HistoryUnknown)
                .for_account(&account.address)
                .in_folder("all folders")
                .saying(why)
                .noting(Note::RecordSetAside { kept_as });
            context.report_problem(reporter.account, None, problem);
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
        // What an earlier attempt saw of a folder on the target is older than what that attempt sent to it. A folder that comes last would be
        // judged by it, and sent again.
        folders.iter_mut().filter(|job| !job.progress.finished).for_each(|job| job.target = None);
        witness::look(&self.mailbox, sessions, ledger, folders)?;
        scan::take_over_unchanged(&self.mailbox, sessions, ledger, folders)?;
        flags::of_unchanged(&mut self.mailbox, sessions, ledger, folders)?;
        // A folder at which a connection was lost comes after all others have come to their end.
        for suspects in [false, true] {
            if suspects && !scan::are_suspects_left(folders) {
                break;
            }
            scan::scan_and_make_ready(&mut self.mailbox, sessions, folders, suspects)?;
            moves::follow(&mut self.mailbox, sessions, ledger, folders, &mut self.gone, self.beside.trash.as_ref())?;
            self.weigh(ledger, folders)?;
            copy::copy_folders(&mut self.mailbox, sessions, ledger, folders)?;
            flags::of_scanned(&mut self.mailbox, sessions, ledger, folders)?;
            proof::prove_folders(&mut self.mailbox, sessions, ledger, folders)?;
        }
        deletions::settle(&mut self.mailbox, sessions, ledger, folders, &mut self.gone, &self.beside)?;
        scan::report_target_counts(&self.mailbox.reporter, sessions, folders)
    }

    /// Reports, before anything is copied, when the target has less room than is needed.
    fn weigh(&mut self, ledger: &Ledger, folders: &[FolderJob]) -> Result<(), Halt> {
        let Some(free) = self.free_bytes.take() else { return Ok(()) };
        let mut needed = 0;
        for job in folders {
            let Some(scan) = &job.scan else { continue };
            needed += room::still_to_copy(ledger, &job.source, scan.heads.bytes())?;
        }
        let Mailbox { context, account, reporter, .. } = &self.mailbox;
        room::report_too_small(context, reporter.account, account, needed, free);
        Ok(())
    }
}
