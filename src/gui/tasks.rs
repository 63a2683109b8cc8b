//! The window's tasks: short work that may wait for a server, a disk or a person. Runs are in `running`.
//!
//! A method starts each task; its result arrives as [`News`]. Only the latest task of each kind counts.

mod leftovers;
mod news;
#[cfg(test)]
mod tests;

use super::files::{self, Picked};
use super::folders::Folders;
use super::own_log::OwnLog;
use super::practice::Practice;
use super::task::Task;
use crate::accounts::{self, AccountsFile, Choice};
use crate::domain::{Doubt, Finding, Problem, Side, Sign};
use crate::guide;
use crate::instance::Instance;
use crate::logs;
use crate::migrate::{self, Groupware, RestoredPort, Servers};
use crate::migration::Migration;
use crate::report::words;
use egui::Context;
pub use leftovers::Leftovers;
use leftovers::{leftovers, migrations};
pub use news::News;
use std::io;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Shown if the changed port belongs to none of the servers on page 1.
const OTHER_SERVER: &str = "The changed port belongs to another server. Fill in that Kerio Connect as the target, with its administrator, then put the port back.";

type Findings = Task<Vec<Finding>>;
type Loaded = Task<Result<(PathBuf, Box<AccountsFile>), Problem>>;

/// The tasks in progress.
pub struct Tasks {
    context: Context,
    folders: Folders,
    /// The log of the tasks that contact servers.
    pub log: OwnLog,
    tests: Vec<(Side, u64, Findings)>,
    trusting: Option<Task<Result<Box<Doubt>, Problem>>>,
    picking: Option<Task<Picked>>,
    /// How to read the columns of the file being chosen.
    columns: Choice,
    picking_certificate: Option<(Side, Task<Picked>)>,
    picking_key: Option<Task<Picked>>,
    loading: Option<Loaded>,
    saving: Option<Task<Result<Picked, String>>>,
    saving_list: Option<Task<Result<Picked, String>>>,
    opening: Option<Task<Result<(), String>>>,
    starting_demo: Option<Task<Result<Box<Practice>, String>>>,
    looking: Option<Task<Leftovers>>,
    reading: Option<Task<Vec<Migration>>>,
    restoring: Option<Task<Result<RestoredPort, String>>>,
}

impl Tasks {
    /// No task yet.
    pub fn new(context: &Context, folders: Folders) -> Self {
        Self {
            context: context.clone(),
            log: OwnLog::new(folders.chosen_logs()),
            folders,
            tests: Vec::new(),
            trusting: None,
            picking: None,
            columns: Choice::default(),
            picking_certificate: None,
            picking_key: None,
            loading: None,
            saving: None,
            saving_list: None,
            opening: None,
            starting_demo: None,
            looking: None,
            reading: None,
            restoring: None,
        }
    }

