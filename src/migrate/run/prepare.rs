//! Before the first mailbox: both servers are reached and trusted, the administrator is signed in, and Kerio Connect's IMAP port is set if
//! the user gave one (see `port`).

use crate::domain::{Problem, Side};
use crate::imap::{self, Endpoint};
use crate::kerio::Administration;
use crate::migrate::context::End;
use crate::migrate::context::condition::Condition;
use crate::migrate::context::control::Control;
use crate::migrate::context::permits::Permits;
use crate::migrate::context::recorder::Events;
use crate::migrate::endpoints::{DavEnds, dav_ends, source_endpoint, target_endpoint};
use crate::migrate::request::{MailServer, Options, Servers, TargetKind, Together};
use crate::migrate::sign_in::credentials::Credentials;
use crate::migrate::sign_in::guard::SignInGuard;
use crate::migrate::target::directory::{Directory, ExistingAccounts, KerioDirectory, OneByOne};
use crate::migrate::target::kerio::administrator::{ADMINISTRATION_PATIENCE, sign_in_administrator};
use crate::migrate::target::kerio::port;
use crate::migrate::target::profile::Profile;
use crate::network::KnownCertificates;
use crate::progress::{Event, RunKind};
use std::sync::Arc;

/// Both ends of a run, ready.
pub struct Prepared {
    pub source: End,
    pub target: End,
    pub directory: Box<dyn Directory>,
    pub profile: &'static Profile,
    pub groupware: Option<DavEnds>,
    administration: Option<Arc<Administration>>,
}

impl Prepared {
    /// Adapts to the other machines of a fleet.
    pub fn keeping_to(mut self, together: &Arc<dyn Together>, servers: &Servers) -> Self {
        for (end, server) in [(&mut self.source, &servers.source), (&mut self.target, &servers.target)] {
            let side = end.endpoint.side;
            end.endpoint.rate = end.endpoint.rate.take().map(|rate| rate.shared(together.share()));
            end.guard = SignInGuard::together(together.clone(), side);
            if server.connections.max_connections.is_some() {
                end.permits = Arc::new(Permits::together(together.clone(), side));
            }
        }
        for end in self.groupware.iter_mut().flat_map(|ends| [&mut ends.source, &mut ends.target]) {
            end.server.rate = end.server.rate.take().map(|rate| rate.shared(together.share()));
        }
        // If no user is created, none waits for other machines.
        if self.administration.is_some() {
            self.directory = Box::new(OneByOne::new(self.directory, together.clone()));
        }
        self
    }
}

/// Reaches everything a run needs. The error says why the run cannot start; everything changed by then is put back.
pub fn prepare(
    kind: RunKind,
    servers: &Servers,
    options: &Options,
    events: &Events,
    control: &Arc<Control>,
) -> Result<Prepared, Problem> {
    let certificates = KnownCertificates::open(&options.state_folder);
    let limits = options.patience.limits;
    let watch = |side| Some(control.watch(side, None, limits.read));
    let watched = |endpoint: Endpoint| Endpoint { limits, watch: watch(endpoint.side), ..endpoint };
    let source = watched(source_endpoint(servers, &certificates)?);
    let groupware = dav_ends(&options.groupware, servers, &certificates, limits)?;
    greet(&source, &certificates, events)?;
    let TargetKind::Kerio(settings) = &servers.target_kind else {
        let target = watched(target_endpoint(servers, None, &certificates)?);
        greet(&target, &certificates, events)?;
        let directory = Box::new(ExistingAccounts(servers.target.name));
        return Ok(Prepared { groupware, ..Prepared::new(servers, source, target, directory, None) });
    };
    let watch = Some(control.observe(Side::Administration, ADMINISTRATION_PATIENCE));
    let administration = Arc::new(sign_in_administrator(settings, &servers.target, servers, &certificates, watch)?);
    events.report(Event::ServerReached { side: Side::Administration, product: administration.product() });
    match administration.seats() {
        Ok(seats) => events.report(Event::SeatsCounted { used: seats.used, allowed: seats.allowed }),
        // It matters only if a user must be created, and then the creation reports it.
        Err(error) => log::debug!("licence seats: {error}"),
    }
    let port = match servers.target.address.port {
        Some(wanted) if kind == RunKind::Migrate && Profile::of(&servers.target_kind).moves_port => {
            port::change(&administration, servers, &options.state_folder, wanted, &|event| events.report(event))?;
            Some(wanted)
        }
        // Only a migration sets the port; otherwise the service keeps its own.
        _ => administration.imap_port(servers.target.security).map_err(|error| error.problem(None))?,
    };
    let directory = Box::new(KerioDirectory(administration.clone()));
    let target = target_endpoint(servers, port, &certificates);
    let target = target.map(watched);
    let reached = target.and_then(|target| greet(&target, &certificates, events).map(|()| target));
    match reached {
        Ok(target) => {
            Ok(Prepared { groupware, ..Prepared::new(servers, source, target, directory, Some(administration)) })
        }
        Err(problem) => {
            port::restore(&administration, servers, &options.state_folder, &|event| events.report(event));
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
            condition: Condition::default(),
            permits: Arc::new(Permits::new(server.connections.max_connections)),
            credentials: Arc::new(Credentials::new(endpoint.side, &server.sign_in, server.name)),
            endpoint,
        };
        let source = end(source, &servers.source);
        let target = end(target, &servers.target);
        Self { source, target, directory, profile: Profile::of(&servers.target_kind), groupware: None, administration }
    }

    /// Takes out the administration, which restores Kerio Connect's settings.
    pub fn take_administration(&mut self) -> Option<Arc<Administration>> {
        self.administration.take()
    }
}

/// Connects once, so that a run that cannot work fails before it begins.
fn greet(endpoint: &Endpoint, certificates: &KnownCertificates, events: &Events) -> Result<(), Problem> {
    let greeted = imap::connect(endpoint)
        .map_err(|error| error.quoted_in(Problem::new(error.kind()).on(endpoint.side).at_server(&endpoint.host)))?;
    certificates.keep(&endpoint.host, endpoint.port, &endpoint.trust);
    events.report(Event::ServerReached { side: endpoint.side, product: greeted.product().to_owned() });
    Ok(())
}
