//! The window, looked at without a screen: every page in every state, by the names a screen reader says and by pictures.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod accounts;
mod corrected;
mod demo;
mod fleet;
mod frames;
mod guarded;
mod guide;
mod migrations;
mod more;
mod ports;
mod recorded;
mod result;
mod screens;
mod servers;
mod silent;
mod status;
mod strange;
mod support;
mod tables;
mod whole;
