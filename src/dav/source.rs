//! A server that is only read. By its type nothing else can be sent: OPTIONS, PROPFIND, REPORT and GET.

use super::collections::{self, Collection, CollectionKind, Listed};
use super::connection::{Channel, DavLogin, ReadConnection, ReadOnly};
use super::discovery::{self, Homes};
use super::multistatus::{self, Response};
use super::{DavAddress, DavError, Href};
use crate::items::decoded_text;
use crate::network::HttpServer;
use crate::xml::{self, Space};
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// Items that are asked for with one request at most.
const AT_ONCE: usize = 50;
/// Bytes that are asked for with one request, as far as sizes are known.
const BYTES_AT_ONCE: u64 = 4 << 20;
/// The size in bytes that is assumed of an item whose size the server does not give.
const USUAL_SIZE: u64 = 16 << 10;
/// The largest item that is read, in bytes: an attachment of 50 MB in Base64 and some room.
const LARGEST_ITEM: u64 = 80 << 20;

/// An item's text.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// Where it is.
    pub href: Href,
    /// Its version.
    pub etag: String,
    /// What it says: iCalendar or vCard.
    pub text: String,
}

/// A signed-in reader of an account's calendars and address books.
pub struct Source {
    pub(super) connection: ReadConnection,
    pub(super) homes: Homes,
}

impl Source {
    /// Signs in and finds what the account has. `pause` waits for a busy server, and returns false when nobody wants to wait any more.
    pub fn open(
        address: DavAddress,
        server: HttpServer,
        login: &DavLogin,
        limit: Duration,
        pause: std::sync::Arc<dyn Fn(Duration) -> bool + Send + Sync>,
    ) -> Result<Self, DavError> {
        let mut connection = ReadConnection::new(Channel::new(address, server, login, limit, pause));
        let homes = discovery::discover(&mut connection)?;
        Ok(Self { connection, homes })
    }

    /// Its calendars and address books, in the order of their hrefs.
    pub fn collections(&mut self) -> Result<Vec<Collection>, DavError> {
        collections::collections(&mut self.connection, &self.homes)
    }

    /// What is in a collection, and whether the server listed all of it.
    pub fn items(&mut self, collection: &Collection) -> Result<(Vec<Listed>, bool), DavError> {
        collections::items(&mut self.connection, &collection.href)
    }

    /// Reads items of a collection and hands each over, in any order; a few are in memory at a time. Those that are not listed any more
    /// are not handed over; one that is listed and cannot be read is, with the reason.
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
                    // Not answered together with the others: some servers leave out what is large or odd.
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
        // Deleted since it was listed, or listed and not given: only the server's list can say which.
        let (listed, _) = collections::items(&mut self.connection, collection)?;
        let listed: HashSet<Href> = listed.into_iter().map(|item| item.href).collect();
        for (item, error) in missing.into_iter().filter(|(item, _)| listed.contains(&item.href)) {
            if !each(item, Err(error)) {
                break;
            }
        }
        Ok(())
    }

    /// How many tasks are in a calendar that may hold events as well; none where the server cannot say.
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

    /// Reads one item.
    pub fn get(&mut self, href: &Href) -> Result<Fetched, DavError> {
        let (answer, _) = self.connection.ask(ReadOnly::Get, href, &[], LARGEST_ITEM)?;
        let etag = answer.header("etag").map(collections::etag).unwrap_or_default();
        Ok(Fetched { href: href.clone(), etag, text: decoded_text(answer.body) })
    }

    /// Many items with one request. An answer that cannot be used is as good as none: each item is then read alone.
    fn multiget(
        &mut self,
        kind: CollectionKind,
        collection: &Href,
        items: &[Listed],
    ) -> Result<HashMap<Href, Fetched>, DavError> {
        let (space, report, data) = match kind {
            CollectionKind::Calendar => (Space::Calendar, "caldav", ("calendar-multiget", "calendar-data")),
            CollectionKind::AddressBook => (Space::Card, "carddav", ("addressbook-multiget", "address-data")),
        };
        let hrefs: String =
            items.iter().map(|item| format!("<D:href>{}</D:href>", xml::escaped(item.href.as_str()))).collect();
        let question = format!(
            r#"<?xml version="1.0" encoding="utf-8"?>
<C:{} xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:{report}"><D:prop><D:getetag/><C:{}/></D:prop>{hrefs}</C:{}>"#,
            data.0, data.1, data.0
        );
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
            if let Some(data) = response.property(space, data.1) {
                let etag = collections::etag(response.text(Space::Dav, "getetag").unwrap_or_default());
                let fetch = Fetched { href: response.href.clone(), etag, text: data.text.clone() };
                fetched.insert(response.href, fetch);
            }
        };
        if let Err(error) = multistatus::read(&answer.body, &mut each, self.connection.address(), collection) {
            log::debug!(target: "dav", "items of {collection} are read one by one: {error}");
            fetched.clear();
        }
        fetched.retain(|_, fetch| !fetch.text.trim().is_empty());
        Ok(fetched)
    }
}
