//! The embedded servers' mail store: users, folders and messages, all in memory.
//!
//! An [`super::ImapServer`] serves it from an `Arc`; tests and the demo fill, change and compare it directly. Callers give folder names in
//! Unicode, and the store keeps them in wire form.

mod content;
mod mailbox;
mod name;
mod snapshot;

pub use content::{Content, Generated};
pub use mailbox::NewMessage;
pub use name::wire_name;
pub use snapshot::{FolderSnapshot, MessageSnapshot, Snapshot};

pub(super) use mailbox::{Flags, Folder, Mailbox, Message};

use super::service::Used;
use crate::domain::{Secret, SpecialUse};
use std::collections::BTreeMap;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Instant;

/// How a store names its folders, and which folders a new user has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// The separator between the parts of a name.
    pub separator: u8,
    /// Whether it has Kerio Connect's default folders and ignores case in names (docs/kerio-connect.md, D2, D3).
    pub kerio: bool,
}

impl Layout {
    /// `/` as separator; a new user has only INBOX.
    pub const SLASH: Self = Self { separator: b'/', kerio: false };
    /// `.` as separator; a new user has only INBOX.
    pub const DOT: Self = Self { separator: b'.', kerio: false };
    /// Kerio Connect's layout.
    pub const KERIO: Self = Self { separator: b'/', kerio: true };
}

/// Why the store could not do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A sign-in name is taken.
    #[error("a user of that name exists")]
    UserExists,
    /// Nobody has that sign-in name.
    #[error("there is no such user")]
    NoSuchUser,
    /// The name is taken.
    #[error("a folder of that name exists")]
    FolderExists,
    /// There is no such folder or message, or the folder cannot hold messages.
    #[error("there is no such folder")]
    NoSuchFolder,
    /// The name has an empty part or a NUL.
    #[error("that is no name for a folder")]
    BadName,
    /// The folder cannot be deleted or renamed this way.
    #[error("that folder cannot be deleted or renamed so")]
    Kept,
    /// The user's quota does not allow it.
    #[error("the mailbox is full")]
    OverQuota,
}

impl From<StoreError> for std::io::Error {
    fn from(error: StoreError) -> Self {
        std::io::Error::other(error)
    }
}

/// A user.
pub(super) struct User {
    /// The first of its sign-in names.
    pub(super) name: String,
    password: Mutex<Secret>,
    /// When it was created.
    pub(super) created: Instant,
    mailbox: Mutex<Mailbox>,
    changes: Mutex<Vec<String>>,
}

impl User {
    /// Its folders, locked.
    pub(super) fn mailbox(&self) -> MutexGuard<'_, Mailbox> {
        lock(&self.mailbox)
    }

    /// Whether this is its password.
    pub(super) fn accepts(&self, password: &Secret) -> bool {
        *lock(&self.password) == *password
    }

    /// Records a command that can change something, for [`MailStore::changes_seen`].
    pub(super) fn note_change(&self, command: &str) {
        let mut changes = lock(&self.changes);
        if changes.len() < CHANGES_KEPT {
            changes.push(command.to_owned());
        }
    }
}

/// The most changing commands kept per user.
const CHANGES_KEPT: usize = 1000;

/// A user's mail at one moment, as in a backup of the server.
#[derive(Clone)]
pub struct Backup(Mailbox);

/// Users and their mail.
pub struct MailStore {
    layout: Layout,
    /// By sign-in name in lower case.
    users: RwLock<BTreeMap<String, Arc<User>>>,
    last_validity: Arc<AtomicU32>,
}

impl MailStore {
    /// An empty store.
    pub fn new(layout: Layout) -> Arc<Self> {
        // Two stores never share a UIDVALIDITY by chance, which would hide that a program confuses them.
        let first = fastrand::u32(1..2_000_000) * 1000;
        Arc::new(Self { layout, users: RwLock::default(), last_validity: Arc::new(AtomicU32::new(first)) })
    }

