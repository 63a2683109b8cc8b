//! Stores a batch. All of it is recorded as intended before the first item goes out.
//!
//! - The intents of a batch are one write, which waits for the disk once.
//! - The target is first asked which places are free, at once for the whole batch if it can. Each request still requires a free place.
//! - An item that the target refuses is reported and withdrawn from the record. If the connection is lost, the next attempt asks the target
//!   what became of the item.

use super::{Copying, Waiting};
use crate::dav::{Collection, CollectionKind, DavError, Href, Stored};
use crate::domain::{ItemKind, ItemNote, ItemOutcome, ItemServerFault, Note, ProblemKind, Side};
use crate::ledger::{ItemRecord, ItemState};
use crate::migrate::groupware::outgoing::Outgoing;
use crate::migrate::groupware::sides::{Failure, OnDavSide};
use crate::migrate::groupware::tripwire;
use std::collections::{BTreeMap, BTreeSet};

/// An item to store.
pub(super) struct Planned {
    pub(super) item: Outgoing,
    /// Its number in its text.
    pub(super) number: u32,
    /// Its record as an intent.
    pub(super) record: ItemRecord,
    /// The target's collection for it.
    pub(super) goal: Collection,
    /// Its name there, and its place.
    pub(super) name: String,
    pub(super) own: Href,
    /// Whether the record had it before.
    pub(super) is_known: bool,
}

impl Copying<'_, '_> {
    /// Stores all planned items.
    pub(super) fn store(&mut self) -> Result<(), Failure> {
        let planned = std::mem::take(&mut self.planned);
        let intents: Vec<ItemRecord> = planned.iter().map(|planned| planned.record.clone()).collect();
        self.ledger.record_items(&intents)?;
        let free = self.free_places(&planned)?;
        planned.into_iter().try_for_each(|planned| self.store_one(planned, &free))
    }

    /// The places that the target says are free. Each of the others is checked when its item is stored.
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

    /// The source's collection in a record, with what problems need to name it.
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
