//! One migration on many machines: records that they share in a PostgreSQL database (version 14 or later), and leases by which each mailbox
//! belongs to one of them.
//!
//! The one rule: every durable step is one statement that checks that the process still holds the mailbox. So a process that lost its
//! mailbox cannot write, and one that cannot write sends nothing, because the ledger's order is intend, append, done.
//!
//! 1. `address` says where the database is, `connection` reaches it.
//! 2. `database` is the one thread of a process that talks to it. It commits what all mailboxes
//!    of the process have to write together (`gathering`).
//! 3. `lease` is the process's own clock: it stops before anybody may take its mailboxes over.
//! 4. `records` is the ledger's store over all that; `tables` has the tables, `schema` the statements about records and leases.
//! 5. `handle` is a fleet: what is to be done (`fleets`), its mailboxes as jobs (`jobs`, `known`), and its status (`status`). `key` seals what
//!    nobody may read who only has the database. `limits` is what its machines keep to together.
//!
//! What is left to others: who starts processes on machines, what a mailbox's messages mean, and what a job says.

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
