//! Why a DAV server did not do what was asked.

use super::Href;
use crate::network::{HttpError, NetworkError};
use std::time::Duration;

/// A failure of a request, in words for an administrator.
#[derive(Debug, thiserror::Error)]
pub enum DavError {
    /// The connection was not made, or was lost: whether the request was carried out is not known.
    #[error("{0}")]
    Network(NetworkError),
    /// The request did not end within its time limit.
    #[error("a request was not answered within {} seconds", .0.as_secs_f32().ceil())]
    TooSlow(Duration),
    /// The name or password was refused.
    #[error("the server refused the name or password (HTTP status 401){}", if *.digest { "; it takes Digest in a way that is not known here" } else { "" })]
    SignInRefused {
        /// Whether the server offers nothing but Digest, and with no hash that this program knows.
        digest: bool,
    },
    /// The server asks to come back later and did so as often as is waited for.
    #[error("the server asked to wait (HTTP status {status})")]
    Busy {
        /// 429 or 503.
        status: u16,
        /// How long, as it says.
        wait: Option<Duration>,
    },
    /// Any other refusal.
    #[error("HTTP status {status}{}", reason(.precondition))]
    Refused {
        /// The status.
        status: u16,
        /// The precondition that failed, such as `no-uid-conflict` (RFC 4918, section 16).
        precondition: String,
    },
    /// It redirects to another server, where the password is not shown.
    #[error(
        "it redirects to {0}, another server, which gets no password from here; if that is the right one, give its address"
    )]
    RedirectedAway(String),
    /// The answer is larger than the bound, in bytes.
    #[error("an answer is larger than {} MB", .0 >> 20)]
    TooLong(u64),
    /// What answers is not DAV, or broke its rules.
    #[error("{0}")]
    NotDav(String),
    /// The address offers neither calendars nor address books.
    #[error("neither calendars nor address books were found at {0}")]
    NothingFound(String),
    /// A password would cross the network in clear text.
    #[error("{0} is not encrypted, and a password would cross the network in clear text")]
    Cleartext(String),
    /// The resource lies outside of what was discovered.
    #[error("{0} is not below a folder of this account")]
    Elsewhere(Href),
}

impl DavError {
    /// Whether a new connection may help, and it is not known whether the request was carried out.
    pub fn is_loss(&self) -> bool {
        match self {
            DavError::Network(error) => error.certificate().is_none(),
            DavError::TooSlow(_) => true,
            // A proxy in front of the server gave up waiting.
            DavError::Refused { status, .. } => matches!(status, 502 | 504),
            _ => false,
        }
    }

    /// Whether the resource does not exist. Kerio Connect writes "404 NotFound" in its answers.
    pub fn is_missing(&self) -> bool {
        matches!(self, DavError::Refused { status: 404 | 410, .. })
    }
}

fn reason(precondition: &str) -> String {
    if precondition.is_empty() { String::new() } else { format!(", {precondition}") }
}

impl From<HttpError> for DavError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Network(error) => DavError::Network(error),
            HttpError::TooSlow(limit) => DavError::TooSlow(limit),
            HttpError::TooLong(bytes) => DavError::TooLong(bytes),
            error @ HttpError::NotHttp(_) => DavError::NotDav(error.to_string()),
        }
    }
}
