//! Calendars, contacts and tasks of one account: migrated after its mail, counted in a check, compared by verify.
//!
//! Promises:
//!
//! - Mail never waits for items and never fails because of them: they come after it, and their problems are reported here.
//! - Nothing on the target is overwritten, and a second run over an unchanged source stores nothing.
//! - Every stored item is read back and compared by meaning, and only then counts as copied.
//! - A message counts as an item only if everything in it is on the target; everything else in its folder stays mail.
//!
//! An item's way: `origin` is where it comes from, `places` says which collection it goes to, `outgoing` converts it, `existing` knows what
//! is on the target, `copy` stores it and reads it back with `given`. `survey` counts and `compare` verifies; neither changes anything.
//! `messages` reads whole messages, `tripwire` watches whether anybody gets an invitation all the same.

mod compare;
mod copy;
mod existing;
mod given;
mod messages;
mod origin;
mod outgoing;
mod places;
mod reporter;
mod sides;
mod survey;
mod tripwire;

pub use compare::compare;
pub use copy::migrate;
pub(in crate::migrate) use origin::may_hold_items;
pub use survey::survey;

use super::plan::items::AsItems;
use super::verdict::ItemEvidence;

/// The result for the items of an account.
#[derive(Debug, Default)]
pub struct ItemsEnd {
    /// Whether a problem says that something is missing.
    pub is_incomplete: bool,
    /// The evidence of all that the source lists; none if nobody looked, or if the source could not be listed.
    pub evidence: Option<ItemEvidence>,
    /// The messages of the source that are on the target as items and need not be copied as mail.
    pub as_items: AsItems,
}
