//! The fold: the state of a run after its events so far, and the only counters in the program.
//!
//! Promises that the same events in the same order give the same state. Window, report, `--json` and exit code all read it.

use super::counts::shift;
use super::sums::Sums;
use super::{
    AccountEnd, AccountInfo, Counts, Event, ItemTally, Rate, RunInfo, RunKind, Skip, Stamped, Step, Tally, UserState,
    Wait,
};
use crate::domain::{AccountId, FolderId, FolderPath, LeftOut, Mapping, Problem, Reach, Severity, Side};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// A folder in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FolderState {
    /// Its name on the source.
    pub source: FolderPath,
    /// Its name on the target.
    pub target: FolderPath,
    /// Why it has that name.
    pub mapping: Mapping,
    /// Whether its messages have been counted.
    pub counted: bool,
    /// What became of its messages.
    pub tally: Tally,
    /// Messages in the target's folder at the end, if the target said.
    pub target_messages: Option<u64>,
    /// Whether it reached its end.
    pub finished: bool,
}

/// An account in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountState {
    /// Address, name, line.
    pub info: AccountInfo,
    /// Its state in Kerio Connect before the run.
    #[serde(rename = "standing")]
    pub user_state: Option<UserState>,
    /// Whether this run created the user.
    pub created: bool,
    /// What its worker does now.
    pub step: Step,
    /// What it waits for.
    pub waiting: Option<Wait>,
    /// Whether the user skipped it.
    #[serde(default)]
    pub skip: Skip,
    /// Its folders, in the order of their ids.
    pub folders: Vec<FolderState>,
    /// What is not copied.
    pub left_out: Vec<LeftOut>,
    /// Its problems in the order met, at most [`AccountState::PROBLEMS_KEPT`].
    pub problems: Vec<(Option<FolderId>, Problem)>,
    /// How many further problems there were.
    pub problems_not_kept: u64,
    /// What became of its messages, over all folders.
    pub tally: Tally,
    /// What became of its events, tasks and contacts.
    pub items: ItemTally,
    /// When its worker began, in milliseconds of the run.
    pub started_at: Option<u64>,
    /// When it ended, in milliseconds of the run.
    pub ended_at: Option<u64>,
    /// How it ended.
    pub end: Option<AccountEnd>,
    /// The machine that works on it, or did last; empty where one machine does everything.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub machine: String,
    /// Whether all of its folders are counted, where `folders` does not say so because they are left out.
    #[serde(default)]
    pub counted: bool,
}

impl AccountState {
    /// At most this many problems of one account: a mailbox in which every message fails must not fill the memory.
    pub const PROBLEMS_KEPT: usize = 1000;

    /// One that no worker has taken up.
    pub fn new(info: AccountInfo) -> Self {
        Self {
            info,
            user_state: None,
            created: false,
            step: Step::Waiting,
            waiting: None,
            skip: Skip::No,
            folders: Vec::new(),
            left_out: Vec::new(),
            problems: Vec::new(),
            problems_not_kept: 0,
            tally: Tally::default(),
            items: ItemTally::default(),
            started_at: None,
            ended_at: None,
            end: None,
            machine: String::new(),
            counted: false,
        }
    }

    /// The folder of that id.
    pub fn folder(&self, id: FolderId) -> Option<&FolderState> {
        self.folders.get(id.index())
    }

    /// The problem that stopped the mailbox, if one did.
    pub fn failure(&self) -> Option<&Problem> {
        self.problems
            .iter()
            .map(|(_, problem)| problem)
            .rev()
            .find(|problem| problem.severity() == Severity::Error && problem.reach() >= Reach::Mailbox)
    }

    /// Whether it is known what it holds.
    pub fn is_counted(&self) -> bool {
        self.counted || (!self.folders.is_empty() && self.folders.iter().all(|folder| folder.counted))
    }

    /// Whether a worker is working on it.
    pub fn is_running(&self) -> bool {
        self.started_at.is_some() && self.end.is_none() && self.skip != Skip::Skipped
    }

