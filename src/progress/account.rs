//! An account and its folders in a run, as part of the fold.

use super::{AccountEnd, AccountInfo, ItemTally, Skip, Step, Tally, UserState, Wait};
use crate::domain::{FolderId, FolderPath, LeftOut, Mapping, Problem, Reach, Severity};
use serde::{Deserialize, Serialize};

/// A folder in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FolderState {
    /// Its name on the source.
    pub source: FolderPath,
    /// Its name on the target.
    pub target: FolderPath,
    /// How that name was chosen.
    pub mapping: Mapping,
    /// Whether its messages were counted.
    pub counted: bool,
    /// The tally of its messages.
    pub tally: Tally,
    /// The number of messages in the target folder at the end, if known.
    pub target_messages: Option<u64>,
    /// Whether it reached its end.
    pub finished: bool,
}

/// An account in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountState {
    /// Its address, name and line.
    pub info: AccountInfo,
    /// Its state in Kerio Connect before the run.
    #[serde(rename = "standing")]
    pub user_state: Option<UserState>,
    /// Whether this run created the user.
    pub created: bool,
    /// The current step of its worker.
    pub step: Step,
    /// The wait that it is in.
    pub waiting: Option<Wait>,
    /// Whether the user skipped it.
    #[serde(default)]
    pub skip: Skip,
    /// Its folders, in the order of their ids.
    pub folders: Vec<FolderState>,
    /// Folders that are not copied.
    pub left_out: Vec<LeftOut>,
    /// Its problems in the order met, at most [`AccountState::PROBLEMS_KEPT`].
    pub problems: Vec<(Option<FolderId>, Problem)>,
    /// The number of further problems.
    pub problems_not_kept: u64,
    /// The tally of its messages, over all folders.
    pub tally: Tally,
    /// The tally of its events, tasks and contacts.
    pub items: ItemTally,
    /// When its worker began, in milliseconds of the run.
    pub started_at: Option<u64>,
    /// When it ended, in milliseconds of the run.
    pub ended_at: Option<u64>,
    /// How it ended.
    pub end: Option<AccountEnd>,
    /// The machine that works on it, or did last; empty if one machine does everything.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub machine: String,
    /// Whether all of its folders are counted, for an account whose `folders` are left out.
    #[serde(default)]
    pub counted: bool,
}

impl AccountState {
    /// At most this many problems of one account are kept: a mailbox in which every message fails must not fill the memory.
    pub const PROBLEMS_KEPT: usize = 1000;

    /// An account that no worker has taken up.
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

    /// The folder with this id.
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

    /// Whether its contents were counted.
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
