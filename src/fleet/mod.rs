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
//! 4. `records` is the ledger's store over all that; `schema` has the tables and every statement.
//!
//! What is left to others: who starts processes on machines, and what a mailbox's messages mean.

mod address;
mod connection;
mod database;
mod gathering;
mod lease;
mod records;
mod schema;

pub use address::DatabaseAddress;
pub use database::Database;
pub use lease::LeaseTimes;
pub use records::SharedRecords;

#[cfg(test)]
#[cfg(target_os = "linux")]
#[path = "../../tests/support/postgres.rs"]
mod testing;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
