//! A run put together from the states of its accounts, as reported by the machines that worked on them: all at once for a report, or
//! account by account for an observer.
//!
//! - The sums are those of the parts. Only an observer knows the rate of copying: it is the difference between two states.
//! - The folders and problems of a hundred thousand accounts would fill the memory, so an account can be kept in brief.

use super::counts::shift;
use super::state::end_word;
use super::{AccountState, RunInfo, RunKind, RunState, Tally};
use crate::domain::Severity;

/// The state of a fleet's task besides its accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TaskState {
    /// Milliseconds since it began.
    pub now: u64,
    /// Whether its machines are paused.
    pub paused: bool,
    /// Whether they were asked to end.
    pub stopping: bool,
    /// Whether nothing is left to do, or nobody works on it after a stop.
    pub finished: bool,
}

impl RunState {
    /// The state of a run of these accounts, in the order of their ids. They replace the accounts of `info`.
    pub fn assembled(info: RunInfo, accounts: Vec<AccountState>, finished: bool) -> Self {
        let mut state = Self { finished, is_fleet: true, info: Some(info), ..Self::default() };
        for (index, account) in accounts.into_iter().enumerate() {
            state.now = state.now.max(account.ended_at.or(account.started_at).unwrap_or_default());
            state.replace(index, account);
        }
        let infos = state.accounts.iter().map(|account| account.info.clone()).collect();
        if let Some(info) = &mut state.info {
            info.accounts = infos;
        }
        state
    }

    /// Replaces an account by its latest reported state. An index just past the end adds the account; a higher one is ignored. The
    /// difference counts as arrived now.
    pub fn replace(&mut self, index: usize, account: AccountState) {
        if index > self.accounts.len() {
            return;
        }
        self.changed();
        let before = self.accounts.get(index);
        let end_before = before.and_then(|before| before.end);
        let (tally, items) = before.map(|before| (before.tally, before.items)).unwrap_or_default();
        if let Some(count) = end_before.and_then(|end| self.ended.get_mut(end_word(end))) {
            *count = count.saturating_sub(1);
        }
        if let Some(end) = account.end {
            *self.ended.entry(end_word(end)).or_default() += 1;
        }
        if index < self.accounts.len() {
            let compares = self.info.as_ref().is_some_and(|info| info.kind == RunKind::Verify);
            let moved = |tally: &Tally| if compares { tally.checked } else { tally.copied };
            let (then, now) = (moved(&tally), moved(&account.tally));
            // After a new task, or on another machine, an account counts from the start again: then nothing arrived.
            if let Some(messages) = now.messages.checked_sub(then.messages).filter(|messages| *messages > 0) {
                self.rate.add(self.now, messages, now.bytes.saturating_sub(then.bytes));
            }
        }
        shift(&mut self.tally, &tally, &account.tally);
        self.items.shift(&items, &account.items);
        match self.accounts.get_mut(index) {
            Some(known) => *known = account,
            None => self.accounts.push(account),
        }
    }

    /// Takes in the state of a fleet's task.
    pub fn take_task(&mut self, task: TaskState) {
        self.changed();
        self.now = self.now.max(task.now);
        match (self.paused, task.paused) {
            (false, true) => self.rate.pause(self.now),
            (true, false) => self.rate.resume(self.now),
            _ => {}
        }
        (self.paused, self.stop_requested, self.finished) = (task.paused, task.stopping, task.finished);
    }
}

impl AccountState {
    /// The account in little memory: keeps the sums, and of the problems those that say why it is not complete.
    pub fn brief(mut self) -> Self {
        self.counted = self.is_counted();
        self.folders = Vec::new();
        self.left_out = Vec::new();
        let all = self.problems.len();
        let failure = self.failure().cloned().map(|problem| (None, problem));
        let is_error = |problem: &crate::domain::Problem| problem.severity() == Severity::Error;
        let first = self.problems.iter().find(|(_, problem)| is_error(problem)).cloned();
        self.problems = failure.or(first).into_iter().collect();
        self.problems_not_kept += (all - self.problems.len()) as u64;
        self
    }