    /// Its layout.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Creates a user with the layout's default folders. `names` are all its sign-in names, in any case; the other methods find the user by
    /// any of them.
    pub fn create_user(&self, names: &[impl AsRef<str>], password: &str) -> Result<(), StoreError> {
        let mut users = self.users.write().unwrap_or_else(PoisonError::into_inner);
        let keys: Vec<String> = names.iter().map(|name| name.as_ref().to_lowercase()).collect();
        let first = names.first().ok_or(StoreError::NoSuchUser)?.as_ref().to_owned();
        if keys.iter().any(|key| users.contains_key(key)) {
            return Err(StoreError::UserExists);
        }
        let user = Arc::new(User {
            name: first,
            password: Mutex::new(Secret::new(password)),
            created: Instant::now(),
            mailbox: Mutex::new(Mailbox::new(self.layout, self.last_validity.clone())),
            changes: Mutex::default(),
        });
        users.extend(keys.into_iter().map(|key| (key, user.clone())));
        Ok(())
    }

    /// Replaces the password.
    pub fn set_password(&self, name: &str, password: &str) -> Result<(), StoreError> {
        *lock(&self.user(name)?.password) = Secret::new(password);
        Ok(())
    }

    pub(super) fn user(&self, name: &str) -> Result<Arc<User>, StoreError> {
        let users = self.users.read().unwrap_or_else(PoisonError::into_inner);
        users.get(&name.to_lowercase()).cloned().ok_or(StoreError::NoSuchUser)
    }

    /// Whether somebody has this sign-in name.
    pub fn has_user(&self, name: &str) -> bool {
        self.user(name).is_ok()
    }

    /// Creates a folder and its missing parents. The name is in Unicode, with the layout's separator.
    pub fn create_folder(&self, user: &str, folder: &str) -> Result<(), StoreError> {
        self.create_folder_on_wire(user, &wire_name(folder))
    }

    /// Creates a folder with this wire name, however odd.
    pub fn create_folder_on_wire(&self, user: &str, wire_name: &[u8]) -> Result<(), StoreError> {
        self.user(user)?.mailbox().create(wire_name)
    }

    /// Sets a folder's special use.
    pub fn set_special_use(&self, user: &str, folder: &str, special_use: Option<SpecialUse>) -> Result<(), StoreError> {
        self.user(user)?.mailbox().folder_mut(&wire_name(folder))?.special_use = special_use;
        Ok(())
    }

    /// Sets whether a folder can hold messages (\Noselect).
    pub fn set_selectable(&self, user: &str, folder: &str, selectable: bool) -> Result<(), StoreError> {
        self.user(user)?.mailbox().folder_mut(&wire_name(folder))?.selectable = selectable;
        Ok(())
    }

    /// Subscribes or unsubscribes a folder.
    pub fn set_subscribed(&self, user: &str, folder: &str, subscribed: bool) -> Result<(), StoreError> {
        self.user(user)?.mailbox().subscribe(&wire_name(folder), subscribed);
        Ok(())
    }

    /// Renames a folder and its subfolders.
    pub fn rename_folder(&self, user: &str, from: &str, to: &str) -> Result<(), StoreError> {
        self.user(user)?.mailbox().rename(&wire_name(from), &wire_name(to))
    }

    /// Deletes a folder.
    pub fn delete_folder(&self, user: &str, folder: &str) -> Result<(), StoreError> {
        self.user(user)?.mailbox().delete(&wire_name(folder))
    }

    /// Stores a message and returns its UID.
    pub fn add(&self, user: &str, folder: &str, message: NewMessage) -> Result<u32, StoreError> {
        self.add_all(user, folder, vec![message])
    }

    /// Stores messages, all or none, with consecutive UIDs; returns the first.
    pub fn add_all(&self, user: &str, folder: &str, messages: Vec<NewMessage>) -> Result<u32, StoreError> {
        self.user(user)?.mailbox().append(&wire_name(folder), messages)
    }

    /// Stores a message in the folder with this wire name.
    pub fn add_on_wire(&self, user: &str, wire_name: &[u8], message: NewMessage) -> Result<u32, StoreError> {
        self.user(user)?.mailbox().append(wire_name, vec![message])
    }

    /// Stores `count` generated messages of this size in bytes, no two alike.
    pub fn add_generated(&self, user: &str, folder: &str, count: u32, size: u64, seed: u64) -> Result<(), StoreError> {
        let message = |number: u32| NewMessage::new(Content::generated(seed.wrapping_add(u64::from(number)), size));
        self.add_all(user, folder, (0..count).map(message).collect()).map(|_| ())
    }

