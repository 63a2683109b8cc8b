//! Decides about each item of a collection: nothing, compare, or store.
//!
//! - An item that is checked in the record, unchanged on the source and still on the target needs nothing.
//! - An item whose UID or own place is taken on the target is compared; the target's is left alone.
//! - An item that somebody deleted on the target stays deleted: that is its owner's decision.

use super::{Copying, Planned, Waiting, kind_of};
use crate::dav::{Collection, CollectionKind, Href, Listed};
use crate::domain::{ItemChange, ItemFault, ItemKind, ItemName, ItemNote, ItemOutcome, Note, ProblemKind, Side};
use crate::items::{ContactGroups, Unusable};
use crate::ledger::{ItemRecord, ItemState};
use crate::migrate::groupware::origin::{Origin, Text};
use crate::migrate::groupware::outgoing::{self, Conversion, Outgoing, own_name};
use crate::migrate::groupware::places::Route;
use crate::migrate::groupware::reporter::ItemReporter;
use crate::migrate::groupware::sides::Failure;
use crate::migrate::groupware::survey::Held;
use crate::migrate::groupware::tripwire;
use std::collections::HashMap;

/// The place of an item on the source: its collection and text.
#[derive(Clone, Copy)]
struct Place<'a> {
    collection: &'a Collection,
    listed: &'a Listed,
    /// The source's version of the text.
    version: &'a str,
    /// The number of items in the text, and whether it has more than items.
    items: u32,
    has_more: bool,
}

/// The name of the collection that is created on the target for one of the source, if it needs one.
pub(super) fn own_place(reporter: &ItemReporter<'_>, collection: &Collection) -> String {
    let own = own_name(&reporter.account.target().key(), collection.href.canonical(), "", ItemKind::Event);
    own.trim_end_matches(".ics").to_owned()
}

impl Copying<'_, '_> {
    /// Migrates a collection of the source. `first` says that it is the first of its kind.
    pub(super) fn collection(
        &mut self,
        source: &mut Origin,
        held: &Held,
        records: Vec<ItemRecord>,
        first: bool,
    ) -> Result<(), Failure> {
        if !held.is_whole {
            let problem = self.reporter.of_collection(ProblemKind::CollectionNotWhole, Side::Source, &held.collection);
            self.reporter.problem(problem);
        }
        if held.items.is_empty() {
            return Ok(());
        }
        self.look_at_target(held.collection.kind)?;
        let mut by_place: HashMap<String, Vec<ItemRecord>> = HashMap::new();
        for record in records {
            by_place.entry(record.place.clone()).or_default().push(record);
        }
        let mut open: Vec<Listed> = Vec::new();
        for listed in &held.items {
            let place = listed.href.canonical();
            let known = by_place.get(place).map_or(&[][..], Vec::as_slice);
            let is_done = |record: &ItemRecord| self.is_done(record, listed, known.len() as u32);
            if known.is_empty() || !known.iter().all(is_done) {
                open.push(listed.clone());
                continue;
            }
            self.reporter.begin_text(place, known.len());
            for (number, record) in known.iter().enumerate() {
                if record.has_more {
                    self.reporter.note_more(place);
                }
                let (kind, outcome) = (kind_of(record.kind), ItemOutcome::AlreadyThere);
                self.reporter.settle((place, number as u32), kind, outcome, None);
            }
        }
        if open.is_empty() {
            return Ok(());
        }
        self.know_target(held.collection.kind)?;
        let own = own_place(self.reporter, &held.collection);
        let route = self.places.route(&mut self.target, &held.collection, first, &own)?;
        if route.category.is_some() {
            let problem = self.reporter.of_collection(ProblemKind::CollectionMerged, Side::Target, &held.collection);
            self.reporter.problem(problem);
        }
        let groups = source.groups(&held.collection, &held.items)?;
        let mut failure = None;
        let mut each = |listed: &Listed, read: Result<Text, Unusable>| {
            if self.reporter.control().holding() {
                self.reporter.control().wait_while_paused();
            }
            let known = by_place.get(listed.href.canonical()).map_or(&[][..], Vec::as_slice);
            let outcome = if self.reporter.control().stopping() {
                Err(Failure::Off)
            } else {
                self.text(&held.collection, (listed, read), (&route, &groups), known)
            };
            failure = outcome.err();
            failure.is_none()
        };
        source.fetch(&held.collection, &open, &mut each)?;
        if let Some(failure) = failure {
            return Err(failure);
        }
        self.flush()?;
        self.reporter.note_vanished(open.iter().map(|listed| listed.href.canonical()));
        Ok(())
    }

    /// Whether an item needs nothing: it is checked, unchanged on the source, and on the target, or deleted there in a run that does not
    /// repair. `items` is the number of items at its place.
    fn is_done(&self, record: &ItemRecord, listed: &Listed, items: u32) -> bool {
        let kind = if record.kind == 2 { CollectionKind::AddressBook } else { CollectionKind::Calendar };
        let there = self.existing.get(&kind).is_some_and(|existing| existing.has(&Href::of_path(&record.target)));
        let unchanged = !listed.etag.is_empty() && listed.etag == record.version && record.items_there == items;
        record.state == ItemState::Checked && unchanged && (there || !self.reporter.context.options.repair)
    }

