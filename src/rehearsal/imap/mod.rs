//! The embedded IMAP server (RFC 3501, with the extensions of a profile). One thread per connection, no storage of its own.

mod append;
mod channel;
mod fetch;
mod folders;
mod messages;
mod options;
mod parser;
mod search;
mod select;
mod server;
mod session;
mod shared;
mod sign_in;
mod taken;

#[cfg(test)]
mod tests;

pub use options::{DateRefusal, ImapOptions, Keeping, KerioWays, Profile};
pub use server::ImapServer;
pub use shared::Transcript;