    /// Removes a message for good.
    pub fn delete_message(&self, user: &str, folder: &str, uid: u32) -> Result<(), StoreError> {
        self.user(user)?.mailbox().expunge(&wire_name(folder), |message| message.uid == uid)
    }

    /// Replaces all flags of a message.
    pub fn set_flags(&self, user: &str, folder: &str, uid: u32, flags: &[&str]) -> Result<(), StoreError> {
        let user = self.user(user)?;
        let mut mailbox = user.mailbox();
        let folder = mailbox.folder_mut(&wire_name(folder))?;
        let place = folder.place(uid).ok_or(StoreError::NoSuchFolder)?;
        folder.set_flags(place, flags.iter().map(|flag| (*flag).to_owned()).collect());
        Ok(())
    }

    /// Removes all messages of a folder.
    pub fn empty_folder(&self, user: &str, folder: &str) -> Result<(), StoreError> {
        self.user(user)?.mailbox().expunge(&wire_name(folder), |_| true)
    }

    /// Gives a folder a new UIDVALIDITY, and its messages new UIDs from 1.
    pub fn change_uid_validity(&self, user: &str, folder: &str) -> Result<(), StoreError> {
        self.user(user)?.mailbox().renumber(&wire_name(folder))
    }

    /// Returns a folder to the time when `uid_next` was its next UID, as restoring a backup does: later messages are gone, and new ones
    /// reuse their UIDs.
    pub fn restore_folder(&self, user: &str, folder: &str, uid_next: u32) -> Result<(), StoreError> {
        self.user(user)?.mailbox().restore(&wire_name(folder), uid_next)
    }

    /// Replaces a message's bytes, as a failing disk does; UID, flags and date stay.
    pub fn replace_content(&self, user: &str, folder: &str, uid: u32, content: Content) -> Result<(), StoreError> {
        self.user(user)?.mailbox().replace_content(&wire_name(folder), uid, content)
    }

    /// Moves a message to another folder.
    pub fn move_message(&self, user: &str, from: &str, uid: u32, to: &str) -> Result<(), StoreError> {
        self.user(user)?.mailbox().move_message(&wire_name(from), uid, &wire_name(to))
    }

    /// Copies a user's mail, with its UIDs and UIDVALIDITYs.
    pub fn back_up(&self, user: &str) -> Result<Backup, StoreError> {
        Ok(Backup(self.user(user)?.mailbox().clone()))
    }

    /// Returns a user's mail to the state of a backup. Later messages are gone, and new ones reuse their UIDs.
    pub fn restore(&self, user: &str, backup: &Backup) -> Result<(), StoreError> {
        *self.user(user)?.mailbox() = backup.0.clone();
        Ok(())
    }

    /// Replaces a user's mailbox by that of a newly installed server; the UIDVALIDITY of INBOX stays.
    pub fn reinstall(&self, user: &str) -> Result<(), StoreError> {
        let user = self.user(user)?;
        let mut mailbox = user.mailbox();
        *mailbox = mailbox.reinstalled();
        Ok(())
    }

    /// Limits the bytes of a user's mail. Stored messages stay.
    pub fn set_quota(&self, user: &str, bytes: Option<u64>) -> Result<(), StoreError> {
        self.user(user)?.mailbox().set_quota(bytes);
        Ok(())
    }

    /// The number and size of a user's messages.
    pub fn used(&self, user: &str) -> Result<Used, StoreError> {
        let user = self.user(user)?;
        let mailbox = user.mailbox();
        Ok(Used { messages: mailbox.messages(), bytes: mailbox.quota().0 })
    }

    /// A user's mail as plain data. Reads every byte.
    pub fn snapshot(&self, user: &str) -> Result<Snapshot, StoreError> {
        Ok(Snapshot::of(&self.user(user)?.mailbox()))
    }

