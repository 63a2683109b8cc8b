//! What the pages ask for. A page never does work: it returns these, and `app` carries them out.

use super::wizard::Page;
use crate::domain::Side;
use crate::migrate::Doubt;
use std::path::PathBuf;

/// Something the user asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Show another page.
    Go(Page),
    /// Test the connection to both servers.
    Test,
    /// Test again what could not serve, because she decided something about it.
    TestRest,
    /// Test, unless that is done, and show the accounts if both can serve.
    Next,
    /// Stop waiting for the test.
    CancelTest,
    /// Trust a certificate from now on, and go on with what waited for that.
    Trust(Box<Doubt>),
    /// Let the user choose the file by which that side's server knows us.
    ChooseCertificate(Side),
    /// Put Kerio Connect's IMAP port back that an earlier run left changed.
    RestorePort,
    /// Load what the interrupted run was migrating.
    ContinueRun,
    /// Let the interrupted run be.
    ForgetRun,
    /// Let the user choose a file of accounts.
    Load,
    /// Load this file of accounts.
    LoadFile(PathBuf),
    /// Let the user choose where to put a sample file.
    SaveSample,
    /// Open the file of accounts in the program that edits such files.
    ShowFile,
    /// Sign in to the chosen accounts and count.
    Check,
    /// Stop that.
    StopCheck,
    /// Migrate the chosen accounts.
    Start,
    /// Hold the run.
    Pause,
    /// Let it go on.
    GoOn,
    /// Ask whether to stop the run.
    AskStop,
    /// Stop the run.
    Stop,
    /// Stop the run, and close the window when it has ended.
    StopAndClose,
    /// Do not stop after all.
    KeepRunning,
    /// Try a server again at once.
    TryNow,
    /// Open report.txt.
    OpenReport,
    /// Open the folder of the logs.
    OpenLogFolder,
    /// Migrate again whatever is not complete.
    MigrateIncomplete,
    /// Keep the servers and choose other accounts.
    MigrateFurther,
    /// Close the window.
    Close,
    /// Show or hide what the program is.
    About(bool),
    /// Light, dark, or as the system is.
    Theme(egui::ThemePreference),
}
