//! What earlier runs put on the target and is not there any more: deleted by somebody, or lost with the state that the target was in, as
//! when a backup of it is restored.
//!
//! What was deleted stays deleted, and what was lost is stored again; both are named. Which it is, is known
//!
//! - by the token that the target's collection had at the end of an earlier run (RFC 6578): what the server says has been removed since was
//!   deleted. What it does not speak of was lost, and so was everything where it does not know the token any more;
//! - without a token, by what else of ours is there: where all of it is gone, and it was more than one item, it was lost. Otherwise it
//!   was deleted.

use super::{Copying, kind_of};
use crate::dav::{Collection, CollectionKind, Href};
use crate::domain::{ItemKind, ProblemKind, Side};
use crate::ledger::{ItemRecord, ItemState};
use crate::migrate::groupware::sides::{Failure, OnDavSide};
use crate::migrate::groupware::survey::Held;
use std::collections::BTreeMap;

/// What became of an item that is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Deleted,
    Lost,
    /// The target has no token to ask about.
    Unknown,
}

/// Where a record is: its collection among those of the source, and its number there.
type At = (usize, usize);

impl Copying<'_, '_> {
    /// Looks for what the record has and the target has not. What was lost counts as intended from now on, and is stored again.
    pub(super) fn settle_departed(&mut self, held: &[Held], records: &mut [Vec<ItemRecord>]) -> Result<(), Failure> {
        if self.reporter.context.options.repair {
            return Ok(());
        }
        let (mut there, mut gone) = (0, Vec::new());
        for (collection, records) in records.iter().enumerate() {
            for (number, record) in records.iter().enumerate() {
                let existing = self.existing.get(&kind_of_collection(record)).filter(|it| it.not_whole.is_none());
                let Some(existing) = existing.filter(|_| record.state != ItemState::Intended) else { continue };
                if existing.has(&Href::of_path(&record.target)) {
                    there += 1;
                } else if !record.deleted_there {
                    gone.push((collection, number));
                }
            }
        }
        let fates = self.fates(records, &gone)?;
        let is_all = there == 0 && gone.len() > 1 && fates.iter().all(|fate| *fate == Fate::Unknown);
        let mut counts: BTreeMap<(usize, bool), u64> = BTreeMap::new();
        let mut deleted = Vec::new();
        for ((collection, number), fate) in gone.into_iter().zip(fates) {
            let record = &mut records[collection][number];
            let is_lost = fate == Fate::Lost || (fate == Fate::Unknown && is_all);
            if is_lost {
                record.state = ItemState::Intended;
            } else {
                record.deleted_there = true;
                deleted.push(record.clone());
            }
            *counts.entry((collection, is_lost)).or_default() += 1;
        }
        self.ledger.record_items(&deleted)?;
        for ((collection, is_lost), count) in counts {
            let kind = if is_lost { ProblemKind::ItemsStoredAgain } else { ProblemKind::ItemsDeletedThere };
            let problem = self.reporter.of_collection(kind, Side::Target, &held[collection].collection);
            self.reporter.problem(problem.counting(count));
        }
        Ok(())
    }

    fn fates(&mut self, records: &[Vec<ItemRecord>], gone: &[At]) -> Result<Vec<Fate>, Failure> {
        let mut removed = BTreeMap::new();
        let mut fates = Vec::new();
        for (collection, number) in gone {
            let record = &records[*collection][*number];
            let place = self.places.collections.iter().find(|it| is_in(it, &record.target));
            let Some(place) = place else {
                fates.push(Fate::Unknown);
                continue;
            };
            if !removed.contains_key(&place.href) {
                let answer = match self.ledger.target_state(place.href.canonical())? {
                    Some(token) => Some(self.target.reader().changes(&place.href, &token).on(Side::Target)?),
                    None => None,
                };
                removed.insert(place.href.clone(), answer);
            }
            fates.push(match removed.get(&place.href).and_then(Option::as_ref) {
                None => Fate::Unknown,
                Some(Some(changes)) if changes.removed.contains(&Href::of_path(&record.target)) => Fate::Deleted,
                Some(_) => Fate::Lost,
            });
        }
        Ok(fates)
    }

    /// Notes the tokens of the target's collections, when all of ours is known to be there or to be deleted.
    pub(super) fn note_target(&mut self) -> Result<(), Failure> {
        let looked_at = self.places.collections.iter().filter(|it| self.existing.contains_key(&it.kind));
        for collection in looked_at {
            // What was stored changed the token since it was read.
            let token = if self.stored_in.contains(&collection.href) {
                match self.target.reader().sync_token(&collection.href) {
                    Ok(token) => token,
                    Err(error) => {
                        log::debug!("the state of {} is not known: {error}", collection.href);
                        continue;
                    }
                }
            } else {
                collection.sync_token.clone()
            };
            if self.ledger.target_state(collection.href.canonical())? != token {
                self.ledger.note_target_state(collection.href.canonical(), token)?;
            }
        }
        Ok(())
    }
}

fn is_in(collection: &Collection, place: &str) -> bool {
    let name = place.strip_prefix(collection.href.canonical());
    name.is_some_and(|name| !name.is_empty() && !name.contains('/'))
}

fn kind_of_collection(record: &ItemRecord) -> CollectionKind {
    match kind_of(record.kind) {
        ItemKind::Contact => CollectionKind::AddressBook,
        ItemKind::Event | ItemKind::Task => CollectionKind::Calendar,
    }
}
