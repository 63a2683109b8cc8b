//! Why a connection to a server failed or was lost.

use crate::domain::{CertificateDetails, Fingerprint, ProblemKind};
use std::io;

/// A failure of a connection, in words for an administrator.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The host's name has no address.
    #[error("the name {host} was not found")]
    NameNotFound {
        /// The name.
        host: String,
        /// The reason that the resolver gives.
        why: String,
    },
    /// Nothing listens there.
    #[error("the connection was refused; nothing listens on that port")]
    Refused,
    /// No answer in time.
    #[error("there was no answer in time")]
    TimedOut,
    /// The connection failed for another reason: there is no route, or this computer forbids it.
    #[error("no connection could be made ({}){}", plain(.why), local_network(.why))]
    NotConnected {
        /// The system's reason.
        why: io::Error,
    },
    /// The connection existed and is gone.
    #[error("the connection was lost ({})", plain(.0))]
    Lost(io::Error),
    /// The certificate cannot be verified, and no fingerprint says to trust it.
    #[error("{}; its SHA-256 fingerprint is {}", .details.why_untrusted, .details.fingerprint)]
    Untrusted {
        /// The certificate that the server shows.
        details: Box<CertificateDetails>,
    },
    /// The certificate is not the one whose fingerprint was given or remembered.
    #[error("the trusted one is {expected}, the server shows {}", .details.fingerprint)]
    Changed {
        /// The fingerprint to trust.
        expected: Fingerprint,
        /// The certificate that the server shows.
        details: Box<CertificateDetails>,
    },
    /// The handshake failed for another reason than trust.
    #[error("encryption could not be started: {}", handshake(.0))]
    TlsFailed(String),
    /// The proxy does not connect to the server.
    #[error("the proxy {proxy} does not connect: {why}")]
    Proxy {
        /// The proxy's address, without user and password.
        proxy: String,
        /// Why.
        why: String,
    },
    /// A file of certificate authorities or a client certificate cannot be used.
    #[error("{path}: {why}")]
    CertificateFile {
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
}

impl NetworkError {
    /// The kind of problem it is for a person.
    pub fn kind(&self) -> ProblemKind {
        match self {
            NetworkError::NameNotFound { .. }
            | NetworkError::Refused
            | NetworkError::TimedOut
            | NetworkError::NotConnected { .. }
            | NetworkError::Proxy { .. } => ProblemKind::Unreachable,
            NetworkError::Lost(_) => ProblemKind::ConnectionLost,
            NetworkError::Untrusted { .. } => ProblemKind::CertificateUnknown,
            NetworkError::Changed { .. } => ProblemKind::CertificateChanged,
            NetworkError::TlsFailed(_) => ProblemKind::WrongProtocol,
            NetworkError::CertificateFile { .. } => ProblemKind::CertificateFile,
        }
    }

    /// The error of a connection that was never made.
    pub(super) fn not_connected(error: io::Error) -> Self {
        match Self::from(error) {
            Self::Lost(why) => Self::NotConnected { why },
            other => other,
        }
    }

    /// The certificate to decide on, and the fingerprint that was trusted before.
    pub fn certificate(&self) -> Option<(&CertificateDetails, Option<Fingerprint>)> {
        match self {
            NetworkError::Untrusted { details } => Some((details, None)),
            NetworkError::Changed { expected, details } => Some((details, Some(*expected))),
            _ => None,
        }
    }
}

/// An error of the system without its number.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// Why a handshake failed, in plain words; debug.log has those of the TLS library.
fn handshake(why: &str) -> &'static str {
    let why = why.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| why.contains(word));
    if says(&["wrong version number", "packet length", "http request", "record overflow", "unexpected message"]) {
        "this port does not speak SSL"
    } else if says(&["unsupported protocol", "protocol version", "no protocols available"]) {
        "the server offers only encryption older than TLS 1.2"
    } else if says(&["certificate required", "bad certificate", "certificate unknown"]) {
        "the server requires a client certificate, or does not accept the one it got"
    } else if says(&["shows no certificate"]) {
        "the server shows no certificate"
    } else if says(&["eof", "closed", "reset"]) {
        "the server closed the connection"
    } else {
        "the server and this computer do not agree on it"
    }
}

/// macOS 15 and later reports no route to computers nearby until its user has allowed the connection.
fn local_network(why: &io::Error) -> &'static str {
    let refused = why.kind() == io::ErrorKind::HostUnreachable;
    if cfg!(target_os = "macos") && refused {
        "; see that System Settings, Privacy & Security, Local Network lets this program in"
    } else {
        ""
    }
}

impl From<io::Error> for NetworkError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => NetworkError::Refused,
            // A socket's time limit shows as WouldBlock on Unix and as TimedOut on Windows.
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => NetworkError::TimedOut,
            _ => NetworkError::Lost(error),
        }
    }
}
