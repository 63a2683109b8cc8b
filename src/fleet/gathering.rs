//! What the mailboxes of a process have to write, gathered so that one statement writes it.

use crate::ledger::{LedgerError, LedgerErrorKind, Write};
use crossbeam_channel::Sender;
use postgres::types::ToSql;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// What a mailbox has to write.
pub(super) struct Pending {
    pub held: Held,
    pub write: Write,
    pub since: Instant,
    /// Who waits for it.
    pub answer: Option<Sender<Result<(), LedgerError>>>,
}

/// A mailbox that this process took.
#[derive(Clone)]
pub(super) struct Held {
    pub mailbox: i64,
    pub token: i64,
    /// Why a write failed that nobody waited for; told to the next who writes.
    trouble: Arc<Mutex<Option<(LedgerErrorKind, String)>>>,
}

impl Held {
    pub fn new(mailbox: i64, token: i64) -> Self {
        Self { mailbox, token, trouble: Arc::default() }
    }

    pub fn note(&self, error: &LedgerError) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.get_or_insert_with(|| (error.kind(), error.to_string()));
    }

    pub fn check(&self) -> Result<(), LedgerError> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.as_ref().map_or(Ok(()), |(kind, words)| Err(LedgerError::new(*kind, words.clone())))
    }
}

impl Held {
    /// What became of a write of this mailbox, when these were held.
    pub fn outcome(&self, held: &[i64]) -> (i64, Result<(), LedgerError>) {
        (self.mailbox, if held.contains(&self.mailbox) { Ok(()) } else { Err(taken_over()) })
    }
}

pub(super) type Answers = Vec<(Held, Sender<Result<(), LedgerError>>)>;

/// What each mailbox has to write, in one; and who waits for it.
pub(super) fn gather(pending: Vec<Pending>) -> (BTreeMap<i64, (Held, Write)>, Answers) {
    let (mut mailboxes, mut answers) = (BTreeMap::new(), Vec::new());
    for Pending { held, write, answer, .. } in pending {
        answers.extend(answer.map(|answer| (held.clone(), answer)));
        let (_, gathered) = mailboxes.entry(held.mailbox).or_insert_with(|| (held, Write::default()));
        gathered.join(write);
    }
    (mailboxes, answers)
}

/// The columns of a write, over all mailboxes.
#[derive(Default)]
pub(super) struct Columns<'w> {
    held: (Vec<i64>, Vec<i64>),
    cleared: (Vec<i64>, Vec<i64>),
    forgotten: (Vec<i64>, Vec<i64>),
    heads: (Vec<i64>, Vec<i64>, Vec<&'w str>, Vec<i64>),
    blocks: (Vec<i64>, Vec<i64>, Vec<i64>, Vec<&'w [u8]>, Vec<i64>),
}

impl<'w> Columns<'w> {
    pub fn of(writes: &[&'w (Held, Write)]) -> Self {
        let mut columns = Self::default();
        for (Held { mailbox, token, .. }, write) in writes {
            columns.held.0.push(*mailbox);
            columns.held.1.push(*token);
            for folder in write.cleared.iter().chain(&write.forgotten) {
                columns.cleared.0.push(*mailbox);
                columns.cleared.1.push(*folder);
            }
            for folder in &write.forgotten {
                columns.forgotten.0.push(*mailbox);
                columns.forgotten.1.push(*folder);
            }
            for head in &write.heads {
                columns.heads.0.push(*mailbox);
                columns.heads.1.push(head.folder);
                columns.heads.2.push(&head.content);
                columns.heads.3.push(head.checksum);
            }
            for block in &write.blocks {
                columns.blocks.0.push(*mailbox);
                columns.blocks.1.push(block.folder);
                columns.blocks.2.push(block.number);
                columns.blocks.3.push(&block.content);
                columns.blocks.4.push(block.checksum);
            }
        }
        columns
    }

    /// The columns in the order of the statement's parameters.
    pub fn parameters(&self) -> [&(dyn ToSql + Sync); 15] {
        let Self { held, cleared, forgotten, heads, blocks } = self;
        [
            &held.0,
            &held.1,
            &cleared.0,
            &cleared.1,
            &forgotten.0,
            &forgotten.1,
            &heads.0,
            &heads.1,
            &heads.2,
            &heads.3,
            &blocks.0,
            &blocks.1,
            &blocks.2,
            &blocks.3,
            &blocks.4,
        ]
    }
}

fn taken_over() -> LedgerError {
    LedgerError::new(LedgerErrorKind::Fenced, "another machine has taken this mailbox over")
}
