//! One folder's record: which of its messages are intended, done, checked, and what the folder looked like when it was complete.

use super::{Durable, Ledger, LedgerError};
use crate::domain::{Digest, Uid, UidValidity};
use rusqlite::{OptionalExtension, Transaction, params};
use std::collections::BTreeSet;

/// How far a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It may or may not stand on the target: nobody has asked since.
    Intended,
    /// The target confirmed it.
    Done,
    /// It was read back from the target and is right.
    Checked,
}

/// A message that was about to be sent when the record ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// Its UID on the source.
    pub uid: Uid,
    /// Its size in octets as the source claimed it.
    pub size: u64,
    /// The target folder's UIDNEXT before it was sent.
    pub floor: u32,
}

/// A message that stands on the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// Its UID on the source.
    pub uid: Uid,
    /// Its size in octets as it was sent.
    pub size: u64,
    /// The digest of what was sent.
    pub digest: Digest,
    /// Its UID on the target, where the target tells (UIDPLUS) or a comparison found it.
    pub target_uid: Option<Uid>,
    /// The target folder's UIDNEXT before it was sent.
    pub floor: u32,
    /// Whether its content was compared on the target.
    pub checked: bool,
}

/// What the source folder looked like when every message of it stood on the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshot {
    /// Its UIDNEXT.
    pub uid_next: Uid,
    /// Its number of messages.
    pub messages: u64,
}

/// A folder in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderRecord {
    /// Its row.
    id: i64,
    /// The target's UIDVALIDITY when it was last seen.
    pub target_uid_validity: UidValidity,
    /// The source's.
    pub source_uid_validity: UidValidity,
    /// The target folder's wire name.
    pub target_name: Vec<u8>,
    /// What it looked like when it was complete, if it ever was.
    pub snapshot: Option<Snapshot>,
}

/// What becomes known of a folder's messages in one step.
#[derive(Debug)]
pub struct Change<'a> {
    /// The folder.
    pub folder: &'a FolderRecord,
    /// Stand on the target from now on.
    pub done: Vec<Done>,
    /// Were intended, and are not any more.
    pub withdrawn: Vec<Uid>,
    /// Are about to be sent, each with its size in octets as the source claims it.
    pub intend: Vec<(Uid, u64)>,
    /// The target folder's UIDNEXT before they are sent.
    pub floor: u32,
}

impl Change<'_> {
    fn is_empty(&self) -> bool {
        self.done.is_empty() && self.withdrawn.is_empty() && self.intend.is_empty()
    }

    fn write(&self, connection: &rusqlite::Connection) -> rusqlite::Result<()> {
        let folder = self.folder.id;
        let mut insert = connection.prepare_cached(
            "INSERT OR REPLACE INTO message (folder, uid, state, size, floor, digest, target_uid)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        for message in &self.done {
            insert.execute(params![
                folder,
                message.uid.0,
                if message.checked { 2 } else { 1 },
                message.size as i64,
                message.floor,
                message.digest.0,
                message.target_uid.map(|uid| uid.0),
            ])?;
        }
        let nothing: (Option<[u8; 32]>, Option<u32>) = (None, None);
        for (uid, size) in &self.intend {
            insert.execute(params![folder, uid.0, 0, *size as i64, self.floor, nothing.0, nothing.1])?;
        }
        let mut delete =
            connection.prepare_cached("DELETE FROM message WHERE folder = ?1 AND uid = ?2 AND state = 0")?;
        for uid in &self.withdrawn {
            delete.execute(params![folder, uid.0])?;
        }
        Ok(())
    }
}

/// A folder's wire names on the source and on the target.
pub type NamePair = (Vec<u8>, Vec<u8>);

impl Ledger {
    /// The record of the source folder with that wire name, if there is one.
    pub fn folder(&self, source_name: &[u8]) -> Result<Option<FolderRecord>, LedgerError> {
        let read = || {
            let mut statement = self.connection.prepare_cached(
                "SELECT id, target_uid_validity, source_uid_validity, target_name, complete_uid_next, complete_messages
                 FROM folder WHERE source_name = ?1",
            )?;
            let folder = statement.query_row([source_name], |row| {
                let uid_next: Option<u32> = row.get(4)?;
                let messages: Option<i64> = row.get(5)?;
                Ok(FolderRecord {
                    id: row.get(0)?,
                    target_uid_validity: UidValidity(row.get(1)?),
                    source_uid_validity: UidValidity(row.get(2)?),
                    target_name: row.get(3)?,
                    snapshot: uid_next
                        .zip(messages)
                        .map(|(uid_next, messages)| Snapshot { uid_next: Uid(uid_next), messages: messages as u64 }),
                })
            });
            folder.optional()
        };
        read().map_err(|error| self.database_error(error))
    }

