//! Kerio Connect as the target: its administrator, and the port of its IMAP service.

pub mod administrator;
pub mod port;
