//! A message taken from the store for FETCH and SEARCH, so that the store is not locked meanwhile.

use super::super::store::{Content, Flags};
use chrono::{DateTime, FixedOffset};

/// A message with its sequence number.
pub(super) struct Taken {
    pub(super) number: u32,
    pub(super) uid: u32,
    pub(super) content: Content,
    pub(super) flags: Flags,
    pub(super) date: DateTime<FixedOffset>,
}
