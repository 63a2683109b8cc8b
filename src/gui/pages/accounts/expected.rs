//! What is expected to go wrong for the chosen accounts, counted by cause before the start: too few seats, mailboxes larger than their
//! quota, and what failed in an earlier run.
//!
//! - Accounts that a check found impossible have their own strip. Its other findings replace those of earlier runs, because they are newer.
//! - Only a check knows who is new in Kerio Connect. Without one, the seats are compared with all chosen accounts that no run has begun.

use super::super::super::widgets::sign::Mark;
use super::super::super::widgets::strip;
use super::AccountsPage;
use crate::domain::{Problem, ProblemKind};
use crate::progress::AccountStage;
use crate::report::words;
use egui::Ui;
use std::collections::BTreeMap;

impl AccountsPage {
    /// Says before the start what is expected to go wrong.
    pub(super) fn show_expected(&mut self, ui: &mut Ui) {
        if let Some(seats) = self.few_seats() {
            let advice = "Check accounts finds out how many of them are new in Kerio Connect and need a seat.";
            strip::strip(ui, Mark::Note, &seats, advice, |_| ());
        }
        if self.checking() {
            return;
        }
        let mut derived = std::mem::take(&mut self.derived);
        let causes = derived.expected.of(self.revision, || self.expected()).clone();
        self.derived = derived;
        let accounts: u64 = causes.values().sum();
        let head = match accounts {
            0 => return,
            1 => "1 chosen account will probably not be complete".to_owned(),
            many => format!("{} chosen accounts will probably not be complete", words::count(many)),
        };
        if let (1, Some((cause, _))) = (causes.len(), causes.first_key_value()) {
            let head = format!("{head}: {cause}.");
            strip::line(ui, Mark::Warning, &head, &[], |_| ());
            return;
        }
        let mut causes: Vec<(String, u64)> = causes.into_iter().collect();
        causes.sort_by_key(|(_, accounts)| std::cmp::Reverse(*accounts));
        let lines =
            causes.into_iter().map(|(cause, accounts)| format!("{}: {cause}.", words::counted(accounts, "account")));
        let lines: Vec<String> = lines.collect();
        let name = (Mark::Warning, "expected");
        self.expected_folded.show(ui, name, &format!("{head}."), lines.into_iter(), false, None);
    }

    /// How many chosen accounts are not expected to become complete, by cause in a few words.
    fn expected(&self) -> BTreeMap<String, u64> {
        let mut causes = BTreeMap::new();
        for position in self.positions() {
            let cause = match &self.check {
                Some(check) if check.found(position).is_some_and(|found| found.end.is_some()) => {
                    let problems = check.found(position).into_iter().flat_map(|found| &found.problems);
                    let keeps =
                        |problem: &&Problem| problem.kind == ProblemKind::QuotaTooSmall && !check.has_failed(position);
                    problems.map(|(_, problem)| problem).find(keeps).map(Problem::brief)
                }
                _ if self.over_runs.stage(position) == AccountStage::NeedsAttention => self
                    .over_runs
                    .problem(position)
                    .map(|problem| format!("{} (seen in an earlier run)", problem.brief())),
                _ => None,
            };
            if let Some(cause) = cause {
                *causes.entry(cause).or_default() += 1;
            }
        }
        causes
    }

    /// `50 free licence seats, but 60 chosen accounts have not started yet.` None once a check knows who is new, or while there are enough.
    fn few_seats(&self) -> Option<String> {
        let free = self.free_seats.filter(|_| self.check.is_none())?;
        let is_new = |position: &usize| self.over_runs.stage(*position) == AccountStage::NotStarted;
        let new = self.positions().filter(is_new).count() as u64;
        let seats =
            if free == 0 { "No free licence seat".to_owned() } else { words::counted(free, "free licence seat") };
        let have = if new == 1 { "has" } else { "have" };
        (new > free).then(|| format!("{seats}, but {} {have} not started yet.", words::counted(new, "chosen account")))
    }
}
