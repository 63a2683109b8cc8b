//! Why a record cannot be used. The kind says what that means for the mailbox; the fault also names the store, for a person.

use crate::domain::{DatabaseFault, FleetFault, RecordFault};
use std::error::Error;
use std::fmt;

/// What a ledger error means for the mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LedgerErrorKind {
    /// Another run holds the record of this mailbox.
    InUse,
    /// We lost the record to another run: nothing may be sent any more.
    Fenced,
    /// The store cannot be reached. It is unknown whether anything was written; a later try may help.
    Unreachable,
    /// The stored record is damaged. It is forgotten, and the next attempt compares with the target by content.
    Damaged,
    /// The store refuses: it is full, read-only or lacks rights.
    Refused,
}

/// An error of the ledger: its fault as data, which displays as a clause; [`Error::source`] is the technical chain.
#[derive(Debug)]
pub struct LedgerError {
    fault: RecordFault,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl LedgerError {
    /// An error with this fault and no cause.
    pub fn new(fault: impl Into<RecordFault>) -> Self {
        Self { fault: fault.into(), source: None }
    }

    /// Adds the technical cause.
    pub fn because(self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..self }
    }

    /// The fault, as data.
    pub fn fault(&self) -> &RecordFault {
        &self.fault
    }

    /// What the error means for the mailbox.
    pub fn kind(&self) -> LedgerErrorKind {
        match &self.fault {
            RecordFault::FileInUse { .. } | RecordFault::MailboxInUse => LedgerErrorKind::InUse,
            RecordFault::TakenOver | RecordFault::LeaseLost => LedgerErrorKind::Fenced,
            RecordFault::Damaged { .. } => LedgerErrorKind::Damaged,
            RecordFault::Database { why, .. } => match why {
                DatabaseFault::Busy
                | DatabaseFault::Ended
                | DatabaseFault::Unreachable { .. }
                | DatabaseFault::Silent => LedgerErrorKind::Unreachable,
                DatabaseFault::SignInRefused
                | DatabaseFault::PasswordMissing
                | DatabaseFault::Missing
                | DatabaseFault::Standby
                | DatabaseFault::Full
                | DatabaseFault::NoRights
                | DatabaseFault::Refused { .. }
                | DatabaseFault::NoEncryption { .. }
                | DatabaseFault::Version { .. } => LedgerErrorKind::Refused,
            },
            RecordFault::Fleet { why: FleetFault::Altered { .. } } => LedgerErrorKind::Damaged,
            RecordFault::FolderForgotten { .. }
            | RecordFault::Unwritable { .. }
            | RecordFault::File { .. }
            | RecordFault::Fleet { .. }
            | RecordFault::NoRandomNumbers
            | RecordFault::NoThread { .. } => LedgerErrorKind::Refused,
        }
    }
}

impl fmt::Display for LedgerError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fault.fmt(formatter)
    }
}

impl Error for LedgerError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}
