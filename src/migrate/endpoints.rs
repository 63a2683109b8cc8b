//! From what the user typed to whom a run connects and whom it trusts.

use super::request::{AdministrationServer, MailServer, Servers, TargetKind};
use crate::domain::{Fingerprint, Problem, ProblemKind, ServerAddress, Side};
use crate::imap::{Distance, Endpoint};
use crate::network::{KnownCertificates, Limits, NetworkError, RateLimit, Trust};

/// The port of Kerio Connect's administration API.
pub const ADMINISTRATION_PORT: u16 = 4040;

/// The administration's address: as typed, or the target's host.
pub fn administration_address(settings: &AdministrationServer, target: &MailServer) -> ServerAddress {
    let typed = &settings.address;
    let host = if typed.host.is_empty() { target.address.host.clone() } else { typed.host.clone() };
    ServerAddress { host, port: typed.port.or(Some(ADMINISTRATION_PORT)) }
}

/// The endpoint of the source.
pub fn source_endpoint(servers: &Servers, certificates: &KnownCertificates) -> Result<Endpoint, Problem> {
    endpoint(Side::Source, &servers.source, None, servers, certificates)
}

/// The endpoint of the target; `port` overrides the typed and the usual one.
pub fn target_endpoint(
    servers: &Servers,
    port: Option<u16>,
    certificates: &KnownCertificates,
) -> Result<Endpoint, Problem> {
    endpoint(Side::Target, &servers.target, port, servers, certificates)
}

fn endpoint(
    side: Side,
    server: &MailServer,
    port: Option<u16>,
    servers: &Servers,
    certificates: &KnownCertificates,
) -> Result<Endpoint, Problem> {
    let MailServer { address, security, fingerprint, connections, .. } = server;
    let port = port.or(address.port).unwrap_or_else(|| security.default_port());
    let mut trust = trust(address, port, *fingerprint, servers, certificates).map_err(|problem| problem.on(side))?;
    if let Some(certificate) = &connections.client_certificate {
        trust = trust.with_client_certificate(certificate).map_err(|error| unusable_file(&error).on(side))?;
    }
    Ok(Endpoint {
        side,
        host: address.host.clone(),
        port,
        security: *security,
        trust,
        proxy: servers.proxy.clone(),
        rate: connections.max_rate.map(RateLimit::new),
        distance: Distance::default(),
        limits: Limits::default(),
        cleartext_allowed: servers.cleartext_passwords_allowed,
    })
}

/// Whom to trust at an address: the fingerprint given, else the one trusted earlier, else the usual check, and where that fails whatever
/// is given or trusted for another service of the same host.
pub fn trust(
    address: &ServerAddress,
    port: u16,
    fingerprint: Option<Fingerprint>,
    servers: &Servers,
    certificates: &KnownCertificates,
) -> Result<Trust, Problem> {
    let pinned = fingerprint.or_else(|| certificates.known(&address.host, port));
    let mut trust =
        Trust::with_authority_files(&servers.authority_files, pinned).map_err(|error| unusable_file(&error))?;
    let of_host = fingerprints_given(servers).into_iter().filter(|(host, _)| host.eq_ignore_ascii_case(&address.host));
    trust.of_host = certificates.of_host(&address.host);
    trust.of_host.extend(of_host.filter_map(|(_, given)| given));
    Ok(trust)
}

/// The fingerprint given for each service, with its host.
fn fingerprints_given(servers: &Servers) -> Vec<(String, Option<Fingerprint>)> {
    let administration = match &servers.target_kind {
        TargetKind::Kerio(settings) => {
            Some((administration_address(settings, &servers.target).host, settings.fingerprint))
        }
        TargetKind::Imap => None,
    };
    let source = (servers.source.address.host.clone(), servers.source.fingerprint);
    let target = (servers.target.address.host.clone(), servers.target.fingerprint);
    [source, target].into_iter().chain(administration).collect()
}

fn unusable_file(error: &NetworkError) -> Problem {
    Problem::new(ProblemKind::CertificateFile).saying(error)
}
