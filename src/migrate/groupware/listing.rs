//! What is in a collection of the source: listed, or known from an earlier run and from what the server says has changed since.
//!
//! A listing proves what is there. A token (RFC 6578, or CalendarServer's ctag) is the server's word that nothing changed, or only this,
//! and saves the listing of a large collection. That word is believed only
//!
//! - in collections of more than 200 items: of a smaller one a listing costs no more than the question;
//! - once the token was seen to change together with what is in the collection, and never again after that changed without it;
//! - where some of the items, looked at, have the versions that they should have;
//! - not twice in a row: what a token hides is found by the next run;
//! - never in the last pass, with `--repair`, in a check or in a comparison.
//!
//! Otherwise, and where the server refuses the token, the collection is listed. What is noted is the token that the collection had before
//! it was listed, so that a change at that moment is seen twice and never missed.

use super::sides::{Failure, OnDavSide};
use crate::dav::{Collection, Href, Listed, Source};
use crate::domain::Side;
use crate::ledger::{CollectionNote, ItemRecord, Ledger, LedgerError};
use std::collections::BTreeMap;

/// Items of a collection from which on a listing is worth saving.
const LARGE: usize = 200;
/// Places of which the records say something else than a listing, at most.
const MOST_EXCEPTIONS: usize = 1000;
/// Items that are looked at before a token is believed.
const WITNESSES: usize = 10;

/// What is in a collection.
#[derive(Default)]
pub(super) struct Listing {
    pub(super) items: Vec<Listed>,
    /// Whether the server listed all of it.
    pub(super) whole: bool,
    /// How many of the items are tasks, where that is known without asking.
    pub(super) tasks: Option<u64>,
    /// What the record says of its items, where it was asked.
    pub(super) records: Option<Vec<ItemRecord>>,
    /// What is to be noted once all of it was worked on, but for the exceptions.
    note: Option<CollectionNote>,
}

/// Items, and the token that goes with them.
type WithToken = (Vec<Listed>, Option<String>);
/// What is at each place, by version.
type Versions = BTreeMap<String, String>;

impl Listing {
    /// One that is as it was listed, and of which nothing is noted.
    pub(super) fn of_items((items, whole): (Vec<Listed>, bool)) -> Self {
        Self { items, whole, ..Self::default() }
    }

    /// Of a collection of a server, with what earlier runs noted.
    pub(super) fn of_server(
        source: &mut Source,
        collection: &Collection,
        ledger: &Ledger,
        may_believe: bool,
    ) -> Result<Self, Failure> {
        let href = collection.href.canonical();
        let tokens = &collection.tokens;
        let note =
            CollectionNote { sync_token: tokens.sync.clone(), ctag: tokens.ctag.clone(), ..CollectionNote::default() };
        let Some(earlier) = ledger.collection(Side::Source, href)? else {
            let (items, whole) = source.items(collection).on(Side::Source)?;
            let is_worth_it = items.len() > LARGE && (tokens.sync.is_some() || tokens.ctag.is_some());
            return Ok(Self { note: is_worth_it.then_some(note), ..Self::of_items((items, whole)) });
        };
        let records = ledger.items(href)?;
        let known = as_noted(&records, &earlier.but_for);
        let is_believed = may_believe && earlier.moves && !earlier.lies && !earlier.was_believed && known.len() > LARGE;
        let note = CollectionNote { moves: earlier.moves, lies: earlier.lies, ..note };
        if is_believed && let Some((items, sync_token)) = by_token(source, collection, &earlier, &known)? {
            let is_unchanged = items.len() == known.len()
                && items.iter().all(|item| known.get(item.href.canonical()) == Some(&item.etag));
            let tasks = is_unchanged.then_some(earlier.tasks);
            let note = Some(CollectionNote { sync_token, was_believed: true, ..note });
            return Ok(Self { items, whole: true, tasks, records: Some(records), note });
        }
        let (items, whole) = source.items(collection).on(Side::Source)?;
        let listed: Versions = items.iter().map(|item| (item.href.canonical().to_owned(), item.etag.clone())).collect();
        let (changed, has_token) = (whole && listed != known, earlier.sync_token.is_some() || earlier.ctag.is_some());
        let moved = (&earlier.sync_token, &earlier.ctag) != (&note.sync_token, &note.ctag);
        let note = CollectionNote {
            moves: note.moves || (has_token && changed && moved),
            lies: note.lies || (has_token && changed && !moved),
            ..note
        };
        Ok(Self { items, whole, tasks: None, records: Some(records), note: Some(note) })
    }

