//! The logs of a run: its folder `KimtLogs/MMDDYYYY_HHMMSS`, and debug.log in it.
//!
//! Every start gets its own folder, which only this user can read; a `KimtLogs` that somebody else created is refused. debug.log contains
//! no control characters and no registered secret, even after a panic. It takes at most 96 MiB plus warnings and errors (see `bounded`).
//! `report` writes its files to the same folder.

mod bounded;
mod debug_log;
mod folder;

pub use debug_log::take_panics;
pub use folder::default_folder;

use crate::domain::{Problem, ProblemKind};
use std::path::{Path, PathBuf};

/// The file for support.
pub const DEBUG_LOG: &str = "debug.log";

/// Creates the folder of a new run and sends debug.log there from now on, even if it went to an earlier run's folder before.
///
/// The folder is below `KimtLogs` (see [`default_folder`]), or below `chosen` if the user names a folder.
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

/// Registers secrets: from now on "…" replaces them in debug.log and in all words of others.
pub use crate::domain::hide;

fn refused(path: &Path, error: &std::io::Error) -> Problem {
    Problem::new(ProblemKind::LocalFile).at_path(path.display()).saying(error)
}

#[cfg(test)]
mod tests;
