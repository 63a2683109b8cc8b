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
    /// Bytes still to come, of those that have not ended.
    pub bytes_left: u64,
    /// Bytes that those hold that have not failed.
    pub good_bytes: u64,
    /// How far they are, 1 for each that ended.
    pub done: f64,
    /// Those that failed.
    pub failed: u32,
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
        self.known += usize::from(holds.is_some());
        let holds = holds.unwrap_or(account.tally.expected);
        self.expected.add(holds.messages, holds.bytes);
        if account.end == Some(AccountEnd::Failed) {
            self.failed += 1;
        } else {
            self.good_bytes += holds.bytes;
        }
        match account.end {
            Some(_) => self.done += 1.0,
            None => {
                self.done += f64::from(account.tally.fraction());
                self.bytes_left += holds.bytes.saturating_sub(account.tally.settled_bytes());
            }
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
