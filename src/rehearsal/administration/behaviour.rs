//! How the stand-in behaves: everything that a real Kerio Connect may do one way or another, as switches that can be turned while it
//! runs, and the answers that no Kerio Connect should give, for a client that must survive them.
//! Letters with numbers are those of docs/kerio-connect.md.

use std::collections::BTreeSet;
use std::time::Duration;

/// The switches. A [`Default`] server is a friendly one.
#[derive(Debug, Clone)]
pub struct Behaviour {
    /// How long a session lives without a call (A6).
    pub session_idle: Duration,
    /// The administrator's role.
    pub role: Role,
    /// How a call is refused for which the role is not enough.
    pub rights_refusal: RightsRefusal,
    /// What becomes of `Session.login`.
    pub login: Login,
    /// The number of refused logins in a row after which every login is refused for a while (A9).
    pub failed_logins_to_block: Option<u32>,
    /// Seats of the licence; none when there is no limit.
    pub licence_users: Option<u32>,
    /// How a user too many for the licence is refused.
    pub licence_refusal: LicenceRefusal,
    /// When the licence ends, in days; below zero it has ended.
    pub licence_days: i64,
    /// Code of the refusal of a user too many for the domain (B31).
    pub domain_limit_code: i64,
    /// When a changed port is listened on.
    pub port_change: PortChange,
    /// How a port that is taken shows.
    pub taken_port: TakenPort,
    /// Ports that count as taken though nobody listens there.
    pub taken_ports: BTreeSet<u16>,
    /// Names of services and addresses in another language.
    pub localised: bool,
    /// From `Users.create` until the user can sign in to IMAP.
    pub sign_in_delay: Duration,
    /// Whether every answer ends its connection.
    pub close_connections: bool,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            session_idle: Duration::from_secs(30 * 60),
            role: Role::FullAdmin,
            rights_refusal: RightsRefusal::AccessDenied,
            login: Login::Checked,
            failed_logins_to_block: Some(10),
            licence_users: None,
            licence_refusal: LicenceRefusal::PerUser,
            licence_days: 365,
            domain_limit_code: 1003,
            port_change: PortChange::AtOnce,
            taken_port: TakenPort::ErrorOfSet,
            taken_ports: BTreeSet::new(),
            localised: false,
            sign_in_delay: Duration::ZERO,
            close_connections: false,
        }
    }
}

/// What an administrator may do (B2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    FullAdmin,
    /// Everything, without a mailbox of its own.
    BuiltInAdmin,
    /// Users, but neither domains nor services.
    AccountAdmin,
    /// Looks at the server's state only.
    Auditor,
}

/// How missing rights are said (B31).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RightsRefusal {
    /// 1004, access denied.
    AccessDenied,
    /// 1000, "internal database error", as a live server did.
    DatabaseError,
    /// -32001, as if the session had expired; it never gets better.
    SessionExpired,
}

/// What becomes of `Session.login`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    /// Name and password are compared; a wrong one is refused with code 1000.
    Checked,
    /// Refused with this code, whatever the password.
    RefusedWith(i64),
    /// Refused because a second factor is wanted (A10).
    SecondFactor,
}

/// How a full licence is said (F4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LicenceRefusal {
    /// 1003 in `errors[]`.
    PerUser,
    /// 1003 as the call's error.
    WholeCall,
}

/// When a changed port is listened on (B27).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortChange {
    /// Right after `Services.set`.
    AtOnce,
    /// After `Services.restart`, or stop and start; the old one is listened on until then.
    AfterRestart,
}

/// How a port that is taken shows (B27).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakenPort {
    /// In `errors[]` of `Services.set`; nothing is changed.
    ErrorOfSet,
    /// `Services.set` is content, the service stops, and restart and start fail with 1000.
    ErrorOfStart,
    /// Every call is content, and the service does not run.
    NotRunning,
}

/// What a hook makes of one call. All but [`Reply::Normal`] and [`Reply::Drip`] leave the call unexecuted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The call is executed and answered.
    Normal,
    /// Executed, and answered byte by byte with this wait before each.
    Drip(Duration),
    /// Executed, and answered with another call's id.
    WrongId,
    /// Executed, and answered after this wait.
    Late(Duration),
    /// A page for a browser, with this status.
    Page(u16),
    /// A redirect to this address.
    Redirect(String),
    /// JSON text of that many bytes.
    Oversized(usize),
    /// A JSON-RPC error with this code and message.
    Error(i64, String),
    /// This body with status 200.
    Body(String),
}

/// Decides about a call from its method and how often that method was called, this call included.
pub type Hook = dyn Fn(&str, u64) -> Reply + Send + Sync;
