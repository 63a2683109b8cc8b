//! The stand-in for Kerio Connect's administration, asked over raw HTTPS by code that shares nothing with the program's own client,
//! and then by that client.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod client;
mod directory;
mod hostile;
mod own_client;
mod services;
mod sessions;