    /// Whether the user skipped it, nobody works on it, and it came to no end of its own.
    pub fn is_skipped(&self) -> bool {
        self.skip == Skip::Skipped && matches!(self.end, None | Some(AccountEnd::Stopped))
    }
}

/// What a run came to, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It has not ended.
    Running,
    /// Every account is complete.
    AllComplete,
    /// It reached its end and something is missing.
    SomeIncomplete,
    /// The user stopped it before its end.
    Stopped,
    /// It could not start; a problem of the run says why.
    CouldNotStart,
}

/// The state of a run.
#[derive(Debug, Clone, Default)]
pub struct RunState {
    /// What is known since the start; none before.
    pub info: Option<RunInfo>,
    /// The accounts, in the order of their ids.
    pub accounts: Vec<AccountState>,
    /// Product and version of the servers reached.
    pub products: BTreeMap<Side, String>,
    /// Seats of Kerio Connect's licence before the run, used and in all; none in all when there is no limit.
    pub seats: Option<(u32, Option<u32>)>,
    /// Domains created.
    pub domains_created: Vec<String>,
    /// The port change in force: service, port before, port now.
    pub port_changed: Option<(String, u16, u16)>,
    /// The port changes that were undone: service, port before and now, port meanwhile.
    pub ports_restored: Vec<(String, u16, u16)>,
    /// Problems of the whole run.
    pub problems: Vec<Problem>,
    /// What became of all messages.
    pub tally: Tally,
    /// What became of all events, tasks and contacts.
    pub items: ItemTally,
    /// Accounts by how they ended.
    pub ended: BTreeMap<&'static str, u32>,
    /// The rate of copying over time, or of comparing where nothing is copied.
    pub rate: Rate,
    /// Milliseconds of the run at the last event.
    pub now: u64,
    /// Each account's size by an earlier check; see `whole`.
    pub(super) known_sizes: Vec<Option<Counts>>,
    /// What is summed over all accounts; see `sums`.
    pub(super) sums: OnceLock<Sums>,
    /// Grows with every change.
    pub(super) revision: u64,
    /// Whether several machines work on it, so that each account has its machine.
    pub is_fleet: bool,
    /// Whether it is paused.
    pub paused: bool,
    /// Whether the user asked to stop.
    pub stop_requested: bool,
    /// Whether it ended.
    pub finished: bool,
}

