//! What a run is asked to do, and the words for what happens in it: steps, waits, ends.

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
    /// Copies.
    Migrate,
    /// Compares source and target. Changes nothing.
    Verify,
}

/// How what arrived is compared with what was sent.
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

/// What is known when a run starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunInfo {
    /// What the run does.
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
    /// Where report.txt and debug.log are.
    pub log_folder: PathBuf,
    /// The accounts, in the order of their ids.
    pub accounts: Vec<AccountInfo>,
    /// The lines of the CSV that cannot be used.
    pub bad_lines: Vec<BadLine>,
    /// The migration that the run is a part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migration: Option<MigrationInfo>,
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
    /// It has not begun.
    Waiting,
    /// Looking up or creating the user in Kerio Connect.
    CreatingAccount,
    /// Signing in on the source or the target.
    SigningIn,
    /// Listing the folders and planning.
    Listing,
    /// Reading which messages a folder holds, and comparing with the target where the ledger does not say.
    Scanning(FolderId),
    /// Opening a folder at which a connection was lost before: after all others, alone, and for as long as [`Step::MINUTES_ALONE`].
    OpeningLast(FolderId),
    /// Copying a folder.
    Copying(FolderId),
    /// Working on calendars, contacts and tasks.
    CopyingItems,
    /// Comparing the messages on the target with what was sent.
    Checking(FolderId),
}

impl Step {
    /// How many minutes a server may take to open a folder, or for a message, that comes last.
    pub const MINUTES_ALONE: u64 = 10;
}

/// The state of an account in Kerio Connect before its mailbox starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserState {
    /// The user exists and is left as it is.
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
    /// By our own choice, so that the server does not lock this computer out. No impatience shortens it.
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
    /// The user stopped the run before its end.
    Stopped,
}
