//! Reads back items that were stored or found, compares them by meaning, and records them as checked.

use super::{Copying, Waiting};
use crate::dav::{CollectionKind, Href};
use crate::domain::{ItemFault, ItemKind, ItemNote, ItemOutcome, Note, ProblemKind, Side};
use crate::ledger::{ItemRecord, ItemState};
use crate::migrate::groupware::existing::KnownItem;
use crate::migrate::groupware::given;
use crate::migrate::groupware::sides::Failure;
use crate::migrate::groupware::tripwire;
use std::collections::HashMap;

impl Copying<'_, '_> {
    /// Reads back, compares, reports and records all waiting items.
    pub(super) fn read_back(&mut self) -> Result<(), Failure> {
        let waiting = std::mem::take(&mut self.waiting);
        self.bytes = 0;
        let (cards, others): (Vec<Waiting>, Vec<Waiting>) =
            waiting.into_iter().partition(|waiting| waiting.item.kind == ItemKind::Contact);
        for (kind, mut waiting) in [(CollectionKind::Calendar, others), (CollectionKind::AddressBook, cards)] {
            let mut texts = self.texts(kind, &waiting)?;
            if waiting.iter().any(|it| !texts.contains_key(&it.href)) {
                self.find_again(kind, &mut waiting, &texts)?;
                texts.extend(self.texts(kind, &waiting)?);
            }
            let known: Vec<ItemRecord> = waiting
                .iter()
                .filter_map(|waiting| self.judge(waiting, texts.get(&waiting.href).map(String::as_str)))
                .collect();
            self.ledger.record_items(&known)?;
        }
        Ok(())
    }

    /// The target's texts at the items' places.
    fn texts(&mut self, kind: CollectionKind, waiting: &[Waiting]) -> Result<HashMap<Href, String>, Failure> {
        let places: Vec<(&Href, usize)> = waiting.iter().map(|it| (&it.href, it.item.size)).collect();
        given::texts(&mut self.target, kind, &self.places.collections, &places)
    }

    /// Looks by UID for items that are not at their place: a server may store them under names of its own.
    fn find_again(
        &mut self,
        kind: CollectionKind,
        waiting: &mut [Waiting],
        texts: &HashMap<Href, String>,
    ) -> Result<(), Failure> {
        self.existing.remove(&kind);
        self.know_target(kind)?;
        let Some(existing) = self.existing.get(&kind) else { return Ok(()) };
        for waiting in waiting.iter_mut().filter(|it| !texts.contains_key(&it.href)) {
            if let Some(href) = existing.of_uid(waiting.item.kind, &waiting.item.uid) {
                waiting.href = href.clone();
                waiting.record.target = href.canonical().to_owned();
                let item = KnownItem { kind: waiting.item.kind, uid: waiting.item.uid.clone(), is_recorded: false };
                self.known.entry(waiting.record.target.clone()).or_insert(item);
            }
        }
        Ok(())
    }

    /// Reports the outcome of an item that is, or should be, on the target. Returns what to record of it.
    fn judge(&mut self, waiting: &Waiting, text: Option<&str>) -> Option<ItemRecord> {
        let Waiting { item, number, record, href, ours, is_new } = waiting;
        let already = |record: &ItemRecord| self.known.get(&record.target).is_some_and(|known| known.is_recorded);
        let collection = self.collection_of(record, item.kind);
        let about = |kind| self.reporter.about(kind, item.kind, &item.name, &collection).on(Side::Target);
        if let Some(text) = text.filter(|_| *is_new) {
            tripwire::note_put_back(self.reporter.context, self.reporter.account, &item.name, &item.put_back(text));
        }
        let differ = |differences| Note::Items(ItemNote::Differences { differences });
        let (outcome, problem) = match text {
            None => {
                let problem = about(ProblemKind::ItemMissing)
                    .noting(Note::Items(ItemNote::Fault(ItemFault::NotAt { href: href.to_string() })));
                (ItemOutcome::Failed, Some(problem))
            }
            Some(text) => match item.differences(text) {
                differences if differences.is_empty() => {
                    let outcome = if *is_new || (*ours && !already(record)) {
                        ItemOutcome::Copied
                    } else {
                        ItemOutcome::AlreadyThere
                    };
                    (outcome, None)
                }
                differences if *ours => {
                    (ItemOutcome::Altered, Some(about(ProblemKind::ItemAltered).noting(differ(differences))))
                }
                differences => {
                    (ItemOutcome::Different, Some(about(ProblemKind::ItemDifferent).noting(differ(differences))))
                }
            },
        };
        self.reporter.settle((&record.place, *number), item.kind, outcome, problem);
        match outcome {
            ItemOutcome::Copied | ItemOutcome::AlreadyThere => {
                Some(ItemRecord { state: ItemState::Checked, ..record.clone() })
            }
            ItemOutcome::Altered => Some(record.clone()),
            _ => None,
        }
    }
}
