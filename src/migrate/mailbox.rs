//! One mailbox: one worker's job, from signing in on both sides to the last folder, over as many connections as it takes.
//!
//! 1. Its mail, except folders that may hold calendars and contacts as messages.
//! 2. Its items, from any origin.
//! 3. The messages of those folders that did not become items, as mail.
//!
//! No other mail waits for items. If no folder may hold any, step 3 has nothing to do.

use super::attempt::Mailbox;
use super::context::RunContext;
use super::context::reporter::Reporter;
use super::context::retry::{Attempts, Ended, Task, Turn, Work};
use super::copy;
use super::folder::FolderJob;
use super::follow::deletions::{self, Beside};
use super::follow::flags;
use super::follow::moves::{self, Gone};
use super::follow::renames;
use super::groupware::{self, ItemsEnd};
use super::halt::Halt;
use super::plan::{self, TargetNames, Way, Wishes};
use super::proof;
use super::reconcile::room;
use super::scan::{self, unchanged};
use super::sessions::{Listings, Sessions};
use super::target::directory::Room;
use super::verdict::{Evidence, Verdict};
use super::witness;
use crate::domain::{Account, AccountId, Folder, FolderId, LeftOut, Note, Problem, ProblemKind, SpecialUse};
use crate::ledger::{History, Ledger};
use crate::progress::{Counts, Event, Step};
use std::collections::BTreeSet;

/// Seconds before each new attempt after a server failed us. Progress between two failures starts the series again.
const PAUSES: [u64; 9] = [1, 5, 15, 60, 60, 120, 300, 300, 300];

/// The migration of one mailbox, over all its turns.
pub struct MailboxTask<'a> {
    attempts: Attempts,
    migration: Migration<'a>,
}

/// The state of the mailbox so far.
struct Migration<'a> {
    mailbox: Mailbox<'a>,
    ledger: Option<Ledger>,
    folders: Option<Vec<FolderJob>>,
    /// Folders that the source lists but that are not copied.
    left_out: Vec<LeftOut>,
    /// Messages that are gone from the source and were not found again yet.
    gone: Vec<Gone>,
    beside: Beside,
    losses_at_names: renames::Losses,
    /// Folders that are copied as mail after the items; empty once that has begun.
    after_items: BTreeSet<FolderId>,
    /// The outcome of the items, once they have been migrated.
    items: Option<ItemsEnd>,
    /// Whether a folder that has not changed since it was complete needs no scan.
    takes_over: bool,
    /// The room on the target, as far as announced, until it was compared with the need.
    room: Room,
}

impl<'a> MailboxTask<'a> {
    /// A mailbox that has not begun yet.
    pub fn new(context: &'a RunContext, id: AccountId, account: &'a Account) -> Self {
        let mailbox = Mailbox::new(context, account, Reporter::new(context, id));
        let migration = Migration {
            mailbox,
            ledger: None,
            folders: None,
            left_out: Vec::new(),
            gone: Vec::new(),
            beside: Beside::default(),
            losses_at_names: renames::Losses::default(),
            after_items: BTreeSet::new(),
            items: None,
            takes_over: false,
            room: Room::default(),
        };
        Self { attempts: Attempts::new(&PAUSES), migration }
    }
}

impl Task<Verdict> for MailboxTask<'_> {
    fn go_on(&mut self) -> Turn<Verdict> {
        let Self { attempts, migration } = self;
        let Mailbox { context, account, reporter, .. } = &migration.mailbox;
        let (context, id, account) = (*context, reporter.account, *account);
        loop {
            let ended = match attempts.go_on(context, id, account, migration) {
                Turn::Ended(ended) => ended,
                Turn::PutOff(until) => return Turn::PutOff(until),
                Turn::Skipped => return Turn::Skipped,
            };
            migration.migrate_items(ended);
            if ended == Ended::Done(()) && migration.left_items() {
                // Nothing failed; its items were left for later.
                return Turn::Ended(migration.end(Ended::Stopped));
            }
            let is_through = std::mem::take(&mut migration.after_items).is_empty();
            if is_through || ended != Ended::Done(()) {
                return Turn::Ended(migration.end(ended));
            }
            *attempts = Attempts::new(&PAUSES);
        }
    }

    fn leave(&mut self) -> Verdict {
        self.migration.end(Ended::Stopped)
    }
}

