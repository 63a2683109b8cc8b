//! A server to which items are added. Nothing on it is overwritten or deleted, and nothing stored can invite anybody.

use super::collections::{Collection, CollectionKind};
use super::connection::{Adding, Channel, DavLogin, DavServer, ReadOnly, WriteConnection, XML};
use super::{DavError, Href, Source, discovery};
use crate::items::{Card, DoesNotSchedule, Uninvited};
use crate::xml;

/// The largest answer to OPTIONS, in bytes.
const SMALL: u64 = 1 << 20;

/// The result of storing an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stored {
    /// The server stored it.
    New {
        /// Where the server says it is.
        href: Href,
        /// Its entity tag without quotes; empty if the server gives none.
        etag: String,
    },
    /// The name is taken; nothing changed on the server.
    Exists,
}

/// A signed-in account that items are added to.
pub struct Target {
    reader: Source,
    writer: WriteConnection,
}

impl Target {
    /// Signs in and finds the account's homes; see [`Source::open`].
    pub fn open(server: DavServer, login: &DavLogin) -> Result<Self, DavError> {
        let reader = Source::open(server.clone(), login)?;
        let writer = WriteConnection::new(Channel::new(server, login));
        Ok(Self { reader, writer })
    }

    /// Reads the target.
    pub fn reader(&mut self) -> &mut Source {
        &mut self.reader
    }

    /// The home in which calendars are created, if there is one.
    pub fn calendar_home(&self) -> Option<&Href> {
        self.reader.homes.calendars.as_ref()
    }

    /// The server's default calendar, if it names one.
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

    /// Stores an event or a task under a free name. `is_free` says that the server has just confirmed that the place is free.
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

    /// Stores a contact under a free name; `is_free` as for calendars.
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

    /// Looks first, unless `is_free`, because a server may ignore the condition of the PUT. The condition covers the moment in between.
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

    /// Creates a calendar for one component, such as `VEVENT`. Look afterwards to see whether it exists: Kerio Connect may report a failure
    /// although it has created the calendar (docs/kerio-connect.md, G6).
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

    /// Creates an address book (RFC 5689).
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
