//! A folder: what IMAP calls a mailbox (RFC 9051, section 5.1). Only `imap/` uses that word for it.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Position of a folder in its account's plan, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FolderId(pub u32);

impl FolderId {
    /// The index into a list that holds one entry per folder.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A folder's place in the hierarchy, in Unicode and without any server's separator: `["Projects", "2024"]`.
///
/// Only for display are the parts joined with `/`; a name may contain a slash itself, so compute with [`FolderPath::parts`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FolderPath(pub Vec<String>);

impl FolderPath {
    /// A path from its parts, outermost first.
    pub fn new<S: Into<String>>(parts: impl IntoIterator<Item = S>) -> Self {
        Self(parts.into_iter().map(Into::into).collect())
    }

    /// The parts, outermost first.
    pub fn parts(&self) -> &[String] {
        &self.0
    }

    /// The last part; empty for the empty path.
    pub fn name(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }

    /// The folder above, if there is one.
    pub fn parent(&self) -> Option<FolderPath> {
        (self.0.len() > 1).then(|| Self(self.0[..self.0.len() - 1].to_vec()))
    }

    /// Whether this is INBOX, in any case of letters.
    pub fn is_inbox(&self) -> bool {
        matches!(self.0.as_slice(), [only] if only.eq_ignore_ascii_case("INBOX"))
    }
}

impl fmt::Display for FolderPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.join("/"))
    }
}

/// What a folder is for (RFC 6154).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpecialUse {
    /// The inbox.
    Inbox,
    /// Sent mail.
    Sent,
    /// Drafts.
    Drafts,
    /// Deleted mail.
    Trash,
    /// Spam.
    Junk,
    /// Archived mail.
    Archive,
    /// All messages, shown again (Gmail's All Mail).
    All,
    /// Flagged messages, shown again (Gmail's Starred).
    Flagged,
    /// Important messages, shown again (RFC 8457).
    Important,
}

/// One folder as a server lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// The name exactly as it travels on that server's wire.
    pub wire_name: Vec<u8>,
    /// The name decoded and split at the server's separator, without the prefix of the personal namespace.
    pub path: FolderPath,
    /// Its use, as the server says.
    pub special_use: Option<SpecialUse>,
    /// Whether it can hold messages (neither \Noselect nor \NonExistent).
    pub selectable: bool,
    /// Whether the user is subscribed to it.
    pub subscribed: bool,
}

impl Folder {
    /// The inbox that every mailbox has.
    pub fn inbox() -> Self {
        Self {
            wire_name: b"INBOX".to_vec(),
            path: FolderPath::new(["INBOX"]),
            special_use: Some(SpecialUse::Inbox),
            selectable: true,
            subscribed: true,
        }
    }
}
