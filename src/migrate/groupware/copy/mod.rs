//! Stores the items of one account on the target:
//!
//! 1. Sign in to both sides and list their collections.
//! 2. List the items of each collection, on both sides. What is checked in the record, unchanged on the source and still on the target is
//!    done.
//! 3. Before storing anything, learn the UIDs of what is on the target.
//! 4. Read and convert each other item. If its UID or its own place is taken on the target, compare the two and leave the target's alone.
//!    Otherwise the item waits for its batch.
//! 5. Record the batch as intended, with one write that survives a power cut; then store each item and record it as stored.
//! 6. Read back what was stored, compare it by meaning, and record it as checked.
//!
//! `departed` and `deciding` do steps 2 to 4, `storing` step 5, `judging` step 6. After a lost connection, everything begins again: steps 3
//! and 4 find intended items by place or UID, so that none is stored twice. The first events with participants whose mailboxes are migrated
//! go through `tripwire`.

mod deciding;
mod departed;
mod judging;
mod storing;

use super::ItemsEnd;
use crate::dav::{CollectionKind, Href, Target};
use crate::domain::{Account, AccountId, ItemKind, ProblemKind, Side};
use crate::items::Attendees;
use crate::ledger::{ItemRecord, ItemState, ItemsAt, Ledger};
use crate::migrate::context::RunContext;
use crate::migrate::groupware::existing::{Existing, KnownItem};
use crate::migrate::groupware::origin::Origin;
use crate::migrate::groupware::outgoing::Comparable;
use crate::migrate::groupware::places::Places;
use crate::migrate::groupware::reporter::ItemReporter;
use crate::migrate::groupware::sides::{self, Failure};
use crate::migrate::groupware::survey::{self, Held};
use crate::migrate::groupware::tripwire;
use crate::migrate::plan::items::AsItems;
use crate::progress::{Step, WaitReason};
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;
use storing::Planned;

/// The pauses in seconds before new attempts after a lost connection.
const PAUSES: [u64; 3] = [1, 5, 15];
/// At most this many items are stored and read back together, of at most about this many bytes in memory.
pub(super) const AT_ONCE: usize = 50;
pub(super) const BYTES_AT_ONCE: usize = 8 << 20;

/// Migrates the items of one account after its mail, and returns the result.
pub fn migrate(
    context: &RunContext,
    id: AccountId,
    account: &Account,
    name: Option<&str>,
    ledger: &mut Ledger,
) -> ItemsEnd {
    let mut end = ItemsEnd::default();
    if context.groupware.is_none() {
        return end;
    }
    let mut reporter = ItemReporter::new(context, id, account);
    context.report(crate::progress::Event::Stepped { account: id, step: Step::CopyingItems });
    let mut pauses = PAUSES.iter();
    loop {
        let before = reporter.progress();
        match attempt(&mut reporter, name, ledger, &mut end) {
            Ok(()) => break,
            Err(_) if context.control.of(id).stopping() => {
                reporter.incomplete = true;
                break;
            }
            Err(failure) => {
                if reporter.progress() > before {
                    pauses = PAUSES.iter();
                }
                match pauses.next().filter(|_| failure.is_loss()) {
                    Some(seconds) => {
                        context.wait_for(id, side(&failure), Duration::from_secs(*seconds), WaitReason::ServerFailed)
                    }
                    None => {
                        if let Some(problem) = failure.problem(account) {
                            reporter.problem(problem);
                        }
                        break;
                    }
                }
            }
        }
    }
    ItemsEnd { is_incomplete: reporter.incomplete, ..end }
}

fn side(failure: &Failure) -> Side {
    match failure {
        Failure::Dav(side, _) | Failure::NoPassword(side) => *side,
        Failure::Files(_) | Failure::Mailbox(_) => Side::Source,
        Failure::Off | Failure::Ledger(_) | Failure::InvitationSeen(_) => Side::Target,
    }
}

/// The state of one attempt.
struct Copying<'a, 'b> {
    reporter: &'a mut ItemReporter<'b>,
    ledger: &'a mut Ledger,
    target: Target,
    places: Places,
    /// What is on the target, by kind; listed when first needed.
    existing: HashMap<CollectionKind, Existing>,
    /// Items known to be on the target, by href: from the record, or found by this run.
    known: HashMap<String, KnownItem>,
    attendees: Attendees,
    /// Items to store.
    planned: Vec<Planned>,
    /// Items that were stored or found, still to be read back.
    waiting: Vec<Waiting>,
    bytes: usize,
    /// The target's collections in which something was stored.
    stored_in: BTreeSet<Href>,
}

/// An item that was stored or found, still to be compared.
struct Waiting {
    item: Comparable,
    /// Its number in its text.
    number: u32,
    record: ItemRecord,
    href: Href,
    /// Whether we stored it, in this run or an earlier one.
    ours: bool,
    /// Whether this attempt stored it.
    is_new: bool,
}

fn attempt(
    reporter: &mut ItemReporter<'_>,
    name: Option<&str>,
    ledger: &mut Ledger,
    end: &mut ItemsEnd,
) -> Result<(), Failure> {
    tripwire::ask(reporter.context)?;
    let Some(mut source) = survey::open(reporter, Some(ledger))? else {
        let has_files = reporter.context.groupware.as_ref().is_some_and(|ends| ends.files.is_some());
        return if has_files { Ok(()) } else { Ok(ledger.note_items_at(ItemsAt::Nowhere)?) };
    };
    let held = survey::list(reporter, &mut source)?;
    let copied = if held.iter().all(|held| held.items.is_empty()) {
        Ok(())
    } else {
        copy(reporter, &mut source, &held, name, ledger)
    };
    let places = held.iter().flat_map(|held| &held.items).map(|listed| listed.href.canonical());
    // The evidence of each text holds however the attempt ended.
    end.evidence = Some(reporter.evidence(places));
    end.as_items = AsItems::default();
    source.note_items(reporter, &mut end.as_items);
    copied?;
    source.name_mailed(reporter, ledger)?;
    if let Some(at) = source.at() {
        ledger.note_items_at(at)?;
    }
    Ok(())
}

