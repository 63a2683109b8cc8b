//! Events, tasks and contacts: iCalendar (RFC 5545), vCard (RFC 2426, RFC 6350) and Kolab's formats read, converted, written and compared
//! by meaning.
//!
//! Promises
//!
//! - that what is written is what the source wrote, line by line, but for the lines that a conversion names;
//! - that an [`Uninvited`], the only calendar object that a target can be given, has neither organizer nor attendees nor a method,
//!   unless the target was shown not to schedule;
//! - that two objects are equal exactly when they mean the same: the same instants and occurrences, texts, alarms, categories and
//!   attachments, names, addresses and pictures. What a server may change without changing the meaning does not count;
//! - that nothing here fails on an input: what cannot be read is named.
//!
//! Pure functions on text: no I/O, no clock. Where items come from and go to is the matter of `dav` and `migrate`.

mod calendar;
mod card;
mod card_meaning;
mod component;
mod encoding;
pub(crate) mod fuzzing;
mod groups;
mod kolab;
mod line;
mod meaning;
mod message;
mod part;
mod participants;
mod recurrence;
mod zone;

pub use calendar::{CalendarItem, invited_uids, split_calendar, uids};
pub use card::{Card, split_cards};
pub use encoding::decoded_text;
pub use groups::ContactGroups;
pub use message::{ItemMessage, ItemText};
pub use participants::{Attendees, Condensed, DoesNotSchedule, Uninvited};

use crate::domain::{Difference, ItemChange, ItemFault, ItemName};

/// Something that cannot be migrated, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// How a person knows it.
    pub name: ItemName,
    /// Why.
    pub why: ItemFault,
    /// Whether it is left out on purpose, and nobody misses it.
    pub left_out: bool,
}

impl Unusable {
    /// Something without a name that is missing on the target.
    pub fn unnamed(why: ItemFault) -> Self {
        Self { name: ItemName::default(), why, left_out: false }
    }
}

/// What two objects that should mean the same differ in.
pub type Differences = Vec<Difference>;

/// What a person should know of an item's conversion, one by one.
pub type Changes = Vec<ItemChange>;
