//! What a test of the connection found, as data. `report::words::finding` says it.

use super::{CertificateDetails, Fingerprint, ItemServerFault, Note, Problem, Security, Side};
use serde::{Deserialize, Serialize};

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sign {
    /// As it should be.
    Good,
    /// Worth knowing before the start.
    Warning,
    /// A run cannot start like this.
    Bad,
}

/// The service that a finding is about. Kerio Connect has two, each with a certificate of its own; the user must see which one is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// The only one there is.
    Only,
    /// Kerio Connect's administration.
    Administration,
    /// Kerio Connect's IMAP service.
    Imap,
}

/// The ways to sign in, without their passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInKind {
    /// Each person's own password.
    #[default]
    OwnPassword,
    /// A master user who signs in under a name made of both.
    MasterUser,
    /// An administrator on behalf of each person (SASL PLAIN with an authorization identity, RFC 4616).
    Authorization,
    /// Tokens (OAUTHBEARER, XOAUTH2).
    Token,
    /// Kerio Connect's master password.
    KerioMaster,
}

/// What Kerio Connect itself warns of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alert {
    /// The licence has expired.
    LicenceExpired,
    /// There are more users than the licence allows.
    TooManyUsers,
    /// The subscription for new versions has expired.
    SubscriptionExpired,
    /// The disk is nearly full.
    DiskNearlyFull {
        /// How full, in the server's words; may be empty.
        value: String,
    },
    /// A warning that this program does not know.
    Other {
        /// Its name, as the server calls it.
        name: String,
        /// Its value; may be empty.
        value: String,
    },
}

/// What a port speaks if not what was expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortSpeaks {
    /// SSL from the start, though the connection was to be without it.
    Ssl,
    /// Text, though the connection was to use SSL.
    Text,
    /// Nothing, though it accepts connections.
    Nothing,
}

/// A fact about a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Something is wrong.
    Problem(Problem),
    /// The port does not speak what was expected.
    Port {
        /// The server.
        host: String,
        /// The port.
        port: u16,
        /// What it speaks.
        speaks: PortSpeaks,
    },
    /// The server answered.
    Reached {
        /// The port.
        port: u16,
        /// How long the answer took.
        milliseconds: u128,
    },
    /// The certificate is trusted: by the usual check, or because of exactly this fingerprint.
    Trusted(Option<Fingerprint>),
    /// The connection is not encrypted.
    NotEncrypted,
    /// The server names its product, in its own words.
    Product(String),
    /// The administrator has full rights.
    FullRights {
        /// The role as the server calls it.
        role: String,
    },
    /// The licence's seats.
    Seats {
        /// In use.
        used: u32,
        /// In all; none if there is no limit.
        allowed: Option<u32>,
    },
    /// Kerio Connect's IMAP service runs.
    ImapService {
        /// The port it listens on.
        port: u16,
        /// The port that a migration sets, if one was entered.
        wanted: Option<u16>,
    },
    /// An earlier run changed a port that is not restored yet.
    PortNotRestored {
        /// `IMAP` or `Secure IMAP`.
        service: String,
        /// The server.
        host: String,
        /// The port before.
        from: u16,
        /// The port that the run set.
        to: u16,
    },
    /// Kerio Connect warns of something.
    Alert(Alert),
    /// Calendars and contacts answer.
    Calendars {
        /// The address.
        at: String,
    },
    /// No calendars and contacts answer.
    NoCalendars {
        /// The address that was tried.
        at: String,
        /// Why nothing answers; none if what answers is not a calendar server.
        why: Option<ItemServerFault>,
        /// Whether the mailboxes' folders will be read in their place.
        may_read_folders: bool,
    },
    /// Something is known about how this server takes passwords.
    Known(Note),
    /// The chosen sign-in is offered.
    SignInOffered(SignInKind),
    /// The chosen sign-in is not offered.
    SignInNotOffered {
        /// The chosen one.
        chosen: SignInKind,
        /// Those that are offered in its place.
        instead: Vec<SignInKind>,
        /// How the connection is protected: some servers offer nothing in clear text.
        security: Security,
    },
    /// It could not be found out whether the chosen sign-in is offered.
    SignInUnknown {
        /// The chosen one.
        chosen: SignInKind,
        /// Why not, in the words of the server or the system.
        words: String,
    },
}

/// One finding of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The service it is about.
    pub service: Service,
    /// The fact.
    pub found: Found,
    /// The certificate to decide on, if it is the problem.
    pub certificate: Option<Doubt>,
}

impl Finding {
    /// A finding about a service.
    pub fn new(service: Service, found: Found) -> Self {
        Self { service, found, certificate: None }
    }

    /// The finding that something is wrong.
    pub fn of(problem: Problem) -> Self {
        Self::new(Service::Only, Found::Problem(problem))
    }

    /// How serious it is.
    pub fn sign(&self) -> Sign {
        match &self.found {
            Found::Problem(_) | Found::Port { .. } | Found::SignInNotOffered { .. } => Sign::Bad,
            Found::Seats { used, allowed: Some(allowed) } if used >= allowed => Sign::Warning,
            Found::NotEncrypted
            | Found::PortNotRestored { .. }
            | Found::Alert(_)
            | Found::Known(_)
            | Found::NoCalendars { .. }
            | Found::SignInUnknown { .. } => Sign::Warning,
            Found::Reached { .. }
            | Found::Trusted(_)
            | Found::Product(_)
            | Found::Calendars { .. }
            | Found::FullRights { .. }
            | Found::Seats { .. }
            | Found::ImapService { .. }
            | Found::SignInOffered(_) => Sign::Good,
        }
    }

    /// What *Use SSL connection* must be for this port, if it is wrong.
    pub fn use_ssl(&self) -> Option<bool> {
        match self.found {
            Found::Port { speaks: PortSpeaks::Ssl, .. } => Some(true),
            Found::Port { speaks: PortSpeaks::Text, .. } => Some(false),
            _ => None,
        }
    }

    /// What is wrong, if something is.
    pub fn problem(&self) -> Option<&Problem> {
        match &self.found {
            Found::Problem(problem) => Some(problem),
            _ => None,
        }
    }
}

/// A certificate that is not trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// The server that shows it.
    pub side: Side,
    /// The server's host, by which the certificate will be remembered.
    pub host: String,
    /// The port, likewise.
    pub port: u16,
    /// The certificate.
    pub details: CertificateDetails,
    /// The one that was trusted before: then this is an alarm.
    pub changed_from: Option<Fingerprint>,
}

impl Doubt {
    /// Whether trusting one is trusting the other: the same certificate of the same host, in place of the same one.
    pub fn is_same(&self, other: &Self) -> bool {
        self.host.eq_ignore_ascii_case(&other.host)
            && self.details.fingerprint == other.details.fingerprint
            && self.changed_from == other.changed_from
    }
}
