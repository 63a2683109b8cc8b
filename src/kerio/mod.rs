//! Kerio Connect's administration API: JSON-RPC over HTTPS (docs/kerio-connect.md, sections A to C).
//!
//! Promises:
//! - Existing users, domains and services stay exactly as they are, except for the IMAP port that a run was asked to set.
//! - The old port is durable in a [`PortNote`] before it is changed.
//! - No call outlasts its time limit.
//! - A refused administrator is not tried twice.
//! - Every refusal becomes a sentence for an administrator.
//!
//! Knows nothing of mail.
//!
//! The way of a call: `users`, `domains`, `services` and `port_change` say what is wanted, `session` adds the sign-in, `rpc` the JSON,
//! and `network::https` carries it.

mod administration;
mod domains;
mod endpoint;
mod error;
pub(crate) mod fuzzing;
mod port_change;
mod port_note;
mod query;
mod rpc;
mod services;
mod session;
mod users;

pub use administration::{Administration, Rights, Seats};
pub use endpoint::AdministrationEndpoint;
pub use error::KerioError;
pub use port_change::{PortChange, Restored};
pub use port_note::PortNote;
pub use users::{MailboxLimit, MailboxLimits, User};
