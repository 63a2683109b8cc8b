//! Events, tasks and contacts: reads, converts, writes and compares iCalendar (RFC 5545), vCard (RFC 2426, RFC 6350) and Kolab's formats.
//!
//! Promises:
//!
//! - Written items equal what the source wrote, line by line, except for lines that a conversion names.
//! - An [`Uninvited`], the only calendar object that a target accepts, never has a METHOD, and has organizer and attendees only if the
//!   target was shown not to schedule.
//! - Two objects are equal exactly when they mean the same: the same instants and occurrences, texts, alarms, categories and attachments,
//!   names, addresses and pictures. What a server may change without changing the meaning does not count.
//! - No input makes anything here fail: what cannot be read is named.
//!
//! Pure functions on text: no I/O, no clock. `dav` and `migrate` know where items come from and go to.

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

/// Something that is not migrated, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// Its name for a person.
    pub name: ItemName,
    /// Why.
    pub why: ItemFault,
    /// Whether it is left out on purpose, so that nothing is missing.
    pub left_out: bool,
}

impl Unusable {
    /// Something without a name, which will be missing on the target.
    pub fn unnamed(why: ItemFault) -> Self {
        Self { name: ItemName::default(), why, left_out: false }
    }
}

/// The differences between two objects that should mean the same.
pub type Differences = Vec<Difference>;

/// What a person should know about an item's conversion.
pub type Changes = Vec<ItemChange>;
