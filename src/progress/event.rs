//! The events of a run: facts in the past tense, as ids, numbers and names. They hold no sentence of ours, no message body and no
//! secret.

use super::{AccountEnd, AccountInfo, Counts, Followed, RunInfo, Step, UserState, WaitReason};
use crate::domain::{
    AccountId, FolderId, FolderPath, ItemKind, ItemOutcome, LeftOut, PlannedFolder, Problem, Side,
    foreign_without_secrets, printable,
};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// An event with its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stamped {
    /// Milliseconds since the run started, on a clock that never goes back.
    pub at: u64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// One fact, in the past tense.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// The run began.
    RunStarted(RunInfo),
    /// A server answered and named its product.
    ServerReached {
        /// The server's side.
        side: Side,
        /// Product and version as the server names them.
        product: String,
    },
    /// The seats of Kerio Connect's licence were counted.
    SeatsCounted {
        /// Seats in use.
        used: u32,
        /// All seats; none if there is no limit.
        allowed: Option<u32>,
    },
    /// Kerio Connect's IMAP service was set to another port.
    PortChanged {
        /// `IMAP` or `Secure IMAP`.
        service: String,
        /// The port before.
        from: u16,
        /// The new port.
        to: u16,
    },
    /// The port was put back.
    PortRestored {
        /// `IMAP` or `Secure IMAP`.
        service: String,
        /// The port now.
        port: u16,
    },
    /// A domain was created in Kerio Connect.
    DomainCreated {
        /// Its name.
        domain: String,
    },
    /// An account joined the run after its start; it gets the next id.
    AccountJoined(AccountInfo),
    /// A worker took up an account.
    AccountStarted {
        /// The account.
        account: AccountId,
    },
    /// The account was looked up in Kerio Connect.
    AccountLookedUp {
        /// The account.
        account: AccountId,
        /// Its state there.
        #[serde(rename = "standing")]
        user_state: UserState,
    },
    /// The user was created in Kerio Connect.
    UserCreated {
        /// The account.
        account: AccountId,
    },
    /// A worker began another step.
    Stepped {
        /// The account.
        account: AccountId,
        /// The new step.
        #[serde(flatten)]
        step: Step,
    },
    /// The folders were listed and mapped to the target.
    FoldersPlanned {
        /// The account.
        account: AccountId,
        /// The folders, in the order of their ids.
        folders: Vec<PlannedFolder>,
        /// The folders that are not copied.
        left_out: Vec<LeftOut>,
    },
    /// A folder got a different name than planned, because the target refused that one.
    FolderRenamed {
        /// The account.
        account: AccountId,
        /// The folder of that account.
        folder: FolderId,
        /// Its name on the target.
        target: FolderPath,
    },
    /// A folder's messages were counted. A later event for the same folder replaces the numbers.
    FolderCounted {
        /// The account.
        account: AccountId,
        /// The folder of that account.
        folder: FolderId,
        /// Messages on the source.
        messages: u64,
        /// Their size in bytes, if known.
        bytes: Option<u64>,
    },
    /// Messages were found on the target from an earlier run, or equal in content.
    MessagesFound {
        /// The account.
        account: AccountId,
        /// The folder of that account.
        folder: FolderId,
        /// The number of messages.
        messages: u64,
        /// Their size in bytes.
        bytes: u64,
        /// How many of them an earlier run compared with what was sent.
        #[serde(default)]
        compared: u64,
    },
    /// Messages were copied: the target has confirmed them.
    MessagesCopied {
        /// The account.
        account: AccountId,
        /// The folder of that account.
        folder: FolderId,
        /// The number of messages.
        messages: u64,
        /// Their size in bytes.
        bytes: u64,
    },
    /// Fewer messages of a folder are on the target than were reported; these numbers replace the earlier ones. Some were lost there and
    /// sent again, or are not on the source any more.
    MessagesRecounted {
        /// The account.
        account: AccountId,
        /// The folder of that account.
        folder: FolderId,
        /// Messages that were found on the target.
        found: Counts,
        /// Messages that this run copied.
        copied: Counts,
    },
    /// Messages on the target were compared with what was sent, or with the source, and are equal.
    MessagesChecked {
        /// The account.
        account: AccountId,
        /// The folder of that account.
        folder: FolderId,
        /// The number of messages.
        messages: u64,
        /// Their size in bytes.
        bytes: u64,
    },
    /// Messages were deleted on the source during the run.
    MessagesVanished {
        /// The account.
        account: AccountId,
        /// The folder of that account.
        folder: FolderId,
        /// The number of messages.
        messages: u64,
    },
    /// Changes that people made on the source since an earlier run were brought to the target, or found and left.
    ChangesFollowed {
        /// The account.
        account: AccountId,
        /// The folder of that account; none if the source has that folder no more.
        folder: Option<FolderId>,
        /// The numbers of messages.
        #[serde(flatten)]
        followed: Followed,
    },
    /// The user's rules leave messages out.
    MessagesLeftOut {
        /// The account.
        account: AccountId,
        /// The folder of that account.
        folder: FolderId,
        /// The number of messages.
        messages: u64,
    },
    /// The events, tasks and contacts on the source were counted. May come again; the last one counts.
    ItemsCounted {
        /// The account.
        account: AccountId,
        /// The number of events; a series counts once.
        events: u64,
        /// The number of tasks.
        tasks: u64,
        /// The number of contacts.
        contacts: u64,
    },
    /// The outcome of some items is known.
    ItemsSettled {
        /// The account.
        account: AccountId,
        /// Their kind.
        kind: ItemKind,
        /// Their outcome.
        outcome: ItemOutcome,
        /// The number of items.
        items: u64,
    },
    /// A folder reached its end.
    FolderFinished {
        /// The account.
        account: AccountId,
        /// The folder of that account.
        folder: FolderId,
        /// The number of messages in the target folder, if known.
        target_messages: Option<u64>,
    },
    /// Something went wrong, or is worth knowing.
    ProblemMet {
        /// The account; none for a problem of the whole run.
        account: Option<AccountId>,
        /// The folder; none for a problem of the whole account.
        folder: Option<FolderId>,
        /// The problem.
        problem: Problem,
    },
    /// A worker waits for a server.
    WaitStarted {
        /// The account.
        account: AccountId,
        /// The server's side.
        side: Side,
        /// Seconds until the next attempt.
        seconds: u64,
        /// The reason.
        #[serde(default)]
        why: WaitReason,
    },
    /// The wait ended.
    WaitEnded {
        /// The account.
        account: AccountId,
    },
    /// An account reached its end.
    AccountFinished {
        /// The account.
        account: AccountId,
        /// How it ended.
        end: AccountEnd,
    },
    /// The user paused the run.
    Paused,
    /// The user continued the run.
    Continued,
    /// The user asked to stop.
    StopRequested,
    /// The user asked to skip an account: what is in flight is settled, then the other accounts come first.
    SkipRequested {
        /// The account.
        account: AccountId,
    },
    /// What was in flight for a skipped account is settled; nobody works on it.
    AccountSkipped {
        /// The account.
        account: AccountId,
    },
    /// The user continued an account that was skipped.
    SkipEnded {
        /// The account.
        account: AccountId,
    },
    /// The run ended. This is the last event.
    RunFinished,
}

