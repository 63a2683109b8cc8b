//! An item on its way: read from the source's text, converted, and compared with the target's.

use super::origin::Text;
use crate::dav::{Collection, CollectionKind, DavError, Stored, Target};
use crate::domain::{Difference, ItemFault, ItemKind, ItemName};
use crate::items::{
    Attendees, CalendarItem, Card, Changes, Condensed, ContactGroups, Differences, Uninvited, Unusable, split_calendar,
    split_cards,
};

/// An item as it will be stored.
pub(super) struct Outgoing {
    pub(super) kind: ItemKind,
    pub(super) uid: String,
    /// Its name for a person.
    pub(super) name: ItemName,
    /// What the conversion changed.
    pub(super) changes: Changes,
    /// The addresses of its participants.
    pub(super) participants: Vec<String>,
    /// Its approximate size in memory, in bytes.
    pub(super) size: usize,
    content: Content,
}

enum Content {
    Calendar(Uninvited),
    Card(Card),
}

/// An item that is on the target, or should be, reduced to what a comparison needs.
pub(super) struct Comparable {
    pub(super) kind: ItemKind,
    pub(super) uid: String,
    pub(super) name: ItemName,
    /// Its approximate size on the target, in bytes.
    pub(super) size: usize,
    meaning: Meaning,
}

enum Meaning {
    Calendar(Condensed),
    Card(Card),
}

/// How items are converted.
#[derive(Clone, Copy)]
pub(super) struct Conversion<'a> {
    pub(super) attendees: Attendees,
    /// Whether the target has Kerio Connect's limits.
    pub(super) kerio: bool,
    /// The category that shows where an item was, if its collection has no counterpart on the target.
    pub(super) category: Option<&'a str>,
    /// The groups of contacts, which become categories.
    pub(super) groups: &'a ContactGroups,
}

/// Reads and converts the items in a text of the source. `seed` is the text's place there.
pub(super) fn read(
    kind: CollectionKind,
    text: Text,
    seed: &str,
    conversion: Conversion<'_>,
) -> Vec<Result<Outgoing, Unusable>> {
    match kind {
        CollectionKind::Calendar => split_calendar(&text.text, seed)
            .into_iter()
            .map(|item| {
                let item = item?;
                let item = match conversion.category {
                    Some(category) => item.in_category(category),
                    None => item,
                };
                let (name, participants) = (item.name(), item.participants());
                let changes = item.changes();
                let content = Uninvited::from(item, conversion.attendees);
                let (uid, size) = (content.uid().to_owned(), content.size());
                let (kind, content) = (content.kind(), Content::Calendar(content));
                Ok(Outgoing { kind, uid, name, changes, participants, size, content })
            })
            .collect(),
        CollectionKind::AddressBook => split_cards(&text.text, seed)
            .into_iter()
            .map(|card| {
                let (card, mut changes) = card.map_err(|unusable| said_of_group(unusable, conversion.groups))?;
                let groups: Vec<&str> = conversion.groups.of(card.uid()).collect();
                let card = groups.into_iter().fold(card, Card::in_category);
                let card = match conversion.category {
                    Some(category) => card.in_category(category),
                    None => card,
                };
                let card = if conversion.kerio {
                    let (card, more) = card.for_kerio();
                    changes.extend(more);
                    card
                } else {
                    card
                };
                let (uid, name, size) = (card.uid().to_owned(), card.name(), card.size());
                let (kind, participants, content) = (ItemKind::Contact, Vec::new(), Content::Card(card));
                Ok(Outgoing { kind, uid, name, changes, participants, size, content })
            })
            .collect(),
    }
}

/// Marks a group as a category, if its members are known.
fn said_of_group(unusable: Unusable, groups: &ContactGroups) -> Unusable {
    match unusable.why {
        ItemFault::Group { .. } if groups.has(&unusable.name.title) => {
            Unusable { why: ItemFault::Group { is_category: true }, ..unusable }
        }
        _ => unusable,
    }
}

impl Outgoing {
    /// Stores it under its own name. `is_free` says that the target has just confirmed that the place is free.
    pub(super) fn store(
        &self,
        target: &mut Target,
        collection: &Collection,
        name: &str,
        is_free: bool,
    ) -> Result<Stored, DavError> {
        match &self.content {
            Content::Calendar(object) => target.add_to_calendar(collection, name, object, is_free),
            Content::Card(card) => target.add_to_address_book(collection, name, card, is_free),
        }
    }

    /// Reduces it to what a comparison needs, without attachments and pictures.
    pub(super) fn comparable(self) -> Comparable {
        let Self { kind, uid, name, size, content, .. } = self;
        let meaning = match content {
            Content::Calendar(object) => Meaning::Calendar(object.condensed()),
            Content::Card(card) => Meaning::Card(card.condensed()),
        };
        Comparable { kind, uid, name, size, meaning }
    }
}

impl Comparable {
    /// The participants in the target's text of an object that was stored without any.
    pub(super) fn put_back(&self, text: &str) -> Vec<String> {
        match &self.meaning {
            Meaning::Calendar(object) if !object.has_participants() => {
                split_calendar(text, "").iter().flatten().flat_map(CalendarItem::participants).collect()
            }
            _ => Vec::new(),
        }
    }

    /// How the target's text differs. One that cannot be read differs in everything.
    pub(super) fn differences(&self, text: &str) -> Differences {
        let unreadable = |fault: ItemFault| vec![Difference::Everything { fault }];
        match &self.meaning {
            Meaning::Calendar(object) => {
                let items = split_calendar(text, "");
                let same = items
                    .iter()
                    .flatten()
                    .find(|item| item.uid() == self.uid)
                    .or_else(|| items.iter().flatten().next());
                match (same, items.first()) {
                    (Some(item), _) => object.differences(item),
                    (None, Some(Err(unusable))) => unreadable(unusable.why.clone()),
                    (None, _) => unreadable(ItemFault::Nothing),
                }
            }
            Meaning::Card(card) => match split_cards(text, "").into_iter().next() {
                Some(Ok((other, _))) => card.differences(&other),
                Some(Err(unusable)) => unreadable(unusable.why),
                None => unreadable(ItemFault::Nothing),
            },
        }
    }
}

/// The name under which an item is stored: always the same for an item of an account, and no other's.
pub(super) fn own_name(account: &str, collection: &str, uid: &str, kind: ItemKind) -> String {
    let hash = blake3::hash(format!("{account}\n{collection}\n{kind}\n{uid}").as_bytes()).to_hex();
    let end = if kind == ItemKind::Contact { "vcf" } else { "ics" };
    format!("kimt-{}.{end}", &hash.as_str()[..40])
}
