//! The comparison of one account as a task: turn by turn, on whichever worker.

use super::elsewhere::Sought;
use super::{PAUSES, Verification};
use crate::domain::{Account, AccountId};
use crate::migrate::context::RunContext;
use crate::migrate::context::reporter::Reporter;
use crate::migrate::context::retry::{Attempts, Task, Turn};
use crate::migrate::folder::describe::Names;
use crate::migrate::plan::duplicates::Elsewhere;
use crate::migrate::verdict::Verdict;
use std::collections::BTreeSet;

/// The comparison of one account, over all its turns.
pub struct VerifyTask<'a> {
    attempts: Attempts,
    verification: Verification<'a>,
}

impl<'a> VerifyTask<'a> {
    /// Of an account that was not begun yet.
    pub fn new(context: &'a RunContext, id: AccountId, account: &'a Account) -> Self {
        let verification = Verification {
            context,
            reporter: Reporter::new(context, id),
            account,
            evidence: Vec::new(),
            elsewhere: Elsewhere::default(),
            names: Names::default(),
            plan: None,
            current: None,
            sought: Sought::default(),
            losses: 0,
            given_up: BTreeSet::new(),
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
}
