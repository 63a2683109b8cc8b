//! The events of a run: facts in the past tense, with ids and numbers, never formatted text, bodies or secrets.

use crate::domain::{AccountId, BadLine, FolderId, FolderPath, LeftOut, PlannedFolder, Problem, Side};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// An event with the moment it happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stamped {
    /// Milliseconds since the run started, by a clock that never goes back.
    pub at: u64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What a run does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    /// Signs in on both sides and counts; changes nothing.
    Check,
    /// Copies.
    Migrate,
    /// Compares source and target; changes nothing.
    Verify,
}

/// How what arrived is compared with what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verify {
    /// Every message is read back from the target and its content compared.
    #[default]
    Content,
    /// The sizes are compared.
    Size,
    /// The target's word is taken.
    None,
}

/// What is known when a run starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    /// What it does.
    pub kind: RunKind,
    /// When, in local time, RFC 3339.
    pub started: String,
    /// The source as typed.
    pub source: String,
    /// The target as typed.
    pub target: String,
    /// Mailboxes at a time.
    pub jobs: u32,
    /// How what arrives is compared.
    #[serde(default)]
    pub verify: Verify,
    /// Where report.txt and debug.log are.
    pub log_folder: PathBuf,
    /// The accounts, in the order of their ids.
    pub accounts: Vec<AccountInfo>,
    /// The lines of the CSV that could not be used.
    pub bad_lines: Vec<BadLine>,
}

/// An account as far as progress needs to know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountInfo {
    /// The address.
    pub address: String,
    /// The person's name; may be empty.
    pub full_name: String,
    /// The line of the CSV.
    pub line: u32,
    /// The address on the target, when it is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_address: Option<String>,
}

/// What a worker does now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "step", content = "folder")]
pub enum Step {
    /// Nothing yet.
    Waiting,
    /// Looking up or creating the user in Kerio Connect.
    CreatingAccount,
    /// Signing in on the source or the target.
    SigningIn,
    /// Listing the folders and planning.
    Listing,
    /// Reading which messages a folder holds, and comparing with the target where the ledger cannot tell.
    Scanning(FolderId),
    /// Copying a folder.
    Copying(FolderId),
    /// Comparing what stands on the target with what was sent.
    Checking(FolderId),
}

/// How an account stands in Kerio Connect before its mailbox starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The user exists and is left as it is.
    Exists,
    /// The domain exists; the user will be created.
    WillBeCreated,
    /// The domain and the user will be created.
    DomainWillBeCreated,
    /// It cannot be migrated as it is; a problem says why.
    Cannot,
}

/// How an account ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountEnd {
    /// Every message of the source stands on the target.
    Complete,
    /// It went to its end, and something is missing; the problems name it.
    Incomplete,
    /// It could not go on; a problem says why.
    Failed,
    /// The user stopped the run in the middle of it.
    Stopped,
}

/// One fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// The run began.
    RunStarted(RunInfo),
    /// A server was reached and said what it is.
    ServerReached {
        /// Which.
        side: Side,
        /// Product and version as the server says, made printable.
        product: String,
    },
    /// Kerio Connect's IMAP service was set to another port.
    PortChanged {
        /// `IMAP` or `Secure IMAP`.
        service: String,
        /// The port before.
        from: u16,
        /// The port now.
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
    /// A worker took up an account.
    AccountStarted {
        /// Which.
        account: AccountId,
    },
    /// The account was looked up in Kerio Connect.
    AccountLookedUp {
        /// Which.
        account: AccountId,
        /// How it stands there.
        standing: Standing,
    },
    /// The user was created in Kerio Connect.
    UserCreated {
        /// Which.
        account: AccountId,
    },
    /// A worker began something else.
    Stepped {
        /// For which account.
        account: AccountId,
        /// What it does now.
        #[serde(flatten)]
        step: Step,
    },
    /// The folders were listed and given their targets.
    FoldersPlanned {
        /// Of which account.
        account: AccountId,
        /// In the order of their ids.
        folders: Vec<PlannedFolder>,
        /// What is not copied.
        left_out: Vec<LeftOut>,
    },
    /// A folder goes under another name than planned, because the target refused that one.
    FolderRenamed {
        /// Of which account.
        account: AccountId,
        /// Which.
        folder: FolderId,
        /// Where it goes.
        target: FolderPath,
    },
    /// A folder's messages were counted. May come again with better numbers; the last one holds.
    FolderCounted {
        /// Of which account.
        account: AccountId,
        /// Which.
        folder: FolderId,
        /// Messages on the source.
        messages: u64,
        /// Their size in octets, if known.
        bytes: Option<u64>,
    },
    /// Messages were found on the target from an earlier run, or equal in content.
    MessagesFound {
        /// Of which account.
        account: AccountId,
        /// In which folder.
        folder: FolderId,
        /// How many.
        messages: u64,
        /// Their size in octets.
        bytes: u64,
    },
    /// Messages were copied: the target has confirmed them.
    MessagesCopied {
        /// Of which account.
        account: AccountId,
        /// In which folder.
        folder: FolderId,
        /// How many.
        messages: u64,
        /// Their size in octets.
        bytes: u64,
    },
    /// Messages on the target were compared with what was sent, or with the source, and are right.
    MessagesChecked {
        /// Of which account.
        account: AccountId,
        /// In which folder.
        folder: FolderId,
        /// How many.
        messages: u64,
        /// Their size in octets.
        bytes: u64,
    },
    /// Messages were deleted on the source while we worked.
    MessagesVanished {
        /// Of which account.
        account: AccountId,
        /// In which folder.
        folder: FolderId,
        /// How many.
        messages: u64,
    },
    /// Messages are not copied because of the user's rules.
    MessagesLeftOut {
        /// Of which account.
        account: AccountId,
        /// In which folder.
        folder: FolderId,
        /// How many.
        messages: u64,
    },
    /// A folder came to its end.
    FolderFinished {
        /// Of which account.
        account: AccountId,
        /// Which.
        folder: FolderId,
        /// How many messages the target's folder holds now, if it could be asked.
        target_messages: Option<u64>,
    },
    /// Something went wrong or is worth knowing.
    ProblemMet {
        /// In which account; none for the run.
        account: Option<AccountId>,
        /// In which folder; none for the whole account.
        folder: Option<FolderId>,
        /// What.
        problem: Problem,
    },
    /// A worker waits for a server.
    WaitStarted {
        /// For which account.
        account: AccountId,
        /// Which server.
        side: Side,
        /// Until the next try.
        seconds: u64,
    },
    /// The wait ended.
    WaitEnded {
        /// For which account.
        account: AccountId,
    },
    /// An account came to its end.
    AccountFinished {
        /// Which.
        account: AccountId,
        /// How.
        end: AccountEnd,
    },
    /// The user paused the run.
    Paused,
    /// The user let it go on.
    Continued,
    /// The user asked to stop.
    StopRequested,
    /// The run ended; nothing comes after this.
    RunFinished,
}
