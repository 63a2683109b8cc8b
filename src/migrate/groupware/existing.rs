//! What is on the target already: each UID with its place, over all calendars or all address books, because some servers refuse a UID that
//! another collection of the account has, and some move the item there.
//!
//! Collections are always listed, which proves that items are still there. Items that are in no record are read only when something is to
//! be stored.

use super::sides::{Failure, OnDavSide};
use crate::dav::{Collection, CollectionKind, DavError, Fetched, Href, Listed, Target};
use crate::domain::{ItemKind, Side};
use crate::items::uids;
use std::collections::{BTreeSet, HashMap};

/// An item that is known to be at a place of the target.
pub(super) struct KnownItem {
    pub(super) kind: ItemKind,
    pub(super) uid: String,
    /// Whether an earlier run recorded it.
    pub(super) is_recorded: bool,
}

/// The items of one kind of collection on the target.
#[derive(Default)]
pub(super) struct Existing {
    by_uid: HashMap<(bool, String), Href>,
    hrefs: BTreeSet<Href>,
    /// Listed items whose UIDs are not known yet, by collection.
    unread: Vec<(Collection, Vec<Listed>)>,
    /// Collections with items that the server lists but does not deliver, and the number of those.
    pub(super) unreadable: Vec<(Collection, u64)>,
    /// The first collection whose list is incomplete.
    pub(super) not_whole: Option<Collection>,
}

impl Existing {
    /// Lists the collections.
    pub(super) fn look(target: &mut Target, kind: CollectionKind, collections: &[Collection]) -> Result<Self, Failure> {
        let mut existing = Self::default();
        for collection in collections.iter().filter(|collection| collection.kind == kind) {
            let (listed, whole) = target.reader().items(collection).on(Side::Target)?;
            if !whole {
                existing.not_whole.get_or_insert_with(|| collection.clone());
            }
            existing.hrefs.extend(listed.iter().map(|item| item.href.clone()));
            existing.unread.push((collection.clone(), listed));
        }
        Ok(existing)
    }

    /// Learns the UIDs of listed items: from the record, or else by reading them.
    pub(super) fn read_uids(&mut self, target: &mut Target, known: &HashMap<String, KnownItem>) -> Result<(), Failure> {
        for (collection, listed) in std::mem::take(&mut self.unread) {
            let mut unknown: Vec<Listed> = Vec::new();
            for item in listed {
                match known.get(item.href.canonical()) {
                    Some(KnownItem { kind, uid, .. }) => {
                        self.by_uid.insert(key(*kind, uid), item.href);
                    }
                    None => unknown.push(item),
                }
            }
            let mut unreadable = 0;
            let mut each = |item: &Listed, fetched: Result<Fetched, DavError>| {
                let Ok(fetched) = fetched else {
                    unreadable += 1;
                    return true;
                };
                for (kind, uid) in uids(&fetched.text) {
                    self.by_uid.entry(key(kind, &uid)).or_insert_with(|| item.href.clone());
                }
                true
            };
            target.reader().fetch(collection.kind, &collection.href, &unknown, &mut each).on(Side::Target)?;
            self.unreadable.extend((unreadable > 0).then_some((collection, unreadable)));
        }
        Ok(())
    }

    /// The place of the item with this UID.
    pub(super) fn of_uid(&self, kind: ItemKind, uid: &str) -> Option<&Href> {
        self.by_uid.get(&key(kind, uid))
    }

    /// Whether a place is taken.
    pub(super) fn has(&self, href: &Href) -> bool {
        self.hrefs.contains(href)
    }

    /// Forgets an item that could not be stored at this place.
    pub(super) fn remove(&mut self, kind: ItemKind, uid: &str, href: &Href) {
        if self.of_uid(kind, uid) == Some(href) {
            self.by_uid.remove(&key(kind, uid));
        }
        self.hrefs.remove(href);
    }

    /// Notes an item that is stored, or will be next.
    pub(super) fn add(&mut self, kind: ItemKind, uid: &str, href: &Href) {
        self.by_uid.insert(key(kind, uid), href.clone());
        self.hrefs.insert(href.clone());
    }
}

/// On no server do an event and a task share a UID; contacts are separate.
fn key(kind: ItemKind, uid: &str) -> (bool, String) {
    (kind == ItemKind::Contact, uid.to_owned())
}
