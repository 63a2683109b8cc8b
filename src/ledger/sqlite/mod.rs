//! Records in files: one SQLite file for each mailbox, in a folder that only this user can read. Only this file names rusqlite.
//!
//! - A file is locked as long as it is open; a second program on the same mailbox is refused.
//! - A file that is damaged, of another mailbox or of an unknown format is renamed, never believed and never deleted.
//! - A file of an earlier version is upgraded on opening: its tables (see `format_1`), and its name, which lacked the target's port.
//! - Two kinds of writes wait for the disk: one that must ([`Durable::AtOnce`]), and one a second or more after the last that did.

mod format_1;
mod schema;
mod unusable;

use super::store::{BlockRow, Durable, ItemRow, Opened, Rows, Store, Write};
use super::{History, LedgerError, MailboxKey};
use crate::domain::RecordFault;
use rusqlite::{Connection, Transaction, params};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use unusable::Unusable;

/// While writes continue, each survives a power cut after at most this time.
const LATEST: Duration = Duration::from_secs(1);

/// A store that keeps its records in files.
#[derive(Debug)]
pub struct Files {
    folder: PathBuf,
}

impl Files {
    /// The records below a state folder.
    pub fn in_folder(state_folder: &Path) -> Self {
        Self { folder: state_folder.join("ledger") }
    }

    fn path(&self, key: &MailboxKey) -> PathBuf {
        self.folder.join(key.file_name())
    }

    /// Renames a record from before its name held the target's port.
    fn carry_over(&self, key: &MailboxKey) -> Result<(), LedgerError> {
        let (path, portless) = (self.path(key), self.path(&key.without_target_port()));
        if path.exists() || !portless.exists() {
            return Ok(());
        }
        match schema::open(&portless, key) {
            // Closing writes everything into the one file that is renamed.
            Ok((connection, _)) => drop(connection),
            Err(Unusable::Refused(error)) => return Err(error),
            // It is set aside under its new name.
            Err(Unusable::Damaged(_)) => {}
        }
        std::fs::rename(&portless, &path).map_err(|error| file_error(&portless, error))
    }
}

impl Store for Files {
    fn open(&self, key: &MailboxKey) -> Result<Opened, LedgerError> {
        crate::private_file::claim_folder(&self.folder).map_err(|error| file_error(&self.folder, error))?;
        self.carry_over(key)?;
        let path = self.path(key);
        let existed = path.exists();
        let (usable, history) = match schema::open(&path, key) {
            Ok(usable) => (usable, if existed { History::Known } else { History::New }),
            Err(Unusable::Refused(error)) => return Err(error),
            Err(Unusable::Damaged(why)) => {
                let aside = set_aside(&path).map_err(|error| file_error(&path, error))?;
                let usable = schema::open(&path, key).map_err(|unusable| match unusable {
                    Unusable::Refused(error) => error,
                    Unusable::Damaged(damage) => LedgerError::new(damage),
                })?;
                (usable, History::SetAside { kept_as: aside.display().to_string(), why })
            }
        };
        let (connection, heads) = usable;
        let rows = Box::new(FileRows { path, connection, durable_at: Instant::now() });
        Ok(Opened { rows, heads, history })
    }

    fn has(&self, key: &MailboxKey) -> Result<bool, LedgerError> {
        Ok(self.path(key).exists() || self.path(&key.without_target_port()).exists())
    }
}

impl MailboxKey {
    /// The file's name: readable at its start, unique by its end, safe on every file system.
    fn file_name(&self) -> String {
        let whole = format!("{}\n{}\n{}", self.source, self.target, self.address);
        let hash = blake3::hash(whole.as_bytes()).to_hex();
        let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '@') { c } else { '_' };
        let readable: String = self.address.chars().take(60).map(safe).collect();
        format!("{readable}-{}.ledger", &hash[..16])
    }

    /// The key as in records of format 1.
    fn without_target_port(&self) -> Self {
        let host = self.target.rsplit_once(':').map_or(self.target.as_str(), |(host, _)| host);
        Self { target: host.to_owned(), ..self.clone() }
    }
}

