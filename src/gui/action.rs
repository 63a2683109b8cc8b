//! What the user asks for. A page never does work: it returns actions, and `app` carries them out.

use super::page::Page;
use crate::accounts::Layout;
use crate::domain::Doubt;
use crate::domain::Side;
use std::path::PathBuf;

/// Something the user asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Show another page.
    Go(Page),
    /// Test the connection to both servers.
    Test,
    /// Test again the servers that are not ready, after the user has decided something about them.
    TestRest,
    /// Show the accounts if both servers are ready; test them first if needed.
    Next,
    /// Stop waiting for the test.
    CancelTest,
    /// Trust a certificate from now on, and continue with what waited for that.
    Trust(Box<Doubt>),
    /// Let the user choose the client certificate for that side's server.
    ChooseCertificate(Side),
    /// Set *Use SSL connection* of that side, and test it again.
    UseSsl(Side, bool),
    /// Put back Kerio Connect's IMAP port that an earlier run left changed.
    RestorePort,
    /// Load the accounts of the interrupted run.
    ContinueRun,
    /// Do not offer the interrupted run any more.
    ForgetRun,
    /// Let the user choose a file of accounts.
    Load,
    /// Load this file of accounts.
    LoadFile(PathBuf),
    /// Read the loaded file again, with these columns.
    ReadColumns(Layout),
    /// Let the user choose where to save a sample file.
    SaveSample,
    /// Open the file of accounts in the system's editor for it.
    ShowFile,
    /// Sign in to the chosen accounts and count their messages.
    Check,
    /// Migrate the chosen accounts.
    Start,
    /// Ask whether to stop the run.
    AskStop,
    /// Do not stop after all.
    KeepRunning,
    /// Control the run.
    Run(RunCommand),
    /// Open report.txt.
    OpenReport,
    /// Open report.html.
    OpenReportPage,
    /// Open the folder of the logs.
    OpenLogFolder,
    /// Migrate again the accounts that are not complete.
    MigrateIncomplete,
    /// Keep the servers and choose other accounts.
    MigrateFurther,
    /// Close the window.
    Close,
    /// Open the guide.
    Help,
    /// Show or hide the box about the program.
    About(bool),
    /// Light, dark, or as the system is.
    Theme(egui::ThemePreference),
}

/// What the user can ask of a run while it is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunCommand {
    /// Copy nothing until the user lets it continue.
    Pause,
    /// Continue after a pause.
    Continue,
    /// End every wait for a server.
    TryNow,
    /// Stop: start nothing new and settle what is in flight.
    Stop,
    /// Stop, and close the window when the run has ended.
    StopAndClose,
}
