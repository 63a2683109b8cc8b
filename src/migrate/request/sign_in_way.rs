//! How people are signed in on a server.

use crate::domain::{Secret, SignInKind};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// How people are signed in on a server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SignInWay {
    /// With each person's own password from the CSV.
    #[default]
    OwnPassword,
    /// With a master user's password under a composed name, as in Dovecot: `ann@example.com*master`.
    MasterUser {
        /// The master user's name.
        user: String,
        /// The master user's password.
        password: Secret,
        /// The character between the two names; see [`MASTER_SEPARATOR`].
        separator: char,
    },
    /// As an administrator who asks for another user's mailbox (PLAIN with an authorization identity, RFC 4616): Cyrus, Zimbra, Exchange.
    Authorization {
        /// The administrator's name.
        user: String,
        /// The administrator's password.
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
    /// The first line of a file; `{address}` in its name stands for the person's address.
    File(PathBuf),
    /// The first line that a command writes to its standard output. Its words are separated by spaces, quotes keep them together, no shell
    /// reads it; the person's address is added as the last word.
    Command(String),
}

impl SignInWay {
    /// Its password with the user name, so that a log can hide it.
    pub fn secret(&self) -> Option<(&str, &Secret)> {
        match self {
            SignInWay::OwnPassword | SignInWay::Token { .. } => None,
            SignInWay::MasterUser { user, password, .. } | SignInWay::Authorization { user, password } => {
                Some((user, password))
            }
            SignInWay::KerioMaster { password } => Some(("Kerio Connect's master authentication", password)),
        }
    }

    /// The master user or administrator who signs in for others.
    pub fn master(&self) -> Option<&str> {
        match self {
            SignInWay::MasterUser { user, .. } | SignInWay::Authorization { user, .. } => Some(user),
            SignInWay::OwnPassword | SignInWay::KerioMaster { .. } | SignInWay::Token { .. } => None,
        }
    }

    /// The kind, without passwords.
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
