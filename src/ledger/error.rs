//! Why a record cannot be used. Whoever gets the error learns what it means for the mailbox, never which store it came from.

use std::error::Error;
use std::fmt;

/// What an error of the ledger means for the mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LedgerErrorKind {
    /// Another run has the record of this mailbox.
    InUse,
    /// The record was ours and belongs to another run now: nothing may be sent any more.
    Fenced,
    /// The store cannot be reached. Nothing was written, or it is unknown whether it was; a later try may help.
    Unreachable,
    /// What was stored is not what was written. It is forgotten, and the next attempt compares with the target by content.
    Damaged,
    /// The store refuses: full, read-only, no rights.
    Refused,
}

/// An error of the ledger. Displayed it is one line in plain words with the store's own cause; [`Error::source`] is the technical chain.
#[derive(Debug)]
pub struct LedgerError {
    kind: LedgerErrorKind,
    words: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl LedgerError {
    /// An error in words of our own.
    pub fn new(kind: LedgerErrorKind, words: impl Into<String>) -> Self {
        Self { kind, words: words.into(), source: None }
    }

    /// The same, with what lies behind it.
    pub fn because(self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..self }
    }

    /// What it means for the mailbox.
    pub fn kind(&self) -> LedgerErrorKind {
        self.kind
    }
}

impl fmt::Display for LedgerError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.words)
    }
}

impl Error for LedgerError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}
