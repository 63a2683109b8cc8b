//! The comparison of one account as a task: turn by turn, on any worker.

use super::elsewhere::Sought;
use super::{PAUSES, Verification};
use crate::domain::{Account, AccountId};
use crate::migrate::context::RunContext;
use crate::migrate::context::reporter::Reporter;
use crate::migrate::context::retry::{Attempts, Ended, Task, Turn};
use crate::migrate::folder::describe::Names;
use crate::migrate::groupware;
use crate::migrate::plan::duplicates::Elsewhere;
use crate::migrate::verdict::{Evidence, Verdict};
use std::collections::BTreeSet;

/// The comparison of one account, over all its turns.
pub struct VerifyTask<'a> {
    attempts: Attempts,
    verification: Verification<'a>,
}

impl<'a> VerifyTask<'a> {
    /// A comparison that has not begun yet.
    pub fn new(context: &'a RunContext, id: AccountId, account: &'a Account) -> Self {
        let verification = Verification {
            context,
            reporter: Reporter::new(context, id),
            account,
            evidence: Vec::new(),
            elsewhere: Elsewhere::default(),
            items: None,
            names: Names::default(),
            plan: None,
            current: None,
            sought: Sought::default(),
            losses: 0,
            given_up: BTreeSet::new(),
            refusals: Vec::new(),
            gave: BTreeSet::new(),
        };
        Self { attempts: Attempts::new(&PAUSES), verification }
    }
}

impl Task<Verdict> for VerifyTask<'_> {
    fn go_on(&mut self) -> Turn<Verdict> {
        let Self { attempts, verification } = self;
        let (context, id, account) = (verification.context, verification.reporter.account, verification.account);
        attempts.go_on(context, id, account, verification).map(|ended| verification.end(ended))
    }

    fn leave(&mut self) -> Verdict {
        self.verification.end(Ended::Stopped)
    }
}

impl Verification<'_> {
    /// Compares calendars and contacts, and returns how the account ended.
    fn end(&mut self, ended: Ended<()>) -> Verdict {
        if ended == Ended::Done(()) {
            self.compare_items();
        }
        // If the work was not finished, the other folders were not searched.
        self.report_sought();
        let folders = self.plan.as_ref().map_or(0, |plan| plan.ways.len());
        self.evidence.resize(folders, None);
        let left_out = self.plan.as_ref().map_or(&[][..], |plan| &plan.left_out);
        let items = self.items.as_ref().and_then(|items| items.evidence);
        let evidence = Evidence { folders: &self.evidence, items, left_out, has_failed: self.reporter.incomplete };
        Verdict::of(ended, &evidence, false)
    }

    /// Compares calendars and contacts, once.
    pub(super) fn compare_items(&mut self) {
        if self.items.is_none() {
            let end = groupware::compare(self.context, self.reporter.account, self.account);
            self.reporter.incomplete |= end.is_incomplete;
            self.items = Some(end);
        }
    }
}
