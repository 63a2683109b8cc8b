//! Storing a batch: all of it is recorded as intended before the first item goes out.
//!
//! - The intents of a batch are one write, which waits for the disk once and not for each item.
//! - An item is stored at a place that the target was asked about just before, for the whole batch at once where the server answers such a
//!   question, with the condition that nothing is there.
//! - What the target refuses is named and withdrawn from the record. What became of an item when the connection was lost is found out by
//!   the next attempt, which asks the target.

use super::{Copying, Waiting};
use crate::dav::{Collection, CollectionKind, DavError, Href, Stored};
use crate::domain::{ItemKind, ItemNote, ItemOutcome, ItemServerFault, Note, ProblemKind, Side};
use crate::ledger::{ItemRecord, ItemState};
use crate::migrate::groupware::outgoing::Outgoing;
use crate::migrate::groupware::sides::{Failure, OnDavSide};
use crate::migrate::groupware::tripwire;
use std::collections::{BTreeMap, BTreeSet};

/// An item that is to be stored.
pub(super) struct Planned {
    pub(super) item: Outgoing,
    /// Which of the items in its text it is.
    pub(super) number: u32,
    /// As it is recorded before.
    pub(super) record: ItemRecord,
    /// The collection it goes to.
    pub(super) goal: Collection,
    /// Its name there, and its place.
    pub(super) name: String,
    pub(super) own: Href,
    /// Whether the record had it before.
    pub(super) is_known: bool,
}

impl Copying<'_, '_> {
    /// Stores what is planned.
    pub(super) fn store(&mut self) -> Result<(), Failure> {
        let planned = std::mem::take(&mut self.planned);
        let intents: Vec<ItemRecord> = planned.iter().map(|planned| planned.record.clone()).collect();
        self.ledger.record_items(&intents)?;
        let free = self.free_places(&planned)?;
        planned.into_iter().try_for_each(|planned| self.store_one(planned, &free))
    }

    /// Those of the places of which the target says that nothing is there. Of the others each is asked about alone.
    fn free_places(&mut self, planned: &[Planned]) -> Result<BTreeSet<Href>, Failure> {
        let mut by_goal: BTreeMap<&Href, (CollectionKind, Vec<&Href>)> = BTreeMap::new();
        for planned in planned {
            let places = by_goal.entry(&planned.goal.href).or_insert_with(|| (planned.goal.kind, Vec::new()));
            places.1.push(&planned.own);
        }
        let mut free = BTreeSet::new();
        for (goal, (kind, places)) in by_goal.into_iter().filter(|(_, (_, places))| places.len() > 1) {
            free.extend(self.target.reader().missing(kind, goal, &places).on(Side::Target)?);
        }
        Ok(free)
    }

    fn store_one(&mut self, planned: Planned, free: &BTreeSet<Href>) -> Result<(), Failure> {
        if self.reporter.control().stopping() {
            return Err(Failure::Off);
        }
        tripwire::ask(self.reporter.context)?;
        let Planned { item, number, record, goal, name, own, is_known } = planned;
        let kind = if item.kind == ItemKind::Contact { CollectionKind::AddressBook } else { CollectionKind::Calendar };
        let (href, ours, is_new) = match item.store(&mut self.target, &goal, &name, free.contains(&own)) {
            Ok(Stored::New { href, .. }) => {
                self.stored_in.insert(goal.href.clone());
                (href, true, true)
            }
            Ok(Stored::Exists) => (own, is_known, false),
            Err(error)
                if error.is_loss() || matches!(error, DavError::SignInRefused { .. } | DavError::Busy { .. }) =>
            {
                return Err(Failure::Dav(Side::Target, error));
            }
            Err(error) => {
                self.ledger.withdraw_item(&record)?;
                self.existing.entry(kind).or_default().remove(item.kind, &item.uid, &own);
                let collection = self.collection_of(&record, item.kind);
                let problem = self.reporter.about(ProblemKind::ItemNotCopied, item.kind, &item.name, &collection);
                let problem = problem.on(Side::Target).noting(Note::Items(ItemNote::Server(refusal(&error))));
                self.reporter.settle((&record.place, number), item.kind, ItemOutcome::Failed, Some(problem));
                return Ok(());
            }
        };
        let record = ItemRecord { state: ItemState::Stored, target: href.canonical().to_owned(), ..record };
        self.ledger.record_items(std::slice::from_ref(&record))?;
        self.existing.entry(kind).or_default().add(item.kind, &item.uid, &href);
        self.waiting.push(Waiting { item: item.comparable(), number, record, href, ours, is_new });
        Ok(())
    }

    /// The collection of the source that a record speaks of, as far as problems name it.
    pub(super) fn collection_of(&self, record: &ItemRecord, kind: ItemKind) -> Collection {
        Collection {
            href: Href::of_path(&record.collection),
            name: self.reporter.name_of(&record.collection),
            kind: if kind == ItemKind::Contact { CollectionKind::AddressBook } else { CollectionKind::Calendar },
            events: true,
            tasks: true,
            is_default: false,
            left_out: None,
            sync_token: None,
        }
    }
}

/// Why the target did not take an item.
fn refusal(error: &DavError) -> ItemServerFault {
    match error {
        DavError::Refused { precondition, .. } if precondition.starts_with("no-uid-conflict") => {
            ItemServerFault::SameUid
        }
        DavError::Refused { status: 413, .. } => ItemServerFault::TooLargeForTarget,
        DavError::Refused { status: 507, .. } => ItemServerFault::NoRoom,
        other => other.fault(),
    }
}
