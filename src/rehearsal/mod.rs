//! Embedded servers on loopback: an IMAP server with its own mail store, and a stand-in for Kerio Connect's administration API.
//!
//! The demo runs on them, and the tests. They are no products: they keep everything in memory and listen on loopback only.
//! Nothing outside of `cli`, `gui` and tests knows them, and they know nothing of the engine.

pub mod administration;
mod certificate;
mod listener;
mod service;

pub use certificate::ServerCertificate;
pub use service::{ImapService, MailService};
