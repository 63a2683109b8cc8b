//! Storing the items of one account on the target:
//!
//! 1. Both sides are signed in to, and their collections listed.
//! 2. Each collection of the source is listed. What the record knows as checked, unchanged there and still on the target, is done.
//! 3. Before anything is stored, the target's collections are listed with the UIDs in them.
//! 4. Each other item is read and converted. Where its UID or its own place is taken on the target, the two are compared, and the
//!    target's is left alone. Else it waits for its batch.
//! 5. A batch is recorded as intended with one write that a power cut cannot take back; then each of its items is stored and recorded as
//!    stored.
//! 6. What was stored is read back, compared by meaning, and recorded as checked.
//!
//! `storing` does step 5, `judging` step 6. A lost connection begins with 1 again: what was intended is found in 3 and 4 by its place or
//! UID, and not stored twice. An event with participants whose mailboxes are migrated takes the way over `tripwire`, until that has seen
//! enough.

mod judging;
mod storing;

use crate::dav::{Collection, CollectionKind, DavError, Fetched, Href, Listed, Target};
use crate::domain::{Account, AccountId, ItemKind, ItemOutcome, ProblemKind, Side};
use crate::items::{Attendees, Unusable};
use crate::ledger::{ItemRecord, ItemState, Ledger};
use crate::migrate::context::RunContext;
use crate::migrate::groupware::existing::Existing;
use crate::migrate::groupware::origin::Origin;
use crate::migrate::groupware::outgoing::{self, Conversion, Outgoing, own_name};
use crate::migrate::groupware::places::{Places, Route};
use crate::migrate::groupware::reporter::ItemReporter;
use crate::migrate::groupware::sides::{self, Failure};
use crate::migrate::groupware::survey::{self, Held};
use crate::migrate::groupware::tripwire;
use crate::progress::{Step, WaitReason};
use std::collections::HashMap;
use std::time::Duration;
use storing::Planned;

/// Seconds before each new try after a connection was lost.
const PAUSES: [u64; 3] = [1, 5, 15];
/// Items that are stored and read back together at most, and about how many bytes they take in memory.
const AT_ONCE: usize = 50;
const BYTES_AT_ONCE: usize = 8 << 20;

