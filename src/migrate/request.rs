//! What a run is asked to do: the servers, the accounts, the options. Plain data, the same from window and command line.

mod servers;
mod sign_in_way;

pub use crate::dav::DavAddress;
use crate::domain::{Account, AccountId, AccountNames, BadLine, Secret, Selection, Side};
pub use crate::domain::{GroupwareMode, NameForm};
use crate::ledger::{Files, Store};
use crate::migration::ServerSettings;
pub use crate::network::{ClientCertificate, Limits, Proxy, Share};
pub use crate::progress::Verify;
use crate::progress::{RunKind, RunState, Stamped, Step};
use serde::{Deserialize, Serialize};
pub use servers::{AdministrationServer, ConnectionLimits, MailServer, Servers, TargetKind};
pub use sign_in_way::{MASTER_SEPARATOR, SignInWay, TokenSource};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// One press of Start.
#[derive(Debug, Clone)]
pub struct Request {
    /// Check, migrate or verify.
    pub kind: RunKind,
    /// Where from and where to.
    pub servers: Servers,
    /// The accounts, in the order of their ids.
    pub accounts: Vec<Account>,
    /// The sizes of their mailboxes in bytes, as far as a check counted them: the largest begins first. May be shorter than the accounts.
    pub known_bytes: Vec<Option<u64>>,
    /// Lines of the CSV that could not be used, for the report.
    pub bad_lines: Vec<BadLine>,
    /// What is left out or goes elsewhere.
    pub selection: Selection,
    /// The whole list that the accounts were chosen from, for the record of the migration.
    pub list: AccountList,
    /// Gives further accounts during the run, if anybody does.
    pub work: Option<Arc<dyn Work>>,
    /// What several machines keep to together, if several work on these servers.
    pub together: Option<Arc<dyn Together>>,
    /// How.
    pub options: Options,
}

/// Gives accounts to a run one by one, for example from a list that several machines share.
pub trait Work: Send + Sync + std::fmt::Debug {
    /// The next account, which the run knows by this id from now on. Waits for one as long as there may be one and `enough` is not true; the
    /// run asks again then, unless it ends.
    /// How the account ends is reported to the [`Observer`].
    fn next(&self, id: AccountId, enough: &dyn Fn() -> bool) -> Option<Account>;
}

/// What several machines that work on the same servers keep to together. Every method may wait for an answer from far away.
pub trait Together: Send + Sync + std::fmt::Debug {
    /// Room for one more connection to a server, until it is dropped; none while there is none.
    fn room(&self, side: Side) -> Option<Box<dyn Send>>;

    /// Notes that a server refused a sign-in.
    fn refused(&self, side: Side);

    /// How long each sign-in that a server refused a short while ago counts yet, the longest first.
    fn refusals(&self, side: Side) -> Vec<Duration>;

    /// Which share of the limits of speed is ours.
    fn share(&self) -> Share;

    /// Whose turn it is to do what is done once over all machines.
    fn errand(&self, what: &str) -> Errand;
}

/// Whose turn it is to do something that is done once.
pub enum Errand {
    /// It is done.
    Done,
    /// Ours; call this when it is done. Dropped without a call, it is left to somebody else.
    Ours(Box<dyn FnOnce() + Send>),
    /// Somebody else is at it.
    Others,
}

/// A list of accounts without its passwords.
#[derive(Debug, Clone, Default)]
pub struct AccountList {
    /// The file it was read from.
    pub file: Option<PathBuf>,
    /// Who is in it.
    pub people: Vec<AccountNames>,
    /// The name of the migration it belongs to; none for the last one between the two servers.
    pub migration: Option<String>,
}

impl Request {
    /// With every folder and message taken, and no bad line.
    pub fn of(kind: RunKind, servers: Servers, accounts: Vec<Account>, options: Options) -> Self {
        let people = accounts.iter().map(AccountNames::from).collect();
        Self {
            kind,
            servers,
            accounts,
            known_bytes: Vec::new(),
            bad_lines: Vec::new(),
            selection: Selection::default(),
            list: AccountList { people, ..AccountList::default() },
            work: None,
            together: None,
            options,
        }
    }

    /// How the servers are reached, and what is migrated beside mail, for the record of the migration.
    pub fn settings(&self) -> ServerSettings {
        self.servers.settings(&self.options.groupware)
    }

    /// All passwords with the names that they belong to, for a log to hide.
    pub fn secrets(&self) -> Vec<(String, &Secret)> {
        let accounts = self.accounts.iter().map(|account| (account.address.to_string(), &account.password));
        accounts.chain(self.servers.secrets()).collect()
    }
}

/// How a run is done.
#[derive(Debug, Clone)]
pub struct Options {
    /// Mailboxes at a time.
    pub jobs: u32,
    /// How what arrived is compared.
    pub verify: Verify,
    /// Copy again what the ledger says is on the target but is not there any more.
    pub repair: bool,
    /// Put what was deleted on the source since an earlier run into the target's trash folder; otherwise it stays and is counted.
    pub follow_deletions: bool,
    /// Accounts may share a mailbox on either side; otherwise those that would are refused.
    pub shared_mailboxes: bool,
    /// The known certificates, and the note about a port that was moved.
    pub state_folder: PathBuf,
    /// Keeps the records of mailboxes.
    pub records: Arc<dyn Store>,
    /// How long to wait for the mail servers.
    pub patience: Patience,
    /// The fewest bytes to be copied together for which a second connection to the target is opened.
    pub second_connection_from: u64,
    /// Calendars, contacts and tasks.
    pub groupware: Groupware,
}

/// Whether calendars, contacts and tasks are migrated, and where they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Groupware {
    /// Whether, and from where.
    pub mode: GroupwareMode,
    /// The source's CalDAV and CardDAV server, if it is not found at the mail server's host.
    pub source_dav: Option<DavAddress>,
    /// The target's.
    pub target_dav: Option<DavAddress>,
    /// The directory of the files that the items come from, for [`GroupwareMode::Files`].
    pub files: Option<PathBuf>,
    /// Whether participants stay participants on a target that does not send invitations.
    pub keep_attendees: bool,
}

impl Options {
    /// Four mailboxes at a time, everything compared by content, nothing repaired, records in files, and the usual patience.
    pub fn in_folder(state_folder: PathBuf) -> Self {
        Self {
            jobs: 4,
            verify: Verify::Content,
            repair: false,
            follow_deletions: false,
            shared_mailboxes: false,
            records: Arc::new(Files::in_folder(&state_folder)),
            state_folder,
            patience: Patience::default(),
            second_connection_from: 16 << 20,
            groupware: Groupware::default(),
        }
    }
}

/// How long to wait for the mail servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For a connection, and for the next byte.
    pub limits: Limits,
    /// For how long nothing new has to come to a folder of a target that lost our connection before we believe that it has stored all that
    /// it received. A message that it stores later is copied twice.
    pub quiet: Duration,
    /// For the next byte of a folder or message at which a connection was lost before, and which comes after all others, alone.
    pub alone: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            quiet: Duration::from_secs(5),
            alone: Duration::from_secs(60 * Step::MINUTES_ALONE),
        }
    }
}

/// Gets every event, in order, on the recorder's thread; must return quickly and never block on the run.
pub trait Observer: Send {
    /// An event was applied to the state.
    fn noted(&mut self, event: &Stamped, state: &RunState);
}

impl<F: FnMut(&Stamped, &RunState) + Send> Observer for F {
    fn noted(&mut self, event: &Stamped, state: &RunState) {
        self(event, state);
    }
}