impl RunState {
    /// The state after all of `events`.
    pub fn replay<'a>(events: impl IntoIterator<Item = &'a Stamped>) -> Self {
        let mut state = Self::default();
        for event in events {
            state.apply(event);
        }
        state
    }

    /// Applies one event. An event about an unknown account or folder changes nothing.
    pub fn apply(&mut self, stamped: &Stamped) {
        self.changed();
        self.now = self.now.max(stamped.at);
        let now = self.now;
        match &stamped.event {
            Event::RunStarted(info) => {
                self.accounts = info.accounts.iter().cloned().map(AccountState::new).collect();
                self.info = Some(info.clone());
            }
            Event::AccountJoined(account) => {
                self.accounts.push(AccountState::new(account.clone()));
                if let Some(info) = &mut self.info {
                    info.accounts.push(account.clone());
                }
            }
            Event::ServerReached { side, product } => {
                self.products.insert(*side, product.clone());
            }
            Event::SeatsCounted { used, allowed } => self.seats = Some((*used, *allowed)),
            Event::PortChanged { service, from, to } => self.port_changed = Some((service.clone(), *from, *to)),
            Event::PortRestored { .. } => self.ports_restored.extend(self.port_changed.take()),
            Event::DomainCreated { domain } => self.domains_created.push(domain.clone()),
            Event::AccountStarted { account } => self.with(*account, |it, _| {
                it.started_at = Some(now);
                if it.skip == Skip::Skipped {
                    // Its worker took it up before it knew.
                    it.skip = Skip::Requested;
                }
            }),
            Event::AccountLookedUp { account, user_state } => {
                self.with(*account, |it, _| it.user_state = Some(*user_state))
            }
            Event::UserCreated { account } => self.with(*account, |it, _| it.created = true),
            Event::Stepped { account, step } => self.with(*account, |it, _| it.step = *step),
            Event::FoldersPlanned { account, folders, left_out } => self.with(*account, |it, _| {
                it.folders = folders
                    .iter()
                    .map(|planned| FolderState {
                        source: planned.source.clone(),
                        target: planned.target.clone(),
                        mapping: planned.mapping,
                        counted: false,
                        tally: Tally::default(),
                        target_messages: None,
                        finished: false,
                    })
                    .collect();
                it.left_out = left_out.clone();
            }),
            Event::FolderRenamed { account, folder, target } => self.with_folder(*account, *folder, |it| {
                it.target = target.clone();
                it.mapping = Mapping::Adapted;
            }),
            Event::FolderCounted { account, folder, messages, bytes } => {
                self.tally_folder(*account, *folder, |tally| {
                    let bytes = bytes.unwrap_or(tally.expected.bytes);
                    tally.expected = Counts { messages: *messages, bytes };
                });
                self.with_folder(*account, *folder, |it| it.counted = true);
            }
            Event::MessagesFound { account, folder, messages, bytes, compared } => {
                self.tally_folder(*account, *folder, |tally| {
                    tally.found.add(*messages, *bytes);
                    tally.compared_before += compared.min(messages);
                });
            }
            Event::MessagesCopied { account, folder, messages, bytes } => {
                self.rate.add(now, *messages, *bytes);
                self.tally_folder(*account, *folder, |tally| tally.copied.add(*messages, *bytes));
            }
            Event::MessagesRecounted { account, folder, found, copied } => {
                self.tally_folder(*account, *folder, |tally| {
                    (tally.found, tally.copied) = (*found, *copied);
                    tally.compared_before = tally.compared_before.min(found.messages);
                });
            }
            Event::MessagesChecked { account, folder, messages, bytes } => {
                if self.info.as_ref().is_some_and(|info| info.kind == RunKind::Verify) {
                    self.rate.add(now, *messages, *bytes);
                }
                self.tally_folder(*account, *folder, |tally| tally.checked.add(*messages, *bytes));
            }
            Event::MessagesVanished { account, folder, messages } => {
                self.tally_folder(*account, *folder, |tally| tally.vanished += messages);
            }
            Event::MessagesLeftOut { account, folder, messages } => {
                self.tally_folder(*account, *folder, |tally| tally.left_out += messages);
            }
            Event::ChangesFollowed { account, folder, followed } => {
                let Some(folder) = folder else {
                    return self.with(*account, |it, whole| {
                        it.tally.followed.add(followed);
                        whole.followed.add(followed);
                    });
                };
                self.tally_folder(*account, *folder, |tally| tally.followed.add(followed));
            }
            Event::ItemsCounted { account, events, tasks, contacts } => {
                let Some(state) = self.accounts.get_mut(account.index()) else { return };
                let (before, counts) = (state.items, (*events, *tasks, *contacts));
                state.items.count(&before, counts);
                self.items.count(&before, counts);
            }
            Event::ItemsSettled { account, outcome, items, .. } => {
                let Some(state) = self.accounts.get_mut(account.index()) else { return };
                state.items.settle(*outcome, *items);
                self.items.settle(*outcome, *items);
            }
            Event::FolderFinished { account, folder, target_messages } => self.with_folder(*account, *folder, |it| {
                it.finished = true;
                // Comes again at the end of the mailbox, when the target has been asked.
                it.target_messages = target_messages.or(it.target_messages);
            }),
            Event::ProblemMet { account, folder, problem } => self.take_problem(*account, *folder, problem),
            Event::WaitStarted { account, side, seconds, why } => {
                let wait = Wait { side: *side, until: now + seconds * 1000, why: *why };
                self.with(*account, |it, _| it.waiting = Some(wait));
            }
            Event::WaitEnded { account } => self.with(*account, |it, _| it.waiting = None),
            Event::AccountFinished { account, end } => {
                self.with(*account, |it, _| {
                    it.end = Some(*end);
                    it.ended_at = Some(now);
                    it.waiting = None;
                    if it.skip == Skip::Requested {
                        it.skip = if *end == AccountEnd::Stopped { Skip::Skipped } else { Skip::No };
                    }
                });
                *self.ended.entry(end_word(*end)).or_default() += 1;
            }
            Event::Paused => {
                self.paused = true;
                self.rate.pause(now);
            }
            Event::Continued => {
                self.paused = false;
                self.rate.resume(now);
            }
            Event::StopRequested => self.stop_requested = true,
            Event::SkipRequested { account } => self.with(*account, |it, _| {
                it.skip = if it.started_at.is_none() { Skip::Skipped } else { Skip::Requested };
            }),
            Event::AccountSkipped { account } => self.with(*account, |it, _| {
                it.skip = Skip::Skipped;
                it.waiting = None;
            }),
            Event::SkipEnded { account } => self.with(*account, |it, _| it.skip = Skip::No),
            Event::RunFinished => self.finished = true,
        }
    }

    /// A number that is another one after every change, so that whatever is made of the state need not be made again.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// What was summed over the accounts no longer holds.
    pub(super) fn changed(&mut self) {
        self.revision += 1;
        self.sums.take();
    }

    /// The account of that id.
    pub fn account(&self, id: AccountId) -> Option<&AccountState> {
        self.accounts.get(id.index())
    }

    /// How many accounts ended that way.
    pub fn count_ended(&self, end: AccountEnd) -> u32 {
        self.ended.get(end_word(end)).copied().unwrap_or(0)
    }

    /// How many accounts no worker began.
    pub fn count_not_started(&self) -> u32 {
        self.sums().not_started
    }

    /// How many accounts the user skipped.
    pub fn count_skipped(&self) -> u32 {
        self.sums().skipped
    }

    /// The free seats of the licence and the new users that need one, if the seats are too few; counted of the accounts that were looked
    /// up.
    pub fn missing_seats(&self) -> Option<(u64, u64)> {
        let (used, allowed) = self.seats?;
        let free = u64::from(allowed?.saturating_sub(used));
        let is_new = |user_state| matches!(user_state, Some(UserState::WillBeCreated | UserState::DomainWillBeCreated));
        let new = self.accounts.iter().filter(|account| is_new(account.user_state)).count() as u64;
        (new > free).then_some((free, new))
    }

    /// What the run came to.
    pub fn verdict(&self) -> Verdict {
        if !self.finished {
            return Verdict::Running;
        }
        if self.problems.iter().any(|problem| problem.severity() == Severity::Error)
            && self.sums().not_started as usize == self.accounts.len()
        {
            return Verdict::CouldNotStart;
        }
        if self.count_ended(AccountEnd::Complete) as usize == self.accounts.len() {
            Verdict::AllComplete
        } else if self.stop_requested {
            Verdict::Stopped
        } else {
            Verdict::SomeIncomplete
        }
    }

    fn with(&mut self, account: AccountId, change: impl FnOnce(&mut AccountState, &mut Tally)) {
        if let Some(state) = self.accounts.get_mut(account.index()) {
            change(state, &mut self.tally);
        }
    }

    fn with_folder(&mut self, account: AccountId, folder: FolderId, change: impl FnOnce(&mut FolderState)) {
        self.with(account, |it, _| {
            if let Some(state) = it.folders.get_mut(folder.index()) {
                change(state);
            }
        });
    }

    /// Changes a folder's tally, and those of the account and the run by the same difference.
    fn tally_folder(&mut self, account: AccountId, folder: FolderId, change: impl FnOnce(&mut Tally)) {
        self.with(account, |it, whole| {
            let Some(state) = it.folders.get_mut(folder.index()) else { return };
            let before = state.tally;
            change(&mut state.tally);
            let after = state.tally;
            for sum in [&mut it.tally, whole] {
                shift(sum, &before, &after);
            }
        });
    }

    fn take_problem(&mut self, account: Option<AccountId>, folder: Option<FolderId>, problem: &Problem) {
        let Some(account) = account else {
            self.problems.push(problem.clone());
            return;
        };
        self.with(account, |it, _| {
            if it.problems.len() < AccountState::PROBLEMS_KEPT {
                it.problems.push((folder, problem.clone()));
            } else {
                it.problems_not_kept += 1;
            }
        });
        if let (Some(folder), Severity::Error, Reach::Message) = (folder, problem.severity(), problem.reach()) {
            self.tally_folder(account, folder, |tally| tally.failed += problem.count);
        }
    }
}

