//! The window's tasks: everything short that may wait for a server, a disk or a person. Runs are in `running`.
//!
//! A method starts each task, and its result comes back as [`News`]. Of each kind only the latest task counts.

use super::files::{self, Picked};
use super::folders::Folders;
use super::own_log::OwnLog;
use super::pages::servers::{RestoreOffer, ServersPage};
use super::practice::Practice;
use super::task::{Progress, Task};
use crate::accounts::{self, AccountsFile, Choice};
use crate::domain::{Doubt, Finding, Problem, ProblemKind, Side, Sign};
use crate::guide;
use crate::instance::Instance;
use crate::logs;
use crate::migrate::{self, Groupware, RestoredPort, Servers};
use crate::migration::{self, Migration, Migrations};
use crate::report::words;
use egui::Context;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

/// The result of a task.
pub enum News {
    /// The log of the tasks is in this folder.
    Logged(PathBuf),
    /// A certificate is trusted from now on.
    Trusted(Box<Doubt>),
    /// A client certificate was chosen for that side.
    CertificateChosen(Side, PathBuf),
    /// The key file of a fleet was chosen.
    KeyFileChosen(PathBuf),
    /// The demo's servers run.
    DemoStarted(Box<Practice>),
    /// A sentence about something that failed.
    Failed(String),
    /// The system has no dialog for files.
    NoDialog,
    /// No file of accounts was chosen.
    NotChosen,
    /// The file of accounts cannot be read, in a sentence.
    NotRead(String),
    /// A file was chosen and is being read.
    Loading,
    /// A file of accounts was read.
    Loaded(PathBuf, Box<AccountsFile>),
    /// The corrected list was saved in this file.
    ListSaved(PathBuf),
    /// What earlier runs left behind.
    Leftovers(Box<Leftovers>),
    /// The migrations as a run has left them.
    Migrations(Vec<Migration>),
    /// The port is back: what it serves, and where.
    PortRestored(RestoredPort),
}

/// The answer when the changed port is not one of the servers on page 1.
const OTHER_SERVER: &str = "The changed port belongs to another server. Fill in that Kerio Connect as the target, with its administrator, then put the port back.";

/// So often, and in so much time, another window that opens lets go of the state folder.
const CLAIMS: u32 = 4;
const BETWEEN_CLAIMS: Duration = Duration::from_millis(150);

type Findings = Task<Vec<Finding>>;
type Loaded = Task<Result<(PathBuf, Box<AccountsFile>), Problem>>;

/// What earlier runs left behind.
#[derive(Debug, Default, PartialEq)]
pub struct Leftovers {
    /// A port that is still changed.
    pub port: Option<RestoreOffer>,
    /// The migrations that were begun, the one that was worked on last first.
    pub migrations: Vec<Migration>,
    /// Why nobody can know: another program works in the state folder, or the folder cannot be used.
    pub trouble: Option<Problem>,
}

/// The tasks under way.
pub struct Tasks {
    context: Context,
    folders: Folders,
    /// The log of the tasks that contact servers.
    pub log: OwnLog,
    tests: Vec<(Side, u64, Findings)>,
    trusting: Option<Task<Result<Box<Doubt>, Problem>>>,
    picking: Option<Task<Picked>>,
    /// How the columns of the file that is being chosen are read.
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

/// Takes the result out of a slot whose task has ended.
fn ended<T: Send + 'static>(slot: &mut Option<Task<T>>) -> Option<Result<T, String>> {
    let result = match slot.as_ref()?.poll() {
        Progress::Working => return None,
        Progress::Done(done) => Ok(done),
        Progress::Lost => Err(Problem::new(ProblemKind::Internal).to_string()),
    };
    *slot = None;
    Some(result)
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

    /// Tests the connections to both servers at the same time; each result carries the number given here.
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
                // What cannot be reached for mail is not asked for calendars.
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

    /// Looks for what earlier runs have left behind.
    pub fn look_for_leftovers(&mut self) -> io::Result<()> {
        let state = self.folders.state.clone();
        self.looking = Some(self.begin("leftovers", move || leftovers(&state))?);
        Ok(())
    }

    /// Reads how far the migrations are after a run.
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

    /// Lets the user choose the key file of a fleet.
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

    /// Lets the user choose where to save a list with its passwords, and writes it for this user alone.
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

    /// Starts the servers of the demo.
    pub fn start_demo(&mut self) -> io::Result<()> {
        if self.starting_demo.is_none() {
            let start = || Practice::start().map(Box::new).map_err(|error| format!("The demo cannot start: {error}."));
            self.starting_demo = Some(self.begin("demo", start)?);
        }
        Ok(())
    }

    /// Writes the guide into the folder of the state, so that it is that of this version, and opens it.
    pub fn open_guide(&mut self) -> io::Result<()> {
        let path = self.folders.state.join("guide.html");
        self.opening = Some(files::open_page(&self.context, path, guide::page)?);
        Ok(())
    }

