//! Problems grouped, so that a person reads a thousand alike once: by kind for one account, by cause over all accounts.

use crate::domain::{Problem, ProblemKind, Reach, Severity, Side, capitalised, printable};
use crate::progress::{AccountEnd, AccountState, RunState};
use std::collections::BTreeMap;

/// Problems of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProblemGroup {
    /// The kind.
    pub kind: ProblemKind,
    /// Whether something is missing because of them.
    pub severity: Severity,
    /// What happened: printable sentences, none twice, at most [`ProblemGroup::SENTENCES`].
    pub sentences: Vec<String>,
    /// How many further problems there are.
    pub more: u64,
    /// What to do about all of them; may be empty.
    pub advice: &'static str,
}

impl ProblemGroup {
    /// At most this many sentences of one kind; report.json has them all.
    pub const SENTENCES: usize = 20;
}

/// Groups problems by kind: errors first, then in the order in which each kind was first met.
pub fn group_problems<'a>(problems: impl IntoIterator<Item = &'a Problem>) -> Vec<ProblemGroup> {
    let mut groups: Vec<ProblemGroup> = Vec::new();
    for problem in problems {
        let place = groups.iter().position(|group| group.kind == problem.kind).unwrap_or_else(|| {
            groups.push(ProblemGroup {
                kind: problem.kind,
                severity: problem.severity(),
                sentences: Vec::new(),
                more: 0,
                advice: problem.advice(),
            });
            groups.len() - 1
        });
        let group = &mut groups[place];
        if group.sentences.len() == ProblemGroup::SENTENCES {
            group.more += 1;
            continue;
        }
        let sentence = printable(&problem.sentence());
        if !group.sentences.contains(&sentence) {
            group.sentences.push(sentence);
        }
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.severity));
    groups
}

/// Whether an account ended without being complete, or has met an error on its way there.
pub(super) fn needs_a_person(account: &AccountState) -> bool {
    match account.end {
        Some(AccountEnd::Complete) => false,
        Some(_) => true,
        None => errors_of(account).next().is_some(),
    }
}

/// The problems of an account, in the order met.
pub(super) fn problems_of(account: &AccountState) -> impl Iterator<Item = &Problem> {
    account.problems.iter().map(|(_, problem)| problem)
}

fn errors_of(account: &AccountState) -> impl Iterator<Item = &Problem> {
    problems_of(account).filter(|problem| problem.severity() == Severity::Error)
}

/// What keeps accounts from being complete, over all of them: one cause, one advice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// What happened, in a few words, with a capital letter.
    pub what: String,
    /// What to do; may be empty.
    pub advice: &'static str,
    /// The accounts that have it, by index, in the order of the list.
    pub accounts: Vec<usize>,
    /// How many problems there are.
    pub problems: u64,
}

/// The causes, those of most accounts first. A complete account has none; an account may have several.
pub fn causes(state: &RunState) -> Vec<Cause> {
    let mut causes: Vec<Cause> = Vec::new();
    let mut places: BTreeMap<(ProblemKind, Option<Side>), usize> = BTreeMap::new();
    let needing = state.accounts.iter().enumerate().filter(|(_, account)| needs_a_person(account));
    for (index, problem) in needing.flat_map(|(index, account)| errors_of(account).map(move |it| (index, it))) {
        let place = *places.entry((problem.kind, problem.subject.side)).or_insert_with(|| {
            let brief = problem.brief();
            let of_messages = problem.reach() == Reach::Message && !problem.kind.is_about_items();
            let what = if of_messages { format!("Messages: {brief}") } else { capitalised(&brief) };
            causes.push(Cause { what, advice: problem.advice(), accounts: Vec::new(), problems: 0 });
            causes.len() - 1
        });
        let cause = &mut causes[place];
        cause.problems += problem.count;
        if cause.accounts.last() != Some(&index) {
            cause.accounts.push(index);
        }
    }
    causes.sort_by_key(|cause| std::cmp::Reverse(cause.accounts.len()));
    causes
}
