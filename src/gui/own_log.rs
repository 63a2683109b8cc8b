//! The log of what the window does outside of runs: tests of the connection, certificates trusted, a port put back.
//!
//! Runs have logs of their own. Before the first run, and again after each, the first of these errands makes a folder; the others go on in
//! it. Where nothing is done, nothing is left behind. A log that cannot be begun holds nothing up: it is said, and the errand is done.

use crate::logs;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

type Begun = Result<PathBuf, String>;

/// The window's own log.
pub struct OwnLog {
    /// Below which folder; none for the usual place.
    below: Option<PathBuf>,
    begun: Arc<OnceLock<Begun>>,
    told: bool,
    /// A run goes on, and its log takes everything.
    of_a_run: bool,
}

impl OwnLog {
    /// A log that is not begun yet.
    pub fn new(below: Option<PathBuf>) -> Self {
        Self { below, begun: Arc::default(), told: false, of_a_run: false }
    }

    /// What an errand calls in its own thread before it does anything: begins the log, or waits until another errand has. One errand at
    /// least sees the answer come back by [`OwnLog::news`].
    pub fn beginning(&self) -> impl FnOnce() + Send + 'static {
        let (below, begun, needed) = (self.below.clone(), self.begun.clone(), !self.of_a_run);
        move || {
            if needed {
                begun.get_or_init(|| logs::start(below.as_deref()).map_err(|problem| problem.to_string()));
            }
        }
    }

    /// The folder, or why there is none; once, when that is known. Does not wait.
    pub fn news(&mut self) -> Option<Begun> {
        if self.told {
            return None;
        }
        let begun = self.begun.get().cloned();
        self.told = begun.is_some();
        begun
    }

    /// A run begins: from now on nothing is begun beside its log.
    pub fn run_begins(&mut self) {
        self.of_a_run = true;
    }

    /// The run is over. If it `had_log`, that one is not written on, and the next errand begins another.
    pub fn run_ended(&mut self, had_log: bool) {
        self.of_a_run = false;
        if had_log {
            (self.begun, self.told) = (Arc::default(), false);
        }
    }
}
