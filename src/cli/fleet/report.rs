//! `kimt fleet report`: the report of the whole fleet, put together on any machine from what all have reported.

use super::args::ReportArguments;
use super::job_report::JobReport;
use super::jobs::{failed_at_once, info};
use super::setup::{self, JobContent, Setup};
use super::{facts, place, times};
use crate::cli::exit_code::ExitStatus;
use crate::cli::progress::Voice;
use crate::cli::{Refusal, conclusion};
use crate::domain::{FleetFault, Note, OwnFile, Problem, ProblemKind, Sealed};
use crate::fleet::{Fleet, KnownJob, Status, Wish};
use crate::ledger::LedgerError;
use crate::logs;
use crate::progress::{AccountEnd, AccountInfo, AccountState, RunInfo, RunKind, RunState, Step};
use crate::report::write_all;
use std::path::Path;

/// Writes the report and says what the fleet came to.
pub(super) fn report(typed: &ReportArguments) -> Result<ExitStatus, Refusal> {
    let fleet = place::keyed_fleet(&typed.keyed)?;
    let state = write(&fleet, typed.log_dir.as_deref())?;
    conclusion::report(&state, ExitStatus::of(&state), if typed.json { Voice::QuietJson } else { Voice::Plain });
    Ok(ExitStatus::of(&state))
}

/// Writes the report of the whole fleet into a folder of its own below `logs`, or in the usual place.
pub(super) fn write(fleet: &Fleet, logs: Option<&Path>) -> Result<RunState, Refusal> {
    let setup = place::setup(fleet)?;
    let log_folder = logs::start(logs).map_err(|problem| Refusal::could_not_start(&problem))?;
    let state = assemble(fleet, &setup, &log_folder)?;
    write_all(&log_folder, &state).map_err(|error| {
        let problem = Problem::new(ProblemKind::LocalFile).at_path(log_folder.display()).saying(error);
        Refusal::could_not_start(&problem)
    })?;
    Ok(state)
}

/// The state of the fleet's task as one run.
fn assemble(fleet: &Fleet, setup: &Setup, log_folder: &Path) -> Result<RunState, Refusal> {
    let status = fleet.status().map_err(place::refused)?;
    let (mut accounts, mut unreadable) = (Vec::new(), None);
    fleet
        .jobs(|job| match account(&job, &status) {
            Ok(state) => accounts.push(state),
            Err(error) => unreadable = Some(error),
        })
        .map_err(place::refused)?;
    if let Some(error) = unreadable {
        return Err(place::refused(error));
    }
    let info = RunInfo { log_folder: log_folder.to_owned(), ..run_info(&status, setup) };
    let mut state = RunState::assembled(info, accounts, status.task.is_some() && status.open() == 0);
    facts::take(fleet, status.pass, &mut state).map_err(place::refused)?;
    Ok(state)
}

/// The fleet's task as a run, without its accounts.
pub(super) fn run_info(status: &Status, setup: &Setup) -> RunInfo {
    RunInfo {
        kind: match status.task.as_deref() {
            Some("check") => RunKind::Check,
            Some("verify") => RunKind::Verify,
            _ => RunKind::Migrate,
        },
        started: status.began.map(times::show_moment).unwrap_or_default(),
        source: setup.servers.source.address.to_string(),
        target: setup.servers.target.address.to_string(),
        jobs: u32::try_from(status.workers.len()).unwrap_or_default(),
        verify: setup.verify,
        log_folder: Default::default(),
        accounts: Vec::new(),
        bad_lines: setup.bad_lines.clone(),
        migration: None,
    }
}

/// An account's last report, by a clock that began with the task.
///
/// - An account without an end that nobody works on was left by a machine that vanished: it waits for another one.
/// - An account that failed and will be tried again waits, too. After a stop, both count as stopped.
/// - An account whose row somebody has altered has failed, whatever the row says. If even its name cannot be read, its number takes the
///   name's place.
pub(super) fn account(job: &KnownJob, status: &Status) -> Result<AccountState, LedgerError> {
    if job.is_altered {
        return Ok(altered(job));
    }
    let content: JobContent = setup::read(job.content.as_deref().map_or(&[], Vec::as_slice))?;
    let machine = job.machine.clone();
    if job.is_lost {
        let problem = Problem::new(ProblemKind::Internal).for_account(&content.account.address);
        return Ok(AccountState { machine, ..failed_at_once(info(&content.account), problem) });
    }
    let Some(report) = job.report.as_deref().filter(|_| job.is_of_task) else {
        let machine = if job.is_held { machine } else { String::new() };
        return Ok(AccountState { machine, ..AccountState::new(info(&content.account)) });
    };
    let report: JobReport = setup::read(report)?;
    let mut state = report.state.earlier_by(report.began.saturating_sub(status.began.unwrap_or_default()));
    state.machine = machine;
    let is_left = job.is_open && !job.is_held;
    if is_left && matches!(state.end, None | Some(AccountEnd::Failed | AccountEnd::Stopped)) {
        let continues = matches!(status.wish, Wish::Run | Wish::Pause);
        (state.waiting, state.step) = (None, Step::Waiting);
        match continues {
            true => (state.started_at, state.ended_at, state.end) = (None, None, None),
            false if state.started_at.is_some() => state.end = Some(AccountEnd::Stopped),
            false => {}
        }
    }
    Ok(state)
}

fn altered(job: &KnownJob) -> AccountState {
    let known: Option<JobContent> = job.content.as_deref().and_then(|text| setup::read(text).ok());
    let fault = FleetFault::Altered { what: Sealed::Job { number: job.ordinal } };
    let problem = Problem::new(ProblemKind::LocalFile).at_path(OwnFile::Record).noting(Note::Record(fault.into()));
    let info = known.map_or_else(
        || AccountInfo {
            address: format!("job {}", job.ordinal),
            full_name: String::new(),
            target_address: None,
            line: 0,
        },
        |content| info(&content.account),
    );
    failed_at_once(info, problem)
}
