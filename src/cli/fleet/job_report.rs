//! What a run reports of an account, in the form that is sealed into the database.

use super::setup;
use crate::fleet::{Fleet, Job, JobSums};
use crate::ledger::LedgerError;
use crate::progress::AccountState;
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct JobReport {
    /// When the run began, in milliseconds since 1970; the times in the state count from then.
    pub(super) began: i64,
    /// The account.
    pub(super) state: AccountState,
}

impl JobReport {
    /// A state whose clock begins now.
    pub(super) fn now(state: AccountState) -> Self {
        Self { began: chrono::Utc::now().timestamp_millis(), state }
    }
}

/// Sends the report of a job; false if the job belongs to another process by now.
pub(super) fn send(fleet: &Fleet, job: &Job, report: &JobReport) -> Result<bool, LedgerError> {
    let text = setup::write(report)?;
    let tally = &report.state.tally;
    let sums = JobSums {
        expected_messages: tally.expected.messages,
        expected_bytes: tally.expected.bytes,
        settled_messages: tally.settled(),
        settled_bytes: tally.settled_bytes(),
    };
    fleet.report(job, sums, &text)
}
