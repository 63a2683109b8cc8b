//! What is told of an account, in the form in which it is sealed into the database.

use super::setup;
use crate::fleet::{Fleet, Job, JobSums};
use crate::ledger::{LedgerError, LedgerErrorKind};
use crate::progress::AccountState;
use serde::{Deserialize, Serialize};

/// What is told of an account.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Told {
    /// When the run began whose clock the state has, in milliseconds since 1970.
    pub(super) began: i64,
    /// The account.
    pub(super) state: AccountState,
}

impl Told {
    /// A state whose clock begins now.
    pub(super) fn now(state: AccountState) -> Self {
        Self { began: chrono::Utc::now().timestamp_millis(), state }
    }
}

/// Writes what is told of a job.
pub(super) fn tell(fleet: &Fleet, job: &Job, told: &Told) -> Result<bool, LedgerError> {
    let text = setup::write(told)
        .map_err(|error| LedgerError::new(LedgerErrorKind::Refused, "a state cannot be written").because(error))?;
    let tally = &told.state.tally;
    let sums = JobSums {
        expected_messages: tally.expected.messages,
        expected_bytes: tally.expected.bytes,
        settled_messages: tally.settled(),
        settled_bytes: tally.settled_bytes(),
    };
    fleet.tell(job, sums, &text)
}
