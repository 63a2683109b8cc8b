//! The log of what the window does outside runs: testing connections, trusting certificates, putting a port back.
//!
//! - Runs have their own logs. Before the first run, and again after each, the first such task creates a folder; later ones share it.
//! - Without a task there is no folder.
//! - If the log cannot be created, the window says so, and the task is carried out all the same.

use crate::logs;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

type Begun = Result<PathBuf, String>;

/// The window's own log.
pub struct OwnLog {
    /// The folder above; none for the usual place.
    below: Option<PathBuf>,
    begun: Arc<OnceLock<Begun>>,
    reported: bool,
    /// A run is under way, and its log takes everything.
    of_a_run: bool,
}

impl OwnLog {
    /// A log that does not exist yet.
    pub fn new(below: Option<PathBuf>) -> Self {
        Self { below, begun: Arc::default(), reported: false, of_a_run: false }
    }

    /// A task calls this on its own thread before anything else: it creates the log, or waits until another task has. The result arrives
    /// through [`OwnLog::news`].
    pub fn beginning(&self) -> impl FnOnce() + Send + 'static {
        let (below, begun, needed) = (self.below.clone(), self.begun.clone(), !self.of_a_run);
        move || {
            if needed {
                begun.get_or_init(|| logs::start(below.as_deref()).map_err(|problem| problem.to_string()));
            }
        }
    }

    /// The folder, or why there is none: returned once, as soon as it is known. Does not wait.
    pub fn news(&mut self) -> Option<Begun> {
        if self.reported {
            return None;
        }
        let begun = self.begun.get().cloned();
        self.reported = begun.is_some();
        begun
    }

    /// A run starts: from now on no other log is created.
    pub fn run_begins(&mut self) {
        self.of_a_run = true;
    }

    /// The run has ended. If it `had_log`, that log is closed, and the next task creates another.
    pub fn run_ended(&mut self, had_log: bool) {
        self.of_a_run = false;
        if had_log {
            (self.begun, self.reported) = (Arc::default(), false);
        }
    }
}
