//! A message taken out of the store, as FETCH and SEARCH look at it: the store is not held meanwhile.

use super::super::store::{Content, Flags};
use chrono::{DateTime, FixedOffset};

/// A message with its sequence number, taken out of the store.
pub(super) struct Taken {
    pub(super) number: u32,
    pub(super) uid: u32,
    pub(super) content: Content,
    pub(super) flags: Flags,
    pub(super) date: DateTime<FixedOffset>,
}