    /// Migrates one text of the source, which may hold several items.
    fn text(
        &mut self,
        collection: &Collection,
        (listed, read): (&Listed, Result<Text, Unusable>),
        (route, groups): (&Route, &ContactGroups),
        known: &[ItemRecord],
    ) -> Result<(), Failure> {
        let place = listed.href.canonical();
        let guess = match collection.kind {
            CollectionKind::AddressBook => ItemKind::Contact,
            CollectionKind::Calendar if collection.events => ItemKind::Event,
            CollectionKind::Calendar => ItemKind::Task,
        };
        let text = match read {
            Ok(text) => text,
            Err(unusable) => {
                self.reporter.begin_text(place, 1);
                self.name_unusable((listed, 0), guess, collection, unusable);
                return Ok(());
            }
        };
        let conversion = Conversion {
            attendees: self.attendees,
            kerio: self.reporter.context.profile.limits_pictures,
            category: route.category.as_deref(),
            groups,
        };
        let (version, mut has_more) = (text.version.clone(), text.has_more);
        let items = outgoing::read(collection.kind, text, place, conversion);
        has_more |= items.iter().flatten().any(|item| item.changes.iter().any(ItemChange::loses));
        self.reporter.begin_text(place, items.len().max(1));
        if has_more {
            self.reporter.note_more(place);
        }
        if items.is_empty() {
            let nothing = Unusable { left_out: true, ..Unusable::unnamed(ItemFault::Nothing) };
            self.name_unusable((listed, 0), guess, collection, nothing);
        }
        let version = if version.is_empty() { &listed.etag } else { &version };
        let place = Place { collection, listed, version, items: items.len() as u32, has_more };
        for (number, item) in items.into_iter().enumerate() {
            match item {
                Ok(item) => self.item(place, number as u32, item, route, known)?,
                Err(unusable) => self.name_unusable((listed, number as u32), guess, collection, unusable),
            }
        }
        Ok(())
    }

    fn name_unusable(
        &mut self,
        (listed, number): (&Listed, u32),
        guess: ItemKind,
        collection: &Collection,
        unusable: Unusable,
    ) {
        let Unusable { name, why, left_out } = unusable;
        let kind = if left_out { ProblemKind::ItemLeftOut } else { ProblemKind::ItemNotCopied };
        let outcome = if left_out { ItemOutcome::LeftOut } else { ItemOutcome::Failed };
        let name = if name.is_empty() { ItemName { file: listed.href.name(), ..name } } else { name };
        let problem = self.reporter.about(kind, guess, &name, collection).on(Side::Source);
        let problem = problem.noting(Note::Items(ItemNote::Fault(why)));
        self.reporter.settle((listed.href.canonical(), number), guess, outcome, Some(problem));
    }

    fn item(
        &mut self,
        at: Place<'_>,
        number: u32,
        item: Outgoing,
        route: &Route,
        known: &[ItemRecord],
    ) -> Result<(), Failure> {
        let (collection, place) = (at.collection, at.listed.href.canonical());
        if self.reporter.is_settled(place, number) {
            return Ok(());
        }
        let earlier = known.iter().find(|record| (kind_of(record.kind), &record.uid) == (item.kind, &item.uid));
        if earlier.is_some_and(|record| self.is_done(record, at.listed, at.items)) {
            self.reporter.settle((place, number), item.kind, ItemOutcome::AlreadyThere, None);
            return Ok(());
        }
        for change in &item.changes {
            let problem = self.reporter.about(ProblemKind::ItemAdapted, item.kind, &item.name, collection);
            self.reporter.problem(problem.noting(Note::Items(ItemNote::Change(change.clone()))));
        }
        let Some(goal) = route.place(item.kind).and_then(|index| self.places.collections.get(index)).cloned() else {
            let problem = self.reporter.about(ProblemKind::ItemNotCopied, item.kind, &item.name, collection);
            let problem = problem.on(Side::Target).noting(Note::Items(ItemNote::Fault(ItemFault::NoPlace)));
            self.reporter.settle((place, number), item.kind, ItemOutcome::Failed, Some(problem));
            return Ok(());
        };
        let account = self.reporter.account.target().key();
        let name = own_name(&account, collection.href.canonical(), &item.uid, item.kind);
        let own = goal.href.child(&name);
        let record = |target: &Href, state| ItemRecord {
            kind: super::number_of(item.kind),
            collection: collection.href.canonical().to_owned(),
            place: place.to_owned(),
            version: at.version.to_owned(),
            uid: item.uid.clone(),
            state,
            target: target.canonical().to_owned(),
            items_there: at.items,
            has_more: at.has_more,
            deleted_there: false,
        };
        let existing = self.existing.entry(collection.kind).or_default();
        let there = existing.of_uid(item.kind, &item.uid).cloned().or_else(|| existing.has(&own).then(|| own.clone()));
        if let Some(href) = there {
            let record = record(&href, ItemState::Stored);
            let (ours, item) = (earlier.is_some(), item.comparable());
            return self.wait(Waiting { item, number, record, href, ours, is_new: false });
        }
        if earlier.is_some_and(|record| record.state != ItemState::Intended) && !self.reporter.context.options.repair {
            // Somebody deleted it on the target, which is theirs to decide.
            self.reporter.settle((place, number), item.kind, ItemOutcome::AlreadyThere, None);
            return Ok(());
        }
        let (record, is_known) = (record(&own, ItemState::Intended), earlier.is_some());
        let planned = Planned { item, number, record, goal, name, own, is_known };
        if planned.item.participants.is_empty() { self.plan(planned) } else { self.store_watched(planned) }
    }

    /// Stores an event with participants: alone, if the tripwire watches it, so that nothing else goes out before the check.
    fn store_watched(&mut self, planned: Planned) -> Result<(), Failure> {
        let (context, id, account) = (self.reporter.context, self.reporter.id, self.reporter.account);
        let people = tripwire::migrated(context, account, &planned.item.participants);
        let Some(mut watch) = tripwire::watch(context, id, &people, &planned.item.uid)? else {
            return self.plan(planned);
        };
        self.plan(planned)?;
        self.flush()?;
        watch.look_if_due(context, id)
    }
}
