//! Progress of the whole run and the time left: one rule for the window's bar and title and for the command line.
//!
//! - The whole is known once every account is counted, by this run or by an earlier check.
//! - The bar has three shares, which together are at most 1: done, failed, and skipped. Each account weighs by its size, or as the usual
//!   account while its size is unknown; its outcome does not change its weight.
//! - Bytes that will never arrive are not waited for.

use super::{Counts, RunState, Wait, WaitReason};

impl RunState {
    /// Takes each account's size from an earlier check, in the order of their ids. A size holds until this run counts that account.
    pub fn know_sizes(&mut self, sizes: Vec<Option<Counts>>) {
        self.known_sizes = sizes;
        self.changed();
    }

    /// The contents of all accounts, as far as known.
    pub fn expected(&self) -> Counts {
        self.sums().expected
    }

    /// Whether every account is counted.
    pub fn is_known(&self) -> bool {
        !self.accounts.is_empty() && self.sums().known == self.accounts.len()
    }

    /// Progress from 0 to 1, and 1 only when all is complete. Accounts that failed or were skipped are not part of it, and never raise it.
    pub fn fraction(&self) -> f32 {
        let most = if self.verdict() == super::Verdict::AllComplete { 1.0 } else { 0.999 };
        let sums = self.sums();
        sums.done.of(&sums.all).min(most) as f32
    }

    /// The share of failed accounts, from 0 to 1: failure is not progress.
    pub fn failed_share(&self) -> f32 {
        let sums = self.sums();
        sums.failed.of(&sums.all) as f32
    }

    /// The share of skipped accounts, from 0 to 1: a skip is not progress either.
    pub fn skipped_share(&self) -> f32 {
        let sums = self.sums();
        sums.skipped.of(&sums.all) as f32
    }

    /// Progress in whole percent.
    pub fn percent(&self) -> u32 {
        (self.fraction() * 100.0).floor() as u32
    }

    /// Seconds left at the pace of the last half minute of work, without pauses. None while no estimate is possible: before everything is
    /// counted, while the run is paused or stopping, and while every running mailbox waits for a server.
    pub fn seconds_left(&self, now: u64) -> Option<u64> {
        let held = self.paused || self.stop_requested || self.finished || self.all_wait();
        let pace = self.rate.bytes_per_second(now);
        (!held && pace >= 1.0 && self.is_known()).then(|| (self.sums().bytes_left as f64 / pace).ceil() as u64)
    }

    /// The wait that ends last; one by our own choice only if there is no other.
    pub fn longest_wait(&self) -> Option<Wait> {
        self.sums().longest_wait
    }

    /// The failed server, if every running mailbox waits for it or another one: nothing continues until it answers.
    pub fn lost_server(&self) -> Option<Wait> {
        self.longest_wait().filter(|wait| wait.why == WaitReason::ServerFailed && self.all_wait())
    }

    /// The number of accounts at work.
    pub fn count_running(&self) -> u32 {
        self.sums().running
    }

