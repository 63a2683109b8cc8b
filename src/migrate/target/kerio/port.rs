//! Kerio Connect's IMAP port: set for a run if the user gave one, put back afterwards, and after a crash by the next start.

use crate::domain::{Problem, ProblemKind, Retry};
use crate::kerio::{Administration, PortNote};
use crate::migrate::request::{Servers, TargetKind};
use crate::migrate::target::kerio::administrator::sign_in_administrator;
use crate::network::{self, KnownCertificates, Limits};
use crate::progress::Event;
use std::path::Path;
use std::time::Duration;

/// A port that an interrupted run left changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingPort {
    /// The host of the administration.
    pub host: String,
    /// The port of the administration.
    pub administration_port: u16,
    /// `IMAP` or `Secure IMAP`.
    pub service: String,
    /// The port before.
    pub from: u16,
    /// The port that the run wanted.
    pub to: u16,
}

/// A port that was put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoredPort {
    /// `IMAP` or `Secure IMAP`.
    pub service: String,
    /// The port now.
    pub port: u16,
}

/// The port that an interrupted run left changed. Only reads a file. The error says that there is such a port, and that the note about it
/// cannot be read.
pub fn pending_port_restore(state_folder: &Path) -> Result<Option<PendingPort>, Problem> {
    let pending = PortNote::pending(state_folder).map_err(|error| error.problem(None))?;
    Ok(pending.map(|note| {
        let PortNote { host, administration_port, service, from, to, .. } = note;
        PendingPort { host, administration_port, service, from, to }
    }))
}

/// Puts back the target's port that an interrupted run left changed; none if the state folder has no note about this server. Blocks.
pub fn restore_port(servers: &Servers, state_folder: &Path) -> Result<Option<RestoredPort>, Problem> {
    let TargetKind::Kerio(settings) = &servers.target_kind else { return Ok(None) };
    let certificates = KnownCertificates::open(state_folder);
    let administration = sign_in_administrator(settings, &servers.target, servers, &certificates, None)?;
    put_back(&administration, servers, state_folder)
}

/// Sets the port for a run and reports it. The error says why the run cannot start; then the port is unchanged, or a note is left.
pub fn change(
    administration: &Administration,
    servers: &Servers,
    state_folder: &Path,
    wanted: u16,
    report: &dyn Fn(Event),
) -> Result<(), Problem> {
    // A note left by an interrupted run: a new one must not overwrite the old port.
    restore(administration, servers, state_folder, report);
    if let Ok(Some(other)) = PortNote::pending(state_folder) {
        log::warn!(
            "the port was not put back, because the note is about another server or the attempt failed: {other}"
        );
    }
    let changed = administration
        .change_imap_port(servers.target.security, wanted, &answers(servers), state_folder)
        .map_err(|error| error.problem(None))?;
    if let Some(changed) = changed {
        report(Event::PortChanged { service: changed.service, from: changed.from, to: changed.to });
    }
    Ok(())
}

/// Puts the port back, if a run has changed it, and reports it.
pub fn restore(administration: &Administration, servers: &Servers, state_folder: &Path, report: &dyn Fn(Event)) {
    match put_back(administration, servers, state_folder) {
        Ok(Some(restored)) => report(Event::PortRestored { service: restored.service, port: restored.port }),
        Ok(None) => {}
        Err(problem) => report(Event::ProblemMet { account: None, folder: None, problem }),
    }
}

/// Puts the port back, if there is a note about it. After a lost connection it tries again: people wait for their mail on the old port.
fn put_back(
    administration: &Administration,
    servers: &Servers,
    state_folder: &Path,
) -> Result<Option<RestoredPort>, Problem> {
    let mut pauses = [2, 5, 10].map(Duration::from_secs).into_iter();
    while let Some(note) = administration.port_note(state_folder).map_err(|error| error.problem(None))? {
        let error = match note.restore(administration, &answers(servers)) {
            Ok(restored) => return Ok(Some(RestoredPort { service: restored.service, port: restored.port })),
            Err(error) => error,
        };
        let problem = error.problem(None);
        match pauses.next().filter(|_| problem.retry() == Retry::Now) {
            Some(pause) => std::thread::sleep(pause),
            None => return Err(Problem { kind: ProblemKind::PortNotRestored, ..problem }),
        }
    }
    Ok(None)
}

/// Whether something listens on a port of the target.
fn answers(servers: &Servers) -> impl Fn(u16) -> bool {
    let host = servers.target.address.host.clone();
    let (proxy, limits) = (servers.proxy.clone(), Limits { connect: Duration::from_secs(3), ..Limits::default() });
    move |port| network::dial(&host, port, proxy.as_ref(), &limits).is_ok()
}
