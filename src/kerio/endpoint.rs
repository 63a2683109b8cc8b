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
    /// The proxy on the way, if there is one.
    pub proxy: Option<Proxy>,
    /// Time limits. A whole call ends after `connect` plus `read`; a changed port gets `connect` to begin to answer.
    pub limits: Limits,
    /// Who watches how long its connections wait, if anybody does.
    pub watch: Option<Watch>,
}

impl AdministrationEndpoint {
    /// The same as a server that speaks HTTP.
    pub(super) fn server(&self) -> HttpServer {
        let Self { host, port, trust, proxy, limits, watch } = self.clone();
        HttpServer { host, port, encrypted: true, trust, proxy, limits, rate: None, watch }
    }
}
