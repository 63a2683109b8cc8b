//! Events, tasks and contacts, as far as the whole program speaks of them.

use serde::{Deserialize, Serialize};
use std::fmt;

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
