//! The tables of a file. Opening leaves a file either whole or set aside, never half believed.
//!
//! Checked before a file is believed: its format, its structure (by SQLite's own check), whose mailbox it is, and the checksums of all
//! heads and blocks. So a flipped bit anywhere in the file is noticed, unless nothing is stored there.

use super::super::MailboxKey;
use super::super::head::Head;
use super::super::messages::check_chain;
use super::super::store::{BlockRow, HeadRow, ItemRow};
use super::unusable::{Failure, Unusable, judge};
use super::{file_error, format_1};
use crate::domain::RecordDamage;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;

/// The format this program writes. A higher number means that a later version of the program wrote the file.
const FORMAT: i64 = 2;

const TABLES: &str = "
CREATE TABLE mailbox (source TEXT NOT NULL, target TEXT NOT NULL, address TEXT NOT NULL);
CREATE TABLE folder (id INTEGER PRIMARY KEY, head TEXT NOT NULL, checksum INTEGER NOT NULL);
CREATE TABLE block (
    folder INTEGER NOT NULL,
    number INTEGER NOT NULL,
    content BLOB NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (folder, number)
) WITHOUT ROWID;
";

/// Created with the first item: a mailbox without items has no such table.
pub(super) const ITEMS: &str = "
CREATE TABLE IF NOT EXISTS item (
    collection TEXT NOT NULL,
    key TEXT NOT NULL,
    content TEXT NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (collection, key)
) WITHOUT ROWID;
";

/// The items of a collection, in no particular order.
pub(super) fn items(connection: &Connection, collection: &str) -> rusqlite::Result<Vec<ItemRow>> {
    let exists = "SELECT count(*) > 0 FROM sqlite_master WHERE type = 'table' AND name = 'item'";
    if !connection.query_row(exists, [], |row| row.get::<_, bool>(0))? {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare_cached("SELECT key, content, checksum FROM item WHERE collection = ?1")?;
    let rows = statement.query_map([collection], |row| {
        let (key, content, checksum) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(ItemRow { collection: collection.to_owned(), key, content, checksum })
    })?;
    rows.collect()
}

/// Opens or creates the file, with an exclusive lock that lasts as long as the connection.
pub(super) fn open(path: &Path, key: &MailboxKey) -> Result<(Connection, Vec<HeadRow>), Unusable> {
    crate::private_file::open(path).map_err(|error| Unusable::Refused(file_error(path, error)))?;
    prepare(path, key).map_err(|error| match error {
        Failure::Database(error) => judge(path, error),
        Failure::Content(why) => Unusable::Damaged(why),
    })
}

fn prepare(path: &Path, key: &MailboxKey) -> Result<(Connection, Vec<HeadRow>), Failure> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(std::time::Duration::from_millis(200))?;
    // The lock lasts as long as the connection, so that a second program is refused instead of interleaved.
    connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE; PRAGMA trusted_schema = OFF;")?;
    connection.execute_batch("BEGIN EXCLUSIVE; COMMIT;")?;
    let format: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let empty: bool = connection.query_row("SELECT count(*) = 0 FROM sqlite_master", [], |row| row.get(0))?;
    if empty {
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")?;
        // One transaction, so that a file with tables always names its mailbox.
        let transaction = connection.transaction()?;
        transaction.execute_batch(&format!("{TABLES} PRAGMA user_version = {FORMAT};"))?;
        sign(&transaction, key)?;
        transaction.commit()?;
        return Ok((connection, Vec::new()));
    }
    if !(1..=FORMAT).contains(&format) {
        return Err(Failure::Content(RecordDamage::Format { found: format, newest: FORMAT }));
    }
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(Failure::Content(RecordDamage::Unreadable { why: verdict }));
    }
    connection.execute_batch("PRAGMA journal_mode = WAL;")?;
    let whose = connection.query_row("SELECT source, target, address FROM mailbox", [], |row| {
        Ok(MailboxKey { source: row.get(0)?, target: row.get(1)?, address: row.get(2)? })
    })?;
    if whose != *key && whose != key.without_target_port() {
        let MailboxKey { source, target, address } = whose;
        return Err(Failure::Content(RecordDamage::OtherMailbox { address, source, target }));
    }
    if format == 1 || whose != *key {
        let transaction = connection.transaction()?;
        if format == 1 {
            format_1::carry_over(&transaction, TABLES)?;
        }
        transaction.execute("DELETE FROM mailbox", [])?;
        sign(&transaction, key)?;
        transaction.pragma_update(None, "user_version", FORMAT)?;
        transaction.commit()?;
    }
    let heads = believed(&connection)?;
    Ok((connection, heads))
}

/// Writes whose record this is.
fn sign(connection: &Connection, key: &MailboxKey) -> rusqlite::Result<usize> {
    connection.execute(
        "INSERT INTO mailbox (source, target, address) VALUES (?1, ?2, ?3)",
        (&key.source, &key.target, &key.address),
    )
}

/// Checks all heads and blocks, and returns the heads.
fn believed(connection: &Connection) -> Result<Vec<HeadRow>, Failure> {
    let mut statement = connection.prepare("SELECT id, head, checksum FROM folder ORDER BY id")?;
    let heads = statement
        .query_map([], |row| Ok(HeadRow { folder: row.get(0)?, content: row.get(1)?, checksum: row.get(2)? }))?;
    let heads = heads.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut counted = 0;
    for row in &heads {
        let head = Head::read(row).map_err(Failure::Content)?;
        check_chain(row.folder, &blocks(connection, row.folder)?, &head.sums).map_err(Failure::Content)?;
        counted += head.sums.blocks;
    }
    let blocks: i64 = connection.query_row("SELECT count(*) FROM block", [], |row| row.get(0))?;
    if blocks != counted {
        return Err(Failure::Content(RecordDamage::AllBlocks { found: blocks, written: counted }));
    }
    Ok(heads)
}

/// The blocks of a folder, in order.
pub(super) fn blocks(connection: &Connection, folder: i64) -> rusqlite::Result<Vec<BlockRow>> {
    let mut statement =
        connection.prepare_cached("SELECT number, content, checksum FROM block WHERE folder = ?1 ORDER BY number")?;
    let rows = statement.query_map([folder], |row| {
        Ok(BlockRow { folder, number: row.get(0)?, content: row.get(1)?, checksum: row.get(2)? })
    })?;
    rows.collect()
}