    fn begin<T: Send + 'static>(&self, name: &str, work: impl FnOnce() -> T + Send + 'static) -> io::Result<Task<T>> {
        let context = self.context.clone();
        Task::start(name, move || context.request_repaint(), work)
    }

    /// Tests the connections to both servers at the same time; each result carries its number from `tests`.
    pub fn test(&mut self, servers: &Servers, groupware: &Groupware, tests: &[(Side, u64)]) -> io::Result<()> {
        for &(side, revision) in tests {
            self.tests.retain(|(tested, _, _)| *tested != side);
            let test = if side == Side::Source { migrate::test_source } else { migrate::test_target };
            let (servers, groupware) = (servers.clone(), groupware.clone());
            let (state, begin_log) = (self.folders.state.clone(), self.log.beginning());
            let work = move || {
                begin_log();
                logs::hide(servers.secrets());
                let mut findings = test(&servers, &state);
                // A server that cannot be reached for mail is not asked for calendars.
                if findings.iter().all(|finding| finding.sign() != Sign::Bad) {
                    findings.extend(migrate::test_calendars(side, &servers, &groupware, &state));
                }
                for finding in &findings {
                    log::info!("test of the {side} server: {:?}: {}", finding.sign(), words::finding(finding));
                }
                findings
            };
            self.tests.push((side, revision, self.begin("connection test", work)?));
        }
        Ok(())
    }

    /// Stops waiting for the tests.
    pub fn forget_tests(&mut self) {
        self.tests.clear();
    }

    /// Trusts a certificate.
    pub fn trust(&mut self, doubt: Doubt) -> io::Result<()> {
        let (state, begin_log) = (self.folders.state.clone(), self.log.beginning());
        let trust = move || {
            begin_log();
            log::info!("trusting {} at {}:{}", doubt.details.fingerprint, doubt.host, doubt.port);
            migrate::trust(&state, &doubt).map(|()| Box::new(doubt))
        };
        self.trusting = Some(self.begin("trust", trust)?);
        Ok(())
    }

    /// Looks for leftovers of earlier runs.
    pub fn look_for_leftovers(&mut self) -> io::Result<()> {
        let state = self.folders.state.clone();
        self.looking = Some(self.begin("leftovers", move || leftovers(&state))?);
        Ok(())
    }

    /// Reads the state of the migrations after a run.
    pub fn read_migrations(&mut self) -> io::Result<()> {
        let state = self.folders.state.clone();
        self.reading = Some(self.begin("migrations", move || migrations(&state))?);
        Ok(())
    }

    /// Puts the port back.
    pub fn restore_port(&mut self, servers: Servers) -> io::Result<()> {
        let (state, begin_log) = (self.folders.state.clone(), self.log.beginning());
        let restore = move || {
            begin_log();
            logs::hide(servers.secrets());
            let said = |problem: Problem| problem.to_string();
            let _instance = Instance::claim(&state).map_err(said)?;
            let restored = migrate::restore_port(&servers, &state).map_err(said)?;
            restored.ok_or_else(|| OTHER_SERVER.to_owned())
        };
        self.restoring = Some(self.begin("restore port", restore)?);
        Ok(())
    }

    /// Lets the user choose a file of accounts, and reads it.
    pub fn pick(&mut self, folder: Option<&Path>, columns: Choice) -> io::Result<()> {
        self.columns = columns;
        self.picking = Some(files::pick(&self.context, folder)?);
        Ok(())
    }

    /// Lets the user choose a client certificate.
    pub fn pick_certificate(&mut self, side: Side) -> io::Result<()> {
        self.picking_certificate = Some((side, files::pick_certificate(&self.context)?));
        Ok(())
    }

    /// Lets the user choose a fleet's key file.
    pub fn pick_key(&mut self) -> io::Result<()> {
        self.picking_key = Some(files::pick_key(&self.context)?);
        Ok(())
    }

    /// Reads a file of accounts.
    pub fn load(&mut self, path: PathBuf, columns: Choice) -> io::Result<()> {
        let load = move || match accounts::load_as(&path, &columns) {
            Ok(file) => Ok((path, Box::new(file))),
            Err(error) => Err(error.problem()),
        };
        self.loading = Some(self.begin("load", load)?);
        Ok(())
    }

    /// Lets the user choose where to save the sample, and writes it.
    pub fn save_sample(&mut self) -> io::Result<()> {
        self.saving = Some(files::save_sample(&self.context)?);
        Ok(())
    }

    /// Lets the user choose where to save a list with its passwords, and writes it so that only this user can read it.
    pub fn save_list(&mut self, beside: PathBuf, text: Zeroizing<String>) -> io::Result<()> {
        self.saving_list = Some(files::save_list(&self.context, beside, text)?);
        Ok(())
    }

    /// Lets the user choose where to save accounts as CSV, and writes them.
    pub fn save_csv(&mut self, text: String) -> io::Result<()> {
        self.saving = Some(files::save(&self.context, ("Save the accounts", "accounts-result.csv"), text)?);
        Ok(())
    }

    /// Opens a file or folder with the system; `when` says when it will exist.
    pub fn open(&mut self, path: PathBuf, when: &'static str) -> io::Result<()> {
        self.opening = Some(files::open(&self.context, path, when)?);
        Ok(())
    }

    /// Starts the demo's servers.
    pub fn start_demo(&mut self) -> io::Result<()> {
        if self.starting_demo.is_none() {
            let start = || Practice::start().map(Box::new).map_err(|error| format!("The demo cannot start: {error}."));
            self.starting_demo = Some(self.begin("demo", start)?);
        }
        Ok(())
    }

    /// Writes this version's guide to the state folder and opens it.
    pub fn open_guide(&mut self) -> io::Result<()> {
        let path = self.folders.state.join("guide.html");
        self.opening = Some(files::open_page(&self.context, path, guide::page)?);
        Ok(())
    }
}
