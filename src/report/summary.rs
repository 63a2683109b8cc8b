//! The last line of `--json`: a run in a few numbers.

use super::{REPORT_TEXT, words};
use crate::progress::{AccountEnd, Followed, ItemTally, RunState};
use serde::Serialize;
use std::path::PathBuf;

/// A run in a few numbers, serialised as `{"event":"run_finished",…}`. Names are stable; fields may be added.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename = "run_finished")]
pub struct Summary {
    /// What the run came to: `all_complete`, `some_incomplete`, `stopped`, `could_not_start` or `running`.
    pub verdict: &'static str,
    /// The accounts.
    pub accounts: AccountTotals,
    /// The messages.
    pub messages: MessageTotals,
    /// Their bytes.
    pub bytes: ByteTotals,
    /// The events, tasks and contacts.
    pub items: ItemTally,
    /// What people did on the source since an earlier run.
    pub last_pass: Followed,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// Where report.txt is; none if it could not be written.
    pub report: Option<PathBuf>,
}

/// Accounts by how they ended. The sum is all accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct AccountTotals {
    /// Complete.
    pub ok: u32,
    /// Begun and not complete, because something is missing or the user stopped.
    pub incomplete: u32,
    /// Failed.
    pub failed: u32,
    /// Not begun.
    pub not_started: u32,
}

/// Messages by what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct MessageTotals {
    /// Copied in this run.
    pub copied: u64,
    /// On the target already.
    pub already_there: u64,
    /// Missing or altered on the target.
    pub failed: u64,
    /// Compared with what was sent or with the source, and right.
    pub checked: u64,
}

/// Bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ByteTotals {
    /// Of the messages copied in this run.
    pub copied: u64,
}

impl Summary {
    /// The summary of a state.
    pub fn of(state: &RunState) -> Self {
        let accounts = AccountTotals {
            ok: state.count_ended(AccountEnd::Complete),
            incomplete: state.accounts.iter().filter(|it| is_incomplete(it.started_at, it.end)).count() as u32,
            failed: state.count_ended(AccountEnd::Failed),
            not_started: state.accounts.iter().filter(|it| it.started_at.is_none() && it.end.is_none()).count() as u32,
        };
        let tally = &state.tally;
        Self {
            verdict: words::verdict_code(state.verdict()),
            accounts,
            messages: MessageTotals {
                copied: tally.copied.messages,
                already_there: tally.found.messages,
                failed: tally.failed,
                checked: tally.checked.messages,
            },
            items: state.items,
            last_pass: tally.followed,
            bytes: ByteTotals { copied: tally.copied.bytes },
            seconds: state.now as f64 / 1000.0,
            report: state.info.as_ref().map(|info| info.log_folder.join(REPORT_TEXT)),
        }
    }
}

fn is_incomplete(started: Option<u64>, end: Option<AccountEnd>) -> bool {
    match end {
        Some(AccountEnd::Incomplete | AccountEnd::Stopped) => true,
        Some(AccountEnd::Complete | AccountEnd::Failed) => false,
        None => started.is_some(),
    }
}
