//! What the tests against real servers share. Nothing here uses the engine's own code, but for [`run`], which starts it.

// The tests and the examples each use a part of it.
#![allow(dead_code)]

pub mod certificate;
pub mod comparison;
pub mod corpus;
pub mod courier;
pub mod cyrus;
pub mod dav;
pub mod dovecot;
pub mod forwarder;
pub mod imap_client;
pub mod pair;
pub mod process;
pub mod pymap;
pub mod relay;
pub mod run;
pub mod wire_value;
