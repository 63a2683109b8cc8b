//! One run from the command line: the lock, the log folder, the start, the user's signals, the end.
//!
//! Check, migrate, verify and the demo all come through [`carry_out`].

use super::Refusal;
use super::ending::Ending;
use super::progress::{self, Voice};
use super::signals::Signals;
use super::{conclusion, terminal};
use crate::domain::{Account, BadLine, Secret, Selection};
use crate::logs;
use crate::migrate::{self, Options, Request, Run, Servers, Verify};
use crate::progress::{RunKind, RunState};
use std::path::PathBuf;
use std::time::Duration;

/// How soon the end of a run and a signal are noticed.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What is to be done.
pub(super) struct Task {
    pub(super) kind: RunKind,
    pub(super) servers: Servers,
    pub(super) accounts: Vec<Account>,
    pub(super) bad_lines: Vec<BadLine>,
    pub(super) selection: Selection,
    pub(super) jobs: u32,
    pub(super) verify: Verify,
    pub(super) repair: bool,
    /// The ledger and the known certificates; the caller holds its lock.
    pub(super) state_folder: PathBuf,
    /// Where the run's log folder is made; none for the usual place.
    pub(super) log_base: Option<PathBuf>,
}

/// Runs, tells, and returns the last state with the exit status that it means.
pub(super) fn carry_out(task: Task, voice: Voice, signals: &Signals) -> Result<(RunState, Ending), Refusal> {
    let log_folder = logs::start(task.log_base.as_deref()).map_err(|problem| Refusal::could_not_start(&problem))?;
    logs::hide(secrets(&task));
    let request = Request {
        kind: task.kind,
        servers: task.servers,
        accounts: task.accounts,
        known_octets: Vec::new(),
        bad_lines: task.bad_lines,
        selection: task.selection,
        options: Options {
            jobs: task.jobs,
            verify: task.verify,
            repair: task.repair,
            ..Options::in_folders(task.state_folder, log_folder)
        },
    };
    let (teller, printing) = progress::prepare(voice);
    let run = migrate::start(request, Box::new(teller)).map_err(|problem| Refusal::could_not_start(&problem))?;
    let printing = printing.begin(run.state());
    if let Err(error) = &printing {
        log::error!("progress cannot be printed: {error}");
    }
    if wait_for_end(&run, signals) == Wait::Abandoned {
        terminal::complain(
            "Not waited any longer. The next run asks the target what became of the messages in flight.",
        );
        return Ok((RunState::default(), Ending::Stopped));
    }
    let state = run.wait();
    if let Ok(printing) = printing {
        let _ = printing.join();
    }
    conclusion::tell(&state, voice);
    let ending = Ending::of(&state);
    Ok((state, ending))
}

/// Every secret of the task with the name it belongs to, for the log to hide.
fn secrets(task: &Task) -> Vec<(String, &Secret)> {
    let accounts = task.accounts.iter().map(|account| (account.address.to_string(), &account.password));
    accounts.chain(task.servers.secrets()).collect()
}

#[derive(Debug, PartialEq, Eq)]
enum Wait {
    Over,
    Abandoned,
}

/// Waits for the end of the run. The first signal stops it, the second cuts its connections, the third waits no longer.
fn wait_for_end(run: &Run, signals: &Signals) -> Wait {
    let mut asked = 0;
    while !run.is_finished() {
        if !signals.wait(LOOK_EVERY) {
            continue;
        }
        asked += 1;
        match asked {
            1 => {
                terminal::complain("Stopping: messages in flight are settled. Once more cuts the connections.");
                run.stop();
            }
            2 => {
                terminal::complain("Cutting the connections.");
                run.stop_now();
            }
            _ => return Wait::Abandoned,
        }
    }
    Wait::Over
}
