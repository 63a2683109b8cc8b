//! The sums over all accounts of a run, made once for each state: a window that shows a hundred thousand accounts asks for them in every
//! frame.

use super::{AccountEnd, AccountState, Counts, RunState, Wait, WaitReason};

/// Sums over the accounts of a run.
#[derive(Debug, Clone, Default)]
pub(super) struct Sums {
    /// The contents of all accounts, as far as known.
    pub expected: Counts,
    /// The number of accounts whose contents are known, or will never be.
    pub known: usize,
    /// Bytes left to copy, of accounts that have not ended and are not skipped.
    pub bytes_left: u64,
    /// All accounts, as parts of the whole.
    pub all: Part,
    /// The progress of accounts that have not failed and are not skipped.
    pub done: Part,
    /// Failed accounts.
    pub failed: Part,
    /// Skipped accounts.
    pub skipped: Part,
    /// The number of skipped accounts.
    pub number_skipped: u32,
    /// The number of accounts that no worker began.
    pub not_started: u32,
    /// The number of accounts at work.
    pub running: u32,
    /// The number of accounts at work that wait for a server.
    pub running_and_waiting: u32,
    /// The wait that ends last; one by our own choice only if there is no other.
    pub longest_wait: Option<Wait>,
}

/// A part of the whole, weighed with [`Part::of`]: an account counts by its size, or by the usual size while its own is unknown. So it
/// weighs the same before and after it fails or is skipped.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Part {
    /// The bytes of accounts with a known size.
    bytes: f64,
    /// The number of these accounts.
    known: f64,
    /// The number of accounts without a known size.
    unknown: f64,
}

impl Part {
    /// Adds a share of an account, from 0 to 1; `size` is in bytes.
    fn add(&mut self, share: f64, size: Option<u64>) {
        match size {
            Some(bytes) => {
                self.bytes += share * bytes as f64;
                self.known += share;
            }
            None => self.unknown += share,
        }
    }

    /// Its share of the whole, from 0 to 1. If all known accounts are empty, accounts are counted.
    pub fn of(&self, all: &Self) -> f64 {
        let usual = all.bytes / all.known.max(1.0);
        let weight = |part: &Self| part.unknown + if usual > 0.0 { part.bytes / usual } else { part.known };
        (weight(self) / weight(all).max(f64::MIN_POSITIVE)).clamp(0.0, 1.0)
    }
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
        let is_at_its_end = matches!(account.end, Some(AccountEnd::Complete | AccountEnd::Incomplete));
        let is_counted = is_at_its_end || account.is_counted();
        let size = if is_counted { Some(account.tally.expected) } else { known };
        let is_skipped = account.is_skipped();
        // A skipped or ended account does not prevent an estimate for the others.
        self.known += usize::from(size.is_some() || is_skipped || account.end.is_some());
        let holds = size.unwrap_or(account.tally.expected);
        self.expected.add(holds.messages, holds.bytes);
        let has_failed = account.end == Some(AccountEnd::Failed) && !is_skipped;
        // An account that failed before it was counted has a part as well, even if an earlier check failed to count it.
        let size = size.map(|size| size.bytes).filter(|bytes| *bytes > 0 || !has_failed);
        self.all.add(1.0, size);
        if is_skipped {
            self.skipped.add(1.0, size);
        } else if has_failed {
            self.failed.add(1.0, size);
        } else {
            let done = if is_at_its_end { 1.0 } else { f64::from(account.tally.fraction()) };
            self.done.add(done, size);
        }
        self.number_skipped += u32::from(is_skipped);
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