fn copy(
    reporter: &mut ItemReporter<'_>,
    source: &mut Origin,
    held: &[Held],
    name: Option<&str>,
    ledger: &mut Ledger,
) -> Result<(), Failure> {
    let (context, id, account) = (reporter.context, reporter.id, reporter.account);
    let mut target = sides::open_target(context, id, account, name)?;
    let keep = context.groupware.as_ref().is_some_and(|ends| ends.keep_attendees);
    let attendees = match (keep, target.does_not_schedule()) {
        (true, Some(proof)) => Attendees::Keep(proof),
        (true, None) => {
            let problem = crate::domain::Problem::new(ProblemKind::AttendeesListed).on(Side::Target);
            reporter.problem(problem.for_account(&account.address));
            Attendees::Listed
        }
        (false, _) => Attendees::Listed,
    };
    let mut places = Places::look(&mut target)?;
    places.own_names = held.iter().map(|held| deciding::own_place(reporter, &held.collection)).collect();
    let mut copying = Copying {
        reporter,
        ledger,
        target,
        places,
        existing: HashMap::new(),
        known: HashMap::new(),
        attendees,
        planned: Vec::new(),
        waiting: Vec::new(),
        bytes: 0,
        stored_in: BTreeSet::new(),
    };
    let mut records = Vec::new();
    for held in held {
        records.push(copying.ledger.items(held.collection.href.canonical())?);
        if !held.items.is_empty() {
            copying.list_target(held.collection.kind)?;
        }
    }
    copying.settle_departed(held, &mut records)?;
    for record in records.iter().flatten().filter(|record| record.state != ItemState::Intended) {
        let item = KnownItem { kind: kind_of(record.kind), uid: record.uid.clone(), is_recorded: true };
        copying.known.insert(record.target.clone(), item);
    }
    let mut seen = Vec::new();
    for (held, records) in held.iter().zip(records) {
        let first = !seen.contains(&(held.collection.kind, held.collection.events));
        seen.push((held.collection.kind, held.collection.events));
        copying.collection(source, held, records, first)?;
    }
    copying.note_target()?;
    tripwire::look_at_end(context, id)
}

impl Copying<'_, '_> {
    fn list_target(&mut self, kind: CollectionKind) -> Result<(), Failure> {
        if !self.existing.contains_key(&kind) {
            self.existing.insert(kind, Existing::look(&mut self.target, kind, &self.places.collections)?);
        }
        Ok(())
    }

    /// Makes sure that the places of everything on the target are known.
    fn look_at_target(&mut self, kind: CollectionKind) -> Result<(), Failure> {
        self.list_target(kind)?;
        if let Some(collection) = self.existing.get(&kind).and_then(|existing| existing.not_whole.as_ref()) {
            // After an incomplete list, storing could create duplicates.
            let problem = self.reporter.of_collection(ProblemKind::CollectionNotWhole, Side::Target, collection);
            self.reporter.problem(problem);
            return Err(Failure::not_whole(Side::Target));
        }
        Ok(())
    }

    /// Makes sure that the UIDs of everything on the target are known, too.
    fn know_target(&mut self, kind: CollectionKind) -> Result<(), Failure> {
        self.look_at_target(kind)?;
        let Some(existing) = self.existing.get_mut(&kind) else { return Ok(()) };
        existing.read_uids(&mut self.target, &self.known)?;
        for (collection, count) in std::mem::take(&mut existing.unreadable) {
            let problem = self.reporter.of_collection(ProblemKind::ItemsUnreadThere, Side::Target, &collection);
            self.reporter.problem(problem.counting(count));
        }
        Ok(())
    }

    fn plan(&mut self, planned: Planned) -> Result<(), Failure> {
        let kind =
            if planned.item.kind == ItemKind::Contact { CollectionKind::AddressBook } else { CollectionKind::Calendar };
        // An item that the source has twice is stored once.
        self.existing.entry(kind).or_default().add(planned.item.kind, &planned.item.uid, &planned.own);
        self.bytes += planned.item.size * 2;
        self.planned.push(planned);
        self.flush_if_full()
    }

    fn wait(&mut self, waiting: Waiting) -> Result<(), Failure> {
        self.bytes += waiting.item.size;
        self.waiting.push(waiting);
        self.flush_if_full()
    }

    fn flush_if_full(&mut self) -> Result<(), Failure> {
        let is_full = self.planned.len() + self.waiting.len() >= AT_ONCE || self.bytes >= BYTES_AT_ONCE;
        if is_full { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Failure> {
        self.store()?;
        self.read_back()
    }
}

fn number_of(kind: ItemKind) -> u8 {
    match kind {
        ItemKind::Event => 0,
        ItemKind::Task => 1,
        ItemKind::Contact => 2,
    }
}

fn kind_of(number: u8) -> ItemKind {
    match number {
        0 => ItemKind::Event,
        1 => ItemKind::Task,
        _ => ItemKind::Contact,
    }
}
