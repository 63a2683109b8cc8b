//! The jobs of a fleet as the accounts of a run: taken one by one, and waited for while others may give some back.

use super::job_report::{self, JobReport};
use super::setup::{self, JobContent};
use crate::domain::{Account, AccountId, Problem};
use crate::fleet::{Errand, Fleet, Job, JobEnd, Orders, Wish};
use crate::ledger::{LedgerError, LedgerErrorKind};
use crate::logs;
use crate::migrate::Work;
use crate::progress::{AccountEnd, AccountInfo, AccountState};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The pause between two looks for a job: the first, and the longest.
const LOOK_AGAIN: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(3)];
/// Seconds until a job is tried again whose mailbox belonged to another job.
const OTHERS_TURN: u32 = 10;
/// A stop is noticed within this time.
const NOTICE: Duration = Duration::from_millis(50);

/// The jobs that one run of this process works on.
#[derive(Debug)]
pub(super) struct Jobs {
    fleet: std::sync::Arc<Fleet>,
    pass: i32,
    machine: String,
    held: Mutex<BTreeMap<AccountId, Held>>,
    /// Why no more jobs can be taken.
    trouble: Mutex<Option<LedgerError>>,
    /// Set by orders after which no more jobs come: whoever waits for one asks at once.
    heard_of_end: AtomicBool,
}

/// A job that this process works on.
#[derive(Debug)]
struct Held {
    job: Job,
    /// The errand that reserves its mailbox for this job, where several may share one.
    alone: Option<(String, i64)>,
}

impl Jobs {
    /// The jobs of this pass.
    pub(super) fn of(fleet: std::sync::Arc<Fleet>, pass: i32, machine: String) -> Self {
        Self {
            fleet,
            pass,
            machine,
            held: Mutex::default(),
            trouble: Mutex::default(),
            heard_of_end: AtomicBool::new(false),
        }
    }

    /// The fleet.
    pub(super) fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// The job of an account of this run, while it is held.
    pub(super) fn held(&self, id: AccountId) -> Option<Job> {
        lock(&self.held).get(&id).map(|held| held.job.clone())
    }

    /// Ends the work on an account.
    pub(super) fn end(&self, id: AccountId, end: JobEnd) {
        let Some(Held { job, alone }) = lock(&self.held).remove(&id) else { return };
        match self.fleet.end(&job, end) {
            Ok(true) => {}
            Ok(false) => log::warn!("job {} belongs to another machine by now", job.ordinal),
            Err(error) => log::warn!("the end of job {} was not recorded: {error}", job.ordinal),
        }
        if let Some((what, token)) = alone
            && let Err(error) = self.fleet.end_errand(&what, token, false)
        {
            log::warn!("a shared mailbox was not given back: {error}");
        }
    }

    /// Gives back what is still held.
    pub(super) fn give_back(&self) {
        let held: Vec<AccountId> = lock(&self.held).keys().copied().collect();
        held.into_iter().for_each(|id| self.end(id, JobEnd::GivenBack));
    }

    /// Why no more jobs can be taken, if so.
    pub(super) fn trouble(&self) -> Option<LedgerError> {
        lock(&self.trouble).take()
    }

    /// Heeds orders, so that nobody waits for a job that does not come.
    pub(super) fn heed(&self, orders: &Orders) {
        self.heard_of_end.fetch_or(!self.may_come(orders), Ordering::SeqCst);
    }

    /// Whether this run may still get a job under these orders.
    fn may_come(&self, orders: &Orders) -> bool {
        let wished = matches!(orders.wish, Wish::Run | Wish::Pause);
        wished && orders.is_open && !orders.drained && orders.pass == self.pass
    }

    /// What follows the taking of this job: its account; or another job, if this one is refused, which is reported at once, or if its
    /// mailbox belongs to another job now.
    fn begin(&self, id: AccountId, job: Job) -> Result<Next, LedgerError> {
        let JobContent { account, refused, mailbox } = setup::read(&job.content)?;
        logs::hide([(account.address.to_string(), &account.password)]);
        if let Some(problem) = refused {
            let state = failed_at_once(info(&account), problem);
            job_report::send(&self.fleet, &job, &JobReport::now(state))?;
            self.fleet.end(&job, JobEnd::Ended("failed"))?;
            return Ok(Next::Now);
        }
        let mut alone = None;
        if let Some(mailbox) = mailbox {
            let what = format!("mailbox {mailbox}");
            let (turn, token) = self.fleet.take_errand(&what)?;
            if turn != Errand::Mine {
                self.fleet.end(&job, JobEnd::PutBack(OTHERS_TURN))?;
                return Ok(Next::Now);
            }
            alone = Some((what, token));
        }
        lock(&self.held).insert(id, Held { job, alone });
        Ok(Next::Account(Box::new(account)))
    }

    fn try_next(&self, id: AccountId) -> Result<Next, LedgerError> {
        match self.fleet.take(self.pass, &self.machine)? {
            Some(job) => self.begin(id, job),
            None => Ok(if self.may_come(&self.fleet.orders()?) { Next::Later } else { Next::Never }),
        }
    }
}

enum Next {
    Account(Box<Account>),
    Now,
    Later,
    Never,
}

impl Work for Jobs {
    fn next(&self, id: AccountId, stopping: &dyn Fn() -> bool) -> Option<Account> {
        let [mut pause, longest] = LOOK_AGAIN;
        while !stopping() {
            match self.try_next(id) {
                Ok(Next::Account(account)) => return Some(*account),
                Ok(Next::Now) => continue,
                Ok(Next::Later) => {}
                Ok(Next::Never) => return None,
                Err(error) if error.kind() == LedgerErrorKind::Unreachable => log::warn!("{error}"),
                // That job has ended; the others are not affected.
                Err(error) if error.kind() == LedgerErrorKind::Damaged => {
                    log::error!("{error}");
                    continue;
                }
                Err(error) => {
                    log::error!("{error}");
                    lock(&self.trouble).get_or_insert(error);
                    return None;
                }
            }
            let until = Instant::now() + pause;
            while Instant::now() < until && !stopping() && !self.heard_of_end.swap(false, Ordering::SeqCst) {
                std::thread::sleep(NOTICE);
            }
            pause = (pause * 2).min(longest);
        }
        None
    }
}

/// The state of an account that failed before any server was asked.
pub(super) fn failed_at_once(info: AccountInfo, problem: Problem) -> AccountState {
    AccountState {
        problems: vec![(None, problem)],
        started_at: Some(0),
        ended_at: Some(0),
        end: Some(AccountEnd::Failed),
        ..AccountState::new(info)
    }
}

/// The facts about an account that progress needs.
pub(super) fn info(account: &Account) -> AccountInfo {
    AccountInfo {
        address: account.address.to_string(),
        full_name: account.full_name.clone(),
        target_address: account.moves_to().map(ToString::to_string),
        line: account.line,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
