//! Embedded servers on loopback: an IMAP server with its own mail store, and stand-ins for Kerio Connect's administration API and for its
//! CalDAV and CardDAV server.
//!
//! They serve the demo and the tests, keep everything in memory and listen on loopback only. Only `cli`, `gui` and tests know them, and
//! they know nothing of the engine.

pub mod administration;
mod certificate;
pub mod dav;
pub mod demo;
mod faults;
mod http;
mod imap;
mod link;
mod listener;
pub mod sample;
mod service;
mod store;

pub use certificate::ServerCertificate;
pub use faults::{Action, FaultPlan, Faults, Moment, Step};
pub use imap::{DateRefusal, ImapOptions, ImapServer, Keeping, KerioWays, Profile, Transcript};
pub use link::{Link, LinkOptions};
pub use service::{ImapService, MailService, Used};
pub use store::{
    Backup, Content, FolderSnapshot, Generated, Layout, MailStore, MessageSnapshot, NewMessage, Snapshot, StoreError,
    wire_name,
};
