//! What people do to their mail on both sides, and administrators to servers.

use super::super::embedded::stage::ANN;
use super::super::step::{Change, Choice, Side};
use super::World;
use kimt::rehearsal::{Content, FolderSnapshot, MessageSnapshot, NewMessage, Snapshot, wire_name};
use std::collections::BTreeSet;

/// The folders that a mailbox may have beside INBOX; `/` is replaced by the separator.
const NAMES: [&str; 6] = ["Work", "Work/Ideas", "Größe & Maß", "Archive", "a \"quoted\" name", "work"];

impl World {
    pub fn change(&mut self, side: Side, change: Change) {
        let mail = self.mail(side);
        let on_target = side == Side::Target;
        if !change.is_ordinary() {
            self.known = Default::default();
            self.ordinary = false;
        }
        match change {
            Change::Arrive { folder, messages } => {
                let name = self.folder_or_new(side, folder);
                self.arrive(side, &name, messages);
            }
            Change::ArriveEqual { folder, message } => {
                let Some((name, uid)) = chosen(&mail, folder, message) else { return };
                self.copy(side, &name, uid, &name);
            }
            Change::Copy { folder, message, to } => {
                let Some((name, uid)) = chosen(&mail, folder, message) else { return };
                let to = self.folder_or_new(side, to);
                self.copy(side, &name, uid, &to);
            }
            Change::Move { folder, message, to } => {
                let Some((name, uid)) = chosen(&mail, folder, message) else { return };
                let to = self.folder_or_new(side, to);
                self.copy(side, &name, uid, &to);
                self.delete(side, &name, uid);
            }
            Change::Delete { folder, message } => {
                let Some((name, uid)) = chosen(&mail, folder, message) else { return };
                self.delete(side, &name, uid);
            }
            Change::Flag { folder, message } => {
                let Some((name, uid)) = chosen(&mail, folder, message) else { return };
                self.store(side).set_flags(ANN, &name, uid, &["\\Seen", "\\Answered"]).unwrap();
                if on_target {
                    self.model.touched(&wire_name(&name), uid);
                }
            }
            Change::Rename { folder, name } => {
                let Some((old, folder)) = named(&mail, folder).filter(|(name, _)| name != "INBOX") else { return };
                let new = self.spelt(side, NAMES[usize::from(name) % NAMES.len()]);
                if self.store(side).rename_folder(ANN, &old, &new).is_ok() {
                    let (shown, old, new) = (old.clone(), wire_name(&old), wire_name(&new));
                    for name in mail.folders.keys() {
                        let Some(rest) = name.strip_prefix(old.as_slice()) else { continue };
                        let new = [&new, rest].concat();
                        if on_target {
                            self.model.renamed_by_owner(name, &new);
                        } else {
                            self.model.renamed(name, &new);
                        }
                    }
                    self.moved(on_target, &mail, &folder, &shown);
                }
            }
            Change::DeleteFolder { folder } => {
                let Some((name, _)) = named(&mail, folder) else { return };
                let _ = self.store(side).delete_folder(ANN, &name);
            }
            Change::EmptyFolder { folder } => {
                let Some((name, folder)) = named(&mail, folder) else { return };
                for message in &folder.messages {
                    self.delete(side, &name, message.uid);
                }
            }
            Change::Remake { folder, messages } => {
                let Some((name, _)) = named(&mail, folder) else { return };
                if self.store(side).delete_folder(ANN, &name).is_ok() {
                    let _ = self.store(side).create_folder(ANN, &name);
                    if self.store(side).snapshot(ANN).unwrap().folder(&name).is_some_and(|folder| folder.selectable) {
                        self.arrive(side, &name, messages);
                    }
                }
            }
            Change::Renumber { folder } => {
                let Some((name, _)) = named(&mail, folder) else { return };
                self.store(side).change_uid_validity(ANN, &name).unwrap();
            }
            Change::Damage { folder, message } => {
                let Some((name, uid)) = chosen(&mail, folder, message) else { return };
                let digest = message_of(&mail, &name, uid).digest;
                self.store(side)
                    .replace_content(ANN, &name, uid, Content::bytes(&b"Subject: spoilt\r\n\r\n\0"[..]))
                    .unwrap();
                if on_target {
                    self.model.damaged(&wire_name(&name), digest);
                }
            }
            Change::BackUp => {
                let backup = self.store(side).back_up(ANN).unwrap();
                match side {
                    Side::Source => self.source_backup = Some(backup),
                    Side::Target => self.target_backup = Some((backup, self.model.clone())),
                }
            }
            Change::Restore => match side {
                Side::Source => {
                    if let Some(backup) = &self.source_backup {
                        self.store(side).restore(ANN, backup).unwrap();
                    }
                }
                Side::Target => {
                    if let Some((backup, model)) = &self.target_backup {
                        self.stage.target.store().restore(ANN, backup).unwrap();
                        self.model.target_restored(model);
                    }
                }
            },
            Change::Reinstall => {
                // A source that lost its mail is restored; there is nothing to migrate from an empty one.
                if on_target {
                    self.store(side).reinstall(ANN).unwrap();
                }
            }
        }
    }

