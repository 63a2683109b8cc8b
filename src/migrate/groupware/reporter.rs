//! What is reported of items: each once, however often the work on an account begins anew.

use crate::dav::Collection;
use crate::domain::{Account, AccountId, ItemKind, ItemOutcome, Problem, ProblemKind, Severity, Side};
use crate::migrate::context::RunContext;
use crate::progress::Event;
use std::collections::{BTreeMap, BTreeSet};

/// Reports what becomes of the items of one account.
pub(super) struct ItemReporter<'a> {
    pub(super) context: &'a RunContext,
    pub(super) id: AccountId,
    pub(super) account: &'a Account,
    /// The place and UID of each item that was reported.
    settled: BTreeSet<(String, String)>,
    /// Sentences that were said already.
    said: BTreeSet<String>,
    /// What the collections of the source are called, by their hrefs.
    pub(super) names: BTreeMap<String, String>,
    /// Whether something is missing and named.
    pub(super) incomplete: bool,
}

impl<'a> ItemReporter<'a> {
    pub(super) fn new(context: &'a RunContext, id: AccountId, account: &'a Account) -> Self {
        Self {
            context,
            id,
            account,
            settled: BTreeSet::new(),
            said: BTreeSet::new(),
            names: BTreeMap::new(),
            incomplete: false,
        }
    }

    /// What a collection of the source is called.
    pub(super) fn name_of(&self, href: &str) -> String {
        self.names.get(href).cloned().unwrap_or_else(|| href.to_owned())
    }

    /// How many items are settled: work between two losses that adds to them was worth its while.
    pub(super) fn progress(&self) -> usize {
        self.settled.len()
    }

    pub(super) fn is_settled(&self, place: &str, uid: &str) -> bool {
        self.settled.contains(&(place.to_owned(), uid.to_owned()))
    }

    /// Reports how many items the source has.
    pub(super) fn counted(&self, events: u64, tasks: u64, contacts: u64) {
        self.context.report(Event::ItemsCounted { account: self.id, events, tasks, contacts });
    }

    /// Reports what became of an item, once, with a problem where there is one.
    pub(super) fn settle(
        &mut self,
        (place, uid): (&str, &str),
        kind: ItemKind,
        outcome: ItemOutcome,
        problem: Option<Problem>,
    ) {
        if !self.settled.insert((place.to_owned(), uid.to_owned())) {
            return;
        }
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
    pub(super) fn about(&self, kind: ProblemKind, item: ItemKind, name: &str, collection: &Collection) -> Problem {
        let named = if name.is_empty() { format!("the {item} without a name") } else { format!("the {item} {name}") };
        Problem::new(kind).for_account(&self.account.address).in_folder(&collection.name).about_item(named)
    }

    /// A problem with a whole collection.
    pub(super) fn of_collection(&self, kind: ProblemKind, side: Side, collection: &Collection) -> Problem {
        Problem::new(kind).on(side).for_account(&self.account.address).in_folder(&collection.name)
    }
}
