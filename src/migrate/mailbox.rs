//! One mailbox: one worker's job, from signing in on both sides to its last folder, through as many connections as it takes.

use super::context::{Line, RunContext};
use super::control::Registration;
use super::directory::TargetUser;
use super::folder::{self, FolderProgress};
use super::halt::{Halt, OnSide};
use super::heads::Heads;
use super::planner::{self, TargetNames};
use super::proof::Follower;
use super::request::Verify;
use crate::domain::{Account, AccountId, Folder, FolderId, PlannedFolder, Problem, ProblemKind, Retry, Side};
use crate::imap::{FolderStatus, Reader, Writer};
use crate::ledger::{History, Ledger, MailboxKey};
use crate::progress::{AccountEnd, Event, Step};
use std::collections::BTreeSet;
use std::time::Duration;

/// Seconds before each new try after a server failed us. Progress between two failures begins the row anew.
const BACK_OFF: [u64; 9] = [1, 5, 15, 60, 60, 120, 300, 300, 300];

/// A folder on its way.
pub(super) struct FolderJob {
    pub(super) id: FolderId,
    pub(super) source: Folder,
    pub(super) planned: PlannedFolder,
    pub(super) heads: Option<Heads>,
    pub(super) progress: FolderProgress,
}

/// The connections of one attempt.
pub(super) struct Sessions {
    pub(super) source: Reader,
    pub(super) target: Writer,
    pub(super) follower: Option<Follower>,
    /// The wire names of the target's folders, so that none is created twice.
    pub(super) existing: BTreeSet<Vec<u8>>,
    _registrations: [Registration; 2],
}

/// One mailbox while it is migrated.
pub(super) struct Mailbox<'a> {
    pub(super) context: &'a RunContext,
    pub(super) id: AccountId,
    pub(super) account: &'a Account,
    user: Option<TargetUser>,
    ledger: Option<Ledger>,
    folders: Option<Vec<FolderJob>>,
    /// Whether something is missing and named.
    pub(super) incomplete: bool,
}

/// Migrates one mailbox to its end and tells how it ended.
pub(super) fn migrate(context: &RunContext, id: AccountId, account: &Account) -> AccountEnd {
    let mut mailbox = Mailbox { context, id, account, user: None, ledger: None, folders: None, incomplete: false };
    let end = mailbox.work();
    if end == AccountEnd::Complete && mailbox.incomplete { AccountEnd::Incomplete } else { end }
}