/// An open file.
struct FileRows {
    path: PathBuf,
    connection: Connection,
    /// When all writes were last made to survive a power cut.
    durable_at: Instant,
}

impl Rows for FileRows {
    fn blocks(&self, folder: i64) -> Result<Vec<BlockRow>, LedgerError> {
        schema::blocks(&self.connection, folder).map_err(|error| database_error(&self.path, error))
    }

    fn items(&self, collection: &str) -> Result<Vec<ItemRow>, LedgerError> {
        schema::items(&self.connection, collection).map_err(|error| database_error(&self.path, error))
    }

    fn write(&mut self, write: &Write, durable: Durable) -> Result<(), LedgerError> {
        let at_once = durable == Durable::AtOnce || self.durable_at.elapsed() >= LATEST;
        commit(&mut self.connection, write, at_once).map_err(|error| database_error(&self.path, error))?;
        if at_once {
            self.durable_at = Instant::now();
        }
        Ok(())
    }
}

fn commit(connection: &mut Connection, write: &Write, at_once: bool) -> rusqlite::Result<()> {
    // Only FULL makes a commit wait for the disk; it then waits for all earlier commits as well.
    connection.pragma_update(None, "synchronous", if at_once { "FULL" } else { "NORMAL" })?;
    let transaction = connection.transaction()?;
    put(&transaction, write)?;
    transaction.commit()
}

fn put(transaction: &Transaction<'_>, write: &Write) -> rusqlite::Result<()> {
    let mut clear = transaction.prepare_cached("DELETE FROM block WHERE folder = ?1")?;
    for folder in write.forgotten.iter().chain(&write.cleared) {
        clear.execute([folder])?;
    }
    let mut forget = transaction.prepare_cached("DELETE FROM folder WHERE id = ?1")?;
    for folder in &write.forgotten {
        forget.execute([folder])?;
    }
    let mut put_head =
        transaction.prepare_cached("INSERT OR REPLACE INTO folder (id, head, checksum) VALUES (?1, ?2, ?3)")?;
    for head in &write.heads {
        put_head.execute(params![head.folder, head.content, head.checksum])?;
    }
    let mut put_block =
        transaction.prepare_cached("INSERT INTO block (folder, number, content, checksum) VALUES (?1, ?2, ?3, ?4)")?;
    for block in &write.blocks {
        put_block.execute(params![block.folder, block.number, block.content, block.checksum])?;
    }
    if write.items.is_empty() && write.withdrawn_items.is_empty() {
        return Ok(());
    }
    transaction.execute_batch(schema::ITEMS)?;
    let mut put_item = transaction
        .prepare_cached("INSERT OR REPLACE INTO item (collection, key, content, checksum) VALUES (?1, ?2, ?3, ?4)")?;
    for item in &write.items {
        put_item.execute(params![item.collection, item.key, item.content, item.checksum])?;
    }
    let mut withdraw = transaction.prepare_cached("DELETE FROM item WHERE collection = ?1 AND key = ?2")?;
    for (collection, key) in &write.withdrawn_items {
        withdraw.execute(params![collection, key])?;
    }
    Ok(())
}

fn file_error(path: &Path, error: std::io::Error) -> LedgerError {
    LedgerError::new(RecordFault::File { path: path.display().to_string(), why: error.to_string() }).because(error)
}

fn database_error(path: &Path, error: rusqlite::Error) -> LedgerError {
    LedgerError::new(RecordFault::File { path: path.display().to_string(), why: error.to_string() }).because(error)
}

/// Renames an unusable file and its companions, never over an existing one.
fn set_aside(path: &Path) -> std::io::Result<PathBuf> {
    let with_end = |end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    let aside = (1..).map(|n| with_end(&format!(".unusable-{n}"))).find(|candidate| !candidate.exists());
    let aside = aside.unwrap_or_else(|| with_end(".unusable"));
    std::fs::rename(path, &aside)?;
    for companion in ["-wal", "-shm", "-journal"] {
        match std::fs::remove_file(with_end(companion)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(aside)
}

#[cfg(test)]
mod tests;
