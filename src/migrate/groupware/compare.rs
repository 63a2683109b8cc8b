//! `kimt verify` for items: looks for each item of the source on the target by its UID, and compares the two by meaning. Changes nothing
//! and reads no record.

use super::copy::{AT_ONCE, BYTES_AT_ONCE};
use super::existing::Existing;
use super::origin::{Origin, Text};
use super::outgoing::{self, Comparable, Conversion, Outgoing};
use super::places::Places;
use super::reporter::ItemReporter;
use super::sides::{self, Failure};
use super::survey::{self, Held};
use super::{ItemsEnd, given};
use crate::dav::{Collection, CollectionKind, Href, Listed, Target};
use crate::domain::{
    Account, AccountId, ItemChange, ItemFault, ItemKind, ItemName, ItemNote, ItemOutcome, Note, ProblemKind, Side,
};
use crate::items::{Attendees, Unusable};
use crate::migrate::context::RunContext;
use std::collections::HashMap;

/// Compares the items of one account and reports the result.
pub fn compare(context: &RunContext, id: AccountId, account: &Account) -> ItemsEnd {
    let mut end = ItemsEnd::default();
    if context.groupware.is_none() {
        return end;
    }
    let mut reporter = ItemReporter::new(context, id, account);
    if let Err(failure) = attempt(&mut reporter, &mut end) {
        match failure.problem(account).filter(|_| !context.control.of(id).stopping()) {
            Some(problem) => reporter.problem(problem),
            None => reporter.incomplete = true,
        }
    }
    ItemsEnd { is_incomplete: reporter.incomplete, ..end }
}

fn attempt(reporter: &mut ItemReporter<'_>, end: &mut ItemsEnd) -> Result<(), Failure> {
    let Some(mut source) = survey::open(reporter, None)? else { return Ok(()) };
    let held = survey::list(reporter, &mut source)?;
    let compared =
        if held.iter().all(|held| held.items.is_empty()) { Ok(()) } else { collections(reporter, &mut source, &held) };
    let places = held.iter().flat_map(|held| &held.items).map(|listed| listed.href.canonical());
    end.evidence = Some(reporter.evidence(places));
    source.note_items(reporter, &mut end.as_items);
    compared
}

fn collections(reporter: &mut ItemReporter<'_>, source: &mut Origin, held: &[Held]) -> Result<(), Failure> {
    let mut target = sides::open_target(reporter.context, reporter.id, reporter.account, None)?;
    let keep = reporter.context.groupware.as_ref().is_some_and(|ends| ends.keep_attendees);
    let attendees = match target.does_not_schedule().filter(|_| keep) {
        Some(proof) => Attendees::Keep(proof),
        None => Attendees::Listed,
    };
    let places = Places::look(&mut target)?;
    let mut existing = HashMap::new();
    for kind in [CollectionKind::Calendar, CollectionKind::AddressBook] {
        let mut of_kind = Existing::look(&mut target, kind, &places.collections)?;
        of_kind.read_uids(&mut target, &HashMap::new())?;
        existing.insert(kind, of_kind);
    }
    let mut comparing = Comparing { reporter, target, places, existing, found: Vec::new(), bytes: 0 };
    let mut seen = Vec::new();
    for held in held {
        let first = !seen.contains(&(held.collection.kind, held.collection.events));
        seen.push((held.collection.kind, held.collection.events));
        comparing.collection(source, held, attendees, first)?;
    }
    Ok(())
}

/// The state of a comparison.
struct Comparing<'a, 'b> {
    reporter: &'a mut ItemReporter<'b>,
    target: Target,
    places: Places,
    existing: HashMap<CollectionKind, Existing>,
    /// Items whose UID is on the target, still to be compared.
    found: Vec<Found>,
    bytes: usize,
}

/// An item of the source whose UID is on the target.
struct Found {
    item: Comparable,
    /// The place of its text on the source, and its number in that text.
    place: String,
    number: u32,
    href: Href,
}

impl Comparing<'_, '_> {
    fn collection(
        &mut self,
        source: &mut Origin,
        held: &Held,
        attendees: Attendees,
        first: bool,
    ) -> Result<(), Failure> {
        let category = self.places.merged(&held.collection, first);
        let groups = source.groups(&held.collection, &held.items)?;
        let kerio = self.reporter.context.profile.limits_pictures;
        let conversion = Conversion { attendees, kerio, category: category.as_deref(), groups: &groups };
        let mut failure = None;
        let mut each = |listed: &Listed, read: Result<Text, Unusable>| {
            if self.reporter.control().stopping() {
                return false;
            }
            failure = self.text(&held.collection, (listed, read), conversion).err();
            failure.is_none()
        };
        source.fetch(&held.collection, &held.items, &mut each)?;
        if let Some(failure) = failure {
            return Err(failure);
        }
        self.judge(&held.collection)?;
        if !self.reporter.control().stopping() {
            self.reporter.note_vanished(held.items.iter().map(|listed| listed.href.canonical()));
        }
        Ok(())
    }