impl Work for Migration<'_> {
    type Done = ();

    /// Counts what is settled, checked or compared, and the finished folders.
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
    /// The number of messages found or copied so far.
    fn settled(&self) -> u64 {
        self.folders.iter().flatten().map(|job| job.progress.settled()).sum()
    }

    /// Migrates calendars and contacts, once, after the mail that does not wait for them has ended, however it ended.
    fn migrate_items(&mut self, ended: Ended<()>) {
        let Self { mailbox, ledger, items, .. } = self;
        let (context, id, account) = (mailbox.context, mailbox.reporter.account, mailbox.account);
        if items.is_some() || ended == Ended::Stopped {
            return;
        }
        let (Some(user), Some(ledger)) = (&mailbox.user, ledger) else { return };
        let name = user.sign_in_names.first().map(String::as_str);
        let mut end = groupware::migrate(context, id, account, name, ledger);
        mailbox.as_items = std::mem::take(&mut end.as_items);
        mailbox.reporter.incomplete |= end.is_incomplete;
        *items = Some(end);
    }

    /// Whether the user skipped the account before its items were finished.
    fn left_items(&self) -> bool {
        let Mailbox { context, reporter, .. } = &self.mailbox;
        context.control.is_skipped(reporter.account) && self.items.as_ref().is_some_and(|items| items.is_incomplete)
    }

    /// Reports what is left to report, and returns how the account ended.
    fn end(&mut self, ended: Ended<()>) -> Verdict {
        let has_settled = self.settled() > 0;
        let Self { mailbox, ledger, folders, left_out, items, .. } = self;
        // The next run does not know what this one left behind.
        for job in folders.iter_mut().flatten().filter(|job| !job.progress.finished) {
            if let Some(doubled) = job.progress.own_appends.take_doubled(ProblemKind::MessageDoubled) {
                let doubled = doubled.in_folder(&job.planned.source);
                job.report_once(&mut mailbox.reporter, doubled);
            }
            let record = ledger.as_ref().and_then(|ledger| ledger.messages_of(&ledger.folder(&job.source)?).ok());
            job.report_lost_flags(&mut mailbox.reporter, record.unwrap_or_default());
        }
        let folders: Vec<_> = folders.iter().flatten().map(|job| job.progress.evidence).collect();
        let items = items.as_ref().and_then(|items| items.evidence);
        let evidence = Evidence { folders: &folders, items, left_out, has_failed: mailbox.reporter.incomplete };
        Verdict::of(ended, &evidence, has_settled)
    }

    /// Decides which folder goes where; once in each run, so that ids stay the same.
    fn plan(&mut self, sessions: &mut Sessions, listings: Listings) -> Result<Vec<FolderJob>, Halt> {
        self.mailbox.reporter.step(Step::Listing);
        let mut ledger = self.open_ledger()?;
        let Listings { source, mut target } = listings;
        let Self { mailbox, losses_at_names, .. } = self;
        renames::follow(mailbox, sessions, &mut ledger, losses_at_names, &source, &mut target)?;
        let context = self.mailbox.context;
        let may_hold = groupware::may_hold_items(context, &mut sessions.source, &source.folders)?;
        let reader = sessions.target.reader();
        let earlier = ledger.places(&source.folders, |name| reader.path(name));
        let permanent_ids = sessions.source.has_permanent_ids();
        let wishes = Wishes { selection: &context.selection, earlier: &earlier, permanent_ids };
        let names = TargetNames { folders: &target.folders, separator: target.separator, profile: context.profile };
        let (ways, mut left_out) = plan::plan(&source.folders, &names, wishes);
        left_out.splice(0..0, source.left_out);
        self.mailbox.places = ways.iter().map(|way| way.planned.target.clone()).collect();
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
        // All folders are scanned if rules leave messages out, because a complete folder has all of them, or if the messages of the other
        // folders must be known.
        let needs_all = context.selection.limits_messages() || folders.iter().any(|job| job.rest);
        self.takes_over = !needs_all && !context.options.repair;
        self.left_out = left_out;
        let is_left_out = |folder: &&Folder| folder.selectable && folders.iter().all(|job| job.source != **folder);
        let beside = source.folders.iter().filter(is_left_out).map(|folder| folder.wire_name.clone());
        self.beside = Beside { trash: plan::home(SpecialUse::Trash, &names), left_out: beside.collect() };
        self.gone = moves::gone_with_folders(&ledger, &source.folders)?;
        self.room = target.free.into();
        let holds = |job: &FolderJob| source.folders.iter().zip(&may_hold).any(|(it, may)| *may && *it == job.source);
        let wait = folders.iter().any(holds);
        // The folder for messages that are in no other folder comes last.
        self.after_items = folders.iter().filter(|job| holds(job) || (wait && job.rest)).map(|job| job.id).collect();
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
                .noting(Note::RecordSetAside { why: Some(why), kept_as });
            context.report_problem(reporter.account, None, problem);
        }
        Ok(ledger)
    }

    /// Finishes every folder: unchanged ones are taken over, then all others are scanned, copied, and proved.
    ///
    /// Each step is done for all folders before the next, so that a folder never waits for the answer to another's request.
    fn attempt_folders(
        &mut self,
        sessions: &mut Sessions,
        ledger: &mut Ledger,
        folders: &mut [FolderJob],
    ) -> Result<(), Halt> {
        // A status from an earlier attempt is older than what that attempt sent. A folder that comes last would be judged by it, and sent
        // again.
        folders.iter_mut().filter(|job| !job.progress.finished).for_each(|job| job.target = None);
        if let Some(rest) = folders.iter().find(|job| job.rest && !job.progress.finished) {
            // A lost connection shows at the next command.
            let status = sessions.source.status(&rest.source.wire_name);
            self.mailbox.elsewhere.see_from(status.ok().and_then(|status| status.uid_next));
        }
        let waiting = self.after_items.clone();
        let is_due = |job: &FolderJob| !waiting.contains(&job.id);
        let last = in_the_end(folders);
        self.bring_to_end(sessions, ledger, folders, &|job| is_due(job) && !last.contains(&job.id.index()))?;
        // A folder at which a connection was lost comes alone, after all others. Some were refused only now.
        let last = in_the_end(folders).into_iter().filter(|index| is_due(&folders[*index])).collect::<Vec<_>>();
        for index in last {
            sessions.wait_for_next_byte(self.mailbox.context.options.patience.alone)?;
            self.bring_to_end(sessions, ledger, folders, &|job| job.id.index() == index)?;
        }
        if !waiting.is_empty() {
            // Not all folders were read, so a message that is gone from one may be in another.
            return Ok(());
        }
        deletions::settle(&mut self.mailbox, sessions, ledger, folders, &mut self.gone, &self.beside)?;
        scan::report_target_counts(&self.mailbox.reporter, sessions, folders);
        Ok(())
    }

    /// Finishes the `due` folders that are not finished yet.
    fn bring_to_end(
        &mut self,
        sessions: &mut Sessions,
        ledger: &mut Ledger,
        folders: &mut [FolderJob],
        due: &dyn Fn(&FolderJob) -> bool,
    ) -> Result<(), Halt> {
        let due = |job: &FolderJob| !job.progress.finished && due(job);
        witness::look(&mut self.mailbox, sessions, ledger, folders, &due)?;
        if self.takes_over {
            unchanged::take_over_unchanged(&mut self.mailbox, sessions, ledger, folders, &due)?;
        }
        flags::of_unchanged(&mut self.mailbox, sessions, ledger, folders)?;
        if folders.iter().any(due) {
            // Folders are scanned while the follower signs in.
            let Mailbox { context, reporter, account, user, .. } = &self.mailbox;
            sessions.start_follower(context, reporter.account, account, user.as_ref());
        }
        scan::scan_and_make_ready(&mut self.mailbox, sessions, folders, &due)?;
        moves::follow(&mut self.mailbox, sessions, ledger, folders, &mut self.gone, self.beside.trash.as_ref())?;
        self.weigh(ledger, folders)?;
        copy::copy_folders(&mut self.mailbox, sessions, ledger, folders)?;
        flags::of_scanned(&mut self.mailbox, sessions, ledger, folders)?;
        proof::prove_folders(&mut self.mailbox, sessions, ledger, folders)
    }

    /// Reports, before anything is copied, if the target has less free space than needed.
    fn weigh(&mut self, ledger: &Ledger, folders: &[FolderJob]) -> Result<(), Halt> {
        let room = std::mem::take(&mut self.room);
        if room == Room::default() {
            return Ok(());
        }
        let mut needed = Counts::default();
        for job in folders {
            let Some(scan) = &job.scan else { continue };
            needed += room::still_to_copy(ledger, &job.source, scan.heads.counts())?;
        }
        let Mailbox { context, account, reporter, .. } = &self.mailbox;
        room::report_too_small(context, reporter.account, account, needed, room);
        Ok(())
    }
}

/// The indexes of the folders that come last, each alone: those at which a connection was lost, then the one for messages that are in no
/// other folder.
fn in_the_end(folders: &[FolderJob]) -> Vec<usize> {
    let open = || (0..folders.len()).filter(|index| !folders[*index].progress.finished);
    let suspects: Vec<usize> = open().filter(|index| folders[*index].is_suspect() && !folders[*index].rest).collect();
    let is_last = |index: &usize| folders[*index].rest && (folders[*index].is_suspect() || !suspects.is_empty());
    let rest: Vec<usize> = open().filter(is_last).collect();
    [suspects, rest].concat()
}
