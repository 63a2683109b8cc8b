//! Whether the target has enough free space for what is to be copied, as far as it says so: by QUOTA (RFC 9208), or by its directory.

use crate::domain::{Account, AccountId, Folder, Note, Problem, ProblemKind, Side};
use crate::ledger::{Ledger, LedgerError};
use crate::migrate::context::RunContext;
use crate::migrate::target::directory::Room;

/// How many of a folder's `bytes` on the source are not on the target yet.
pub fn still_to_copy(ledger: &Ledger, folder: &Folder, bytes: u64) -> Result<u64, LedgerError> {
    let there = match ledger.folder(folder) {
        Some(record) => ledger.done_counts(&record)?.1,
        None => 0,
    };
    Ok(bytes.saturating_sub(there))
}

/// Reports when less is free than is needed.
pub fn report_too_small(context: &RunContext, id: AccountId, account: &Account, needed: u64, room: Room) {
    let Room { free, at_most } = room;
    if needed <= free {
        return;
    }
    let problem = Problem::new(ProblemKind::QuotaTooSmall).on(Side::Target).for_account(account.target());
    context.report_problem(id, None, problem.noting(Note::RoomNeeded { needed, free, at_most }));
}
