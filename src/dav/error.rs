//! Why a DAV server did not do what was asked.

use super::Href;
use crate::domain::ItemServerFault;
use crate::network::{HttpError, NetworkError};
use std::fmt;
use std::time::Duration;

/// A failure of a request. Displayed it is a clause for debug.log; [`DavError::fault`] is the reason as data.
#[derive(Debug)]
pub enum DavError {
    /// The connection was not made, or was lost: whether the request was carried out is not known.
    Network(NetworkError),
    /// The request did not end within its time limit.
    TooSlow(Duration),
    /// The name or password was refused.
    SignInRefused {
        /// Whether the server offers nothing but Digest, and with no hash that this program knows.
        digest: bool,
    },
    /// The server asks to come back later and did so as often as is waited for.
    Busy {
        /// 429 or 503.
        status: u16,
        /// How long, as it says.
        wait: Option<Duration>,
    },
    /// Any other refusal.
    Refused {
        /// The status.
        status: u16,
        /// The precondition that failed, such as `no-uid-conflict` (RFC 4918, section 16).
        precondition: String,
    },
    /// It redirects to another server, where the password is not shown.
    RedirectedAway(String),
    /// The answer is larger than the bound, in bytes.
    TooLong(u64),
    /// What answers is not DAV, or broke its rules.
    NotDav(ItemServerFault),
    /// The address offers neither calendars nor address books.
    NothingFound(String),
    /// A password would cross the network in clear text.
    Cleartext(String),
    /// The resource lies outside of what was discovered.
    Elsewhere(Href),
}

impl DavError {
    /// What the server did, as a problem has it.
    pub fn fault(&self) -> ItemServerFault {
        match self {
            DavError::Network(error) => ItemServerFault::Connection { cause: error.cause() },
            DavError::TooSlow(limit) => ItemServerFault::TooSlow { seconds: limit.as_secs_f32().ceil() as u64 },
            DavError::SignInRefused { digest } => ItemServerFault::SignInRefused { digest: *digest },
            DavError::Busy { status, .. } => ItemServerFault::Busy { status: *status },
            DavError::Refused { status, precondition } => {
                ItemServerFault::Refused { status: *status, precondition: precondition.clone() }
            }
            DavError::RedirectedAway(to) => ItemServerFault::RedirectsAway { to: to.clone() },
            DavError::TooLong(most) => ItemServerFault::TooLong { most: *most },
            DavError::NotDav(fault) => fault.clone(),
            DavError::NothingFound(at) => ItemServerFault::NothingFound { at: at.clone() },
            DavError::Cleartext(address) => ItemServerFault::Cleartext { address: address.clone() },
            DavError::Elsewhere(href) => ItemServerFault::Elsewhere { href: href.to_string() },
        }
    }

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

impl fmt::Display for DavError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // With the system's own words, which the cause leaves out.
            DavError::Network(error) => error.fmt(formatter),
            other => other.fault().fmt(formatter),
        }
    }
}

impl std::error::Error for DavError {}

impl From<HttpError> for DavError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Network(error) => DavError::Network(error),
            HttpError::TooSlow(limit) => DavError::TooSlow(limit),
            HttpError::TooLong(bytes) => DavError::TooLong(bytes),
            HttpError::NotHttp(why) => DavError::NotDav(ItemServerFault::NotHttp { why }),
        }
    }
}
