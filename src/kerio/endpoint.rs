//! The address of an administration API, and the certificates to trust there.

use crate::network::{HttpServer, Limits, Proxy, Trust, Watch};

/// The address of the administration API, and the certificates to trust there.
#[derive(Debug, Clone)]
pub struct AdministrationEndpoint {
    /// DNS name or IP address.
    pub host: String,
    /// The port, usually 4040.
    pub port: u16,
    /// The certificates to trust.
    pub trust: Trust,
    /// The proxy to go through, if there is one.
    pub proxy: Option<Proxy>,
    /// Time limits. A whole call ends after `connect` plus `read`; a changed port gets `connect` to begin to answer.
    pub limits: Limits,
    /// Watches its connections, and may cut them.
    pub watch: Option<Watch>,
}

impl AdministrationEndpoint {
    /// The HTTP server.
    pub(super) fn server(&self) -> HttpServer {
        let Self { host, port, trust, proxy, limits, watch } = self.clone();
        HttpServer { host, port, encrypted: true, trust, proxy, limits, rate: None, watch }
    }
}
