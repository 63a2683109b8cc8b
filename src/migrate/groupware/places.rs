//! Maps each collection of the source to one of the target. All places come from asking the target, none is guessed:
//!
//! - The default calendar goes into the target's default one, tasks into its task list, contacts into its address book.
//! - Another calendar goes into the one of the same name, or into one that is created for it; a new listing shows whether it was created.
//! - A collection without a place of its own goes into the default one, and its name becomes a category.

use super::sides::{Failure, OnDavSide};
use crate::dav::{Collection, CollectionKind, DavError, Target};
use crate::domain::{ItemKind, Side};
use std::collections::BTreeSet;

/// Usual names of the default calendar.
const DEFAULT_NAMES: [&str; 8] =
    ["calendar", "default", "personal", "home", "kalender", "default calendar", "events", "my calendar"];
/// Usual names of the task list.
const TASK_NAMES: [&str; 5] = ["tasks", "aufgaben", "todo", "to do", "todos"];
/// Usual names of the address book.
const BOOK_NAMES: [&str; 8] =
    ["addressbook", "contacts", "default", "personal", "address book", "addresses", "kontakte", "adressbuch"];

/// The collections of the target.
pub(super) struct Places {
    pub(super) collections: Vec<Collection>,
    /// The names reserved for calendars that are created for those of the source.
    pub(super) own_names: BTreeSet<String>,
    default_calendar: Option<usize>,
    tasks: Option<usize>,
    book: Option<usize>,
}

/// Where the items of one collection go: for each kind an index into [`Places::collections`], and the category they get.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Route {
    events: Option<usize>,
    tasks: Option<usize>,
    contacts: Option<usize>,
    /// Set if the collection has no place of its own.
    pub(super) category: Option<String>,
}

impl Route {
    pub(super) fn place(&self, kind: ItemKind) -> Option<usize> {
        match kind {
            ItemKind::Event => self.events,
            ItemKind::Task => self.tasks,
            ItemKind::Contact => self.contacts,
        }
    }
}

/// The collections of the source in migration order: the default ones first, so that an item in two calendars goes into the default one.
pub(super) fn in_order(mut collections: Vec<Collection>) -> Vec<Collection> {
    collections.sort_by_key(|collection| (collection.kind, !is_default(collection), collection.href.clone()));
    collections
}

/// Whether a collection of the source is the default one of its kind, by mark or by name.
fn is_default(collection: &Collection) -> bool {
    match collection.kind {
        _ if collection.is_default => true,
        CollectionKind::Calendar if !collection.events => is_called(collection, &TASK_NAMES),
        CollectionKind::Calendar => is_called(collection, &DEFAULT_NAMES),
        CollectionKind::AddressBook => is_called(collection, &BOOK_NAMES),
    }
}

/// Whether a folder of this name may hold events, tasks or contacts.
pub(super) fn is_item_name(name: &str) -> bool {
    let name = name.to_lowercase();
    let known = [
        "calendar",
        "kalender",
        "calendrier",
        "calendario",
        "calend\u{e1}rio",
        "kalend\u{e1}\u{159}",
        "events",
        "contacts",
        "kontakte",
        "contactos",
        "contatos",
        "contatti",
        "kontakty",
        "addressbook",
        "address book",
        "adressbuch",
        "tasks",
        "aufgaben",
        "tareas",
        "tarefas",
        "t\u{e2}ches",
        "attivit\u{e0}",
        "\u{fa}koly",
        "todo",
    ];
    known.contains(&name.as_str())
}

fn is_called(collection: &Collection, names: &[&str]) -> bool {
    let (name, last) = (collection.name.to_lowercase(), collection.href.name().to_lowercase());
    names.iter().any(|known| *known == name || *known == last)
}

impl Places {
    /// Lists the target's collections.
    pub(super) fn look(target: &mut Target) -> Result<Self, Failure> {
        let (all, is_all) = target.reader().collections().on(Side::Target)?;
        if !is_all {
            // The items of an unlisted calendar could be stored twice.
            return Err(Failure::not_whole(Side::Target));
        }
        let collections: Vec<Collection> = all.into_iter().filter(|it| it.left_out.is_none()).collect();
        let announced = target.default_calendar();
        let default_calendar =
            announced.and_then(|href| collections.iter().position(|it| it.href.is_same_folder(&href) && it.events));
        Ok(Self { default_calendar, ..Self::of(collections) }.with_names())
    }

    fn of(collections: Vec<Collection>) -> Self {
        Self { collections, own_names: BTreeSet::new(), default_calendar: None, tasks: None, book: None }
    }

    fn with_names(mut self) -> Self {
        let find = |fits: &dyn Fn(&Collection) -> bool, names: &[&str]| {
            let named = self.collections.iter().position(|it| fits(it) && is_called(it, names));
            named.or_else(|| self.collections.iter().position(fits))
        };
        let default_calendar = self.default_calendar.or_else(|| find(&|it| it.events, &DEFAULT_NAMES));
        let tasks = find(&|it| it.tasks && !it.events, &TASK_NAMES);
        let tasks = tasks.or_else(|| default_calendar.filter(|index| self.collections[*index].tasks));
        let tasks = tasks.or_else(|| find(&|it| it.tasks, &TASK_NAMES));
        let book = find(&|it| it.kind == CollectionKind::AddressBook, &BOOK_NAMES);
        (self.default_calendar, self.tasks, self.book) = (default_calendar, tasks, book);
        self
    }

