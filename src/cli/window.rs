//! Opening the window, and saying on standard error why it cannot be opened.

use super::ending::Ending;
use super::{Refusal, state_folder};
use crate::gui::{self, app::Folders};
use crate::logs;
use crate::rehearsal::demo::Demo;
use std::path::PathBuf;

/// Opens the wizard; returns when it was closed.
pub(super) fn open() -> Result<Ending, Refusal> {
    let folders = Folders { state: state_folder(None)?, logs: logs::default_folder() };
    gui::run(folders).map(|()| Ending::Complete).map_err(Refusal::no_window)
}

/// Opens the wizard, filled in for the demo's servers.
pub(super) fn open_demo(_demo: &Demo, _log_base: Option<PathBuf>) -> Result<Ending, Refusal> {
    Err(Refusal::no_window("The window cannot be filled in for the demo's servers; run kimt demo without --window."))
}