    /// The news since the last call. Findings of tests go directly to the page.
    pub fn news(&mut self, servers: &mut ServersPage) -> Vec<News> {
        self.take_tests(servers);
        let mut news = Vec::new();
        match self.log.news() {
            Some(Ok(folder)) => news.push(News::Logged(folder)),
            Some(Err(sentence)) => news.push(News::Failed(sentence)),
            None => {}
        }
        if let Some(result) = ended(&mut self.trusting) {
            news.push(plain(result).map_or_else(News::Failed, News::Trusted));
        }
        if let Some(result) = ended(&mut self.restoring) {
            let restored = result.and_then(|restored| restored);
            if let (Err(_), Some(offer)) = (&restored, &mut servers.restore) {
                offer.working = false;
            }
            news.push(restored.map_or_else(News::Failed, News::PortRestored));
        }
        if let Some(Ok(leftovers)) = ended(&mut self.looking) {
            news.push(News::Leftovers(Box::new(leftovers)));
        }
        if let Some(Ok(migrations)) = ended(&mut self.reading) {
            news.push(News::Migrations(migrations));
        }
        if let Some(started) = ended(&mut self.starting_demo) {
            news.push(started.and_then(|started| started).map_or_else(News::Failed, News::DemoStarted));
        }
        if let Some(Ok(Err(sentence)) | Err(sentence)) = ended(&mut self.opening) {
            news.push(News::Failed(sentence));
        }
        match ended(&mut self.picking_key) {
            Some(Ok(Picked::File(path))) => news.push(News::KeyFileChosen(path)),
            Some(Ok(Picked::NoDialog) | Err(_)) => {
                let sentence = "This system has no dialog to choose a file. Type the path of the key file.";
                news.push(News::Failed(sentence.to_owned()));
            }
            Some(Ok(Picked::Cancelled)) | None => {}
        }
        self.take_certificate(&mut news);
        self.take_files(&mut news);
        news
    }

    fn take_certificate(&mut self, news: &mut Vec<News>) {
        let Some((side, task)) = self.picking_certificate.take() else { return };
        match task.poll() {
            Progress::Working => self.picking_certificate = Some((side, task)),
            Progress::Done(Picked::File(path)) => news.push(News::CertificateChosen(side, path)),
            Progress::Done(Picked::Cancelled) => {}
            Progress::Done(Picked::NoDialog) | Progress::Lost => news.push(News::NoDialog),
        }
    }

    fn take_files(&mut self, news: &mut Vec<News>) {
        match ended(&mut self.picking) {
            None => {}
            Some(Ok(Picked::File(path))) => {
                news.push(News::Loading);
                let columns = std::mem::take(&mut self.columns);
                if let Err(error) = self.load(path, columns) {
                    news.push(News::Failed(error.to_string()));
                }
            }
            Some(Ok(Picked::Cancelled)) => news.push(News::NotChosen),
            Some(Ok(Picked::NoDialog) | Err(_)) => news.push(News::NoDialog),
        }
        match ended(&mut self.loading) {
            None => {}
            Some(Ok(Ok((path, file)))) => news.push(News::Loaded(path, file)),
            Some(Ok(Err(problem))) => news.push(News::NotRead(problem.to_string())),
            Some(Err(sentence)) => news.push(News::NotRead(sentence)),
        }
        match ended(&mut self.saving_list) {
            Some(Ok(Err(sentence)) | Err(sentence)) => news.push(News::Failed(sentence)),
            Some(Ok(Ok(Picked::File(path)))) => news.push(News::ListSaved(path)),
            Some(Ok(Ok(Picked::Cancelled | Picked::NoDialog))) | None => {}
        }
        match ended(&mut self.saving) {
            Some(Ok(Err(sentence)) | Err(sentence)) => news.push(News::Failed(sentence)),
            Some(Ok(Ok(Picked::NoDialog))) => news.push(News::Failed(
                "This system has no dialog to save a file. Each line of the file reads user@domain.com;password;Full Name."
                    .to_owned(),
            )),
            Some(Ok(Ok(_))) | None => {}
        }
    }

    fn take_tests(&mut self, page: &mut ServersPage) {
        self.tests.retain(|(side, revision, task)| {
            let findings = match task.poll() {
                Progress::Working => {
                    page.running_for(task.elapsed());
                    return true;
                }
                Progress::Done(findings) => findings,
                Progress::Lost => vec![Finding::of(Problem::new(ProblemKind::Internal))],
            };
            page.take(*side, *revision, findings);
            false
        });
        if page.testing() {
            self.context.request_repaint_after(Duration::from_millis(250));
        }
    }
}

/// The result of a task that can fail in two ways.
fn plain<T>(result: Result<Result<T, Problem>, String>) -> Result<T, String> {
    result?.map_err(|problem| problem.to_string())
}

fn leftovers(state: &Path) -> Leftovers {
    // A program that holds the state folder is working with it: then nothing was left behind. Another window that opens at the same moment
    // holds it only for that moment.
    let mut claimed = Instance::claim(state);
    for _ in 0..CLAIMS {
        match &claimed {
            Err(problem) if problem.kind == ProblemKind::AlreadyRunning => std::thread::sleep(BETWEEN_CLAIMS),
            _ => break,
        }
        claimed = Instance::claim(state);
    }
    let _instance = match claimed {
        Ok(instance) => instance,
        Err(problem) => return Leftovers { trouble: Some(problem), ..Leftovers::default() },
    };
    let port = migrate::pending_port_restore(state).map(|port| RestoreOffer {
        sentence: format!(
            "The {} service of Kerio Connect at {} still listens on port {} instead of {}.",
            port.service, port.host, port.to, port.from
        ),
        working: false,
    });
    Leftovers { port, migrations: migrations(state), trouble: None }
}

fn migrations(state: &Path) -> Vec<Migration> {
    migration::Files::in_folder(state).all().unwrap_or_else(|error| {
        log::warn!("the records of migrations cannot be read: {error}");
        Vec::new()
    })
}

#[cfg(test)]
mod tests;
