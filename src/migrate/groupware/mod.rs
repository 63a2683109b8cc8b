//! Calendars, contacts and tasks of one account: after its mail, or beside a check or a comparison.
//!
//! Promises
//!
//! - that mail never waits for items and never fails because of them: they come after it, and what goes wrong here is reported here;
//! - that nothing on the target is overwritten, and that a second run over an unchanged source stores nothing;
//! - that every item that was stored is read back and compared by meaning, and counts as copied only then;
//! - that a message is called an item only where everything in it is on the target; whatever else is in its folder stays mail.
//!
//! One item's way: `places` says which collection it goes to, `outgoing` converts it, `existing` knows what is on the target, `copy`
//! stores it and reads it back as `given` gets it. `origin` is where items come from, `survey` counts and `compare` verifies; none of these changes
//! anything. `messages` reads whole messages, `tripwire` looks whether anybody gets an invitation all the same.

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

/// What became of the items of an account.
#[derive(Debug, Default)]
pub struct ItemsEnd {
    /// Whether a problem says that something is missing.
    pub is_incomplete: bool,
    /// What is known of all that the source lists; none where nobody looked, or the source could not be listed.
    pub evidence: Option<ItemEvidence>,
    /// The messages of the source that are on the target as items and need not be copied as mail.
    pub as_items: AsItems,
}
