//! A run put together from the states of its accounts, as the machines that worked on them reported them.
//!
//! The sums are those of the parts. What only one machine's own clock knows, such as the rate of copying, is left out.

use super::counts::shift;
use super::state::end_word;
use super::{AccountState, RunInfo, RunState, Tally};

impl RunState {
    /// The state of a run of these accounts, in the order of their ids. The accounts of `info` are replaced by theirs.
    pub fn assembled(info: RunInfo, accounts: Vec<AccountState>, finished: bool) -> Self {
        let mut state = Self { finished, ..Self::default() };
        for account in &accounts {
            shift(&mut state.tally, &Tally::default(), &account.tally);
            state.items.add(&account.items);
            if let Some(end) = account.end {
                *state.ended.entry(end_word(end)).or_default() += 1;
            }
            state.now = state.now.max(account.ended_at.or(account.started_at).unwrap_or_default());
        }
        state.info = Some(RunInfo { accounts: accounts.iter().map(|account| account.info.clone()).collect(), ..info });
        state.accounts = accounts;
        state
    }
}

impl AccountState {
    /// The same without what is only known of each folder: the sums stay. Of a hundred thousand accounts the folders fill the memory.
    pub fn without_folders(mut self) -> Self {
        self.folders = Vec::new();
        self.left_out = Vec::new();
        self
    }

    /// The same by a clock that began `milliseconds` later.
    pub fn earlier_by(mut self, milliseconds: i64) -> Self {
        for at in [&mut self.started_at, &mut self.ended_at].into_iter().flatten() {
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
