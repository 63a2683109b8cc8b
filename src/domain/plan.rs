//! The plan as data: which folder of an account goes where and why, and which is not copied. Engine, events and report share it.

use super::FolderPath;
use serde::{Deserialize, Serialize};

/// A folder and its target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedFolder {
    /// Its name on the source.
    pub source: FolderPath,
    /// Its name on the target.
    pub target: FolderPath,
    /// Why it has that name.
    pub mapping: Mapping,
}

/// Why a folder has its name on the target.
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
    /// Renamed, because the target does not accept the name.
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
    /// It shows messages of other folders again (\All, \Flagged, \Important).
    Virtual,
    /// The user's rules leave it out.
    ByRule,
    /// No command can name it: its name is empty, too long or has NUL in it.
    Unnameable,
    /// The server lists two folders by one name, of which only one can be opened.
    ListedTwice,
    /// Its name looks like that of another user's folder, and the server does not say whose it is (no NAMESPACE).
    Unclear,
    /// In place of folders that the server did not list, with its words for that.
    NotListed,
}

impl LeftOutReason {
    /// The reason as the end of a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            LeftOutReason::OtherUser => "it belongs to another user",
            LeftOutReason::Shared => "it is a public or shared folder; move it into a mailbox to migrate it",
            LeftOutReason::Virtual => "it only repeats messages from other folders",
            LeftOutReason::ByRule => "your rules leave it out",
            LeftOutReason::ListedTwice => {
                "the server lists two folders by this name, and only one of them can be opened"
            }
            LeftOutReason::Unnameable => "no command can open it under the name that the server lists",
            LeftOutReason::NotListed => "the server says with these words that it does not list every folder",
            LeftOutReason::Unclear => {
                "its name looks like another user's folder, and the server does not say whose it is; rename it there, or leave it out by a rule"
            }
        }
    }

    /// Whether something of the account is missing because of it.
    pub fn is_loss(self) -> bool {
        match self {
            LeftOutReason::OtherUser | LeftOutReason::Shared | LeftOutReason::Virtual | LeftOutReason::ByRule => false,
            LeftOutReason::Unnameable
            | LeftOutReason::Unclear
            | LeftOutReason::ListedTwice
            | LeftOutReason::NotListed => true,
        }
    }
}