    /// Where every recorded folder of the source goes.
    pub fn target_names(&self) -> Result<Vec<NamePair>, LedgerError> {
        let collect = || {
            let mut statement = self.connection.prepare("SELECT source_name, target_name FROM folder ORDER BY id")?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        collect().map_err(|error| self.database_error(error))
    }

    /// Begins the record of a folder anew; whatever was known of it is forgotten.
    pub fn begin_folder(
        &mut self,
        source_name: &[u8],
        source_uid_validity: UidValidity,
        target_name: &[u8],
        target_uid_validity: UidValidity,
    ) -> Result<FolderRecord, LedgerError> {
        let id = self.write(Durable::Soon, |transaction| {
            transaction.prepare_cached("DELETE FROM folder WHERE source_name = ?1")?.execute([source_name])?;
            let mut insert = transaction.prepare_cached(
                "INSERT INTO folder (source_name, target_name, source_uid_validity, target_uid_validity)
                 VALUES (?1, ?2, ?3, ?4)",
            )?;
            insert.insert(params![source_name, target_name, source_uid_validity.0, target_uid_validity.0])
        })?;
        Ok(FolderRecord {
            id,
            target_uid_validity,
            source_uid_validity,
            target_name: target_name.to_vec(),
            snapshot: None,
        })
    }

    /// The UIDs that stand on the target, ascending, each with its size as it was sent.
    pub fn done(&self, folder: &FolderRecord) -> Result<Vec<(Uid, u64)>, LedgerError> {
        self.rows("SELECT uid, size FROM message WHERE folder = ?1 AND state > 0 ORDER BY uid", folder, |row| {
            Ok((Uid(row.get(0)?), row.get::<_, i64>(1)? as u64))
        })
    }

    /// How many messages stand on the target, and their size in octets.
    pub fn done_counts(&self, folder: &FolderRecord) -> Result<(u64, u64), LedgerError> {
        let row = self.connection.query_row(
            "SELECT count(*), ifnull(sum(size), 0) FROM message WHERE folder = ?1 AND state > 0",
            [folder.id],
            |row| Ok((row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64)),
        );
        row.map_err(|error| self.database_error(error))
    }

    /// The messages whose fate nobody knows, ascending.
    pub fn intents(&self, folder: &FolderRecord) -> Result<Vec<Intent>, LedgerError> {
        self.rows("SELECT uid, size, floor FROM message WHERE folder = ?1 AND state = 0 ORDER BY uid", folder, |row| {
            Ok(Intent { uid: Uid(row.get(0)?), size: row.get::<_, i64>(1)? as u64, floor: row.get(2)? })
        })
    }

    /// The messages that are done and whose content was not compared yet, ascending.
    pub fn unchecked(&self, folder: &FolderRecord) -> Result<Vec<Done>, LedgerError> {
        self.rows(
            "SELECT uid, size, digest, target_uid, floor FROM message
             WHERE folder = ?1 AND state = 1 AND digest IS NOT NULL ORDER BY uid",
            folder,
            |row| {
                Ok(Done {
                    uid: Uid(row.get(0)?),
                    size: row.get::<_, i64>(1)? as u64,
                    digest: Digest(row.get(2)?),
                    target_uid: row.get::<_, Option<u32>>(3)?.map(Uid),
                    floor: row.get(4)?,
                    checked: false,
                })
            },
        )
    }

    /// The UIDs on the source and on the target of the messages that stand there, as far as the latter are known.
    pub fn uid_pairs(&self, folder: &FolderRecord) -> Result<Vec<(Uid, Uid)>, LedgerError> {
        self.rows(
            "SELECT uid, target_uid FROM message WHERE folder = ?1 AND state > 0 AND target_uid IS NOT NULL",
            folder,
            |row| Ok((Uid(row.get(0)?), Uid(row.get(1)?))),
        )
    }

    /// The target UIDs that belong to messages of this folder's record.
    pub fn target_uids(&self, folder: &FolderRecord) -> Result<Vec<Uid>, LedgerError> {
        self.rows(
            "SELECT target_uid FROM message WHERE folder = ?1 AND target_uid IS NOT NULL ORDER BY target_uid",
            folder,
            |row| Ok(Uid(row.get(0)?)),
        )
    }

    /// The digests of the messages that stand on the target, as far as known.
    pub fn digests(&self, folder: &FolderRecord) -> Result<BTreeSet<Digest>, LedgerError> {
        let query = "SELECT digest FROM message WHERE folder = ?1 AND digest IS NOT NULL";
        Ok(self.rows(query, folder, |row| Ok(Digest(row.get(0)?)))?.into_iter().collect())
    }

    /// Forgets all that is known of a folder; the next run compares it by content.
    pub fn forget_folder(&mut self, folder: &FolderRecord) -> Result<(), LedgerError> {
        let forget =
            |transaction: &Transaction<'_>| transaction.execute("DELETE FROM folder WHERE id = ?1", [folder.id]);
        self.write(Durable::AtOnce, forget).map(|_| ())
    }

    /// The highest UID on the target that belongs to a message of this folder's record.
    pub fn highest_target_uid(&self, folder: &FolderRecord) -> Result<Option<Uid>, LedgerError> {
        let query = "SELECT max(target_uid) FROM message WHERE folder = ?1";
        let highest = self.connection.query_row(query, [folder.id], |row| row.get::<_, Option<u32>>(0));
        Ok(highest.map_err(|error| self.database_error(error))?.map(Uid))
    }

    /// The same as [`Ledger::record_all`] for one folder.
    pub fn record(
        &mut self,
        folder: &FolderRecord,
        done: &[Done],
        withdrawn: &[Uid],
        intend: &[(Uid, u64)],
        floor: u32,
    ) -> Result<(), LedgerError> {
        let (done, withdrawn, intend) = (done.to_vec(), withdrawn.to_vec(), intend.to_vec());
        self.record_all(&[Change { folder, done, withdrawn, intend, floor }])
    }

    /// Takes changes of several folders in, in one step.
    ///
    /// When this returns, a power cut cannot take an intent back; so call it before the first octet of what is intended goes out.
    pub fn record_all(&mut self, changes: &[Change<'_>]) -> Result<(), LedgerError> {
        if changes.iter().all(Change::is_empty) {
            return Ok(());
        }
        let intends = changes.iter().any(|change| !change.intend.is_empty());
        let durable = if intends { Durable::AtOnce } else { Durable::Soon };
        self.write(durable, |transaction| changes.iter().try_for_each(|change| change.write(transaction)))
    }

    /// Notes that these messages were compared on the target and are right, with the UIDs they were found at.
    pub fn checked(&mut self, folder: &FolderRecord, messages: &[(Uid, Uid)]) -> Result<(), LedgerError> {
        if messages.is_empty() {
            return Ok(());
        }
        self.write(Durable::Soon, |transaction| {
            let mut update = transaction.prepare_cached(
                "UPDATE message SET state = 2, target_uid = ?3 WHERE folder = ?1 AND uid = ?2 AND state > 0",
            )?;
            for (uid, target_uid) in messages {
                update.execute(params![folder.id, uid.0, target_uid.0])?;
            }
            Ok(())
        })
    }

    /// Notes what the source folder looks like now that every message of it stands on the target.
    pub fn complete(&mut self, folder: &FolderRecord, snapshot: Snapshot) -> Result<(), LedgerError> {
        self.write(Durable::Soon, |transaction| {
            let mut update = transaction
                .prepare_cached("UPDATE folder SET complete_uid_next = ?2, complete_messages = ?3 WHERE id = ?1")?;
            update.execute(params![folder.id, snapshot.uid_next.0, snapshot.messages as i64])?;
            Ok(())
        })
    }

    fn rows<T>(
        &self,
        query: &str,
        folder: &FolderRecord,
        read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, LedgerError> {
        let collect = || {
            let mut statement = self.connection.prepare_cached(query)?;
            statement.query_map([folder.id], read)?.collect::<rusqlite::Result<Vec<T>>>()
        };
        collect().map_err(|error| self.database_error(error))
    }
}
