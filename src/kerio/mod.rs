//! Kerio Connect's administration API: JSON-RPC over HTTPS (docs/kerio-connect.md, sections A to C).
//!
//! Promises that an existing user, domain or service is left exactly as it is but for the IMAP port that a run was asked to set, that
//! the port is durable in a [`PortNote`] before it is changed, that no call outlasts its time limit, that a refused administrator is
//! not tried twice, and that every refusal becomes a sentence for an administrator. Knows nothing of mail.
//!
//! A call's way: `users`, `domains`, `services` and `port_change` say what is wanted, `session` adds the sign-in, `rpc` the JSON, and
//! `network::https` carries it.

mod administration;
mod domains;
mod error;
pub(crate) mod fuzzing;
mod port_change;
mod port_note;
mod query;
mod rpc;
mod services;
mod session;
mod users;

pub use administration::{Administration, AdministrationEndpoint, Rights, Seats};
pub use error::KerioError;
pub use port_change::{PortChange, Restored};
pub use port_note::PortNote;
pub use users::{PASSWORD_NEEDED, User};
