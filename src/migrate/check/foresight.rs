//! What a last pass would bring, according to the source and the record of earlier runs. The target is not asked, so changes that people
//! made there, and which stay, remain unknown.
//!
//! 1. Each record's folder is found on the source, whatever its name is now (`follow/renames`).
//! 2. In each folder, messages that the record does not know are new; those that it knows and the source no longer has are gone; those
//!    whose flags differ from the ones that were set get new flags.
//! 3. Gone messages count as moved, up to the number of new ones of the same size; a migration reads these to be sure.

use crate::domain::{Folder, MessageHead, Uid};
use crate::imap::{FolderStatus, Reader};
use crate::ledger::{FolderRecord, Ledger, State};
use crate::migrate::copy::flags::FlagFilter;
use crate::migrate::folder::noted_flags::differ;
use crate::migrate::follow::renames;
use crate::migrate::halt::Halt;
use crate::migrate::target::profile::Profile;
use crate::progress::Followed;
use std::collections::{BTreeMap, BTreeSet};

/// What is known so far about one account, folder by folder.
pub struct Foresight<'a> {
    ledger: &'a Ledger,
    filter: FlagFilter,
    /// The record of each folder, by the folder's place in the listing.
    records: BTreeMap<usize, FolderRecord>,
    /// The heads of the current folder.
    open: Vec<Seen>,
    /// For each size, how many messages are gone, and how many are new.
    gone: BTreeMap<u64, u64>,
    new: BTreeMap<u64, u64>,
    found: Followed,
}

/// A message of the source.
struct Seen {
    uid: Uid,
    size: u64,
    /// Whether the user's rules include it.
    is_taken: bool,
    /// Whether its flags differ from those set on the target.
    is_flagged: bool,
}

impl<'a> Foresight<'a> {
    /// Begins with an account of which no message has been read yet. None if there is no record.
    pub fn begin(
        ledger: &'a Ledger,
        source: &mut Reader,
        folders: &[Folder],
        profile: &'static Profile,
    ) -> Result<Option<Self>, Halt> {
        if ledger.folders().is_empty() {
            return Ok(None);
        }
        let known = renames::known_folders(ledger, source, folders)?;
        let mut foresight = Self {
            ledger,
            filter: FlagFilter::unknown(profile),
            records: known.records,
            open: Vec::new(),
            gone: BTreeMap::new(),
            new: BTreeMap::new(),
            found: Followed { renamed: known.to_rename, ..Followed::default() },
        };
        for record in known.gone {
            foresight.note_gone(&record, &BTreeSet::new())?;
        }
        Ok(Some(foresight))
    }

    /// Takes in a message of a folder.
    pub fn head(&mut self, folder: usize, head: &MessageHead, is_taken: bool) -> Result<(), Halt> {
        let is_flagged = self.is_flagged(folder, head)?;
        self.open.push(Seen { uid: head.uid, size: head.size, is_taken, is_flagged });
        Ok(())
    }

    fn is_flagged(&self, folder: usize, head: &MessageHead) -> Result<bool, Halt> {
        let Some(record) = self.records.get(&folder) else { return Ok(false) };
        let Some(set) = self.ledger.flags(record, head.uid)? else { return Ok(false) };
        Ok(differ(&self.filter.kept_of(&head.flags), set))
    }

    /// Ends a folder; `status` is none if it could not be read.
    pub fn end(&mut self, folder: usize, status: Option<&FolderStatus>) -> Result<(), Halt> {
        let open = std::mem::take(&mut self.open);
        let Some(status) = status else { return Ok(()) };
        let record = self.records.get(&folder).filter(|it| it.source_uid_validity == status.uid_validity).cloned();
        let Some(record) = record else {
            open.iter().filter(|seen| seen.is_taken).for_each(|seen| *self.new.entry(seen.size).or_default() += 1);
            return Ok(());
        };
        for seen in open.iter().filter(|seen| seen.is_taken) {
            match self.ledger.message(&record, seen.uid)? {
                Some(message) if message.state != State::Intended => self.found.flags += u64::from(seen.is_flagged),
                _ => *self.new.entry(seen.size).or_default() += 1,
            }
        }
        self.note_gone(&record, &open.iter().map(|seen| seen.uid).collect())
    }

    fn note_gone(&mut self, record: &FolderRecord, here: &BTreeSet<Uid>) -> Result<(), Halt> {
        let settled = self.ledger.messages_of(record)?.iter().filter(|message| message.state != State::Intended);
        for message in settled.filter(|message| !here.contains(&message.uid)) {
            *self.gone.entry(message.claimed.unwrap_or(message.size)).or_default() += 1;
        }
        Ok(())
    }

    /// What a last pass would bring.
    pub fn found(self) -> Followed {
        let Self { gone, new, mut found, .. } = self;
        let moved = |(size, gone): (&u64, &u64)| *gone.min(new.get(size).unwrap_or(&0));
        found.moved = gone.iter().map(moved).sum();
        found.deleted = gone.values().sum::<u64>() - found.moved;
        found.new = new.values().sum::<u64>() - found.moved;
        found
    }
}