    /// Where the items of a collection go. `first` says that it is the first of its kind. May create a calendar or an address book.
    pub(super) fn route(
        &mut self,
        target: &mut Target,
        source: &Collection,
        first: bool,
        own: &str,
    ) -> Result<Route, Failure> {
        if source.kind == CollectionKind::AddressBook {
            if self.book.is_none() {
                self.make(target, own, &source.name, None)?;
            }
            let category = (!first && !is_default(source)).then(|| source.name.clone());
            return Ok(Route { contacts: self.book, category, ..Route::default() });
        }
        if self.tasks.is_none() && source.tasks {
            self.make(target, &format!("{own}-tasks"), "Tasks", Some("VTODO"))?;
        }
        if !source.events {
            let named = self.collections.iter().position(|it| it.tasks && it.name == source.name);
            let category = (named.is_none() && !first && !is_default(source)).then(|| source.name.clone());
            return Ok(Route { tasks: named.or(self.tasks), category, ..Route::default() });
        }
        let is_default = is_default(source) || (first && self.default_calendar.is_some());
        let mut place = if is_default { self.default_calendar } else { self.calendar_of(source, own) };
        if place.is_none() {
            self.make(target, own, &source.name, Some("VEVENT"))?;
            place = if is_default && self.default_calendar.is_some() {
                self.default_calendar
            } else {
                self.calendar_of(source, own)
            };
        }
        let category = place.is_none().then(|| source.name.clone());
        let events = place.or(self.default_calendar);
        let tasks = events.filter(|index| !is_default && self.collections[*index].tasks).or(self.tasks);
        Ok(Route { events, tasks, category, ..Route::default() })
    }

    /// The category that [`Places::route`] gives the items of a collection without a place of its own.
    pub(super) fn merged(&self, source: &Collection, first: bool) -> Option<String> {
        let elsewhere = match source.kind {
            _ if first || is_default(source) => false,
            CollectionKind::AddressBook => true,
            CollectionKind::Calendar if !source.events => {
                !self.collections.iter().any(|it| it.tasks && it.name == source.name)
            }
            CollectionKind::Calendar => !self.collections.iter().any(|it| it.events && it.name == source.name),
        };
        elsewhere.then(|| source.name.clone())
    }

    fn calendar_of(&self, source: &Collection, own: &str) -> Option<usize> {
        let made = self.collections.iter().position(|it| it.href.name() == own && it.events);
        // A calendar created for another one of the same name stays that one's.
        let is_free = |it: &Collection| !self.own_names.contains(&it.href.name());
        made.or_else(|| self.collections.iter().position(|it| it.events && it.name == source.name && is_free(it)))
    }

    /// Creates a collection and lists again. A refusal is no failure: the items go elsewhere.
    fn make(&mut self, target: &mut Target, own: &str, name: &str, component: Option<&str>) -> Result<(), Failure> {
        let made = match component {
            Some(component) => target.make_calendar(own, name, component),
            None => target.make_address_book(own, name),
        };
        match made {
            Err(error) if error.is_loss() => return Err(Failure::Dav(Side::Target, error)),
            Err(error @ (DavError::SignInRefused { .. } | DavError::Busy { .. })) => {
                return Err(Failure::Dav(Side::Target, error));
            }
            Err(error) => log::debug!("'{name}' may not have been created: {error}"),
            Ok(()) => {}
        }
        // Indexes of known collections must stay valid, so new ones are appended.
        for found in target.reader().collections().on(Side::Target)?.0 {
            if found.left_out.is_none() && self.collections.iter().all(|known| known.href != found.href) {
                self.collections.push(found);
            }
        }
        let Self { collections, default_calendar, tasks, book, .. } =
            Self { default_calendar: self.default_calendar, ..Self::of(std::mem::take(&mut self.collections)) }
                .with_names();
        self.collections = collections;
        self.default_calendar = self.default_calendar.or(default_calendar);
        self.tasks = self.tasks.or(tasks);
        self.book = self.book.or(book);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dav::Href;

    fn collection(path: &str, name: &str, events: bool, tasks: bool) -> Collection {
        let kind = if events || tasks { CollectionKind::Calendar } else { CollectionKind::AddressBook };
        Collection {
            href: Href::of_path(path),
            name: name.to_owned(),
            kind,
            events,
            tasks,
            is_default: false,
            left_out: None,
            sync_token: None,
        }
    }

    #[test]
    fn default_places_are_found_by_what_they_take_and_how_they_are_called() {
        let kerio = vec![
            collection("/full-calendars/example.com/ann/17/", "Team", true, false),
            collection("/full-calendars/example.com/ann/18/", "Calendar", true, false),
            collection("/full-calendars/example.com/ann/19/", "Tasks", false, true),
            collection("/contacts/example.com/ann/addressbook/", "Contacts", false, false),
        ];
        let places = Places::of(kerio).with_names();
        assert_eq!((places.default_calendar, places.tasks, places.book), (Some(1), Some(2), Some(3)));
        let one = Places::of(vec![collection("/ann/x/", "Anything", true, true)]).with_names();
        assert_eq!((one.default_calendar, one.tasks, one.book), (Some(0), Some(0), None));
    }

    #[test]
    fn the_default_calendar_of_the_source_comes_first() {
        let all = in_order(vec![collection("/a/", "Team", true, true), collection("/b/", "Personal", true, true)]);
        assert_eq!(all[0].name, "Personal");
    }
}
