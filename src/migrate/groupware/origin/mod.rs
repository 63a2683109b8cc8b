//! Where the items of one account come from: a CalDAV and CardDAV server, folders of its mailbox, or files. All are read in the same way:
//! collections list texts, and each text may hold several items. Nothing is changed where items come from.

mod files;
mod folders;

use super::reporter::ItemReporter;
use super::sides::{Failure, OnDavSide};
use crate::dav::{Collection, CollectionKind, DavError, Fetched, Listed, Source};
use crate::domain::{ItemFault, ItemKind, Side};
use crate::items::{ContactGroups, Unusable, split_calendar, split_cards};
use crate::ledger::{ItemsAt, Ledger, LedgerError};
use crate::migrate::plan::items::AsItems;

pub(super) use files::ItemFiles;
pub(super) use folders::ItemFolders;
pub(in crate::migrate) use folders::may_hold_items;

/// A source of items.
pub(super) enum Origin {
    /// A signed-in server.
    Server(Box<Source>),
    /// Folders of the mailbox that hold items as messages.
    Folders(Box<ItemFolders>),
    /// The files of one person.
    Files(ItemFiles),
}

/// The text at one place.
pub(super) struct Text {
    /// The source's version of it; empty if the source gives none.
    pub(super) version: String,
    /// iCalendar or vCard, with one item or several.
    pub(super) text: String,
    /// Whether the place has more than these items: a message with attachments, or with further items.
    pub(super) has_more: bool,
}

impl From<Fetched> for Text {
    fn from(fetched: Fetched) -> Self {
        Self { version: fetched.etag, text: fetched.text, has_more: false }
    }
}

/// Events, tasks and contacts.
pub(super) type Counts = (u64, u64, u64);

impl Origin {
    /// The collections of the account, including those that are not migrated, and whether the list is complete.
    pub(super) fn collections(&mut self) -> Result<(Vec<Collection>, bool), Failure> {
        match self {
            Origin::Server(source) => source.collections().on(Side::Source),
            Origin::Folders(folders) => Ok((folders.collections(), true)),
            Origin::Files(files) => files.collections().map(|found| (found, true)).map_err(Failure::Files),
        }
    }

    /// The texts in a collection, and whether the list is complete.
    pub(super) fn items(&mut self, collection: &Collection) -> Result<(Vec<Listed>, bool), Failure> {
        match self {
            Origin::Server(source) => source.items(collection).on(Side::Source),
            Origin::Folders(folders) => Ok((folders.items(&collection.href), true)),
            Origin::Files(files) => Ok((files.items(&collection.href), true)),
        }
    }

    /// The nested collections met in listings since the last call.
    pub(super) fn nested(&mut self) -> Result<Vec<Collection>, Failure> {
        match self {
            Origin::Server(source) => source.nested().on(Side::Source),
            Origin::Folders(_) | Origin::Files(_) => Ok(Vec::new()),
        }
    }

    /// Counts the items in a collection. Texts of servers and folders count as one item each; files are read.
    pub(super) fn count(&mut self, collection: &Collection, listed: &[Listed]) -> Result<Counts, Failure> {
        let count = listed.len() as u64;
        if let Origin::Files(_) = self {
            return self.count_each(collection, listed);
        }
        Ok(match collection.kind {
            CollectionKind::AddressBook => (0, 0, count),
            CollectionKind::Calendar if !collection.tasks => (count, 0, 0),
            CollectionKind::Calendar if !collection.events => (0, count, 0),
            CollectionKind::Calendar if count == 0 => (0, 0, 0),
            // A folder's kind is known from a few of its messages.
            CollectionKind::Calendar => {
                let Origin::Server(source) = self else { return Ok((count, 0, 0)) };
                let tasks = source.count_tasks(collection).on(Side::Source)?.min(count);
                (count - tasks, tasks, 0)
            }
        })
    }

    /// Reads and counts. A text that cannot be read counts as one item.
    fn count_each(&mut self, collection: &Collection, listed: &[Listed]) -> Result<Counts, Failure> {
        let mut counts = (0, 0, 0);
        let mut each = |_: &Listed, read: Result<Text, Unusable>| {
            let text = read.map(|read| read.text).unwrap_or_default();
            match collection.kind {
                CollectionKind::AddressBook => counts.2 += split_cards(&text, "").len() as u64,
                CollectionKind::Calendar => {
                    for item in split_calendar(&text, "") {
                        let is_task = item.map_or(!collection.events, |item| item.kind() == ItemKind::Task);
                        let counter = if is_task { &mut counts.1 } else { &mut counts.0 };
                        *counter += 1;
                    }
                }
            }
            true
        };
        self.fetch(collection, listed, &mut each)?;
        Ok(counts)
    }

    /// The groups of an address book. They are needed before any member is stored, wherever in the book they are.
    pub(super) fn groups(&mut self, collection: &Collection, listed: &[Listed]) -> Result<ContactGroups, Failure> {
        let mut groups = ContactGroups::default();
        if collection.kind != CollectionKind::AddressBook {
            return Ok(groups);
        }
        if let Origin::Server(source) = self
            && let Some(texts) = source.groups(&collection.href).on(Side::Source)?
        {
            texts.iter().for_each(|text| groups.take(text));
            return Ok(groups);
        }
        let mut each = |_: &Listed, read: Result<Text, Unusable>| {
            groups.take(&read.map(|read| read.text).unwrap_or_default());
            true
        };
        self.fetch(collection, listed, &mut each)?;
        Ok(groups)
    }

    /// Notes the messages that are completely on the target as items; only folders have messages.
    pub(super) fn note_items(&self, reporter: &ItemReporter<'_>, as_items: &mut AsItems) {
        if let Origin::Folders(folders) = self {
            folders.note_items(reporter, as_items);
        }
    }

    /// Reports the messages that became items in this run and are also on the target as mail.
    pub(super) fn name_mailed(&self, reporter: &mut ItemReporter<'_>, ledger: &Ledger) -> Result<(), LedgerError> {
        match self {
            Origin::Folders(folders) => folders.name_mailed(reporter, ledger),
            Origin::Server(_) | Origin::Files(_) => Ok(()),
        }
    }

    /// Where the items are, for the record; none for files, which are where the user says.
    pub(super) fn at(&self) -> Option<ItemsAt> {
        match self {
            Origin::Server(_) => Some(ItemsAt::Server),
            Origin::Folders(_) => Some(ItemsAt::Folders),
            Origin::Files(_) => None,
        }
    }

    /// Reads texts of a collection and passes each, or why it cannot be read, to `each`, until that returns false.
    pub(super) fn fetch(
        &mut self,
        collection: &Collection,
        listed: &[Listed],
        each: &mut dyn FnMut(&Listed, Result<Text, Unusable>) -> bool,
    ) -> Result<(), Failure> {
        match self {
            Origin::Server(source) => source
                .fetch(collection.kind, &collection.href, listed, &mut |listed, fetched| {
                    each(listed, fetched.map(Text::from).map_err(|error| not_given(&error)))
                })
                .on(Side::Source),
            Origin::Folders(folders) => {
                folders.fetch(&collection.href, listed, each).map_err(|halt| Failure::Mailbox(Box::new(halt)))
            }
            Origin::Files(files) => {
                files.fetch(listed, each);
                Ok(())
            }
        }
    }
}

/// The fault of a text that a server lists but does not deliver.
fn not_given(error: &DavError) -> Unusable {
    Unusable::unnamed(ItemFault::NotGiven { why: Box::new(error.fault()) })
}
