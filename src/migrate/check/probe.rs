//! Test connection: looks at both servers as a run would, and says in single lines what was found. Changes nothing.

use crate::domain::{CertificateDetails, Fingerprint, Problem, ProblemKind, Security, Side};
use crate::imap::{self, Capabilities, Endpoint, Greeted, ImapError, Offer};
use crate::kerio::Administration;
use crate::migrate::endpoints::{self, administration_address};
use crate::migrate::request::{Servers, SignInWay, TargetKind};
use crate::migrate::target::kerio::administrator::{NotSignedIn, sign_in_administrator};
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

/// Which of a server's services a line speaks of. Kerio Connect has two, each with a certificate, and a line without a name would be read
/// as the other's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// The one there is.
    Only,
    /// Kerio Connect's administration.
    Administration,
    /// Kerio Connect's IMAP service.
    Imap,
}

impl Service {
    /// What is said of the service; a name stays as it is, a sentence goes on in small letters.
    fn says(self, text: &str, is_name: bool) -> String {
        let service = match self {
            Service::Only => return text.to_owned(),
            Service::Administration => "Administration",
            Service::Imap => "IMAP",
        };
        match text.chars().next().filter(|_| !is_name) {
            Some(first) => format!("{service}: {}{}", first.to_lowercase(), &text[first.len_utf8()..]),
            None => format!("{service}: {text}"),
        }
    }
}

impl Finding {
    /// The line that says a problem.
    pub fn of(problem: Problem) -> Self {
        Self::bad(problem)
    }

    /// The server answered.
    pub fn reached(service: Service, port: u16, milliseconds: u128) -> Self {
        Self::good(service.says(&format!("Reached on port {port}, {milliseconds} ms"), false))
    }

    /// Its certificate is trusted: by the usual check, or because of exactly this fingerprint.
    pub fn certificate(service: Service, only: Option<Fingerprint>) -> Self {
        Self::good(service.says(&trusted_by(only), false))
    }

    /// What it says it is.
    pub fn product(service: Service, product: &str) -> Self {
        Self::good(service.says(product, true))
    }

    /// The administrator was let in.
    pub fn signed_in(role: &str) -> Self {
        Self::good(format!("Signed in with full rights ({role})"))
    }

    /// How many users the licence still allows.
    pub fn seats(used: u32, allowed: Option<u32>) -> Self {
        let Some(allowed) = allowed else { return Self::good("Licence without a limit of users") };
        let free = allowed.saturating_sub(used);
        let text = format!("{free} licence seats free ({used} of {allowed} used)");
        if free > 0 { Self::good(text) } else { Self::warning(text) }
    }

    /// Where Kerio Connect's IMAP service listens, and where it will while migrating.
    pub fn imap_service(port: u16, wanted: Option<u16>) -> Self {
        let running = format!("The IMAP service runs on port {port}");
        Self::good(match wanted {
            Some(wanted) if wanted != port => {
                format!("{running}; while migrating it is set to {wanted}, and back to {port} afterwards")
            }
            _ => running,
        })
    }

    /// The chosen way to sign in is offered.
    pub fn sign_in_offered(service: Service, way: &SignInWay) -> Self {
        Self::good(service.says(&format!("Offers the sign-in {}", said_of(way)), false))
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
    match endpoints::source_endpoint(servers, &certificates) {
        Ok(endpoint) => greet(&endpoint, Service::Only, &servers.source.sign_in, &certificates),
        Err(problem) => vec![Finding::bad(problem)],
    }
}

/// Tests the target: for Kerio Connect first the administration, then the IMAP service. Blocks.
pub fn test_target(servers: &Servers, state_folder: &Path) -> Vec<Finding> {
    let certificates = KnownCertificates::open(state_folder);
    let mut findings = Vec::new();
    let mut port = None;
    if let TargetKind::Kerio(settings) = &servers.target_kind {
        match sign_in_administrator(settings, &servers.target, servers, &certificates) {
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
                return vec![Finding { certificate: doubt, ..Finding::bad(problem) }];
            }
        }
    }
    // The port that a run will set is not there yet: what listens now is tested.
    match endpoints::target_endpoint(servers, port, &certificates) {
        Ok(endpoint) => {
            let service = if findings.is_empty() { Service::Only } else { Service::Imap };
            findings.extend(greet(&endpoint, service, &servers.target.sign_in, &certificates));
        }
        Err(problem) => findings.push(Finding::bad(problem)),
    }
    findings
}

fn look_at_administration(administration: &Administration, findings: &mut Vec<Finding>) {
    findings.push(Finding::certificate(Service::Administration, administration.pinned()));
    // It names itself: nothing has to be said before it.
    findings.push(Finding::product(Service::Only, &administration.product()));
    if let Ok(rights) = administration.rights() {
        findings.push(Finding::signed_in(&rights.role));
    }
    match administration.seats() {
        Ok(seats) => findings.push(Finding::seats(seats.used, seats.allowed)),
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
            findings.push(Finding::imap_service(port, servers.target.address.port));
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

fn greet(endpoint: &Endpoint, service: Service, way: &SignInWay, certificates: &KnownCertificates) -> Vec<Finding> {
    let started = Instant::now();
    match imap::connect(endpoint) {
        Ok(greeted) => {
            certificates.keep(&endpoint.host, endpoint.port, &endpoint.trust);
            let mut findings = vec![
                Finding::reached(service, endpoint.port, started.elapsed().as_millis()),
                match endpoint.security {
                    Security::Plain => Finding::warning(service.says("The connection is not encrypted", false)),
                    Security::Tls | Security::StartTls => Finding::certificate(service, endpoint.trust.only()),
                },
                Finding::product(service, greeted.product()),
            ];
            let known = greeted.known_about_passwords().filter(|_| way.needs_own_passwords());
            findings.extend(known.map(|known| Finding::warning(format!("It is known of this server that {known}"))));
            findings.push(look_at_sign_in(greeted, service, way, endpoint.security));
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
fn look_at_sign_in(greeted: Greeted, service: Service, way: &SignInWay, security: Security) -> Finding {
    let capabilities = greeted.capabilities().clone();
    let offered = match way {
        SignInWay::OwnPassword | SignInWay::MasterUser { .. } => Ok(capabilities.offers(Offer::Password)),
        SignInWay::Authorization { .. } => Ok(capabilities.offers(Offer::ForOthers)),
        SignInWay::Token { .. } => Ok(capabilities.offers(Offer::Token)),
        SignInWay::KerioMaster { .. } => greeted.offers_kerio_master(),
    };
    let said = said_of(way);
    match offered {
        Ok(true) => Finding::sign_in_offered(service, way),
        Ok(false) => {
            let text = format!("Does not offer the sign-in {said}. {}", instead(&capabilities, security));
            Finding { sign: Sign::Bad, text: service.says(&text, false), problem: None, certificate: None }
        }
        Err(error) => {
            let text = format!("Whether it offers the sign-in {said} is not known: {error}");
            Finding::warning(service.says(&text, false))
        }
    }
}

fn said_of(way: &SignInWay) -> &'static str {
    match way {
        SignInWay::OwnPassword => "with passwords",
        SignInWay::MasterUser { .. } => "with a master user's password",
        SignInWay::Authorization { .. } => "on behalf of others (PLAIN)",
        SignInWay::Token { .. } => "with tokens (OAUTHBEARER, XOAUTH2)",
        SignInWay::KerioMaster { .. } => "with Kerio Connect's master password",
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
