//! A server that is only read: its type can send nothing but OPTIONS, PROPFIND, REPORT and GET.

use super::changes::{self, Changes};
use super::collections::{self, Collection, CollectionKind};
use super::connection::{Channel, DavLogin, DavServer, ReadConnection, ReadOnly};
use super::discovery::{self, Homes};
use super::listed::{self, Listed};
use super::multistatus::{self, Response};
use super::{DavError, Href};
use crate::items::decoded_text;
use crate::xml::{self, Space};
use std::collections::{BTreeSet, HashMap, HashSet};

/// At most this many items are requested at once.
const AT_ONCE: usize = 50;
/// At most about this many bytes are requested at once.
const BYTES_AT_ONCE: u64 = 4 << 20;
/// The size in bytes assumed for an item whose size the server does not give.
const USUAL_SIZE: u64 = 16 << 10;
/// The largest item that is read, in bytes: room for an attachment of 50 MB in Base64.
const LARGEST_ITEM: u64 = 80 << 20;

/// An item's text.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// Where it is.
    pub href: Href,
    /// Its entity tag without quotes; empty if it has none.
    pub etag: String,
    /// iCalendar or vCard.
    pub text: String,
}

/// A signed-in reader of an account's calendars and address books.
pub struct Source {
    pub(super) connection: ReadConnection,
    pub(super) homes: Homes,
    /// Nested collections met since [`Source::nested`] was last called.
    nested: Vec<Href>,
}

impl Source {
    /// Signs in and finds the account's homes.
    pub fn open(server: DavServer, login: &DavLogin) -> Result<Self, DavError> {
        let mut connection = ReadConnection::new(Channel::new(server, login));
        let homes = discovery::discover(&mut connection)?;
        Ok(Self { connection, homes, nested: Vec::new() })
    }

    /// Its calendars and address books, ordered by href, and whether the list is complete.
    pub fn collections(&mut self) -> Result<(Vec<Collection>, bool), DavError> {
        collections::collections(&mut self.connection, &self.homes)
    }

    /// The items of a collection, and whether the list is complete.
    pub fn items(&mut self, collection: &Collection) -> Result<(Vec<Listed>, bool), DavError> {
        let mut contents = collections::contents(&mut self.connection, &collection.href)?;
        self.nested.append(&mut contents.nested);
        let is_whole = contents.is_whole;
        Ok((contents.into_items(), is_whole))
    }

    /// The nested calendars and address books met in listings since the last call.
    pub fn nested(&mut self) -> Result<Vec<Collection>, DavError> {
        collections::at(&mut self.connection, &self.homes, &std::mem::take(&mut self.nested))
    }

    /// What changed in a collection since this token ([`Collection::sync_token`]); none if the server does not accept the token.
    pub fn changes(&mut self, collection: &Href, token: &str) -> Result<Option<Changes>, DavError> {
        changes::since(&mut self.connection, collection, token)
    }

    /// The collection's current sync token, if the server gives one.
    pub fn sync_token(&mut self, collection: &Href) -> Result<Option<String>, DavError> {
        collections::state(&mut self.connection, collection)
    }

