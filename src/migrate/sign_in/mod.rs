//! How people are signed in: what is sent to a server, where tokens come from, and what keeps us from being blocked.

pub mod credentials;
pub mod environment;
pub mod guard;
pub mod token;