    fn all_wait(&self) -> bool {
        let sums = self.sums();
        sums.running > 0 && sums.running_and_waiting == sums.running
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{AccountId, FolderId, FolderPath, Mapping, PlannedFolder, Side};
    use crate::progress::{AccountEnd, AccountInfo, Event, RunInfo, RunKind, Stamped};

    const INBOX: FolderId = FolderId(0);

    /// A migration with one account for each known size, and these events, one a second.
    fn run(sizes: &[Option<u64>], events: impl IntoIterator<Item = Event>) -> RunState {
        let info = |number: usize| AccountInfo {
            address: format!("user{number}@example.com"),
            full_name: String::new(),
            line: 1,
            target_address: None,
        };
        let info = RunInfo {
            kind: RunKind::Migrate,
            started: String::new(),
            source: String::new(),
            target: String::new(),
            jobs: 4,
            verify: Default::default(),
            log_folder: Default::default(),
            accounts: (0..sizes.len()).map(info).collect(),
            bad_lines: Vec::new(),
            migration: None,
        };
        let mut state = RunState::default();
        state.know_sizes(sizes.iter().map(|size| size.map(|bytes| Counts { messages: 1, bytes })).collect());
        for (second, event) in [Event::RunStarted(info)].into_iter().chain(events).enumerate() {
            state.apply(&Stamped { at: 1000 * second as u64, event });
        }
        state
    }

    /// An account begins and is counted, and `arrived` of its `bytes` arrive.
    fn begun(account: u32, bytes: u64, arrived: u64) -> Vec<Event> {
        let account = AccountId(account);
        let inbox = FolderPath::new(["INBOX"]);
        let planned = PlannedFolder { source: inbox.clone(), target: inbox, mapping: Mapping::SameName };
        vec![
            Event::AccountStarted { account },
            Event::FoldersPlanned { account, folders: vec![planned], left_out: Vec::new() },
            Event::FolderCounted { account, folder: INBOX, messages: 2, bytes: Some(bytes) },
            Event::MessagesCopied { account, folder: INBOX, messages: 1, bytes: arrived },
        ]
    }

    #[test]
    fn an_earlier_check_makes_the_whole_known_and_without_one_no_time_is_estimated_until_all_is_counted() {
        let checked = run(&[Some(5), Some(3000)], begun(0, 1000, 400));
        assert_eq!((checked.expected().bytes, checked.percent()), (4000, 10));
        assert_eq!(checked.seconds_left(4000), Some(36));
        let unchecked = run(&[None, None], begun(0, 1000, 400));
        assert_eq!((unchecked.is_known(), unchecked.seconds_left(4000)), (false, None));
        assert_eq!(unchecked.percent(), 20, "by accounts");
    }

    #[test]
    fn no_time_is_estimated_while_every_running_mailbox_waits() {
        let waits =
            |account, why| Event::WaitStarted { account: AccountId(account), side: Side::Source, seconds: 30, why };
        let wait = |account| waits(account, WaitReason::ServerFailed);
        let both = || [begun(0, 1000, 400), begun(1, 1000, 400)].concat();
        let one = run(&[None, None], both().into_iter().chain([wait(0)]));
        assert!(one.seconds_left(9000).is_some());
        let all = run(&[None, None], both().into_iter().chain([wait(0), wait(1)]));
        assert_eq!(all.seconds_left(10_000), None);
        assert_eq!(all.lost_server().map(|wait| (wait.side, wait.seconds(10_000))), Some((Side::Source, 30)));
        let gently = both().into_iter().chain([wait(0), waits(1, WaitReason::OwnChoice)]);
        assert_eq!(run(&[None, None], gently).longest_wait().unwrap().why, WaitReason::ServerFailed);
        let again = run(
            &[None, None],
            both().into_iter().chain([wait(0), wait(1), Event::WaitEnded { account: AccountId(1) }]),
        );
        assert!(again.seconds_left(11_000).is_some());
    }

    #[test]
    fn what_a_mailbox_that_failed_still_held_is_not_waited_for() {
        let failed = Event::AccountFinished { account: AccountId(0), end: AccountEnd::Failed };
        let state = run(&[None, None], [begun(0, 9000, 100), begun(1, 1000, 600)].concat().into_iter().chain([failed]));
        assert_eq!((state.percent(), state.failed_share()), (6, 0.9));
        // 700 bytes arrived in nine seconds, and 400 are left.
        assert_eq!(state.seconds_left(9000), Some(6));
    }

    #[test]
    fn all_is_done_only_at_a_good_end() {
        let ends = |end| {
            let ended = [Event::AccountFinished { account: AccountId(0), end }, Event::RunFinished];
            run(&[None], begun(0, 1000, 1000).into_iter().chain(ended)).percent()
        };
        assert_eq!(run(&[None], begun(0, 1000, 1000)).percent(), 99);
        assert_eq!((ends(AccountEnd::Complete), ends(AccountEnd::Incomplete)), (100, 99));
    }

    #[test]
    fn an_account_that_failed_is_no_progress() {
        let failed = |account| {
            let account = AccountId(account);
            vec![Event::AccountStarted { account }, Event::AccountFinished { account, end: AccountEnd::Failed }]
        };
        let all = run(&[None; 4], (0..4).flat_map(failed));
        assert_eq!((all.failed_share(), all.fraction()), (1.0, 0.0));
        let half = run(&[None; 4], failed(0).into_iter().chain(failed(1)).chain(begun(2, 1000, 500)));
        assert_eq!((half.failed_share(), half.fraction()), (0.5, 0.125));
        let checked = run(&[Some(1000), Some(0)], begun(0, 1000, 500).into_iter().chain(failed(1)));
        assert_eq!((checked.failed_share(), checked.fraction()), (0.5, 0.25), "the check had failed to count it, too");
    }

    #[test]
    fn whatever_fails_or_is_skipped_never_raises_the_progress_and_what_is_taken_up_brings_it_back() {
        let sizes = [[Some(90_000), Some(1000), Some(10)], [None; 3], [Some(90_000), None, None], [Some(0); 3]];
        for (sizes, working) in sizes.into_iter().flat_map(|sizes| [(sizes, 0), (sizes, 1), (sizes, 2)]) {
            let copying = || begun(working, 1000, 500);
            let before = run(&sizes, copying());
            for account in (0..3).map(AccountId) {
                let skipped = || {
                    copying().into_iter().chain([Event::SkipRequested { account }, Event::AccountSkipped { account }])
                };
                let failed = copying().into_iter().chain([Event::AccountFinished { account, end: AccountEnd::Failed }]);
                for after in [run(&sizes, skipped()), run(&sizes, failed)] {
                    let all = after.fraction() + after.failed_share() + after.skipped_share();
                    assert!(after.fraction() <= before.fraction() && all <= 1.0001, "{sizes:?} {working} {account:?}");
                }
                let again = run(&sizes, skipped().chain([Event::SkipEnded { account }]));
                assert_eq!(again.fraction(), before.fraction());
            }
        }
    }

    #[test]
    fn a_stop_makes_nothing_of_what_did_not_arrive() {
        let stopped = Event::AccountFinished { account: AccountId(0), end: AccountEnd::Stopped };
        let state =
            run(&[None; 2], begun(0, 1000, 500).into_iter().chain([Event::StopRequested, stopped, Event::RunFinished]));
        assert_eq!(state.percent(), 25);
    }
}