impl Mailbox<'_> {
    fn work(&mut self) -> AccountEnd {
        let mut tries = 0;
        loop {
            self.context.control.wait_while_paused();
            if self.context.control.stopping() {
                return AccountEnd::Stopped;
            }
            let before = self.settled();
            let halt = match self.attempt() {
                Ok(()) => return AccountEnd::Complete,
                Err(halt) => halt,
            };
            if self.context.control.stopping() {
                return AccountEnd::Stopped;
            }
            let Some(problem) = halt.problem(self.account) else { continue };
            log::debug!("{}: {halt:?}", self.account.address);
            if self.settled() > before {
                tries = 0;
            }
            let pause = match (&halt, problem.retry()) {
                (Halt::Server { side, error }, Retry::Now | Retry::Later) => {
                    BACK_OFF.get(tries).map(|seconds| (*side, error.wait_seconds().unwrap_or(*seconds).min(3600)))
                }
                _ => None,
            };
            let Some((side, seconds)) = pause else {
                self.context.tell_problem(self.id, None, problem);
                return if self.settled() > 0 { AccountEnd::Incomplete } else { AccountEnd::Failed };
            };
            tries += 1;
            self.context.wait_for(self.id, side, Duration::from_secs(seconds));
        }
    }

    /// Messages that were found or copied so far; an attempt that adds to them was worth its while.
    fn settled(&self) -> u64 {
        self.folders.iter().flatten().map(|job| job.progress.settled()).sum()
    }

    fn attempt(&mut self) -> Result<(), Halt> {
        let mut sessions = self.connect()?;
        let mut folders = match self.folders.take() {
            Some(folders) => folders,
            None => self.plan(&mut sessions)?,
        };
        let outcome = self.attempt_folders(&mut sessions, &mut folders);
        self.folders = Some(folders);
        outcome?;
        if let Some(follower) = sessions.follower.take() {
            drop(follower);
        }
        sessions.source.logout();
        sessions.target.logout();
        Ok(())
    }

    /// Signs in on the source first: a user whose mail cannot be read is not created.
    fn connect(&mut self) -> Result<Sessions, Halt> {
        let context = self.context;
        self.step(Step::SigningIn);
        let source = context.sign_in(self.id, Side::Source, &self.account.address.to_string(), self.account)?;
        let user = match &self.user {
            Some(user) => TargetUser { created: false, ..user.clone() },
            None => self.ensure_user()?,
        };
        self.step(Step::SigningIn);
        let signed_in = context.sign_in_target(self.id, self.account, &user.sign_in_names, user.created)?;
        let (Line { session, registration }, name) = signed_in;
        // The name that worked is the one for every further connection.
        self.user = Some(TargetUser { created: false, sign_in_names: vec![name.clone()] });
        Ok(Sessions {
            source: source.session.into_reader(),
            target: session.into_writer(),
            follower: self.start_follower(name),
            existing: BTreeSet::new(),
            _registrations: [source.registration, registration],
        })
    }

    fn ensure_user(&mut self) -> Result<TargetUser, Halt> {
        self.step(Step::CreatingAccount);
        let context = self.context;
        let mut domain_created = |domain: &str| context.tell(Event::DomainCreated { domain: domain.to_owned() });
        let user = context.directory.ensure(self.account, &mut domain_created)?;
        if user.created {
            context.tell(Event::UserCreated { account: self.id });
        }
        Ok(user)
    }

    fn start_follower(&self, name: String) -> Option<Follower> {
        if self.context.options.verify != Verify::Content {
            return None;
        }
        let endpoint = self.context.target.endpoint.clone();
        let password = self.account.password.clone();
        let connect = move || {
            let greeted = crate::imap::connect(&endpoint).ok()?;
            let session = greeted.sign_in(&crate::imap::SignIn::Password { user: name, password });
            session.inspect_err(|error| log::debug!("no second connection for checking: {error}")).ok()
        };
        let connect = move || connect().map(crate::imap::Session::into_reader);
        Follower::start(&self.account.address.to_string(), self.context.control.clone(), connect).ok()
    }

    /// Lists both sides and decides which folder goes where; once for each run, so that ids hold.
    fn plan(&mut self, sessions: &mut Sessions) -> Result<Vec<FolderJob>, Halt> {
        self.step(Step::Listing);
        let source = sessions.source.list().on(Side::Source)?;
        let target = sessions.target.reader().list().on(Side::Target)?;
        let names = TargetNames { folders: &target.folders, separator: target.separator, kerio: self.context.kerio };
        let (ways, mut left_out) = planner::plan(&source.folders, &names);
        left_out.splice(0..0, source.left_out);
        let folders: Vec<FolderJob> = ways
            .into_iter()
            .enumerate()
            .map(|(id, way)| FolderJob {
                id: FolderId(id as u32),
                source: source.folders[way.index].clone(),
                planned: way.planned,
                heads: None,
                progress: FolderProgress::default(),
            })
            .collect();
        self.context.tell(Event::FoldersPlanned {
            account: self.id,
            folders: folders.iter().map(|job| job.planned.clone()).collect(),
            left_out,
        });
        self.open_ledger()?;
        Ok(folders)
    }

    fn open_ledger(&mut self) -> Result<(), Halt> {
        let key = MailboxKey {
            source: format!("{}:{}", self.context.source.endpoint.host, self.context.source.endpoint.port),
            target: self.context.target.endpoint.host.clone(),
            address: self.account.address.key(),
        };
        let (ledger, history) = Ledger::open(&self.context.options.state_folder, &key)?;
        if let History::SetAside { path, why } = history {
            let problem = Problem::new(ProblemKind::HistoryUnknown)
                .for_account(&self.account.address)
                .in_folder("all folders")
                .saying(format!("the record was unusable ({why}) and is kept as {}", path.display()));
            self.context.tell_problem(self.id, None, problem);
        }
        self.ledger = Some(ledger);
        Ok(())
    }

    fn attempt_folders(&mut self, sessions: &mut Sessions, folders: &mut [FolderJob]) -> Result<(), Halt> {
        // Every attempt has a connection of its own; separator and prefix are learned by listing.
        if sessions.existing.is_empty() {
            let listed = sessions.target.reader().list().on(Side::Target)?;
            sessions.existing = listed.folders.into_iter().map(|folder| folder.wire_name).collect();
        }
        let Some(mut ledger) = self.ledger.take() else { return Err(Halt::Held) };
        let outcome = self.count(sessions, folders, &ledger).and_then(|statuses| {
            for (job, status) in folders.iter_mut().zip(statuses) {
                if job.progress.finished {
                    continue;
                }
                if self.context.control.holding() {
                    return Err(Halt::Held);
                }
                folder::migrate(self, sessions, &mut ledger, job, status)?;
            }
            Ok(())
        });
        self.ledger = Some(ledger);
        outcome
    }

    /// Counts the messages of every folder, reads the heads of those that have changed, and tells what is to be done.
    fn count(
        &mut self,
        sessions: &mut Sessions,
        folders: &mut [FolderJob],
        ledger: &Ledger,
    ) -> Result<Vec<Option<FolderStatus>>, Halt> {
        let sources: Vec<Folder> = folders.iter().map(|job| job.source.clone()).collect();
        let statuses = sessions.source.statuses(&sources).on(Side::Source)?;
        for (job, status) in folders.iter_mut().zip(&statuses) {
            if job.progress.finished {
                continue;
            }
            if let Some(status) = status {
                self.tell_counted(job.id, status.messages, None);
            }
            let unchanged = status.as_ref().is_some_and(|status| folder::is_complete(ledger, &job.source, status));
            if unchanged || self.context.control.holding() {
                continue;
            }
            self.step(Step::Scanning(job.id));
            match folder::read_heads(&mut sessions.source, &job.source) {
                Ok(heads) => {
                    self.tell_counted(job.id, heads.all().len() as u64, Some(heads.octets()));
                    job.heads = Some(heads);
                }
                Err(error) if error.is_connection() => return Err(Halt::Server { side: Side::Source, error }),
                // Said when its turn comes, once.
                Err(error) => log::debug!("{}: {}: {error}", self.account.address, job.source.path),
            }
        }
        Ok(statuses)
    }

    pub(super) fn tell_counted(&self, folder: FolderId, messages: u64, bytes: Option<u64>) {
        self.context.tell(Event::FolderCounted { account: self.id, folder, messages, bytes });
    }

    pub(super) fn step(&self, step: Step) {
        self.context.tell(Event::Stepped { account: self.id, step });
    }
}
