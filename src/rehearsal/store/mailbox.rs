//! One user's folders and messages, and every change to them. [`super::MailStore`] does the locking.

use super::{Content, Layout, StoreError};
use crate::domain::SpecialUse;
use chrono::{DateTime, FixedOffset};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Flags and keywords of a message, each once.
pub(in crate::rehearsal) type Flags = Arc<[String]>;

/// A message in a folder.
#[derive(Debug, Clone)]
pub(in crate::rehearsal) struct Message {
    pub(in crate::rehearsal) uid: u32,
    pub(in crate::rehearsal) content: Content,
    pub(in crate::rehearsal) flags: Flags,
    pub(in crate::rehearsal) date: DateTime<FixedOffset>,
    /// The number of its last change within its folder (RFC 7162).
    pub(in crate::rehearsal) modseq: u64,
}

/// A message to store.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// Its bytes.
    pub content: Content,
    /// Flags and keywords, in the spelling to keep.
    pub flags: Vec<String>,
    /// Its internal date.
    pub date: DateTime<FixedOffset>,
}

impl NewMessage {
    /// A message without flags that arrived on 1 January 2024.
    pub fn new(content: Content) -> Self {
        Self { content, flags: Vec::new(), date: DateTime::UNIX_EPOCH.fixed_offset() + chrono::Duration::days(19723) }
    }
}

/// A folder.
#[derive(Debug, Clone)]
pub(in crate::rehearsal) struct Folder {
    pub(in crate::rehearsal) name: Vec<u8>,
    pub(in crate::rehearsal) uid_validity: u32,
    pub(in crate::rehearsal) uid_next: u32,
    /// Ascending by UID.
    pub(in crate::rehearsal) messages: Vec<Message>,
    pub(in crate::rehearsal) bytes: u64,
    pub(in crate::rehearsal) special_use: Option<SpecialUse>,
    pub(in crate::rehearsal) selectable: bool,
    /// Whether it can be neither deleted nor renamed (docs/kerio-connect.md, D3).
    pub(in crate::rehearsal) kept: bool,
    /// How often messages were removed; tells a session when to look.
    pub(in crate::rehearsal) removals: u64,
    /// The number of the last change (RFC 7162).
    pub(in crate::rehearsal) modseq: u64,
}

impl Folder {
    fn new(name: &[u8], uid_validity: u32) -> Self {
        Self {
            name: name.to_vec(),
            uid_validity,
            uid_next: 1,
            messages: Vec::new(),
            bytes: 0,
            special_use: None,
            selectable: true,
            kept: false,
            removals: 0,
            modseq: 1,
        }
    }

    /// The place of a message among the others.
    pub(in crate::rehearsal) fn place(&self, uid: u32) -> Option<usize> {
        self.messages.binary_search_by_key(&uid, |message| message.uid).ok()
    }

    /// Replaces a message's flags.
    pub(in crate::rehearsal) fn set_flags(&mut self, place: usize, flags: Flags) {
        let Some(message) = self.messages.get_mut(place) else { return };
        if message.flags != flags {
            self.modseq += 1;
            (message.flags, message.modseq) = (flags, self.modseq);
        }
    }

    /// Removes messages for good; returns their size in bytes.
    pub(in crate::rehearsal) fn remove(&mut self, gone: impl Fn(&Message) -> bool) -> u64 {
        let before = self.bytes;
        let bytes = &mut self.bytes;
        self.messages.retain(|message| {
            let stays = !gone(message);
            if !stays {
                *bytes -= message.content.size();
            }
            stays
        });
        self.removals += 1;
        self.modseq += 1;
        before - self.bytes
    }
}

/// The folders of one user.
#[derive(Clone)]
pub(in crate::rehearsal) struct Mailbox {
    layout: Layout,
    folders: BTreeMap<Vec<u8>, Folder>,
    subscribed: BTreeSet<Vec<u8>>,
    quota: Option<u64>,
    used: u64,
    last_validity: Arc<AtomicU32>,
}

