//! How the program says the outcome of a run, an account or a folder.

use super::{count, counted, size, took};
use crate::domain::{FolderId, ItemKind, Mapping, Problem, ProblemKind, Reach, Severity, Side, printable};
use crate::progress::{
    AccountEnd, AccountState, FolderState, ItemTally, RunKind, RunState, Standing, Step, Verdict, Verify,
};

/// What the run came to, or how far it is: `All 38 accounts are complete. 212,430 messages, 31.4 GB, 2 h 12 min.`
pub fn verdict(state: &RunState) -> String {
    let (all, complete) = (state.accounts.len() as u64, u64::from(state.count_ended(AccountEnd::Complete)));
    let kind = kind_of(state);
    let verdict = state.verdict();
    let mut text = match verdict {
        Verdict::Running => {
            format!("The {} is running: {} {}.", self::kind(kind), of_all(complete, all), good(state, complete, all))
        }
        Verdict::CouldNotStart => "Nothing was done.".to_owned(),
        Verdict::AllComplete => {
            let who = if all == 1 { "The account is".to_owned() } else { format!("All {} accounts are", count(all)) };
            let done = settled(state, kind);
            format!("{who} {}. {done}, {}.", good_word(state), took(state.now))
        }
        Verdict::SomeIncomplete => {
            let need = all - complete.min(all);
            let needs = if need == 1 { "needs" } else { "need" };
            format!("{} {}; {} {needs} you.", of_all(complete, all), good(state, complete, all), count(need))
        }
        Verdict::Stopped => {
            let not_started = u64::from(state.count_not_started());
            let begun = all.saturating_sub(complete + not_started);
            format!(
                "Stopped by the user: {} {}; {} begun and can be continued later, {} not started.",
                of_all(complete, all),
                good(state, complete, all),
                if begun == 1 { "1 was".to_owned() } else { format!("{} were", count(begun)) },
                if not_started == 1 { "1 was".to_owned() } else { format!("{} were", count(not_started)) }
            )
        }
    };
    if let Some(problem) = state.problems.iter().find(|problem| problem.severity() == Severity::Error) {
        text.push(' ');
        text.push_str(&printable(&problem.sentence()));
    }
    match state.info.as_ref().map_or(0, |info| info.bad_lines.len()) {
        0 => {}
        bad => text.push_str(&format!(" {} of the CSV file could not be used.", counted(bad as u64, "line"))),
    }
    text
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
        RunKind::Verify => format!(
            "{} of {} on the source are equal on the target, each {how}.",
            count(checked),
            counted(state.tally.expected.messages, "message")
        ),
        RunKind::Migrate if verify == Verify::None => {
            "Nothing was read back: a message counts as copied because the target confirmed it.".to_owned()
        }
        RunKind::Migrate => {
            let there = state.tally.found.messages + state.tally.copied.messages;
            let read = if verify == Verify::Content { "read back from the target and " } else { "" };
            format!("{} of {} were {read}{how}.", count(checked), counted(there.max(checked), "message"))
        }
    }
}

/// The state of an account: `Complete`, `Complete except 2 messages`, `Copying Archive/2021`, `Failed: …`.
///
/// `now`, in milliseconds of the run, counts a wait down.
pub fn account_status(state: &RunState, account: &AccountState, now: u64) -> String {
    let kind = kind_of(state);
    let Some(end) = account.end else { return current_step(state, account, now) };
    match (end, kind) {
        (AccountEnd::Complete, RunKind::Check) => "Ready".to_owned(),
        (AccountEnd::Complete, RunKind::Migrate) => "Complete".to_owned(),
        (AccountEnd::Complete, RunKind::Verify) if is_marked(account) => "Complete".to_owned(),
        (AccountEnd::Complete, RunKind::Verify) => "Equal".to_owned(),
        (AccountEnd::Incomplete, RunKind::Verify) => match missing(account) {
            Some(what) => format!("Equal except {what}"),
            None => "Differs".to_owned(),
        },
        (AccountEnd::Incomplete, RunKind::Check) => match missing(account) {
            Some(what) => format!("Ready except {what}"),
            None => "Not ready".to_owned(),
        },
        (AccountEnd::Incomplete, RunKind::Migrate) => match missing(account) {
            Some(what) => format!("Complete except {what}"),
            None => "Not complete".to_owned(),
        },
        (AccountEnd::Failed, _) => match account.failure() {
            Some(problem) => format!("Failed: {}", printable(&problem.sentence())),
            None => "Failed".to_owned(),
        },
        (AccountEnd::Stopped, _) => "Stopped".to_owned(),
    }
}

