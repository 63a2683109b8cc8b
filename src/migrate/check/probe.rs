//! Test connection: looks at both servers as a run would, and says in single lines what was found. Changes nothing.

use crate::domain::{CertificateDetails, Fingerprint, Problem, ProblemKind, Security, Side};
use crate::imap::{self, Capabilities, Endpoint, Greeted, ImapError, Offer};
use crate::kerio::Administration;
use crate::migrate::request::{Servers, SignInWay, TargetKind};
use crate::migrate::run::prepare::{self, NotSignedIn};
use crate::network::KnownCertificates;
use std::path::Path;
use std::time::Instant;

/// How a finding is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sign {
    /// As it should be.
    Good,
    /// Worth knowing before starting.
    Warning,
    /// A run cannot start like this.
    Bad,
}

/// One line of a connection test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How it is to be taken.
    pub sign: Sign,
    /// What was found, in a few words.
    pub text: String,
    /// What is wrong, if something is.
    pub problem: Option<Problem>,
    /// The certificate to decide on, when trust is what is missing.
    pub certificate: Option<Doubt>,
}

/// A certificate that is not trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// Which server shows it.
    pub side: Side,
    /// Its host and port, by which it will be remembered.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The certificate.
    pub details: CertificateDetails,
    /// The one that was trusted before: then this is an alarm.
    pub changed_from: Option<Fingerprint>,
}

impl Doubt {
    /// Whether trusting the one is trusting the other: the same certificate of the same host, in place of the same one.
    pub fn is_same(&self, other: &Self) -> bool {
        self.host.eq_ignore_ascii_case(&other.host)
            && self.details.fingerprint == other.details.fingerprint
            && self.changed_from == other.changed_from
    }
}

impl Finding {
    /// The line that says a problem.
    pub fn of(problem: Problem) -> Self {
        Self::bad(problem)
    }

    fn good(text: impl Into<String>) -> Self {
        Self { sign: Sign::Good, text: text.into(), problem: None, certificate: None }
    }

    fn warning(text: impl Into<String>) -> Self {
        Self { sign: Sign::Warning, text: text.into(), problem: None, certificate: None }
    }

    fn bad(problem: Problem) -> Self {
        Self { sign: Sign::Bad, text: problem.sentence(), problem: Some(problem), certificate: None }
    }
}

/// Tests the source. Blocks; call it from a thread of its own.
pub fn test_source(servers: &Servers, state_folder: &Path) -> Vec<Finding> {
    let certificates = KnownCertificates::open(state_folder);
    match prepare::source_endpoint(&servers.source, servers, &certificates) {
        Ok(endpoint) => greet(&endpoint, &servers.source.sign_in, &certificates),
        Err(problem) => vec![Finding::bad(problem)],
    }
}

/// Tests the target: for Kerio Connect first the administration, then the IMAP service. Blocks.
pub fn test_target(servers: &Servers, state_folder: &Path) -> Vec<Finding> {
    let certificates = KnownCertificates::open(state_folder);
    let mut findings = Vec::new();
    let mut port = None;
    if let TargetKind::Kerio(settings) = &servers.target.kind {
        match prepare::sign_in_administrator(settings, &servers.target, servers, &certificates) {
            Ok(administration) => {
                look_at_administration(&administration, &mut findings);
                port = look_at_imap_service(&administration, servers, state_folder, &mut findings);
                if port.is_none() {
                    return findings;
                }
            }
            Err(NotSignedIn { problem, certificate }) => {
                let address = prepare::administration_address(settings, &servers.target);
                let doubt = certificate.map(|certificate| Doubt {
                    side: Side::Administration,
                    host: address.host,
                    port: address.port.unwrap_or_default(),
                    details: certificate.0,
                    changed_from: certificate.1,
                });
                return vec![Finding { certificate: doubt, ..Finding::bad(problem) }];
            }
        }
    }
    // The port that a run will set is not there yet: what listens now is tested.
    match prepare::target_endpoint(&servers.target, port, servers, &certificates) {
        Ok(endpoint) => findings.extend(greet(&endpoint, &servers.target.sign_in, &certificates)),
        Err(problem) => findings.push(Finding::bad(problem)),
    }
    findings
}

fn look_at_administration(administration: &Administration, findings: &mut Vec<Finding>) {
    findings.push(Finding::good(trusted_by(administration.pinned())));
    findings.push(Finding::good(administration.product()));
    if let Ok(rights) = administration.rights() {
        findings.push(Finding::good(format!("Signed in with full rights ({})", rights.role)));
    }
    match administration.seats() {
        Ok(seats) => findings.push(match seats.allowed {
            Some(allowed) => {
                let free = allowed.saturating_sub(seats.used);
                let text = format!("{free} licence seats free ({} of {allowed} used)", seats.used);
                if free > 0 { Finding::good(text) } else { Finding::warning(text) }
            }
            None => Finding::good("Licence without a limit of users"),
        }),
        Err(error) => log::debug!("licence seats: {error}"),
    }
    findings.extend(administration.warnings().into_iter().map(Finding::warning));
}

