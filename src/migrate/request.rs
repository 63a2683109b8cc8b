//! What a run is asked to do: the servers, the accounts, the options. Plain data, the same from window and command line.

pub use crate::dav::DavAddress;
pub use crate::domain::NameForm;
use crate::domain::{
    Account, AccountId, Address, BadLine, Fingerprint, Secret, Security, Selection, ServerAddress, Side, SignInKind,
};
use crate::ledger::{Files, Store};
pub use crate::network::{ClientCertificate, Limits, Proxy, Share};
pub use crate::progress::Verify;
use crate::progress::{RunKind, RunState, Stamped, Step};
use serde::{Deserialize, Serialize};
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
    /// The next account, which the run knows by this id from now on. Waits for one as long as there may be one and `stopping` is not true.
    /// How the account ends is reported to the [`Observer`].
    fn next(&self, id: AccountId, stopping: &dyn Fn() -> bool) -> Option<Account>;
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
    /// The addresses in it.
    pub addresses: Vec<Address>,
    /// The name of the migration it belongs to; none for the last one between the two servers.
    pub migration: Option<String>,
}

impl Request {
    /// With every folder and message taken, and no bad line.
    pub fn of(kind: RunKind, servers: Servers, accounts: Vec<Account>, options: Options) -> Self {
        let addresses = accounts.iter().map(|account| account.address.clone()).collect();
        Self {
            kind,
            servers,
            accounts,
            known_bytes: Vec::new(),
            bad_lines: Vec::new(),
            selection: Selection::default(),
            list: AccountList { addresses, ..AccountList::default() },
            work: None,
            together: None,
            options,
        }
    }

    /// All passwords with the names that they belong to, for a log to hide.
    pub fn secrets(&self) -> Vec<(String, &Secret)> {
        let accounts = self.accounts.iter().map(|account| (account.address.to_string(), &account.password));
        accounts.chain(self.servers.secrets()).collect()
    }
}

/// Both ends of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Servers {
    /// The server the mail is read from.
    pub source: MailServer,
    /// The server it is written to.
    pub target: MailServer,
    /// What kind of server that is.
    pub target_kind: TargetKind,
    /// Files with further certificate authorities (PEM).
    pub authority_files: Vec<PathBuf>,
    /// The user agreed that passwords cross the network in clear text.
    pub cleartext_passwords_allowed: bool,
    /// The proxy between this computer and all servers, if there is one.
    pub proxy: Option<Proxy>,
}

/// A mail server and how it is spoken to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailServer {
    /// Host, and port when it is not the usual one; see [`TargetKind::Kerio`] for what a port means there.
    pub address: ServerAddress,
    /// How the connection is protected.
    pub security: Security,
    /// Trust exactly this certificate where the usual check fails.
    pub fingerprint: Option<Fingerprint>,
    /// How people are signed in.
    pub sign_in: SignInWay,
    /// Under which name, where neither the CSV nor Kerio Connect's directory gives another.
    pub name: NameForm,
    /// What else holds for the connections to it.
    pub connections: ConnectionLimits,
}

/// What holds for the connections to one mail server beside its address and protection. By default nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionLimits {
    /// The certificate by which the server knows us.
    pub client_certificate: Option<ClientCertificate>,
    /// Bytes a second, over all connections together and in both directions.
    pub max_rate: Option<u64>,
    /// Connections at a time, at least one. A mailbox needs one on either side; on the target one more is used for checking, and another
    /// for sending more of a large mailbox, if they are free.
    pub max_connections: Option<u32>,
}

impl MailServer {
    /// With the usual check of its certificate, where everybody signs in with their own address and password, and without limits.
    pub fn at(address: ServerAddress, security: Security) -> Self {
        Self {
            address,
            security,
            fingerprint: None,
            sign_in: SignInWay::default(),
            name: NameForm::default(),
            connections: ConnectionLimits::default(),
        }
    }
}

impl Servers {
    /// With the system's authorities, no consent to clear text, and no proxy.
    pub fn between(source: MailServer, target: MailServer, target_kind: TargetKind) -> Self {
        let (authority_files, cleartext_passwords_allowed, proxy) = (Vec::new(), false, None);
        Self { source, target, target_kind, authority_files, cleartext_passwords_allowed, proxy }
    }

    /// The passwords of the servers, each with the name that it belongs to.
    pub fn secrets(&self) -> Vec<(String, &Secret)> {
        let administrator = match &self.target_kind {
            TargetKind::Kerio(administration) => Some((administration.user.clone(), &administration.password)),
            TargetKind::Imap => None,
        };
        let ways = [&self.source.sign_in, &self.target.sign_in].into_iter().filter_map(SignInWay::secret);
        let masters = ways.map(|(user, password)| (user.to_owned(), password));
        let limits = [&self.source.connections, &self.target.connections];
        let certificates = limits.into_iter().filter_map(|limits| limits.client_certificate.as_ref());
        let certificates = certificates.map(|certificate| ("client certificate".to_owned(), &certificate.password));
        let proxy = self.proxy.iter().map(|proxy| (proxy.user().to_owned(), proxy.password()));
        let connections = certificates.chain(proxy).filter(|(_, password)| !password.is_empty());
        administrator.into_iter().chain(masters).chain(connections).collect()
    }
}

