//! The tables of a ledger file, and opening one so that it is either usable or set aside, never half read.

use super::{LedgerError, MailboxKey};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::path::Path;

/// The format this program writes. Another number in the file means another program version.
const FORMAT: i64 = 1;

/// `state`: 0 intended, 1 done, 2 done and its content checked on the target.
/// `floor`: the target folder's UIDNEXT before the message was sent; it can only stand at that UID or later.
const TABLES: &str = "
CREATE TABLE mailbox (source TEXT NOT NULL, target TEXT NOT NULL, address TEXT NOT NULL);
CREATE TABLE folder (
    id INTEGER PRIMARY KEY,
    source_name BLOB NOT NULL UNIQUE,
    target_name BLOB NOT NULL,
    source_uid_validity INTEGER NOT NULL,
    target_uid_validity INTEGER NOT NULL,
    complete_uid_next INTEGER,
    complete_messages INTEGER
);
CREATE TABLE message (
    folder INTEGER NOT NULL REFERENCES folder (id) ON DELETE CASCADE,
    uid INTEGER NOT NULL,
    state INTEGER NOT NULL,
    size INTEGER NOT NULL,
    floor INTEGER NOT NULL,
    digest BLOB,
    target_uid INTEGER,
    PRIMARY KEY (folder, uid)
) WITHOUT ROWID;
";

/// Why a file could not be opened.
pub(super) enum Unusable {
    /// It may be fine, but cannot be had now.
    Refused(LedgerError),
    /// It is no ledger of this mailbox in this format; the text says why.
    Damaged(String),
}

/// Opens or makes the file, with an exclusive lock that lasts as long as the connection.
pub(super) fn open(path: &Path, key: &MailboxKey) -> Result<Connection, Unusable> {
    crate::private_file::open(path)
        .map_err(|source| Unusable::Refused(LedgerError::File { path: path.to_owned(), source }))?;
    prepare(path, key).map_err(|error| match error {
        Failure::Database(error) => judge(path, error),
        Failure::Content(why) => Unusable::Damaged(why),
    })
}

enum Failure {
    Database(rusqlite::Error),
    Content(String),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Failure::Database(error)
    }
}

fn prepare(path: &Path, key: &MailboxKey) -> Result<Connection, Failure> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(std::time::Duration::from_millis(200))?;
    // With the lock held for the whole life of the connection, a second program is refused instead of interleaved.
    connection
        .execute_batch("PRAGMA locking_mode = EXCLUSIVE; PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = ON;")?;
    connection.execute_batch("BEGIN EXCLUSIVE; COMMIT;")?;
    let format: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let empty: bool = connection.query_row("SELECT count(*) = 0 FROM sqlite_master", [], |row| row.get(0))?;
    if empty {
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")?;
        // One transaction, so that a file that has tables is one that knows whose it is.
        let transaction = connection.transaction()?;
        transaction.execute_batch(&format!("{TABLES} PRAGMA user_version = {FORMAT};"))?;
        transaction.execute(
            "INSERT INTO mailbox (source, target, address) VALUES (?1, ?2, ?3)",
            (&key.source, &key.target, &key.address),
        )?;
        transaction.commit()?;
        return Ok(connection);
    }
    if format != FORMAT {
        return Err(Failure::Content(format!("it has format {format}, and this version reads format {FORMAT}")));
    }
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(Failure::Content(verdict));
    }
    connection.execute_batch("PRAGMA journal_mode = WAL;")?;
    let whose: (String, String, String) =
        connection.query_row("SELECT source, target, address FROM mailbox", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
    if whose != (key.source.clone(), key.target.clone(), key.address.clone()) {
        return Err(Failure::Content(format!("it is about {} from {} to {}", whose.2, whose.0, whose.1)));
    }
    Ok(connection)
}

fn judge(path: &Path, error: rusqlite::Error) -> Unusable {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Unusable::Refused(LedgerError::InUse { path: path.to_owned() })
        }
        Some(
            ErrorCode::DiskFull
            | ErrorCode::ReadOnly
            | ErrorCode::PermissionDenied
            | ErrorCode::CannotOpen
            | ErrorCode::SystemIoFailure
            | ErrorCode::OutOfMemory,
        ) => Unusable::Refused(LedgerError::Database { path: path.to_owned(), source: error }),
        _ => Unusable::Damaged(error.to_string()),
    }
}