/// The same as a stable word for programs.
pub fn account_status_code(account: &AccountState) -> &'static str {
    match account.end {
        Some(AccountEnd::Complete) => "complete",
        Some(AccountEnd::Incomplete) => "incomplete",
        Some(AccountEnd::Failed) => "failed",
        Some(AccountEnd::Stopped) => "stopped",
        None if account.started_at.is_some() => "running",
        None => "not_started",
    }
}

/// The state of an account in Kerio Connect before its mailbox starts.
pub fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Exists => "exists",
        Standing::WillBeCreated => "will be created",
        Standing::DomainWillBeCreated => "domain will be created",
        Standing::Cannot => "cannot be migrated",
    }
}

/// Why a folder goes where it goes; none for one that keeps its name.
pub fn mapping(folder: &FolderState) -> Option<String> {
    let why = match folder.mapping {
        Mapping::SameName => return None,
        Mapping::ByUse => "the target's folder for the same use",
        Mapping::ByName => "the target's folder for the same use, recognised by its name",
        Mapping::Reserved => "because the target reserves the old name for a folder of its own",
        Mapping::Adapted => "because the target does not accept the old name",
        Mapping::Clash => "because another folder already has the old name there",
        Mapping::ByRule => "by your rule",
        Mapping::Rest => "but only the messages that no other folder has",
        Mapping::AsBefore => "where an earlier run put it",
    };
    Some(format!("'{}' goes to '{}', {why}.", shown(&folder.source), shown(&folder.target)))
}

fn shown(path: &crate::domain::FolderPath) -> String {
    printable(&path.to_string())
}

fn kind_of(state: &RunState) -> RunKind {
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

/// Whether somebody has changed flags on the target, so that it is complete there and not equal.
fn is_marked(account: &AccountState) -> bool {
    account.problems.iter().any(|(_, problem)| problem.kind == ProblemKind::MarkedOnTarget)
}

/// `1 of 3 accounts is complete`, `0 of 1 account is complete`, `2 of 3 accounts are complete`.
fn good(state: &RunState, complete: u64, all: u64) -> String {
    format!("{} {}", if complete == 1 || all == 1 { "is" } else { "are" }, good_word(state))
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
    // Whoever asked for no calendars reads nothing of them.
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

/// What an account that reached its end lacks.
fn missing(account: &AccountState) -> Option<String> {
    let errors = account.problems.iter().map(|(_, problem)| problem).filter(|it| it.severity() == Severity::Error);
    let of_folders: Vec<&Problem> = errors.filter(|problem| problem.reach() == Reach::Folder).collect();
    let is_of_items = |problem: &&&Problem| problem.kind.is_about_items();
    let collections = of_folders.iter().filter(is_of_items).count() as u64;
    let folders = of_folders.len() as u64 - collections;
    let items = account.items.missing();
    let mut parts: Vec<String> =
        [(account.tally.failed, "message"), (folders, "folder"), (items, "calendar or contact item")]
            .into_iter()
            .filter(|(number, _)| *number > 0)
            .map(|(number, noun)| counted(number, noun))
            .collect();
    if items == 0 && collections > 0 {
        parts.push("calendars and contacts".to_owned());
    }
    let last = parts.pop()?;
    Some(if parts.is_empty() { last } else { format!("{} and {last}", parts.join(", ")) })
}

fn current_step(state: &RunState, account: &AccountState, now: u64) -> String {
    if let Some((side, until)) = account.waiting {
        let server = match side {
            Side::Administration => "Kerio Connect".to_owned(),
            side => format!("the {side}"),
        };
        return format!("Waiting for {server}, next try in {} s", until.saturating_sub(now).div_ceil(1000));
    }
    let folder =
        |id: FolderId| account.folder(id).map_or_else(String::new, |folder| format!(" {}", shown(&folder.source)));
    match account.step {
        _ if account.started_at.is_none() => if state.finished { "Not started" } else { "Waiting" }.to_owned(),
        Step::Waiting => "Starting".to_owned(),
        Step::CreatingAccount => "Creating account".to_owned(),
        Step::SigningIn => "Signing in".to_owned(),
        Step::Listing => "Listing folders".to_owned(),
        Step::Scanning(id) => format!("Reading{}", folder(id)),
        Step::Copying(id) => format!("Copying{}", folder(id)),
        Step::CopyingItems => "Calendars and contacts".to_owned(),
        Step::Checking(id) => format!("Checking{}", folder(id)),
    }
}
