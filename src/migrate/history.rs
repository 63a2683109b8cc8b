//! What a folder learns of earlier runs before anything is copied: the record, what a cut left open, and where there is no record, the
//! target's own content. After this the ledger knows of every message whether it stands on the target.

use super::folder::FolderRun;
use super::halt::{Halt, OnSide};
use super::heads::Head;
use super::reconcile::{Match, Thoroughness, heads_from, reconcile};
use super::scan::still_stands;
use crate::domain::{Problem, ProblemKind, Side, Uid};
use crate::ledger::{Done, FolderRecord, Intent};
use crate::progress::Step;
use std::collections::BTreeSet;
use std::time::Duration;

/// How long a target that lost our line may still be storing what it had received: it is asked until nothing new came for so long.
const QUIET: Duration = Duration::from_secs(2);

impl FolderRun<'_, '_> {
    /// Brings the record up to date: settles what a cut left open, and where there is no past compares by content.
    pub(super) fn learn_the_past(&mut self) -> Result<FolderRecord, Halt> {
        let known = match self.ledger.folder(&self.job.source.wire_name)? {
            Some(record) if self.holds(&record)? => record,
            record => return self.compare_whole_folder(record.is_some()),
        };
        self.settle_intents(&known)?;
        Ok(known)
    }

    /// Whether the record is about the two folders as they stand there now, and may be believed.
    fn holds(&self, record: &FolderRecord) -> Result<bool, Halt> {
        let same_folders = record.source_uid_validity == self.scan.status.uid_validity
            && record.target_name == self.target.wire_name
            && !self.mailbox.context.options.repair;
        Ok(same_folders && still_stands(self.ledger, record, &self.target.open.status)?)
    }

    /// Begins the record anew with what stands on the target already.
    fn compare_whole_folder(&mut self, had_past: bool) -> Result<FolderRecord, Halt> {
        let (scan, target) = (self.scan, self.target);
        let matches = if target.open.status.messages == 0 || scan.heads.all().is_empty() {
            Vec::new()
        } else {
            self.mailbox.step(Step::Scanning(self.job.id));
            self.sessions.target.reader().examine(&target.wire_name).on(Side::Target)?;
            let there = heads_from(self.sessions.target.reader(), Uid(1)).on(Side::Target)?;
            self.reconcile(scan.heads.all(), there.all(), Thoroughness::Alike)?
        };
        if had_past || !matches.is_empty() {
            let problem = Problem::new(ProblemKind::HistoryUnknown).in_folder(&self.job.planned.source);
            self.job.tell_once(self.mailbox, problem);
        }
        let record = self.ledger.begin_folder(
            &self.job.source.wire_name,
            scan.status.uid_validity,
            &target.wire_name,
            target.open.status.uid_validity,
        )?;
        self.ledger.record(&record, &found(matches), &[], &[], 0)?;
        Ok(record)
    }

    fn reconcile(
        &mut self,
        wanted: &[Head],
        candidates: &[Head],
        thoroughness: Thoroughness,
    ) -> Result<Vec<Match>, Halt> {
        if wanted.is_empty() || candidates.is_empty() {
            return Ok(Vec::new());
        }
        self.open_source()?;
        reconcile(&mut self.sessions.source, self.sessions.target.reader(), wanted, candidates, thoroughness)
    }

    /// Asks the target what became of the messages that were on their way when an earlier attempt ended.
    fn settle_intents(&mut self, record: &FolderRecord) -> Result<(), Halt> {
        let intents = self.ledger.intents(record)?;
        if intents.is_empty() {
            return Ok(());
        }
        self.mailbox.step(Step::Scanning(self.job.id));
        let arrived = self.arrived(record, &intents)?;
        let wanted: Vec<Head> = intents.iter().filter_map(|intent| self.scan.heads.get(intent.uid).copied()).collect();
        let matches = self.reconcile(&wanted, &arrived, Thoroughness::All)?;
        log::debug!("{} messages were on their way, {} had arrived", intents.len(), matches.len());
        let uids: Vec<Uid> = intents.iter().map(|intent| intent.uid).collect();
        Ok(self.ledger.record(record, &found(matches), &uids, &[], 0)?)
    }

    /// What stands on the target since the intents and belongs to no other message of the record.
    ///
    /// A server that lost our line goes on storing what it has received. Until that is over, a message would be missed here and
    /// copied twice.
    fn arrived(&mut self, record: &FolderRecord, intents: &[Intent]) -> Result<Vec<Head>, Halt> {
        let floor = intents.iter().map(|intent| intent.floor).min().unwrap_or(1).max(1);
        let taken: BTreeSet<Uid> = self.ledger.target_uids(record)?.into_iter().collect();
        let mut before = None;
        loop {
            self.sessions.target.reader().examine(&self.target.wire_name).on(Side::Target)?;
            let heads = heads_from(self.sessions.target.reader(), Uid(floor)).on(Side::Target)?;
            let arrived: Vec<Head> = heads.all().iter().filter(|head| !taken.contains(&head.uid)).copied().collect();
            if arrived.len() >= intents.len() || before == Some(arrived.len()) {
                return Ok(arrived);
            }
            if self.mailbox.context.control.stopping() {
                return Err(Halt::Held);
            }
            before = Some(arrived.len());
            self.mailbox.context.control.wait(QUIET);
        }
    }
}

fn found(matches: Vec<Match>) -> Vec<Done> {
    matches
        .into_iter()
        .map(|found| Done {
            uid: found.uid,
            size: found.size,
            digest: found.digest,
            target_uid: Some(found.target_uid),
            floor: 0,
            checked: true,
        })
        .collect()
}