/// Migrates the items of one account after its mail. Returns whether all of them are on the target.
pub fn migrate(
    context: &RunContext,
    id: AccountId,
    account: &Account,
    name: Option<&str>,
    ledger: &mut Ledger,
) -> bool {
    if context.groupware.is_none() {
        return true;
    }
    let mut reporter = ItemReporter::new(context, id, account);
    context.report(crate::progress::Event::Stepped { account: id, step: Step::CopyingItems });
    let mut pauses = PAUSES.iter();
    loop {
        let before = reporter.progress();
        match attempt(&mut reporter, name, ledger) {
            Ok(()) => break,
            Err(_) if context.control.stopping() => {
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
    !reporter.incomplete
}

fn side(failure: &Failure) -> Side {
    match failure {
        Failure::Dav(side, _) | Failure::NoPassword(side) => *side,
        Failure::Files(_) | Failure::Mailbox(_) => Side::Source,
        Failure::Off | Failure::Ledger(_) | Failure::InvitationSeen(_) => Side::Target,
    }
}

/// All that one attempt works with.
struct Copying<'a, 'b> {
    reporter: &'a mut ItemReporter<'b>,
    ledger: &'a mut Ledger,
    target: Target,
    places: Places,
    /// What is on the target: of calendars, and of address books; looked for when it is first needed.
    existing: HashMap<CollectionKind, Existing>,
    /// Where each recorded item is on the target, by its href.
    recorded: HashMap<String, (ItemKind, String)>,
    /// The same, with what this run has found.
    known: HashMap<String, (ItemKind, String)>,
    attendees: Attendees,
    /// What is to be stored.
    planned: Vec<Planned>,
    /// What was stored or found, and is to be read back.
    waiting: Vec<Waiting>,
    bytes: usize,
}

/// An item that was stored or found, and is to be compared.
struct Waiting {
    item: Outgoing,
    record: ItemRecord,
    href: Href,
    /// Whether we stored it, in this run or an earlier one.
    ours: bool,
    /// Whether that was just now.
    is_new: bool,
}

fn attempt(reporter: &mut ItemReporter<'_>, name: Option<&str>, ledger: &mut Ledger) -> Result<(), Failure> {
    let (context, id, account) = (reporter.context, reporter.id, reporter.account);
    tripwire::ask(context)?;
    let Some(mut source) = survey::open(reporter)? else { return Ok(()) };
    let held = survey::list(reporter, &mut source)?;
    if held.iter().all(|held| held.items.is_empty()) {
        return Ok(());
    }
    let mut target = sides::open_target(context, account, name)?;
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
    let places = Places::look(&mut target)?;
    let mut copying = Copying {
        reporter,
        ledger,
        target,
        places,
        existing: HashMap::new(),
        recorded: HashMap::new(),
        known: HashMap::new(),
        attendees,
        planned: Vec::new(),
        waiting: Vec::new(),
        bytes: 0,
    };
    let mut records = Vec::new();
    for held in &held {
        let of_collection = copying.ledger.items(held.collection.href.canonical())?;
        for record in of_collection.iter().filter(|record| record.state != ItemState::Intended) {
            copying.recorded.insert(record.target.clone(), (kind_of(record.kind), record.uid.clone()));
        }
        records.push(of_collection);
    }
    copying.known.clone_from(&copying.recorded);
    let mut seen = Vec::new();
    for (held, records) in held.iter().zip(records) {
        let first = !seen.contains(&(held.collection.kind, held.collection.events));
        seen.push((held.collection.kind, held.collection.events));
        copying.collection(&mut source, held, records, first)?;
    }
    tripwire::look_at_end(context, id)
}

impl Copying<'_, '_> {
    fn collection(
        &mut self,
        source: &mut Origin,
        held: &Held,
        records: Vec<ItemRecord>,
        first: bool,
    ) -> Result<(), Failure> {
        if !held.whole {
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
            let known = by_place.get(listed.href.canonical()).map_or(&[][..], Vec::as_slice);
            if !known.is_empty() && known.iter().all(|record| self.is_done(record, listed)) {
                for record in known {
                    let outcome = ItemOutcome::AlreadyThere;
                    self.reporter.settle((&record.place, &record.uid), kind_of(record.kind), outcome, None);
                }
            } else {
                open.push(listed.clone());
            }
        }
        if open.is_empty() {
            return Ok(());
        }
        let own =
            own_name(&self.reporter.account.target().key(), held.collection.href.canonical(), "", ItemKind::Event);
        let own = own.trim_end_matches(".ics").to_owned();
        let route = self.places.route(&mut self.target, &held.collection, first, &own)?;
        if route.category.is_some() {
            let problem = self.reporter.of_collection(ProblemKind::CollectionMerged, Side::Target, &held.collection);
            self.reporter.problem(problem);
        }
        let mut failure = None;
        let mut each = |listed: &Listed, fetched: Result<Fetched, Unusable>| {
            if self.reporter.context.control.holding() {
                self.reporter.context.control.wait_while_paused();
            }
            let known = by_place.get(listed.href.canonical()).map_or(&[][..], Vec::as_slice);
            let outcome = if self.reporter.context.control.stopping() {
                Err(Failure::Off)
            } else {
                self.text(&held.collection, listed, fetched, &route, known)
            };
            failure = outcome.err();
            failure.is_none()
        };
        source.fetch(&held.collection, &open, &mut each)?;
        match failure {
            Some(failure) => Err(failure),
            None => self.flush(),
        }
    }

    /// Whether an item needs no look at all: it was checked, is unchanged on the source, and is on the target or was deleted there.
    fn is_done(&self, record: &ItemRecord, listed: &Listed) -> bool {
        let kind = if record.kind == 2 { CollectionKind::AddressBook } else { CollectionKind::Calendar };
        let there = self.existing.get(&kind).is_some_and(|existing| existing.has(&Href::of_path(&record.target)));
        let unchanged = !listed.etag.is_empty() && listed.etag == record.version;
        record.state == ItemState::Checked && unchanged && (there || !self.reporter.context.options.repair)
    }

    fn look_at_target(&mut self, kind: CollectionKind) -> Result<(), Failure> {
        if self.existing.contains_key(&kind) {
            return Ok(());
        }
        let existing = Existing::look(&mut self.target, kind, &self.places.collections, &self.known)?;
        if let Some(collection) = &existing.not_whole {
            // Without a whole list nobody knows what is there; storing could double.
            let problem = self.reporter.of_collection(ProblemKind::CollectionNotWhole, Side::Target, collection);
            self.reporter.problem(problem);
            return Err(Failure::Dav(Side::Target, DavError::NotDav("it does not list all that it has".to_owned())));
        }
        self.existing.insert(kind, existing);
        Ok(())
    }

    /// One text of the source, which may hold several items.
    fn text(
        &mut self,
        collection: &Collection,
        listed: &Listed,
        fetched: Result<Fetched, Unusable>,
        route: &Route,
        known: &[ItemRecord],
    ) -> Result<(), Failure> {
        let place = listed.href.canonical();
        let guess = match collection.kind {
            CollectionKind::AddressBook => ItemKind::Contact,
            CollectionKind::Calendar if collection.events => ItemKind::Event,
            CollectionKind::Calendar => ItemKind::Task,
        };
        let fetched = match fetched {
            Ok(fetched) => fetched,
            Err(unusable) => {
                self.name_unusable((listed, ""), guess, collection, unusable);
                return Ok(());
            }
        };
        let conversion = Conversion {
            attendees: self.attendees,
            kerio: self.reporter.context.profile.limits_pictures,
            category: route.category.as_deref(),
        };
        for (number, item) in outgoing::read(collection.kind, &fetched.text, place, conversion).into_iter().enumerate()
        {
            match item {
                Ok(item) => {
                    let version = if fetched.etag.is_empty() { &listed.etag } else { &fetched.etag };
                    self.item(collection, (place, version), item, route, known)?;
                }
                Err(unusable) => {
                    let number = format!("unusable {number}");
                    self.name_unusable((listed, &number), guess, collection, unusable);
                }
            }
        }
        Ok(())
    }

    fn name_unusable(
        &mut self,
        (listed, number): (&Listed, &str),
        guess: ItemKind,
        collection: &Collection,
        unusable: Unusable,
    ) {
        let Unusable { name, why, left_out } = unusable;
        let kind = if left_out { ProblemKind::ItemLeftOut } else { ProblemKind::ItemNotCopied };
        let outcome = if left_out { ItemOutcome::LeftOut } else { ItemOutcome::Failed };
        let name = if name.is_empty() { listed.href.name() } else { name };
        let problem = self.reporter.about(kind, guess, &name, collection).on(Side::Source).saying(why);
        self.reporter.settle((listed.href.canonical(), number), guess, outcome, Some(problem));
    }

    fn item(
        &mut self,
        collection: &Collection,
        (place, version): (&str, &str),
        item: Outgoing,
        route: &Route,
        known: &[ItemRecord],
    ) -> Result<(), Failure> {
        if self.reporter.is_settled(place, &item.uid) {
            return Ok(());
        }
        for remark in &item.remarks {
            let problem = self.reporter.about(ProblemKind::ItemAdapted, item.kind, &item.name, collection);
            self.reporter.problem(problem.saying(remark));
        }
        let Some(goal) = route.place(item.kind).and_then(|index| self.places.collections.get(index)).cloned() else {
            let problem = self.reporter.about(ProblemKind::ItemNotCopied, item.kind, &item.name, collection);
            let problem = problem.on(Side::Target).saying("the target has no place for it and makes none");
            self.reporter.settle((place, &item.uid), item.kind, ItemOutcome::Failed, Some(problem));
            return Ok(());
        };
        let account = self.reporter.account.target().key();
        let name = own_name(&account, collection.href.canonical(), &item.uid, item.kind);
        let own = goal.href.child(&name);
        let earlier = known.iter().find(|record| record.uid == item.uid);
        let record = |target: &Href, state| ItemRecord {
            kind: number_of(item.kind),
            collection: collection.href.canonical().to_owned(),
            place: place.to_owned(),
            version: version.to_owned(),
            uid: item.uid.clone(),
            state,
            target: target.canonical().to_owned(),
        };
        let existing = self.existing.entry(collection.kind).or_default();
        let there = existing.of_uid(item.kind, &item.uid).cloned().or_else(|| existing.has(&own).then(|| own.clone()));
        if let Some(href) = there {
            let record = record(&href, ItemState::Stored);
            return self.wait(Waiting { item, record, href, ours: earlier.is_some(), is_new: false });
        }
        if earlier.is_some_and(|record| record.state != ItemState::Intended) && !self.reporter.context.options.repair {
            // It was on the target and is not any more: somebody deleted it there, which is theirs to decide.
            self.reporter.settle((place, &item.uid), item.kind, ItemOutcome::AlreadyThere, None);
            return Ok(());
        }
        let planned =
            Planned { record: record(&own, ItemState::Intended), item, goal, name, own, is_known: earlier.is_some() };
        if planned.item.participants.is_empty() { self.plan(planned) } else { self.store_watched(planned) }
    }

    /// Stores an event with participants where it is the tripwire's turn: alone, so that nothing else goes out before it is looked for.
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

    fn plan(&mut self, planned: Planned) -> Result<(), Failure> {
        let kind =
            if planned.item.kind == ItemKind::Contact { CollectionKind::AddressBook } else { CollectionKind::Calendar };
        // An item that the source has twice is the same one.
        self.existing.entry(kind).or_default().add(planned.item.kind, &planned.item.uid, &planned.own);
        self.bytes += planned.item.size();
        self.planned.push(planned);
        self.flush_if_full()
    }

    fn wait(&mut self, waiting: Waiting) -> Result<(), Failure> {
        self.bytes += waiting.item.size();
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
