//! Calendars, contacts and tasks of one account: after its mail, or beside a check or a comparison.
//!
//! Promises
//!
//! - that mail never waits for items and never fails because of them: they come after it, and what goes wrong here is reported here;
//! - that nothing on the target is overwritten, and that a second run over an unchanged source stores nothing;
//! - that every item that was stored is read back and compared by meaning, and counts as copied only then.
//!
//! One item's way: `places` says which collection it goes to, `outgoing` converts it, `existing` knows what is on the target, `copy`
//! stores it and reads it back. `origin` is where items come from, `survey` counts and `compare` verifies; none of these changes
//! anything. `tripwire` looks whether anybody gets an invitation all the same.

mod compare;
mod copy;
mod existing;
mod origin;
mod outgoing;
mod places;
mod reporter;
mod sides;
mod survey;
mod tripwire;

pub use compare::compare;
pub use copy::migrate;
pub use survey::survey;
