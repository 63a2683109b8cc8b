//! Items that earlier runs stored and that are gone from the target: deleted by somebody, or lost, as when a backup of the target is
//! restored. A deleted item stays deleted, a lost one is stored again; both are reported. The two are told apart as follows:
//!
//! - With the token that the target's collection had at the end of an earlier run (RFC 6578), an item was deleted if the server lists it as
//!   removed since. If the server does not mention it, or no longer knows the token, it was lost.
//! - Without a token, all items count as lost if there were several and all are gone. Otherwise they count as deleted.

use super::{Copying, kind_of};
use crate::dav::{Collection, CollectionKind, Href};
use crate::domain::{ItemKind, ProblemKind, Side};
use crate::ledger::{ItemRecord, ItemState};
use crate::migrate::groupware::sides::{Failure, OnDavSide};
use crate::migrate::groupware::survey::Held;
use std::collections::BTreeMap;

/// Why an item is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Deleted,
    Lost,
    /// There is no token to ask about.
    Unknown,
}

/// The place of a record: the index of its collection, and its index there.
type At = (usize, usize);

impl Copying<'_, '_> {
    /// Looks for recorded items that are gone from the target. Lost ones count as intended from now on, and are stored again.
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

    /// Notes the tokens of the target's collections. Call it once each of our items is known to be there or deleted.
    pub(super) fn note_target(&mut self) -> Result<(), Failure> {
        let looked_at = self.places.collections.iter().filter(|it| self.existing.contains_key(&it.kind));
        for collection in looked_at {
            // Storing has changed the token.
            let token = if self.stored_in.contains(&collection.href) {
                match self.target.reader().sync_token(&collection.href) {
                    Ok(token) => token,
                    Err(error) => {
                        log::debug!("the sync token of {} is unknown: {error}", collection.href);
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
