//! A note about the migration under way, so that a start after a crash or a power cut can offer to continue it.
//!
//! Only the offer needs the note: the ledger knows what was copied, and a run continues without the note as well.

use crate::domain::Account;
use crate::private_file;
use crate::progress::{AccountEnd, Event, RunState, Stamped};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const FILE: &str = "last-run.json";

/// The note of a running migration is at most this old.
const EVERY: Duration = Duration::from_secs(10);

/// The note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRun {
    /// The local time of its start, such as `24 November, 22:04`.
    pub started: String,
    /// The file the accounts are from.
    pub accounts_file: PathBuf,
    /// The keys of its accounts ([`crate::domain::Address::key`]).
    pub accounts: BTreeSet<String>,
    /// How many of them were complete when the note was written.
    pub complete: u32,
    /// Whether it ended, complete or not.
    pub ended: bool,
}

impl LastRun {
    /// The note of a migration that starts now.
    pub fn of(accounts_file: &Path, accounts: &[Account]) -> Self {
        Self {
            started: chrono::Local::now().format("%-d %B, %H:%M").to_string(),
            accounts_file: accounts_file.to_owned(),
            accounts: accounts.iter().map(|account| account.address.key()).collect(),
            complete: 0,
            ended: false,
        }
    }

    /// The note of a migration that was cut off, if there is one.
    pub fn cut_off(state_folder: &Path) -> Option<Self> {
        let text = std::fs::read(state_folder.join(FILE)).ok()?;
        serde_json::from_slice::<Self>(&text).ok().filter(|run| !run.ended)
    }

    /// Writes the note.
    pub fn write(&self, state_folder: &Path) {
        let written = serde_json::to_vec_pretty(self)
            .map_err(Into::into)
            .and_then(|text| private_file::replace(&state_folder.join(FILE), &text));
        if let Err(error) = written {
            log::warn!("the note about the migration could not be written: {error}");
        }
    }

    /// The progress of that migration, in a sentence.
    pub fn sentence(&self) -> String {
        let complete = if self.complete == 1 { "is" } else { "are" };
        format!(
            "The migration of {} was interrupted: {} of {} accounts {complete} known to be complete.",
            self.started,
            self.complete,
            self.accounts.len()
        )
    }
}

/// Keeps the note of a running migration.
pub struct Keeper {
    note: LastRun,
    state_folder: PathBuf,
    written: Instant,
}

impl Keeper {
    /// Writes the first note.
    pub fn begin(note: LastRun, state_folder: &Path) -> Self {
        note.write(state_folder);
        Self { note, state_folder: state_folder.to_owned(), written: Instant::now() }
    }

    /// Follows an event. Writes the note at the end, and every few seconds when an account ends.
    pub fn noted(&mut self, event: &Stamped, state: &RunState) {
        let due = match event.event {
            Event::RunFinished => true,
            Event::AccountFinished { .. } => self.written.elapsed() >= EVERY || self.note.complete == 0,
            _ => false,
        };
        if due {
            self.note.complete = state.count_ended(AccountEnd::Complete);
            self.note.ended = state.finished;
            self.note.write(&self.state_folder);
            self.written = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Address, Secret};

    #[test]
    fn a_migration_is_offered_again_until_it_came_to_its_end_and_its_note_holds_no_password() {
        let folder = tempfile::tempdir().unwrap();
        let account = Account::new(1, Address::parse("Ann@example.com").unwrap(), Secret::new("hunter2"));
        let mut keeper = Keeper::begin(LastRun::of(Path::new("/a.csv"), &[account]), folder.path());
        let found = LastRun::cut_off(folder.path()).unwrap();
        assert_eq!(found.accounts, BTreeSet::from(["ann@example.com".to_owned()]));
        assert!(!std::fs::read_to_string(folder.path().join(FILE)).unwrap().contains("hunter2"));
        let end = Stamped { at: 5, event: Event::RunFinished };
        keeper.noted(&end, &RunState::replay([&end]));
        assert_eq!(LastRun::cut_off(folder.path()), None);
    }
}
