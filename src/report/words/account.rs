//! How the program says what an account or a folder does, and what became of it.

use super::counted;
use super::sentences::{is_marked, kind_of};
use crate::domain::{FolderId, Mapping, Problem, Reach, Severity, Side, printable};
use crate::progress::{
    AccountEnd, AccountState, FolderState, RunKind, RunState, Skip, Step, UserState, Wait, WaitReason,
};

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
            // A condition of the server is reported once, elsewhere.
            Some(problem) if problem.is_of_every_account() => format!("Failed: {}", problem.brief()),
            Some(problem) => format!("Failed: {}", printable(&problem.sentence())),
            None => "Failed".to_owned(),
        },
        (AccountEnd::Stopped, _) if account.is_skipped() => "Skipped".to_owned(),
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
pub fn user_state(user_state: UserState) -> &'static str {
    match user_state {
        UserState::Exists => "exists",
        UserState::WillBeCreated => "will be created",
        UserState::DomainWillBeCreated => "domain will be created",
        UserState::Cannot => "cannot be migrated",
    }
}

/// An account as a report names it: `ann@old.example to ann@new.example (Ann Keller, line 3)`.
pub fn account_name(account: &AccountState) -> String {
    let info = &account.info;
    let full_name = if info.full_name.is_empty() { String::new() } else { format!("{}, ", info.full_name) };
    let target = info.target_address.as_ref().map(|target| format!(" to {target}")).unwrap_or_default();
    format!("{}{target} ({full_name}line {})", info.address, info.line)
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

/// What a finished account lacks.
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

/// What an account waits for, and how much longer at `now`, in milliseconds of the run.
pub fn waiting(wait: Wait, now: u64) -> String {
    let (server, seconds) = (server(wait.side), wait.seconds(now));
    match wait.why {
        _ if seconds == 0 => format!("Waiting for {server}; other accounts come first"),
        WaitReason::ServerFailed => format!("Waiting for {server}, next try in {seconds} s"),
        WaitReason::ServerAsked => format!("Waiting {seconds} s, as {server} asks for"),
        WaitReason::OwnChoice => format!("Pausing {seconds} s so that {server} does not lock this computer out"),
    }
}

/// A server in the middle of a sentence.
pub fn server(side: Side) -> String {
    match side {
        Side::Administration => "Kerio Connect".to_owned(),
        side => format!("the {side}"),
    }
}

/// A server that does not answer, at the beginning of a sentence.
pub fn silent_server(side: Side) -> String {
    match side {
        Side::Administration => "Kerio Connect's administration".to_owned(),
        side => format!("The {side}"),
    }
}

fn current_step(state: &RunState, account: &AccountState, now: u64) -> String {
    match account.skip {
        Skip::No => {}
        Skip::Requested => return "Skipping: finishing the current messages".to_owned(),
        Skip::Skipped => return "Skipped".to_owned(),
    }
    if let Some(wait) = account.waiting.filter(|_| !state.finished) {
        return waiting(wait, now);
    }
    let folder =
        |id: FolderId| account.folder(id).map_or_else(String::new, |folder| format!(" {}", shown(&folder.source)));
    match account.step {
        _ if account.started_at.is_none() => if state.finished { "Not started" } else { "Waiting" }.to_owned(),
        // The run ended without waiting for this account.
        _ if state.finished => "Stopped".to_owned(),
        Step::Waiting => "Starting".to_owned(),
        Step::CreatingAccount => "Creating account".to_owned(),
        Step::SigningIn => "Signing in".to_owned(),
        Step::Listing => "Listing folders".to_owned(),
        Step::Scanning(id) => format!("Reading{}", folder(id)),
        Step::OpeningLast(id) => format!("Opening{} last, for up to {} min", folder(id), Step::MINUTES_ALONE),
        Step::Copying(id) => format!("Copying{}", folder(id)),
        Step::CopyingItems => "Calendars and contacts".to_owned(),
        Step::Checking(id) => format!("Checking{}", folder(id)),
    }
}
