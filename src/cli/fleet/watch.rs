//! `kimt fleet watch`: how far a fleet is and who works on it, again and again until its task is done. Needs no key: it shows only numbers
//! and names of machines.

use super::args::WatchArguments;
use super::place;
use crate::cli::exit_code::ExitStatus;
use crate::cli::{Refusal, terminal};
use crate::fleet::{Fleet, Status};
use crate::ledger::LedgerErrorKind;
use crate::report::words;
use serde::Serialize;
use std::time::{Duration, Instant};

/// How often the fleet is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// An unchanged state is reported again after this long.
const SAY_AGAIN: Duration = Duration::from_secs(60);

/// A look as a line of JSON. Names are stable; fields may be added.
#[derive(Serialize)]
struct Line<'a> {
    event: &'static str,
    name: &'a str,
    task: Option<&'a str>,
    wish: &'static str,
    finished: bool,
    accounts: Accounts,
    messages: Amount,
    bytes: Amount,
    workers: Vec<Worker<'a>>,
}

#[derive(Serialize)]
struct Accounts {
    all: u64,
    complete: u64,
    incomplete: u64,
    failed: u64,
    running: u64,
    waiting: u64,
    due_later: u64,
    not_begun: u64,
}

#[derive(Serialize)]
struct Amount {
    settled: u64,
    known: u64,
}

#[derive(Serialize)]
struct Worker<'a> {
    machine: &'a str,
    process: &'a str,
    mailboxes: u64,
    lease_seconds: i64,
    drained: bool,
}

/// Watches until the task is done.
pub(super) fn watch(typed: &WatchArguments) -> Result<ExitStatus, Refusal> {
    let fleet = place::fleet(&typed.place)?;
    let (mut said, mut said_at) = (String::new(), Instant::now());
    loop {
        match fleet.status() {
            Ok(status) => {
                let text = if typed.json { json(&fleet, &status) } else { sentences(&fleet, &status).join("\n") };
                if text != said || said_at.elapsed() >= SAY_AGAIN {
                    text.lines().for_each(terminal::say);
                    (said, said_at) = (text, Instant::now());
                }
                let is_over = status.task.is_some() && status.open() == 0;
                if typed.once || is_over || status.finished {
                    let all_complete = is_over && status.complete == status.jobs();
                    return Ok(if all_complete { ExitStatus::Complete } else { ExitStatus::Incomplete });
                }
            }
            Err(error) if error.kind() == LedgerErrorKind::Unreachable && !typed.once && fleet.database().holds() => {
                log::warn!("{error}");
            }
            Err(error) => return Err(place::refused(error)),
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

fn json(fleet: &Fleet, status: &Status) -> String {
    let workers = status.workers.iter().map(|worker| Worker {
        machine: &worker.machine,
        process: &worker.name,
        mailboxes: worker.jobs,
        lease_seconds: worker.lease as i64,
        drained: worker.drained,
    });
    let line = Line {
        event: "fleet",
        name: fleet.name(),
        task: status.task.as_deref(),
        wish: status.wish.word(),
        finished: status.finished,
        accounts: Accounts {
            all: status.jobs(),
            complete: status.complete,
            incomplete: status.incomplete,
            failed: status.failed + status.lost,
            running: status.held,
            waiting: status.waiting,
            due_later: status.later,
            not_begun: status.idle,
        },
        messages: Amount { settled: status.sums.settled_messages, known: status.sums.expected_messages },
        bytes: Amount { settled: status.sums.settled_bytes, known: status.sums.expected_bytes },
        workers: workers.collect(),
    };
    terminal::escaped(&serde_json::to_string(&line).unwrap_or_default()).to_string()
}

fn sentences(fleet: &Fleet, status: &Status) -> Vec<String> {
    let Status { task, wish, sums, .. } = status;
    let mut lines = vec![match task.as_deref() {
        _ if status.finished => format!("{}: finished.", fleet.name()),
        None => format!("{}: {}, nothing begun.", fleet.name(), words::counted(status.jobs(), "account")),
        Some(task) => format!(
            "{}: {task} ({}). {} of {} complete, {} running, {} waiting.",
            fleet.name(),
            wish.word(),
            words::count(status.complete),
            words::counted(status.jobs(), "account"),
            words::count(status.held),
            words::count(status.waiting)
        ),
    }];
    let need = status.incomplete + status.failed + status.lost;
    if need > 0 {
        lines.push(format!("  {} need attention; 'kimt fleet report' names them.", words::counted(need, "account")));
    }
    if let (1.., Some(due)) = (status.later, status.next_due) {
        let later = words::counted(status.later, "account");
        lines.push(format!("  {later} scheduled for later, the first in {}.", words::time_left(due.max(0.0) as u64)));
    }
    if sums.expected_messages > 0 {
        lines.push(format!(
            "  {} of {} settled, {} of {}.",
            words::count(sums.settled_messages),
            words::counted(sums.expected_messages, "message"),
            words::size(sums.settled_bytes),
            words::size(sums.expected_bytes)
        ));
    }
    for worker in &status.workers {
        let state = match (worker.lease < 0.0, worker.drained) {
            (true, _) => ", not responding",
            (false, true) => ", ends after these",
            (false, false) => "",
        };
        let mailboxes = if worker.jobs == 1 { "1 mailbox".to_owned() } else { format!("{} mailboxes", worker.jobs) };
        lines.push(format!("  {} {}: {mailboxes}{state}", worker.machine, worker.name));
    }
    lines
}
