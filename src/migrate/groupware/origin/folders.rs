//! Folders of a mailbox as a source: Kolab's, and others with calendar objects or cards as messages. The mailbox is only read.
//!
//! - A folder counts if Kolab's annotation or its name says so, and if some of its latest messages are items. INBOX, sent, drafts, spam and
//!   trash never count, nor folders that the user's rules leave out.
//! - A message is identified by its folder, the folder's UIDVALIDITY and its UID; its content never changes.
//! - A message is noted as items, and not copied as mail, if everything in it is on the target as items. Every other message is mail.
//! - A message that was already copied as mail, because an earlier run did not look at items, could not store it, or ended too early, still
//!   becomes an item. Its mail stays, and the run that made it an item reports that.

use super::Text;
use crate::dav::{Collection, CollectionKind, Href, Listed};
use crate::domain::{
    Account, AccountId, Folder, FolderPath, ItemFault, ItemName, MessageHead, ProblemKind, Side, Uid, UidValidity,
};
use crate::imap::Reader;
use crate::items::{ItemMessage, Unusable, split_calendar};
use crate::ledger::{Ledger, LedgerError, State};
use crate::migrate::context::RunContext;
use crate::migrate::context::control::Registration;
use crate::migrate::context::permits::Permit;
use crate::migrate::groupware::reporter::ItemReporter;
use crate::migrate::groupware::{messages, places};
use crate::migrate::halt::{Halt, OnSide};
use crate::migrate::plan::items::AsItems;
use std::collections::{BTreeMap, BTreeSet};

/// The largest message that is read, in bytes: room for an attachment of 50 MB in Base64.
const LARGEST: u64 = 80 << 20;
/// How many messages are sampled to tell what a folder is, and up to which size in bytes.
const SAMPLE: usize = 5;
const LARGEST_SAMPLE: u64 = 1 << 20;

/// The folders of a signed-in mailbox.
pub(crate) struct ItemFolders {
    reader: Reader,
    folders: BTreeMap<Href, ItemFolder>,
    _place: Permit,
    _registration: Registration,
}

struct ItemFolder {
    collection: Collection,
    folder: Folder,
    uid_validity: UidValidity,
    messages: Vec<(Listed, Uid)>,
}

/// Kolab's annotation of a folder, as far as it is about items.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Noted {
    is_of_items: bool,
    is_default: bool,
}

impl Noted {
    /// From an annotation such as `event.default`, `task` or `contact`.
    fn of(annotation: Option<&str>) -> Self {
        let (kind, rank) = annotation.map(|it| it.split_once('.').unwrap_or((it, ""))).unwrap_or_default();
        let is_of_items = matches!(kind, "event" | "task" | "contact");
        Self { is_of_items, is_default: is_of_items && rank == "default" }
    }
}

/// The folders that may hold items, by annotation and name alone, with Kolab's annotation of each.
fn candidates(context: &RunContext, reader: &mut Reader, folders: &[Folder]) -> Result<Vec<Option<Noted>>, Halt> {
    let may_be = |folder: &Folder| {
        folder.selectable
            && !folder.path.is_inbox()
            && folder.special_use.is_none()
            && context.selection.takes_folder(&folder.path)
    };
    let asked: Vec<usize> = (0..folders.len()).filter(|index| may_be(&folders[*index])).collect();
    let names: Vec<&[u8]> = asked.iter().map(|index| folders[*index].wire_name.as_slice()).collect();
    let types = reader.folder_types(&names).on(Side::Source)?;
    let mut found = vec![None; folders.len()];
    for (index, annotation) in asked.into_iter().zip(types) {
        let noted = Noted::of(annotation.as_deref());
        found[index] = (noted.is_of_items || has_sign(&folders[index].path)).then_some(noted);
    }
    Ok(found)
}

/// Which folders may hold items. They are copied as mail after their items were migrated.
pub(in crate::migrate) fn may_hold_items(
    context: &RunContext,
    reader: &mut Reader,
    folders: &[Folder],
) -> Result<Vec<bool>, Halt> {
    if context.groupware.as_ref().is_none_or(|ends| !ends.may_read_folders()) {
        return Ok(vec![false; folders.len()]);
    }
    Ok(candidates(context, reader, folders)?.iter().map(Option::is_some).collect())
}

