//! The record of events, tasks and contacts: intended, stored, checked.
//!
//! An item is identified by its collection and its place on the source and by its UID; one place may hold several. A damaged row counts as
//! none: the target is then asked for the item by its UID.

use super::checksum::checksum;
use super::store::{Durable, ItemRow, Write};
use super::{Ledger, LedgerError};
use crate::domain::RecordFault;
use serde::{Deserialize, Serialize};

/// How far an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemState {
    /// It may or may not be on the target: its storing was intended but not settled.
    Intended,
    /// The target confirmed that it is stored.
    Stored,
    /// It was read back from the target and means the same.
    Checked,
}

/// A recorded item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemRecord {
    /// 0 an event, 1 a task, 2 a contact.
    pub kind: u8,
    /// The collection on the source.
    pub collection: String,
    /// Its place in that collection.
    pub place: String,
    /// The source's version of it when it was read; empty if the source gives none.
    pub version: String,
    /// Its UID.
    pub uid: String,
    /// How far it is.
    pub state: ItemState,
    /// Its place on the target, or the one where it was to be stored.
    pub target: String,
    /// How many items its place on the source holds; 0 in records of earlier versions, which did not note it.
    #[serde(default)]
    pub items_there: u32,
    /// Whether its place holds more than its items, so that a message there is copied as mail as well.
    #[serde(default)]
    pub has_more: bool,
    /// Whether it was on the target and somebody deleted it there.
    #[serde(default)]
    pub deleted_there: bool,
}

impl ItemRecord {
    fn key(&self) -> String {
        format!("{}\n{}\n{}", self.place, self.kind, self.uid)
    }

    fn row(&self) -> Result<ItemRow, LedgerError> {
        let (collection, key) = (self.collection.clone(), self.key());
        let content = serde_json::to_string(self)
            .map_err(|error| LedgerError::new(RecordFault::Unwritable { why: error.to_string() }))?;
        let checksum = checksum(&[collection.as_bytes(), key.as_bytes(), content.as_bytes()]);
        Ok(ItemRow { collection, key, content, checksum })
    }

    fn read(row: &ItemRow) -> Option<Self> {
        let known = checksum(&[row.collection.as_bytes(), row.key.as_bytes(), row.content.as_bytes()]);
        serde_json::from_str(&row.content).ok().filter(|_| known == row.checksum)
    }
}

impl Ledger {
    /// The items of a source collection, in no particular order.
    pub fn items(&self, collection: &str) -> Result<Vec<ItemRecord>, LedgerError> {
        Ok(self.item_rows(collection)?.iter().filter_map(ItemRecord::read).collect())
    }

    /// Records items. When this returns, a power cut cannot undo an intent; so call it before the first byte of an intended item goes out.
    pub fn record_items(&mut self, items: &[ItemRecord]) -> Result<(), LedgerError> {
        if items.is_empty() {
            return Ok(());
        }
        let intends = items.iter().any(|item| item.state == ItemState::Intended);
        let items = items.iter().map(ItemRecord::row).collect::<Result<_, _>>()?;
        self.write(&Write { items, ..Write::default() }, if intends { Durable::AtOnce } else { Durable::Soon })
    }

    /// Forgets an item that was intended and is not on the target.
    pub fn withdraw_item(&mut self, item: &ItemRecord) -> Result<(), LedgerError> {
        let withdrawn_items = vec![(item.collection.clone(), item.key())];
        self.write(&Write { withdrawn_items, ..Write::default() }, Durable::Soon)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_is_not_what_was_written_is_not_believed() {
        let record = ItemRecord {
            kind: 0,
            collection: "/cal/".into(),
            place: "/cal/a.ics".into(),
            version: String::new(),
            uid: "a".into(),
            state: ItemState::Intended,
            target: "/new/a.ics".into(),
            items_there: 1,
            has_more: false,
            deleted_there: false,
        };
        let row = record.row().unwrap();
        assert_eq!(ItemRecord::read(&row), Some(record));
        let other = ItemRow { content: row.content.replace("intended", "checked"), ..row };
        assert_eq!(ItemRecord::read(&other), None);
    }

    #[test]
    fn a_record_of_an_earlier_version_is_read() {
        let content =
            r#"{"kind":2,"collection":"/c/","place":"/c/a","version":"1","uid":"a","state":"checked","target":"/t/a"}"#;
        let record: ItemRecord = serde_json::from_str(content).unwrap();
        assert_eq!((record.state, record.items_there, record.has_more), (ItemState::Checked, 0, false));
    }
}
