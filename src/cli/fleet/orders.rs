//! Orders to the machines of a fleet: a task is begun, all are held, continued or stopped, one is drained, the fleet is finished.

use super::args::{
    DatabaseArguments, DrainArguments, MigrateOrderArguments, OrderArguments, PlaceArguments, StopArguments,
};
use super::place;
use crate::cli::exit_code::ExitStatus;
use crate::cli::{Refusal, terminal};
use crate::fleet::{Begun, Database, Fleet, Schedule, Wish};
use crate::report::words;

/// Begins a migration, once or on a schedule.
pub(super) fn migrate(typed: &MigrateOrderArguments) -> Result<ExitStatus, Refusal> {
    let schedule = typed.every.zip(typed.until);
    let schedule = schedule.map(|(every, until)| Schedule { every: f64::from(every), until: until as f64 });
    begin(&typed.order, "migrate", schedule)
}

/// Begins a task.
pub(super) fn begin(typed: &OrderArguments, task: &str, schedule: Option<Schedule>) -> Result<ExitStatus, Refusal> {
    let fleet = place::fleet(&typed.place)?;
    let said = match fleet.begin(task, &typed.wave, schedule).map_err(place::refused)? {
        Begun::Jobs(jobs) => {
            let doing = match task {
                "check" => "checked",
                "verify" => "compared",
                _ => "migrated",
            };
            let wait = match fleet.status().map_err(place::refused)?.workers.len() {
                0 => {
                    "No machine is working on the fleet yet: start 'kimt fleet work' on as many as you like.".to_owned()
                }
                workers => format!(
                    "{} on the fleet now.",
                    if workers == 1 {
                        "1 process is working".to_owned()
                    } else {
                        format!("{workers} processes are working")
                    }
                ),
            };
            terminal::say(format!(
                "{} of the fleet '{}' {} to be {doing}. {wait}",
                words::counted(jobs, "account"),
                fleet.name(),
                if jobs == 1 { "is" } else { "are" },
            ));
            return Ok(ExitStatus::Complete);
        }
        Begun::Busy => format!(
            "The fleet '{}' has not finished its last task. Wait for its end ('kimt fleet watch').",
            fleet.name()
        ),
        Begun::Finished => return Err(place::finished(&fleet)),
        Begun::NoSuchWave => "--wave: No account of the fleet is in these waves.".to_owned(),
    };
    Err(Refusal::usage(said))
}

/// Holds all machines.
pub(super) fn pause(typed: &PlaceArguments) -> Result<ExitStatus, Refusal> {
    wish(&place::fleet(typed)?, Wish::Pause, "All machines pause after the messages in flight.")
}

/// Lets them continue.
pub(super) fn resume(typed: &PlaceArguments) -> Result<ExitStatus, Refusal> {
    wish(&place::fleet(typed)?, Wish::Run, "The machines continue. Restart those that have ended.")
}

/// Lets them end.
pub(super) fn stop(typed: &StopArguments) -> Result<ExitStatus, Refusal> {
    let fleet = place::fleet(&typed.place)?;
    match typed.now {
        false => wish(&fleet, Wish::Stop, "All machines end when the messages in flight are settled."),
        true => wish(&fleet, Wish::Cut, "All machines cut their connections and end."),
    }
}

fn wish(fleet: &Fleet, wish: Wish, said: &str) -> Result<ExitStatus, Refusal> {
    if fleet.status().map_err(place::refused)?.finished {
        return Err(place::finished(fleet));
    }
    fleet.wish(wish).map_err(place::refused)?;
    terminal::say(said);
    Ok(ExitStatus::Complete)
}

/// Lets one machine end.
pub(super) fn drain(typed: &DrainArguments) -> Result<ExitStatus, Refusal> {
    let fleet = place::fleet(&typed.place)?;
    let drained = fleet.drain(&typed.machine).map_err(place::refused)?;
    if drained == 0 {
        return Err(Refusal::usage(format!(
            "No process is working on the fleet '{}' on a machine '{}'; 'kimt fleet watch' names the machines.",
            fleet.name(),
            typed.machine
        )));
    }
    terminal::say(format!(
        "The {} on {} {} after the mailboxes being worked on.",
        if drained == 1 { "process".to_owned() } else { format!("{drained} processes") },
        typed.machine,
        if drained == 1 { "ends" } else { "end" }
    ));
    Ok(ExitStatus::Complete)
}

/// Wipes what is sealed.
pub(super) fn finish(typed: &PlaceArguments) -> Result<ExitStatus, Refusal> {
    let fleet = place::fleet(typed)?;
    if !fleet.finish().map_err(place::refused)? {
        return Err(Refusal::usage(format!(
            "The fleet '{}' is being worked on. Let it end, or stop it first ('kimt fleet stop').",
            fleet.name()
        )));
    }
    terminal::say(format!(
        "The fleet '{}' is finished. Its passwords, accounts, servers and reports are wiped from the database; the record of what was copied \
         stays. Delete backups of the database and the key file yourself.",
        fleet.name()
    ));
    Ok(ExitStatus::Complete)
}

/// Brings the tables up to date.
pub(super) fn upgrade(typed: &DatabaseArguments) -> Result<ExitStatus, Refusal> {
    let version = Database::upgrade(&place::address(typed)?).map_err(place::refused)?;
    terminal::say(format!("The tables have version {version}."));
    Ok(ExitStatus::Complete)
}