impl ItemFolders {
    /// Signs in and finds the folders with items; none if there are none.
    pub(in crate::migrate::groupware) fn open(
        context: &RunContext,
        id: AccountId,
        account: &Account,
    ) -> Result<Option<Self>, Halt> {
        let place = context.permit(id, Side::Source)?;
        let signed_in = context.sign_in(id, Side::Source, account)?;
        let (mut reader, registration) = (signed_in.session.into_reader(), signed_in.registration);
        let listed = reader.list().on(Side::Source)?.folders;
        let mut folders = BTreeMap::new();
        for (folder, noted) in listed.iter().zip(candidates(context, &mut reader, &listed)?) {
            let Some(noted) = noted else { continue };
            if context.control.of(id).stopping() {
                return Err(Halt::Held);
            }
            if let Some(found) = look(&mut reader, folder, noted)? {
                folders.insert(found.collection.href.clone(), found);
            }
        }
        if folders.is_empty() {
            reader.logout();
            return Ok(None);
        }
        Ok(Some(Self { reader, folders, _place: place, _registration: registration }))
    }

    /// The folders that hold items.
    pub(super) fn collections(&self) -> Vec<Collection> {
        self.folders.values().map(|folder| folder.collection.clone()).collect()
    }

    /// The messages of a folder.
    pub(super) fn items(&self, collection: &Href) -> Vec<Listed> {
        let messages = self.folders.get(collection).into_iter().flat_map(|folder| &folder.messages);
        messages.map(|(listed, _)| listed.clone()).collect()
    }

    /// Notes the messages that are completely on the target as items.
    pub(super) fn note_items(&self, reporter: &ItemReporter<'_>, as_items: &mut AsItems) {
        for folder in self.folders.values() {
            let items = folder.messages.iter().filter(|(listed, _)| reporter.is_on_target(listed.href.canonical()));
            items.for_each(|(_, uid)| as_items.note(&folder.folder.wire_name, folder.uid_validity, *uid));
        }
    }

    /// Reports messages that became items in this run but are on the target as mail too, copied by an earlier run or on arrival.
    pub(super) fn name_mailed(&self, reporter: &mut ItemReporter<'_>, ledger: &Ledger) -> Result<(), LedgerError> {
        for ItemFolder { collection, folder, uid_validity, messages } in self.folders.values() {
            let record = ledger.folder(folder).filter(|record| record.source_uid_validity == *uid_validity);
            let Some(record) = record else { continue };
            let mailed = ledger.messages_of(&record)?.iter().filter(|message| message.state != State::Intended);
            let mailed: BTreeSet<Uid> = mailed.map(|message| message.uid).collect();
            let is_both =
                |(listed, uid): &&(Listed, Uid)| mailed.contains(uid) && reporter.became_item(listed.href.canonical());
            let count = messages.iter().filter(is_both).count() as u64;
            if count > 0 {
                let problem = reporter.of_collection(ProblemKind::ItemsMailedBefore, Side::Target, collection);
                reporter.problem(problem.counting(count));
            }
        }
        Ok(())
    }

    /// Reads messages of a folder, until `each` returns false.
    pub(super) fn fetch(
        &mut self,
        collection: &Href,
        listed: &[Listed],
        each: &mut dyn FnMut(&Listed, Result<Text, Unusable>) -> bool,
    ) -> Result<(), Halt> {
        let Some(folder) = self.folders.get(collection) else { return Ok(()) };
        let unusable = |why: ItemFault| Err(Unusable::unnamed(why));
        let status = self.reader.examine(&folder.folder.wire_name).on(Side::Source)?;
        if status.uid_validity != folder.uid_validity {
            // The UIDs mean other messages now; the next run lists them again.
            listed.iter().take_while(|listed| each(listed, unusable(ItemFault::FolderReplaced))).count();
            return Ok(());
        }
        let uids: BTreeMap<&Href, Uid> = folder.messages.iter().map(|(listed, uid)| (&listed.href, *uid)).collect();
        let wanted: BTreeMap<Uid, &Listed> =
            listed.iter().filter_map(|listed| Some((*uids.get(&listed.href)?, listed))).collect();
        let is_large = |listed: &Listed| listed.size.unwrap_or_default() > LARGEST;
        for listed in wanted.values().filter(|listed| is_large(listed)) {
            if !each(listed, unusable(ItemFault::TooLarge { most: LARGEST })) {
                return Ok(());
            }
        }
        let small: Vec<Uid> = wanted.iter().filter(|(_, listed)| !is_large(listed)).map(|(uid, _)| *uid).collect();
        let mut hand_over = |uid: Uid, message: Result<Vec<u8>, String>| {
            let Some(listed) = wanted.get(&uid) else { return true };
            let text = match message {
                Ok(message) => text(message, &listed.etag),
                Err(words) => unusable(ItemFault::NotDelivered { words }),
            };
            each(listed, text)
        };
        messages::read(&mut self.reader, &small, LARGEST, &mut hand_over).on(Side::Source)
    }
}

