//! Gathers the writes of a process's mailboxes into one statement.

use crate::domain::RecordFault;
use crate::ledger::{LedgerError, Write};
use crossbeam_channel::Sender;
use postgres::types::ToSql;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// A write that waits.
pub(super) struct Pending {
    pub held: Held,
    pub write: Write,
    pub since: Instant,
    /// The caller that waits for it, if one does.
    pub answer: Option<Sender<Result<(), LedgerError>>>,
}

/// A mailbox that this process has taken.
#[derive(Clone)]
pub(super) struct Held {
    pub mailbox: i64,
    pub token: i64,
    /// Why a write that no caller waited for failed; the next write reports it.
    trouble: Arc<Mutex<Option<RecordFault>>>,
}

impl Held {
    pub fn new(mailbox: i64, token: i64) -> Self {
        Self { mailbox, token, trouble: Arc::default() }
    }

    pub fn note(&self, error: &LedgerError) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.get_or_insert_with(|| error.fault().clone());
    }

    pub fn check(&self) -> Result<(), LedgerError> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.clone().map_or(Ok(()), |fault| Err(LedgerError::new(fault)))
    }
}

impl Held {
    /// The outcome of a write for this mailbox, given the mailboxes that were still held.
    pub fn outcome(&self, held: &[i64]) -> (i64, Result<(), LedgerError>) {
        (
            self.mailbox,
            if held.contains(&self.mailbox) { Ok(()) } else { Err(LedgerError::new(RecordFault::TakenOver)) },
        )
    }
}

pub(super) type Answers = Vec<(Held, Sender<Result<(), LedgerError>>)>;

/// Joins the writes of each mailbox, and collects the callers that wait.
pub(super) fn gather(pending: Vec<Pending>) -> (BTreeMap<i64, (Held, Write)>, Answers) {
    let (mut mailboxes, mut answers) = (BTreeMap::new(), Vec::new());
    for Pending { held, write, answer, .. } in pending {
        answers.extend(answer.map(|answer| (held.clone(), answer)));
        let (_, gathered) = mailboxes.entry(held.mailbox).or_insert_with(|| (held, Write::default()));
        gathered.join(write);
    }
    (mailboxes, answers)
}

/// The columns of a write over all mailboxes.
#[derive(Default)]
pub(super) struct Columns<'w> {
    mailboxes: Vec<i64>,
    tokens: Vec<i64>,
    /// Mailboxes and folders that lose their blocks; `forgotten` has those that also lose their head.
    cleared: [Vec<i64>; 2],
    forgotten: [Vec<i64>; 2],
    heads: HeadColumns<'w>,
    blocks: BlockColumns<'w>,
    items: ItemColumns<'w>,
    withdrawn: WithdrawnColumns<'w>,
}

#[derive(Default)]
struct ItemColumns<'w> {
    mailboxes: Vec<i64>,
    collections: Vec<&'w str>,
    keys: Vec<&'w str>,
    contents: Vec<&'w str>,
    checksums: Vec<i64>,
}

#[derive(Default)]
struct WithdrawnColumns<'w> {
    mailboxes: Vec<i64>,
    collections: Vec<&'w str>,
    keys: Vec<&'w str>,
}

#[derive(Default)]
struct HeadColumns<'w> {
    mailboxes: Vec<i64>,
    folders: Vec<i64>,
    contents: Vec<&'w str>,
    checksums: Vec<i64>,
}

#[derive(Default)]
struct BlockColumns<'w> {
    mailboxes: Vec<i64>,
    folders: Vec<i64>,
    numbers: Vec<i64>,
    contents: Vec<&'w [u8]>,
    checksums: Vec<i64>,
}

impl<'w> Columns<'w> {
    pub fn of(writes: &[&'w (Held, Write)]) -> Self {
        let mut columns = Self::default();
        let Self { mailboxes, tokens, cleared, forgotten, heads, blocks, items, withdrawn } = &mut columns;
        for (Held { mailbox, token, .. }, write) in writes {
            mailboxes.push(*mailbox);
            tokens.push(*token);
            for folder in write.cleared.iter().chain(&write.forgotten) {
                cleared[0].push(*mailbox);
                cleared[1].push(*folder);
            }
            for folder in &write.forgotten {
                forgotten[0].push(*mailbox);
                forgotten[1].push(*folder);
            }
            for head in &write.heads {
                heads.mailboxes.push(*mailbox);
                heads.folders.push(head.folder);
                heads.contents.push(&head.content);
                heads.checksums.push(head.checksum);
            }
            for block in &write.blocks {
                blocks.mailboxes.push(*mailbox);
                blocks.folders.push(block.folder);
                blocks.numbers.push(block.number);
                blocks.contents.push(&block.content);
                blocks.checksums.push(block.checksum);
            }
            for item in &write.items {
                items.mailboxes.push(*mailbox);
                items.collections.push(&item.collection);
                items.keys.push(&item.key);
                items.contents.push(&item.content);
                items.checksums.push(item.checksum);
            }
            for (collection, key) in &write.withdrawn_items {
                withdrawn.mailboxes.push(*mailbox);
                withdrawn.collections.push(collection);
                withdrawn.keys.push(key);
            }
        }
        columns
    }

    /// The columns in the order of the statement's parameters.
    pub fn parameters(&self) -> [&(dyn ToSql + Sync); 23] {
        let Self { mailboxes, tokens, cleared, forgotten, heads, blocks, items, withdrawn } = self;
        [
            mailboxes,
            tokens,
            &cleared[0],
            &cleared[1],
            &forgotten[0],
            &forgotten[1],
            &heads.mailboxes,
            &heads.folders,
            &heads.contents,
            &heads.checksums,
            &blocks.mailboxes,
            &blocks.folders,
            &blocks.numbers,
            &blocks.contents,
            &blocks.checksums,
            &items.mailboxes,
            &items.collections,
            &items.keys,
            &items.contents,
            &items.checksums,
            &withdrawn.mailboxes,
            &withdrawn.collections,
            &withdrawn.keys,
        ]
    }
}
