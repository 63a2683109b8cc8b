//! How the program says the outcome of a run.

use super::{count, counted, size, took};
use crate::domain::{ItemKind, ProblemKind, Severity, capitalised, printable};
use crate::progress::{
    AccountEnd, AccountStage, AccountState, ItemTally, RunKind, RunState, Stages, Verdict, Verify, Whole,
};

/// What the run came to, or how far it is: `All 38 accounts are complete. 212,430 messages, 31.4 GB, 2 h 12 min.`
pub fn verdict(state: &RunState) -> String {
    let (all, complete) = (state.accounts.len() as u64, u64::from(state.count_ended(AccountEnd::Complete)));
    let kind = kind_of(state);
    let verdict = state.verdict();
    let whole = whole_of(state);
    let mut text = match (verdict, whole) {
        (Verdict::CouldNotStart, _) => "Nothing was done.".to_owned(),
        (Verdict::Running, Some(whole)) => format!("The migration is running: {}.", complete_of(whole)),
        (Verdict::Running, None) => {
            format!("The {} is running: {} {}.", self::kind(kind), of_all(complete, all), good(state, complete, all))
        }
        (Verdict::AllComplete, Some(whole)) if whole.stages.complete == whole.stages.all() => {
            let done = settled(state, kind);
            let now = count(u64::from(whole.complete_now));
            format!(
                "All {} are complete ({now} in this run). {done}, {}.",
                counted(u64::from(whole.stages.all()), "account"),
                took(state.now)
            )
        }
        (Verdict::AllComplete, None) => {
            let who = if all == 1 { "The account is".to_owned() } else { format!("All {} accounts are", count(all)) };
            let done = settled(state, kind);
            format!("{who} {}. {done}, {}.", good_word(state), took(state.now))
        }
        (Verdict::Stopped, Some(whole)) => format!("Stopped by the user: {}.{}", complete_of(whole), open_of(whole)),
        (_, Some(whole)) => format!("{}.{}", capitalised(&complete_of(whole)), open_of(whole)),
        (Verdict::SomeIncomplete, None) => {
            let need = all.saturating_sub(complete + u64::from(state.count_skipped()));
            let needs = if need == 1 { "needs" } else { "need" };
            let need = if need > 0 { format!("; {} {needs} you", count(need)) } else { String::new() };
            format!("{} {}{need}.", of_all(complete, all), good(state, complete, all))
        }
        (Verdict::Stopped, None) => {
            let stages = Stages {
                complete: state.count_ended(AccountEnd::Complete),
                need_attention: state.count_ended(AccountEnd::Failed) + state.count_ended(AccountEnd::Incomplete),
                not_started: state.count_not_started(),
                begun: 0,
            };
            let begun = (all as u32).saturating_sub(stages.all());
            let open = open_of(Whole { stages: Stages { begun, ..stages }, complete_now: 0 });
            format!("Stopped by the user: {} {}.{open}", of_all(complete, all), good(state, complete, all))
        }
    };
    if let Some(problem) = state.problems.iter().find(|problem| problem.severity() == Severity::Error) {
        text.push(' ');
        text.push_str(&printable(&problem.sentence()));
    }
    text.push_str(&skipped_of(state));
    text.push_str(&verified_of(state));
    match state.info.as_ref().map_or(0, |info| info.bad_lines.len()) {
        0 => {}
        bad => text.push_str(&format!(" {} of the CSV file could not be used.", counted(bad as u64, "line"))),
    }
    text
}

/// The whole migration, where it is more than this run: then every verdict begins with it.
pub fn whole_of(state: &RunState) -> Option<Whole> {
    let is_more = |whole: &Whole| {
        whole.stages.all() as usize != state.accounts.len() || whole.stages.complete != whole.complete_now
    };
    state.whole().filter(|whole| kind_of(state) == RunKind::Migrate && is_more(whole))
}

/// ` You skipped 2 accounts in this run.`; empty if there is none.
fn skipped_of(state: &RunState) -> String {
    match state.count_skipped() {
        0 => String::new(),
        skipped => format!(" You skipped {} in this run.", counted(u64::from(skipped), "account")),
    }
}