pub(super) fn end_word(end: AccountEnd) -> &'static str {
    match end {
        AccountEnd::Complete => "complete",
        AccountEnd::Incomplete => "incomplete",
        AccountEnd::Failed => "failed",
        AccountEnd::Stopped => "stopped",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{PlannedFolder, ProblemKind};

    const ANN: AccountId = AccountId(0);
    const INBOX: FolderId = FolderId(0);

    fn run(events: impl IntoIterator<Item = Event>) -> RunState {
        let info = RunInfo {
            kind: RunKind::Migrate,
            started: String::new(),
            source: "old".into(),
            target: "new".into(),
            jobs: 4,
            verify: Default::default(),
            log_folder: "/logs".into(),
            accounts: vec![AccountInfo {
                address: "ann@example.com".into(),
                full_name: String::new(),
                line: 1,
                target_address: None,
            }],
            bad_lines: Vec::new(),
            migration: None,
        };
        let inbox = FolderPath::new(["INBOX"]);
        let planned = PlannedFolder { source: inbox.clone(), target: inbox, mapping: Mapping::SameName };
        let start = [
            Event::RunStarted(info),
            Event::AccountStarted { account: ANN },
            Event::FoldersPlanned { account: ANN, folders: vec![planned], left_out: Vec::new() },
        ];
        let all: Vec<Stamped> =
            start.into_iter().chain(events).enumerate().map(|(at, event)| Stamped { at: at as u64, event }).collect();
        RunState::replay(&all)
    }

    #[test]
    fn a_later_count_replaces_an_earlier_one() {
        let counted = |messages, bytes| Event::FolderCounted { account: ANN, folder: INBOX, messages, bytes };
        let state = run([counted(10, Some(100)), counted(12, None)]);
        assert_eq!(state.tally.expected, Counts { messages: 12, bytes: 100 });
        assert_eq!(state.accounts[0].tally, state.tally);
    }

    #[test]
    fn a_message_that_failed_is_settled_and_keeps_the_account_from_being_complete() {
        let problem = Problem::new(ProblemKind::MessageRefused).in_folder("INBOX");
        let state = run([
            Event::FolderCounted { account: ANN, folder: INBOX, messages: 2, bytes: Some(20) },
            Event::MessagesCopied { account: ANN, folder: INBOX, messages: 1, bytes: 10 },
            Event::ProblemMet { account: Some(ANN), folder: Some(INBOX), problem },
            Event::AccountFinished { account: ANN, end: AccountEnd::Incomplete },
            Event::RunFinished,
        ]);
        assert_eq!((state.tally.settled(), state.tally.failed), (2, 1));
        assert_eq!(state.tally.fraction(), 1.0);
        assert_eq!(state.verdict(), Verdict::SomeIncomplete);
    }

    #[test]
    fn a_run_stopped_before_its_end_is_not_complete() {
        assert_eq!(run([Event::StopRequested, Event::RunFinished]).verdict(), Verdict::Stopped);
        assert_eq!(run([]).verdict(), Verdict::Running);
    }

    #[test]
    fn events_of_unknown_accounts_change_nothing() {
        let stray = Event::MessagesCopied { account: AccountId(9), folder: INBOX, messages: 1, bytes: 1 };
        assert_eq!(run([stray]).tally, Tally::default());
    }

    #[test]
    fn an_event_survives_its_way_through_json() {
        let event = Stamped { at: 5, event: Event::Stepped { account: ANN, step: Step::Copying(INBOX) } };
        let line = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<Stamped>(&line).unwrap(), event);
    }
}
