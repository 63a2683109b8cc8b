//! What a server of calendars and contacts did instead of what was asked.

use super::super::Cause;
use super::super::foreign::Foreign;
use super::TextFault;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a CalDAV or CardDAV server did. Its `Display` is a clause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "fault")]
pub enum ItemServerFault {
    /// The connection could not be made, or was lost.
    Connection {
        /// Why.
        cause: Cause,
    },
    /// A request had no answer within its limit.
    TooSlow {
        /// The limit in seconds.
        seconds: u64,
    },
    /// It refused the name or the password.
    SignInRefused {
        /// Whether it offers nothing but Digest, with no hash that this program knows.
        digest: bool,
    },
    /// It asked to wait, again and again.
    Busy {
        /// 429 or 503.
        status: u16,
    },
    /// It refused.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The precondition that failed (RFC 4918, section 16); empty if it names none.
        precondition: String,
    },
    /// Another item of the account has the same UID.
    SameUid,
    /// The item is larger than the target accepts (status 413).
    TooLargeForTarget,
    /// The target has no room (status 507).
    NoRoom,
    /// It redirects to another server, which gets no password.
    RedirectsAway {
        /// Where to.
        to: String,
    },
    /// Its answer is larger than the bound.
    TooLong {
        /// The bound in bytes.
        most: u64,
    },
    /// It does not speak HTTP.
    NotHttp {
        /// The words of the HTTP library.
        why: String,
    },
    /// Its answer is not a WebDAV multistatus (RFC 4918, section 13).
    NoMultistatus,
    /// Its answer cannot be read.
    Unreadable {
        /// Why.
        why: TextFault,
    },
    /// It does not list everything that it has.
    NotWhole,
    /// There are neither calendars nor address books.
    NothingFound {
        /// Where they were looked for.
        at: String,
    },
    /// The connection is not encrypted, and nobody agreed to that.
    Cleartext {
        /// The address.
        address: String,
    },
    /// A resource is in no folder of the account.
    Elsewhere {
        /// The resource.
        href: String,
    },
}

impl Foreign for ItemServerFault {
    fn each_foreign(&mut self, each: &mut dyn FnMut(&mut String)) {
        match self {
            Self::Connection { cause } => cause.each_foreign(each),
            Self::Unreadable { why } => why.each_foreign(each),
            Self::Refused { precondition: text, .. }
            | Self::RedirectsAway { to: text }
            | Self::NotHttp { why: text }
            | Self::NothingFound { at: text }
            | Self::Cleartext { address: text }
            | Self::Elsewhere { href: text } => each(text),
            Self::TooSlow { .. }
            | Self::SignInRefused { .. }
            | Self::Busy { .. }
            | Self::SameUid
            | Self::TooLargeForTarget
            | Self::NoRoom
            | Self::TooLong { .. }
            | Self::NoMultistatus
            | Self::NotWhole => {}
        }
    }
}

impl fmt::Display for ItemServerFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection { cause } => cause.fmt(formatter),
            Self::TooSlow { seconds } => write!(formatter, "a request was not answered within {seconds} seconds"),
            Self::SignInRefused { digest } => {
                let digest =
                    if *digest { "; it requires a form of Digest that this program does not know" } else { "" };
                write!(formatter, "the server refused the name or password (HTTP status 401){digest}")
            }
            Self::Busy { status } => write!(formatter, "the server asked to wait (HTTP status {status})"),
            Self::Refused { status, precondition } if precondition.is_empty() => {
                write!(formatter, "HTTP status {status}")
            }
            Self::Refused { status, precondition } => write!(formatter, "HTTP status {status}, {precondition}"),
            Self::SameUid => {
                formatter.write_str("another item of this account on the target has the same identity (UID)")
            }
            Self::TooLargeForTarget => formatter.write_str("it is larger than the target accepts (HTTP status 413)"),
            Self::NoRoom => formatter.write_str("the target has no space for it (HTTP status 507)"),
            Self::RedirectsAway { to } => write!(
                formatter,
                "it redirects to another server, {to}, to which this program sends no password; if that is the right server, give its address"
            ),
            Self::TooLong { most } => write!(formatter, "an answer is larger than {} MB", most >> 20),
            Self::NotHttp { why } => write!(formatter, "it does not speak HTTP as it should ({why})"),
            Self::NoMultistatus => formatter.write_str("its answer is not a WebDAV multistatus"),
            Self::Unreadable { why } => write!(formatter, "its answer cannot be read: {why}"),
            Self::NotWhole => formatter.write_str("it does not list everything"),
            Self::NothingFound { at } => {
                write!(formatter, "neither calendars nor address books were found at {at}")
            }
            Self::Cleartext { address } => {
                write!(formatter, "{address} is not encrypted, and a password would cross the network in clear text")
            }
            Self::Elsewhere { href } => write!(formatter, "{href} is not below a folder of this account"),
        }
    }
}