/// The port where the IMAP service listens now; none when it does not.
fn look_at_imap_service(
    administration: &Administration,
    servers: &Servers,
    state_folder: &Path,
    findings: &mut Vec<Finding>,
) -> Option<u16> {
    if let Some(note) = administration.port_note(state_folder) {
        findings.push(Finding::warning(format!("From an earlier run: {note}")));
    }
    match administration.imap_port(servers.target.security) {
        Ok(Some(port)) => {
            let running = format!("The IMAP service runs on port {port}");
            findings.push(Finding::good(match servers.target.address.port {
                Some(wanted) if wanted != port => {
                    format!("{running}; while migrating it is set to {wanted}, and back to {port} afterwards")
                }
                _ => running,
            }));
            Some(port)
        }
        Ok(None) => {
            let problem =
                Problem::new(ProblemKind::ServiceStopped).on(Side::Administration).saying("it has no listener");
            findings.push(Finding::bad(problem));
            None
        }
        Err(error) => {
            findings.push(Finding::bad(error.problem(None)));
            None
        }
    }
}

fn greet(endpoint: &Endpoint, way: &SignInWay, certificates: &KnownCertificates) -> Vec<Finding> {
    let started = Instant::now();
    match imap::connect(endpoint) {
        Ok(greeted) => {
            certificates.keep(&endpoint.host, endpoint.port, &endpoint.trust);
            let mut findings = vec![
                Finding::good(format!("Reached on port {}, {} ms", endpoint.port, started.elapsed().as_millis())),
                match endpoint.security {
                    Security::Plain => Finding::warning("The connection is not encrypted"),
                    Security::Tls | Security::StartTls => Finding::good(trusted_by(endpoint.trust.only())),
                },
                Finding::good(greeted.product().to_owned()),
            ];
            let known = greeted.known_about_passwords().filter(|_| way.needs_own_passwords());
            findings.extend(known.map(|known| Finding::warning(format!("It is known of this server that {known}"))));
            findings.push(look_at_sign_in(greeted, way, endpoint.security));
            findings
        }
        Err(error) => {
            let problem = Problem::new(error.kind()).on(endpoint.side).at_server(&endpoint.host).saying(error.words());
            let certificate = doubt(endpoint, &error);
            vec![Finding { certificate, ..Finding::bad(problem) }]
        }
    }
}

/// Why the certificate is trusted, with as much of a fingerprint as can be told apart at a glance.
fn trusted_by(only: Option<Fingerprint>) -> String {
    match only {
        Some(fingerprint) => {
            let start: String = fingerprint.to_string().chars().take(23).collect();
            format!("Certificate trusted by its fingerprint {start}…")
        }
        None => "Certificate verified by this computer".to_owned(),
    }
}

/// Whether the chosen way to sign in is offered, and what to choose where it is not.
fn look_at_sign_in(greeted: Greeted, way: &SignInWay, security: Security) -> Finding {
    let capabilities = greeted.capabilities().clone();
    let (offered, way) = match way {
        SignInWay::OwnPassword => (Ok(capabilities.offers(Offer::Password)), "with passwords"),
        SignInWay::MasterUser { .. } => (Ok(capabilities.offers(Offer::Password)), "with a master user's password"),
        SignInWay::Authorization { .. } => (Ok(capabilities.offers(Offer::ForOthers)), "on behalf of others (PLAIN)"),
        SignInWay::Token { .. } => (Ok(capabilities.offers(Offer::Token)), "with tokens (OAUTHBEARER, XOAUTH2)"),
        SignInWay::KerioMaster { .. } => (greeted.offers_kerio_master(), "with Kerio Connect's master password"),
    };
    match offered {
        Ok(true) => Finding::good(format!("Offers the sign-in {way}")),
        Ok(false) => {
            let text = format!("Does not offer the sign-in {way}. {}", instead(&capabilities, security));
            Finding { sign: Sign::Bad, text, problem: None, certificate: None }
        }
        Err(error) => Finding::warning(format!("Whether it offers the sign-in {way} is not known: {error}")),
    }
}

/// What to choose in place of a way to sign in that is not offered.
fn instead(capabilities: &Capabilities, security: Security) -> String {
    let ways = [
        (Offer::Password, "people's own passwords or a master user"),
        (Offer::ForOthers, "an administrator on behalf of each"),
        (Offer::Token, "tokens"),
    ];
    let offered: Vec<&str> =
        ways.iter().filter(|(offer, _)| capabilities.offers(*offer)).map(|(_, way)| *way).collect();
    match (offered.is_empty(), security) {
        (false, _) => format!("Under 'How people sign in' choose what it offers: {}.", offered.join(", or ")),
        (true, Security::Plain) => "It lets nobody sign in on a connection in clear text: use SSL.".to_owned(),
        (true, _) => {
            "It offers none that this program knows: see that IMAP with passwords is switched on there.".to_owned()
        }
    }
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

/// Remembers a certificate as trusted, at this port and, as long as they show the same, at the host's other ports. The caller has shown it
/// to the user; a changed one needs more than a click.
pub fn trust(state_folder: &Path, doubt: &Doubt) -> Result<(), Problem> {
    KnownCertificates::open(state_folder)
        .trust(&doubt.host, doubt.port, doubt.details.fingerprint, doubt.changed_from)
        .map_err(|error| Problem::new(ProblemKind::LocalFile).at_path("The list of trusted certificates").saying(error))
}
