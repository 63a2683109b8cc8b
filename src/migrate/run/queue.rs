//! Which account a worker takes next: of the request's accounts the largest first, then those that somebody gives while the run goes on.

use crate::domain::{Account, AccountId};
use crate::migrate::context::RunContext;
use crate::migrate::request::Work;
use crate::progress::{AccountInfo, Event};
use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The accounts of a run that no worker has taken.
pub struct Queue {
    /// The places of the request's accounts, as they are begun.
    order: Vec<usize>,
    next: AtomicUsize,
    work: Option<Arc<dyn Work>>,
    /// How many accounts the run knows.
    known: Mutex<u32>,
}

impl Queue {
    /// So many accounts of sizes that may be known, and those that `work` gives.
    pub fn new(accounts: usize, known_bytes: &[Option<u64>], work: Option<Arc<dyn Work>>) -> Self {
        let order = order(accounts, known_bytes);
        Self { order, next: AtomicUsize::new(0), work, known: Mutex::new(accounts as u32) }
    }

    /// How many workers can have something to do.
    pub fn most_workers(&self, jobs: u32) -> usize {
        let listed = self.order.len().max(1);
        let jobs = jobs.max(1) as usize;
        if self.work.is_some() { jobs } else { jobs.min(listed) }
    }

    /// The next account; none when nothing is left, or the user stops the run.
    pub fn next<'c>(&self, context: &'c RunContext) -> Option<(AccountId, Cow<'c, Account>)> {
        if context.control.stopping() {
            return None;
        }
        if let Some(index) = self.order.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            return Some((AccountId(*index as u32), Cow::Borrowed(context.accounts.get(*index)?)));
        }
        let work = self.work.as_ref()?;
        // One after the other, so that the order of the ids is the order of the events.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let id = AccountId(*known);
        let account = work.next(id, &|| context.control.stopping())?;
        *known += 1;
        context.report(Event::AccountJoined(info(&account)));
        Some((id, Cow::Owned(account)))
    }
}

/// What progress needs to know of an account.
pub fn info(account: &Account) -> AccountInfo {
    AccountInfo {
        address: account.address.to_string(),
        full_name: account.full_name.clone(),
        target_address: account.moves_to().map(ToString::to_string),
        line: account.line,
    }
}

/// The accounts as they are begun: the largest first, so that at the end no worker is left alone with one that takes hours; those of
/// unknown size after them, in the order of the file.
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