    /// The bytes of a message.
    pub fn content(&self, user: &str, folder: &str, uid: u32) -> Result<Content, StoreError> {
        let user = self.user(user)?;
        let mailbox = user.mailbox();
        let folder = mailbox.folder(&wire_name(folder))?;
        let place = folder.place(uid).ok_or(StoreError::NoSuchFolder)?;
        Ok(folder.messages[place].content.clone())
    }

    /// The first thousand commands of this user's sessions that can change something, including SELECT and a FETCH that sets \Seen. Empty
    /// if the mailbox was only read.
    pub fn changes_seen(&self, user: &str) -> Result<Vec<String>, StoreError> {
        Ok(lock(&self.user(user)?.changes).clone())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(layout: Layout) -> Arc<MailStore> {
        let store = MailStore::new(layout);
        store.create_user(&["ann@example.com", "ann"], "secret").unwrap();
        store
    }

    fn names(store: &MailStore) -> Vec<String> {
        let snapshot = store.snapshot("ANN").unwrap();
        snapshot.folders.keys().map(|name| String::from_utf8(name.clone()).unwrap()).collect()
    }

    #[test]
    fn a_renamed_folder_takes_its_messages_and_those_below_it_along() {
        let store = store(Layout::SLASH);
        store.create_folder("ann", "a/b").unwrap();
        store.add_generated("ann", "a/b", 3, 500, 1).unwrap();
        store.rename_folder("ann", "a", "x/y").unwrap();
        assert_eq!(names(&store), ["INBOX", "x", "x/y", "x/y/b"]);
        assert_eq!(store.snapshot("ann").unwrap().folder("x/y/b").unwrap().messages.len(), 3);
        assert_eq!(store.rename_folder("ann", "x", "x/y/z"), Err(StoreError::Kept));
    }

    #[test]
    fn a_deleted_folder_stays_as_a_name_while_folders_are_below_it() {
        let store = store(Layout::DOT);
        store.create_folder("ann", "a.b").unwrap();
        store.delete_folder("ann", "a").unwrap();
        assert!(!store.snapshot("ann").unwrap().folder("a").unwrap().selectable);
        assert_eq!(store.delete_folder("ann", "a"), Err(StoreError::Kept));
        store.delete_folder("ann", "a.b").unwrap();
        store.delete_folder("ann", "a").unwrap();
        assert_eq!(names(&store), ["INBOX"]);
    }

    #[test]
    fn kerio_keeps_its_default_folders_and_ignores_capitals() {
        let store = store(Layout::KERIO);
        assert_eq!(names(&store), ["Deleted Items", "Drafts", "INBOX", "Junk E-mail", "Public Folders", "Sent Items"]);
        assert_eq!(store.delete_folder("ann", "drafts"), Err(StoreError::Kept));
        assert_eq!(store.create_folder("ann", "SENT ITEMS"), Err(StoreError::FolderExists));
    }

    #[test]
    fn a_full_mailbox_takes_nothing_more_and_a_batch_as_a_whole_or_not_at_all() {
        let store = store(Layout::SLASH);
        store.set_quota("ann", Some(2500)).unwrap();
        assert_eq!(store.add_generated("ann", "INBOX", 3, 1000, 1), Err(StoreError::OverQuota));
        store.add_generated("ann", "inbox", 2, 1000, 1).unwrap();
        store.empty_folder("ann", "INBOX").unwrap();
        store.add_generated("ann", "INBOX", 2, 1000, 1).unwrap();
        let inbox = store.snapshot("ann").unwrap().folder("INBOX").unwrap().clone();
        assert_eq!(inbox.messages.iter().map(|message| message.uid).collect::<Vec<_>>(), [3, 4]);
    }

    #[test]
    fn a_new_uid_validity_comes_with_new_uids() {
        let store = store(Layout::SLASH);
        store.add_generated("ann", "INBOX", 3, 500, 1).unwrap();
        store.delete_message("ann", "INBOX", 1).unwrap();
        let before = store.snapshot("ann").unwrap().folder("INBOX").unwrap().clone();
        store.change_uid_validity("ann", "INBOX").unwrap();
        let after = store.snapshot("ann").unwrap().folder("INBOX").unwrap().clone();
        assert!(before.uid_validity != after.uid_validity && before.contents() == after.contents());
        assert_eq!((after.messages[0].uid, after.uid_next), (1, 3));
    }
}
