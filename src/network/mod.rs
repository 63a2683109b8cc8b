//! Lines to servers: TCP, proxies, TLS, whom to trust, limits of time and rate. Both the mail servers and the administration API are reached through here.
//!
//! Promises that nothing but a handshake leaves this computer before the server's certificate is trusted, and that no read or write
//! waits longer than its limit. Only here is native-tls named (and in the embedded servers of `rehearsal`).

mod certificate;
mod dial;
mod direct;
mod error;
mod https;
mod known;
mod proxy;
mod rate;
mod stream;
mod trust;

pub use dial::{dial, dial_measuring};
pub use error::NetworkError;
pub use https::{HttpClient, HttpError, HttpRequest, HttpResponse, HttpServer, Watch};
pub use known::KnownCertificates;
pub use proxy::Proxy;
pub use rate::RateLimit;
pub use stream::{Interrupter, Stream};
pub use trust::{ClientCertificate, Trust};

use std::time::Duration;

/// How long to wait for a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For a connection, over all of a host's addresses.
    pub connect: Duration,
    /// For the next octet.
    pub read: Duration,
    /// For room to send the next octet.
    pub write: Duration,
}

impl Default for Limits {
    /// Generous for reading: some servers make a message only when it is asked for.
    fn default() -> Self {
        Self { connect: Duration::from_secs(20), read: Duration::from_secs(180), write: Duration::from_secs(120) }
    }
}
