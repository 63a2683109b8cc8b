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
    /// Repeat the test of the servers that are not ready, after the user has decided something about them.
    TestRest,
    /// Show the accounts if both servers are ready; test them first if needed.
    Next,
    /// Stop waiting for the test.
    CancelTest,
    /// Trust a certificate from now on, and continue with what waited for it.
    Trust(Box<Doubt>),
    /// Let the user choose the client certificate for that side's server.
    ChooseCertificate(Side),
    /// Set *Use SSL connection* of that side, and test it again.
    UseSsl(Side, bool),
    /// Put back Kerio Connect's IMAP port that an earlier run left changed.
    RestorePort,
    /// Look once more for what earlier runs left behind.
    LookAgain,
    /// Load the list of the migration with this name, and choose the accounts for this purpose.
    ContinueMigration(String, Purpose),
    /// Stop offering this migration until the program starts again.
    HideMigration(String),
    /// Choose the accounts of the loaded list for this purpose.
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
    /// Use the correction that was typed; with the flag, try the account again at once.
    UseCorrection(bool),
    /// Migrate the account with this key once more.
    TryAgain(String),
    /// Write the list with its corrections into a file.
    SaveList,
    /// Plan a start for later.
    PlanStart,
    /// Close the window although a start is planned.
    CloseAnyway,
    /// Start what page 2 is for with the chosen accounts.
    Start,
    /// Start this at once with every account of the loaded list that qualifies.
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
    /// Migrate the incomplete accounts again.
    MigrateIncomplete,
    /// Do not start the run that waits for another one to end.
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
    /// Use light or dark colours, or follow the system.
    Theme(egui::ThemePreference),
}

/// What the chosen accounts are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Purpose {
    /// Migrate those that are not complete.
    #[default]
    Migrate,
    /// Migrate those that are complete once more, for the mail that has arrived since.
    LastPass,
    /// Compare those that are complete on both servers.
    Verify,
}

/// What the user can ask of a run while it is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunCommand {
    /// Copy nothing until the user lets it continue.
    Pause,
    /// Continue after a pause.
    Continue,
    /// Skip an account: settle its messages in flight, then work on the others.
    Skip(AccountId),
    /// Continue an account that was skipped.
    TakeUp(AccountId),
    /// End every wait that a server caused.
    TryNow,
    /// Stop: start nothing new, and settle the messages in flight.
    Stop,
    /// Stop, and close the window when the run has ended.
    StopAndClose,
}
