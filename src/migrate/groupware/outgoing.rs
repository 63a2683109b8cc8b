//! An item on its way: read from the source's text, converted, and compared with what the target gives back.

use crate::dav::{Collection, CollectionKind, DavError, Stored, Target};
use crate::domain::ItemKind;
use crate::items::{Attendees, Card, Differences, Remarks, Uninvited, Unusable, split_calendar, split_cards};

/// An item as it will be stored.
pub(super) struct Outgoing {
    pub(super) kind: ItemKind,
    pub(super) uid: String,
    /// How a person knows it.
    pub(super) name: String,
    /// What the conversion changed, for a person.
    pub(super) remarks: Remarks,
    /// Who takes part, by address.
    pub(super) participants: Vec<String>,
    content: Content,
}

enum Content {
    Calendar(Uninvited),
    Card(Card),
}

/// How items are converted.
#[derive(Clone, Copy)]
pub(super) struct Conversion<'a> {
    pub(super) attendees: Attendees,
    /// Whether the target has Kerio Connect's limits.
    pub(super) kerio: bool,
    /// The category that shows where an item was, where its collection has no equal on the target.
    pub(super) category: Option<&'a str>,
}

/// The items in a text of the source. `seed` names the place it has there.
pub(super) fn read(
    kind: CollectionKind,
    text: &str,
    seed: &str,
    conversion: Conversion<'_>,
) -> Vec<Result<Outgoing, Unusable>> {
    match kind {
        CollectionKind::Calendar => split_calendar(text, seed)
            .into_iter()
            .map(|item| {
                let item = item?;
                let item = match conversion.category {
                    Some(category) => item.in_category(category),
                    None => item,
                };
                let (name, participants) = (item.name(), item.participants());
                let remarks = item.remarks();
                let content = Uninvited::from(&item, conversion.attendees);
                let uid = content.uid().to_owned();
                let (kind, content) = (content.kind(), Content::Calendar(content));
                Ok(Outgoing { kind, uid, name, remarks, participants, content })
            })
            .collect(),
        CollectionKind::AddressBook => split_cards(text, seed)
            .into_iter()
            .map(|card| {
                let (card, mut remarks) = card?;
                let card = match conversion.category {
                    Some(category) => card.in_category(category),
                    None => card,
                };
                let card = if conversion.kerio {
                    let (card, more) = card.for_kerio();
                    remarks.extend(more);
                    card
                } else {
                    card
                };
                let (uid, name) = (card.uid().to_owned(), card.name());
                let (kind, participants, content) = (ItemKind::Contact, Vec::new(), Content::Card(card));
                Ok(Outgoing { kind, uid, name, remarks, participants, content })
            })
            .collect(),
    }
}

impl Outgoing {
    /// Stores it under a name of its own that nothing has.
    pub(super) fn store(&self, target: &mut Target, collection: &Collection, name: &str) -> Result<Stored, DavError> {
        match &self.content {
            Content::Calendar(object) => target.add_to_calendar(collection, name, object),
            Content::Card(card) => target.add_to_address_book(collection, name, card),
        }
    }

    /// What an object of the target differs in. Something that cannot be read differs in everything.
    pub(super) fn differences(&self, text: &str) -> Differences {
        let unreadable = |why: &str| vec![format!("everything: {why}")];
        match &self.content {
            Content::Calendar(object) => {
                let items = split_calendar(text, "");
                let same = items
                    .iter()
                    .flatten()
                    .find(|item| item.uid() == self.uid)
                    .or_else(|| items.iter().flatten().next());
                match (same, items.first()) {
                    (Some(item), _) => object.differences(item),
                    (None, Some(Err(unusable))) => unreadable(&unusable.why),
                    (None, _) => unreadable("it holds no event or task"),
                }
            }
            Content::Card(card) => match split_cards(text, "").into_iter().next() {
                Some(Ok((other, _))) => card.differences(&other),
                Some(Err(unusable)) => unreadable(&unusable.why),
                None => unreadable("it holds no contact"),
            },
        }
    }

    /// About how much memory it takes, in bytes.
    pub(super) fn size(&self) -> usize {
        match &self.content {
            Content::Calendar(object) => object.text().len() * 2,
            Content::Card(card) => card.size() * 2,
        }
    }
}

/// The name under which an item is stored: the same for the same item of the same account, and nobody else's.
pub(super) fn own_name(account: &str, collection: &str, uid: &str, kind: ItemKind) -> String {
    let hash = blake3::hash(format!("{account}\n{collection}\n{kind}\n{uid}").as_bytes()).to_hex();
    let end = if kind == ItemKind::Contact { "vcf" } else { "ics" };
    format!("kimt-{}.{end}", &hash.as_str()[..40])
}
