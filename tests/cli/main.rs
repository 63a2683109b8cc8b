//! The command line as a user and a script meet it: the real binary against embedded servers.
//!
//! What arrived is compared in the servers' own mail stores, which share nothing with the engine.

#![allow(clippy::unwrap_used, clippy::expect_used)] // A failed step of a test ends the test.

mod comparing;
#[cfg(unix)]
mod cut_off;
mod demo;
#[cfg(unix)]
mod disk_full;
mod kerio;
mod migrating;
mod output;
mod secrets;
mod stage;
mod trust;
mod usage;