    /// The account by a clock that began `milliseconds` later.
    pub fn earlier_by(mut self, milliseconds: i64) -> Self {
        let waits = self.waiting.as_mut().map(|wait| &mut wait.until);
        for at in [self.started_at.as_mut(), self.ended_at.as_mut(), waits].into_iter().flatten() {
            *at = at.saturating_add_signed(milliseconds);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        AccountId, FolderId, FolderPath, ItemKind, ItemOutcome, Mapping, PlannedFolder, Problem, ProblemKind,
    };
    use crate::progress::{AccountEnd, AccountInfo, Event, RunKind, Stamped};

    #[test]
    fn a_run_of_two_machines_is_what_one_machine_would_have_reported() {
        let info = |number: u32| AccountInfo {
            address: format!("user{number}@example.com"),
            full_name: String::new(),
            target_address: None,
            line: number + 1,
        };
        let run = RunInfo {
            kind: RunKind::Migrate,
            started: String::new(),
            source: "old".into(),
            target: "new".into(),
            jobs: 2,
            verify: Default::default(),
            log_folder: "/logs".into(),
            accounts: (0..2).map(info).collect(),
            bad_lines: Vec::new(),
            migration: None,
        };
        let inbox = FolderPath::new(["INBOX"]);
        let planned = PlannedFolder { source: inbox.clone(), target: inbox, mapping: Mapping::SameName };
        let folder = FolderId(0);
        let of = |account: AccountId| {
            vec![
                Event::AccountStarted { account },
                Event::FoldersPlanned { account, folders: vec![planned.clone()], left_out: Vec::new() },
                Event::FolderCounted { account, folder, messages: 3, bytes: Some(30) },
                Event::MessagesFound { account, folder, messages: 1, bytes: 10, compared: 1 },
                Event::MessagesCopied { account, folder, messages: 1, bytes: 10 },
                Event::ItemsCounted { account, events: 2, tasks: 0, contacts: 1 },
                Event::ItemsSettled { account, kind: ItemKind::Event, outcome: ItemOutcome::Copied, items: 2 },
                Event::ProblemMet {
                    account: Some(account),
                    folder: Some(folder),
                    problem: Problem::new(ProblemKind::MessageRefused),
                },
                Event::AccountFinished { account, end: AccountEnd::Incomplete },
            ]
        };
        let replay = |info: RunInfo, events: Vec<Event>| {
            let begin = [Event::RunStarted(info)].into_iter();
            let all: Vec<Stamped> = begin.chain(events).map(|event| Stamped { at: 0, event }).collect();
            RunState::replay(&all)
        };
        let whole = replay(run.clone(), [of(AccountId(0)), of(AccountId(1))].concat());
        let reported = |number| {
            let alone = RunInfo { accounts: vec![info(number)], ..run.clone() };
            let account = replay(alone, of(AccountId(0))).accounts.remove(0);
            serde_json::from_str(&serde_json::to_string(&account).unwrap()).unwrap()
        };
        let assembled = RunState::assembled(run.clone(), vec![reported(0), reported(1)], false);
        assert_eq!(assembled.accounts, whole.accounts);
        assert_eq!((assembled.tally, assembled.items, &assembled.ended), (whole.tally, whole.items, &whole.ended));
        assert_eq!(assembled.info, whole.info);
    }

    #[test]
    fn an_account_that_joins_a_run_is_counted_as_one_of_its_own() {
        let account = AccountInfo { address: "ann@x".into(), full_name: String::new(), target_address: None, line: 1 };
        let run = RunInfo {
            kind: RunKind::Migrate,
            started: String::new(),
            source: String::new(),
            target: String::new(),
            jobs: 1,
            verify: Default::default(),
            log_folder: Default::default(),
            accounts: Vec::new(),
            bad_lines: Vec::new(),
            migration: None,
        };
        let id = AccountId(0);
        let events = [
            Event::RunStarted(run),
            Event::AccountJoined(account.clone()),
            Event::AccountStarted { account: id },
            Event::AccountFinished { account: id, end: AccountEnd::Complete },
        ];
        let events: Vec<Stamped> = events.into_iter().map(|event| Stamped { at: 0, event }).collect();
        let state = RunState::replay(&events);
        assert_eq!((state.accounts.len(), state.count_ended(AccountEnd::Complete)), (1, 1));
        assert_eq!(state.info.unwrap().accounts, [account]);
    }
}
