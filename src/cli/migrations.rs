//! `kimt migrations`: the migrations of a state folder, how far each is, and when it was last worked on.

use super::args::MigrationsArguments;
use super::exit_code::ExitStatus;
use super::{Refusal, state_folder, terminal};
use crate::domain::{Problem, ProblemKind};
use crate::migration::{Damaged, Files, Migration, Migrations};
use crate::progress::Stages;
use crate::report::words;
use serde::Serialize;

/// A migration as a line of JSON. Names are stable; fields may be added.
#[derive(Serialize)]
struct Line<'a> {
    event: &'static str,
    name: &'a str,
    source: &'a str,
    target: &'a str,
    open: bool,
    accounts: u32,
    #[serde(flatten)]
    stages: Stages,
    runs: usize,
    last: &'a str,
}

/// Lists them, the most recently used first.
pub(super) fn list(typed: MigrationsArguments) -> Result<ExitStatus, Refusal> {
    let folder = state_folder(typed.state_dir)?;
    let files = Files::in_folder(&folder);
    let all = files.all().map_err(|error| {
        let problem = Problem::new(ProblemKind::LocalFile).at_path(folder.display()).saying(error);
        Refusal::could_not_start(&problem)
    })?;
    let damaged = files.damaged();
    for Damaged { path, why } in &damaged {
        terminal::complain(format!("{}: the record of a migration cannot be read: {why}.", path.display()));
    }
    if all.is_empty() && damaged.is_empty() && !typed.json {
        terminal::say("No migration has been started yet.");
    }
    for migration in &all {
        match typed.json {
            true => terminal::say(json(migration)),
            false => sentences(migration).into_iter().for_each(terminal::say),
        }
    }
    Ok(if damaged.is_empty() { ExitStatus::Complete } else { ExitStatus::Incomplete })
}

fn json(migration: &Migration) -> String {
    let stages = migration.stages();
    let line = Line {
        event: "migration",
        name: &migration.name,
        source: &migration.source,
        target: &migration.target,
        open: migration.is_open(),
        accounts: stages.all(),
        stages,
        runs: migration.runs.len(),
        last: migration.last(),
    };
    terminal::escaped(&serde_json::to_string(&line).unwrap_or_default()).to_string()
}

fn sentences(migration: &Migration) -> Vec<String> {
    let runs = words::counted(migration.runs.len() as u64, "run");
    let mut lines = vec![
        migration.name.clone(),
        format!("  {}", words::migration(migration.stages())),
        format!("  From {} to {}, {runs}, last on {}.", migration.source, migration.target, migration.last()),
    ];
    let needy = migration.accounts.values().filter_map(|account| Some((account, account.problem.as_ref()?)));
    lines.extend(needy.take(20).map(|(account, problem)| format!("  {}: {}", account.address, problem.sentence())));
    lines
}
