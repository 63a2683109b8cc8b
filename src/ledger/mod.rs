//! The ledger: the durable record of what is already on the target, one SQLite file for each mailbox.
//!
//! Promises the order *intend (durable) -> append -> done*: an intent survives a power cut from the moment [`Ledger::record`] returns,
//! and a message that was intended and not settled stays visible through [`Ledger::intents`] until somebody has asked the target what
//! became of it. What was settled is written to the file at once, so that an end of the program takes nothing away, and survives a power
//! cut from the next intent on, or a second later: losing it costs a question to the target and no message. A second program on the same
//! mailbox is refused. A file that is damaged or of another version is set aside, told, and replaced by an empty one; the engine then
//! compares with the target by content.
//!
//! Only here is rusqlite named. `docs/ledger.md` describes the file.

mod folder;
mod schema;

pub use folder::{Change, Done, FolderRecord, Intent, NamePair, Snapshot, State};

use rusqlite::{Connection, Transaction};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// So long may pass before what was written earlier survives a power cut, while more is written.
const LATEST: Duration = Duration::from_secs(1);

/// Whose mailbox a ledger is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxKey {
    /// The source as `host:port`.
    pub source: String,
    /// The target's host.
    pub target: String,
    /// The account's address in its key form.
    pub address: String,
}

impl MailboxKey {
    /// The file's name: readable at its start, unique by its end, safe on every file system.
    fn file_name(&self) -> String {
        let whole = format!("{}\n{}\n{}", self.source, self.target, self.address);
        let hash = blake3::hash(whole.as_bytes()).to_hex();
        let readable: String = self
            .address
            .chars()
            .take(60)
            .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '@') { c } else { '_' })
            .collect();
        format!("{readable}-{}.ledger", &hash[..16])
    }
}

/// What the ledger knew when it was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum History {
    /// There was no record of this mailbox.
    New,
    /// There was one.
    Known,
    /// There was one that cannot be used; it was renamed.
    SetAside {
        /// Where it is now.
        path: PathBuf,
        /// Why it cannot be used.
        why: String,
    },
}

/// Why a ledger cannot be used. Every variant names the file.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Another program has it open.
    #[error("{path} is in use by another run")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The disk refuses: full, read-only, no rights.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// SQLite refuses.
    #[error("{path}: {source}")]
    Database {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
}

/// The open record of one mailbox.
pub struct Ledger {
    path: PathBuf,
    connection: Connection,
    /// When all that is written was last made to survive a power cut.
    durable_at: Instant,
}

/// When a write has to survive a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Durable {
    /// When it returns.
    AtOnce,
    /// With the next one that must at once, or a second later. The order of all writes is kept.
    Soon,
}

impl Ledger {
    /// Opens the ledger of a mailbox below `state_folder`, or makes it, and locks it against other programs.
    pub fn open(state_folder: &Path, key: &MailboxKey) -> Result<(Self, History), LedgerError> {
        let folder = state_folder.join("ledger");
        crate::private_file::create_folder(&folder)
            .map_err(|source| LedgerError::File { path: folder.clone(), source })?;
        let path = folder.join(key.file_name());
        let existed = path.exists();
        match schema::open(&path, key) {
            Ok(connection) => {
                let history = if existed { History::Known } else { History::New };
                Ok((Self::of(path, connection), history))
            }
            Err(schema::Unusable::Refused(error)) => Err(error),
            Err(schema::Unusable::Damaged(why)) => {
                let aside = set_aside(&path).map_err(|source| LedgerError::File { path: path.clone(), source })?;
                match schema::open(&path, key) {
                    Ok(connection) => Ok((Self::of(path, connection), History::SetAside { path: aside, why })),
                    Err(schema::Unusable::Refused(error)) => Err(error),
                    Err(schema::Unusable::Damaged(why)) => {
                        let source = std::io::Error::other(why);
                        Err(LedgerError::File { path, source })
                    }
                }
            }
        }
    }

    /// Opens the ledger of a mailbox only if there is one already.
    pub fn open_existing(state_folder: &Path, key: &MailboxKey) -> Result<Option<Self>, LedgerError> {
        if !state_folder.join("ledger").join(key.file_name()).exists() {
            return Ok(None);
        }
        Self::open(state_folder, key).map(|(ledger, _)| Some(ledger))
    }

    fn of(path: PathBuf, connection: Connection) -> Self {
        Self { path, connection, durable_at: Instant::now() }
    }

    /// Writes all of `rows` or nothing.
    fn write<T>(
        &mut self,
        durable: Durable,
        rows: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, LedgerError> {
        let at_once = durable == Durable::AtOnce || self.durable_at.elapsed() >= LATEST;
        let write = |connection: &mut Connection| {
            // A commit waits for the disk only with the former; then it waits for all commits before it as well.
            connection.pragma_update(None, "synchronous", if at_once { "FULL" } else { "NORMAL" })?;
            let transaction = connection.transaction()?;
            let written = rows(&transaction)?;
            transaction.commit()?;
            Ok(written)
        };
        let written = write(&mut self.connection).map_err(|error| self.database_error(error))?;
        if at_once {
            self.durable_at = Instant::now();
        }
        Ok(written)
    }

    fn database_error(&self, source: rusqlite::Error) -> LedgerError {
        LedgerError::Database { path: self.path.clone(), source }
    }
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
