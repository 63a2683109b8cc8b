//! Turns the user's settings into the servers that a run connects to and the certificates that it trusts.

use super::request::{AdministrationServer, Groupware, GroupwareMode, MailServer, Servers, TargetKind};
use crate::dav::DavAddress;
use crate::domain::{Fingerprint, ItemServerFault, Problem, ProblemKind, ServerAddress, Side};
use crate::imap::{Endpoint, Learned};
use crate::network::{HttpServer, KnownCertificates, Limits, NetworkError, RateLimit, Trust};
use std::path::PathBuf;
use std::sync::OnceLock;

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

/// The endpoint of the target; `port` overrides the typed and the default one.
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
        learned: Learned::default(),
        limits: Limits::default(),
        cleartext_allowed: servers.cleartext_passwords_allowed,
        watch: None,
    })
}

/// Both DAV servers of a run.
pub struct DavEnds {
    pub source: DavEnd,
    pub target: DavEnd,
    /// The directory of the files that replace the source, if there is one.
    pub files: Option<PathBuf>,
    /// Whether items come only from folders of the mailboxes.
    pub only_folders: bool,
    /// Whether a source without calendars is a failure, because the user said where they are.
    pub demanded: bool,
    /// What the first account found at the source's calendar address: a server, or why nothing answers there. After a silence no other
    /// account waits for it; after a server has answered, silence is a failure.
    pub first_met: OnceLock<Result<(), ItemServerFault>>,
    /// Whether participants are kept if the target sends nothing.
    pub keep_attendees: bool,
}

impl DavEnds {
    /// Whether items may come from folders of the mailbox.
    pub fn may_read_folders(&self) -> bool {
        self.files.is_none() && (self.only_folders || !self.demanded)
    }
}

/// A DAV server.
pub struct DavEnd {
    pub side: Side,
    pub address: DavAddress,
    pub server: HttpServer,
    pub cleartext_allowed: bool,
}

/// The DAV servers of a run; none if items are not migrated.
pub fn dav_ends(
    groupware: &Groupware,
    servers: &Servers,
    certificates: &KnownCertificates,
    limits: Limits,
) -> Result<Option<DavEnds>, Problem> {
    if groupware.mode == GroupwareMode::Off {
        return Ok(None);
    }
    let end = |side, typed: &Option<DavAddress>, mail: &MailServer| -> Result<DavEnd, Problem> {
        let address = typed.clone().unwrap_or_else(|| DavAddress::at_host(&mail.address.host));
        let known = ServerAddress { host: address.host.clone(), port: Some(address.port) };
        let mut trust = trust(&known, address.port, None, servers, certificates).map_err(|problem| problem.on(side))?;
        if let Some(certificate) = &mail.connections.client_certificate {
            trust = trust.with_client_certificate(certificate).map_err(|error| unusable_file(&error).on(side))?;
        }
        let server = HttpServer {
            host: address.host.clone(),
            port: address.port,
            encrypted: address.encrypted,
            trust,
            proxy: servers.proxy.clone(),
            limits,
            rate: mail.connections.max_rate.map(RateLimit::new),
            watch: None,
        };
        let cleartext_allowed = servers.cleartext_passwords_allowed || known.is_loopback();
        Ok(DavEnd { side, address, server, cleartext_allowed })
    };
    Ok(Some(DavEnds {
        source: end(Side::Source, &groupware.source_dav, &servers.source)?,
        target: end(Side::Target, &groupware.target_dav, &servers.target)?,
        files: groupware.files.clone().filter(|_| groupware.mode == GroupwareMode::Files),
        only_folders: groupware.mode == GroupwareMode::Imap,
        demanded: groupware.mode == GroupwareMode::Dav || groupware.source_dav.is_some(),
        first_met: OnceLock::new(),
        keep_attendees: groupware.keep_attendees,
    }))
}

/// Which certificate to trust at an address: the given fingerprint, else the one trusted earlier, else the usual check; if that fails, any
/// that is given or trusted for another service of the same host.
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
    Problem::new(ProblemKind::CertificateFile).caused_by(error.cause())
}
