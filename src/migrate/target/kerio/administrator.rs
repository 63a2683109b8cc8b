//! Kerio Connect's administrator: signed in, with the rights that a migration needs.

use crate::domain::{CertificateDetails, Fingerprint, Note, Problem, ProblemKind, Side};
use crate::kerio::{Administration, AdministrationEndpoint, KerioError};
use crate::migrate::endpoints::{ADMINISTRATION_PORT, administration_address, trust};
use crate::migrate::request::{AdministrationServer, MailServer, Servers};
use crate::network::{KnownCertificates, Limits, Watch};
use std::time::Duration;

/// A call is usually answered at once or not at all, but a directory service behind Kerio Connect slows some down.
const ADMINISTRATION_LIMITS: Limits =
    Limits { connect: Duration::from_secs(10), read: Duration::from_secs(60), write: Duration::from_secs(60) };

/// A whole call ends after this long; see [`AdministrationEndpoint::limits`].
pub const ADMINISTRATION_PATIENCE: Duration = Duration::from_secs(70);

/// Why the administrator could not be signed in.
pub struct NotSignedIn {
    pub problem: Box<Problem>,
    /// If trust is missing: the certificate to decide on, and the fingerprint that was trusted before.
    pub certificate: Option<Box<(CertificateDetails, Option<Fingerprint>)>>,
}

impl From<Problem> for NotSignedIn {
    fn from(problem: Problem) -> Self {
        Self { problem: Box::new(problem), certificate: None }
    }
}

impl From<NotSignedIn> for Problem {
    fn from(not_signed_in: NotSignedIn) -> Self {
        *not_signed_in.problem
    }
}

/// Signs the administrator in and checks for the rights that a migration needs.
pub fn sign_in_administrator(
    settings: &AdministrationServer,
    target: &MailServer,
    servers: &Servers,
    certificates: &KnownCertificates,
    watch: Option<Watch>,
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
        watch,
    };
    let not_signed_in = |error: KerioError| NotSignedIn {
        problem: Box::new(error.problem(None).at_server(format!("{}:{port}", endpoint.host))),
        certificate: error.certificate().map(|(details, changed_from)| Box::new((details.clone(), changed_from))),
    };
    let administration =
        Administration::connect(&endpoint, &settings.user, &settings.password).map_err(not_signed_in)?;
    certificates.keep(&endpoint.host, port, &endpoint.trust);
    let rights = administration.rights().map_err(not_signed_in)?;
    if !rights.may_manage {
        return Err(Problem::new(ProblemKind::AdministratorRights)
            .on(Side::Administration)
            .noting(Note::Role { role: rights.role })
            .into());
    }
    Ok(administration)
}
