//! Repeats an attempt on an account after a server failed us.
//!
//! A short pause is waited for here. Before a long one, and while a server has a condition that other accounts meet as well (see
//! `condition`), the account is put off, so that its worker can continue others.

use super::RunContext;
use super::condition::{LONGEST, Met};
use crate::domain::{Account, AccountId, Problem, ProblemKind, Retry, Side};
use crate::imap::ImapError;
use crate::migrate::halt::{Halt, problem_of_all};
use crate::progress::{Event, WaitReason};
use std::time::{Duration, Instant};

/// The longest pause that a worker waits for with an account.
const WAITED_FOR: Duration = Duration::from_secs(15);

/// Work on one account, tried again after a server failed us.
pub trait Work {
    /// Its result.
    type Done;

    /// One attempt, from new connections to the end.
    fn attempt(&mut self) -> Result<Self::Done, Halt>;

    /// Grows with everything an attempt achieved that need not be done again.
    fn progress(&self) -> u64 {
        0
    }
}

/// How the attempts on an account ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended<T> {
    /// An attempt was finished.
    Done(T),
    /// The user stopped the run.
    Stopped,
    /// Another attempt would not help; the problem is reported.
    Failed,
}

/// How a turn of work on an account ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn<T> {
    /// It has ended for good.
    Ended(T),
    /// The account is put off until then; other accounts come first.
    PutOff(Instant),
    /// The user skipped the account; it continues when the user wants that.
    Skipped,
}

impl<T> Turn<T> {
    /// Converts the value of its end.
    pub fn map<U>(self, end: impl FnOnce(T) -> U) -> Turn<U> {
        match self {
            Turn::Ended(ended) => Turn::Ended(end(ended)),
            Turn::PutOff(until) => Turn::PutOff(until),
            Turn::Skipped => Turn::Skipped,
        }
    }
}

/// All work on one account in a run, turn by turn, on any worker.
pub trait Task<V>: Send {
    /// Continues until it has ended, is put off or is skipped.
    fn go_on(&mut self) -> Turn<V>;

    /// Ends it in its present state: the user skipped the account and did not continue it.
    fn leave(&mut self) -> V;
}

/// The attempts on one account, over all its turns.
pub struct Attempts {
    /// Seconds before each new attempt.
    pauses: &'static [u64],
    tries: usize,
    /// Why it was put off, if it was.
    put_off: Option<Problem>,
}

/// What follows a failed attempt.
enum Next {
    Wait(Side, Duration),
    PutOff(Side, Duration),
    /// Another attempt would not help, for this reason.
    Fail(Box<Problem>),
}

impl Attempts {
    /// After the first attempt come as many as there are `pauses`, in seconds; progress between two failures starts the series again.
    pub fn new(pauses: &'static [u64]) -> Self {
        Self { pauses, tries: 0, put_off: None }
    }

    /// Repeats the work until an attempt is finished, the user stops the run, another attempt would not help, or the next one is too far
    /// away to wait for.
    pub fn go_on<W: Work>(
        &mut self,
        context: &RunContext,
        id: AccountId,
        account: &Account,
        work: &mut W,
    ) -> Turn<Ended<W::Done>> {
        if let Some(problem) = self.put_off.take() {
            context.report(Event::WaitEnded { account: id });
            report_if_stopped(context, id, problem);
        }
        loop {
            context.control.of(id).wait_while_paused();
            if let Some(turn) = ended_by_the_user(context, id) {
                return turn;
            }
            if let Some(problem) = context.given_up() {
                context.report_problem(id, None, problem);
                return Turn::Ended(Ended::Failed);
            }
            let before = work.progress();
            let attempt = work.attempt();
            let went_on = attempt.is_ok() || work.progress() > before;
            if went_on {
                context.eased();
                self.tries = 0;
            }
            let halt = match attempt {
                Ok(done) => return Turn::Ended(Ended::Done(done)),
                Err(halt) => halt,
            };
            if let Some(turn) = ended_by_the_user(context, id) {
                return turn;
            }
            // A halt without a problem means that the run is only paused.
            let Some(problem) = halt.problem(account) else { continue };
            match self.next(context, id, account, &halt, &problem) {
                Next::Wait(side, pause) => {
                    context.wait_for(id, side, pause, reason(&halt));
                    report_if_stopped(context, id, problem);
                }
                Next::PutOff(side, pause) => {
                    let (seconds, why) = (pause.as_secs().max(1), reason(&halt));
                    context.report(Event::WaitStarted { account: id, side, seconds, why });
                    self.put_off = Some(problem);
                    return Turn::PutOff(Instant::now() + pause);
                }
                Next::Fail(problem) => {
                    context.report_problem(id, None, *problem);
                    return Turn::Ended(Ended::Failed);
                }
            }
        }
    }

