//! The ledger that several machines share (`--ledger`): reaching it before a run, and stopping the run when this machine may not continue.

use super::{Refusal, sentence, terminal};
use crate::fleet::{Database, DatabaseAddress, LeaseTimes, SharedRecords};
use crate::ledger::Store;
use crate::migrate::{Run, Servers, TargetKind};
use crate::progress::RunKind;
use std::path::Path;
use std::sync::Arc;

/// Reaches the database at an address that was typed.
pub(super) fn open(address: &str, kind: RunKind, servers: &Servers) -> Result<Arc<Database>, Refusal> {
    let is_kerio = matches!(servers.target_kind, TargetKind::Kerio(_));
    if kind == RunKind::Migrate && is_kerio && servers.target.address.port.is_some() {
        return Err(Refusal::usage(
            "With --ledger no machine may move the port of Kerio Connect's IMAP service, because the first one to end would move it back \
             while others still use it. Set the port in Kerio Connect, and give --target without a port.",
        ));
    }
    let address = DatabaseAddress::parse(address).and_then(DatabaseAddress::with_password);
    let address = address.map_err(|error| Refusal::usage(sentence(&error)))?;
    Database::open(address, LeaseTimes::default()).map_err(|error| Refusal::no_ledger(sentence(&error)))
}

/// The records in the database. Takes over those in this computer's files.
pub(super) fn records(database: &Arc<Database>, state_folder: &Path) -> Arc<dyn Store> {
    Arc::new(SharedRecords::new(database.clone()).taking_along(state_folder))
}

/// Cuts the run's connections when this machine could not renew its lease, and sends nothing from that moment on: others may continue its
/// mailboxes.
pub(super) fn stop_on_loss(database: &Arc<Database>, run: &Run) {
    let stopper = run.stopper();
    // Weak, because the database holds the stopper: two that hold each other would never give the lease back.
    let holder = Arc::downgrade(database);
    stopper.sends_only_while(move || holder.upgrade().is_some_and(|database| database.holds()));
    database.on_loss(move || stopper.stop_now());
}

/// Says that this machine could not renew its lease.
pub(super) fn say_lost(address: &DatabaseAddress) {
    terminal::complain(format_args!(
        "This machine could not renew its lease in the database {address} and has stopped, because other machines may continue its \
         mailboxes. Nothing is lost: run the same command again once the database can be reached.",
    ));
}
