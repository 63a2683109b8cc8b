//! What a folder learns of earlier runs before anything is copied: the record, what a cut left open, and where there is no record, the
//! target's own content. After this the ledger knows of every message whether it stands on the target.

use super::connections::Sessions;
use super::folder::{FolderRun, tell_checked};
use super::halt::{Halt, OnSide};
use super::heads::Head;
use super::reconcile::{Match, Thoroughness, heads_from, reconcile};
use super::scan::still_stands;
use crate::domain::{Problem, ProblemKind, Side, Uid};
use crate::ledger::{Done, FolderRecord};
use crate::progress::Step;
use std::collections::BTreeSet;

impl FolderRun<'_, '_> {
    /// Brings the record up to date: settles what a cut left open, and where there is no past compares by content. Also tells from which
    /// UID of the target on the record knows nothing of what others may have put there.
    pub(super) fn learn_the_past(&mut self) -> Result<(FolderRecord, Uid), Halt> {
        let known = match self.ledger.folder(&self.job.source.wire_name)? {
            Some(record) if self.holds(&record)? => record,
            record => {
                let record = self.compare_whole_folder(record.is_some())?;
                return Ok((record, self.target.open.status.uid_next.unwrap_or(Uid(1))));
            }
        };
        self.settle_intents(&known, false)?;
        let highest = self.ledger.highest_target_uid(&known)?;
        Ok((known, Uid(highest.map_or(1, |highest| highest.0.saturating_add(1)))))
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
        self.job.progress.others.were_first |= !matches.is_empty();
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
        self.note_found(&record, matches, &[])?;
        Ok(record)
    }

    pub(super) fn reconcile(
        &mut self,
        wanted: &[Head],
        candidates: &[Head],
        thoroughness: Thoroughness,
    ) -> Result<Vec<Match>, Halt> {
        // Those at which the line was lost too often are named, and not read again.
        let failed = &self.job.progress.failed;
        let wanted: Vec<Head> = wanted.iter().filter(|head| !failed.contains(&head.uid)).copied().collect();
        if wanted.is_empty() || candidates.is_empty() {
            return Ok(Vec::new());
        }
        self.open_source()?;
        let Sessions { source, target, .. } = &mut *self.sessions;
        let mut lost_at = None;
        let found = reconcile(source, target.reader(), &wanted, candidates, thoroughness, &mut lost_at);
        if let (Err(Halt::Server { side: Side::Source, error }), Some(uid)) = (&found, lost_at) {
            self.suspect(uid, error);
        }
        found
    }

    /// Asks the target what became of the messages that were on their way when an earlier attempt ended, or on this line, which
    /// `line_stands`, when a batch was refused.
    pub(super) fn settle_intents(&mut self, record: &FolderRecord, line_stands: bool) -> Result<(), Halt> {
        let intents = self.ledger.intents(record)?;
        if intents.is_empty() {
            return Ok(());
        }
        self.mailbox.step(Step::Scanning(self.job.id));
        let placeless = self.placeless(record)?;
        let floors = intents.iter().map(|intent| intent.floor).chain(placeless.iter().map(|done| done.floor));
        let floor = Uid(floors.min().unwrap_or(1).max(1));
        // Nobody has compared the marks of what that attempt had copied, be it of an earlier run.
        let marks_from = self.job.progress.floor.map_or(floor, |known| known.min(floor));
        self.job.progress.floor = Some(marks_from);
        if !line_stands {
            self.await_quiet(record, floor, intents.len() + placeless.len())?;
        }
        self.place(record, &placeless)?;
        let arrived = self.unclaimed(record, floor)?;
        let progress = &self.job.progress;
        let asked_for = intents.iter().filter(|intent| !progress.failed.contains(&intent.uid));
        let (suspects, wanted): (Vec<Head>, Vec<Head>) = asked_for
            .filter_map(|intent| self.scan.heads.get(intent.uid))
            .partition(|head| progress.line_losses.contains_key(&head.uid));
        let mut matches = self.reconcile(&wanted, &arrived, Thoroughness::All)?;
        self.reconcile_suspects(&suspects, arrived, &mut matches)?;
        log::debug!("{} messages were on their way, {} had arrived", intents.len(), matches.len());
        let uids: Vec<Uid> = intents.iter().map(|intent| intent.uid).collect();
        self.note_found(record, matches, &uids)
    }

    /// Records what was found on the target by content, which is as good as read back, and forgets what was `asked` for in vain.
    pub(super) fn note_found(&mut self, record: &FolderRecord, matches: Vec<Match>, asked: &[Uid]) -> Result<(), Halt> {
        let done = found(matches);
        self.ledger.record(record, &done, asked, &[], 0)?;
        tell_checked(self.mailbox, self.job.id, done.len() as u64, done.iter().map(|message| message.size).sum());
        Ok(())
    }

    /// Messages at which the source's line was lost are read only while something is left on the target that they may be.
    fn reconcile_suspects(
        &mut self,
        suspects: &[Head],
        mut arrived: Vec<Head>,
        matches: &mut Vec<Match>,
    ) -> Result<(), Halt> {
        for suspect in suspects {
            arrived.retain(|head| matches.iter().all(|found| found.target_uid != head.uid));
            matches.extend(self.reconcile(&[*suspect], &arrived, Thoroughness::All)?);
        }
        Ok(())
    }

    /// Waits until so many messages of no known message of the record stand on the target, or nothing new comes.
    ///
    /// A server that lost our line goes on storing what it has received. Until that is over, a message would be missed here and
    /// copied twice.
    fn await_quiet(&mut self, record: &FolderRecord, floor: Uid, expected: usize) -> Result<(), Halt> {
        let mut before = None;
        loop {
            let arrived = self.unclaimed(record, floor)?.len();
            if arrived >= expected || before == Some(arrived) {
                return Ok(());
            }
            before = Some(arrived);
            let context = self.mailbox.context;
            context.control.wait_whole(context.options.patience.quiet);
            // A wait cut short proves nothing; the intents stay for the next run.
            if context.control.stopping() {
                return Err(Halt::Held);
            }
        }
    }

    /// What stands on the target from a UID on and is the place of no message of the record.
    pub(super) fn unclaimed(&mut self, record: &FolderRecord, floor: Uid) -> Result<Vec<Head>, Halt> {
        let taken: BTreeSet<Uid> = self.ledger.target_uids(record)?.into_iter().collect();
        self.sessions.target.reader().examine(&self.target.wire_name).on(Side::Target)?;
        let heads = heads_from(self.sessions.target.reader(), floor).on(Side::Target)?;
        Ok(heads.all().iter().filter(|head| !taken.contains(&head.uid)).copied().collect())
    }

    /// What was taken by a target that told no UIDs, and was not found there yet.
    pub(super) fn placeless(&self, record: &FolderRecord) -> Result<Vec<Done>, Halt> {
        let unchecked = self.ledger.unchecked(record)?;
        Ok(unchecked.into_iter().filter(|done| done.target_uid.is_none()).collect())
    }

    /// Finds the places of messages that were taken by a target that told no UIDs. Otherwise one of them would pass for an equal
    /// message that was still on its way, and that one would never be copied.
    pub(super) fn place(&mut self, record: &FolderRecord, placeless: &[Done]) -> Result<(), Halt> {
        if placeless.is_empty() {
            return Ok(());
        }
        // What is not found here is looked for again at the end.
        self.check_by_content(record, placeless).map(|_| ())
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
