//! Looking ahead: what must be known about the servers before other machines work on the accounts of a list.

use super::{prepare, shared_mailbox};
use crate::domain::{Fingerprint, Problem, comparable_name};
use crate::migrate::context::control::Control;
use crate::migrate::context::recorder::Events;
use crate::migrate::endpoints::administration_address;
use crate::migrate::request::{Request, TargetKind};
use crate::network::KnownCertificates;
use crate::progress::RunKind;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// What was found.
pub struct Ahead {
    /// The accounts that would use another account's mailbox, by their index in the request, and why they are refused.
    pub refused: BTreeMap<usize, Problem>,
    /// The target's name for each account's mailbox, in the order of the request, if accounts may share one.
    pub mailboxes: Vec<String>,
    /// The certificates that the user trusts at these servers, by host and port.
    pub certificates: BTreeMap<String, Fingerprint>,
}

/// Reaches the servers of a request as a run would, and changes nothing. The error says why no run can start.
pub fn look_ahead(request: &Request) -> Result<Ahead, Problem> {
    let (events, control) = (Events::to_nobody(), Arc::new(Control::default()));
    let prepared = prepare::prepare(RunKind::Check, &request.servers, &request.options, &events, &control)?;
    let mut refused = BTreeMap::new();
    let mut mailboxes = Vec::new();
    if request.options.shared_mailboxes {
        let mailbox = |account| comparable_name(&prepared.directory.mailbox(account));
        mailboxes = request.accounts.iter().map(mailbox).collect();
    } else {
        let (credentials, directory) = (&prepared.source.credentials, prepared.directory.as_ref());
        refused.extend(shared_mailbox::refused(&request.accounts, &request.not_chosen, credentials, directory));
    }
    let servers = &request.servers;
    let administration = match &servers.target_kind {
        TargetKind::Kerio(settings) => Some(administration_address(settings, &servers.target).host),
        TargetKind::Imap => None,
    };
    let mut hosts = vec![servers.source.address.host.as_str(), servers.target.address.host.as_str()];
    hosts.extend(administration.as_deref());
    let certificates = KnownCertificates::open(&request.options.state_folder).of_hosts(&hosts);
    Ok(Ahead { refused, mailboxes, certificates })
}

/// Gives these certificates to a state folder that has no list of trusted ones.
pub fn begin_certificates(state_folder: &Path, certificates: &BTreeMap<String, Fingerprint>) -> std::io::Result<()> {
    KnownCertificates::begin(state_folder, certificates)
}
