//! How the stand-in behaves. A switch, which can be turned at run time, covers each point on which real Kerio Connects differ; a hook gives
//! answers that no Kerio Connect should give and that a client must survive. A letter with a number refers to docs/kerio-connect.md.

use std::collections::BTreeSet;
use std::time::Duration;

/// The switches. The [`Default`] server is a friendly one.
#[derive(Debug, Clone)]
pub struct Behaviour {
    /// How long a session lives without a call (A6).
    pub session_idle: Duration,
    /// The administrator's role.
    pub role: Role,
    /// How the server refuses a call that the role does not allow.
    pub rights_refusal: RightsRefusal,
    /// How the server treats `Session.login`.
    pub login: Login,
    /// After this many refused logins in a row, every login is refused for a while (A9).
    pub failed_logins_to_block: Option<u32>,
    /// Seats of the licence; none means no limit.
    pub licence_users: Option<u32>,
    /// How a user beyond the licence is refused.
    pub licence_refusal: LicenceRefusal,
    /// Days until the licence ends; negative once it has ended.
    pub licence_days: i64,
    /// Code that refuses a user beyond the domain's limit (B31).
    pub domain_limit_code: i64,
    /// When the server starts to listen on a changed port.
    pub port_change: PortChange,
    /// How a taken port shows.
    pub taken_port: TakenPort,
    /// Ports that count as taken although nobody listens there.
    pub taken_ports: BTreeSet<u16>,
    /// Whether the names of services and addresses are in another language.
    pub localised: bool,
    /// Time from `Users.create` until the user can sign in to IMAP.
    pub sign_in_delay: Duration,
    /// Whether the server closes the connection after every answer.
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
    /// Everything, but without a mailbox.
    BuiltInAdmin,
    /// Users, but neither domains nor services.
    AccountAdmin,
    /// Only reads the server's state.
    Auditor,
}

/// How the server reports missing rights (B31).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RightsRefusal {
    /// 1004, access denied.
    AccessDenied,
    /// 1000, "internal database error", as a live server did.
    DatabaseError,
    /// -32001, as if the session had expired; a new sign-in does not help.
    SessionExpired,
}

/// How the server treats `Session.login`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    /// Compares name and password; refuses wrong ones with code 1000.
    Checked,
    /// Refuses with this code, whatever the password.
    RefusedWith(i64),
    /// Refuses because it wants a second factor (A10).
    SecondFactor,
}

/// How the server reports a full licence (F4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LicenceRefusal {
    /// 1003 in `errors[]`.
    PerUser,
    /// 1003 as the call's error.
    WholeCall,
}

/// When the server starts to listen on a changed port (B27).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortChange {
    /// Right after `Services.set`.
    AtOnce,
    /// After `Services.restart`, or stop and start; until then the old port stays open.
    AfterRestart,
}

/// How a taken port shows (B27).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakenPort {
    /// In `errors[]` of `Services.set`; nothing is changed.
    ErrorOfSet,
    /// `Services.set` succeeds, the service stops, and restart and start fail with 1000.
    ErrorOfStart,
    /// Every call succeeds, but the service does not run.
    NotRunning,
}

/// What happens to one call. Only [`Reply::Normal`], [`Reply::Drip`], [`Reply::WrongId`] and [`Reply::Late`] execute it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Executed and answered.
    Normal,
    /// Executed and answered byte by byte, with this wait before each.
    Drip(Duration),
    /// Executed and answered with another call's id.
    WrongId,
    /// Executed, then answered; this wait comes before both.
    Late(Duration),
    /// A page for a browser, with this status.
    Page(u16),
    /// A redirect to this address.
    Redirect(String),
    /// JSON text of this many bytes.
    Oversized(usize),
    /// A JSON-RPC error with this code and message.
    Error(i64, String),
    /// This body with status 200.
    Body(String),
}

/// Decides about a call from its method and the number of calls of that method so far, this one included.
pub type Hook = dyn Fn(&str, u64) -> Reply + Send + Sync;
