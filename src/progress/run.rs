//! What a run does, and the words for what happens in it: steps, waits, ends.

use super::MigrationInfo;
use crate::domain::{BadLine, FolderId};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What a run does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunKind {
    /// Signs in on both sides and counts. Changes nothing.
    Check,
    /// Copies the mailboxes.
    Migrate,
    /// Compares source and target. Changes nothing.
    Verify,
}

/// How stored messages are compared with what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verify {
    /// Each message is read back from the target and its content compared.
    #[default]
    Content,
    /// Only the sizes are compared.
    Size,
    /// Nothing is compared; the target's confirmation counts.
    None,
}

/// What is known about a run at its start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    /// Check, migrate or verify.
    pub kind: RunKind,
    /// When it started: local time, RFC 3339.
    pub started: String,
    /// The source as typed.
    pub source: String,
    /// The target as typed.
    pub target: String,
    /// How many mailboxes are worked on at a time.
    pub jobs: u32,
    /// How messages are compared.
    #[serde(default)]
    pub verify: Verify,
    /// The folder of report.txt and debug.log.
    pub log_folder: PathBuf,
    /// The accounts, in the order of their ids.
    pub accounts: Vec<AccountInfo>,
    /// Lines of the CSV that cannot be used.
    pub bad_lines: Vec<BadLine>,
    /// The migration that the run belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migration: Option<MigrationInfo>,
}

/// The data of an account for events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountInfo {
    /// The address.
    pub address: String,
    /// The person's name; may be empty.
    pub full_name: String,
    /// Its line in the CSV.
    pub line: u32,
    /// The address on the target, if it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_address: Option<String>,
}

/// A worker's current step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "step", content = "folder")]
pub enum Step {
    /// It has not begun.
    Waiting,
    /// Looking up or creating the user in Kerio Connect.
    CreatingAccount,
    /// Signing in on the source or the target.
    SigningIn,
    /// Listing the folders and planning.
    Listing,
    /// Reading which messages a folder holds, and comparing with the target if the ledger does not know.
    Scanning(FolderId),
    /// Opening a folder at which a connection was lost before: after all others, alone, for up to [`Step::MINUTES_ALONE`].
    OpeningLast(FolderId),
    /// Copying a folder.
    Copying(FolderId),
    /// Working on calendars, contacts and tasks.
    CopyingItems,
    /// Comparing the messages on the target with what was sent.
    Checking(FolderId),
}

impl Step {
    /// How many minutes a server may take to open a folder, or to deliver a message, that comes last.
    pub const MINUTES_ALONE: u64 = 10;
}

/// The state of an account in Kerio Connect before its mailbox starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserState {
    /// The user exists and is never changed.
    Exists,
    /// The domain exists; the user will be created.
    WillBeCreated,
    /// The domain and the user will be created.
    DomainWillBeCreated,
    /// The account cannot be migrated; a problem says why.
    Cannot,
}

/// Why a worker waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitReason {
    /// The server cannot be reached, or failed.
    #[default]
    ServerFailed,
    /// The server asks for it.
    ServerAsked,
    /// We choose to wait, so that the server does not block this computer. *Try now* does not shorten it.
    OwnChoice,
}

/// How an account ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountEnd {
    /// Every message of the source is on the target.
    Complete,
    /// It reached its end and something is missing; the problems name it.
    Incomplete,
    /// It could not continue; a problem says why.
    Failed,
    /// The user stopped the run before the account's end.
    Stopped,
}
