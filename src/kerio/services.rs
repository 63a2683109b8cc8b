//! Services and their listeners (docs/kerio-connect.md, B24 to B26): which one serves IMAP, on which port, and whether it runs.
//!
//! Promises that a service goes back to the server unchanged, except for the ports of its listeners: nobody knows what a server does with
//! members that are left out.

use super::administration::Administration;
use super::error::KerioError;
use super::rpc::{list, refused_item, text};
use crate::domain::{AdministrationFault, Security};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A service as the server describes it.
#[derive(Debug, Clone)]
pub(super) struct Service(Value);

/// What a service listens on, as the server describes it: a type, an address, a port.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Listener(Value);

impl Listener {
    pub(super) fn port(&self) -> Option<u16> {
        self.0.get("port").and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok())
    }

    fn kind(&self) -> &str {
        self.0.get("type").and_then(Value::as_str).unwrap_or_default()
    }
}

impl PartialEq for Listener {
    /// The same socket: a listener on all addresses has only a name in place of one, in the server's own language.
    fn eq(&self, other: &Self) -> bool {
        let address = |listener: &Self| text(&listener.0, "address");
        self.port() == other.port()
            && self.kind() == other.kind()
            && (self.kind() == "AllAddresses" || address(self) == address(other))
    }
}

impl Service {
    pub(super) fn id(&self) -> String {
        text(&self.0, "id")
    }

    pub(super) fn name(&self) -> String {
        text(&self.0, "name")
    }

    pub(super) fn runs(&self) -> bool {
        self.0.get("isRunning").and_then(Value::as_bool).unwrap_or_default()
    }

    fn default_port(&self) -> Option<u64> {
        self.0.get("defaultPort").and_then(Value::as_u64)
    }

    pub(super) fn listeners(&self) -> Vec<Listener> {
        list(&self.0, "listeners").iter().cloned().map(Listener).collect()
    }

    pub(super) fn listens_on(&self, port: u16) -> bool {
        self.listeners().iter().any(|listener| listener.port() == Some(port))
    }

    /// The port that clients use: the usual one if it is among them, else the first that other computers reach.
    pub(super) fn port(&self) -> Option<u16> {
        let listeners = self.listeners();
        let usual = listeners.iter().find(|listener| listener.port().map(u64::from) == self.default_port());
        let open = listeners.iter().find(|listener| listener.kind() != "Localhost");
        usual.or(open).or(listeners.first()).and_then(Listener::port)
    }

    /// The same with other listeners.
    fn with_listeners(&self, listeners: &[Listener]) -> Value {
        let mut service = self.0.clone();
        service["listeners"] = json!(listeners);
        service
    }
}

/// The listeners, with port `to` in place of `from`.
pub(super) fn moved(listeners: &[Listener], from: u16, to: u16) -> Vec<Listener> {
    let mut listeners = listeners.to_vec();
    for listener in listeners.iter_mut().filter(|listener| listener.port() == Some(from)) {
        listener.0["port"] = json!(to);
    }
    listeners
}

/// The service that serves IMAP with that protection: by its default port, else by its name, never by its place in the list.
pub(super) fn choose(services: &[Service], security: Security) -> Option<&Service> {
    let default_port = u64::from(security.default_port());
    services.iter().find(|service| service.default_port() == Some(default_port)).or_else(|| {
        // In every language the name contains "IMAP", and that of the secure service something more.
        let named = services.iter().filter(|service| service.default_port().is_none());
        let mut named: Vec<&Service> = named.filter(|service| service.name().to_lowercase().contains("imap")).collect();
        named.sort_by_key(|service| service.name().chars().count());
        match (named.as_slice(), security) {
            ([only], Security::Tls) => Some(*only).filter(|only| !only.name().trim().eq_ignore_ascii_case("imap")),
            ([only], _) => Some(*only).filter(|only| only.name().trim().eq_ignore_ascii_case("imap")),
            ([.., longest], Security::Tls) => Some(*longest),
            ([shortest, ..], _) => Some(*shortest),
            ([], _) => None,
        }
    })
}

