//! Why a certificate is not trusted, as data, and the one place where that is said in English.

use super::foreign::Foreign;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why the usual check of a certificate failed. Its `Display` is a clause: no capital letter, no full stop. Names are as in the
/// certificate, days `YYYY-MM-DD`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Distrust {
    /// The certificate cannot be read.
    Unreadable,
    /// It has expired.
    Expired {
        /// Its last day.
        on: String,
    },
    /// It is not valid yet.
    NotYetValid {
        /// Its first day.
        before: String,
    },
    /// It is signed by itself alone.
    SelfSigned,
    /// It is for other hosts.
    OtherHosts {
        /// The hosts it is for.
        names: Vec<String>,
        /// The host that was asked for.
        host: String,
    },
    /// This computer does not know who issued it.
    UnknownIssuer {
        /// The issuer.
        issuer: String,
    },
    /// This computer cannot verify it for another reason.
    NotVerified {
        /// The issuer.
        issuer: String,
    },
}

impl Foreign for Distrust {
    fn each_foreign(&mut self, each: &mut dyn FnMut(&mut String)) {
        match self {
            Self::OtherHosts { names, host } => {
                names.iter_mut().for_each(&mut *each);
                each(host);
            }
            Self::UnknownIssuer { issuer } | Self::NotVerified { issuer } => each(issuer),
            Self::Unreadable | Self::Expired { .. } | Self::NotYetValid { .. } | Self::SelfSigned => {}
        }
    }
}

impl fmt::Display for Distrust {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable => formatter.write_str("the certificate cannot be read"),
            Self::Expired { on } => write!(formatter, "the certificate expired on {on}"),
            Self::NotYetValid { before } => write!(formatter, "the certificate is not valid before {before}"),
            Self::SelfSigned => formatter.write_str("it is self-signed"),
            Self::OtherHosts { names, host } => {
                write!(formatter, "the certificate is for {}, not for {host}", names.join(", "))
            }
            Self::UnknownIssuer { issuer } => {
                write!(formatter, "the certificate was issued by {issuer}, which this computer does not know")
            }
            Self::NotVerified { issuer } => {
                write!(formatter, "the certificate was issued by {issuer}, and this computer cannot verify it")
            }
        }
    }
}
