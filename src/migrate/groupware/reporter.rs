//! What is reported of items, each once, however often the work on an account begins anew; and what follows from it for the verdict and
//! for the mail beside them.

use crate::dav::Collection;
use crate::domain::{Account, AccountId, ItemKind, ItemName, ItemOutcome, Problem, ProblemKind, Severity, Side};
use crate::migrate::context::RunContext;
use crate::migrate::context::control::AccountControl;
use crate::migrate::verdict::ItemEvidence;
use crate::progress::Event;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Reports what becomes of the items of one account.
pub(super) struct ItemReporter<'a> {
    pub(super) context: &'a RunContext,
    pub(super) id: AccountId,
    pub(super) account: &'a Account,
    /// What is known of the texts of the source, by their places.
    texts: HashMap<String, TextState>,
    /// How many items are settled.
    settled: usize,
    /// Sentences that were said already.
    said: BTreeSet<String>,
    /// What the collections of the source are called, by their hrefs.
    pub(super) names: BTreeMap<String, String>,
    /// Whether something is missing and named.
    pub(super) incomplete: bool,
}

/// What is known of a text of the source, which holds one item or several.
#[derive(Debug, Default)]
struct TextState {
    /// How many items it holds, those that cannot be read among them.
    items: u32,
    /// What became of each, by its number in the text.
    outcomes: BTreeMap<u32, ItemOutcome>,
    /// Whether it holds more than what the items on the target say.
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

    /// What the user wishes, as far as it reaches this account.
    pub(super) fn control(&self) -> AccountControl {
        self.context.control.of(self.id)
    }

    /// What a collection of the source is called.
    pub(super) fn name_of(&self, href: &str) -> String {
        self.names.get(href).cloned().unwrap_or_else(|| href.to_owned())
    }

    /// How many items are settled: work between two losses that adds to them was worth its while.
    pub(super) fn progress(&self) -> usize {
        self.settled
    }

    /// Takes note of how many items a text holds.
    pub(super) fn begin_text(&mut self, place: &str, items: usize) {
        self.texts.entry(place.to_owned()).or_default().items = items as u32;
    }

    /// Takes note that a text holds more than the items that are made of it.
    pub(super) fn note_more(&mut self, place: &str) {
        self.texts.entry(place.to_owned()).or_default().has_more = true;
    }

    /// Takes note that all texts which were asked for and not given are deleted on the source.
    pub(super) fn note_vanished<'p>(&mut self, places: impl Iterator<Item = &'p str>) {
        for place in places.filter(|place| !self.texts.contains_key(*place)).collect::<Vec<_>>() {
            self.texts.insert(place.to_owned(), TextState { vanished: true, ..TextState::default() });
        }
    }

    /// Whether it was reported what became of the item with that number in the text.
    pub(super) fn is_settled(&self, place: &str, number: u32) -> bool {
        self.texts.get(place).is_some_and(|text| text.outcomes.contains_key(&number))
    }

    /// Whether everything at a place is on the target as items, so that the message there need not stay mail.
    pub(super) fn is_on_target(&self, place: &str) -> bool {
        self.texts.get(place).is_some_and(|text| text.is_on_target() && !text.has_more)
    }

    /// Whether everything at a place is on the target as items, and that since this run.
    pub(super) fn became_item(&self, place: &str) -> bool {
        let is_new = |text: &TextState| text.outcomes.values().any(|outcome| *outcome == ItemOutcome::Copied);
        self.is_on_target(place) && self.texts.get(place).is_some_and(is_new)
    }

    /// What is known of the texts at these places, which are those that the source lists.
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

    /// Reports what became of the item with that number in a text, once, with a problem where there is one.
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
