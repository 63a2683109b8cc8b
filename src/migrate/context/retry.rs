//! Trying again: how an attempt on an account is repeated after a server failed us, and how often a connection may be lost at one thing.

use super::RunContext;
use crate::domain::{Account, AccountId, ProblemKind, Retry, Side};
use crate::imap::ImapError;
use crate::migrate::halt::Halt;
use crate::progress::WaitReason;
use std::collections::BTreeMap;
use std::time::Duration;

/// The longest time, in seconds, that a server can make us wait.
const LONGEST: u64 = 3600;

/// Work on one account that is tried again after a server failed us.
pub trait Work {
    /// What comes of it.
    type Done;

    /// One attempt, from new connections to the end.
    fn attempt(&mut self) -> Result<Self::Done, Halt>;

    /// Grows with everything that an attempt brought forward, so that it need not be done again.
    fn progress(&self) -> u64 {
        0
    }
}

/// How the attempts on an account ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended<T> {
    /// One came to its end.
    Done(T),
    /// The user stopped the run.
    Stopped,
    /// Another attempt is of no use; the problem is reported.
    Failed,
}

/// Attempts the work until one attempt comes to its end, the user stops the run, or another one is of no use. There are as many further
/// attempts as `pauses`, in seconds; progress between two failures begins the row anew.
pub fn attempt_until_done<W: Work>(
    context: &RunContext,
    id: AccountId,
    account: &Account,
    pauses: &'static [u64],
    work: &mut W,
) -> Ended<W::Done> {
    let mut retries = Retries { pauses, tries: 0 };
    loop {
        context.control.wait_while_paused();
        if context.control.stopping() {
            return Ended::Stopped;
        }
        let before = work.progress();
        let halt = match work.attempt() {
            Ok(done) => return Ended::Done(done),
            Err(halt) => halt,
        };
        if context.control.stopping() {
            return Ended::Stopped;
        }
        // Without a problem the run is only paused.
        let Some(problem) = halt.problem(account) else { continue };
        match retries.next(&halt, account, work.progress() > before) {
            Some((side, pause)) => {
                context.wait_for(id, side, pause, reason(&halt));
                // Whoever stops the run because it waits wants to know for what.
                if context.control.stopping() {
                    context.report_problem(id, None, problem);
                }
            }
            None => {
                context.report_problem(id, None, problem);
                return Ended::Failed;
            }
        }
    }
}

/// Why the next try is not made at once.
fn reason(halt: &Halt) -> WaitReason {
    match halt {
        Halt::Server { error, .. } if error.wait_seconds().is_some() => WaitReason::ServerAsked,
        _ => WaitReason::ServerFailed,
    }
}

/// The tries of one account.
struct Retries {
    /// Seconds before each new try.
    pauses: &'static [u64],
    tries: usize,
}

impl Retries {
    /// For which server to wait before the next try, and how long: as long as it says, or the next pause. None when another try is of no
    /// use, or was the last. An attempt that `went_on` with its work begins the row anew.
    fn next(&mut self, halt: &Halt, account: &Account, went_on: bool) -> Option<(Side, Duration)> {
        if went_on {
            self.tries = 0;
        }
        let retry = halt.problem(account)?.retry();
        let next = *self.pauses.get(self.tries)?;
        if let Halt::Server { error, .. } = halt
            && self.tries >= most_tries(error)
        {
            return None;
        }
        let (side, seconds) = match (halt, retry) {
            (Halt::Server { side, error }, _) if error.may_pass() => (*side, next),
            (Halt::Server { side, error }, Retry::Now | Retry::Later) => {
                (*side, error.wait_seconds().unwrap_or(next).min(LONGEST))
            }
            (Halt::Problem(problem), Retry::Now) => (problem.subject.side?, next),
            _ => return None,
        };
        log::debug!("{}: {halt:?}", account.address);
        self.tries += 1;
        Some((side, Duration::from_secs(seconds)))
    }
}

/// How often another try may help. What a server says on purpose, it says again.
fn most_tries(error: &ImapError) -> usize {
    match error.kind() {
        _ if error.may_pass() => 5,
        ProblemKind::AccessRefused => 2,
        _ => usize::MAX,
    }
}

/// How often a connection was lost at each of many things, such as messages: one that costs the connection again and again is given up,
/// so that the rest comes to its end.
#[derive(Debug, Clone)]
pub struct Losses<K> {
    counts: BTreeMap<K, u32>,
}

impl<K> Default for Losses<K> {
    fn default() -> Self {
        Self { counts: BTreeMap::new() }
    }
}

impl<K: Ord> Losses<K> {
    /// Notes that the connection was lost at this. Returns how often that was.
    pub fn note(&mut self, at: K) -> u32 {
        let count = self.counts.entry(at).or_default();
        *count += 1;
        *count
    }

    /// How often the connection was lost at this.
    pub fn at(&self, this: &K) -> u32 {
        self.counts.get(this).copied().unwrap_or(0)
    }

    /// Where the connection was lost at least this often, and how often that was.
    pub fn given_up(&self, tries: u32) -> Vec<(K, u32)>
    where
        K: Copy,
    {
        self.counts.iter().filter(|(_, count)| **count >= tries).map(|(this, count)| (*this, *count)).collect()
    }

    /// Whether it was never lost.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Address, Secret};

    #[test]
    fn tries_end_with_the_pauses_and_begin_anew_with_every_step_forward() {
        let account = Account::new(1, Address::parse("ann@example.com").unwrap(), Secret::new("x"));
        let lost = Halt::Server { side: Side::Source, error: ImapError::Closed };
        let mut retries = Retries { pauses: &[1, 5], tries: 0 };
        let mut next = |went_on| retries.next(&lost, &account, went_on).map(|(_, pause)| pause.as_secs());
        let seen = [false, false, true, false, false].map(&mut next);
        assert_eq!(seen, [Some(1), Some(5), Some(1), Some(5), None]);
    }

    #[test]
    fn what_another_try_cannot_change_is_not_tried_again() {
        let account = Account::new(1, Address::parse("ann@example.com").unwrap(), Secret::new("x"));
        let full = crate::domain::Problem::new(ProblemKind::OverQuota).on(Side::Target).into();
        for halt in [Halt::Held, full] {
            assert!(Retries { pauses: &[1], tries: 0 }.next(&halt, &account, false).is_none(), "{halt:?}");
        }
    }
}
