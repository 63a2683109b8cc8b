//! Finds an account's calendars and address books (RFC 6764, section 6), without DNS:
//!
//! 1. The typed address; or else `/.well-known/caldav`, `/.well-known/carddav` and known entry points of servers.
//! 2. From there, the principal of the signed-in user (RFC 5397).
//! 3. From the principal, the home of its calendars and that of its address books.
//!
//! A refused password ends the search: trying it everywhere would get us blocked. Kerio Connect redirects the well-known places to a
//! relative address (docs/kerio-connect.md, G3).

use super::connection::{ReadConnection, ReadOnly, shortened};
use super::multistatus::{self, Response};
use super::{DavError, Href};
use crate::xml::Space;

/// The well-known places, then entry points of servers without them: Kerio Connect, Cyrus, Nextcloud, SOGo, Zimbra and others.
pub(super) const ENTRIES: [&str; 8] = [
    "/.well-known/caldav",
    "/.well-known/carddav",
    "/caldav/",
    "/",
    "/dav/",
    "/remote.php/dav/",
    "/SOGo/dav/",
    "/carddav/",
];

/// The largest answer about a few resources, in bytes.
const SMALL: u64 = 4 << 20;

pub(super) const QUESTION: &[u8] = br#"<?xml version="1.0" encoding="utf-8"?>
<D:propfind xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:R="urn:ietf:params:xml:ns:carddav"><D:prop>
<D:current-user-principal/><D:principal-URL/><D:resourcetype/><C:calendar-home-set/><R:addressbook-home-set/><C:schedule-inbox-URL/>
</D:prop></D:propfind>"#;

/// Where an account's collections are.
#[derive(Debug, Default, Clone)]
pub(super) struct Homes {
    pub(super) calendars: Option<Href>,
    pub(super) cards: Option<Href>,
    /// The signed-in user's principal.
    pub(super) principal: Option<Href>,
    /// The scheduling inbox: queried for the default calendar, never written to.
    pub(super) inbox: Option<Href>,
    /// A calendar or address book whose own address was typed.
    pub(super) only: Option<Href>,
}

impl Homes {
    fn is_complete(&self) -> bool {
        self.calendars.is_some() && self.cards.is_some()
    }

    fn is_empty(&self) -> bool {
        self.calendars.is_none() && self.cards.is_none() && self.only.is_none()
    }
}

/// Finds the homes of the signed-in user.
pub(super) fn discover(connection: &mut ReadConnection) -> Result<Homes, DavError> {
    let typed = connection.address().path.clone();
    let entries: Vec<Href> = match &typed {
        Some(path) => vec![path.folder()],
        None => ENTRIES.map(Href::of_path).to_vec(),
    };
    let mut homes = Homes::default();
    let mut error = None;
    for entry in entries {
        match look(connection, &entry, &mut homes) {
            Ok(()) => {}
            Err(refused @ (DavError::SignInRefused { .. } | DavError::Busy { .. })) => return Err(refused),
            Err(lost) if lost.is_loss() || matches!(lost, DavError::Network(_)) => return Err(lost),
            Err(other) => {
                error.get_or_insert(other);
            }
        }
        if homes.is_complete() {
            break;
        }
    }
    if homes.is_empty() {
        let nothing = || DavError::NothingFound(connection.address().to_string());
        return Err(match error {
            Some(away @ DavError::RedirectedAway(_)) => away,
            _ => nothing(),
        });
    }
    Ok(homes)
}

/// Takes the homes that an entry point, or the principal it names, announces.
fn look(connection: &mut ReadConnection, entry: &Href, homes: &mut Homes) -> Result<(), DavError> {
    let (response, base) = ask(connection, entry)?;
    let Some(response) = response else { return Ok(()) };
    take(connection, &response, &base, homes)?;
    let kind = response.property(Space::Dav, "resourcetype");
    let is_collection = kind.is_some_and(|kind| {
        kind.child(Space::Calendar, "calendar").is_some() || kind.child(Space::Card, "addressbook").is_some()
    });
    if is_collection && connection.address().path.is_some() {
        homes.only = Some(base);
        return Ok(());
    }
    if homes.is_complete() {
        return Ok(());
    }
    let principal = response
        .href_in(Space::Dav, "current-user-principal")
        .or_else(|| response.href_in(Space::Dav, "principal-URL"))
        .map(str::to_owned);
    if let Some(principal) = principal {
        let principal = resolve(connection, &base, &principal)?.folder();
        homes.principal.get_or_insert_with(|| principal.clone());
        let (response, base) = ask(connection, &principal)?;
        if let Some(response) = response {
            take(connection, &response, &base, homes)?;
        }
    }
    Ok(())
}

fn take(connection: &ReadConnection, response: &Response, base: &Href, homes: &mut Homes) -> Result<(), DavError> {
    let found = |space, name| match response.href_in(space, name) {
        Some(href) => resolve(connection, base, href).map(|href| Some(href.folder())),
        None => Ok(None),
    };
    if homes.calendars.is_none() {
        homes.calendars = found(Space::Calendar, "calendar-home-set")?;
    }
    if homes.cards.is_none() {
        homes.cards = found(Space::Card, "addressbook-home-set")?;
    }
    if homes.inbox.is_none() {
        homes.inbox = found(Space::Calendar, "schedule-inbox-URL").unwrap_or_default();
    }
    Ok(())
}

fn resolve(connection: &ReadConnection, base: &Href, href: &str) -> Result<Href, DavError> {
    connection.address().resolve(base, href).ok_or_else(|| DavError::RedirectedAway(shortened(href, 200)))
}

fn ask(connection: &mut ReadConnection, href: &Href) -> Result<(Option<Response>, Href), DavError> {
    let (answer, href) = connection.ask(ReadOnly::Propfind { depth: 0 }, href, QUESTION, SMALL)?;
    let mut first = None;
    let mut each = |response| {
        first.get_or_insert(response);
    };
    multistatus::read(&answer.body, &mut each, connection.address(), &href)?;
    Ok((first, href))
}

/// The calendar into which the server itself puts invitations (RFC 6638, section 9.2).
pub(super) fn default_calendar(connection: &mut ReadConnection, homes: &Homes) -> Option<Href> {
    let question = br#"<?xml version="1.0" encoding="utf-8"?>
<D:propfind xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><C:schedule-default-calendar-URL/></D:prop></D:propfind>"#;
    let inbox = homes.inbox.as_ref()?;
    let (answer, base) = connection.ask(ReadOnly::Propfind { depth: 0 }, inbox, question, SMALL).ok()?;
    let mut found = None;
    let mut each = |response: Response| {
        found = response.href_in(Space::Calendar, "schedule-default-calendar-URL").map(str::to_owned);
    };
    multistatus::read(&answer.body, &mut each, connection.address(), &base).ok()?;
    connection.address().resolve(&base, &found?).map(|href| href.folder())
}
