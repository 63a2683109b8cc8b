//! Why a request to a DAV server failed.

use super::Href;
use crate::domain::ItemServerFault;
use crate::network::{HttpError, NetworkError};
use std::fmt;
use std::time::Duration;

/// Why a request failed. `Display` writes a clause for debug.log; [`DavError::fault`] gives the reason as data.
#[derive(Debug)]
pub enum DavError {
    /// The connection failed or was lost; the request may or may not have been carried out.
    Network(NetworkError),
    /// The request exceeded this time limit.
    TooSlow(Duration),
    /// The name or password was refused.
    SignInRefused {
        /// Whether the server offers only Digest, without a hash that this program supports.
        digest: bool,
    },
    /// The server asked to wait too long or too often.
    Busy {
        /// 429 or 503.
        status: u16,
        /// The wait that it asks for, if it says.
        wait: Option<Duration>,
    },
    /// Any other refusal.
    Refused {
        /// The status.
        status: u16,
        /// The failed precondition, such as `no-uid-conflict` (RFC 4791, section 5.3.2.1), and the server's words; empty if it names none.
        precondition: String,
    },
    /// It redirects to another server, which must not get the password.
    RedirectedAway(String),
    /// The answer exceeds this limit, in bytes.
    TooLong(u64),
    /// The answer is not DAV, or violates it.
    NotDav(ItemServerFault),
    /// The address offers neither calendars nor address books.
    NothingFound(String),
    /// A password would cross the network in clear text.
    Cleartext(String),
    /// The resource is outside the discovered homes.
    Elsewhere(Href),
}

impl DavError {
    /// The reason as data, for a problem.
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

    /// Whether the outcome is unknown and a new connection may help.
    pub fn is_loss(&self) -> bool {
        match self {
            DavError::Network(error) => error.certificate().is_none(),
            DavError::TooSlow(_) => true,
            // A proxy in front of the server gave up waiting.
            DavError::Refused { status, .. } => matches!(status, 502 | 504),
            _ => false,
        }
    }

    /// Whether the resource does not exist (404 or 410).
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
