//! The Kerio IMAP Migration Tool as a library: everything the `kimt` program does, so that tests reach all of it.
//!
//! `docs/architecture.md` explains the modules and who may know whom; `tests/architecture.rs` enforces it.

pub mod accounts;
pub mod cli;
pub mod core_dumps;
pub mod dav;
pub mod domain;
pub mod fleet;
pub mod fuzz;
pub mod gui;
pub mod guide;
pub mod imap;
pub mod instance;
pub mod items;
pub mod kerio;
pub mod ledger;
pub mod logs;
pub mod migrate;
pub mod migration;
pub mod network;
pub mod private_file;
pub mod progress;
pub mod rehearsal;
pub mod report;
pub mod settings;
mod xml;
