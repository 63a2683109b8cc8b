//! Events, tasks and contacts, as far as the whole program speaks of them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Where calendars, contacts and tasks come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum GroupwareMode {
    /// They are not migrated.
    #[default]
    Off,
    /// From CalDAV and CardDAV where the source has them, else from folders of its mailboxes; a source with neither is no failure.
    Auto,
    /// From CalDAV and CardDAV, which must be there.
    Dav,
    /// From folders of the mailboxes: calendar objects, cards and Kolab's items as messages.
    Imap,
    /// From files: `DIR/ADDRESS/calendar/*.ics`, `tasks/*.ics`, `contacts/*.vcf`.
    Files,
}

/// What kind of thing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// An event, with all exceptions of its series (VEVENT).
    Event,
    /// A task (VTODO).
    Task,
    /// A contact (vCard).
    Contact,
}

/// What became of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemOutcome {
    /// It was stored on the target in this run, read back, and means the same.
    Copied,
    /// It is on the target already and means the same.
    AlreadyThere,
    /// Another item with the same identity is on the target, and was left alone.
    Different,
    /// It was stored, and what the target gives back means something else.
    Altered,
    /// It was left out on purpose.
    LeftOut,
    /// It is not on the target.
    Failed,
}

impl fmt::Display for ItemKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            ItemKind::Event => "event",
            ItemKind::Task => "task",
            ItemKind::Contact => "contact",
        })
    }
}
