//! What page 2 works out from all accounts, kept until something changes: the page is drawn every frame, and a list may have fifty
//! thousand accounts.
//!
//! - Code that changes what is known of the accounts, or which are chosen, calls [`AccountsPage::changed`].
//! - Words that contain a time, such as that of the next try, are made when a row is drawn, and depend on no revision.

use super::AccountsPage;
use super::showing::Showing;
use std::collections::BTreeMap;

/// A filter's name, how many accounts it shows, and which.
pub(super) type Filter = (&'static str, u64, Showing);

/// What is worked out from all accounts.
#[derive(Default)]
pub(super) struct Derived {
    /// The filters with their numbers, by the revision and the filter in force.
    pub(super) filters: Kept<(u64, Showing), Vec<Filter>>,
    /// How many accounts are not expected to become complete, by cause, for a revision.
    pub(super) expected: Kept<u64, BTreeMap<String, u64>>,
}

/// A value, and the key it was worked out for.
#[derive(Default)]
pub(super) struct Kept<K, V> {
    of: Option<K>,
    value: V,
}

impl<K: PartialEq, V> Kept<K, V> {
    /// The value for this key, worked out again only if the key has changed.
    pub(super) fn of(&mut self, key: K, work_out: impl FnOnce() -> V) -> &V {
        if self.of.as_ref() != Some(&key) {
            (self.of, self.value) = (Some(key), work_out());
        }
        &self.value
    }
}

impl AccountsPage {
    /// Notes that what is known of the accounts, or which are chosen, has changed.
    pub(super) fn changed(&mut self) {
        self.revision += 1;
    }
}
