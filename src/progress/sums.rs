//! What is summed over all accounts of a run: once for each state, however often it is asked for. A window that shows a hundred thousand
//! accounts asks in every frame.

use super::{AccountEnd, AccountState, Counts, RunState, Wait, WaitReason};

/// Sums over the accounts of a run.
#[derive(Debug, Clone, Default)]
pub(super) struct Sums {
    /// What all of them hold, as far as known.
    pub expected: Counts,
    /// Those of which it is known what they hold.
    pub known: usize,
    /// Bytes still to come, of those that have not ended and are not skipped.
    pub bytes_left: u64,
    /// Bytes that those hold that have not failed and are not skipped.
    pub good_bytes: u64,
    /// How far they are, 1 for each that ended.
    pub done: f64,
    /// Those that failed.
    pub failed: u32,
    /// Those that the user skipped.
    pub skipped: u32,
    /// How far those are together, as in `done`.
    pub skipped_done: f64,
    /// Those that no worker began.
    pub not_started: u32,
    /// Those that a worker works on.
    pub running: u32,
    /// Those of them that wait for a server.
    pub running_and_waiting: u32,
    /// The wait that ends last; one by our own choice only where there is no other.
    pub longest_wait: Option<Wait>,
}

impl RunState {
    /// The sums of this state.
    pub(super) fn sums(&self) -> &Sums {
        self.sums.get_or_init(|| {
            let mut sums = Sums::default();
            for (index, account) in self.accounts.iter().enumerate() {
                sums.add(account, self.known_sizes.get(index).copied().flatten());
            }
            sums
        })
    }
}

impl Sums {
    fn add(&mut self, account: &AccountState, known: Option<Counts>) {
        let counted = account.end.is_some() || account.is_counted();
        let holds = if counted { Some(account.tally.expected) } else { known };
        let is_skipped = account.is_skipped();
        // One that is skipped does not keep the time left of the others from being known.
        self.known += usize::from(holds.is_some() || is_skipped);
        let holds = holds.unwrap_or(account.tally.expected);
        self.expected.add(holds.messages, holds.bytes);
        let done = if account.end.is_some() { 1.0 } else { f64::from(account.tally.fraction()) };
        self.done += done;
        if is_skipped {
            self.skipped += 1;
            self.skipped_done += done;
        } else if account.end == Some(AccountEnd::Failed) {
            self.failed += 1;
        } else {
            self.good_bytes += holds.bytes;
        }
        if account.end.is_none() && !is_skipped {
            self.bytes_left += holds.bytes.saturating_sub(account.tally.settled_bytes());
        }
        self.not_started += u32::from(account.started_at.is_none());
        if account.is_running() {
            self.running += 1;
            self.running_and_waiting += u32::from(account.waiting.is_some());
        }
        let rank = |wait: &Wait| (wait.why != WaitReason::OwnChoice, wait.until);
        self.longest_wait = [self.longest_wait, account.waiting].into_iter().flatten().max_by_key(rank);
    }
}
