//! Folders of a mailbox as a source: Kolab's, and what else holds calendar objects or cards as messages. The mailbox is only read.
//!
//! - A folder needs two signs: its name, or that the server keeps annotations as Kolab's does; and messages that are items. What Kolab
//!   writes beside each item counts as both. INBOX, sent, drafts, spam and trash are never such folders.
//! - A message is known by its folder, the folder's UIDVALIDITY and its UID; what is in it never changes.
//! - A message that is no item is left out and named; as mail it is copied in any case.

use crate::dav::{Collection, CollectionKind, Fetched, Href, Listed};
use crate::domain::{Account, AccountId, Folder, FolderPath, MessageHead, Side, Uid, UidValidity};
use crate::imap::{BodySink, Reader, SinkClosed};
use crate::items::{ItemMessage, Unusable, split_calendar};
use crate::migrate::context::RunContext;
use crate::migrate::context::control::Registration;
use crate::migrate::context::permits::Permit;
use crate::migrate::groupware::places;
use crate::migrate::halt::{Halt, OnSide};
use std::collections::BTreeMap;

/// The largest message that is read, in bytes: an attachment of 50 MB in Base64 and some room.
const LARGEST: u64 = 80 << 20;
/// Messages that are looked at to know what a folder is, and how large they may be.
const SAMPLE: usize = 5;
const LARGEST_SAMPLE: u64 = 1 << 20;
/// Messages that are asked for at once.
const AT_ONCE: usize = 20;

/// The folders of a signed-in mailbox.
pub(crate) struct ItemFolders {
    reader: Reader,
    folders: BTreeMap<Href, ItemFolder>,
    _place: Permit,
    _registration: Registration,
}

struct ItemFolder {
    collection: Collection,
    wire_name: Vec<u8>,
    uid_validity: UidValidity,
    messages: Vec<(Listed, Uid)>,
}

