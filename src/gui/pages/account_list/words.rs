//! The words, figures and signs of an account and its folders.

use super::super::super::widgets::sign::Mark;
use crate::domain::{FolderId, LeftOut, Problem, Severity};
use crate::progress::{AccountEnd, AccountState, FolderState, RunState, Step, Tally, WaitReason};
use crate::report::words;

/// The sign of an account, in a run that is `paused` or not.
pub fn mark(account: &AccountState, paused: bool) -> Mark {
    match account.end {
        Some(AccountEnd::Complete) => Mark::Good,
        Some(AccountEnd::Incomplete) => Mark::Warning,
        Some(AccountEnd::Failed) => Mark::Bad,
        Some(AccountEnd::Stopped) => Mark::Stopped,
        None if account.started_at.is_none() => Mark::Waiting,
        None if paused => Mark::Paused,
        None if account.waiting.is_some() => Mark::Clock,
        None => Mark::Busy,
    }
}

/// The status of an account in words that fit into a cell; a `narrow` one has no room for sentences.
pub fn status(state: &RunState, account: &AccountState, now: u64, narrow: bool) -> String {
    if let Some(wait) = account.waiting.filter(|_| narrow && account.end.is_none()) {
        let seconds = wait.seconds(now);
        return match wait.why {
            WaitReason::OwnChoice => format!("Pausing {seconds} s"),
            WaitReason::ServerFailed | WaitReason::ServerAsked => format!("Next try in {seconds} s"),
        };
    }
    match reason(account) {
        Some(problem) if account.end == Some(AccountEnd::Failed) => format!("Failed: {}", problem.brief()),
        _ => words::account_status(state, account, now),
    }
}

/// Why an account is not complete, in a few words.
pub fn happened(state: &RunState, account: &AccountState) -> String {
    let status = status(state, account, state.now, false);
    match reason(account) {
        Some(problem) if account.end == Some(AccountEnd::Incomplete) => format!("{status}: {}", problem.brief()),
        _ => status,
    }
}

/// What keeps an account from being complete, in words that are the same for all accounts with that cause, with a capital letter.
pub(super) fn cause(state: &RunState, account: &AccountState) -> String {
    let brief = reason(account).map_or_else(|| words::account_status(state, account, state.now), Problem::brief);
    let mut letters = brief.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What to do about a failed or incomplete account; empty if the run only has to continue.
pub(super) fn what_to_do(account: &AccountState) -> String {
    let advice = reason(account).map(Problem::advice).filter(|advice| !advice.is_empty());
    let went_wrong = matches!(account.end, Some(AccountEnd::Incomplete | AccountEnd::Failed));
    let again = Some("Migrate it again; it continues where it stopped.").filter(|_| went_wrong);
    advice.or(again).map_or_else(String::new, |advice| format!("What to do: {advice}"))
}

/// The messages that are on the target.
pub fn arrived(tally: &Tally) -> u64 {
    match tally.found.messages + tally.copied.messages {
        0 => tally.checked.messages,
        messages => messages,
    }
}

pub(super) fn expected(tally: &Tally) -> String {
    words::counted(tally.expected.messages, "message")
}

pub(super) fn why_left_out(left_out: &LeftOut) -> String {
    format!("Not copied: {}.", left_out.reason.sentence())
}

pub(super) fn folder_words(folder: &FolderState, step: Step, id: FolderId) -> String {
    let renamed = folder.source != folder.target;
    match (renamed, folder.target_messages) {
        (true, Some(holds)) => format!("goes to {}, which holds {}", folder.target, words::count(holds)),
        (true, None) => format!("goes to {}", folder.target),
        (false, Some(holds)) => format!("holds {} on the target", words::count(holds)),
        (false, None) if folder.finished => String::new(),
        (false, None) if step == Step::Copying(id) => "being copied".to_owned(),
        (false, None) if step == Step::Checking(id) => "being checked".to_owned(),
        (false, None) if step == Step::OpeningLast(id) => "being opened, last".to_owned(),
        (false, None) if step == Step::Scanning(id) => "being read".to_owned(),
        (false, None) if !folder.counted => "not counted yet".to_owned(),
        (false, None) if arrived(&folder.tally) == 0 => "waits".to_owned(),
        (false, None) => String::new(),
    }
}

/// The problem that best explains why an account is not complete.
pub fn reason(account: &AccountState) -> Option<&Problem> {
    account.failure().or_else(|| {
        account.problems.iter().map(|(_, problem)| problem).find(|problem| problem.severity() == Severity::Error)
    })
}
