//! The servers of a run: where they are, how to talk to them, and their limits.

use super::{DavAddress, Groupware, NameForm, SignInWay};
use crate::domain::{Fingerprint, Secret, Security, ServerAddress};
use crate::migration::{AdministrationSettings, GroupwareSettings, ServerSettings, SideSettings};
use crate::network::{ClientCertificate, Proxy};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Both ends of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Servers {
    /// The server that mail is read from.
    pub source: MailServer,
    /// The server that mail is written to.
    pub target: MailServer,
    /// The kind of the target.
    pub target_kind: TargetKind,
    /// Files with further certificate authorities (PEM).
    pub authority_files: Vec<PathBuf>,
    /// Whether the user agreed that passwords cross the network in clear text.
    pub cleartext_passwords_allowed: bool,
    /// The proxy between this computer and all servers, if there is one.
    pub proxy: Option<Proxy>,
}

/// A mail server and how to talk to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailServer {
    /// Its host, and its port if not the default; see [`TargetKind::Kerio`] for the meaning of a port there.
    pub address: ServerAddress,
    /// How the connection is protected.
    pub security: Security,
    /// The only certificate to trust if the usual check fails.
    pub fingerprint: Option<Fingerprint>,
    /// How people are signed in.
    pub sign_in: SignInWay,
    /// The form of sign-in names, if neither the CSV nor Kerio Connect's directory gives one.
    pub name: NameForm,
    /// Further settings of its connections.
    pub connections: ConnectionLimits,
}

/// Settings of the connections to one mail server besides address and protection. None by default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionLimits {
    /// The certificate that identifies us to the server.
    pub client_certificate: Option<ClientCertificate>,
    /// The limit in bytes a second, over all connections together and in both directions.
    pub max_rate: Option<u64>,
    /// At most this many connections are open at a time, at least one. A mailbox needs one on either side; on the target it uses one more
    /// for checking, and another for sending more of a large mailbox, if they are free.
    pub max_connections: Option<u32>,
}

impl MailServer {
    /// A server with the usual check of its certificate, where everybody signs in with their own address and password, without limits.
    pub fn at(address: ServerAddress, security: Security) -> Self {
        Self {
            address,
            security,
            fingerprint: None,
            sign_in: SignInWay::default(),
            name: NameForm::default(),
            connections: ConnectionLimits::default(),
        }
    }
}

impl MailServer {
    fn settings(&self) -> SideSettings {
        SideSettings {
            security: self.security,
            sign_in: self.sign_in.kind(),
            master: self.sign_in.master().unwrap_or_default().to_owned(),
            name_form: self.name,
        }
    }
}

impl Servers {
    /// Servers with the system's authorities, no consent to clear text, and no proxy.
    pub fn between(source: MailServer, target: MailServer, target_kind: TargetKind) -> Self {
        let (authority_files, cleartext_passwords_allowed, proxy) = (Vec::new(), false, None);
        Self { source, target, target_kind, authority_files, cleartext_passwords_allowed, proxy }
    }

    /// How they are reached, and what is migrated besides mail; contains no secret.
    pub(super) fn settings(&self, groupware: &Groupware) -> ServerSettings {
        let dav = |address: &Option<DavAddress>| address.as_ref().map_or_else(String::new, DavAddress::to_string);
        ServerSettings {
            source: self.source.settings(),
            target: self.target.settings(),
            administration: match &self.target_kind {
                TargetKind::Kerio(AdministrationServer { address, user, .. }) => {
                    Some(AdministrationSettings { address: address.to_string(), user: user.clone() })
                }
                TargetKind::Imap => None,
            },
            groupware: GroupwareSettings {
                mode: groupware.mode,
                source_dav: dav(&groupware.source_dav),
                target_dav: dav(&groupware.target_dav),
                files: groupware.files.clone(),
                keep_attendees: groupware.keep_attendees,
            },
        }
    }

    /// The servers' passwords, each with its user name.
    pub fn secrets(&self) -> Vec<(String, &Secret)> {
        let administrator = match &self.target_kind {
            TargetKind::Kerio(administration) => Some((administration.user.clone(), &administration.password)),
            TargetKind::Imap => None,
        };
        let ways = [&self.source.sign_in, &self.target.sign_in].into_iter().filter_map(SignInWay::secret);
        let masters = ways.map(|(user, password)| (user.to_owned(), password));
        let limits = [&self.source.connections, &self.target.connections];
        let certificates = limits.into_iter().filter_map(|limits| limits.client_certificate.as_ref());
        let certificates = certificates.map(|certificate| ("client certificate".to_owned(), &certificate.password));
        let proxy = self.proxy.iter().map(|proxy| (proxy.user().to_owned(), proxy.password()));
        let connections = certificates.chain(proxy).filter(|(_, password)| !password.is_empty());
        administrator.into_iter().chain(masters).chain(connections).collect()
    }
}

/// What kind of server the target is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TargetKind {
    /// Kerio Connect: domains and users are created; a port in the address is set on its IMAP service during the run.
    Kerio(AdministrationServer),
    /// Any IMAP server; its accounts must exist.
    Imap,
}

/// Kerio Connect's administration API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdministrationServer {
    /// Host and port; 4040 by default.
    pub address: ServerAddress,
    /// The administrator's name.
    pub user: String,
    /// The administrator's password.
    pub password: Secret,
    /// The only certificate to trust if the usual check fails.
    pub fingerprint: Option<Fingerprint>,
}
