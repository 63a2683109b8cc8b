//! What a run reports to its fleet: how far each of its accounts is, every few seconds, and how it ended.
//!
//! - An observer passes on the state of an account that ended; a thread of its own writes it, so that the run never waits for the database.
//! - A report is the account's state as progress folds it, sealed. Any machine puts the fleet's report together from these.
//! - The end of an account is reported before its job is given back, under the same token, so that it never overwrites what another process
//!   has begun meanwhile.

use super::facts::Fact;
use super::job_report::{self, JobReport};
use super::jobs::Jobs;
use crate::domain::{AccountId, ProblemKind, Retry};
use crate::fleet::JobEnd;
use crate::ledger::LedgerErrorKind;
use crate::migrate::Observer;
use crate::progress::{AccountEnd, AccountState, Event, RunState, Stamped};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often running accounts are reported.
const EVERY: Duration = Duration::from_secs(5);
/// At most this many tries of a job that fails for a reason that may pass.
const MOST_TRIES: u32 = 4;
/// At most this many waits of a job for somebody else who works on the mailbox, or for a record that cannot be written.
const MOST_WAITS: u32 = 60;
/// The length of each of these waits, in seconds.
const WAIT: u32 = 30;

enum Noted {
    Ended(AccountId, Box<AccountState>),
    Fact(Fact),
}

/// Passes on facts and accounts that ended; one of the run's observers.
pub(super) struct EndObserver {
    noted: Sender<Noted>,
    pass: i32,
}

/// Writes what an [`EndObserver`] passes on.
pub(super) struct Reporter {
    noted: Receiver<Noted>,
    jobs: Arc<Jobs>,
    began: i64,
}

/// The two ends of one run's reports, on the task with this number.
pub(super) fn prepare(jobs: Arc<Jobs>, pass: i32) -> (EndObserver, Reporter) {
    let (sender, noted) = channel();
    (EndObserver { noted: sender, pass }, Reporter { noted, jobs, began: chrono::Utc::now().timestamp_millis() })
}

impl Observer for EndObserver {
    fn noted(&mut self, event: &Stamped, state: &RunState) {
        let noted = match &event.event {
            Event::AccountFinished { account, .. } => {
                state.account(*account).map(|ended| Noted::Ended(*account, Box::new(ended.clone())))
            }
            event => Fact::of(event, self.pass).map(Noted::Fact),
        };
        if let Some(noted) = noted {
            let _ = self.noted.send(noted);
        }
    }
}

impl Reporter {
    /// Reports until the run's observer is gone.
    pub(super) fn run(self, state: &Mutex<RunState>) {
        let mut next = Instant::now() + EVERY;
        loop {
            match self.noted.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Ok(Noted::Ended(id, account)) => self.report_end(id, *account),
                Ok(Noted::Fact(fact)) => {
                    if let Err(error) = fact.note(self.jobs.fleet()) {
                        log::warn!("facts for the report were not recorded: {error}");
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.report_running(state);
                    next = Instant::now() + EVERY;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn report_end(&self, id: AccountId, account: AccountState) {
        let Some(job) = self.jobs.held(id) else { return };
        let end = end_of(&account, job.tries);
        let report = JobReport { began: self.began, state: account };
        let mut kept = job_report::send(self.jobs.fleet(), &job, &report);
        // The database may be away for a while; as long as the lease holds, nobody else has the job.
        while kept.as_ref().is_err_and(|error| error.kind() == LedgerErrorKind::Unreachable)
            && self.jobs.fleet().database().holds()
        {
            std::thread::sleep(Duration::from_secs(1));
            kept = job_report::send(self.jobs.fleet(), &job, &report);
        }
        if let Err(error) = kept {
            log::warn!("the outcome of job {} was not recorded: {error}", job.ordinal);
        }
        self.jobs.end(id, end);
    }

    fn report_running(&self, state: &Mutex<RunState>) {
        let running: Vec<(AccountId, AccountState)> = {
            let state = state.lock().unwrap_or_else(PoisonError::into_inner);
            let accounts = state.accounts.iter().enumerate().filter(|(_, account)| account.is_running());
            accounts.map(|(index, account)| (AccountId(index as u32), account.clone())).collect()
        };
        for (id, state) in running {
            let Some(job) = self.jobs.held(id) else { continue };
            if let Err(error) = job_report::send(self.jobs.fleet(), &job, &JobReport { began: self.began, state }) {
                log::debug!("the progress of job {} was not recorded: {error}", job.ordinal);
            }
        }
    }
}

/// What becomes of a job whose account ended like this: done, or tried again later if what stopped it may pass.
fn end_of(account: &AccountState, tries: u32) -> JobEnd {
    match account.end {
        Some(AccountEnd::Complete) => JobEnd::Ended("complete"),
        // Its record could not be completed: the database's disk was full.
        Some(AccountEnd::Incomplete)
            if tries < MOST_WAITS
                && account.problems.iter().any(|(_, problem)| problem.kind == ProblemKind::LocalFile) =>
        {
            JobEnd::Again(WAIT)
        }
        Some(AccountEnd::Incomplete) => JobEnd::Ended("incomplete"),
        Some(AccountEnd::Stopped) | None => JobEnd::GivenBack,
        Some(AccountEnd::Failed) => match account.failure() {
            // A full disk of the database affects everybody, and passes.
            Some(problem)
                if matches!(problem.kind, ProblemKind::MailboxInUse | ProblemKind::LocalFile) && tries < MOST_WAITS =>
            {
                JobEnd::Again(WAIT)
            }
            Some(problem) if matches!(problem.retry(), Retry::Now | Retry::Later) && tries < MOST_TRIES => {
                JobEnd::Again(60 * 4_u32.pow(tries.saturating_sub(1).min(3)))
            }
            _ => JobEnd::Ended("failed"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Problem;
    use crate::progress::AccountInfo;

    fn failed(kind: ProblemKind) -> AccountState {
        let info = AccountInfo { address: "ann@x".into(), full_name: String::new(), target_address: None, line: 1 };
        AccountState {
            end: Some(AccountEnd::Failed),
            problems: vec![(None, Problem::new(kind))],
            ..AccountState::new(info)
        }
    }

    #[test]
    fn what_may_pass_is_tried_again_later_and_what_will_not_is_done() {
        assert_eq!(end_of(&failed(ProblemKind::ConnectionLost), 1), JobEnd::Again(60));
        assert_eq!(end_of(&failed(ProblemKind::ConnectionLost), 3), JobEnd::Again(960));
        assert_eq!(end_of(&failed(ProblemKind::ConnectionLost), MOST_TRIES), JobEnd::Ended("failed"));
        assert_eq!(end_of(&failed(ProblemKind::PasswordRefused), 1), JobEnd::Ended("failed"));
        assert_eq!(end_of(&failed(ProblemKind::MailboxInUse), 9), JobEnd::Again(WAIT));
        assert_eq!(end_of(&failed(ProblemKind::LocalFile), 9), JobEnd::Again(WAIT));
        let incomplete = |kind| AccountState { end: Some(AccountEnd::Incomplete), ..failed(kind) };
        assert_eq!(
            end_of(&incomplete(ProblemKind::LocalFile), 9),
            JobEnd::Again(WAIT),
            "it was begun before the disk was full"
        );
        assert_eq!(end_of(&incomplete(ProblemKind::LocalFile), MOST_WAITS), JobEnd::Ended("incomplete"));
        assert_eq!(end_of(&incomplete(ProblemKind::MessageRefused), 1), JobEnd::Ended("incomplete"));
    }
}
