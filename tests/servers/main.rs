//! The engine against real mail servers, compared by code that shares nothing with it.
//!
//! Every server runs on loopback with a temporary folder of its own. A test whose server is not installed fails and says so.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../support/mod.rs"]
mod support;

#[path = "../support/postgres.rs"]
#[allow(dead_code)] // Not every test dumps it.
mod postgres;

mod compressed;
mod dovecot;
mod fleet;
mod interrupted;
mod kerio;
mod last_pass;
mod masters;
mod namespaces;
mod pairs;
mod program;
mod two_connections;
mod week;
