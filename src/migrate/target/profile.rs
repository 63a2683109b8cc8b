//! What is known about a kind of target beyond IMAP: the one place that distinguishes kinds.

use crate::domain::{FolderPath, SpecialUse};
use crate::migrate::request::TargetKind;

/// How a kind of target differs from other IMAP servers.
#[derive(Debug)]
pub struct Profile {
    /// Top-level names, in lower case, of folders that hold something other than mail; mail never goes there.
    pub reserved: &'static [&'static str],
    /// The folders that each mailbox has from the beginning, with their uses. Empty if only the server knows.
    pub own_folders: &'static [(&'static str, SpecialUse)],
    /// Whether two names that differ only in case are the same folder.
    pub folds_case: bool,
    /// Whether a message that arrives with \Deleted stays visible.
    pub keeps_deleted: bool,
    /// Whether missing users are created.
    pub creates_users: bool,
    /// Whether a contact's picture must be a JPEG of at most 256 kB (docs/kerio-connect.md, G8).
    pub limits_pictures: bool,
    /// Whether a port in the address is set on the target's IMAP service during the run.
    pub moves_port: bool,
}

/// Any other IMAP server.
static IMAP: Profile = Profile {
    reserved: &[],
    own_folders: &[],
    folds_case: false,
    keeps_deleted: true,
    creates_users: false,
    limits_pictures: false,
    moves_port: false,
};

/// Kerio Connect: its default folders (user guide), and a mailbox that hides what is \Deleted.
static KERIO: Profile = Profile {
    reserved: &[
        "calendar",
        "contacts",
        "tasks",
        "notes",
        "journal",
        "suggested contacts",
        "public folders",
        "archive folders",
    ],
    own_folders: &[
        ("INBOX", SpecialUse::Inbox),
        ("Sent Items", SpecialUse::Sent),
        ("Drafts", SpecialUse::Drafts),
        ("Deleted Items", SpecialUse::Trash),
        ("Junk E-mail", SpecialUse::Junk),
    ],
    folds_case: true,
    keeps_deleted: false,
    creates_users: true,
    limits_pictures: true,
    moves_port: true,
};

impl Profile {
    /// The profile of a kind of target.
    pub fn of(kind: &TargetKind) -> &'static Self {
        match kind {
            TargetKind::Kerio(_) => &KERIO,
            TargetKind::Imap => &IMAP,
        }
    }

    /// The profile of any other IMAP server.
    #[cfg(test)]
    pub fn imap() -> &'static Self {
        &IMAP
    }

    /// The profile of Kerio Connect.
    #[cfg(test)]
    pub fn kerio() -> &'static Self {
        &KERIO
    }

    /// The target's own folder for a use, if each mailbox has one from the beginning.
    pub fn own_folder(&self, special_use: SpecialUse) -> Option<FolderPath> {
        self.own_folders.iter().find(|(_, own)| *own == special_use).map(|(name, _)| FolderPath::new([*name]))
    }
}