/// The item in a message.
fn text(message: Vec<u8>, etag: &str) -> Result<Text, Unusable> {
    let mut read = ItemMessage::read(&message);
    drop(message);
    match read.take_item() {
        Ok(item) => Ok(Text { version: etag.to_owned(), text: item.text, has_more: item.has_more }),
        Err(why) => Err(Unusable { name: ItemName::titled(&read.subject), why, left_out: true }),
    }
}

/// Whether the folder, or one above it, has a name for calendars, contacts or tasks.
fn has_sign(path: &FolderPath) -> bool {
    path.parts().iter().any(|part| places::is_item_name(part))
}

/// Tells what a folder holds, by some of its latest messages; none if no items.
fn look(reader: &mut Reader, folder: &Folder, noted: Noted) -> Result<Option<ItemFolder>, Halt> {
    let Ok(status) = reader.examine(&folder.wire_name) else {
        log::debug!(target: "dav", "the folder {} cannot be read", folder.path);
        return Ok(None);
    };
    let mut heads: Vec<MessageHead> = Vec::new();
    reader.heads(Uid(1), None, &mut |head| heads.push(head)).on(Side::Source)?;
    heads.sort_by_key(|head| head.uid);
    heads.dedup_by_key(|head| head.uid);
    let sample = heads.iter().rev().filter(|head| head.size <= LARGEST_SAMPLE).take(SAMPLE).map(|head| head.uid);
    let mut seen = Sample::default();
    let mut each = |_, message: Result<Vec<u8>, String>| {
        seen.take(&message.unwrap_or_default());
        true
    };
    messages::read(reader, &sample.collect::<Vec<_>>(), LARGEST_SAMPLE, &mut each).on(Side::Source)?;
    let is_contacts = seen.contacts > seen.events + seen.tasks;
    if seen.contacts + seen.events + seen.tasks == 0 {
        return Ok(None);
    }
    let encoded: Vec<String> = folder.path.parts().iter().map(|part| encoded(part)).collect();
    let href = Href::of_path(&format!("/folders/{}/{}/", encoded.join("/"), status.uid_validity.0));
    let listed = |head: &MessageHead| {
        let href = href.child(&head.uid.0.to_string());
        (Listed { href, etag: status.uid_validity.0.to_string(), size: Some(head.size) }, head.uid)
    };
    Ok(Some(ItemFolder {
        collection: Collection {
            href: href.clone(),
            name: folder.path.name().to_owned(),
            kind: if is_contacts { CollectionKind::AddressBook } else { CollectionKind::Calendar },
            events: !is_contacts && seen.events > 0,
            tasks: !is_contacts,
            is_default: noted.is_default,
            left_out: None,
            sync_token: None,
        },
        folder: folder.clone(),
        uid_validity: status.uid_validity,
        messages: heads.iter().map(listed).collect(),
    }))
}

/// A part of a folder's path as a segment of an href.
fn encoded(name: &str) -> String {
    name.replace('%', "%25").replace('/', "%2F").replace('?', "%3F").replace('#', "%23")
}

/// The kinds of some messages, counted.
#[derive(Default)]
struct Sample {
    events: usize,
    tasks: usize,
    contacts: usize,
}

impl Sample {
    fn take(&mut self, message: &[u8]) {
        let mut message = ItemMessage::read(message);
        let Ok(item) = message.take_item() else { return };
        let is_task =
            || split_calendar(&item.text, "").iter().flatten().all(|it| it.kind() == crate::domain::ItemKind::Task);
        match item.is_contact {
            true => self.contacts += 1,
            false if is_task() => self.tasks += 1,
            false => self.events += 1,
        }
    }
}