impl Administration {
    /// The port of the running IMAP service with that protection; none if it has no listener.
    pub fn imap_port(&self, security: Security) -> Result<Option<u16>, KerioError> {
        let services = self.services()?;
        let service = choose(&services, security).ok_or_else(|| no_service(security))?;
        if service.runs() { Ok(service.port()) } else { Err(KerioError::ServiceStopped(service.name())) }
    }

    pub(super) fn services(&self) -> Result<Vec<Service>, KerioError> {
        let result = self.session.call("Services.get", json!({}))?;
        Ok(list(&result, "services").iter().cloned().map(Service).collect())
    }

    pub(super) fn set_listeners(&self, service: &Service, listeners: &[Listener]) -> Result<(), KerioError> {
        const METHOD: &str = "Services.set";
        let params = json!({"services": [service.with_listeners(listeners)]});
        refused_item(METHOD, &self.session.call(METHOD, params)?)
    }

    /// Starts a stopped service, restarts a running one.
    pub(super) fn start_again(&self, service: &Service) -> Result<(), KerioError> {
        let method = if service.runs() { "Services.restart" } else { "Services.start" };
        self.session.call(method, json!({"service": service.id()})).map(drop)
    }
}

pub(super) fn no_service(security: Security) -> KerioError {
    KerioError::NoService(AdministrationFault::NoServiceOnPort { port: security.default_port() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(name: &str, default_port: Option<u16>, ports: &[u16]) -> Service {
        let listeners: Vec<Value> =
            ports.iter().map(|port| json!({"type": "AllAddresses", "address": "All", "port": port})).collect();
        let mut service = json!({"id": name, "name": name, "isRunning": true, "listeners": listeners});
        if let Some(port) = default_port {
            service["defaultPort"] = json!(port);
        }
        Service(service)
    }

    #[test]
    fn the_service_is_chosen_by_its_default_port_and_else_by_its_name() {
        let services = [service("Sicheres IMAP", Some(993), &[993]), service("Irgendwas", Some(143), &[8143])];
        let name = |services: &[Service], security| choose(services, security).map(Service::name);
        assert_eq!(name(&services, Security::Tls).unwrap(), "Sicheres IMAP");
        assert_eq!(name(&services, Security::StartTls).unwrap(), "Irgendwas");
        let nameless = [service("Secure IMAP", None, &[]), service("IMAP", None, &[]), service("SMTP", None, &[])];
        assert_eq!(name(&nameless, Security::Tls).unwrap(), "Secure IMAP");
        assert_eq!(name(&nameless, Security::Plain).unwrap(), "IMAP");
        assert_eq!(name(&nameless[2..], Security::Plain), None);
        assert_eq!(name(&nameless[1..], Security::Tls), None);
        let localised = [service("Sicherer IMAP-Dienst", None, &[]), service("IMAP-Dienst", None, &[])];
        assert_eq!(name(&localised, Security::Tls).unwrap(), "Sicherer IMAP-Dienst");
        assert_eq!(name(&localised, Security::StartTls).unwrap(), "IMAP-Dienst");
    }

    #[test]
    fn the_usual_port_counts_and_only_the_old_one_is_moved() {
        let several = service("IMAP", Some(143), &[8000, 143, 9000]);
        assert_eq!(several.port(), Some(143));
        let moved = moved(&several.listeners(), 143, 8143);
        assert_eq!(moved.iter().filter_map(Listener::port).collect::<Vec<_>>(), [8000, 8143, 9000]);
        assert_eq!(service("IMAP", Some(143), &[8000, 9000]).port(), Some(8000));
        assert_eq!(service("IMAP", Some(143), &[]).port(), None);
    }

    #[test]
    fn a_listener_on_all_addresses_is_the_same_under_every_name() {
        let listener = |kind: &str, address: &str| Listener(json!({"type": kind, "address": address, "port": 143}));
        assert_eq!(listener("AllAddresses", "All addresses"), listener("AllAddresses", "Alle Adressen"));
        assert_ne!(listener("RealIpAddress", "10.0.0.1"), listener("RealIpAddress", "10.0.0.2"));
    }
}
