//! The command line: everything the window does, for terminals and scripts, with the same engine.
//!
//! Promises the exit statuses and the last line of `--json` as `--help` documents them, prints no secret, and continues a migration
//! whose reader went away. This is the only module that prints.

mod args;
mod conclusion;
mod connections;
mod copying;
mod demo;
mod documents;
mod exit_code;
mod fleet;
mod groupware;
mod lines;
mod live;
mod migrations;
mod notify;
mod password;
mod port;
mod progress;
mod record;
mod remembered;
mod request;
mod run;
mod selection;
mod servers;
mod shared_ledger;
mod sign_in;
mod signals;
mod terminal;
mod window;

pub use args::VERSION;

use crate::domain::{AccountNames, Problem};
use crate::instance::Instance;
use crate::migrate::{AccountList, Options, Request, Run, Servers, Verify};
use crate::migration::{Files, Migration, WrongServers};
use crate::progress::{RunKind, RunState};
use crate::settings;
use args::{Arguments, Command, MigrateArguments, TaskArguments, VerifyArguments};
use clap::Parser;
use exit_code::ExitStatus;
use progress::Voice;
use signals::Signals;
use std::ffi::OsString;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Runs the command that the arguments name and returns its exit status. The first argument is the program's name. Without a command the
/// window opens.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if arguments.len() < 2 {
        return window::open().unwrap_or_else(Refusal::report).into();
    }
    let ended = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => carry_out(arguments.command).unwrap_or_else(Refusal::report),
        Err(error) => {
            // Help and version are errors here too. A closed pipe is not a failure.
            let _ = error.print();
            if error.use_stderr() { ExitStatus::Usage } else { ExitStatus::Complete }
        }
    };
    ended.into()
}

fn carry_out(command: Command) -> Result<ExitStatus, Refusal> {
    match command {
        Command::Demo(typed) => demo::run(typed),
        Command::Check(task) => run_one(RunKind::Check, Ways::default(), task),
        Command::Migrate(MigrateArguments { task, copying }) => run_one(RunKind::Migrate, copying.into(), task),
        Command::Verify(VerifyArguments { task, verify }) => {
            run_one(RunKind::Verify, Ways { verify: verify.into(), ..Ways::default() }, task)
        }
        Command::RestorePort(typed) => port::restore(typed),
        Command::Migrations(typed) => migrations::list(typed),
        Command::Completions(typed) => Ok(documents::completions(typed)),
        Command::Documents(typed) => documents::write(&typed),
        Command::Fleet(typed) => fleet::run(typed),
    }
}

/// How mailboxes are migrated or compared.
#[derive(Default)]
struct Ways {
    verify: Verify,
    repair: bool,
    follow_deletions: bool,
}

fn run_one(kind: RunKind, ways: Ways, mut task: TaskArguments) -> Result<ExitStatus, Refusal> {
    let notify = task.run.notify.take();
    let ended = run_task(kind, ways, task);
    if let Some(command) = notify {
        notify::after(&command, kind, &ended);
    }
    ended.map(|(_, status)| status)
}

