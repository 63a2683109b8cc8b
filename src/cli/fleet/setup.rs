//! The content of a fleet and of each of its jobs: servers, options and accounts, as texts that are sealed on their way to the database.
//!
//! The texts hold passwords. They are made in memory that is wiped, and exist in clear text nowhere else.

use crate::domain::{Account, BadLine, Fingerprint, FleetFault, Problem, RecordFault, Selection, while_sealing};
use crate::ledger::LedgerError;
use crate::migrate::{Groupware, Servers, Verify};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use zeroize::Zeroizing;

/// What all jobs of a fleet have in common.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Setup {
    /// Source and target. Files with authorities are in `authorities` instead.
    pub(super) servers: Servers,
    /// What is left out or goes elsewhere.
    pub(super) selection: Selection,
    /// Calendars, contacts and tasks.
    pub(super) groupware: Groupware,
    /// How copied messages are compared.
    pub(super) verify: Verify,
    /// Copy again what is missing on the target.
    pub(super) repair: bool,
    /// Put what was deleted on the source into the target's trash folder.
    pub(super) follow_deletions: bool,
    /// Whether accounts may share a mailbox.
    pub(super) shared_mailboxes: bool,
    /// Further certificate authorities, PEM.
    pub(super) authorities: Vec<String>,
    /// The certificates that the user trusts, by host and port.
    pub(super) certificates: BTreeMap<String, Fingerprint>,
    /// The lines of the first accounts file that cannot be used.
    pub(super) bad_lines: Vec<BadLine>,
}

/// One job.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct JobContent {
    /// The account.
    pub(super) account: Account,
    /// Why it must not be worked on, if so.
    pub(super) refused: Option<Problem>,
    /// What the target calls its mailbox, if accounts may share one: they are migrated one after the other.
    #[serde(default)]
    pub(super) mailbox: Option<String>,
}

impl Setup {
    /// The setup as a run on this machine needs it: the authorities are written into `folder`.
    pub(super) fn unpack(mut self, folder: &Path) -> io::Result<Self> {
        for (number, authority) in self.authorities.iter().enumerate() {
            let path = folder.join(format!("authority-{number}.pem"));
            crate::private_file::replace(&path, authority.as_bytes())?;
            self.servers.authority_files.push(path);
        }
        Ok(self)
    }

    /// Reads the authorities from their files.
    pub(super) fn pack(mut self) -> io::Result<Self> {
        for file in std::mem::take(&mut self.servers.authority_files) {
            self.authorities.push(std::fs::read_to_string(file)?);
        }
        Ok(self)
    }
}

/// A value as text, with its passwords.
pub(super) fn write(what: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, LedgerError> {
    let failed = |error: serde_json::Error| LedgerError::new(RecordFault::Unwritable { why: error.to_string() });
    // A buffer that grew would leave copies behind.
    let mut length = Length(0);
    while_sealing(|| serde_json::to_writer(&mut length, what)).map_err(failed)?;
    let mut text = Zeroizing::new(Vec::with_capacity(length.0));
    while_sealing(|| serde_json::to_writer(&mut *text, what)).map_err(failed)?;
    Ok(text)
}

/// Reads a text of [`write()`]. The error does not quote it.
pub(super) fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, LedgerError> {
    serde_json::from_slice(text).map_err(|error| {
        log::debug!("sealed text of another form, in column {}", error.column());
        LedgerError::new(FleetFault::OtherVersion)
    })
}

/// Counts what is written.
struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
