//! The words, figures and signs of an account and its folders.

use super::super::super::widgets::sign::Mark;
use crate::domain::{FolderId, LeftOut, Problem, Severity};
use crate::progress::{AccountEnd, AccountState, FolderState, RunState, Step, Tally};
use crate::report::words;

/// The name of the filter that shows all accounts of a run, which may be only a part of its migration.
pub fn name_of_all(state: &RunState) -> &'static str {
    if words::whole_of(state).is_some() { "This run" } else { "All" }
}

/// The sign of an account in its run.
pub fn mark(state: &RunState, account: &AccountState) -> Mark {
    match account.end {
        Some(AccountEnd::Complete) => Mark::Good,
        Some(AccountEnd::Incomplete) => Mark::Warning,
        Some(AccountEnd::Failed) => Mark::Bad,
        Some(AccountEnd::Stopped) => Mark::Stopped,
        None if account.is_skipped() => Mark::Stopped,
        None if account.started_at.is_none() => Mark::Waiting,
        None if state.finished => Mark::Stopped,
        None if state.paused => Mark::Paused,
        None if account.waiting.is_some() => Mark::Clock,
        None => Mark::Busy,
    }
}

/// How far an account is, or why it is not complete, in a few words.
pub fn happened(state: &RunState, account: &AccountState, now: u64) -> String {
    match (reason(account), account.end) {
        (Some(problem), Some(AccountEnd::Failed)) => format!("Failed: {}", problem.brief()),
        (Some(problem), Some(AccountEnd::Incomplete)) => {
            format!("{}: {}", words::account_status(state, account, now), problem.brief())
        }
        _ => words::account_status(state, account, now),
    }
}

/// The messages that are on the target.
pub fn arrived(tally: &Tally) -> u64 {
    match tally.found.messages + tally.copied.messages {
        0 => tally.checked.messages,
        messages => messages,
    }
}

pub(super) fn why_left_out(left_out: &LeftOut) -> String {
    format!("Not copied: {}.", left_out.reason.sentence())
}

/// Where a folder goes, and what is being done with it; with `holds`, also how many messages it has on the target.
pub(super) fn goes_to(folder: &FolderState, step: Step, id: FolderId, holds: bool) -> String {
    let doing = match folder.target_messages {
        Some(messages) if holds => format!("holds {}", words::count(messages)),
        Some(_) => String::new(),
        None if folder.finished => String::new(),
        None if step == Step::Copying(id) => "being copied".to_owned(),
        None if step == Step::Checking(id) => "being checked".to_owned(),
        None if step == Step::OpeningLast(id) => "being opened, last".to_owned(),
        None if step == Step::Scanning(id) => "being read".to_owned(),
        None if !folder.counted => "not counted yet".to_owned(),
        None if holds && arrived(&folder.tally) == 0 => "waits".to_owned(),
        None => String::new(),
    };
    if doing.is_empty() { folder.target.to_string() } else { format!("{} · {doing}", folder.target) }
}

/// The problem that best explains why an account is not complete.
pub fn reason(account: &AccountState) -> Option<&Problem> {
    account.failure().or_else(|| {
        account.problems.iter().map(|(_, problem)| problem).find(|problem| problem.severity() == Severity::Error)
    })
}
