//! The plan: which folder of an account goes where and why, and which is not copied, as data that the engine, its events and the report share.

use super::FolderPath;
use serde::{Deserialize, Serialize};

/// One folder's way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedFolder {
    /// Where the messages are.
    pub source: FolderPath,
    /// Where they go.
    pub target: FolderPath,
    /// Why there.
    pub mapping: Mapping,
}

/// Why a folder goes where it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mapping {
    /// Under its own name.
    SameName,
    /// To the target's folder of the same use, by attribute (RFC 6154).
    ByUse,
    /// To the target's folder of the same use, recognised by a usual name.
    ByName,
    /// Renamed, because the name belongs to a groupware or system folder of the target.
    Reserved,
    /// Renamed, because the target cannot carry the name as it is.
    Adapted,
    /// Renamed, because another folder already took the name there.
    Clash,
    /// Where the user's rules send it.
    ByRule,
    /// To the target's archive, and only the messages that no other folder has.
    Rest,
    /// Where an earlier run put it.
    AsBefore,
}

/// A folder that is not copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The folder's name as shown to a person.
    pub folder: String,
    /// Why.
    pub reason: LeftOutReason,
}

/// Why a folder is not copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftOutReason {
    /// It belongs to another user (NAMESPACE, RFC 2342).
    OtherUser,
    /// It is shared or public.
    Shared,
    /// It shows messages of other folders once more (\All, \Flagged, \Important).
    Virtual,
    /// The user's rules leave it out.
    ByRule,
    /// No command can name it: its name is empty, too long or has NUL in it.
    Unnameable,
    /// The server lists two folders by one name, of which only one can be opened.
    ListedTwice,
}

impl LeftOutReason {
    /// The reason as the end of a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            LeftOutReason::OtherUser => "it belongs to another user",
            LeftOutReason::Shared => "it is a public or shared folder; move it into a mailbox to migrate it",
            LeftOutReason::Virtual => "it only shows messages of other folders once more",
            LeftOutReason::ByRule => "your rules leave it out",
            LeftOutReason::ListedTwice => "the server lists two folders by this name, of which only one can be opened",
            LeftOutReason::Unnameable => "the server lists it under a name by which it cannot be opened",
        }
    }
}
