//! The logs of a run: its folder `KimtLogs/MMDDYYYY_HHMMSS`, and debug.log in it.
//!
//! Promises that every start gets a folder of its own which only this user can read, that a folder somebody else laid out is
//! refused, and that what reaches debug.log has no control characters and no registered secret, also when the program panics.
//! It takes 96 MiB besides its warnings and errors, however long a run is (see `bounded`). The report's files in the same folder are written by `report`.

mod bounded;
mod debug_log;
mod folder;

pub use debug_log::take_panics;
pub use folder::default_folder;

use crate::domain::{Problem, ProblemKind};
use std::path::{Path, PathBuf};

/// The file for support.
pub const DEBUG_LOG: &str = "debug.log";

/// Makes the folder of a new run and sends debug.log there from now on, also when it went to an earlier run's before.
///
/// The folder is made below `KimtLogs` (see [`default_folder`]), or below `chosen` where the user names a folder.
pub fn start(chosen: Option<&Path>) -> Result<PathBuf, Problem> {
    let made = match chosen {
        Some(chosen) => folder::make_below_chosen(chosen),
        None => folder::make_below(&default_folder()),
    };
    let folder = made.map_err(|error| refused(chosen.unwrap_or(&default_folder()), &error))?;
    let path = folder.join(DEBUG_LOG);
    debug_log::send_to(&path).map_err(|error| refused(&path, &error))?;
    log::info!("KIMT {} on {}", env!("CARGO_PKG_VERSION"), std::env::consts::OS);
    Ok(folder)
}

/// Registers secrets: from now on debug.log and all words of others have "…" in their place.
pub use crate::domain::hide;

fn refused(path: &Path, error: &std::io::Error) -> Problem {
    Problem::new(ProblemKind::LocalFile).at_path(path.display()).saying(error)
}

#[cfg(test)]
mod tests;