    fn text(
        &mut self,
        collection: &Collection,
        (listed, read): (&Listed, Result<Text, Unusable>),
        conversion: Conversion<'_>,
    ) -> Result<(), Failure> {
        let place = listed.href.canonical();
        let mut has_more = read.as_ref().is_ok_and(|text| text.has_more);
        let items = match read.map(|text| outgoing::read(collection.kind, text, place, conversion)) {
            Ok(items) if items.is_empty() => {
                vec![Err(Unusable { left_out: true, ..Unusable::unnamed(ItemFault::Nothing) })]
            }
            Ok(items) => items,
            Err(unusable) => vec![Err(unusable)],
        };
        has_more |= items.iter().flatten().any(|item| item.changes.iter().any(ItemChange::loses));
        self.reporter.begin_text(place, items.len());
        if has_more {
            self.reporter.note_more(place);
        }
        for (number, item) in items.into_iter().enumerate() {
            let number = number as u32;
            match item {
                Ok(item) => self.item(collection, (place, number), item)?,
                Err(unusable) => self.name_unusable(collection, (listed, number), unusable),
            }
        }
        Ok(())
    }

    fn name_unusable(&mut self, collection: &Collection, (listed, number): (&Listed, u32), unusable: Unusable) {
        let (kind, outcome) = match unusable.left_out {
            true => (ProblemKind::ItemLeftOut, ItemOutcome::LeftOut),
            false => (ProblemKind::ItemNotCopied, ItemOutcome::Failed),
        };
        let name = unusable.name;
        let name = if name.is_empty() { ItemName { file: listed.href.name(), ..name } } else { name };
        let problem = self.reporter.about(kind, ItemKind::Event, &name, collection);
        let problem = problem.noting(Note::Items(ItemNote::Fault(unusable.why)));
        self.reporter.settle((listed.href.canonical(), number), ItemKind::Event, outcome, Some(problem));
    }

    fn item(&mut self, collection: &Collection, (place, number): (&str, u32), item: Outgoing) -> Result<(), Failure> {
        let existing = self.existing.get(&collection.kind);
        let href = existing.and_then(|existing| existing.of_uid(item.kind, &item.uid)).cloned();
        let item = item.comparable();
        let Some(href) = href else {
            self.settle_missing(collection, (place, number), &item);
            return Ok(());
        };
        self.bytes += item.size;
        self.found.push(Found { item, place: place.to_owned(), number, href });
        if self.found.len() >= AT_ONCE || self.bytes >= BYTES_AT_ONCE { self.judge(collection) } else { Ok(()) }
    }

    fn settle_missing(&mut self, collection: &Collection, at: (&str, u32), item: &Comparable) {
        let problem = self.reporter.about(ProblemKind::ItemMissing, item.kind, &item.name, collection);
        self.reporter.settle(at, item.kind, ItemOutcome::Failed, Some(problem.on(Side::Target)));
    }

    /// Reads the found items on the target, compares them, and reports the outcome of each.
    fn judge(&mut self, collection: &Collection) -> Result<(), Failure> {
        let found = std::mem::take(&mut self.found);
        self.bytes = 0;
        let places: Vec<(&Href, usize)> = found.iter().map(|it| (&it.href, it.item.size)).collect();
        let texts = given::texts(&mut self.target, collection.kind, &self.places.collections, &places)?;
        for Found { item, place, number, href } in &found {
            let at = (place.as_str(), *number);
            let Some(text) = texts.get(href) else {
                self.settle_missing(collection, at, item);
                continue;
            };
            let differences = item.differences(text);
            if differences.is_empty() {
                self.reporter.settle(at, item.kind, ItemOutcome::AlreadyThere, None);
                continue;
            }
            let problem = self.reporter.about(ProblemKind::ItemDifferent, item.kind, &item.name, collection);
            let problem = problem.on(Side::Target).noting(Note::Items(ItemNote::Differences { differences }));
            self.reporter.settle(at, item.kind, ItemOutcome::Different, Some(problem));
        }
        Ok(())
    }
}
