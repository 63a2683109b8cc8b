//! The stand-in for Kerio Connect's administration: JSON-RPC over HTTPS on a loopback port, before any mail store.
//!
//! It behaves as Kerio Connect's public documentation and reports from live servers say (docs/kerio-connect.md, sections A to C and E).
//! [`Behaviour`] has a switch for every ambiguity, and any call can be cut. Users created here can sign in to the mail store behind it,
//! whose IMAP services really listen. It knows that store only as a [`MailService`].
//!
//! A call's way: `connection` reads it, `call` admits and executes it; the methods are in `domains`, `users`, `services`, `session` and
//! `product`.

mod behaviour;
mod call;
mod connection;
mod directory;
mod domains;
mod product;
mod query;
mod refusal;
mod services;
mod session;
mod users;

pub use behaviour::{Behaviour, Hook, LicenceRefusal, Login, PortChange, Reply, RightsRefusal, Role, TakenPort};
pub use directory::{Domain, Owner, User};
pub use query::Record;
pub use services::Service;

use super::listener::Listener;
use super::{ImapService, MailService, ServerCertificate};
use crate::domain::{Fingerprint, Secret};
use call::State;
use connection::Connections;
use services::Services;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How a stand-in starts.
pub struct StandInOptions {
    /// The administration's port; 0 takes a free one. A real server has 4040.
    pub port: u16,
    /// The administrator's name.
    pub administrator: String,
    /// The administrator's password.
    pub password: Secret,
    /// The primary domain, which a configured server always has.
    pub primary_domain: String,
    /// The first port of the service `IMAP`; 0 takes a free one. Its default port stays 143.
    pub imap_port: u16,
    /// The first port of `Secure IMAP`; 0 takes a free one. Its default port stays 993.
    pub secure_imap_port: u16,
    /// The administration's certificate.
    pub certificate: Arc<ServerCertificate>,
    /// The initial switches.
    pub behaviour: Behaviour,
}

impl StandInOptions {
    /// Free ports, primary domain `example.com`, administrator `admin` with the password `administrator`.
    pub fn usual() -> io::Result<Self> {
        Ok(Self {
            port: 0,
            administrator: "admin".to_owned(),
            password: Secret::new("administrator"),
            primary_domain: "example.com".to_owned(),
            imap_port: 0,
            secure_imap_port: 0,
            certificate: ServerCertificate::shared()?,
            behaviour: Behaviour::default(),
        })
    }
}

/// A running stand-in. Dropping it stops listening and cuts its connections; the mail store stays.
pub struct AdministrationStandIn {
    core: Arc<Core>,
    connections: Arc<Connections>,
    listener: Option<Listener>,
    fingerprint: Fingerprint,
}

/// What the connections of a stand-in share.
struct Core {
    mail: Arc<dyn MailService>,
    state: Mutex<State>,
    hook: Mutex<Option<Arc<Hook>>>,
}

impl AdministrationStandIn {
    /// Starts listening, the mail store included, on the ports of both IMAP services.
    pub fn start(mail: Arc<dyn MailService>, options: StandInOptions) -> io::Result<Self> {
        let services = Services::start(&*mail, options.imap_port, options.secure_imap_port)?;
        let state = State::new(services, options.administrator, options.password, options.behaviour);
        let core = Arc::new(Core { mail, state: Mutex::new(state), hook: Mutex::new(None) });
        let connections = Arc::new(Connections::default());
        let accept = connection::accept(core.clone(), connections.clone(), options.certificate.clone());
        let listener = Listener::start(options.port, accept)?;
        let fingerprint = options.certificate.fingerprint();
        let stand_in = Self { core, connections, listener: Some(listener), fingerprint };
        stand_in.add_domain(Domain { primary: true, ..Domain::named(&options.primary_domain) })?;
        Ok(stand_in)
    }

