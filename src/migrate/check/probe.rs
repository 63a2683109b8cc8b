//! Test connection: tries both servers as a run would, and returns what it found. Changes nothing.

use crate::domain::{
    Doubt, Finding, Found, Note, OwnFile, PortSpeaks, Problem, ProblemKind, Security, Service, Side, SignInKind,
};
use crate::imap::{self, Capabilities, Endpoint, Greeted, ImapError, Offer};
use crate::kerio::{Administration, PortNote};
use crate::migrate::endpoints::{self, administration_address};
use crate::migrate::request::{Servers, SignInWay, TargetKind};
use crate::migrate::target::kerio::administrator::{NotSignedIn, sign_in_administrator};
use crate::network::{self, KnownCertificates, NetworkError, Spoken};
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// If a server has not greeted by then, the test finds out which protocol its port speaks.
const GREETED_WITHIN: Duration = Duration::from_secs(6);
/// A server that has not greeted by then counts as silent: a test ends within fifteen seconds.
const SILENT_AFTER: Duration = Duration::from_secs(13);

/// Tests the source. Blocks; call it from a thread of its own.
pub fn test_source(servers: &Servers, state_folder: &Path) -> Vec<Finding> {
    let certificates = KnownCertificates::open(state_folder);
    match endpoints::source_endpoint(servers, &certificates) {
        Ok(endpoint) => greet(&endpoint, Service::Only, &servers.source.sign_in, &certificates),
        Err(problem) => vec![Finding::of(problem)],
    }
}

/// Tests the target: for Kerio Connect first the administration, then the IMAP service. Blocks.
pub fn test_target(servers: &Servers, state_folder: &Path) -> Vec<Finding> {
    let certificates = KnownCertificates::open(state_folder);
    let mut findings = Vec::new();
    let mut port = None;
    if let TargetKind::Kerio(settings) = &servers.target_kind {
        match sign_in_administrator(settings, &servers.target, servers, &certificates, None) {
            Ok(administration) => {
                look_at_administration(&administration, &mut findings);
                port = look_at_imap_service(&administration, servers, state_folder, &mut findings);
                if port.is_none() {
                    return findings;
                }
            }
            Err(NotSignedIn { problem, certificate }) => {
                let address = administration_address(settings, &servers.target);
                let doubt = certificate.map(|certificate| Doubt {
                    side: Side::Administration,
                    host: address.host,
                    port: address.port.unwrap_or_default(),
                    details: certificate.0,
                    changed_from: certificate.1,
                });
                return vec![Finding { certificate: doubt, ..Finding::of(*problem) }];
            }
        }
    }
    // The port that a run will set is not open yet: the current one is tested.
    match endpoints::target_endpoint(servers, port, &certificates) {
        Ok(endpoint) => {
            let service = if findings.is_empty() { Service::Only } else { Service::Imap };
            findings.extend(greet(&endpoint, service, &servers.target.sign_in, &certificates));
        }
        Err(problem) => findings.push(Finding::of(problem)),
    }
    findings
}

fn look_at_administration(administration: &Administration, findings: &mut Vec<Finding>) {
    let mut add = |service, found| findings.push(Finding::new(service, found));
    add(Service::Administration, Found::Trusted(administration.pinned()));
    // The administration names its product before any sign-in.
    add(Service::Only, Found::Product(administration.product()));
    if let Ok(rights) = administration.rights() {
        add(Service::Only, Found::FullRights { role: rights.role });
    }
    match administration.seats() {
        Ok(seats) => add(Service::Only, Found::Seats { used: seats.used, allowed: seats.allowed }),
        Err(error) => log::debug!("licence seats: {error}"),
    }
    administration.warnings().into_iter().for_each(|alert| add(Service::Only, Found::Alert(alert)));
}

/// The port where the IMAP service listens now; none if it does not listen.
fn look_at_imap_service(
    administration: &Administration,
    servers: &Servers,
    state_folder: &Path,
    findings: &mut Vec<Finding>,
) -> Option<u16> {
    match administration.port_note(state_folder) {
        Ok(Some(PortNote { service, host, from, to, .. })) => {
            findings.push(Finding::new(Service::Only, Found::PortNotRestored { service, host, from, to }));
        }
        Ok(None) => {}
        Err(error) => findings.push(Finding::of(error.problem(None))),
    }
    match administration.imap_port(servers.target.security) {
        Ok(Some(port)) => {
            let wanted = servers.target.address.port;
            findings.push(Finding::new(Service::Only, Found::ImapService { port, wanted }));
            Some(port)
        }
        Ok(None) => {
            let problem = Problem::new(ProblemKind::ServiceStopped).on(Side::Administration).noting(Note::NoListener);
            findings.push(Finding::of(problem));
            None
        }
        Err(error) => {
            findings.push(Finding::of(error.problem(None)));
            None
        }
    }
}