/// The most folders of one user.
const MOST_FOLDERS: usize = 1_000_000;

impl Mailbox {
    pub(super) fn new(layout: Layout, last_validity: Arc<AtomicU32>) -> Self {
        let mut mailbox =
            Self { layout, folders: BTreeMap::new(), subscribed: BTreeSet::new(), quota: None, used: 0, last_validity };
        mailbox.add_kept(b"INBOX", Some(SpecialUse::Inbox), true);
        if layout.kerio {
            for (name, special_use) in [
                ("Deleted Items", SpecialUse::Trash),
                ("Drafts", SpecialUse::Drafts),
                ("Junk E-mail", SpecialUse::Junk),
                ("Sent Items", SpecialUse::Sent),
            ] {
                mailbox.add_kept(name.as_bytes(), Some(special_use), true);
            }
            mailbox.add_kept(b"Public Folders", None, false);
        }
        mailbox
    }

    fn add_kept(&mut self, name: &[u8], special_use: Option<SpecialUse>, selectable: bool) {
        let folder = Folder { special_use, selectable, kept: true, ..Folder::new(name, self.next_validity()) };
        self.folders.insert(self.key(name), folder);
    }

    fn next_validity(&self) -> u32 {
        self.last_validity.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(in crate::rehearsal) fn layout(&self) -> Layout {
        self.layout
    }

    /// The key of a folder's name: INBOX ignores case, also as a parent; with Kerio's layout every name does.
    pub(in crate::rehearsal) fn key(&self, name: &[u8]) -> Vec<u8> {
        if self.layout.kerio {
            return name.to_ascii_lowercase();
        }
        let mut key = name.to_vec();
        let inbox = key.len() >= 5 && key[..5].eq_ignore_ascii_case(b"INBOX");
        if inbox && key.get(5).is_none_or(|next| *next == self.layout.separator) {
            key[..5].copy_from_slice(b"INBOX");
        }
        key
    }

    /// All folders, INBOX first, then by name.
    pub(in crate::rehearsal) fn folders(&self) -> impl Iterator<Item = &Folder> {
        let inbox = self.key(b"INBOX");
        let rest = self.folders.iter().filter(move |(key, _)| **key != inbox).map(|(_, folder)| folder);
        self.folders.get(&self.key(b"INBOX")).into_iter().chain(rest)
    }

    pub(in crate::rehearsal) fn folder(&self, name: &[u8]) -> Result<&Folder, StoreError> {
        self.folders.get(&self.key(name)).ok_or(StoreError::NoSuchFolder)
    }

    pub(in crate::rehearsal) fn folder_mut(&mut self, name: &[u8]) -> Result<&mut Folder, StoreError> {
        let key = self.key(name);
        self.folders.get_mut(&key).ok_or(StoreError::NoSuchFolder)
    }

    /// A folder that can hold messages.
    pub(in crate::rehearsal) fn selectable(&self, name: &[u8]) -> Result<&Folder, StoreError> {
        self.folder(name).and_then(|folder| if folder.selectable { Ok(folder) } else { Err(StoreError::NoSuchFolder) })
    }

    pub(in crate::rehearsal) fn has_children(&self, name: &[u8]) -> bool {
        let below = self.below(name);
        self.folders.range(below.clone()..).next().is_some_and(|(key, _)| key.starts_with(&below))
    }

    fn below(&self, name: &[u8]) -> Vec<u8> {
        let mut below = self.key(name);
        below.push(self.layout.separator);
        below
    }

    /// Creates a folder and its missing parents. Ignores a trailing separator (RFC 9051, section 6.3.4).
    pub(in crate::rehearsal) fn create(&mut self, name: &[u8]) -> Result<(), StoreError> {
        let separator = self.layout.separator;
        let name = name.strip_suffix(&[separator]).unwrap_or(name);
        if name.is_empty() || name.contains(&0) || name.split(|byte| *byte == separator).any(<[u8]>::is_empty) {
            return Err(StoreError::BadName);
        }
        if let Ok(folder) = self.folder(name) {
            if folder.selectable || folder.kept {
                return Err(StoreError::FolderExists);
            }
            // It is not the folder that was deleted (RFC 9051, section 2.3.1.1).
            let folder = Folder::new(&folder.name.clone(), self.next_validity());
            self.folders.insert(self.key(name), folder);
            return Ok(());
        }
        if self.folders.len() >= MOST_FOLDERS {
            return Err(StoreError::OverQuota);
        }
        let ends = name.iter().enumerate().filter(|(_, byte)| **byte == separator).map(|(place, _)| place);
        for end in ends.chain([name.len()]) {
            let key = self.key(&name[..end]);
            if !self.folders.contains_key(&key) {
                let folder = Folder::new(&name[..end], self.next_validity());
                self.folders.insert(key, folder);
            }
        }
        Ok(())
    }

    /// Deletes a folder; if it has subfolders, its name stays and holds no messages.
    pub(in crate::rehearsal) fn delete(&mut self, name: &[u8]) -> Result<(), StoreError> {
        let has_children = self.has_children(name);
        let key = self.key(name);
        let folder = self.folder_mut(name)?;
        if folder.kept || (has_children && !folder.selectable) {
            return Err(StoreError::Kept);
        }
        let bytes = folder.remove(|_| true);
        folder.selectable = false;
        self.used -= bytes;
        if !has_children {
            self.folders.remove(&key);
        }
        Ok(())
    }

    /// Renames a folder and its subfolders. INBOX itself stays, and only its messages move (RFC 9051, section 6.3.6).
    pub(in crate::rehearsal) fn rename(&mut self, from: &[u8], to: &[u8]) -> Result<(), StoreError> {
        if self.folder(to).is_ok() {
            return Err(StoreError::FolderExists);
        }
        let is_inbox = self.key(from) == self.key(b"INBOX");
        let folder = self.folder(from)?;
        if folder.kept && !is_inbox || self.key(to).starts_with(&self.below(from)) {
            return Err(StoreError::Kept);
        }
        self.create(to)?;
        if is_inbox {
            let inbox = self.folder_mut(from)?;
            let (messages, bytes) = (std::mem::take(&mut inbox.messages), std::mem::take(&mut inbox.bytes));
            inbox.removals += 1;
            let folder = self.folder_mut(to)?;
            (folder.messages, folder.bytes) = (messages, bytes);
            folder.uid_next = folder.messages.last().map_or(1, |message| message.uid.saturating_add(1));
            return Ok(());
        }
        let (from_key, below) = (self.key(from), self.below(from));
        let moving: Vec<Vec<u8>> = std::iter::once(from_key)
            .chain(
                self.folders
                    .range(below.clone()..)
                    .map(|(key, _)| key.clone())
                    .take_while(|key| key.starts_with(&below)),
            )
            .collect();
        for key in moving {
            if let Some(mut folder) = self.folders.remove(&key) {
                let name = [to, &folder.name[from.len()..]].concat();
                folder.name = name;
                self.folders.insert(self.key(&folder.name), folder);
            }
        }
        Ok(())
    }

    pub(in crate::rehearsal) fn is_subscribed(&self, name: &[u8]) -> bool {
        self.subscribed.contains(name)
    }

    pub(in crate::rehearsal) fn subscribed(&self) -> impl Iterator<Item = &[u8]> {
        self.subscribed.iter().map(Vec::as_slice)
    }

    pub(in crate::rehearsal) fn subscribe(&mut self, name: &[u8], subscribed: bool) {
        // The list holds the name in its listed spelling.
        let name = self.folder(name).map_or_else(|_| name.to_vec(), |folder| folder.name.clone());
        if !subscribed {
            self.subscribed.remove(&name);
        } else if self.subscribed.len() < MOST_FOLDERS {
            self.subscribed.insert(name);
        }
    }

    /// Stores messages, all or none, with consecutive UIDs; returns the first.
    pub(in crate::rehearsal) fn append(&mut self, name: &[u8], messages: Vec<NewMessage>) -> Result<u32, StoreError> {
        let bytes: u64 = messages.iter().map(|message| message.content.size()).sum();
        if self.quota.is_some_and(|quota| self.used + bytes > quota) {
            return Err(StoreError::OverQuota);
        }
        let folder = self.folder_mut(name)?;
        if !folder.selectable {
            return Err(StoreError::NoSuchFolder);
        }
        let first = folder.uid_next;
        let count = u32::try_from(messages.len()).map_err(|_| StoreError::OverQuota)?;
        folder.uid_next = first.checked_add(count).ok_or(StoreError::OverQuota)?;
        folder.modseq += 1;
        let modseq = folder.modseq;
        folder.messages.reserve(messages.len());
        for (uid, message) in (first..).zip(messages) {
            let NewMessage { content, flags, date } = message;
            folder.messages.push(Message { uid, content, flags: flags.into(), date, modseq });
        }
        folder.bytes += bytes;
        self.used += bytes;
        Ok(first)
    }

    /// Removes messages from a folder for good.
    pub(in crate::rehearsal) fn expunge(
        &mut self,
        name: &[u8],
        gone: impl Fn(&Message) -> bool,
    ) -> Result<(), StoreError> {
        let bytes = self.folder_mut(name)?.remove(gone);
        self.used -= bytes;
        Ok(())
    }

    /// Gives a folder a new UIDVALIDITY, and its messages new UIDs from 1.
    pub(super) fn renumber(&mut self, name: &[u8]) -> Result<(), StoreError> {
        let validity = self.next_validity();
        let folder = self.folder_mut(name)?;
        folder.uid_validity = validity;
        folder.removals += 1;
        for (uid, message) in (1..).zip(&mut folder.messages) {
            message.uid = uid;
        }
        folder.uid_next = folder.messages.len() as u32 + 1;
        Ok(())
    }

    /// The mailbox on a newly installed server. Its first UIDVALIDITY is that of the present INBOX.
    pub(super) fn reinstalled(&self) -> Self {
        let first = self.folder(b"INBOX").map_or(1, |inbox| inbox.uid_validity);
        Self::new(self.layout, Arc::new(AtomicU32::new(first.saturating_sub(1))))
    }

    /// Replaces a message's bytes.
    pub(super) fn replace_content(&mut self, name: &[u8], uid: u32, content: Content) -> Result<(), StoreError> {
        let folder = self.folder_mut(name)?;
        let place = folder.place(uid).ok_or(StoreError::NoSuchFolder)?;
        let (before, after) = (folder.messages[place].content.size(), content.size());
        folder.messages[place].content = content;
        folder.bytes = folder.bytes + after - before;
        self.used = self.used + after - before;
        Ok(())
    }

    /// Moves a message to another folder, where it gets a new UID.
    pub(super) fn move_message(&mut self, from: &[u8], uid: u32, to: &[u8]) -> Result<(), StoreError> {
        let folder = self.folder(from)?;
        let place = folder.place(uid).ok_or(StoreError::NoSuchFolder)?;
        let Message { content, flags, date, .. } = folder.messages[place].clone();
        self.append(to, vec![NewMessage { content, flags: flags.to_vec(), date }])?;
        self.expunge(from, |message| message.uid == uid)
    }

    /// Returns a folder to the time when `uid_next` was its next UID.
    pub(super) fn restore(&mut self, name: &[u8], uid_next: u32) -> Result<(), StoreError> {
        self.expunge(name, |message| message.uid >= uid_next)?;
        self.folder_mut(name)?.uid_next = uid_next;
        Ok(())
    }

    pub(super) fn set_quota(&mut self, bytes: Option<u64>) {
        self.quota = bytes;
    }

    /// The number of messages.
    pub(super) fn messages(&self) -> u64 {
        self.folders.values().map(|folder| folder.messages.len() as u64).sum()
    }

    /// Bytes used, and the limit.
    pub(in crate::rehearsal) fn quota(&self) -> (u64, Option<u64>) {
        (self.used, self.quota)
    }
}
