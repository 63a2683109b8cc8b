//! Why a file could not be opened, and whether it may still be intact.

use super::super::LedgerError;
use super::database_error;
use crate::domain::{RecordDamage, RecordFault};
use rusqlite::ErrorCode;
use std::path::Path;

/// Why a file could not be opened.
pub(super) enum Unusable {
    /// It may be intact, but cannot be opened now.
    Refused(LedgerError),
    /// It is not a complete record of this mailbox in a known format.
    Damaged(RecordDamage),
}

/// Why a file is not ready.
pub(super) enum Failure {
    Database(rusqlite::Error),
    Content(RecordDamage),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Failure::Database(error)
    }
}

/// Decides whether a file that SQLite cannot open may be intact.
pub(super) fn judge(path: &Path, error: rusqlite::Error) -> Unusable {
    let extended = error.sqlite_error().map(|error| error.extended_code);
    match error.sqlite_error_code() {
        // The file could be opened for writing, so only its header forbids it: one bit of it says that a later version of SQLite must write.
        Some(ErrorCode::ReadOnly) if extended == Some(rusqlite::ffi::SQLITE_READONLY) => {
            Unusable::Damaged(RecordDamage::Unreadable { why: error.to_string() })
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Unusable::Refused(LedgerError::new(RecordFault::FileInUse { path: path.display().to_string() }))
        }
        Some(
            ErrorCode::DiskFull
            | ErrorCode::ReadOnly
            | ErrorCode::PermissionDenied
            | ErrorCode::CannotOpen
            | ErrorCode::SystemIoFailure
            | ErrorCode::OutOfMemory,
        ) => Unusable::Refused(database_error(path, error)),
        _ => Unusable::Damaged(RecordDamage::Unreadable { why: error.to_string() }),
    }
}
