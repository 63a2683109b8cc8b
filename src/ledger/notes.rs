//! Notes on calendars and address books beside their items: the state of a target collection as a whole, and where an account's items come
//! from.
//!
//! A note that is damaged or cannot be read counts as none.

use super::checksum::checksum;
use super::store::{Durable, ItemRow, Write};
use super::{Ledger, LedgerError};
use crate::domain::RecordFault;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A run's note on a target collection after all work on it.
#[derive(Serialize, Deserialize)]
struct CollectionNote {
    sync_token: Option<String>,
}

/// Where an account's items were found.
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

/// The name under which a target collection's note is kept. No source collection has such a name.
fn name(collection: &str) -> String {
    format!("\ntarget\n{collection}")
}

/// The same for the note of where the items are.
const ITEMS_AT: &str = "\nitems at";

impl Ledger {
    /// The sync token of a target collection at the end of an earlier run, with which the server can be asked for later changes (RFC 6578).
    pub fn target_state(&self, collection: &str) -> Result<Option<String>, LedgerError> {
        Ok(self.noted::<CollectionNote>(&name(collection))?.and_then(|note| note.sync_token))
    }

    /// Notes the sync token of a target collection; none if the server gives none.
    pub fn note_target_state(&mut self, collection: &str, sync_token: Option<String>) -> Result<(), LedgerError> {
        self.note(name(collection), &CollectionNote { sync_token })
    }

    /// Where an earlier run found the account's items; none if no run finished them.
    pub fn items_at(&self) -> Result<Option<ItemsAt>, LedgerError> {
        self.noted(ITEMS_AT)
    }

    /// Notes where the account's items are.
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
