//! Reports each item's outcome and each problem once, however often the work on an account begins again; and keeps the evidence for the
//! verdict and for the mail.

use crate::dav::Collection;
use crate::domain::{Account, AccountId, ItemKind, ItemName, ItemOutcome, Problem, ProblemKind, Severity, Side};
use crate::migrate::context::RunContext;
use crate::migrate::context::control::AccountControl;
use crate::migrate::verdict::ItemEvidence;
use crate::progress::Event;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Reports the outcomes of one account's items.
pub(super) struct ItemReporter<'a> {
    pub(super) context: &'a RunContext,
    pub(super) id: AccountId,
    pub(super) account: &'a Account,
    /// The state of each text of the source, by its place.
    texts: HashMap<String, TextState>,
    /// How many items are settled.
    settled: usize,
    /// Sentences of problems already reported.
    said: BTreeSet<String>,
    /// The names of the source's collections, by href.
    pub(super) names: BTreeMap<String, String>,
    /// Whether a problem says that something is missing.
    pub(super) incomplete: bool,
}

/// The state of a text of the source, which holds one item or several.
#[derive(Debug, Default)]
struct TextState {
    /// How many items it holds, including unreadable ones.
    items: u32,
    /// The outcome of each, by its number in the text.
    outcomes: BTreeMap<u32, ItemOutcome>,
    /// Whether it holds more than its items express.
    has_more: bool,
    /// Whether it was deleted on the source since it was listed.
    vanished: bool,
}

impl TextState {
    fn all(&self, is_fine: impl Fn(ItemOutcome) -> bool) -> bool {
        self.items > 0
            && self.outcomes.len() as u32 >= self.items
            && self.outcomes.values().all(|outcome| is_fine(*outcome))
    }

    fn is_on_target(&self) -> bool {
        self.all(|outcome| matches!(outcome, ItemOutcome::Copied | ItemOutcome::AlreadyThere))
    }

    fn is_accounted(&self) -> bool {
        let is_fine = |it| matches!(it, ItemOutcome::Copied | ItemOutcome::AlreadyThere | ItemOutcome::LeftOut);
        self.all(is_fine)
    }
}

impl<'a> ItemReporter<'a> {
    pub(super) fn new(context: &'a RunContext, id: AccountId, account: &'a Account) -> Self {
        Self {
            context,
            id,
            account,
            texts: HashMap::new(),
            settled: 0,
            said: BTreeSet::new(),
            names: BTreeMap::new(),
            incomplete: false,
        }
    }

    /// The user's control over this account.
    pub(super) fn control(&self) -> AccountControl {
        self.context.control.of(self.id)
    }

    /// The name of a collection of the source; its href if unknown.
    pub(super) fn name_of(&self, href: &str) -> String {
        self.names.get(href).cloned().unwrap_or_else(|| href.to_owned())
    }

    /// The number of settled items, which shows whether an attempt made progress.
    pub(super) fn progress(&self) -> usize {
        self.settled
    }

    /// Notes how many items a text holds.
    pub(super) fn begin_text(&mut self, place: &str, items: usize) {
        self.texts.entry(place.to_owned()).or_default().items = items as u32;
    }

    /// Notes that a text holds more than its items.
    pub(super) fn note_more(&mut self, place: &str) {
        self.texts.entry(place.to_owned()).or_default().has_more = true;
    }

    /// Notes that all requested texts that the source did not deliver were deleted there.
    pub(super) fn note_vanished<'p>(&mut self, places: impl Iterator<Item = &'p str>) {
        for place in places.filter(|place| !self.texts.contains_key(*place)).collect::<Vec<_>>() {
            self.texts.insert(place.to_owned(), TextState { vanished: true, ..TextState::default() });
        }
    }

    /// Whether the outcome of the item with this number in the text has been reported.
    pub(super) fn is_settled(&self, place: &str, number: u32) -> bool {
        self.texts.get(place).is_some_and(|text| text.outcomes.contains_key(&number))
    }

    /// Whether everything at a place is on the target as items, so that its message need not stay mail.
    pub(super) fn is_on_target(&self, place: &str) -> bool {
        self.texts.get(place).is_some_and(|text| text.is_on_target() && !text.has_more)
    }

    /// Whether everything at a place is on the target as items, some of it since this run.
    pub(super) fn became_item(&self, place: &str) -> bool {
        let is_new = |text: &TextState| text.outcomes.values().any(|outcome| *outcome == ItemOutcome::Copied);
        self.is_on_target(place) && self.texts.get(place).is_some_and(is_new)
    }

    /// The evidence of the texts at these places, which are all that the source lists.
    pub(super) fn evidence<'p>(&self, places: impl Iterator<Item = &'p str>) -> ItemEvidence {
        let mut evidence = ItemEvidence::default();
        for place in places {
            evidence.on_source += 1;
            if let Some(text) = self.texts.get(place) {
                evidence.accounted += u64::from(text.is_accounted());
                evidence.vanished += u64::from(text.vanished);
            }
        }
        evidence
    }

    /// Reports how many items the source has.
    pub(super) fn counted(&self, events: u64, tasks: u64, contacts: u64) {
        self.context.report(Event::ItemsCounted { account: self.id, events, tasks, contacts });
    }

    /// Reports the outcome of the item with this number in a text, once, with a problem if there is one.
    pub(super) fn settle(
        &mut self,
        (place, number): (&str, u32),
        kind: ItemKind,
        outcome: ItemOutcome,
        problem: Option<Problem>,
    ) {
        if self.is_settled(place, number) {
            return;
        }
        self.texts.entry(place.to_owned()).or_default().outcomes.insert(number, outcome);
        self.settled += 1;
        if let Some(problem) = problem {
            self.problem(problem);
        }
        self.context.report(Event::ItemsSettled { account: self.id, kind, outcome, items: 1 });
    }

    /// Reports a problem, once.
    pub(super) fn problem(&mut self, problem: Problem) {
        if !self.said.insert(problem.sentence()) {
            return;
        }
        self.incomplete |= problem.severity() == Severity::Error;
        self.context.report_problem(self.id, None, problem);
    }

    /// A problem with an item of a collection.
    pub(super) fn about(&self, kind: ProblemKind, item: ItemKind, name: &ItemName, collection: &Collection) -> Problem {
        Problem::new(kind).for_account(&self.account.address).in_folder(&collection.name).about_item(item, name.clone())
    }

    /// A problem with a whole collection.
    pub(super) fn of_collection(&self, kind: ProblemKind, side: Side, collection: &Collection) -> Problem {
        Problem::new(kind).on(side).for_account(&self.account.address).in_folder(&collection.name)
    }
}
