//! Connections to servers: TCP, proxies, TLS, certificates to trust, limits of time and speed. Mail servers, the administration API and
//! servers of calendars are reached through here.
//!
//! Promises that nothing but a handshake leaves this computer before the server's certificate is trusted, and that no read or write
//! waits longer than its limit. Only here is native-tls named; the embedded servers of `rehearsal` use rustls, because Windows and macOS
//! take a server's key only into the user's own key store.

mod certificate;
mod dial;
mod direct;
mod error;
mod https;
mod known;
mod proxy;
mod rate;
mod spoken;
mod stream;
mod trust;
mod watch;

pub use dial::{dial, dial_measuring};
pub use error::NetworkError;
pub use https::{HttpClient, HttpError, HttpRequest, HttpResponse, HttpServer};
pub use known::KnownCertificates;
pub use proxy::Proxy;
pub use rate::{RateLimit, Share};
pub use spoken::{Spoken, spoken};
pub use stream::Stream;
pub use trust::{ClientCertificate, Trust, verifying_connector};
pub use watch::{Guard, Interrupter, Watch};

use std::time::Duration;

/// Time limits of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// To connect, over all of a host's addresses.
    pub connect: Duration,
    /// For the next byte.
    pub read: Duration,
    /// For room to send the next byte.
    pub write: Duration,
}

impl Default for Limits {
    /// Generous for reading: some servers produce a message only when it is requested.
    fn default() -> Self {
        Self { connect: Duration::from_secs(20), read: Duration::from_secs(180), write: Duration::from_secs(120) }
    }
}
