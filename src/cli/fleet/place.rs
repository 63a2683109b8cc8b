//! From what was typed to a fleet in a database, and a folder for this process alone.

use super::args::{DatabaseArguments, KeyedArguments, PlaceArguments};
use super::setup::{self, Setup};
use crate::cli::{Refusal, sentence};
use crate::domain::{Problem, ProblemKind};
use crate::fleet::{Database, DatabaseAddress, Fleet, FleetKey, LeaseTimes};
use crate::ledger::LedgerError;
use crate::private_file;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The address as typed, with the password from the environment or a password file.
pub(super) fn address(typed: &DatabaseArguments) -> Result<DatabaseAddress, Refusal> {
    let address = DatabaseAddress::parse(&typed.ledger).and_then(DatabaseAddress::with_password);
    address.map_err(|error| Refusal::usage(sentence(&error)))
}

/// Reaches the database.
pub(super) fn database(typed: &DatabaseArguments, times: LeaseTimes) -> Result<Arc<Database>, Refusal> {
    Database::open(address(typed)?, times).map_err(refused)
}

/// The fleet, for what needs no key.
pub(super) fn fleet(typed: &PlaceArguments) -> Result<Fleet, Refusal> {
    let database = database(&typed.database, LeaseTimes::default())?;
    Fleet::open(database, typed.name.as_deref(), None).map_err(refused)
}

/// The fleet with its key.
pub(super) fn keyed_fleet(typed: &KeyedArguments) -> Result<Fleet, Refusal> {
    keyed_fleet_with(typed, LeaseTimes::default())
}

/// The same with a lease of other times.
pub(super) fn keyed_fleet_with(typed: &KeyedArguments, times: LeaseTimes) -> Result<Fleet, Refusal> {
    let key = FleetKey::read(&typed.key_file).map_err(|fault| Refusal::usage(sentence(&fault)))?;
    let database = database(&typed.place.database, times)?;
    Fleet::open(database, typed.place.name.as_deref(), Some(&key)).map_err(refused)
}

/// The setup that the fleet was created with.
pub(super) fn setup(fleet: &Fleet) -> Result<Setup, Refusal> {
    let text = fleet.setup().map_err(refused)?;
    let text = text.ok_or_else(|| finished(fleet))?;
    setup::read(&text).map_err(refused)
}

/// The refusal for something that a finished fleet no longer has.
pub(super) fn finished(fleet: &Fleet) -> Refusal {
    Refusal::usage(format!("The fleet '{}' is finished: its accounts and reports are wiped.", fleet.name()))
}

/// A database error as a refusal.
#[expect(clippy::needless_pass_by_value, reason = "it is what map_err gives")]
pub(super) fn refused(error: LedgerError) -> Refusal {
    log::debug!("{error:?}");
    Refusal::no_ledger(sentence(&error))
}

/// A folder that only this user can read, deleted with this value.
pub(super) struct PrivateFolder(PathBuf);

impl PrivateFolder {
    /// Creates one among the system's temporary files.
    pub(super) fn make() -> Result<Self, Refusal> {
        let path = std::env::temp_dir().join(format!("kimt-{:016x}", fastrand::u64(..)));
        private_file::create_new_folder(&path).map_err(|error| {
            let problem = Problem::new(ProblemKind::LocalFile).at_path(path.display()).saying(error);
            Refusal::could_not_start(&problem)
        })?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for PrivateFolder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            log::debug!("{}: {error}", self.0.display());
        }
    }
}
