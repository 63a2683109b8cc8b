//! The command line as a user and a script meet it: the real binary against embedded servers.
//!
//! What arrived is compared in the servers' own mail stores, which share nothing with the engine.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A failed step of a test ends the test.

#[cfg(unix)]
#[path = "../support/embedded/between.rs"]
#[allow(dead_code)] // Not everything that can be done to an answer is done here.
mod between;
#[cfg(unix)]
mod busy;
mod comparing;
#[cfg(target_os = "linux")]
mod counted;
#[cfg(unix)]
mod cut_off;
mod demo;
#[cfg(unix)]
mod disk_full;
#[cfg(unix)]
mod documents;
#[cfg(target_os = "linux")]
mod fleet;
#[cfg(target_os = "linux")]
mod fleet_attacked;
#[cfg(target_os = "linux")]
mod fleet_sealed;
#[cfg(target_os = "linux")]
mod fleet_together;
mod kerio;
mod migrating;
mod migrations;
#[cfg(unix)]
mod notify;
mod one_mailbox;
mod output;
#[cfg(target_os = "linux")]
#[path = "../support/postgres.rs"]
#[allow(dead_code)] // Not every test crashes it.
mod postgres;
mod secrets;
#[cfg(target_os = "linux")]
mod shared_ledger;
mod stage;
mod trust;
mod two_computers;
mod usage;
