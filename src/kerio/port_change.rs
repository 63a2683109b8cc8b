//! Setting the port of the IMAP service for a run, and putting it back (docs/kerio-connect.md, B25 to B27).
//!
//! The order is *note (durable) -> set -> look -> connect*. It is not documented whether a changed port is live at once or after a restart
//! of the service, so both are tried, and only a connection proves it. Promises that after an error the service is as before, or the note
//! still exists.

use super::administration::Administration;
use super::error::KerioError;
use super::port_note::{Changed, PortNote};
use super::services::{self, Listener, Service};
use crate::domain::{AdministrationFault, Security};
use std::path::Path;
use std::time::{Duration, Instant};

/// A service whose port was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortChange {
    /// `IMAP` or `Secure IMAP`, as the server calls it.
    pub service: String,
    /// The port before.
    pub from: u16,
    /// The port now.
    pub to: u16,
}

/// A service whose port was put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// `IMAP` or `Secure IMAP`, as the server calls it.
    pub service: String,
    /// The port now.
    pub port: u16,
}

impl Administration {
    /// Sets the port of the IMAP service with that protection; none if it listens there already. `answers` says whether something
    /// listens on a port of the target.
    pub fn change_imap_port(
        &self,
        security: Security,
        wanted: u16,
        answers: &dyn Fn(u16) -> bool,
        state_folder: &Path,
    ) -> Result<Option<PortChange>, KerioError> {
        let services = self.services()?;
        let service = services::choose(&services, security).ok_or_else(|| services::no_service(security))?;
        if !service.runs() {
            return Err(KerioError::ServiceStopped(service.name()));
        }
        if service.listens_on(wanted) {
            return Ok(None);
        }
        let Some(from) = service.port() else {
            return not_changed(AdministrationFault::NoListener { service: service.name() });
        };
        if let Some(other) = services.iter().find(|other| other.listens_on(wanted)) {
            return not_changed(AdministrationFault::PortOfService { port: wanted, service: other.name() });
        }
        if let Some(note) = self.port_note(state_folder)? {
            let PortNote { host, service, from, to, .. } = note;
            return not_changed(AdministrationFault::EarlierChange { service, host, from, to });
        }
        if answers(wanted) {
            return not_changed(AdministrationFault::PortAnswers { port: wanted });
        }
        let endpoint = self.session.endpoint();
        let note = PortNote::write(
            state_folder,
            Changed {
                host: &endpoint.host,
                administration_port: endpoint.port,
                service: service.name(),
                service_id: service.id(),
                listeners: service.listeners(),
                from,
                to: wanted,
            },
        )
        .map_err(KerioError::Note)?;
        let target = services::moved(&note.listeners, from, wanted);
        let set = self.set_and_look(service, &target).and_then(|()| {
            if self.comes_to_life(&note, &|| answers(wanted))? {
                Ok(())
            } else {
                not_changed(AdministrationFault::NothingAnswers { port: wanted })
            }
        });
        match set {
            Ok(()) => Ok(Some(PortChange { service: note.service, from, to: wanted })),
            Err(error) => not_changed(AdministrationFault::PortSetBack {
                why: Box::new(error.explanation()),
                port: from,
                undo: note.restore(self, answers).err().map(|undo| Box::new(undo.explanation())),
            }),
        }
    }

    /// The note about this server that was left in the state folder.
    ///
    /// The error says that there is one, and that it cannot be read.
    pub fn port_note(&self, state_folder: &Path) -> Result<Option<PortNote>, KerioError> {
        let endpoint = self.session.endpoint();
        PortNote::of(state_folder, &endpoint.host, endpoint.port)
    }

    /// Sets listeners and makes sure that the server took them. A failed call counts as success if the listeners are right: an answer can
    /// be lost.
    fn set_and_look(&self, service: &Service, listeners: &[Listener]) -> Result<(), KerioError> {
        let set = self.set_listeners(service, listeners);
        match (self.service(&service.id(), &service.name())?.listeners() == listeners, set) {
            (true, _) => Ok(()),
            (false, Err(error)) => Err(error),
            (false, Ok(())) => not_changed(AdministrationFault::ListenersNotTaken),
        }
    }

    /// Whether a service serves its new port: at once, or after it is started again.
    fn comes_to_life(&self, note: &PortNote, live: &dyn Fn() -> bool) -> Result<bool, KerioError> {
        let patience = self.session.endpoint().limits.connect;
        let service = || self.service(&note.service_id, &note.service);
        if service()?.runs() && within(patience, live) {
            return Ok(true);
        }
        // Whether it was started counts, not whether the answer arrived.
        let started = self.start_again(&service()?);
        if within(patience, live) && service()?.runs() { Ok(true) } else { started.map(|()| false) }
    }

    fn service(&self, id: &str, name: &str) -> Result<Service, KerioError> {
        let found = self.services()?.into_iter().find(|service| service.id() == id);
        found.ok_or_else(|| KerioError::NoService(AdministrationFault::ServiceGone { service: name.to_owned() }))
    }
}

impl PortNote {
    /// Puts the port back and removes the note. Listeners that somebody else has changed meanwhile are left as they are; then the note
    /// is removed as well, and the error says so.
    pub fn restore(
        self,
        administration: &Administration,
        answers: &dyn Fn(u16) -> bool,
    ) -> Result<Restored, KerioError> {
        let service = administration.service(&self.service_id, &self.service)?;
        let now = service.listeners();
        let ours = services::moved(&self.listeners, self.from, self.to);
        if now != self.listeners && now != ours {
            self.remove();
            return Err(KerioError::PortNotRestored(AdministrationFault::ListenersChanged {
                service: self.service.clone(),
            }));
        }
        if now == ours {
            administration.set_and_look(&service, &self.listeners)?;
        }
        // The old port may be closed to this computer by a firewall: then the new one must be gone.
        let live = || answers(self.from) || !answers(self.to);
        if !administration.comes_to_life(&self, &live)? {
            let (service, port) = (self.service.clone(), self.from);
            return Err(KerioError::PortNotRestored(AdministrationFault::OldPortSilent { service, port }));
        }
        self.remove();
        Ok(Restored { service: self.service, port: self.from })
    }
}

fn not_changed<T>(why: AdministrationFault) -> Result<T, KerioError> {
    Err(KerioError::PortNotChanged(why))
}

/// Whether something becomes true in time; asked at least once.
fn within(patience: Duration, becomes_true: &dyn Fn() -> bool) -> bool {
    const PAUSE: Duration = Duration::from_millis(300);
    let start = Instant::now();
    loop {
        if becomes_true() {
            return true;
        }
        if start.elapsed() >= patience {
            return false;
        }
        std::thread::sleep(PAUSE);
    }
}
