//! What comes before the first mailbox: both servers are reached and trusted, the administrator is signed in, and Kerio Connect's
//! IMAP port is set when the user gave one (see `port`).

use super::context::End;
use super::places::Places;
use super::port;
use super::recorder::Events;
use crate::domain::{CertificateDetails, Fingerprint, Problem, ProblemKind, ServerAddress, Side};
use crate::imap::{self, Distance, Endpoint};
use crate::kerio::{Administration, AdministrationEndpoint, KerioError};
use crate::migrate::request::{AdministrationServer, MailServer, Options, Servers, TargetKind};
use crate::migrate::sign_in::credentials::Credentials;
use crate::migrate::sign_in::directory::{Directory, ExistingAccounts, KerioDirectory};
use crate::migrate::sign_in::guard::SignInGuard;
use crate::network::{KnownCertificates, Limits, NetworkError, RateLimit, Trust};
use crate::progress::{Event, RunKind};
use std::sync::Arc;
use std::time::Duration;

/// The port of Kerio Connect's administration API.
const ADMINISTRATION_PORT: u16 = 4040;

/// A call is answered at once or not at all; a directory service behind Kerio Connect makes some slower.
const ADMINISTRATION_LIMITS: Limits =
    Limits { connect: Duration::from_secs(10), read: Duration::from_secs(60), write: Duration::from_secs(60) };

/// Both ends of a run, ready.
pub struct Prepared {
    pub source: End,
    pub target: End,
    pub directory: Box<dyn Directory>,
    pub kerio: bool,
    administration: Option<Arc<Administration>>,
}

/// Reaches everything a run needs. The error says why the run cannot start; whatever was changed by then is put back.
pub fn prepare(kind: RunKind, servers: &Servers, options: &Options, events: &Events) -> Result<Prepared, Problem> {
    let certificates = KnownCertificates::open(&options.state_folder);
    let limits = options.patience.limits;
    let source = Endpoint { limits, ..source_endpoint(servers, &certificates)? };
    greet(&source, &certificates, events)?;
    let TargetKind::Kerio(settings) = &servers.target_kind else {
        let target = Endpoint { limits, ..target_endpoint(servers, None, &certificates)? };
        greet(&target, &certificates, events)?;
        let directory = Box::new(ExistingAccounts(servers.target.name));
        return Ok(Prepared::new(servers, source, target, directory, None));
    };
    let administration = Arc::new(sign_in_administrator(settings, &servers.target, servers, &certificates)?);
    events.tell(Event::ServerReached { side: Side::Administration, product: administration.product() });
    let port = match servers.target.address.port {
        Some(wanted) if kind == RunKind::Migrate => {
            port::change(&administration, servers, &options.state_folder, wanted, events)?;
            Some(wanted)
        }
        // Only a migration sets the port; else the one that the service has serves.
        _ => administration.imap_port(servers.target.security).map_err(|error| error.problem(None))?,
    };
    let directory = Box::new(KerioDirectory(administration.clone()));
    let target = target_endpoint(servers, port, &certificates);
    let target = target.map(|target| Endpoint { limits, ..target });
    let reached = target.and_then(|target| greet(&target, &certificates, events).map(|()| target));
    match reached {
        Ok(target) => Ok(Prepared::new(servers, source, target, directory, Some(administration))),
        Err(problem) => {
            port::restore(&administration, servers, &options.state_folder, events);
            Err(problem)
        }
    }
}

impl Prepared {
    fn new(
        servers: &Servers,
        source: Endpoint,
        target: Endpoint,
        directory: Box<dyn Directory>,
        administration: Option<Arc<Administration>>,
    ) -> Self {
        let end = |endpoint: Endpoint, server: &MailServer| End {
            guard: SignInGuard::default(),
            places: Arc::new(Places::new(server.lines.max_connections)),
            credentials: Arc::new(Credentials::new(endpoint.side, &server.sign_in, server.name)),
            endpoint,
        };
        let kerio = administration.is_some();
        let source = end(source, &servers.source);
        let target = end(target, &servers.target);
        Self { source, target, directory, kerio, administration }
    }

