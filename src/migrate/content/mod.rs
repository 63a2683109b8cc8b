//! The content of messages: read, measured and compared. Nothing else identifies a message, neither Message-ID nor date.
//!
//! - `comparison`: a message's fingerprint, and how two messages compare.
//! - `reading`: messages read and measured over as many connections as it takes.
//! - `matching`: which messages of the source are on the target, one to one.

pub mod comparison;
pub mod matching;
pub mod reading;
