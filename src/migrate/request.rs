//! What a run is asked to do: the servers, the accounts, the options. Plain data, the same for window and command line.

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
    /// The source and the target.
    pub servers: Servers,
    /// The accounts, in the order of their ids.
    pub accounts: Vec<Account>,
    /// The accounts of the list that were not chosen. They are left alone, but nobody else's mail may go into their mailboxes.
    pub not_chosen: Vec<Account>,
    /// The sizes of their mailboxes in bytes, where a check counted them: the largest begins first. May be shorter than the accounts.
    pub known_bytes: Vec<Option<u64>>,
    /// Lines of the CSV that could not be used, for the report.
    pub bad_lines: Vec<BadLine>,
    /// The user's rules: what is left out, and what goes elsewhere.
    pub selection: Selection,
    /// The whole list that the accounts were chosen from, for the record of the migration.
    pub list: AccountList,
    /// Adds accounts during the run, if set.
    pub work: Option<Arc<dyn Work>>,
    /// What the machines share, if several work on these servers.
    pub together: Option<Arc<dyn Together>>,
    /// How the run works.
    pub options: Options,
}

/// Gives accounts to a run one by one, for example from a list that several machines share.
pub trait Work: Send + Sync + std::fmt::Debug {
    /// The next account, which the run knows by this id from now on. Waits as long as one may come and `enough` is false; once it is true,
    /// returns none, and the run asks again unless it ends. The account's end is reported to the [`Observer`].
    fn next(&self, id: AccountId, enough: &dyn Fn() -> bool) -> Option<Account>;
}

/// What machines that work on the same servers share. Every method may wait for a far answer.
pub trait Together: Send + Sync + std::fmt::Debug {
    /// Room for one more connection to a server, until it is dropped; none if the limit is reached.
    fn room(&self, side: Side) -> Option<Box<dyn Send>>;

    /// Notes that a server refused a sign-in.
    fn refused(&self, side: Side);

    /// How long each recent refused sign-in still counts, the longest first.
    fn refusals(&self, side: Side) -> Vec<Duration>;

    /// Our share of the limits of rate.
    fn share(&self) -> Share;

    /// Whose turn it is for a task that is done once for all machines.
    fn errand(&self, what: &str) -> Errand;
}

/// Whose turn it is for a task that is done once.
pub enum Errand {
    /// It is done.
    Done,
    /// Ours; call this once it is done. Dropped without a call, the task is left to another machine.
    Ours(Box<dyn FnOnce() + Send>),
    /// Another machine does it now.
    Others,
}

/// A list of accounts without passwords.
#[derive(Debug, Clone, Default)]
pub struct AccountList {
    /// The file it was read from.
    pub file: Option<PathBuf>,
    /// The people in it.
    pub people: Vec<AccountNames>,
    /// The name of the migration it belongs to; none for the last one between the two servers.
    pub migration: Option<String>,
}

impl Request {
    /// A request for all folders and messages, without bad lines.
    pub fn of(kind: RunKind, servers: Servers, accounts: Vec<Account>, options: Options) -> Self {
        let people = accounts.iter().map(AccountNames::from).collect();
        Self {
            kind,
            servers,
            accounts,
            not_chosen: Vec::new(),
            known_bytes: Vec::new(),
            bad_lines: Vec::new(),
            selection: Selection::default(),
            list: AccountList { people, ..AccountList::default() },
            work: None,
            together: None,
            options,
        }
    }

    /// How the servers are reached, and what is migrated besides mail, for the record of the migration.
    pub fn settings(&self) -> ServerSettings {
        self.servers.settings(&self.options.groupware)
    }

    /// All passwords with their user names, so that a log can hide them.
    pub fn secrets(&self) -> Vec<(String, &Secret)> {
        let accounts = self.accounts.iter().map(|account| (account.address.to_string(), &account.password));
        accounts.chain(self.servers.secrets()).collect()
    }
}

/// How a run is done.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many mailboxes are worked on at a time.
    pub jobs: u32,
    /// How stored messages are compared.
    pub verify: Verify,
    /// Whether to copy again what the ledger has on the target but is not there any more.
    pub repair: bool,
    /// Whether messages deleted on the source since an earlier run go to the target's trash folder; otherwise they stay and are counted.
    pub follow_deletions: bool,
    /// Whether accounts may share a mailbox on either side; otherwise such accounts are refused.
    pub shared_mailboxes: bool,
    /// Holds the known certificates, and the note about a port that was moved.
    pub state_folder: PathBuf,
    /// Keeps the records of mailboxes.
    pub records: Arc<dyn Store>,
    /// How long to wait for the mail servers.
    pub patience: Patience,
    /// A second connection to the target is opened if at least this many bytes are copied together.
    pub second_connection_from: u64,
    /// Calendars, contacts and tasks.
    pub groupware: Groupware,
}

/// Whether calendars, contacts and tasks are migrated, and where they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Groupware {
    /// Whether they are migrated, and from where.
    pub mode: GroupwareMode,
    /// The source's CalDAV and CardDAV server, if it is not found at the mail server's host.
    pub source_dav: Option<DavAddress>,
    /// The target's CalDAV and CardDAV server, likewise.
    pub target_dav: Option<DavAddress>,
    /// The directory of the files that the items come from, for [`GroupwareMode::Files`].
    pub files: Option<PathBuf>,
    /// Whether participants are kept on a target that does not send invitations.
    pub keep_attendees: bool,
}

impl Options {
    /// Four mailboxes at a time, everything compared by content, nothing repaired, records in files, and the default patience.
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
    /// The limits for connecting, and for the next byte.
    pub limits: Limits,
    /// How long nothing new must come to a folder of a target that lost our connection before we believe that it has stored all that it
    /// received. A message that it stores later is copied twice.
    pub quiet: Duration,
    /// The limit for the next byte of a folder or message that comes last and alone, because a connection was lost at it.
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
    /// Called after an event was applied to the state.
    fn noted(&mut self, event: &Stamped, state: &RunState);
}

impl<F: FnMut(&Stamped, &RunState) + Send> Observer for F {
    fn noted(&mut self, event: &Stamped, state: &RunState) {
        self(event, state);
    }
}