    /// The administration's port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.listener.as_ref().map_or(0, Listener::port)
    }

    /// The fingerprint of the administration's certificate.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Turns switches; the next call is the first to see them.
    pub fn change(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.core.state().behaviour);
    }

    /// Ends every session, as if it had expired.
    pub fn expire_sessions(&self) {
        self.core.state().sessions.expire();
    }

    /// The number of open sessions.
    pub fn open_sessions(&self) -> usize {
        self.core.state().sessions.count()
    }

    /// Lets the hook decide about every call from now on; see [`Reply`].
    pub fn on_call(&self, hook: impl Fn(&str, u64) -> Reply + Send + Sync + 'static) {
        *lock(&self.core.hook) = Some(Arc::new(hook));
    }

    /// Adds a domain, as if an administrator had done so earlier; returns its id.
    pub fn add_domain(&self, domain: Domain) -> io::Result<String> {
        let name = domain.name.clone();
        let added = self.core.state().directory.add_domain(domain);
        added.map_err(|_| io::Error::new(io::ErrorKind::AlreadyExists, format!("domain {name} cannot be added")))
    }

    /// Adds a user to an existing domain, who can sign in at once.
    pub fn add_user(&self, address: &str, password: &Secret, full_name: &str) -> io::Result<()> {
        let given = serde_json::json!({ "fullName": full_name });
        let (domain, local) = self.place(address)?;
        let (_, sign_in) = self.core.state().directory.add_user(&domain, &local, password.clone(), &given);
        self.core.mail.create_user(&sign_in.names, sign_in.password.reveal())
    }

    /// Makes the administration show this limit, in megabytes, for the mailboxes of all current users.
    pub fn limit_mailboxes(&self, megabytes: u64) {
        let limit = serde_json::json!({ "isActive": true, "limit": { "value": megabytes, "units": "MegaBytes" } });
        for user in &mut self.core.state().directory.users {
            user.record.insert("diskSizeLimit".to_owned(), limit.clone());
        }
    }

    /// Makes the administration show this limit of items for the mailboxes of all current users.
    pub fn limit_items(&self, items: u64) {
        let limit = serde_json::json!({ "isActive": true, "limit": items });
        for user in &mut self.core.state().directory.users {
            user.record.insert("itemLimit".to_owned(), limit.clone());
        }
    }

    /// Gives an address in an existing domain to an alias, a group or a mailing list.
    pub fn add_owner(&self, address: &str, owner: Owner) -> io::Result<()> {
        let (domain, local) = self.place(address)?;
        self.core.state().directory.add_owner(&domain, &local, owner);
        Ok(())
    }

    /// Stops an IMAP service, as if an administrator had done so earlier.
    pub fn stop_service(&self, service: ImapService) {
        self.core.state().services.stop(service, &*self.core.mail);
    }

    /// The first configured port of an IMAP service.
    pub fn service_port(&self, service: ImapService) -> u16 {
        self.core.state().services.imap(service).and_then(|service| service.ports.first().copied()).unwrap_or(0)
    }

    /// All services in their current state.
    pub fn services(&self) -> Vec<Service> {
        self.core.state().services.0.clone()
    }

    /// All domains.
    pub fn domains(&self) -> Vec<Domain> {
        self.core.state().directory.domains.clone()
    }

    /// All users.
    pub fn users(&self) -> Vec<User> {
        self.core.state().directory.users.clone()
    }

    /// The methods called so far, in order.
    pub fn calls(&self) -> Vec<String> {
        self.core.state().calls.clone()
    }

    /// The number of steps so far. Each call has two: its arrival and its answer.
    pub fn steps(&self) -> u64 {
        self.core.state().steps
    }

    /// Cuts the connection at this step, counted from the start: at an odd one before the call is executed, at an even one afterwards,
    /// before the answer.
    pub fn cut_at(&self, step: u64) {
        self.core.state().cut_at = Some(step);
    }

    fn place(&self, address: &str) -> io::Result<(String, String)> {
        let missing = || io::Error::new(io::ErrorKind::NotFound, format!("{address} is in no domain"));
        let (local, domain) = address.rsplit_once('@').ok_or_else(missing)?;
        let id = self.core.state().directory.domain_called(domain).map(|domain| domain.id.clone());
        Ok((id.ok_or_else(missing)?, local.to_owned()))
    }
}

impl Drop for AdministrationStandIn {
    fn drop(&mut self) {
        self.listener = None;
        self.connections.cut();
        self.core.state().services.stop_all(&*self.core.mail);
    }
}

impl Core {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn reply_of_hook(&self, method: &str, number: u64) -> Reply {
        let hook = lock(&self.hook).clone();
        hook.map_or(Reply::Normal, |hook| hook(method, number))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