    /// Takes out what puts Kerio Connect back as it was.
    pub fn take_administration(&mut self) -> Option<Arc<Administration>> {
        self.administration.take()
    }
}

/// Why the administrator could not be signed in.
pub struct NotSignedIn {
    pub problem: Problem,
    /// The certificate to decide on and the fingerprint that was trusted before, when trust is what is missing.
    pub certificate: Option<Box<(CertificateDetails, Option<Fingerprint>)>>,
}

impl From<Problem> for NotSignedIn {
    fn from(problem: Problem) -> Self {
        Self { problem, certificate: None }
    }
}

impl From<NotSignedIn> for Problem {
    fn from(not_signed_in: NotSignedIn) -> Self {
        not_signed_in.problem
    }
}

/// Signs the administrator in and makes sure of the rights a migration needs.
pub fn sign_in_administrator(
    settings: &AdministrationServer,
    target: &MailServer,
    servers: &Servers,
    certificates: &KnownCertificates,
) -> Result<Administration, NotSignedIn> {
    let address = administration_address(settings, target);
    let port = address.port.unwrap_or(ADMINISTRATION_PORT);
    let endpoint = AdministrationEndpoint {
        trust: trust(&address, port, settings.fingerprint, servers, certificates)
            .map_err(|problem| problem.on(Side::Administration))?,
        host: address.host,
        port,
        proxy: servers.proxy.clone(),
        limits: ADMINISTRATION_LIMITS,
    };
    let not_signed_in = |error: KerioError| NotSignedIn {
        problem: error.problem(None).at_server(&endpoint.host),
        certificate: error.certificate().map(|(details, changed_from)| Box::new((details.clone(), changed_from))),
    };
    let administration =
        Administration::connect(&endpoint, &settings.user, &settings.password).map_err(not_signed_in)?;
    certificates.keep(&endpoint.host, port, &endpoint.trust);
    let rights = administration.rights().map_err(not_signed_in)?;
    if !rights.may_manage {
        return Err(Problem::new(ProblemKind::AdministratorRights)
            .on(Side::Administration)
            .saying(format!("the role is {}", rights.role))
            .into());
    }
    Ok(administration)
}

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
    let MailServer { address, security, fingerprint, lines, .. } = server;
    let port = port.or(address.port).unwrap_or_else(|| security.default_port());
    let mut trust = trust(address, port, *fingerprint, servers, certificates).map_err(|problem| problem.on(side))?;
    if let Some(certificate) = &lines.client_certificate {
        trust = trust.with_client_certificate(certificate).map_err(|error| unusable_file(&error).on(side))?;
    }
    Ok(Endpoint {
        side,
        host: address.host.clone(),
        port,
        security: *security,
        trust,
        proxy: servers.proxy.clone(),
        rate: lines.max_rate.map(RateLimit::new),
        distance: Distance::default(),
        limits: Limits::default(),
        cleartext_allowed: servers.cleartext_passwords_allowed,
    })
}

/// Whom to trust at an address: the fingerprint given, else the one trusted earlier, else the usual check, and where that fails whatever
/// is given or trusted for another service of the same host.
fn trust(
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

/// Connects once, so that a run that cannot work says so before it begins.
fn greet(endpoint: &Endpoint, certificates: &KnownCertificates, events: &Events) -> Result<(), Problem> {
    let greeted = imap::connect(endpoint).map_err(|error| {
        Problem::new(error.kind()).on(endpoint.side).at_server(&endpoint.host).saying(error.words())
    })?;
    certificates.keep(&endpoint.host, endpoint.port, &endpoint.trust);
    events.tell(Event::ServerReached { side: endpoint.side, product: greeted.product().to_owned() });
    Ok(())
}
