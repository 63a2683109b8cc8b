//! Test connection, for calendars and contacts: whether a server for them answers on a side. Does not sign in.

use crate::dav::{self, DavAddress};
use crate::domain::{Finding, Found, Service, Side};
use crate::migrate::endpoints::dav_ends;
use crate::migrate::request::{Groupware, GroupwareMode, Servers};
use crate::network::{KnownCertificates, Limits};
use std::path::Path;
use std::time::Duration;

/// A server that has not answered by then counts as absent.
const LIMIT: Duration = Duration::from_secs(6);

/// The findings of a test of one side's calendars; empty if they are not migrated, or come from elsewhere. Blocks.
pub fn test_calendars(side: Side, servers: &Servers, groupware: &Groupware, state_folder: &Path) -> Vec<Finding> {
    let certificates = KnownCertificates::open(state_folder);
    let comes_from_elsewhere = matches!(groupware.mode, GroupwareMode::Imap | GroupwareMode::Files);
    if side == Side::Source && comes_from_elsewhere {
        return Vec::new();
    }
    let limits = Limits { connect: LIMIT, ..Limits::default() };
    let ends = match dav_ends(groupware, servers, &certificates, limits) {
        Ok(Some(ends)) => ends,
        Ok(None) => return Vec::new(),
        Err(problem) => return vec![Finding::of(problem)],
    };
    let may_read_folders = side == Side::Source && ends.may_read_folders();
    let end = if side == Side::Source { ends.source } else { ends.target };
    let at = end.address.to_string();
    let missing = |why| Found::NoCalendars { at: at.clone(), why, may_read_folders };
    let found = match dav::find(&end.address, end.server, LIMIT) {
        Ok(Some(place)) => Found::Calendars { at: DavAddress { path: Some(place), ..end.address }.to_string() },
        Ok(None) => missing(None),
        Err(error) => missing(Some(error.fault())),
    };
    vec![Finding::new(Service::Only, found)]
}
