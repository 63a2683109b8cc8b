//! Which account a worker takes next.
//!
//! 1. Accounts that have not begun come first, the largest of them first, as long as no server has a condition that all of them would meet.
//! 2. An account that was put off comes after them, at the earliest when its pause is over. So an account whose server hangs up again and
//!    again never holds up the others.
//! 3. Then come accounts that are added during the run, such as a fleet's. They are put off like others, and then a worker asks for further
//!    ones, but only a few are held, because other machines may be able to take them.
//! 4. When the user stops the run, no further account begins, and those that were put off end.
//! 5. An account that the user skips is kept aside, begun or not. It returns as soon as the user continues it. When nothing else is left
//!    and no worker is busy, it ends in its present state.

use crate::domain::{Account, AccountId};
use crate::migrate::context::RunContext;
use crate::migrate::context::retry::Task;
use crate::migrate::request::Work;
use crate::migrate::verdict::Verdict;
use crate::progress::{AccountInfo, Event};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often a worker checks whether another one's attempt has ended.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// When this many accounts are put off, no further one is requested.
const MOST_HELD: usize = 8;

/// The accounts of a run that no worker has.
pub struct Queue<'a> {
    waiting: Mutex<Waiting<'a>>,
    listed: usize,
    work: Option<Arc<dyn Work>>,
    /// The number of accounts that the run knows.
    known: Mutex<u32>,
}

struct Waiting<'a> {
    /// The indexes of the request's accounts that have not begun, in order of their turn.
    fresh: VecDeque<usize>,
    put_off: Vec<PutOff<'a>>,
    /// Accounts that were begun and then skipped.
    skipped: Vec<PutOff<'a>>,
    /// How many accounts workers have now.
    at_work: usize,
    /// The account that alone tests whether a server's condition is over.
    probe: Option<AccountId>,
}

/// An account that is continued later.
pub struct PutOff<'a> {
    /// Its id in the run.
    pub id: AccountId,
    /// When its turn comes again.
    pub until: Instant,
    /// The work on it so far.
    pub task: Box<dyn Task<Verdict> + 'a>,
}

