//! The calls of `Services` (docs/kerio-connect.md, B24 to B28): fifteen services, of which only the two for IMAP listen.

use super::behaviour::{Behaviour, PortChange, TakenPort};
use super::refusal::{Refusal, list, member, text};
use crate::rehearsal::{ImapService, MailService};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Name, name in another language, default port.
const SERVICES: [(&str, &str, u16); 15] = [
    ("SMTP", "SMTP", 25),
    ("Secure SMTP", "Sicheres SMTP", 465),
    ("SMTP Submission", "SMTP-Übermittlung", 587),
    ("POP3", "POP3", 110),
    ("Secure POP3", "Sicheres POP3", 995),
    ("IMAP", "IMAP-Dienst", 143),
    ("Secure IMAP", "Sicherer IMAP-Dienst", 993),
    ("NNTP", "NNTP", 119),
    ("Secure NNTP", "Sicheres NNTP", 563),
    ("LDAP", "LDAP", 389),
    ("Secure LDAP", "Sicheres LDAP", 636),
    ("HTTP", "HTTP", 80),
    ("Secure HTTP", "Sicheres HTTP", 443),
    ("XMPP", "XMPP", 5222),
    ("Secure XMPP", "Sicheres XMPP", 5223),
];

/// A service as the server stores it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The server's id.
    pub id: String,
    /// The name in English.
    pub name: String,
    /// Its usual port.
    pub default_port: u16,
    /// The configured ports.
    pub ports: Vec<u16>,
    /// The ports where it listens now.
    pub live: BTreeSet<u16>,
    /// Whether it runs.
    pub running: bool,
    localised: &'static str,
    imap: Option<ImapService>,
    settings: Value,
}

impl Service {
    fn record(&self, behaviour: &Behaviour) -> Value {
        let (name, everywhere) =
            if behaviour.localised { (self.localised, "Alle Adressen") } else { (self.name.as_str(), "All addresses") };
        let listeners = self.ports.iter().zip(self.listeners()).map(|(port, kept)| {
            let mut listener = kept.clone();
            if let Some(listener) = listener.as_object_mut() {
                listener.insert("port".to_owned(), json!(port));
                if listener.get("type").and_then(Value::as_str) == Some("AllAddresses") {
                    listener.insert("address".to_owned(), json!(everywhere));
                }
            }
            listener
        });
        let listeners: Vec<Value> = listeners.collect();
        json!({
            "id": self.id, "name": name, "howToStart": self.settings["howToStart"], "listeners": listeners,
            "group": self.settings["group"], "connectionLimit": self.settings["connectionLimit"],
            "defaultPort": self.default_port, "isRunning": self.running, "anonymousAccess": false,
        })
    }

    fn listeners(&self) -> &[Value] {
        self.settings["listeners"].as_array().map_or(&[], Vec::as_slice)
    }

    /// Listens on exactly the configured ports. The error is the port that is taken; then nothing has changed.
    fn apply(&mut self, mail: &dyn MailService, behaviour: &Behaviour) -> Result<(), u16> {
        let wanted: BTreeSet<u16> = self.ports.iter().copied().collect();
        if let Some(imap) = self.imap {
            let mut opened = Vec::new();
            for &port in wanted.difference(&self.live) {
                if behaviour.taken_ports.contains(&port) || mail.listen(imap, port).is_err() {
                    opened.into_iter().for_each(|port| mail.stop_listening(imap, port));
                    return Err(port);
                }
                opened.push(port);
            }
            self.live.difference(&wanted).for_each(|&port| mail.stop_listening(imap, port));
        }
        self.live = wanted;
        self.running = true;
        Ok(())
    }

    /// Stops listening.
    fn stop(&mut self, mail: &dyn MailService) {
        for port in std::mem::take(&mut self.live) {
            if let Some(imap) = self.imap {
                mail.stop_listening(imap, port);
            }
        }
        self.running = false;
    }
}

/// All services.
pub(super) struct Services(pub(super) Vec<Service>);

impl Services {
    /// The services of a new server. Those for IMAP start to listen on these ports (0 takes a free one).
    pub(super) fn start(mail: &dyn MailService, imap: u16, secure_imap: u16) -> std::io::Result<Self> {
        let mut services = Vec::new();
        for (number, (name, localised, default_port)) in SERVICES.into_iter().enumerate() {
            let (kind, port) = match default_port {
                143 => (Some(ImapService::Imap), mail.listen(ImapService::Imap, imap)?),
                993 => (Some(ImapService::SecureImap), mail.listen(ImapService::SecureImap, secure_imap)?),
                other => (None, other),
            };
            services.push(Service {
                id: format!("keriodb://service/5e000000-6b69-4d74-8000-{number:012x}"),
                name: name.to_owned(),
                default_port,
                ports: vec![port],
                live: BTreeSet::from([port]),
                running: true,
                localised,
                imap: kind,
                settings: json!({
                    "howToStart": "Automatic", "listeners": [{ "type": "AllAddresses", "address": "All addresses" }],
                    "group": { "isUsed": false, "ipGroup": { "id": "", "name": "" } },
                    "connectionLimit": { "isSet": true, "value": 1000 },
                }),
            });
        }
        Ok(Self(services))
    }