    fn next(&mut self, context: &RunContext, id: AccountId, account: &Account, halt: &Halt, problem: &Problem) -> Next {
        if let Halt::Server { side, error } = halt
            && error.may_be_of_server()
        {
            let of_all = problem_of_all(*side, error);
            match context.condition(*side).met(id, self.pauses, error.wait_seconds(), &of_all) {
                Met::Alone => {}
                Met::WithOthers(pause) => return Next::PutOff(*side, pause),
                Met::TooLong => return Next::Fail(Box::new(of_all)),
            }
        }
        match self.own_pause(halt, account) {
            Some((side, pause)) if pause <= WAITED_FOR => Next::Wait(side, pause),
            Some((side, pause)) => Next::PutOff(side, pause),
            None => Next::Fail(Box::new(problem.clone())),
        }
    }

    /// Which server to wait for before the account's next attempt, and how long: as long as the server asks, or the next pause. None if
    /// another attempt would not help, or this was the last.
    fn own_pause(&mut self, halt: &Halt, account: &Account) -> Option<(Side, Duration)> {
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

/// How the turn ends when the user stopped the run or skipped the account.
fn ended_by_the_user<T>(context: &RunContext, id: AccountId) -> Option<Turn<Ended<T>>> {
    if context.control.stopping() {
        return Some(Turn::Ended(Ended::Stopped));
    }
    context.control.is_skipped(id).then_some(Turn::Skipped)
}

/// Why the next attempt is not made at once.
fn reason(halt: &Halt) -> WaitReason {
    match halt {
        Halt::Server { error, .. } if error.wait_seconds().is_some() => WaitReason::ServerAsked,
        _ => WaitReason::ServerFailed,
    }
}

/// A user who stops a waiting run wants to know what it waited for.
fn report_if_stopped(context: &RunContext, id: AccountId, problem: Problem) {
    if context.control.stopping() {
        context.report_problem(id, None, problem);
    }
}

/// How often another attempt may help. A server that refuses on purpose will refuse again.
fn most_tries(error: &ImapError) -> usize {
    match error.kind() {
        _ if error.may_pass() => 5,
        ProblemKind::AccessRefused => 2,
        _ => usize::MAX,
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
        let mut attempts = Attempts::new(&[1, 5]);
        let mut next = |went_on| {
            if went_on {
                attempts.tries = 0;
            }
            attempts.own_pause(&lost, &account).map(|(_, pause)| pause.as_secs())
        };
        let seen = [false, false, true, false, false].map(&mut next);
        assert_eq!(seen, [Some(1), Some(5), Some(1), Some(5), None]);
    }

    #[test]
    fn what_another_try_cannot_change_is_not_tried_again() {
        let account = Account::new(1, Address::parse("ann@example.com").unwrap(), Secret::new("x"));
        let full = crate::domain::Problem::new(ProblemKind::OverQuota).on(Side::Target).into();
        for halt in [Halt::Held, full] {
            assert!(Attempts::new(&[1]).own_pause(&halt, &account).is_none(), "{halt:?}");
        }
    }
}
