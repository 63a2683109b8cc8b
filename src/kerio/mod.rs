//! Kerio Connect's administration API: JSON-RPC over HTTPS (contract sections A to C).
//!
//! Promises that an existing user, domain or service is left exactly as it is but for the IMAP port that a run was asked to set, that
//! the port is durable in a [`PortNote`] before it is changed, and that every refusal becomes a sentence for an administrator. Knows
//! nothing of mail. Only here is the HTTP client named.

use crate::domain::{Account, Address, Fingerprint, Problem, ProblemKind, Secret, Security, Side};
use crate::network::{Limits, Trust};
use crate::progress::Standing;
use std::path::Path;

/// Where the administration API is, and whom to trust there.
#[derive(Debug, Clone)]
pub struct AdministrationEndpoint {
    /// DNS name or IP address.
    pub host: String,
    /// The port, usually 4040.
    pub port: u16,
    /// Whom to trust.
    pub trust: Trust,
    /// How long to wait.
    pub limits: Limits,
}

/// A signed-in administrator.
pub struct Administration {}

/// What the administrator may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    /// The role as the server calls it.
    pub role: String,
    /// Whether domains, users and services may be managed.
    pub may_manage: bool,
}

/// The licence's seats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seats {
    /// In use.
    pub used: u32,
    /// In all; none when there is no limit.
    pub allowed: Option<u32>,
}

/// A user of Kerio Connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Whether it was created just now.
    pub created: bool,
    /// The names to sign in to IMAP with, best first (contract D10).
    pub sign_in_names: Vec<String>,
}

/// A service whose port was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortChange {
    /// `IMAP` or `Secure IMAP`.
    pub service: String,
    /// The port before.
    pub from: u16,
    /// The port now.
    pub to: u16,
}

/// What a changed port was before; on disk from before the change until it is put back.
pub struct PortNote {}

/// A service whose port was put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// `IMAP` or `Secure IMAP`.
    pub service: String,
    /// The port now.
    pub port: u16,
}

/// Why the administration did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[error("the administration client is being written")]
pub struct KerioError;

impl KerioError {
    /// The problem as the user meets it.
    pub fn problem(&self, _account: Option<&Address>) -> Problem {
        Problem::new(ProblemKind::AdministrationFailed).on(Side::Administration).saying(self)
    }
}

#[allow(missing_docs)]
impl Administration {
    pub fn connect(_endpoint: &AdministrationEndpoint, _user: &str, _password: &Secret) -> Result<Self, KerioError> {
        Err(KerioError)
    }

    pub fn product(&self) -> String {
        String::new()
    }

    pub fn rights(&self) -> Result<Rights, KerioError> {
        Err(KerioError)
    }

    pub fn seats(&self) -> Result<Seats, KerioError> {
        Err(KerioError)
    }

    pub fn warnings(&self) -> Vec<String> {
        Vec::new()
    }

    pub fn imap_port(&self, _security: Security) -> Result<Option<u16>, KerioError> {
        Err(KerioError)
    }

    pub fn change_imap_port(
        &self,
        _security: Security,
        _wanted: u16,
        _answers: &dyn Fn(u16) -> bool,
        _state_folder: &Path,
    ) -> Result<Option<PortChange>, KerioError> {
        Err(KerioError)
    }

    pub fn standing(&self, _address: &Address) -> Result<Standing, KerioError> {
        Err(KerioError)
    }

    pub fn ensure_user(&self, _account: &Account, _domain_created: &mut dyn FnMut(&str)) -> Result<User, KerioError> {
        Err(KerioError)
    }

    pub fn doubt(_problem: &Problem) -> Option<(crate::domain::CertificateDetails, Option<Fingerprint>)> {
        None
    }
}

#[allow(missing_docs)]
impl PortNote {
    pub fn pending(_state_folder: &Path) -> Option<Self> {
        None
    }

    pub fn restore(self, _administration: &Administration) -> Result<Restored, KerioError> {
        Err(KerioError)
    }
}
