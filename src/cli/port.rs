//! Kerio Connect's IMAP port after a run that was cut off before it put the port back: the reminder at every start, and `restore-port`.

use super::args::RestorePortArguments;
use super::exit_code::ExitStatus;
use super::{Refusal, claim, request, state_folder, terminal};
use crate::domain::{Security, ServerAddress, hide};
use crate::migrate::{self, MailServer, PendingPort, Servers, TargetKind};
use crate::progress::RunKind;
use std::path::Path;

/// Reports at the start of a run that a port is still changed. A migration to the same server puts it back.
pub(super) fn remind(kind: RunKind, servers: &Servers, state_folder: &Path) {
    let pending = match migrate::pending_port_restore(state_folder) {
        Ok(Some(pending)) => pending,
        Ok(None) => return,
        Err(problem) => return terminal::complain(problem),
    };
    let remedy = if kind == RunKind::Migrate && is_of(&pending, servers) {
        "This run puts it back."
    } else {
        "Put it back with: kimt restore-port --admin-user NAME"
    };
    terminal::complain(format!("{} {remedy}", left_changed(&pending)));
}

/// Puts back the port that an earlier run left changed.
pub(super) fn restore(typed: RestorePortArguments) -> Result<ExitStatus, Refusal> {
    request::readable(&typed.ca_file).map_err(Refusal::usage)?;
    let state_folder = state_folder(typed.state_dir)?;
    let _instance = claim(&state_folder)?;
    let pending = migrate::pending_port_restore(&state_folder);
    let Some(pending) = pending.map_err(|problem| Refusal::could_not_start(&problem))? else {
        terminal::say("No port has to be put back.");
        return Ok(ExitStatus::Complete);
    };
    terminal::complain(left_changed(&pending));
    let host = ServerAddress { host: pending.host, port: None };
    let usual = ServerAddress { port: Some(pending.administration_port), ..host.clone() };
    let proxy = typed.proxy.read().map_err(Refusal::usage)?;
    let administration = request::administration(typed.administrator, usual).map_err(Refusal::usage)?;
    // Only the administration is contacted.
    let servers = Servers {
        authority_files: typed.ca_file,
        proxy,
        ..Servers::between(
            MailServer::at(host.clone(), Security::default()),
            MailServer::at(host, Security::default()),
            TargetKind::Kerio(administration),
        )
    };
    hide(servers.secrets());
    match migrate::restore_port(&servers, &state_folder) {
        Ok(Some(restored)) => {
            terminal::say(format!("Kerio Connect's {} service is back on port {}.", restored.service, restored.port));
            Ok(ExitStatus::Complete)
        }
        Ok(None) => {
            terminal::complain("The changed port belongs to another server. Give its address with --admin-url.");
            Ok(ExitStatus::Incomplete)
        }
        Err(problem) => Err(Refusal::could_not_start(&problem)),
    }
}

fn left_changed(pending: &PendingPort) -> String {
    let PendingPort { host, service, from, to, .. } = pending;
    format!(
        "An earlier run was cut off and left Kerio Connect's {service} service on {host} at port {to} instead of {from}."
    )
}

/// Whether the changed port belongs to the target.
fn is_of(pending: &PendingPort, servers: &Servers) -> bool {
    match &servers.target_kind {
        TargetKind::Kerio(administration) => administration.address.host.eq_ignore_ascii_case(&pending.host),
        TargetKind::Imap => false,
    }
}
