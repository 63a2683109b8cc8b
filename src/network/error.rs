//! Why a connection to a server failed or was lost.

use crate::domain::{
    Cause, CertificateDetails, CertificateFileFault, Fingerprint, HandshakeFault, ProblemKind, ProxyFault,
};
use std::{fmt, io};

/// A failure of a connection. Its `Display` is a clause for debug.log; [`NetworkError::cause`] is the reason as data.
#[derive(Debug)]
pub enum NetworkError {
    /// The host's name has no address.
    NameNotFound {
        /// The name.
        host: String,
        /// The reason that the resolver gives.
        why: String,
    },
    /// Nothing listens there.
    Refused,
    /// No answer in time.
    TimedOut,
    /// The connection failed for another reason: there is no route, or this computer forbids it.
    NotConnected {
        /// The system's reason.
        why: io::Error,
    },
    /// The connection was lost.
    Lost(io::Error),
    /// The certificate cannot be verified, and no fingerprint says to trust it.
    Untrusted {
        /// The certificate that the server shows.
        details: Box<CertificateDetails>,
    },
    /// The certificate is not the one whose fingerprint was given or remembered.
    Changed {
        /// The fingerprint to trust.
        expected: Fingerprint,
        /// The certificate that the server shows.
        details: Box<CertificateDetails>,
    },
    /// The handshake failed for another reason than trust.
    TlsFailed(String),
    /// The proxy does not connect to the server.
    Proxy {
        /// The proxy's address, without user and password.
        proxy: String,
        /// Why.
        fault: ProxyFault,
    },
    /// A file of certificate authorities or a client certificate cannot be used.
    CertificateFile {
        /// The file.
        path: String,
        /// Why.
        fault: CertificateFileFault,
    },
}

impl NetworkError {
    /// The kind of problem.
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

    /// The reason as data.
    pub fn cause(&self) -> Cause {
        match self {
            NetworkError::NameNotFound { host, .. } => Cause::NameNotFound { host: host.clone() },
            NetworkError::Refused => Cause::NothingListens,
            NetworkError::TimedOut => Cause::NoAnswer,
            NetworkError::NotConnected { why } if needs_local_network(why) => {
                Cause::LocalNetworkNotAllowed { why: plain(why) }
            }
            NetworkError::NotConnected { why } => Cause::NotConnected { why: plain(why) },
            NetworkError::Lost(why) => Cause::Lost { why: plain(why) },
            NetworkError::Untrusted { details } => {
                Cause::CertificateUntrusted { why: details.distrust.clone(), fingerprint: details.fingerprint }
            }
            NetworkError::Changed { expected, details } => {
                Cause::CertificateChanged { trusted: *expected, shown: details.fingerprint }
            }
            NetworkError::TlsFailed(why) => Cause::Handshake { fault: handshake(why) },
            NetworkError::Proxy { proxy, fault } => Cause::Proxy { proxy: proxy.clone(), fault: fault.clone() },
            NetworkError::CertificateFile { path, fault } => {
                Cause::CertificateFile { path: path.clone(), fault: fault.clone() }
            }
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

/// A system error's text without its number.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// Why a handshake failed, judged by the TLS library's words, which debug.log has.
fn handshake(why: &str) -> HandshakeFault {
    let why = why.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| why.contains(word));
    if says(&["wrong version number", "packet length", "http request", "record overflow", "unexpected message"]) {
        HandshakeFault::NotTls
    } else if says(&["unsupported protocol", "protocol version", "no protocols available"]) {
        HandshakeFault::TooOld
    } else if says(&["certificate required", "bad certificate", "certificate unknown"]) {
        HandshakeFault::ClientCertificate
    } else if says(&["shows no certificate"]) {
        HandshakeFault::NoCertificate
    } else if says(&["eof", "closed", "reset"]) {
        HandshakeFault::Closed
    } else {
        HandshakeFault::NoAgreement
    }
}

/// macOS 15 and later reports no route to computers nearby until its user has allowed the connection.
fn needs_local_network(why: &io::Error) -> bool {
    cfg!(target_os = "macos") && why.kind() == io::ErrorKind::HostUnreachable
}

impl fmt::Display for NetworkError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause().fmt(formatter)
    }
}

impl std::error::Error for NetworkError {}

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