fn run_task(kind: RunKind, ways: Ways, task: TaskArguments) -> Result<(RunState, ExitStatus), Refusal> {
    let TaskArguments { mut servers, mut groupware, selection, run: typed } = task;
    let state_folder = state_folder(typed.state_dir.clone())?;
    let record = record::named(typed.migration.as_deref(), &state_folder).map_err(Refusal::no_ledger)?;
    let of_servers =
        record::servers(&mut servers, typed.migration.as_deref(), record.as_ref()).map_err(Refusal::usage)?;
    let as_before = record::settings(&mut servers, &mut groupware, record.as_ref());
    let own_passwords = servers.source_sign_in.needs_own_passwords();
    let no_passwords = !own_passwords && !servers.target_sign_in.needs_own_passwords();
    let listed = record::accounts(&typed, record.as_ref(), no_passwords).map_err(Refusal::usage)?;
    let (selection, rules) = record::rules(&selection, record.as_ref()).map_err(Refusal::usage)?;
    let record::Listed { mut file, path, said } = listed;
    if own_passwords {
        file.require_passwords();
    }
    // Said before anything else can fail.
    if !typed.quiet {
        of_servers.iter().chain(&as_before).chain(&said).chain(&rules).for_each(terminal::complain);
        request::understood(&file, kind, &typed.only).iter().for_each(terminal::complain);
    }
    let list = AccountList {
        file: path,
        people: file.accounts.iter().map(AccountNames::from).collect(),
        migration: typed.migration.clone(),
    };
    let request::Chosen { accounts, not_chosen, bad_lines } =
        request::chosen(file, &typed.only).map_err(Refusal::usage)?;
    let groupware = groupware::read(groupware, servers.allow_cleartext_passwords).map_err(Refusal::usage)?;
    let servers = request::servers(servers).map_err(Refusal::usage)?;
    let _instance = claim(&state_folder)?;
    port::remind(kind, &servers, &state_folder);
    check_name(&list, &servers, &state_folder)?;
    let mut options = Options {
        jobs: typed.jobs,
        verify: ways.verify,
        repair: ways.repair,
        follow_deletions: ways.follow_deletions,
        groupware,
        shared_mailboxes: typed.allow_shared_mailboxes,
        ..Options::in_folder(state_folder)
    };
    let database = typed.ledger.as_deref().map(|address| shared_ledger::open(address, kind, &servers)).transpose()?;
    if let Some(database) = &database {
        options.records = shared_ledger::records(database, &options.state_folder);
    }
    let request = Request { not_chosen, bad_lines, selection, list, ..Request::of(kind, servers, accounts, options) };
    let voice = Voice::choose(typed.json, typed.quiet);
    let begun = |run: &Run| database.iter().for_each(|database| shared_ledger::stop_on_loss(database, run));
    let is_lost = || database.as_ref().is_some_and(|database| !database.holds());
    let ended = run::carry_out(request, typed.log_dir.as_deref(), voice, &Signals::catch(), begun, &is_lost)?;
    if let Some(database) = database.filter(|_| ended.1 == ExitStatus::LeaseLost) {
        shared_ledger::say_lost(database.address());
    }
    Ok(ended)
}

/// Refuses the name of a migration between other servers.
fn check_name(list: &AccountList, servers: &Servers, state_folder: &Path) -> Result<(), Refusal> {
    let Some(name) = list.migration.as_deref() else { return Ok(()) };
    let (source, target) = (servers.source.address.to_string(), servers.target.address.to_string());
    match Migration::find(&Files::in_folder(state_folder), Some(name), (&source, &target)) {
        Ok(_) => Ok(()),
        Err(WrongServers { source, target }) => Err(Refusal::usage(format!(
            "--migration: '{name}' goes from {source} to {target}. Choose another name, or leave the option out."
        ))),
    }
}

/// The folder of the ledger and the known certificates: as typed, or the user's own.
fn state_folder(typed: Option<PathBuf>) -> Result<PathBuf, Refusal> {
    match typed {
        Some(folder) => Ok(folder),
        None => settings::folders().map(|folders| folders.state).map_err(|problem| Refusal::could_not_start(&problem)),
    }
}

/// Claims the state folder for this process.
fn claim(state_folder: &Path) -> Result<Instance, Refusal> {
    Instance::claim(state_folder).map_err(|problem| Refusal::could_not_start(&problem))
}

/// Why a command ends before its run starts.
#[derive(Debug)]
struct Refusal {
    ending: ExitStatus,
    sentence: String,
}

impl Refusal {
    fn usage(sentence: impl Into<String>) -> Self {
        Self { ending: ExitStatus::Usage, sentence: sentence.into() }
    }

    fn could_not_start(problem: &Problem) -> Self {
        Self { ending: ExitStatus::CouldNotStart, sentence: problem.to_string() }
    }

    fn no_ledger(sentence: impl Into<String>) -> Self {
        Self { ending: ExitStatus::CouldNotStart, sentence: sentence.into() }
    }

    fn no_window(sentence: impl Into<String>) -> Self {
        Self { ending: ExitStatus::CouldNotStart, sentence: sentence.into() }
    }

    /// Prints the sentence; returns the exit status.
    fn report(self) -> ExitStatus {
        terminal::complain(self.sentence);
        self.ending
    }
}

/// An error as a sentence, with a capital and a full stop.
fn sentence(error: &dyn Display) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let capital: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{capital}{}{end}", letters.as_str())
}