impl Event {
    /// The event without secrets in a server's own words: names of folders, products and domains. A [`Problem`] loses them when it is made.
    pub fn without_secrets(mut self) -> Self {
        self.each_foreign(&|text: &mut String| {
            if let Cow::Owned(clean) = foreign_without_secrets(text) {
                *text = clean;
            }
        });
        self
    }

    /// The event with a server's own words as they may be shown. A [`Problem`] has them like this from the beginning.
    pub fn made_printable(mut self) -> Self {
        self.each_foreign(&|text: &mut String| *text = printable(text));
        self
    }

    /// Passes each text that is a server's own to `clean`.
    fn each_foreign(&mut self, clean: &dyn Fn(&mut String)) {
        let clean_path = |path: &mut FolderPath| path.0.iter_mut().for_each(clean);
        match self {
            Event::ServerReached { product, .. } => clean(product),
            Event::PortChanged { service, .. } | Event::PortRestored { service, .. } => clean(service),
            Event::DomainCreated { domain } => clean(domain),
            Event::FoldersPlanned { folders, left_out, .. } => {
                for planned in folders {
                    clean_path(&mut planned.source);
                    clean_path(&mut planned.target);
                }
                left_out.iter_mut().for_each(|left| clean(&mut left.folder));
            }
            Event::FolderRenamed { target, .. } => clean_path(target),
            Event::RunStarted(_)
            | Event::AccountJoined(_)
            | Event::SeatsCounted { .. }
            | Event::AccountStarted { .. }
            | Event::AccountLookedUp { .. }
            | Event::UserCreated { .. }
            | Event::Stepped { .. }
            | Event::FolderCounted { .. }
            | Event::MessagesFound { .. }
            | Event::MessagesCopied { .. }
            | Event::MessagesRecounted { .. }
            | Event::MessagesChecked { .. }
            | Event::MessagesVanished { .. }
            | Event::MessagesLeftOut { .. }
            | Event::ChangesFollowed { .. }
            | Event::ItemsCounted { .. }
            | Event::ItemsSettled { .. }
            | Event::FolderFinished { .. }
            | Event::ProblemMet { .. }
            | Event::WaitStarted { .. }
            | Event::WaitEnded { .. }
            | Event::AccountFinished { .. }
            | Event::Paused
            | Event::Continued
            | Event::StopRequested
            | Event::SkipRequested { .. }
            | Event::AccountSkipped { .. }
            | Event::SkipEnded { .. }
            | Event::RunFinished => {}
        }
    }
}
