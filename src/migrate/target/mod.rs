//! What kind of server the target is: who exists there, and what Kerio Connect's administration does for a run.

pub mod directory;
pub mod kerio;
pub mod profile;
