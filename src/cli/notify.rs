//! `--notify`: starts a program of the user's after a run has ended or could not start.
//!
//! - Its words are split at spaces and never pass a shell.
//! - Its environment holds the outcome of the run, and never a secret, neither ours nor that of a database.
//! - It cannot delay the program for long, and its failure does not change the exit status.

use super::exit_code::ExitStatus;
use super::{Refusal, terminal};
use crate::migrate;
use crate::progress::{AccountEnd, RunKind, RunState};
use crate::report::{REPORT_PAGE, REPORT_TEXT, words};
use std::ffi::OsString;
use std::process::{Child, ExitStatus as ProgramStatus};
use std::time::{Duration, Instant};

/// A command that has not ended by then runs on, and nobody waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the command finds in its environment, by name.
type Facts = Vec<(&'static str, OsString)>;

/// Checks the command as typed.
pub(super) fn parse(line: &str) -> Result<String, String> {
    migrate::typed_command(line).map(|_| line.to_owned())
}

/// Starts the command after a run, and waits for its end. A usage error is not a run.
pub(super) fn after(line: &str, kind: RunKind, ended: &Result<(RunState, ExitStatus), Refusal>) {
    let facts = match ended {
        Ok((state, status)) => of_run(kind, state, *status),
        Err(refusal) if refusal.ending == ExitStatus::Usage => return,
        Err(refusal) => without_run(kind, "could_not_start", &refusal.sentence, refusal.ending),
    };
    if let Err(what) = start(line, facts) {
        terminal::complain(format!("--notify: {what}."));
    }
}

fn of_run(kind: RunKind, state: &RunState, status: ExitStatus) -> Facts {
    let Some(info) = &state.info else {
        // Nobody waited for its end.
        return without_run(kind, "stopped", "Stopped by the user.", status);
    };
    let mut facts = without_run(kind, words::verdict_code(state.verdict()), &words::verdict(state), status);
    facts.extend([
        ("KIMT_ACCOUNTS", state.accounts.len().to_string().into()),
        ("KIMT_ACCOUNTS_COMPLETE", state.count_ended(AccountEnd::Complete).to_string().into()),
        ("KIMT_REPORT", info.log_folder.join(REPORT_TEXT).into_os_string()),
        ("KIMT_REPORT_PAGE", info.log_folder.join(REPORT_PAGE).into_os_string()),
    ]);
    facts
}

fn without_run(kind: RunKind, verdict: &str, text: &str, status: ExitStatus) -> Facts {
    vec![
        ("KIMT_RUN", words::kind(kind).into()),
        ("KIMT_VERDICT", verdict.into()),
        ("KIMT_VERDICT_TEXT", terminal::shown(text).into()),
        ("KIMT_EXIT_STATUS", (status as u8).to_string().into()),
    ]
}

/// Starts it and waits. The error is what went wrong, without a full stop.
fn start(line: &str, facts: Facts) -> Result<(), String> {
    let (program, mut command) = migrate::typed_command(line)?;
    // The password of shared records, which is not one of ours by name.
    command.env_remove("PGPASSWORD").envs(facts);
    let child = command.spawn().map_err(|error| format!("the command {program} cannot be started: {error}"))?;
    match wait(child).map_err(|error| format!("the end of the command {program} cannot be awaited: {error}"))? {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(format!("the command {program} failed ({status})")),
        None => Err(format!("the command {program} has not ended after {} seconds and runs on", PATIENCE.as_secs())),
    }
}

fn wait(mut child: Child) -> std::io::Result<Option<ProgramStatus>> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match child.try_wait()? {
            Some(status) => return Ok(Some(status)),
            None if Instant::now() >= deadline => return Ok(None),
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}
