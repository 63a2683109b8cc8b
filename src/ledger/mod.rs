//! The ledger: the durable record of what is already on the target, one for each mailbox.
//!
//! Promises the order *intent (durable) -> append -> done*: an intent survives a power cut from the moment [`Ledger::record`] returns, and
//! a message that was intended but not settled stays visible through [`Ledger::intents`] until the target has been asked what became of it.
//! What is settled goes to the store at once, so that it survives the end of the program; it survives a power cut from the next intent on,
//! or a second later: losing it costs a request to the target, not a message. A second run on the same mailbox is refused. A record that is
//! damaged or of another version is set aside, reported, and replaced by an empty one; the engine then compares with the target by content.
//!
//! The way of a message: `folder` takes the change, `messages` writes it into a block and `head` into the folder's head, `store` is the
//! seam, `sqlite` keeps the rows in a file. `docs/ledger.md` describes the file.

mod checksum;
mod departures;
mod error;
mod folder;
mod head;
mod items;
mod mailbox;
mod message;
mod messages;
mod notes;
mod renames;
mod sqlite;
mod store;

pub use error::{LedgerError, LedgerErrorKind};
pub use folder::{Change, FolderRecord};
pub use head::{Extent, Renaming, Snapshot};
pub use items::{ItemRecord, ItemState};
pub use mailbox::Ledger;
pub use message::{Arrival, Departure, Done, Intent, Message, State, Stored};
pub use notes::ItemsAt;
pub use renames::Renamed;
pub use sqlite::Files;
pub use store::{BlockRow, Durable, HeadRow, ItemRow, Opened, Rows, Store, Write};

use crate::domain::RecordDamage;

/// Identifies the mailbox of a record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct MailboxKey {
    /// The source as `host:port`.
    pub source: String,
    /// The target as `host:port`; the administration's port if there is one, because the port for mail may be moved.
    pub target: String,
    /// The account's address in its key form.
    pub address: String,
}

/// What was known about a mailbox when its record was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum History {
    /// It had no record.
    New,
    /// It had one.
    Known,
    /// It had one that its last holder did not give back: what that holder sent last may still arrive.
    TakenOver,
    /// It had one that cannot be used.
    SetAside {
        /// Where it is kept now.
        kept_as: String,
        /// What is wrong with it.
        why: RecordDamage,
    },
}

#[cfg(test)]
pub(crate) mod contract;
