//! One migration on many machines: records shared in a PostgreSQL database (version 14 or later), and leases by which each mailbox belongs
//! to one of them.
//!
//! The one rule: every durable step is one statement that checks that the process still holds the mailbox. So a process that has lost its
//! mailbox cannot write; and as the ledger's order is intend, append, done, a process that cannot write sends nothing.
//!
//! 1. `address` says where the database is, `connection` connects to it.
//! 2. `database` is the one thread of a process that talks to it. It commits the writes of all mailboxes together (`gathering`).
//! 3. `lease` is the process's own clock: it stops the process before another may take its mailboxes over.
//! 4. `records` is the ledger's store on top; `tables` has the tables, `schema` the statements about records and leases.
//! 5. `handle` is a fleet: its tasks (`fleets`), its mailboxes as jobs (`jobs`, `known`), its status (`status`). `key` seals what the
//!    database must not reveal. `limits` has what the machines share.
//!
//! Not here: who starts processes on machines, what a mailbox's messages mean, and what a job says.

mod address;
mod connection;
mod database;
mod fleets;
mod gathering;
mod handle;
mod jobs;
mod key;
mod known;
mod lease;
mod limits;
mod records;
mod schema;
mod status;
mod tables;

pub use address::DatabaseAddress;
pub use database::Database;
pub use fleets::{Begun, Schedule};
pub use handle::{Fleet, Job, NewJob, Slot};
pub use jobs::{JobEnd, JobSums};
pub use key::FleetKey;
pub use known::KnownJob;
pub use lease::LeaseTimes;
pub use limits::Errand;
pub use records::SharedRecords;
pub use status::{Orders, Status, Wish, WorkerStatus};

#[cfg(test)]
#[cfg(target_os = "linux")]
#[path = "../../tests/support/postgres.rs"]
pub(crate) mod testing;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
