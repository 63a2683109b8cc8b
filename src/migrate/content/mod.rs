//! The content of messages: read, measured and compared. Nothing else identifies a message; neither Message-ID nor date does.
//!
//! - `comparison`: what is remembered of a message, and how two compare.
//! - `reading`: messages read and measured over as many connections as it takes.
//! - `matching`: which messages of the source are on the target, one to one.

pub mod comparison;
pub mod matching;
pub mod reading;
