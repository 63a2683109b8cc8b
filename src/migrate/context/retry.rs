//! Tries after a server failed us: whether there is another one, and how long to wait before it.

use crate::domain::{Account, Retry, Side};
use crate::migrate::halt::Halt;
use std::time::Duration;

/// The longest time a server can make us wait.
const LONGEST: u64 = 3600;

/// The tries of one account.
pub struct Retries {
    /// Seconds before each new try.
    pauses: &'static [u64],
    tries: usize,
}

impl Retries {
    /// As many tries as there are pauses, in seconds, unless work goes on between them.
    pub fn after(pauses: &'static [u64]) -> Self {
        Self { pauses, tries: 0 }
    }

    /// For which server to wait before the next try, and how long: as long as it says, or the next pause. None when another try is of no
    /// use, or was the last. An attempt that `went_on` with its work begins the row anew.
    pub fn next(&mut self, halt: &Halt, account: &Account, went_on: bool) -> Option<(Side, Duration)> {
        if went_on {
            self.tries = 0;
        }
        let retry = halt.problem(account)?.retry();
        let next = *self.pauses.get(self.tries)?;
        let (side, seconds) = match (halt, retry) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Address, ProblemKind, Secret};
    use crate::imap::ImapError;

    #[test]
    fn tries_end_with_the_pauses_and_begin_anew_with_every_step_forward() {
        let account = Account::new(1, Address::parse("ann@example.com").unwrap(), Secret::new("x"));
        let lost = Halt::Server { side: Side::Source, error: ImapError::Closed };
        let mut retries = Retries::after(&[1, 5]);
        let mut next = |went_on| retries.next(&lost, &account, went_on).map(|(_, pause)| pause.as_secs());
        let seen = [false, false, true, false, false].map(&mut next);
        assert_eq!(seen, [Some(1), Some(5), Some(1), Some(5), None]);
    }

    #[test]
    fn what_another_try_cannot_change_is_not_tried_again() {
        let account = Account::new(1, Address::parse("ann@example.com").unwrap(), Secret::new("x"));
        let full = crate::domain::Problem::new(ProblemKind::OverQuota).on(Side::Target).into();
        for halt in [Halt::Held, full] {
            assert!(Retries::after(&[1]).next(&halt, &account, false).is_none(), "{halt:?}");
        }
    }
}
