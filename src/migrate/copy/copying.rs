//! A folder that is being copied: its places on both sides, its record, and the rounds left to send.

use crate::domain::{Uid, UidValidity};
use crate::ledger::FolderRecord;
use crate::migrate::copy::flags::SentFlags;
use crate::migrate::copy::refused::Retries;
use crate::migrate::copy::round::Round;
use crate::migrate::folder::{Scan, TargetFolder};
use crate::migrate::heads::Heads;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A folder that is being copied.
pub struct Copying {
    /// Its index among the mailbox's folders.
    pub job: usize,
    /// The source folder's wire name.
    pub source_name: Vec<u8>,
    /// The scan of the source folder.
    pub scan: Arc<Scan>,
    /// The target's folder.
    pub target: TargetFolder,
    /// Its record.
    pub record: FolderRecord,
    /// The rounds left to send, the next one last.
    pub rounds: Vec<Round>,
    /// What was already tried.
    pub retries: Retries,
}

impl Copying {
    /// The source folder's UIDVALIDITY when it was scanned.
    pub fn uid_validity(&self) -> UidValidity {
        self.scan.status.uid_validity
    }

    /// The heads of the source folder.
    pub fn heads(&self) -> &Heads {
        &self.scan.heads
    }

    /// The flags that its messages are sent with.
    pub fn flags(&self) -> &SentFlags {
        &self.retries.flags
    }

    /// The messages left to send.
    pub fn uids(&self) -> Vec<Uid> {
        self.rounds.iter().flat_map(|round| round.uids.iter().copied()).collect()
    }

    /// Removes messages from those left to send.
    pub fn leave_out(&mut self, uids: &BTreeSet<Uid>) {
        self.rounds.iter_mut().for_each(|round| round.uids.retain(|uid| !uids.contains(uid)));
        self.drop_empty();
    }

    /// Takes back messages of a round that were not sent; they come next.
    pub fn put_back(&mut self, round: &Round, uids: Vec<Uid>) {
        if !uids.is_empty() {
            self.rounds.push(Round { dates: round.dates, ..Round::of(round.folder, uids, round.way, round.alone) });
        }
    }

    /// Drops rounds without a message.
    pub fn drop_empty(&mut self) {
        self.rounds.retain(|round| !round.uids.is_empty());
    }
}

/// The next round of every folder, or once none is left, one that goes alone.
pub fn next_rounds(together: &mut [Copying]) -> Vec<Round> {
    let mut rounds: Vec<Round> = Vec::new();
    for copying in together.iter_mut() {
        rounds.extend(copying.rounds.pop_if(|round| !round.alone));
    }
    if rounds.is_empty() {
        rounds.extend(together.iter_mut().find_map(|copying| copying.rounds.pop()));
    }
    rounds
}