/// A worker's next task.
pub enum Next<'a> {
    /// Begin this account.
    Begin(AccountId, &'a Account),
    /// Continue this one.
    Continue(PutOff<'a>),
    /// End this one in its present state: the user skipped it and did not continue it.
    Leave(PutOff<'a>),
    /// Wait.
    Wait(Duration),
    /// Nothing is left.
    Nothing,
}

impl<'a> Queue<'a> {
    /// A queue of `accounts` accounts, whose sizes in bytes may be known, and those that `work` adds.
    pub fn new(accounts: usize, known_bytes: &[Option<u64>], work: Option<Arc<dyn Work>>) -> Self {
        let fresh = order(accounts, known_bytes).into();
        let waiting = Mutex::new(Waiting { fresh, put_off: Vec::new(), skipped: Vec::new(), at_work: 0, probe: None });
        Self { waiting, listed: accounts, work, known: Mutex::new(accounts as u32) }
    }

    /// The largest number of workers that can have something to do.
    pub fn most_workers(&self, jobs: u32) -> usize {
        let jobs = jobs.max(1) as usize;
        if self.work.is_some() { jobs } else { jobs.min(self.listed.max(1)) }
    }

    /// Whether accounts may be added during the run.
    pub fn is_given_accounts(&self) -> bool {
        self.work.is_some()
    }

    /// Takes a worker's next task. After an account's turn, call [`Queue::turn_ended`].
    pub fn next(&self, context: &'a RunContext) -> Next<'a> {
        let (next, may_ask) = {
            let mut waiting = self.lock();
            (waiting.take(context), waiting.fresh.is_empty() && waiting.put_off.len() < MOST_HELD)
        };
        let due = match next {
            Next::Wait(due) => Some(due),
            Next::Nothing => None,
            next => return next,
        };
        match may_ask.then(|| self.given(context)).flatten() {
            Some(Next::Wait(pause)) => Next::Wait(due.map_or(pause, |due| due.min(pause))),
            Some(given) => given,
            None => next,
        }
    }

    /// The next account that is added; none if no more will come.
    fn given(&self, context: &'a RunContext) -> Option<Next<'a>> {
        let work = self.work.as_ref().filter(|_| !context.control.stopping())?;
        if let Some(pause) = context.condition_wait() {
            return Some(Next::Wait(pause));
        }
        if self.lock().is_probed(context) {
            return Some(Next::Wait(LOOK_EVERY));
        }
        // One at a time, so that the ids are in the order of the events.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let id = AccountId(*known);
        let is_called_away = || self.lock().is_due() || context.condition_wait().is_some();
        let Some(account) = work.next(id, &|| context.control.stopping() || is_called_away()) else {
            return is_called_away().then_some(Next::Wait(Duration::ZERO));
        };
        let account = context.given.keep(*known - self.listed as u32, account);
        *known += 1;
        context.report(Event::AccountJoined(info(account)));
        let next = Next::Begin(id, account);
        self.lock().note_begun(context, &next);
        Some(next)
    }

    /// Notes that the turn of this account has ended.
    pub fn turn_ended(&self, id: AccountId) {
        let mut waiting = self.lock();
        waiting.at_work = waiting.at_work.saturating_sub(1);
        waiting.probe.take_if(|probe| *probe == id);
    }

    /// Puts an account off.
    pub fn put_off(&self, account: PutOff<'a>) {
        self.lock().put_off.push(account);
    }

    /// Keeps aside an account that the user skipped.
    pub fn skip(&self, account: PutOff<'a>) {
        self.lock().skipped.push(account);
    }

    /// Ends all pauses.
    pub fn hurry(&self, context: &RunContext) {
        let now = Instant::now();
        self.lock().put_off.iter_mut().for_each(|account| account.until = now);
        context.source.condition.hurry();
        context.target.condition.hurry();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<'a>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> Waiting<'a> {
    /// Whether an account that was put off is due.
    fn is_due(&self) -> bool {
        let now = Instant::now();
        self.put_off.iter().any(|account| account.until <= now)
    }

    /// Whether another account is already testing whether a server's condition is over.
    fn is_probed(&self, context: &RunContext) -> bool {
        self.probe.is_some() && context.is_conditioned()
    }

    /// Notes that a worker has the account. If a server has a condition, this account alone tests whether it is over.
    fn note_begun(&mut self, context: &RunContext, next: &Next<'_>) {
        let (Next::Begin(id, _) | Next::Continue(PutOff { id, .. })) = next else { return };
        self.at_work += 1;
        if context.is_conditioned() {
            self.probe = Some(*id);
        }
    }

    fn take(&mut self, context: &'a RunContext) -> Next<'a> {
        let next = self.next(context);
        self.note_begun(context, &next);
        next
    }

    fn next(&mut self, context: &'a RunContext) -> Next<'a> {
        let now = Instant::now();
        let stopping = context.control.stopping();
        self.sort_out_skipped(context, stopping);
        let is_skipped = |index: &usize| context.control.is_skipped(AccountId(*index as u32));
        let fresh = self.fresh.iter().position(|index| !is_skipped(index));
        let has_any = !self.put_off.is_empty() || fresh.is_some();
        if has_any && !stopping && self.is_probed(context) {
            return Next::Wait(LOOK_EVERY);
        }
        let condition = context.condition_wait().filter(|_| !stopping);
        if !stopping
            && condition.is_none()
            && let Some(index) = fresh.and_then(|at| self.fresh.remove(at))
            && let Some(account) = context.accounts.get(index)
        {
            return Next::Begin(AccountId(index as u32), account);
        }
        let soonest = (0..self.put_off.len()).min_by_key(|&index| self.put_off[index].until);
        let due = soonest.map(|index| self.put_off[index].until.saturating_duration_since(now));
        match (soonest, due) {
            (Some(index), Some(due)) if stopping || due.is_zero() => Next::Continue(self.put_off.swap_remove(index)),
            (None, _) if stopping || fresh.is_none() => self.next_of_skipped(stopping),
            _ if stopping || fresh.is_none() => due.map_or(Next::Nothing, Next::Wait),
            _ => [due, condition].into_iter().flatten().min().map_or(Next::Nothing, Next::Wait),
        }
    }
}

impl<'a> Waiting<'a> {
    /// Keeps aside accounts that were put off and are now skipped, and takes back those that the user continued; after a stop, all of them.
    fn sort_out_skipped(&mut self, context: &RunContext, stopping: bool) {
        let is_skipped = |account: &mut PutOff<'_>| !stopping && context.control.is_skipped(account.id);
        let back = self
            .skipped
            .extract_if(.., |account| !is_skipped(account))
            .map(|account| PutOff { until: Instant::now(), ..account });
        let back: Vec<_> = back.collect();
        for account in self.put_off.extract_if(.., is_skipped) {
            context.report(Event::AccountSkipped { account: account.id });
            self.skipped.push(account);
        }
        self.put_off.extend(back);
    }

    /// The next task if nothing else is left: the user may continue a skipped account as long as others are at work.
    fn next_of_skipped(&mut self, stopping: bool) -> Next<'a> {
        if stopping || self.skipped.is_empty() && self.fresh.is_empty() {
            return Next::Nothing;
        }
        if self.at_work > 0 {
            return Next::Wait(LOOK_EVERY);
        }
        self.skipped.pop().map_or(Next::Nothing, Next::Leave)
    }
}

/// The account's data for events.
pub fn info(account: &Account) -> AccountInfo {
    AccountInfo {
        address: account.address.to_string(),
        full_name: account.full_name.clone(),
        target_address: account.moves_to().map(ToString::to_string),
        line: account.line,
    }
}

/// The order in which accounts begin: the largest first, so that at the end no worker is left alone with one that takes hours; those of
/// unknown size last, in the order of the file.
fn order(accounts: usize, known_bytes: &[Option<u64>]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..accounts).collect();
    order.sort_by_key(|index| std::cmp::Reverse(known_bytes.get(*index).copied().flatten()));
    order
}

#[cfg(test)]
mod tests {
    use super::order;

    #[test]
    fn the_largest_mailbox_begins_first_and_those_of_unknown_size_keep_their_order_after() {
        assert_eq!(order(5, &[Some(10), None, Some(30), Some(20)]), [2, 3, 0, 1, 4]);
        assert_eq!(order(3, &[]), [0, 1, 2]);
    }
}
