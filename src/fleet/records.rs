//! The ledger's store over the shared database.
//!
//! Opening a record takes the mailbox, closing it gives the mailbox back. If the database has no record but this computer has one in a
//! file, that one is imported.

use super::database::Database;
use super::gathering::Held;
use super::handle::no_cryptography;
use super::key::{Purpose, Sealer};
use super::schema::{self, Taken};
use crate::domain::RecordFault;
use crate::ledger::{
    BlockRow, Durable, Files, HeadRow, History, ItemRow, LedgerError, MailboxKey, Opened, Rows, Store, Write,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use postgres::types::Type;
use std::path::Path;
use std::sync::Arc;

/// At most this many blocks of a file are imported with one write.
const TAKEN_ALONG: usize = 200;

/// Records in a database that machines share.
#[derive(Debug)]
pub struct SharedRecords {
    database: Arc<Database>,
    files: Option<Files>,
}

impl SharedRecords {
    /// The records of a database.
    pub fn new(database: Arc<Database>) -> Self {
        Self { database, files: None }
    }

    /// Also imports records from files in a state folder.
    pub fn taking_along(self, state_folder: &Path) -> Self {
        Self { files: Some(Files::in_folder(state_folder)), ..self }
    }

    fn take_along(&self, key: &MailboxKey, rows: &mut dyn Rows) -> Result<Vec<HeadRow>, LedgerError> {
        let Some(files) = &self.files else { return Ok(Vec::new()) };
        if !files.has(key)? {
            return Ok(Vec::new());
        }
        let Opened { rows: file, heads, .. } = files.open(key)?;
        for head in &heads {
            // The head comes last: blocks without one are ignored.
            for blocks in file.blocks(head.folder)?.chunks(TAKEN_ALONG) {
                rows.write(&Write { blocks: blocks.to_vec(), ..Write::default() }, Durable::Soon)?;
            }
        }
        rows.write(&Write { heads: heads.clone(), ..Write::default() }, Durable::AtOnce)?;
        Ok(heads)
    }
}

impl Store for SharedRecords {
    fn open(&self, key: &MailboxKey) -> Result<Opened, LedgerError> {
        let (worker, times, hash) = (self.database.worker(), self.database.times(), key_hash(key));
        // Chosen before asking, so that a repeated statement finds the mailbox that it has taken.
        let token = fastrand::i64(..);
        let taken = self.database.ask(move |client| {
            schema::take_or_sweep(client, &times, |client| schema::take(client, (worker, token), &hash))
        })?;
        let Some(Taken { mailbox, token, unclean, new }) = taken else {
            return Err(LedgerError::new(RecordFault::MailboxInUse));
        };
        let sealer = Sealer::of_mailbox(key).ok_or_else(no_cryptography)?;
        let mut rows = SharedRows { database: self.database.clone(), held: Held::new(mailbox, token), sealer };
        let mut heads = rows.heads()?;
        let mut history = match (new, unclean) {
            (_, true) => History::TakenOver,
            (true, _) => History::New,
            _ => History::Known,
        };
        if heads.is_empty() {
            heads = self.take_along(key, &mut rows)?;
            if !heads.is_empty() {
                history = History::Known;
            }
        }
        Ok(Opened { rows: Box::new(rows), heads, history })
    }

    fn has(&self, key: &MailboxKey) -> Result<bool, LedgerError> {
        let hash = key_hash(key);
        let known = self.database.ask(move |client| {
            let found =
                client.query_typed("SELECT 1 FROM kimt.mailbox WHERE key = $1", &[(&&hash[..], Type::BYTEA)])?;
            Ok(!found.is_empty())
        })?;
        Ok(known || self.files.as_ref().map_or(Ok(false), |files| files.has(key))?)
    }
}

/// Keeps addresses and server names out of the database.
fn key_hash(key: &MailboxKey) -> [u8; 32] {
    let MailboxKey { source, target, address } = key;
    *blake3::hash(format!("{source}\n{target}\n{address}").as_bytes()).as_bytes()
}

/// The rows of a mailbox that this process holds.
struct SharedRows {
    database: Arc<Database>,
    held: Held,
    sealer: Sealer,
}

impl SharedRows {
    fn heads(&self) -> Result<Vec<HeadRow>, LedgerError> {
        let mailbox = self.held.mailbox;
        self.database.ask(move |client| {
            let rows = client.query_typed(
                "SELECT id, head, checksum FROM kimt.folder WHERE mailbox = $1 ORDER BY id",
                &[(&mailbox, Type::INT8)],
            )?;
            Ok(rows
                .iter()
                .map(|row| HeadRow { folder: row.get(0), content: row.get(1), checksum: row.get(2) })
                .collect())
        })
    }
}

/// Hashes the names and seals the contents of a write's items.
fn sealed(sealer: &Sealer, write: &Write) -> Result<Write, LedgerError> {
    let mut write = write.clone();
    for item in &mut write.items {
        let text = serde_json::to_vec(&(&item.key, &item.content)).unwrap_or_default();
        let sealed = sealer.seal(Purpose::Item, 0, &text).ok_or_else(no_cryptography)?;
        item.content = STANDARD.encode(sealed);
        (item.collection, item.key) = (name(sealer, &item.collection), name(sealer, &item.key));
    }
    for (collection, key) in &mut write.withdrawn_items {
        (*collection, *key) = (name(sealer, collection), name(sealer, key));
    }
    Ok(write)
}

fn name(sealer: &Sealer, text: &str) -> String {
    STANDARD.encode(&sealer.hash(text)[..16])
}

impl Rows for SharedRows {
    fn blocks(&self, folder: i64) -> Result<Vec<BlockRow>, LedgerError> {
        let mailbox = self.held.mailbox;
        self.database.ask(move |client| {
            let rows = client.query_typed(
                "SELECT number, content, checksum FROM kimt.block WHERE mailbox = $1 AND folder = $2 ORDER BY number",
                &[(&mailbox, Type::INT8), (&folder, Type::INT8)],
            )?;
            let row = |row: &postgres::Row| BlockRow {
                folder,
                number: row.get(0),
                content: row.get(1),
                checksum: row.get(2),
            };
            Ok(rows.iter().map(row).collect())
        })
    }

    fn items(&self, collection: &str) -> Result<Vec<ItemRow>, LedgerError> {
        let (mailbox, hashed) = (self.held.mailbox, name(&self.sealer, collection));
        let rows = self.database.ask(move |client| {
            client.query_typed(
                "SELECT content, checksum FROM kimt.item WHERE mailbox = $1 AND collection = $2 ORDER BY key",
                &[(&mailbox, Type::INT8), (&hashed, Type::TEXT)],
            )
        })?;
        // An item that cannot be opened counts as absent: the target is asked for it.
        let open = |row: &postgres::Row| {
            let sealed = STANDARD.decode(row.get::<_, String>(0)).ok()?;
            let text = self.sealer.open(Purpose::Item, 0, &sealed)?;
            let (key, content) = serde_json::from_slice(&text).ok()?;
            Some(ItemRow { collection: collection.to_owned(), key, content, checksum: row.get(1) })
        };
        Ok(rows.iter().filter_map(open).collect())
    }

    fn write(&mut self, write: &Write, durable: Durable) -> Result<(), LedgerError> {
        let write = if write.items.is_empty() && write.withdrawn_items.is_empty() {
            write.clone()
        } else {
            sealed(&self.sealer, write)?
        };
        self.database.write(&self.held, write, durable)
    }
}

impl Drop for SharedRows {
    /// Gives the mailbox back. If that fails, it becomes free when the lease ends.
    fn drop(&mut self) {
        let (mailbox, token) = (self.held.mailbox, self.held.token);
        if let Err(error) = self.database.ask(move |client| schema::give_back(client, mailbox, token)) {
            log::debug!("a mailbox was not given back: {error}");
        }
    }
}
