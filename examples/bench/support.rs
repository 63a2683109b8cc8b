//! The real Dovecot of the tests.
#![allow(dead_code)]

#[path = "../../tests/support/certificate.rs"]
pub mod certificate;
#[path = "../../tests/support/dovecot.rs"]
pub mod dovecot;
#[path = "../../tests/support/process.rs"]
pub mod process;