/// ` 48 of the 60 accounts of the migration are verified.`; empty unless the run compared a part of them.
fn verified_of(state: &RunState) -> String {
    let (Some(whole), Some(verified)) = (state.whole(), state.verified()) else { return String::new() };
    let all = whole.stages.all();
    if kind_of(state) != RunKind::Verify || all as usize == state.accounts.len() {
        return String::new();
    }
    let are = if verified == 1 { "is" } else { "are" };
    let (verified, all) = (count(u64::from(verified)), count(u64::from(all)));
    format!(" {verified} of the {all} accounts of the migration {are} verified.")
}

/// `57 of 60 accounts are complete (32 in this run)`.
fn complete_of(whole: Whole) -> String {
    let (complete, all) = (u64::from(whole.stages.complete), u64::from(whole.stages.all()));
    let now = count(u64::from(whole.complete_now));
    format!("{} {} ({now} in this run)", of_all(complete, all), is_complete(complete, all))
}

/// How far a migration is while a run works on a part of it: `25 of 60 accounts of the migration are complete`.
pub fn progress(whole: Whole) -> String {
    let (complete, all) = (u64::from(whole.stages.complete), u64::from(whole.stages.all()));
    format!("{} of the migration {}", of_all(complete, all), is_complete(complete, all))
}

/// ` 3 need you, 1 was begun, 12 were not started.`; empty if nothing is open.
fn open_of(whole: Whole) -> String {
    let part = |number: u32, one: &str, many: &str| match number {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{} {many}", count(u64::from(number)))),
    };
    let parts = [
        part(whole.stages.need_attention, "needs you", "need you"),
        part(whole.stages.begun, "was begun and continues later", "were begun and continue later"),
        part(whole.stages.not_started, "was not started", "were not started"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { String::new() } else { format!(" {}.", parts.join(", ")) }
}

/// The stage of an account over all runs as a stable word for programs.
pub fn stage_code(stage: Option<AccountStage>) -> &'static str {
    match stage {
        None => "",
        Some(AccountStage::NotStarted) => "not_started",
        Some(AccountStage::Begun) => "begun",
        Some(AccountStage::Complete) => "complete",
        Some(AccountStage::NeedsAttention) => "needs_attention",
    }
}

/// What is open of a migration: `3 need you, 1 was begun and continues later.`; empty if nothing is.
pub fn open(stages: Stages) -> String {
    open_of(Whole { stages, complete_now: 0 }).trim_start().to_owned()
}

/// A migration in the list of migrations: `57 of 60 accounts are complete. 3 need you.`
pub fn migration(stages: Stages) -> String {
    let (complete, all) = (u64::from(stages.complete), u64::from(stages.all()));
    let open = open_of(Whole { stages, complete_now: 0 });
    format!("{} {}.{open}", of_all(complete, all), is_complete(complete, all))
}

/// The verdict as a stable word for programs.
pub fn verdict_code(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Running => "running",
        Verdict::AllComplete => "all_complete",
        Verdict::SomeIncomplete => "some_incomplete",
        Verdict::Stopped => "stopped",
        Verdict::CouldNotStart => "could_not_start",
    }
}

/// What the run does, as a noun.
pub fn kind(kind: RunKind) -> &'static str {
    match kind {
        RunKind::Check => "check",
        RunKind::Migrate => "migration",
        RunKind::Verify => "comparison",
    }
}

/// What was compared, and how.
pub fn comparison(state: &RunState) -> String {
    let checked = state.tally.checked.messages;
    let verify = state.info.as_ref().map_or(Verify::Content, |info| info.verify);
    let how = match verify {
        Verify::Content => "compared by content",
        Verify::Size => "compared by size",
        Verify::None => "compared",
    };
    match kind_of(state) {
        RunKind::Check => "Nothing was copied or changed.".to_owned(),
        RunKind::Verify => {
            let all = state.tally.expected.messages;
            let (are, each) = if checked == 1 || all == 1 { ("is", "") } else { ("are", "each ") };
            let (checked, all) = (count(checked), counted(all, "message"));
            format!("{checked} of {all} on the source {are} equal on the target, {each}{how}.")
        }
        RunKind::Migrate if verify == Verify::None => {
            "Nothing was read back: a message counts as copied because the target confirmed it.".to_owned()
        }
        RunKind::Migrate => {
            let there = state.tally.found.messages + state.tally.copied.messages;
            let read = if verify == Verify::Content { "read back from the target and " } else { "" };
            let before = state.tally.compared_before.min(there.saturating_sub(checked));
            let never = there.saturating_sub(checked + before);
            let was = |number: u64| if number == 1 { "was" } else { "were" };
            // The whole comes first: those of this run and of earlier ones together.
            let compared = checked + before;
            let were = was(if there.max(checked) == 1 { 1 } else { compared });
            let all = counted(there.max(checked), "message");
            let when = match before {
                0 => String::new(),
                before => format!(": {} in this run, {} in earlier runs", count(checked), count(before)),
            };
            let never = match never {
                0 => String::new(),
                never => format!("; {} never {}", count(never), was(never)),
            };
            format!("{} of {all} {were} {read}{how}{when}{never}.", count(compared))
        }
    }
}

