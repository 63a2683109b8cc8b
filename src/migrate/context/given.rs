//! Accounts that are added during a run. They are kept until its end, because accounts that are put off refer to them.

use crate::domain::Account;
use std::sync::OnceLock;

/// The accounts so far, in order of arrival. Their addresses in memory never change.
#[derive(Default)]
pub struct Given {
    /// Each chunk is twice as large as the one before; the first holds one account.
    chunks: [OnceLock<Box<[OnceLock<Account>]>>; 32],
}

impl Given {
    /// Keeps an account; `number` is the number of accounts before it.
    pub fn keep(&self, number: u32, account: Account) -> &Account {
        let place = u64::from(number) + 1;
        let chunk = place.ilog2().min(31);
        let first = 1_u64 << chunk;
        let slots = || (0..first).map(|_| OnceLock::new()).collect();
        let slots = self.chunks[chunk as usize].get_or_init(slots);
        slots[((place - first) % first) as usize].get_or_init(|| account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Address, Secret};

    #[test]
    fn what_is_kept_stays_where_it_is() {
        let given = Given::default();
        let account = |line| Account::new(line, Address::parse("ann@example.com").unwrap(), Secret::new("x"));
        let kept: Vec<&Account> = (0..100).map(|number| given.keep(number, account(number))).collect();
        assert!(kept.iter().zip(0..).all(|(account, line)| account.line == line));
    }
}
