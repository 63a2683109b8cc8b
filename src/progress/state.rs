//! The fold: the state of a run after its events so far, and the only counters in the program.
//!
//! Promises that the same events in the same order give the same state. Window, report, `--json` and exit code all read it.

use super::counts::shift;
use super::sums::Sums;
use super::{
    AccountEnd, AccountState, Counts, Event, FolderState, ItemTally, Rate, RunInfo, RunKind, Skip, Stamped, Tally,
    UserState, Wait,
};
use crate::domain::{AccountId, FolderId, Mapping, Problem, Reach, Severity, Side};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The outcome of a run, in one word.
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
    /// The facts known at its start; none before.
    pub info: Option<RunInfo>,
    /// The accounts, in the order of their ids.
    pub accounts: Vec<AccountState>,
    /// Product and version of the servers reached.
    pub products: BTreeMap<Side, String>,
    /// Seats of Kerio Connect's licence before the run: used and all; the latter is none if there is no limit.
    pub seats: Option<(u32, Option<u32>)>,
    /// Domains created.
    pub domains_created: Vec<String>,
    /// The port change in force: service, port before, port now.
    pub port_changed: Option<(String, u16, u16)>,
    /// The port changes that were undone: service, port before and again now, port meanwhile.
    pub ports_restored: Vec<(String, u16, u16)>,
    /// Problems of the whole run.
    pub problems: Vec<Problem>,
    /// The tally of all messages.
    pub tally: Tally,
    /// The tally of all events, tasks and contacts.
    pub items: ItemTally,
    /// The number of accounts by their end.
    pub ended: BTreeMap<&'static str, u32>,
    /// The rate of copying over time, or of comparing if nothing is copied.
    pub rate: Rate,
    /// Milliseconds of the run at the last event.
    pub now: u64,
    /// Each account's size according to an earlier check; see `whole`.
    pub(super) known_sizes: Vec<Option<Counts>>,
    /// The sums over all accounts; see `sums`.
    pub(super) sums: OnceLock<Sums>,
    /// Grows with every change.
    pub(super) revision: u64,
    /// Whether several machines work on it, so that each account has its machine.
    pub is_fleet: bool,
    /// Whether it is paused.
    pub paused: bool,
    /// Whether the user asked to stop.
    pub stop_requested: bool,
    /// Whether it has ended.
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
                    // Its worker began before it knew of the skip.
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
                // It comes again at the end of the mailbox, once the target was asked.
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

    /// A number that changes with every change of the state, so that results derived from it can be kept.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Discards the sums over the accounts after a change.
    pub(super) fn changed(&mut self) {
        self.revision += 1;
        self.sums.take();
    }

    /// The account with this id.
    pub fn account(&self, id: AccountId) -> Option<&AccountState> {
        self.accounts.get(id.index())
    }

    /// How many accounts ended in this way.
    pub fn count_ended(&self, end: AccountEnd) -> u32 {
        self.ended.get(end_word(end)).copied().unwrap_or(0)
    }

    /// How many accounts no worker began.
    pub fn count_not_started(&self) -> u32 {
        self.sums().not_started
    }

    /// How many accounts the user skipped.
    pub fn count_skipped(&self) -> u32 {
        self.sums().number_skipped
    }

    /// The free seats of the licence and the new users that need one, if the seats are too few; only accounts that were looked up count.
    pub fn missing_seats(&self) -> Option<(u64, u64)> {
        let (used, allowed) = self.seats?;
        let free = u64::from(allowed?.saturating_sub(used));
        let is_new = |user_state| matches!(user_state, Some(UserState::WillBeCreated | UserState::DomainWillBeCreated));
        let new = self.accounts.iter().filter(|account| is_new(account.user_state)).count() as u64;
        (new > free).then_some((free, new))
    }

    /// The outcome of the run.
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
mod tests;
