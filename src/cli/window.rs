//! Opens the window, or reports on standard error why that is not possible.

use super::exit_code::ExitStatus;
use super::fleet::DatabaseFleets;
use super::{Refusal, state_folder};
use crate::gui::{self, Folders};
use crate::logs;
use crate::rehearsal::demo::Demo;
use std::path::PathBuf;
use std::sync::Arc;

/// Opens the wizard; returns when it is closed.
pub(super) fn open() -> Result<ExitStatus, Refusal> {
    let folders = Folders { state: state_folder(None)?, logs: logs::default_folder() };
    gui::run(folders, Arc::new(DatabaseFleets::default()), None)
        .map(|()| ExitStatus::Complete)
        .map_err(Refusal::no_window)
}

/// Opens the wizard, filled in for the demo's servers; `state_folder` is the demo's own.
pub(super) fn open_demo(demo: &Demo, state_folder: PathBuf, log_base: Option<PathBuf>) -> Result<ExitStatus, Refusal> {
    let folders = Folders { state: state_folder, logs: log_base.unwrap_or_else(logs::default_folder) };
    gui::run_demo(demo, folders).map(|()| ExitStatus::Complete).map_err(Refusal::no_window)
}
