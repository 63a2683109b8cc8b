//! Whether the target announces enough free space for what is left to copy, by QUOTA (RFC 9208) or by its directory.

use crate::domain::{Account, AccountId, Folder, Note, Problem, ProblemKind, Side};
use crate::ledger::{Ledger, LedgerError};
use crate::migrate::context::RunContext;
use crate::migrate::target::directory::{Free, Room};
use crate::progress::Counts;

/// How much of a source folder's content is not on the target yet.
pub fn still_to_copy(ledger: &Ledger, folder: &Folder, all: Counts) -> Result<Counts, LedgerError> {
    let (messages, bytes) = match ledger.folder(folder) {
        Some(record) => ledger.done_counts(&record)?,
        None => (0, 0),
    };
    Ok(Counts { messages: all.messages.saturating_sub(messages), bytes: all.bytes.saturating_sub(bytes) })
}

/// Reports if less is free than needed.
pub fn report_too_small(context: &RunContext, id: AccountId, account: &Account, needed: Counts, room: Room) {
    let Counts { messages, bytes } = needed;
    let lacking = |needed: u64, free: Option<Free>| free.filter(|it| needed > it.free);
    let note = match (lacking(bytes, room.bytes), lacking(messages, room.messages)) {
        (Some(Free { free, at_most }), _) => Note::RoomNeeded { needed: bytes, free, at_most },
        (None, Some(Free { free, at_most })) => Note::MessagesNeeded { needed: messages, free, at_most },
        (None, None) => return,
    };
    let problem = Problem::new(ProblemKind::QuotaTooSmall).on(Side::Target).for_account(account.target());
    context.report_problem(id, None, problem.noting(note));
}
