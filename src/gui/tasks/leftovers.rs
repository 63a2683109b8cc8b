//! What earlier runs left in the state folder: a port that is still changed, and the recorded migrations.

use super::super::pages::servers::RestoreOffer;
use crate::domain::{Problem, ProblemKind};
use crate::instance::Instance;
use crate::migrate;
use crate::migration::{self, Migration, Migrations};
use std::path::Path;
use std::time::Duration;

/// Further attempts to claim the state folder, and the time between them: enough for another window that is just opening.
const CLAIMS: u32 = 4;
pub(super) const BETWEEN_CLAIMS: Duration = Duration::from_millis(150);

/// What earlier runs left behind.
#[derive(Debug, Default, PartialEq)]
pub struct Leftovers {
    /// A port that is still changed.
    pub port: Option<RestoreOffer>,
    /// The recorded migrations, most recently used first.
    pub migrations: Vec<Migration>,
    /// Why this is unknown: another program uses the state folder, or the folder or a note in it is unusable.
    pub trouble: Option<Problem>,
}

/// Looks for what earlier runs left behind.
pub(super) fn leftovers(state: &Path) -> Leftovers {
    // A program that holds the state folder is using it, so nothing is left over yet. A window that is just opening holds it only for a
    // moment.
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
    let (pending, trouble) = match migrate::pending_port_restore(state) {
        Ok(pending) => (pending, None),
        Err(problem) => (None, Some(problem)),
    };
    let port = pending.map(|port| RestoreOffer {
        sentence: format!(
            "The {} service of Kerio Connect at {} still listens on port {} instead of {}.",
            port.service, port.host, port.to, port.from
        ),
        working: false,
    });
    Leftovers { port, migrations: migrations(state), trouble }
}

/// The recorded migrations; none if their records cannot be read.
pub(super) fn migrations(state: &Path) -> Vec<Migration> {
    migration::Files::in_folder(state).all().unwrap_or_else(|error| {
        log::warn!("the records of migrations cannot be read: {error}");
        Vec::new()
    })
}
