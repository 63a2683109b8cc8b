//! The seam between the ledger and its store. A store keeps two kinds of rows for each mailbox, heads and blocks, and knows nothing of
//! their meaning.
//!
//! A store promises
//! - that a [`Write`] is kept whole or not at all, and that writes are kept in order;
//! - that at most one [`Rows`] of a mailbox is open at a time, across all programs, and that a [`Rows`] that lost its mailbox to another
//!   one can write nothing more ([`LedgerErrorKind::Fenced`](super::LedgerErrorKind::Fenced));
//! - that a write [`Durable::AtOnce`] survives a power cut when it returns, with all writes before it.

use super::{History, LedgerError, MailboxKey};

/// Keeps the records of mailboxes.
pub trait Store: Send + Sync + std::fmt::Debug {
    /// Opens or creates the record of a mailbox, and holds it until the rows are dropped.
    fn open(&self, key: &MailboxKey) -> Result<Opened, LedgerError>;

    /// Whether a mailbox has a record.
    fn has(&self, key: &MailboxKey) -> Result<bool, LedgerError>;
}

/// A record as it was opened.
pub struct Opened {
    /// Its rows.
    pub rows: Box<dyn Rows>,
    /// Its heads; all are undamaged.
    pub heads: Vec<HeadRow>,
    /// What was known about the mailbox before.
    pub history: History,
}

/// The rows of one mailbox, held.
pub trait Rows: Send {
    /// The blocks of a folder, ascending by number.
    fn blocks(&self, folder: i64) -> Result<Vec<BlockRow>, LedgerError>;

    /// The items of a source collection. A store may keep none: the target is then asked for each item.
    fn items(&self, _collection: &str) -> Result<Vec<ItemRow>, LedgerError> {
        Ok(Vec::new())
    }

    /// Writes a change.
    fn write(&mut self, write: &Write, durable: Durable) -> Result<(), LedgerError>;
}

/// A folder's head: what is known about it as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadRow {
    /// The folder's number within its mailbox, never 0.
    pub folder: i64,
    /// What is known, as JSON.
    pub content: String,
    /// The checksum of the content.
    pub checksum: i64,
}

/// One step in the history of a folder's messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockRow {
    /// The folder's number.
    pub folder: i64,
    /// Its place in the folder's history, from 0.
    pub number: i64,
    /// The operations of this step.
    pub content: Vec<u8>,
    /// The checksum of this and all earlier blocks.
    pub checksum: i64,
}

/// An event, a task or a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemRow {
    /// The source collection that holds it.
    pub collection: String,
    /// Its key within its collection.
    pub key: String,
    /// What is known.
    pub content: String,
    /// The checksum of the content.
    pub checksum: i64,
}

/// One step of writing, carried out in this order: folders forgotten, heads, blocks, items, items withdrawn. One step never both writes and
/// withdraws an item.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Write {
    /// Folders that lose all their blocks.
    pub cleared: Vec<i64>,
    /// Folders that lose their head as well.
    pub forgotten: Vec<i64>,
    /// Heads that are new, or replace those with their numbers.
    pub heads: Vec<HeadRow>,
    /// New blocks.
    pub blocks: Vec<BlockRow>,
    /// Items that are new, or replace those with their keys.
    pub items: Vec<ItemRow>,
    /// Items to delete: their collections and keys.
    pub withdrawn_items: Vec<(String, String)>,
}

impl Write {
    /// Joins a later write, as if both had been written in order.
    pub fn join(&mut self, later: Self) {
        for folder in later.cleared.iter().chain(&later.forgotten) {
            self.blocks.retain(|block| block.folder != *folder);
        }
        self.heads.retain(|head| {
            let is_replaced = later.heads.iter().any(|later| later.folder == head.folder);
            !is_replaced && !later.forgotten.contains(&head.folder)
        });
        self.cleared.extend(later.cleared);
        self.forgotten.extend(later.forgotten);
        self.heads.extend(later.heads);
        self.blocks.extend(later.blocks);
        let later_names = |item: &ItemRow| {
            later.items.iter().any(|later| (&later.collection, &later.key) == (&item.collection, &item.key))
                || later
                    .withdrawn_items
                    .iter()
                    .any(|(collection, key)| (collection, key) == (&item.collection, &item.key))
        };
        self.items.retain(|item| !later_names(item));
        // Forgetting is written before adding: what was added again must not be forgotten.
        self.withdrawn_items.retain(|(collection, key)| {
            !later.items.iter().any(|later| (&later.collection, &later.key) == (collection, key))
        });
        self.items.extend(later.items);
        self.withdrawn_items.extend(later.withdrawn_items);
    }

    /// Its approximate size in bytes.
    pub fn size(&self) -> usize {
        let heads: usize = self.heads.iter().map(|head| head.content.len() + 32).sum();
        let items: usize =
            self.items.iter().map(|item| item.collection.len() + item.key.len() + item.content.len()).sum();
        heads + items + self.blocks.iter().map(|block| block.content.len() + 48).sum::<usize>()
    }
}

/// When a write must survive a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durable {
    /// When it returns.
    AtOnce,
    /// With the next write that must at once, or a second later.
    Soon,
}
