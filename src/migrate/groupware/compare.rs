//! `kimt verify` for items: each item of the source is looked for on the target by its UID and compared by meaning. Changes nothing,
//! and asks no record.

use super::ItemsEnd;
use super::existing::Existing;
use super::origin::{Origin, Text};
use super::outgoing::{self, Conversion, Outgoing};
use super::places::Places;
use super::reporter::ItemReporter;
use super::sides::{self, Failure};
use super::survey::{self, Held};
use crate::dav::{CollectionKind, Listed, Target};
use crate::domain::{
    Account, AccountId, ItemChange, ItemFault, ItemKind, ItemName, ItemNote, ItemOutcome, Note, ProblemKind, Side,
};
use crate::items::{Attendees, Unusable};
use crate::migrate::context::RunContext;
use std::collections::HashMap;

/// Compares the items of one account, and says what of them is on the target.
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
    let held = survey::list(reporter, &mut source, None)?;
    let compared = if held.iter().all(|held| held.items().is_empty()) {
        Ok(())
    } else {
        collections(reporter, &mut source, &held)
    };
    let places = held.iter().flat_map(Held::items).map(|listed| listed.href.canonical());
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
    let mut seen = Vec::new();
    for held in held {
        let first = !seen.contains(&(held.collection.kind, held.collection.events));
        seen.push((held.collection.kind, held.collection.events));
        let merged = places.merged(&held.collection, first);
        collection(reporter, source, &mut target, held, &existing, (attendees, merged))?;
    }
    Ok(())
}

fn collection(
    reporter: &mut ItemReporter<'_>,
    source: &mut Origin,
    target: &mut Target,
    held: &Held,
    existing: &HashMap<CollectionKind, Existing>,
    (attendees, category): (Attendees, Option<String>),
) -> Result<(), Failure> {
    let groups = source.groups(&held.collection, held.items())?;
    let kerio = reporter.context.profile.limits_pictures;
    let conversion = Conversion { attendees, kerio, category: category.as_deref(), groups: &groups };
    let mut failure = None;
    let mut each = |listed: &Listed, read: Result<Text, Unusable>| {
        if reporter.control().stopping() {
            return false;
        }
        let compared = text(reporter, target, held, existing, (listed, read), conversion);
        failure = compared.err();
        failure.is_none()
    };
    source.fetch(&held.collection, held.items(), &mut each)?;
    if let Some(failure) = failure {
        return Err(failure);
    }
    if !reporter.control().stopping() {
        reporter.note_vanished(held.items().iter().map(|listed| listed.href.canonical()));
    }
    Ok(())
}

fn text(
    reporter: &mut ItemReporter<'_>,
    target: &mut Target,
    held: &Held,
    existing: &HashMap<CollectionKind, Existing>,
    (listed, read): (&Listed, Result<Text, Unusable>),
    conversion: Conversion<'_>,
) -> Result<(), Failure> {
    let collection = &held.collection;
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
    reporter.begin_text(place, items.len());
    if has_more {
        reporter.note_more(place);
    }
    for (number, item) in items.into_iter().enumerate() {
        let item: Outgoing = match item {
            Ok(item) => item,
            Err(unusable) => {
                let (kind, outcome) = match unusable.left_out {
                    true => (ProblemKind::ItemLeftOut, ItemOutcome::LeftOut),
                    false => (ProblemKind::ItemNotCopied, ItemOutcome::Failed),
                };
                let name = unusable.name;
                let name = if name.is_empty() { ItemName { file: listed.href.name(), ..name } } else { name };
                let problem = reporter.about(kind, ItemKind::Event, &name, collection);
                let problem = problem.noting(Note::Items(ItemNote::Fault(unusable.why)));
                reporter.settle((place, number as u32), ItemKind::Event, outcome, Some(problem));
                continue;
            }
        };
        let there = existing.get(&collection.kind).and_then(|existing| existing.of_uid(item.kind, &item.uid));
        let item = item.comparable();
        let (outcome, problem) = match there.map(|href| target.reader().get(href)) {
            Some(Ok(fetched)) => match item.differences(&fetched.text) {
                differences if differences.is_empty() => (ItemOutcome::AlreadyThere, None),
                differences => {
                    let problem = reporter.about(ProblemKind::ItemDifferent, item.kind, &item.name, collection);
                    (
                        ItemOutcome::Different,
                        Some(problem.on(Side::Target).noting(Note::Items(ItemNote::Differences { differences }))),
                    )
                }
            },
            Some(Err(error)) if !error.is_missing() => return Err(Failure::Dav(Side::Target, error)),
            _ => {
                let problem = reporter.about(ProblemKind::ItemMissing, item.kind, &item.name, collection);
                (ItemOutcome::Failed, Some(problem.on(Side::Target)))
            }
        };
        reporter.settle((place, number as u32), item.kind, outcome, problem);
    }
    Ok(())
}
