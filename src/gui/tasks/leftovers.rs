//! What earlier runs left behind in the state folder: a port that is still changed, and the migrations that were begun.

use super::super::pages::servers::RestoreOffer;
use crate::domain::{Problem, ProblemKind};
use crate::instance::Instance;
use crate::migrate;
use crate::migration::{self, Migration, Migrations};
use std::path::Path;
use std::time::Duration;

/// So often, and in so much time, another window that opens lets go of the state folder.
const CLAIMS: u32 = 4;
pub(super) const BETWEEN_CLAIMS: Duration = Duration::from_millis(150);

/// What earlier runs left behind.
#[derive(Debug, Default, PartialEq)]
pub struct Leftovers {
    /// A port that is still changed.
    pub port: Option<RestoreOffer>,
    /// The migrations that were begun, the one that was worked on last first.
    pub migrations: Vec<Migration>,
    /// Why nobody can know: another program works in the state folder, or the folder cannot be used.
    pub trouble: Option<Problem>,
}

/// Looks for what earlier runs left behind.
pub(super) fn leftovers(state: &Path) -> Leftovers {
    // A program that holds the state folder is working with it: then nothing was left behind. Another window that opens at the same moment
    // holds it only for that moment.
    let mut claimed = Instance::claim(state);
    for _ in 0..CLAIMS {
        match &claimed {
            Err(problem) if problem.kind == ProblemKind::AlreadyRunning => std::thread::sleep(BETWEEN_CLAIMS),
            _ => break,
        }
        claimed = Instance::claim(state);
    }
    let _instance = match claimed {
        Ok(instance) => instance,
        Err(problem) => return Leftovers { trouble: Some(problem), ..Leftovers::default() },
    };
    let port = migrate::pending_port_restore(state).map(|port| RestoreOffer {
        sentence: format!(
            "The {} service of Kerio Connect at {} still listens on port {} instead of {}.",
            port.service, port.host, port.to, port.from
        ),
        working: false,
    });
    Leftovers { port, migrations: migrations(state), trouble: None }
}

/// The migrations that were begun; none where their records cannot be read.
pub(super) fn migrations(state: &Path) -> Vec<Migration> {
    migration::Files::in_folder(state).all().unwrap_or_else(|error| {
        log::warn!("the records of migrations cannot be read: {error}");
        Vec::new()
    })
}