/// That the licence has too few seats for those who need one: `50 free licence seats for 60 new users.` None while there are enough.
pub fn missing_seats(state: &RunState) -> Option<String> {
    let (free, new) = state.missing_seats()?;
    let seats = if free == 0 { "No free licence seat".to_owned() } else { counted(free, "free licence seat") };
    Some(format!("{seats} for {}: {} cannot be created.", counted(new, "new user"), count(new - free)))
}

/// What the run does; a migration before it is known.
pub fn kind_of(state: &RunState) -> RunKind {
    state.info.as_ref().map_or(RunKind::Migrate, |info| info.kind)
}

/// `36 of 38 accounts`.
fn of_all(complete: u64, all: u64) -> String {
    format!("{} of {}", count(complete), counted(all, "account"))
}

fn good_word(state: &RunState) -> &'static str {
    match kind_of(state) {
        RunKind::Check => "ready to migrate",
        RunKind::Migrate => "complete",
        RunKind::Verify if state.accounts.iter().any(is_marked) => "complete on the target",
        RunKind::Verify => "equal on both servers",
    }
}

/// Whether somebody has changed flags or filed messages on the target, so that the account is complete there and not equal.
pub(super) fn is_marked(account: &AccountState) -> bool {
    let is_change = |kind| matches!(kind, ProblemKind::MarkedOnTarget | ProblemKind::MessageFiled);
    account.problems.iter().any(|(_, problem)| is_change(problem.kind))
}

/// `1 of 3 accounts is complete`, `0 of 1 account is complete`, `2 of 3 accounts are complete`.
fn good(state: &RunState, complete: u64, all: u64) -> String {
    format!("{} {}", if complete == 1 || all == 1 { "is" } else { "are" }, good_word(state))
}

/// `is complete` or `are complete`, as [`good`] says it of a migration.
fn is_complete(complete: u64, all: u64) -> &'static str {
    if complete == 1 || all == 1 { "is complete" } else { "are complete" }
}

/// The messages and bytes that the verdict speaks of.
fn settled(state: &RunState, kind: RunKind) -> String {
    let tally = &state.tally;
    let (messages, bytes) = match kind {
        RunKind::Check => (tally.expected.messages, tally.expected.bytes),
        RunKind::Migrate => (tally.found.messages + tally.copied.messages, tally.found.bytes + tally.copied.bytes),
        RunKind::Verify => (tally.checked.messages, tally.checked.bytes),
    };
    let items = match kind {
        RunKind::Check => state.items.expected(),
        RunKind::Migrate | RunKind::Verify => state.items.copied + state.items.already_there,
    };
    // A run without calendars does not mention them.
    let items = if state.items.is_empty() {
        String::new()
    } else {
        format!(", {}", counted(items, "calendar or contact item"))
    };
    format!("{}, {}{items}", counted(messages, "message"), size(bytes))
}

/// Events, tasks and contacts on the source: `3 events, 1 task, 20 contacts`.
pub fn items(tally: &ItemTally) -> String {
    let of = |kind: ItemKind| counted(tally.of(kind), &kind.to_string());
    [ItemKind::Event, ItemKind::Task, ItemKind::Contact].map(of).join(", ")
}

/// What became of events, tasks and contacts: `20 copied, 3 there already, 1 not copied`.
pub fn items_settled(tally: &ItemTally) -> String {
    let parts = [
        (tally.copied, "copied"),
        (tally.already_there, "there already"),
        (tally.different, "with other content on the target"),
        (tally.altered, "altered on the target"),
        (tally.left_out, "left out"),
        (tally.failed, "not on the target"),
    ];
    let said: Vec<String> =
        parts.iter().filter(|(items, _)| *items > 0).map(|(items, what)| format!("{} {what}", count(*items))).collect();
    if said.is_empty() { "nothing to do".to_owned() } else { said.join(", ") }
}
