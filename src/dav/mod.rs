//! CalDAV (RFC 4791) and CardDAV (RFC 6352) over WebDAV (RFC 4918): finding an account's calendars and address books, reading what is
//! in them, and adding to them.
//!
//! Promises
//!
//! - that nothing is changed on a source: a [`Source`] sends OPTIONS, PROPFIND, REPORT and GET and has no method for anything else;
//! - that nothing on a target is overwritten or deleted: a [`Target`] only adds resources that do not exist, and makes calendars;
//! - that nobody is invited: what a [`Target`] stores is an [`crate::items::Uninvited`] or a card, and never goes into a scheduling
//!   inbox or outbox, which are no collections here;
//! - that a password goes to the named server only, that every answer is bounded, and that nothing waits without end.
//!
//! What an item means is the matter of `items`; what becomes of it, of `migrate`. Letters with numbers are those of
//! docs/kerio-connect.md.

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