fn greet(endpoint: &Endpoint, service: Service, way: &SignInWay, certificates: &KnownCertificates) -> Vec<Finding> {
    let started = Instant::now();
    let (sender, answer) = mpsc::channel();
    let connecting = endpoint.clone();
    let spawned = std::thread::Builder::new().name("greeting".to_owned()).spawn(move || {
        // The send fails if the test is over and nobody waits for the answer.
        let _ = sender.send(imap::connect(&connecting));
    });
    let greeted = match spawned.map(|_| answer.recv_timeout(GREETED_WITHIN)) {
        Ok(Ok(greeted)) => greeted,
        Ok(Err(_)) => match look_at_port(endpoint, service) {
            Some(finding) if finding.use_ssl().is_some() => return vec![finding],
            silent => match (answer.recv_timeout(SILENT_AFTER.saturating_sub(started.elapsed())), silent) {
                (Ok(greeted), _) => greeted,
                (Err(_), Some(silent)) => return vec![silent],
                (Err(_), None) => Err(ImapError::Network(NetworkError::TimedOut)),
            },
        },
        Err(error) => Err(ImapError::Network(error.into())),
    };
    match greeted {
        Ok(greeted) => {
            certificates.keep(&endpoint.host, endpoint.port, &endpoint.trust);
            let milliseconds = started.elapsed().as_millis();
            let protection = match endpoint.security {
                Security::Plain => Found::NotEncrypted,
                Security::Tls | Security::StartTls => Found::Trusted(endpoint.trust.only()),
            };
            let product = Found::Product(greeted.product().to_owned());
            let found = [Found::Reached { port: endpoint.port, milliseconds }, protection, product];
            let mut findings: Vec<Finding> = found.into_iter().map(|found| Finding::new(service, found)).collect();
            let known = greeted.known_about_passwords().filter(|_| way.needs_own_passwords());
            findings.extend(known.map(|note| Finding::new(Service::Only, Found::Known(note))));
            findings.push(look_at_sign_in(greeted, service, way, endpoint.security));
            findings
        }
        Err(error) => {
            let problem = error.quoted_in(Problem::new(error.kind()).on(endpoint.side).at_server(&endpoint.host));
            let certificate = doubt(endpoint, &error);
            let finding = Finding { certificate, ..Finding::of(problem) };
            let explained = finding.certificate.is_none().then(|| look_at_port(endpoint, service)).flatten();
            vec![explained.unwrap_or(finding)]
        }
    }
}

/// The protocol of the port, if that explains why the server does not greet.
fn look_at_port(endpoint: &Endpoint, service: Service) -> Option<Finding> {
    let Endpoint { host, port, proxy, security, .. } = endpoint;
    let speaks = match (network::spoken(host, *port, proxy.as_ref())?, security) {
        (Spoken::Text, Security::Tls) => PortSpeaks::Text,
        (Spoken::Tls, Security::StartTls | Security::Plain) => PortSpeaks::Ssl,
        (Spoken::Nothing, _) => PortSpeaks::Nothing,
        (Spoken::Tls, Security::Tls) | (Spoken::Text, Security::StartTls | Security::Plain) => return None,
    };
    Some(Finding::new(service, Found::Port { host: host.clone(), port: *port, speaks }))
}

/// Whether the chosen way to sign in is offered, and what to choose if it is not.
fn look_at_sign_in(greeted: Greeted, service: Service, way: &SignInWay, security: Security) -> Finding {
    let capabilities = greeted.capabilities().clone();
    let is_offered = match way {
        SignInWay::OwnPassword | SignInWay::MasterUser { .. } => Ok(capabilities.offers(Offer::Password)),
        SignInWay::Authorization { .. } => Ok(capabilities.offers(Offer::ForOthers)),
        SignInWay::Token { .. } => Ok(capabilities.offers(Offer::Token)),
        SignInWay::KerioMaster { .. } => greeted.offers_kerio_master(),
    };
    let chosen = way.kind();
    Finding::new(
        service,
        match is_offered {
            Ok(true) => Found::SignInOffered(chosen),
            Ok(false) => Found::SignInNotOffered { chosen, instead: offered(&capabilities), security },
            Err(error) => Found::SignInUnknown { chosen, words: error.to_string() },
        },
    )
}

/// The sign-in ways that the server offers.
fn offered(capabilities: &Capabilities) -> Vec<SignInKind> {
    let ways = [
        (Offer::Password, SignInKind::OwnPassword),
        (Offer::ForOthers, SignInKind::Authorization),
        (Offer::Token, SignInKind::Token),
    ];
    ways.into_iter().filter(|(offer, _)| capabilities.offers(*offer)).map(|(_, kind)| kind).collect()
}

fn doubt(endpoint: &Endpoint, error: &ImapError) -> Option<Doubt> {
    let (details, changed_from) = error.certificate()?;
    Some(Doubt {
        side: endpoint.side,
        host: endpoint.host.clone(),
        port: endpoint.port,
        details: details.clone(),
        changed_from,
    })
}

/// Remembers a certificate as trusted, at this port and, as long as they show the same one, at the host's other ports. The caller must have
/// shown it to the user; a changed certificate needs more than a click.
pub fn trust(state_folder: &Path, doubt: &Doubt) -> Result<(), Problem> {
    KnownCertificates::open(state_folder)
        .trust(&doubt.host, doubt.port, doubt.details.fingerprint, doubt.changed_from)
        .map_err(|error| Problem::new(ProblemKind::LocalFile).at_path(OwnFile::TrustedCertificates).saying(error))
}
