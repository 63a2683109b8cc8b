//! The seam between the ledger and what keeps it: a store keeps for each mailbox two kinds of rows, heads and blocks, and knows nothing of
//! what they mean.
//!
//! A store promises
//! - that a [`Write`] is kept whole or not at all, and writes in their order;
//! - that at most one [`Rows`] of a mailbox is open at a time, whoever asks, and that a [`Rows`] that lost its mailbox to another one can
//!   write nothing more ([`LedgerErrorKind::Fenced`](super::LedgerErrorKind::Fenced));
//! - that a write [`Durable::AtOnce`] survives a power cut when it returns, with all writes before it.

use super::{History, LedgerError, MailboxKey};

/// What keeps the records of mailboxes.
pub trait Store: Send + Sync + std::fmt::Debug {
    /// Opens the record of a mailbox, or makes it, and holds it until the rows are dropped.
    fn open(&self, key: &MailboxKey) -> Result<Opened, LedgerError>;

    /// Whether there is a record of a mailbox.
    fn has(&self, key: &MailboxKey) -> Result<bool, LedgerError>;
}

/// The record of a mailbox as it was found.
pub struct Opened {
    /// Its rows.
    pub rows: Box<dyn Rows>,
    /// Its heads; each is whole.
    pub heads: Vec<HeadRow>,
    /// What was known about the mailbox before.
    pub history: History,
}

/// The rows of one mailbox, held.
pub trait Rows: Send {
    /// The blocks of a folder by their numbers, ascending.
    fn blocks(&self, folder: i64) -> Result<Vec<BlockRow>, LedgerError>;

    /// The items of a collection of the source. A store that keeps none is as good: the target is asked for each item.
    fn items(&self, _collection: &str) -> Result<Vec<ItemRow>, LedgerError> {
        Ok(Vec::new())
    }

    /// Keeps a change.
    fn write(&mut self, write: &Write, durable: Durable) -> Result<(), LedgerError>;
}

/// A folder's head: what is known about it as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadRow {
    /// The folder's number within its mailbox, never 0.
    pub folder: i64,
    /// What is known.
    pub content: String,
    /// Says whether that is what was written.
    pub checksum: i64,
}

/// One step in the history of a folder's messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockRow {
    /// The folder's number.
    pub folder: i64,
    /// Its place in the folder's history, from 0.
    pub number: i64,
    /// What became known.
    pub content: Vec<u8>,
    /// Says whether that, and every block before it, is what was written.
    pub checksum: i64,
}

/// An event, a task or a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemRow {
    /// The collection of the source that it is in.
    pub collection: String,
    /// Which it is, within its collection.
    pub key: String,
    /// What is known.
    pub content: String,
    /// Says whether that is what was written.
    pub checksum: i64,
}

/// What is written in one step, in this order: folders forgotten, heads, blocks, items, items withdrawn. An item is either written or
/// withdrawn in one step.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Write {
    /// Folders of which every block goes.
    pub cleared: Vec<i64>,
    /// Folders of which the head goes too.
    pub forgotten: Vec<i64>,
    /// Heads that are new, or replace the ones with their numbers.
    pub heads: Vec<HeadRow>,
    /// Blocks that are new.
    pub blocks: Vec<BlockRow>,
    /// Items that are new, or replace the ones with their keys.
    pub items: Vec<ItemRow>,
    /// Items that go: their collections and keys.
    pub withdrawn_items: Vec<(String, String)>,
}

impl Write {
    /// Takes a later write in, as if both had been one after another.
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
        // What goes is written before what comes: what came again since must not go.
        self.withdrawn_items.retain(|(collection, key)| {
            !later.items.iter().any(|later| (&later.collection, &later.key) == (collection, key))
        });
        self.items.extend(later.items);
        self.withdrawn_items.extend(later.withdrawn_items);
    }

    /// About how many bytes it takes.
    pub fn size(&self) -> usize {
        let heads: usize = self.heads.iter().map(|head| head.content.len() + 32).sum();
        let items: usize =
            self.items.iter().map(|item| item.collection.len() + item.key.len() + item.content.len()).sum();
        heads + items + self.blocks.iter().map(|block| block.content.len() + 48).sum::<usize>()
    }
}

/// When a write has to survive a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durable {
    /// When it returns.
    AtOnce,
    /// With the next one that must at once, or a second later.
    Soon,
}