    /// A folder's messages are in folders of other names now.
    fn moved(&mut self, on_target: bool, before: &Snapshot, folder: &FolderSnapshot, old: &str) {
        let after = self.mail(if on_target { Side::Target } else { Side::Source });
        for (name, there) in after.folders.iter().filter(|(name, _)| !before.folders.contains_key(*name)) {
            for message in &there.messages {
                self.model.arrived(on_target, name, message.digest);
            }
        }
        if on_target {
            for message in &folder.messages {
                self.model.left(&wire_name(old), message.digest);
            }
        }
    }

    /// An existing folder, or one that is made for it.
    fn folder_or_new(&self, side: Side, choice: Choice) -> String {
        // Half of what happens, happens in INBOX, so that it meets.
        let name = match usize::from(choice) % (NAMES.len() * 2) {
            other if other < NAMES.len() => self.spelt(side, NAMES[other]),
            _ => "INBOX".to_owned(),
        };
        let store = self.store(side);
        let _ = store.create_folder(ANN, &name);
        // One that was deleted while others were below it holds no messages until it is made again.
        let _ = store.set_selectable(ANN, &name, true);
        name
    }

    fn spelt(&self, side: Side, name: &str) -> String {
        let separator = self.separators[usize::from(side == Side::Target)];
        name.replace('/', &char::from(separator).to_string())
    }

    fn arrive(&mut self, side: Side, folder: &str, messages: u8) {
        for _ in 0..messages {
            self.letters += 1;
            let number = self.letters;
            // No two letters have one size, but for equal ones: messages that differ in size and UID alone nobody could distinguish.
            let text = format!("Subject: letter {number}\r\n\r\n{}\r\n", "x".repeat(number as usize * 3));
            let flags = ["\\Seen", "\\Flagged", "$Label1"].iter().zip(0..).filter(|(_, bit)| number >> bit & 1 == 1);
            let date =
                chrono::DateTime::UNIX_EPOCH.fixed_offset() + chrono::Duration::hours(400_000 + i64::from(number));
            let flags = flags.map(|(flag, _)| (*flag).to_owned()).collect();
            let content = Content::bytes(text.as_bytes());
            let stored = Content::bytes(self.keeping.stored(text.as_bytes())).digest();
            let (digest, size) = (content.digest(), content.size());
            self.sent.insert(stored, MessageSnapshot { uid: 0, digest, size, flags: BTreeSet::new(), date });
            self.model.arrived(side == Side::Target, &wire_name(folder), content.digest());
            self.store(side).add(ANN, folder, NewMessage { content, flags, date }).unwrap();
        }
    }

    fn copy(&mut self, side: Side, from: &str, uid: u32, to: &str) {
        let message = message_of(&self.mail(side), from, uid);
        let content = self.store(side).content(ANN, from, uid).unwrap();
        let copy = NewMessage { content, flags: message.flags.into_iter().collect(), date: message.date };
        self.store(side).add(ANN, to, copy).unwrap();
        self.model.arrived(side == Side::Target, &wire_name(to), message.digest);
    }

    fn delete(&mut self, side: Side, folder: &str, uid: u32) {
        let digest = message_of(&self.mail(side), folder, uid).digest;
        self.store(side).delete_message(ANN, folder, uid).unwrap();
        if side == Side::Target {
            self.model.left(&wire_name(folder), digest);
        }
    }
}

fn message_of(mail: &Snapshot, folder: &str, uid: u32) -> MessageSnapshot {
    mail.folder(folder).unwrap().messages.iter().find(|message| message.uid == uid).unwrap().clone()
}

/// A folder that can hold messages, with its name.
fn named(mail: &Snapshot, choice: Choice) -> Option<(String, FolderSnapshot)> {
    let folders: Vec<_> = mail.folders.iter().filter(|(_, folder)| folder.selectable).collect();
    let (name, folder) = folders.get(usize::from(choice) % folders.len().max(1))?;
    let known = ["INBOX"].iter().chain(&NAMES).flat_map(|name| [(*name).to_owned(), name.replace('/', ".")]);
    let name = known.into_iter().find(|known| wire_name(known) == **name)?;
    Some((name, (*folder).clone()))
}

/// A message, by the name of its folder and its UID.
fn chosen(mail: &Snapshot, folder: Choice, message: Choice) -> Option<(String, u32)> {
    let full: Snapshot = Snapshot {
        folders: mail
            .folders
            .iter()
            .filter(|(_, it)| !it.messages.is_empty())
            .map(|(name, it)| (name.clone(), it.clone()))
            .collect(),
    };
    let (name, folder) = named(&full, folder)?;
    Some((name, folder.messages[usize::from(message) % folder.messages.len()].uid))
}