    /// The IMAP service of this kind.
    pub(super) fn imap(&mut self, kind: ImapService) -> Option<&mut Service> {
        self.0.iter_mut().find(|service| service.imap == Some(kind))
    }

    /// Stops listening everywhere.
    pub(super) fn stop_all(&mut self, mail: &dyn MailService) {
        self.0.iter_mut().filter(|service| service.imap.is_some()).for_each(|service| service.stop(mail));
    }

    /// Stops one service, as if an administrator had done so earlier.
    pub(super) fn stop(&mut self, kind: ImapService, mail: &dyn MailService) {
        if let Some(service) = self.imap(kind) {
            service.stop(mail);
        }
    }

    /// `Services.get`.
    pub(super) fn get(&self, behaviour: &Behaviour) -> Value {
        json!({ "services": self.0.iter().map(|service| service.record(behaviour)).collect::<Vec<_>>() })
    }

    /// `Services.set`. Takes only complete services (B25, F8).
    pub(super) fn set(
        &mut self,
        params: &Value,
        mail: &dyn MailService,
        behaviour: &Behaviour,
    ) -> Result<Value, Refusal> {
        let mut errors = Vec::new();
        let wanted = list(params, "services")?;
        let ports: Vec<Vec<u16>> = wanted.iter().map(given_ports).collect::<Result<_, _>>()?;
        for (index, (given, ports)) in wanted.iter().zip(ports).enumerate() {
            if let Err(refusal) = self.set_one(given, ports, mail, behaviour) {
                errors.push(refusal.of_input(index));
            }
        }
        Ok(json!({ "errors": errors }))
    }

    fn set_one(
        &mut self,
        given: &Value,
        ports: Vec<u16>,
        mail: &dyn MailService,
        behaviour: &Behaviour,
    ) -> Result<(), Refusal> {
        let id = text(given, "id")?;
        let service = self.0.iter_mut().find(|service| service.id == id).ok_or_else(|| Refusal::no_such("Service"))?;
        let before = service.clone();
        service.ports = ports;
        service.settings = given.clone();
        let at_once = behaviour.port_change == PortChange::AtOnce;
        if service.imap.is_none() || before.ports == service.ports && before.running {
            return Ok(());
        }
        if !at_once || !before.running && before.ports == service.ports {
            let taken = service.ports.iter().find(|port| behaviour.taken_ports.contains(port)).copied();
            return match taken {
                Some(port) if behaviour.taken_port == TakenPort::ErrorOfSet => {
                    *service = before;
                    Err(in_use(port))
                }
                _ => Ok(()),
            };
        }
        match service.apply(mail, behaviour) {
            Ok(()) => Ok(()),
            Err(port) if behaviour.taken_port == TakenPort::ErrorOfSet => {
                *service = before;
                Err(in_use(port))
            }
            Err(_) => {
                service.stop(mail);
                Ok(())
            }
        }
    }

    /// `Services.start`.
    pub(super) fn start_one(
        &mut self,
        params: &Value,
        mail: &dyn MailService,
        behaviour: &Behaviour,
    ) -> Result<Value, Refusal> {
        let service = self.named(params)?;
        match service.apply(mail, behaviour) {
            Err(port) if behaviour.taken_port != TakenPort::NotRunning => {
                service.stop(mail);
                Err(in_use(port))
            }
            Err(_) => {
                service.stop(mail);
                Ok(json!({}))
            }
            Ok(()) => Ok(json!({})),
        }
    }

    /// `Services.stop`.
    pub(super) fn stop_one(&mut self, params: &Value, mail: &dyn MailService) -> Result<Value, Refusal> {
        self.named(params)?.stop(mail);
        Ok(json!({}))
    }

    fn named(&mut self, params: &Value) -> Result<&mut Service, Refusal> {
        let id = text(params, "service")?;
        self.0.iter_mut().find(|service| service.id == id).ok_or_else(|| Refusal::no_such("Service"))
    }
}

fn in_use(port: u16) -> Refusal {
    Refusal::new(1000, "Port %1 is already in use.").about(&[&port.to_string()])
}

/// The ports of a complete service.
fn given_ports(service: &Value) -> Result<Vec<u16>, Refusal> {
    for name in ["id", "name", "howToStart", "group", "connectionLimit"] {
        member(service, name)?;
    }
    let port = |listener: &Value| {
        text(listener, "type")?;
        text(listener, "address")?;
        let port = member(listener, "port")?.as_u64().and_then(|port| u16::try_from(port).ok());
        port.filter(|&port| port > 0).ok_or_else(|| Refusal::bad_parameter("port"))
    };
    list(service, "listeners")?.iter().map(port).collect()
}
