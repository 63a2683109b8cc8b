//! The servers of a run: where they are, how they are spoken to, and what limits hold there.

use super::{DavAddress, Groupware, NameForm, SignInWay};
use crate::domain::{Fingerprint, Secret, Security, ServerAddress};
use crate::migration::{AdministrationSettings, GroupwareSettings, ServerSettings, SideSettings};
use crate::network::{ClientCertificate, Proxy};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Both ends of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Servers {
    /// The server the mail is read from.
    pub source: MailServer,
    /// The server it is written to.
    pub target: MailServer,
    /// What kind of server that is.
    pub target_kind: TargetKind,
    /// Files with further certificate authorities (PEM).
    pub authority_files: Vec<PathBuf>,
    /// The user agreed that passwords cross the network in clear text.
    pub cleartext_passwords_allowed: bool,
    /// The proxy between this computer and all servers, if there is one.
    pub proxy: Option<Proxy>,
}

/// A mail server and how it is spoken to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailServer {
    /// Host, and port when it is not the usual one; see [`TargetKind::Kerio`] for what a port means there.
    pub address: ServerAddress,
    /// How the connection is protected.
    pub security: Security,
    /// Trust exactly this certificate where the usual check fails.
    pub fingerprint: Option<Fingerprint>,
    /// How people are signed in.
    pub sign_in: SignInWay,
    /// Under which name, where neither the CSV nor Kerio Connect's directory gives another.
    pub name: NameForm,
    /// What else holds for the connections to it.
    pub connections: ConnectionLimits,
}

/// What holds for the connections to one mail server beside its address and protection. By default nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionLimits {
    /// The certificate by which the server knows us.
    pub client_certificate: Option<ClientCertificate>,
    /// Bytes a second, over all connections together and in both directions.
    pub max_rate: Option<u64>,
    /// Connections at a time, at least one. A mailbox needs one on either side; on the target one more is used for checking, and another
    /// for sending more of a large mailbox, if they are free.
    pub max_connections: Option<u32>,
}

impl MailServer {
    /// With the usual check of its certificate, where everybody signs in with their own address and password, and without limits.
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
    /// With the system's authorities, no consent to clear text, and no proxy.
    pub fn between(source: MailServer, target: MailServer, target_kind: TargetKind) -> Self {
        let (authority_files, cleartext_passwords_allowed, proxy) = (Vec::new(), false, None);
        Self { source, target, target_kind, authority_files, cleartext_passwords_allowed, proxy }
    }

    /// How they are reached, and what is migrated beside mail; nothing of it is secret.
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

    /// The passwords of the servers, each with the name that it belongs to.
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
    /// Any IMAP server whose accounts exist already.
    Imap,
}

/// Kerio Connect's administration API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdministrationServer {
    /// Host and port; port 4040 when none is given.
    pub address: ServerAddress,
    /// The administrator's name.
    pub user: String,
    /// And password.
    pub password: Secret,
    /// Trust exactly this certificate where the usual check fails.
    pub fingerprint: Option<Fingerprint>,
}