impl ConnectionLimits {
    /// Reads `5 MB/s`, `500 kB/s`, `1.5 MiB`, `20 Mbit/s` as bytes a second. The error is a sentence.
    pub fn read_rate(text: &str) -> Result<u64, String> {
        let wrong = || format!("'{text}' is no rate; write it as in '5 MB/s' or '20 Mbit/s', at least 1 kB/s");
        let trimmed = text.trim();
        let unit_at = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
        let (number, unit) = trimmed.split_at(unit_at);
        let unit = unit.trim().to_ascii_lowercase();
        let bytes = match unit.strip_suffix("/s").unwrap_or(&unit) {
            "kb" => 1e3,
            "mb" => 1e6,
            "gb" => 1e9,
            "kib" => 1024.0,
            "mib" => 1024.0 * 1024.0,
            "gib" => 1024.0 * 1024.0 * 1024.0,
            "kbit" => 1e3 / 8.0,
            "mbit" => 1e6 / 8.0,
            "gbit" => 1e9 / 8.0,
            _ => return Err(wrong()),
        };
        let rate = number.parse::<f64>().map_err(|_| wrong())? * bytes;
        if (1e3..=1e12).contains(&rate) { Ok(rate as u64) } else { Err(wrong()) }
    }
}

/// How people are signed in on a server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SignInWay {
    /// Each with the password of the CSV.
    #[default]
    OwnPassword,
    /// With a master user's password under a composed name, as Dovecot has it: `ann@example.com*master`.
    MasterUser {
        /// The master user's name.
        user: String,
        /// And password.
        password: Secret,
        /// The character between the two names; see [`MASTER_SEPARATOR`].
        separator: char,
    },
    /// As an administrator who asks for another's mailbox (PLAIN with an authorization identity, RFC 4616): Cyrus, Zimbra, Exchange.
    Authorization {
        /// The administrator's name.
        user: String,
        /// And password.
        password: Secret,
    },
    /// With Kerio Connect's master password (X-MASTERAUTH).
    KerioMaster {
        /// The master password.
        password: Secret,
    },
    /// With a token for each person (OAUTHBEARER, XOAUTH2): Gmail, Microsoft 365.
    Token {
        /// Where tokens come from.
        source: TokenSource,
    },
}

/// The usual character between a person's name and a master user's.
pub const MASTER_SEPARATOR: char = '*';

/// Where tokens come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenSource {
    /// The first line of a file, in whose name `{address}` is replaced by the person's address.
    File(PathBuf),
    /// The first line that a command writes to its standard output. Its words are separated by spaces, quotes keep them together, no
    /// shell reads it; the person's address is added as the last word.
    Command(String),
}

impl SignInWay {
    /// The password it holds with the name that it belongs to, for a log to hide.
    pub fn secret(&self) -> Option<(&str, &Secret)> {
        match self {
            SignInWay::OwnPassword | SignInWay::Token { .. } => None,
            SignInWay::MasterUser { user, password, .. } | SignInWay::Authorization { user, password } => {
                Some((user, password))
            }
            SignInWay::KerioMaster { password } => Some(("Kerio Connect's master authentication", password)),
        }
    }

    /// The way without its passwords.
    pub fn kind(&self) -> SignInKind {
        match self {
            SignInWay::OwnPassword => SignInKind::OwnPassword,
            SignInWay::MasterUser { .. } => SignInKind::MasterUser,
            SignInWay::Authorization { .. } => SignInKind::Authorization,
            SignInWay::KerioMaster { .. } => SignInKind::KerioMaster,
            SignInWay::Token { .. } => SignInKind::Token,
        }
    }

    /// Whether every account needs the password of the CSV.
    pub fn needs_own_passwords(&self) -> bool {
        *self == SignInWay::OwnPassword
    }
}

/// What kind of server the target is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TargetKind {
    /// Kerio Connect: domains and users are created; a port in the address is set on its IMAP service during the run.
    Kerio(AdministrationServer),
    /// Any IMAP server whose accounts exist already.
    Imap,
}

/// Kerio Connect's administration API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdministrationServer {
    /// Host and port; port 4040 when none is given.
    pub address: ServerAddress,
    /// The administrator's name.
    pub user: String,
    /// And password.
    pub password: Secret,
    /// Trust exactly this certificate where the usual check fails.
    pub fingerprint: Option<Fingerprint>,
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

/// Where calendars, contacts and tasks come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum GroupwareMode {
    /// They are not migrated.
    #[default]
    Off,
    /// From CalDAV and CardDAV where the source has them, else from folders of its mailboxes; a source with neither is no failure.
    Auto,
    /// From CalDAV and CardDAV, which must be there.
    Dav,
    /// From folders of the mailboxes: calendar objects, cards and Kolab's items as messages.
    Imap,
    /// From files: `DIR/ADDRESS/calendar/*.ics`, `tasks/*.ics`, `contacts/*.vcf`.
    Files,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_read_in_every_usual_unit() {
        for (text, bytes) in [
            ("5 MB/s", 5_000_000),
            ("500kb", 500_000),
            ("1.5 MiB/s", 1_572_864),
            ("20 Mbit/s", 2_500_000),
            (" 1 kB/s ", 1000),
        ] {
            assert_eq!(ConnectionLimits::read_rate(text), Ok(bytes), "{text}");
        }
        for wrong in ["", "5", "MB/s", "-1 MB/s", "5 mails", "0.1 kB/s", "1.2.3 MB/s", "99999999 GB/s"] {
            assert!(ConnectionLimits::read_rate(wrong).is_err(), "{wrong}");
        }
    }
}
