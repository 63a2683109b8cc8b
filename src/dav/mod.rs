//! CalDAV (RFC 4791) and CardDAV (RFC 6352) over WebDAV (RFC 4918): finds an account's calendars and address books, reads their items,
//! and adds to them.
//!
//! Promises:
//!
//! - Nothing changes on a source: a [`Source`] sends OPTIONS, PROPFIND, REPORT and GET, and has no method for anything else.
//! - Nothing on a target is overwritten or deleted: a [`Target`] only adds resources that do not exist, and creates collections.
//! - Nobody is invited: a [`Target`] stores only an [`crate::items::Uninvited`] or a card, and never in a scheduling inbox or outbox,
//!   which are no collections here.
//! - A password goes only to the named server, every answer is bounded, and nothing waits forever.
//!
//! `items` knows what an item means, `migrate` what becomes of it. Letters with numbers refer to docs/kerio-connect.md.

mod address;
mod changes;
mod collections;
mod connection;
mod digest;
mod discovery;
mod error;
mod listed;
mod multistatus;
mod probe;
mod source;
mod target;

pub use address::{DavAddress, Href};
pub use changes::Changes;
pub use collections::{Collection, CollectionKind};
pub use connection::{DavLogin, DavServer};
pub use error::DavError;
pub use listed::Listed;
pub use probe::find;
pub use source::{Fetched, Source};
pub use target::{Stored, Target};

pub(crate) mod fuzzing;
