//! What the user asks for. A page never does work: it returns actions, and `app` carries them out.

use super::fleet::FleetPlace;
use super::page::Page;
use crate::domain::list::Layout;
use crate::domain::{AccountId, Doubt, Side};
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
    /// Look once more for what earlier runs left behind.
    LookAgain,
    /// Load the list of the migration of that name, and choose the accounts that this is for.
    ContinueMigration(String, Purpose),
    /// Do not offer that migration any more until the next start of the program.
    HideMigration(String),
    /// Choose the accounts of the loaded list that this is for.
    Choose(Purpose),
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
    /// Correct the password or the sign-in name of the account with this key.
    Correct(String),
    /// Take over what was typed for that account; with the flag it is tried again at once.
    UseCorrection(bool),
    /// Migrate the account with this key once more.
    TryAgain(String),
    /// Write the list with its corrections into a file.
    SaveList,
    /// Plan a start for later.
    PlanStart,
    /// Close the window although a start is planned.
    CloseAnyway,
    /// Start what the page is for with the chosen accounts.
    Start,
    /// Start this at once with all accounts of the loaded list that it is for.
    StartAll(Purpose),
    /// Ask whether to stop the run.
    AskStop,
    /// Do not stop after all.
    KeepRunning,
    /// Control the run.
    Run(RunCommand),
    /// Open report.txt.
    OpenReport,
    /// Let the user choose where to save these lines of report.csv.
    SaveCsv(String),
    /// Open report.html.
    OpenReportPage,
    /// Open the folder of the logs.
    OpenLogFolder,
    /// Migrate again the accounts that are not complete.
    MigrateIncomplete,
    /// Do not start the run that waits for the end of another one.
    DoNotStart,
    /// Keep the servers and choose other accounts.
    MigrateFurther,
    /// Choose the accounts that are not complete yet.
    ChooseOpen,
    /// Show the accounts of the whole migration that need attention.
    ShowAllProblems,
    /// Close the window.
    Close,
    /// Begin the demo.
    TryDemo,
    /// Leave the demo.
    LeaveDemo,
    /// Show or hide the form that asks for a fleet.
    AskForFleet(bool),
    /// Let the user choose the key file of a fleet.
    ChooseKeyFile,
    /// Watch this fleet.
    WatchFleet(FleetPlace),
    /// Stop watching the fleet, whose machines keep working.
    LeaveFleet,
    /// Open the guide.
    Help,
    /// Show or hide the box about the program.
    About(bool),
    /// Light, dark, or as the system is.
    Theme(egui::ThemePreference),
}

/// What the chosen accounts are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Purpose {
    /// To be migrated: those that are not complete.
    #[default]
    Migrate,
    /// To be migrated once more, for the mail that came since: those that are complete.
    LastPass,
    /// To be compared on both servers: those that are complete.
    Verify,
}

/// What the user can ask of a run while it is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunCommand {
    /// Copy nothing until the user lets it continue.
    Pause,
    /// Continue after a pause.
    Continue,
    /// Leave an account alone: settle what is in flight of it, then bring the others forward.
    Skip(AccountId),
    /// Continue an account that was skipped.
    TakeUp(AccountId),
    /// End every wait for a server.
    TryNow,
    /// Stop: start nothing new and settle what is in flight.
    Stop,
    /// Stop, and close the window when the run has ended.
    StopAndClose,
}