    /// The hrefs of all objects in the account's calendars and its scheduling inbox.
    pub fn objects(&mut self) -> Result<BTreeSet<Href>, DavError> {
        let calendars = self.collections()?.0.into_iter().filter(|it| it.kind == CollectionKind::Calendar);
        let places: Vec<Href> = calendars.map(|it| it.href).chain(self.homes.inbox.clone()).collect();
        let mut objects = BTreeSet::new();
        for place in places {
            match collections::contents(&mut self.connection, &place) {
                Ok(contents) => objects.extend(contents.into_items().into_iter().map(|item| item.href)),
                // A server may name an inbox that does not exist.
                Err(DavError::Refused { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(objects)
    }

    /// Reads items of a collection and passes each to `each`, in any order and a few in memory at a time, until `each` returns false. Skips
    /// items that are no longer listed; one that is listed but cannot be read is passed with its error.
    pub fn fetch(
        &mut self,
        kind: CollectionKind,
        collection: &Href,
        items: &[Listed],
        each: &mut dyn FnMut(&Listed, Result<Fetched, DavError>) -> bool,
    ) -> Result<(), DavError> {
        let mut rest = items;
        let mut missing = Vec::new();
        while !rest.is_empty() {
            let mut bytes = 0;
            let count = rest.iter().take(AT_ONCE).take_while(|item| {
                bytes += item.size.unwrap_or(USUAL_SIZE);
                bytes <= BYTES_AT_ONCE
            });
            let (batch, left) = rest.split_at(count.count().max(1));
            rest = left;
            let mut fetched = if batch.len() > 1 { self.multiget(kind, collection, batch)? } else { HashMap::new() };
            for item in batch {
                let answer = match fetched.remove(&item.href) {
                    Some(fetched) => Ok(fetched),
                    // Missing from the joint answer: some servers leave out large or odd items.
                    None => self.get(&item.href),
                };
                let go_on = match answer {
                    Err(error) if error.is_missing() => {
                        missing.push((item, error));
                        true
                    }
                    Err(error)
                        if error.is_loss()
                            || matches!(error, DavError::SignInRefused { .. } | DavError::Busy { .. }) =>
                    {
                        return Err(error);
                    }
                    answer => each(item, answer),
                };
                if !go_on {
                    return Ok(());
                }
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        // Deleted since it was listed, or withheld: only a complete list can tell.
        let contents = collections::contents(&mut self.connection, collection)?;
        let is_whole = contents.is_whole;
        let listed: HashSet<Href> = contents.into_items().into_iter().map(|item| item.href).collect();
        for (item, error) in missing.into_iter().filter(|(item, _)| !is_whole || listed.contains(&item.href)) {
            if !each(item, Err(error)) {
                break;
            }
        }
        Ok(())
    }

    /// The number of tasks in a calendar that may also contain events; 0 if the server cannot say.
    pub fn count_tasks(&mut self, calendar: &Collection) -> Result<u64, DavError> {
        let question = br#"<?xml version="1.0" encoding="utf-8"?>
<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VTODO"/></C:comp-filter></C:filter></C:calendar-query>"#;
        let answer = match self.connection.ask(ReadOnly::Report, &calendar.href, question, LARGEST_ITEM) {
            Ok((answer, _)) => answer,
            Err(DavError::Refused { .. } | DavError::TooLong(_)) => return Ok(0),
            Err(error) => return Err(error),
        };
        let mut tasks = 0;
        let mut each = |response: Response| tasks += u64::from(!response.href.is_same_folder(&calendar.href));
        match multistatus::read(&answer.body, &mut each, self.connection.address(), &calendar.href) {
            Ok(_) => Ok(tasks),
            Err(_) => Ok(0),
        }
    }

    /// The texts of the groups in an address book (RFC 6352, section 8.6); none if the server cannot search for them.
    pub fn groups(&mut self, book: &Href) -> Result<Option<Vec<String>>, DavError> {
        let question = br#"<?xml version="1.0" encoding="utf-8"?>
<C:addressbook-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><D:prop><D:getetag/><C:address-data/></D:prop><C:filter test="anyof"><C:prop-filter name="KIND"><C:text-match match-type="equals">group</C:text-match></C:prop-filter><C:prop-filter name="X-ADDRESSBOOKSERVER-KIND"><C:text-match match-type="equals">group</C:text-match></C:prop-filter></C:filter></C:addressbook-query>"#;
        let answer = match self.connection.ask(ReadOnly::Report, book, question, LARGEST_ITEM) {
            Ok((answer, _)) => answer,
            Err(DavError::Refused { .. } | DavError::TooLong(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut texts = Vec::new();
        let mut each = |response: Response| texts.extend(response.text(Space::Card, "address-data").map(str::to_owned));
        match multistatus::read(&answer.body, &mut each, self.connection.address(), book) {
            Ok(whole) if whole.is_all() => Ok(Some(texts)),
            _ => Ok(None),
        }
    }

    /// Reads one item.
    pub fn get(&mut self, href: &Href) -> Result<Fetched, DavError> {
        let (answer, _) = self.connection.ask(ReadOnly::Get, href, &[], LARGEST_ITEM)?;
        let etag = answer.header("etag").map(listed::etag).unwrap_or_default();
        Ok(Fetched { href: href.clone(), etag, text: decoded_text(answer.body) })
    }

    /// The places in a collection that the server says are free. Places that it does not mention are not included.
    pub fn missing(
        &mut self,
        kind: CollectionKind,
        collection: &Href,
        places: &[&Href],
    ) -> Result<Vec<Href>, DavError> {
        let mut missing = Vec::new();
        let mut each = |response: Response| {
            if matches!(response.status, Some(404 | 410)) && response.properties.is_empty() {
                missing.push(response.href);
            }
        };
        let question = multiget_question(kind, false, places.iter().copied());
        let answer = match self.connection.ask(ReadOnly::Report, collection, question.as_bytes(), LARGEST_ITEM) {
            Ok((answer, _)) => answer,
            Err(DavError::Refused { .. } | DavError::TooLong(_) | DavError::NotDav(_)) => return Ok(missing),
            Err(error) => return Err(error),
        };
        match multistatus::read(&answer.body, &mut each, self.connection.address(), collection) {
            Ok(_) => Ok(missing),
            Err(_) => Ok(Vec::new()),
        }
    }

    /// Reads many items with one request. Items missing from the result must be read alone, as after an unusable answer.
    fn multiget(
        &mut self,
        kind: CollectionKind,
        collection: &Href,
        items: &[Listed],
    ) -> Result<HashMap<Href, Fetched>, DavError> {
        let (space, data) = match kind {
            CollectionKind::Calendar => (Space::Calendar, "calendar-data"),
            CollectionKind::AddressBook => (Space::Card, "address-data"),
        };
        let question = multiget_question(kind, true, items.iter().map(|item| &item.href));
        let mut fetched = HashMap::new();
        let answer = match self.connection.ask(ReadOnly::Report, collection, question.as_bytes(), LARGEST_ITEM) {
            Ok((answer, _)) => answer,
            Err(error) if error.is_loss() => return Err(error),
            Err(error @ (DavError::SignInRefused { .. } | DavError::Busy { .. })) => return Err(error),
            Err(error) => {
                log::debug!(target: "dav", "items of {collection} are read one by one: {error}");
                return Ok(fetched);
            }
        };
        let mut each = |response: Response| {
            if let Some(data) = response.property(space, data) {
                let etag = listed::etag(response.text(Space::Dav, "getetag").unwrap_or_default());
                let fetch = Fetched { href: response.href.clone(), etag, text: data.text.clone() };
                fetched.insert(response.href, fetch);
            }
        };
        if let Err(error) = multistatus::read(&answer.body, &mut each, self.connection.address(), collection) {
            log::debug!(target: "dav", "items of {collection} are read one by one: {error}");
            fetched.clear();
        }
        // An answer in another encoding than declared would lose characters; alone, each item is decoded properly.
        let is_whole_text = std::str::from_utf8(&answer.body).is_ok();
        let is_sound = |text: &str| !text.trim().is_empty() && (is_whole_text || !text.contains('\u{fffd}'));
        fetched.retain(|_, fetch| is_sound(&fetch.text));
        Ok(fetched)
    }
}

/// CALDAV:calendar-multiget (RFC 4791, section 7.9) or CARDDAV:addressbook-multiget (RFC 6352, section 8.7), with or without the items'
/// data.
fn multiget_question<'h>(kind: CollectionKind, with_data: bool, hrefs: impl Iterator<Item = &'h Href>) -> String {
    let (space, report, data) = match kind {
        CollectionKind::Calendar => ("caldav", "calendar-multiget", "<C:calendar-data/>"),
        CollectionKind::AddressBook => ("carddav", "addressbook-multiget", "<C:address-data/>"),
    };
    let data = if with_data { data } else { "" };
    let hrefs: String = hrefs.map(|href| format!("<D:href>{}</D:href>", xml::escaped(href.as_str()))).collect();
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<C:{report} xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:{space}"><D:prop><D:getetag/>{data}</D:prop>{hrefs}</C:{report}>"#
    )
}
