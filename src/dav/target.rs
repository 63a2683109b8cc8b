//! A server to which items are added. Nothing on it is overwritten or deleted, and what is stored cannot invite anybody.

use super::collections::{Collection, CollectionKind};
use super::connection::{Adding, Channel, DavLogin, DavServer, ReadOnly, WriteConnection, XML};
use super::{DavError, Href, Source, discovery};
use crate::items::{Card, DoesNotSchedule, Uninvited};
use crate::xml;

/// The largest answer to a request that stores something, in bytes.
const SMALL: u64 = 1 << 20;

/// What became of an item that was to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// The server took it; where it says that it is, and its version if it says so.
    New {
        /// Where.
        href: Href,
        /// Its version; empty when the server does not say.
        etag: String,
    },
    /// Something is there under that name already; nothing was sent or nothing was changed.
    Exists,
}

/// A signed-in account whose calendars and address books are added to.
pub struct Target {
    reader: Source,
    writer: WriteConnection,
}

impl Target {
    /// Signs in and finds what the account has; see [`Source::open`].
    pub fn open(server: DavServer, login: &DavLogin) -> Result<Self, DavError> {
        let reader = Source::open(server.clone(), login)?;
        let writer = WriteConnection::new(Channel::new(server, login));
        Ok(Self { reader, writer })
    }

    /// What reads it.
    pub fn reader(&mut self) -> &mut Source {
        &mut self.reader
    }

    /// Where calendars are made, if there is such a place.
    pub fn calendar_home(&self) -> Option<&Href> {
        self.reader.homes.calendars.as_ref()
    }

    /// The calendar that the server calls the default one.
    pub fn default_calendar(&mut self) -> Option<Href> {
        discovery::default_calendar(&mut self.reader.connection, &self.reader.homes)
    }

    /// The proof that the server sends no invitations, if it gives one.
    pub fn does_not_schedule(&mut self) -> Option<DoesNotSchedule> {
        let homes = self.reader.homes.clone();
        let (answer, _) = self.reader.connection.ask(ReadOnly::Options, &homes.calendars?, &[], SMALL).ok()?;
        let classes = answer.headers_named("dav").flat_map(|line| line.split(','));
        let classes: Vec<String> = classes.map(|word| word.trim().to_owned()).collect();
        DoesNotSchedule::shown_by(&classes, homes.inbox.is_some())
    }

    /// Stores an event or a task under a name that nothing has. `is_free` is whether the server was asked about that place just before.
    pub fn add_to_calendar(
        &mut self,
        calendar: &Collection,
        name: &str,
        object: &Uninvited,
        is_free: bool,
    ) -> Result<Stored, DavError> {
        debug_assert_eq!(calendar.kind, CollectionKind::Calendar);
        self.add(&calendar.href.child(name), "text/calendar; charset=utf-8", &object.text(), is_free)
    }

    /// Stores a contact under a name that nothing has; `is_free` as for calendars.
    pub fn add_to_address_book(
        &mut self,
        book: &Collection,
        name: &str,
        card: &Card,
        is_free: bool,
    ) -> Result<Stored, DavError> {
        debug_assert_eq!(book.kind, CollectionKind::AddressBook);
        self.add(&book.href.child(name), "text/vcard; charset=utf-8", &card.text(), is_free)
    }

    /// Looks first, unless that was done, because a server may ignore the condition of the PUT; the condition covers the moment between.
    fn add(&mut self, href: &Href, content_type: &str, text: &str, is_free: bool) -> Result<Stored, DavError> {
        if !is_free {
            match self.reader.get(href) {
                Ok(_) => return Ok(Stored::Exists),
                Err(error) if error.is_missing() => {}
                Err(error) => return Err(error),
            }
        }
        match self.writer.add(Adding::Put, href, content_type, text.as_bytes()) {
            Ok(answer) => {
                let place =
                    answer.header("location").and_then(|place| self.reader.connection.address().resolve(href, place));
                let etag = answer.header("etag").map(super::listed::etag).unwrap_or_default();
                Ok(Stored::New { href: place.unwrap_or_else(|| href.clone()), etag })
            }
            Err(DavError::Refused { status: 412, .. }) => Ok(Stored::Exists),
            Err(error) => Err(error),
        }
    }

    /// Makes a calendar. Whether that worked is seen by looking afterwards: Kerio Connect may refuse something within its answer
    /// although it made the calendar (docs/kerio-connect.md, G6).
    pub fn make_calendar(&mut self, name: &str, display_name: &str, component: &str) -> Result<(), DavError> {
        let Some(home) = self.calendar_home().cloned() else {
            return Err(DavError::NothingFound(self.reader.connection.address().to_string()));
        };
        let body = format!(
            r#"<?xml version="1.0" encoding="utf-8"?>
<C:mkcalendar xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:set><D:prop><D:displayname>{}</D:displayname><C:supported-calendar-component-set><C:comp name="{component}"/></C:supported-calendar-component-set></D:prop></D:set></C:mkcalendar>"#,
            xml::escaped(display_name)
        );
        let place = home.child(name).folder();
        self.writer.add(Adding::MakeCalendar, &place, XML, body.as_bytes()).map(|_| ())
    }

    /// Makes an address book (RFC 5689), for an account that has none.
    pub fn make_address_book(&mut self, name: &str, display_name: &str) -> Result<(), DavError> {
        let Some(home) = self.reader.homes.cards.clone() else {
            return Err(DavError::NothingFound(self.reader.connection.address().to_string()));
        };
        let body = format!(
            r#"<?xml version="1.0" encoding="utf-8"?>
<D:mkcol xmlns:D="DAV:" xmlns:R="urn:ietf:params:xml:ns:carddav"><D:set><D:prop><D:resourcetype><D:collection/><R:addressbook/></D:resourcetype><D:displayname>{}</D:displayname></D:prop></D:set></D:mkcol>"#,
            xml::escaped(display_name)
        );
        let place = home.child(name).folder();
        self.writer.add(Adding::MakeCollection, &place, XML, body.as_bytes()).map(|_| ())
    }
}
