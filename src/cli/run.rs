//! One run from the command line: its log folder, its start, the user's signals, its end. Check, migrate, verify and the demo share
//! [`carry_out`].

use super::Refusal;
use super::exit_code::ExitStatus;
use super::progress::{self, Voice};
use super::signals::Signals;
use super::{conclusion, terminal};
use crate::domain::Problem;
use crate::logs;
use crate::migrate::{self, Observer, Request, Run};
use crate::progress::{RunState, Stamped};
use std::path::Path;
use std::time::Duration;

/// The end of a run and signals are noticed within this time.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Runs, reports, and returns the last state with its exit status. Calls `begun` once the run has begun. Creates the run's log folder below
/// `logs`, or in the usual place. `is_lost` says at the end whether a shared database has given up this machine. The caller holds the lock
/// of the request's state folder.
pub(super) fn carry_out(
    request: Request,
    logs: Option<&Path>,
    voice: Voice,
    signals: &Signals,
    begun: impl FnOnce(&Run),
    is_lost: &dyn Fn() -> bool,
) -> Result<(RunState, ExitStatus), Refusal> {
    carry_out_for(request, logs, voice, signals, begun, is_lost, None)
}

/// The same, with a further observer of every event.
pub(super) fn carry_out_for(
    request: Request,
    logs: Option<&Path>,
    voice: Voice,
    signals: &Signals,
    begun: impl FnOnce(&Run),
    is_lost: &dyn Fn() -> bool,
    mut other: Option<Box<dyn Observer>>,
) -> Result<(RunState, ExitStatus), Refusal> {
    let could_not_start = |problem: Problem| Refusal::could_not_start(&problem);
    let log_folder = logs::start(logs).map_err(could_not_start)?;
    logs::hide(request.secrets());
    let (mut reporter, printing) = progress::prepare(voice);
    let observer = move |event: &Stamped, state: &RunState| {
        reporter.noted(event, state);
        if let Some(other) = &mut other {
            other.noted(event, state);
        }
    };
    let run = migrate::start(request, log_folder, Box::new(observer)).map_err(could_not_start)?;
    begun(&run);
    let printing = printing.begin(run.state());
    if let Err(error) = &printing {
        log::error!("progress cannot be printed: {error}");
    }
    if wait_for_end(&run, signals) == Wait::Abandoned {
        terminal::complain("Not waiting any longer. The next run asks the target about the messages in flight.");
        return Ok((RunState::default(), ExitStatus::Stopped));
    }
    let state = run.wait();
    if let Ok(printing) = printing {
        let _ = printing.join();
    }
    let ending = if is_lost() { ExitStatus::LeaseLost } else { ExitStatus::of(&state) };
    conclusion::report(&state, ending, voice);
    Ok((state, ending))
}

#[derive(Debug, PartialEq, Eq)]
enum Wait {
    Over,
    Abandoned,
}

/// Waits for the end of the run. The first signal stops it, the second cuts its connections, the third ends the wait.
fn wait_for_end(run: &Run, signals: &Signals) -> Wait {
    let mut asked = 0;
    while !run.is_finished() {
        if !signals.wait(LOOK_EVERY) {
            continue;
        }
        asked += 1;
        match asked {
            1 => {
                terminal::complain(
                    "Stopping: finishing the current messages. Press Ctrl+C again to cut the connections.",
                );
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