impl ItemFolders {
    /// Signs in and looks which folders hold items; none where none does.
    pub(in crate::migrate::groupware) fn open(
        context: &RunContext,
        id: AccountId,
        account: &Account,
    ) -> Result<Option<Self>, Halt> {
        let place = context.permit(Side::Source)?;
        let signed_in = context.sign_in(id, Side::Source, account)?;
        let (mut reader, registration) = (signed_in.session.into_reader(), signed_in.registration);
        let listing = reader.list().on(Side::Source)?;
        let annotates = ["METADATA", "ANNOTATEMORE"].iter().any(|it| reader.capabilities().has(it));
        let mut folders = BTreeMap::new();
        for folder in listing.folders.iter().filter(|folder| is_candidate(folder, annotates)) {
            if context.control.stopping() {
                return Err(Halt::Held);
            }
            if let Some(found) = look(&mut reader, folder)? {
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

    /// Reads messages of a folder.
    pub(super) fn fetch(
        &mut self,
        collection: &Href,
        listed: &[Listed],
        each: &mut dyn FnMut(&Listed, Result<Fetched, Unusable>) -> bool,
    ) -> Result<(), Halt> {
        let Some(folder) = self.folders.get(collection) else { return Ok(()) };
        let status = self.reader.examine(&folder.wire_name).on(Side::Source)?;
        if status.uid_validity != folder.uid_validity {
            // Its numbers name other messages now; the next run lists them anew.
            for listed in listed {
                let why = "the folder was replaced by another while it was read".to_owned();
                each(listed, Err(Unusable { name: String::new(), why, left_out: false }));
            }
            return Ok(());
        }
        let uids: BTreeMap<&Href, Uid> = folder.messages.iter().map(|(listed, uid)| (&listed.href, *uid)).collect();
        let wanted: BTreeMap<Uid, &Listed> =
            listed.iter().filter_map(|listed| Some((*uids.get(&listed.href)?, listed))).collect();
        let (small, large): (Vec<Uid>, Vec<Uid>) = wanted
            .iter()
            .map(|(uid, listed)| (*uid, listed.size.unwrap_or_default()))
            .fold((Vec::new(), Vec::new()), |(mut small, mut large), (uid, size)| {
                if size > LARGEST {
                    large.push(uid)
                } else {
                    small.push(uid)
                }
                (small, large)
            });
        for uid in &large {
            let why = format!("it is larger than {} MB", LARGEST >> 20);
            each(wanted[uid], Err(Unusable { name: String::new(), why, left_out: false }));
        }
        let mut sink = Whole { wanted, current: None, each, wants_more: true };
        match self.reader.bodies(&mut small.chunks(AT_ONCE).map(<[Uid]>::to_vec), &mut sink) {
            // Who wants no more has closed the reading; the connection is then in the middle of an answer.
            Err(_) if !sink.wants_more => Ok(()),
            read => read.on(Side::Source),
        }
    }
}

/// Hands each message over as the item that it is.
struct Whole<'w, 'e> {
    wanted: BTreeMap<Uid, &'w Listed>,
    current: Option<(Uid, Vec<u8>)>,
    each: &'e mut dyn FnMut(&Listed, Result<Fetched, Unusable>) -> bool,
    wants_more: bool,
}

impl Whole<'_, '_> {
    fn hand_over(&mut self, uid: Uid, fetched: Result<String, Unusable>) -> Result<(), SinkClosed> {
        let Some(listed) = self.wanted.get(&uid) else { return Ok(()) };
        let fetched = fetched.map(|text| Fetched { href: listed.href.clone(), etag: listed.etag.clone(), text });
        self.wants_more = (self.each)(listed, fetched);
        if self.wants_more { Ok(()) } else { Err(SinkClosed) }
    }
}

impl BodySink for Whole<'_, '_> {
    fn begin(&mut self, uid: Uid, _bytes: u64) -> Result<(), SinkClosed> {
        self.current = Some((uid, Vec::new()));
        Ok(())
    }

    fn chunk(&mut self, bytes: &[u8]) -> Result<(), SinkClosed> {
        if let Some((_, message)) = self.current.as_mut().filter(|(_, message)| message.len() as u64 <= LARGEST) {
            message.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), SinkClosed> {
        let Some((uid, message)) = self.current.take() else { return Ok(()) };
        let message = ItemMessage::read(&message);
        let item = message.item().map(|item| item.text);
        self.hand_over(
            uid,
            item.map_err(|why| Unusable { name: format!("'{}'", message.subject), why, left_out: true }),
        )
    }

    fn unreadable(&mut self, uid: Uid, words: &str) -> Result<(), SinkClosed> {
        let why = format!("the source does not deliver it: {words}");
        self.hand_over(uid, Err(Unusable { name: String::new(), why, left_out: false }))
    }

    fn absent(&mut self, _uid: Uid) -> Result<(), SinkClosed> {
        Ok(())
    }

    fn batch_end(&mut self) -> Result<(), SinkClosed> {
        Ok(())
    }
}

/// Whether a folder may hold items before anybody has looked into it.
fn is_candidate(folder: &Folder, annotates: bool) -> bool {
    folder.selectable
        && !folder.path.is_inbox()
        && folder.special_use.is_none()
        && (annotates || has_sign(&folder.path))
}

/// Whether the folder, or one above it, is called as calendars, contacts and tasks are.
fn has_sign(path: &FolderPath) -> bool {
    path.parts().iter().any(|part| places::is_item_name(part))
}

/// What a folder is, by some of its messages.
fn look(reader: &mut Reader, folder: &Folder) -> Result<Option<ItemFolder>, Halt> {
    let Ok(status) = reader.examine(&folder.wire_name) else {
        log::debug!(target: "dav", "the folder {} cannot be looked into", folder.path);
        return Ok(None);
    };
    let mut heads: Vec<MessageHead> = Vec::new();
    reader.heads(Uid(1), None, &mut |head| heads.push(head)).on(Side::Source)?;
    heads.sort_by_key(|head| head.uid);
    heads.dedup_by_key(|head| head.uid);
    let sample = heads.iter().rev().filter(|head| head.size <= LARGEST_SAMPLE).take(SAMPLE).map(|head| head.uid);
    let mut sink = Sample::default();
    reader
        .bodies(&mut std::iter::once(sample.collect::<Vec<_>>()).filter(|it| !it.is_empty()), &mut sink)
        .on(Side::Source)?;
    let is_contacts = sink.contacts > sink.events + sink.tasks;
    let is_sure = sink.by_kolab > 0 || has_sign(&folder.path);
    if sink.contacts + sink.events + sink.tasks == 0 || !is_sure {
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
            events: !is_contacts && sink.events > 0,
            tasks: !is_contacts,
            left_out: None,
        },
        wire_name: folder.wire_name.clone(),
        uid_validity: status.uid_validity,
        messages: heads.iter().map(listed).collect(),
    }))
}

/// A part of a folder's name as a part of an href.
fn encoded(name: &str) -> String {
    name.replace('%', "%25").replace('/', "%2F").replace('?', "%3F").replace('#', "%23")
}

/// Counts what some messages are.
#[derive(Default)]
struct Sample {
    message: Vec<u8>,
    events: usize,
    tasks: usize,
    contacts: usize,
    by_kolab: usize,
}

impl BodySink for Sample {
    fn begin(&mut self, _uid: Uid, _bytes: u64) -> Result<(), SinkClosed> {
        self.message.clear();
        Ok(())
    }

    fn chunk(&mut self, bytes: &[u8]) -> Result<(), SinkClosed> {
        if self.message.len() as u64 <= LARGEST_SAMPLE {
            self.message.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), SinkClosed> {
        let message = ItemMessage::read(&self.message);
        let Ok(item) = message.item() else { return Ok(()) };
        self.by_kolab += usize::from(message.kolab_type.is_some());
        if item.is_contact {
            self.contacts += 1;
            return Ok(());
        }
        let is_task =
            split_calendar(&item.text, "").iter().flatten().all(|it| it.kind() == crate::domain::ItemKind::Task);
        if is_task {
            self.tasks += 1
        } else {
            self.events += 1
        }
        Ok(())
    }

    fn unreadable(&mut self, _uid: Uid, _words: &str) -> Result<(), SinkClosed> {
        Ok(())
    }

    fn absent(&mut self, _uid: Uid) -> Result<(), SinkClosed> {
        Ok(())
    }

    fn batch_end(&mut self) -> Result<(), SinkClosed> {
        Ok(())
    }
}