    /// Notes what the next run may believe, when all of the collection was worked on. `tasks` is how many of its items are tasks.
    pub(super) fn note(&self, ledger: &mut Ledger, collection: &Href, tasks: u64) -> Result<(), LedgerError> {
        let Some(note) = self.note.clone().filter(|_| self.whole) else { return Ok(()) };
        let mut recorded = as_noted(&ledger.items(collection.canonical())?, &[]);
        let mut but_for = Vec::new();
        for item in &self.items {
            let place = item.href.canonical();
            if recorded.remove(place).as_ref() != Some(&item.etag) {
                but_for.push((place.to_owned(), Some(item.etag.clone())));
            }
        }
        but_for.extend(recorded.into_keys().map(|place| (place, None)));
        let note = if but_for.len() <= MOST_EXCEPTIONS {
            CollectionNote { but_for, tasks, ..note }
        } else {
            CollectionNote { moves: note.moves, lies: note.lies, ..CollectionNote::default() }
        };
        ledger.note_collection(Side::Source, collection.canonical(), &note)
    }
}

/// What was listed when that was noted, or has been recorded since. A place whose items were recorded in different versions has none.
fn as_noted(records: &[ItemRecord], but_for: &[(String, Option<String>)]) -> Versions {
    let mut versions = Versions::new();
    for record in records {
        let version = versions.entry(record.place.clone()).or_insert_with(|| record.version.clone());
        if *version != record.version {
            version.clear();
        }
    }
    for (place, version) in but_for {
        match version {
            Some(version) => versions.insert(place.clone(), version.clone()),
            None => versions.remove(place),
        };
    }
    versions
}

/// What is in the collection by the server's word, and the token that goes with it; none where that is refused or does not hold.
fn by_token(
    source: &mut Source,
    collection: &Collection,
    earlier: &CollectionNote,
    known: &Versions,
) -> Result<Option<WithToken>, Failure> {
    let mut versions = known.clone();
    let mut token = collection.tokens.sync.clone();
    match (&earlier.sync_token, &earlier.ctag) {
        (Some(noted), _) if token.as_ref() == Some(noted) => {}
        (Some(noted), _) => {
            let Some(changes) = source.changes(&collection.href, noted).on(Side::Source)? else { return Ok(None) };
            versions.extend(changes.listed.into_iter().map(|item| (item.href.canonical().to_owned(), item.etag)));
            for removed in &changes.removed {
                versions.remove(removed.canonical());
            }
            token = Some(changes.token);
        }
        (None, Some(noted)) if collection.tokens.ctag.as_ref() == Some(noted) => {}
        _ => return Ok(None),
    }
    let listed = |(place, etag): (String, String)| Listed { href: Href::of_path(&place), etag, size: None };
    let items: Vec<Listed> = versions.into_iter().map(listed).collect();
    let witnesses: Vec<&Listed> = items.iter().step_by(items.len() / WITNESSES + 1).chain(items.last()).collect();
    let places: Vec<&Href> = witnesses.iter().map(|item| &item.href).collect();
    let seen = source.versions(collection.kind, &collection.href, &places).on(Side::Source)?;
    let holds = witnesses.iter().all(|item| !item.etag.is_empty() && seen.get(&item.href) == Some(&item.etag));
    Ok(holds.then_some((items, token)))
}
