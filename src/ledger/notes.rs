//! What is noted of calendars and address books beside their items: of a collection as a whole, on either side, and of where an account's
//! items come from.
//!
//! A note that is not what was written, or that nobody can read, is as good as none: the collection is then listed.

use super::checksum::checksum;
use super::store::{Durable, ItemRow, Write};
use super::{Ledger, LedgerError};
use crate::domain::{RecordFault, Side};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What a run noted of a collection when it had worked on all of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CollectionNote {
    /// The token with which the server can be asked what changed since (RFC 6578).
    pub sync_token: Option<String>,
    /// What the server changes with every change, and cannot be asked about.
    pub ctag: Option<String>,
    /// Whether these were seen to change with what is in the collection.
    pub moves: bool,
    /// Whether what is in the collection was seen to change without them.
    pub lies: bool,
    /// Whether the run believed them, and did not list the collection.
    pub was_believed: bool,
    /// Where the collection was other than the records of its items say: each place with the version there, or none where nothing was.
    pub but_for: Vec<(String, Option<String>)>,
    /// How many of its items were tasks.
    pub tasks: u64,
}

/// Where the items of an account were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemsAt {
    /// On a CalDAV and CardDAV server.
    Server,
    /// In folders of the mailbox.
    Folders,
    /// Nowhere: no server answered, and no folder holds any.
    Nowhere,
}

/// Under which name the note of a collection is kept. No collection of the source is called so.
fn name(side: Side, collection: &str) -> String {
    match side {
        Side::Source => format!("\nsource\n{collection}"),
        Side::Target | Side::Administration => format!("\ntarget\n{collection}"),
    }
}

/// And the note of where the items are.
const ITEMS_AT: &str = "\nitems at";

impl Ledger {
    /// What is noted of a collection.
    pub fn collection(&self, side: Side, collection: &str) -> Result<Option<CollectionNote>, LedgerError> {
        self.noted(&name(side, collection))
    }

    /// Notes something of a collection.
    pub fn note_collection(&mut self, side: Side, collection: &str, note: &CollectionNote) -> Result<(), LedgerError> {
        self.note(name(side, collection), note)
    }

    /// Where an earlier run found the items of the account; none where no run came to an end with them.
    pub fn items_at(&self) -> Result<Option<ItemsAt>, LedgerError> {
        self.noted(ITEMS_AT)
    }

    /// Notes where the items of the account are.
    pub fn note_items_at(&mut self, at: ItemsAt) -> Result<(), LedgerError> {
        self.note(ITEMS_AT.to_owned(), &at)
    }

    fn noted<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, LedgerError> {
        let rows = self.item_rows(name)?;
        let is_whole = |row: &&ItemRow| checksum(&[name.as_bytes(), row.content.as_bytes()]) == row.checksum;
        Ok(rows.iter().find(is_whole).and_then(|row| serde_json::from_str(&row.content).ok()))
    }

    fn note<T: Serialize>(&mut self, name: String, note: &T) -> Result<(), LedgerError> {
        let content = serde_json::to_string(note)
            .map_err(|error| LedgerError::new(RecordFault::Unwritable { why: error.to_string() }))?;
        let checksum = checksum(&[name.as_bytes(), content.as_bytes()]);
        let row = ItemRow { collection: name, key: String::new(), content, checksum };
        self.write(&Write { items: vec![row], ..Write::default() }, Durable::Soon)
    }
}
