//! `kimt fleet report`: the report of the whole fleet, put together from what its machines have reported, on any machine.

use super::args::ReportArguments;
use super::job_report::JobReport;
use super::jobs::{ended_at_once, info};
use super::setup::{self, JobContent, Setup};
use super::{place, times};
use crate::cli::exit_code::ExitStatus;
use crate::cli::progress::Voice;
use crate::cli::{Refusal, conclusion};
use crate::domain::{Problem, ProblemKind};
use crate::fleet::{Fleet, KnownJob};
use crate::logs;
use crate::progress::{AccountState, RunInfo, RunKind, RunState};
use crate::report::write_all;
use std::path::Path;

/// Writes the report and says what the fleet came to.
pub(super) fn report(typed: &ReportArguments) -> Result<ExitStatus, Refusal> {
    let fleet = place::keyed_fleet(&typed.keyed)?;
    let setup = place::setup(&fleet)?;
    let log_folder = logs::start(typed.log_dir.as_deref()).map_err(|problem| Refusal::could_not_start(&problem))?;
    let state = assemble(&fleet, setup, &log_folder, |state| state)?;
    write_all(&log_folder, &state).map_err(|error| {
        let problem = Problem::new(ProblemKind::LocalFile).at_path(log_folder.display()).saying(error);
        Refusal::could_not_start(&problem)
    })?;
    conclusion::report(&state, if typed.json { Voice::QuietJson } else { Voice::Plain });
    Ok(ExitStatus::of(&state))
}

/// The state of the fleet's task as one run; `keep` says what is kept of each account.
pub(super) fn assemble(
    fleet: &Fleet,
    setup: Setup,
    log_folder: &Path,
    keep: impl Fn(AccountState) -> AccountState,
) -> Result<RunState, Refusal> {
    let status = fleet.status().map_err(place::refused)?;
    let began = status.began.unwrap_or_default();
    let run = RunInfo {
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
        log_folder: log_folder.to_owned(),
        accounts: Vec::new(),
        bad_lines: setup.bad_lines,
        migration: None,
    };
    let (mut accounts, mut unreadable) = (Vec::new(), None);
    fleet
        .jobs(|job| match account(&job, began) {
            Ok(state) => accounts.push(keep(state)),
            Err(error) => unreadable = Some(error),
        })
        .map_err(place::refused)?;
    if let Some(error) = unreadable {
        return Err(Refusal::no_ledger(error));
    }
    Ok(RunState::assembled(run, accounts, status.task.is_some() && status.open() == 0))
}

/// What was last reported of an account, by a clock that began with the task.
fn account(job: &KnownJob, began: i64) -> Result<AccountState, String> {
    let content: JobContent = setup::read(job.content.as_deref().map_or(&[], Vec::as_slice))?;
    if job.is_lost {
        let problem = Problem::new(ProblemKind::Internal).for_account(&content.account.address);
        return Ok(ended_at_once(&content.account, problem));
    }
    match job.report.as_deref().filter(|_| job.is_of_task) {
        Some(report) => {
            let report: JobReport = setup::read(report)?;
            Ok(report.state.earlier_by(report.began.saturating_sub(began)))
        }
        None => Ok(AccountState::new(info(&content.account))),
    }
}
