//! The folders the window works with.

use crate::logs;
use std::path::PathBuf;

/// The folders the window works with.
#[derive(Debug, Clone)]
pub struct Folders {
    /// The ledger and the known certificates.
    pub state: PathBuf,
    /// Each run makes its log folder here, and the window one for its own tasks.
    pub logs: PathBuf,
}

impl Folders {
    /// The folder of the logs, unless it is the usual one.
    pub fn chosen_logs(&self) -> Option<PathBuf> {
        (self.logs != logs::default_folder()).then(|| self.logs.clone())
    }
}
