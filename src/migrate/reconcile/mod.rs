//! What a folder learns of earlier runs before anything is copied: the record, what a cut left open, and where there is no record, the
//! target's own content. After this the ledger knows of every message whether it stands on the target.

pub mod concurrent;
pub mod room;

use crate::domain::{Problem, ProblemKind, Side, Uid};
use crate::ledger::{Done, FolderRecord};
use crate::migrate::attempt::FolderRun;
use crate::migrate::content::matching::{Compared, Match, Thoroughness, heads_from, reconcile};
use crate::migrate::halt::{Halt, OnSide};
use crate::migrate::heads::{Head, Heads};
use crate::migrate::scan::still_stands;
use crate::migrate::sessions::Sessions;
use crate::progress::Step;
use std::collections::BTreeSet;

impl FolderRun<'_, '_> {
    /// Brings the record up to date: settles what a cut left open, and where there is no past compares by content. Also tells from which
    /// UID of the target on the record knows nothing of what others may have put there.
    pub fn learn_the_past(&mut self) -> Result<(FolderRecord, Uid), Halt> {
        let known = match self.ledger.folder(&self.job.source) {
            Some(record) if self.holds(&record)? => self.name_again(record)?,
            record => {
                let record = self.compare_whole_folder(record.as_ref())?;
                return Ok((record, self.target.open.status.uid_next.unwrap_or(Uid(1))));
            }
        };
        self.settle_intents(&known, false)?;
        let highest = self.ledger.highest_target_uid(&known)?;
        Ok((known, Uid(highest.map_or(1, |highest| highest.0.saturating_add(1)))))
    }

    /// Whether the record is about the two folders as they stand there now, and may be believed.
    fn holds(&self, record: &FolderRecord) -> Result<bool, Halt> {
        let goes_there = match &record.target_path {
            Some(path) => *path == self.job.planned.target,
            None => record.target_name == self.target.wire_name,
        };
        let same_folders = record.source_uid_validity == self.scan.status.uid_validity
            && goes_there
            && (!self.mailbox.context.options.repair || self.job.progress.begun_anew);
        Ok(same_folders && still_stands(self.ledger, record, &self.target.open.status)?)
    }

    /// Notes the names that the folder has now, if they are others: a server's separator may change, and old records know no parts.
    fn name_again(&mut self, record: FolderRecord) -> Result<FolderRecord, Halt> {
        let (source, target) = (&self.job.source, (self.target.wire_name.as_slice(), &self.job.planned.target));
        let is_named = record.source_name == source.wire_name
            && record.source_path.as_ref() == Some(&source.path)
            && record.target_name == target.0
            && record.target_path.as_ref() == Some(target.1);
        if is_named { Ok(record) } else { Ok(self.ledger.name_folder(&record, source, target)?) }
    }

    /// Begins the record anew with what stands on the target already. Once in a run: what is copied afterwards is known.
    fn compare_whole_folder(&mut self, past: Option<&FolderRecord>) -> Result<FolderRecord, Halt> {
        let (scan, target) = (self.scan, self.target);
        if let Some(past) = past
            && !self.ledger.intents(past)?.is_empty()
        {
            self.await_quiet()?;
        }
        let matches = if target.open.status.messages == 0 || scan.heads.all().is_empty() {
            Vec::new()
        } else {
            self.mailbox.reporter.step(Step::Scanning(self.job.id));
            let there = self.standing(Uid(1))?;
            self.reconcile(scan.heads.all(), there.all(), Thoroughness::Alike)?
        };
        self.job.progress.own_appends.others_were_first |= !matches.is_empty();
        if past.is_some() || !matches.is_empty() {
            let problem = Problem::new(ProblemKind::HistoryUnknown).in_folder(&self.job.planned.source);
            self.job.report_once(&mut self.mailbox.reporter, problem);
        }
        let record = self.ledger.begin_folder(
            &self.job.source,
            scan.status.uid_validity,
            (&target.wire_name, &self.job.planned.target),
            target.open.status.uid_validity,
        )?;
        self.note_found(&record, matches, &[])?;
        self.job.progress.begun_anew = true;
        self.job.progress.compared = Compared::default();
        Ok(record)
    }

    /// Matches messages of the source with `candidates` of the target by content. Of a whole folder what was read until a line is lost
    /// is kept for the next attempt.
    pub fn reconcile(
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
        let mut compared = match thoroughness {
            Thoroughness::Alike => std::mem::take(&mut self.job.progress.compared),
            Thoroughness::All => Compared::default(),
        };
        compared = compared.under(self.target.open.status.uid_validity);
        let Sessions { source, target, .. } = &mut *self.sessions;
        let (mut lost_at, before) = (None, compared.len());
        let sides = (wanted.as_slice(), candidates);
        let found = reconcile(source, target.reader(), sides, thoroughness, &mut compared, &mut lost_at);
        if thoroughness == Thoroughness::Alike {
            self.mailbox.compared += compared.len() - before;
            self.job.progress.compared = compared;
        }
        if let (Err(Halt::Server { side: Side::Source, error }), Some(uid)) = (&found, lost_at) {
            self.suspect(uid, error);
        }
        found
    }

    /// Asks the target what became of the messages that were on their way when an earlier attempt ended, or on this line, which
    /// `line_stands`, when a batch was refused.
    pub fn settle_intents(&mut self, record: &FolderRecord, line_stands: bool) -> Result<(), Halt> {
        // Whoever is named already, or left out by the user's rules, is not asked for, and its intent stays: a later run must not
        // believe that it was never sent.
        let intents = self.ledger.intents(record)?;
        let (scan, failed) = (self.scan, &self.job.progress.failed);
        let open = intents.iter().filter(|intent| !failed.contains(&intent.uid));
        let open = open.filter_map(|intent| Some((*scan.heads.get(intent.uid)?, intent.floor)));
        let (wanted, floors): (Vec<Head>, Vec<u32>) = open.unzip();
        if wanted.is_empty() {
            return Ok(());
        }
        self.mailbox.reporter.step(Step::Scanning(self.job.id));
        let floors = floors.into_iter().chain(self.placeless(record)?.into_iter().map(|done| done.floor));
        let floor = Uid(floors.min().unwrap_or(1).max(1));
        // Nobody has compared the marks of what that attempt had copied, be it of an earlier run.
        let marks_from = self.job.progress.floor.map_or(floor, |known| known.min(floor));
        self.job.progress.floor = Some(marks_from);
        let matches = self.find_arrived(record, floor, &wanted, line_stands)?;
        log::debug!("{} messages were on their way, {} had arrived", wanted.len(), matches.len());
        let asked: Vec<Uid> = wanted.iter().map(|head| head.uid).collect();
        self.note_found(record, matches, &asked)
    }

    /// Finds messages among those that stand on the target from `floor` on. Those that are not there are looked for again until nothing
    /// new has come for a while.
    ///
    /// A server that lost our line goes on storing what it has received. Until that is over, a message would be missed here and
    /// copied twice. How many messages came says nothing: other mail comes too.
    fn find_arrived(
        &mut self,
        record: &FolderRecord,
        floor: Uid,
        wanted: &[Head],
        line_stands: bool,
    ) -> Result<Vec<Match>, Halt> {
        let mut before = None;
        loop {
            let there = self.extent(floor)?;
            let is_quiet = line_stands || before == Some(there);
            if is_quiet || there.0 >= wanted.len() {
                self.place(record, &self.placeless(record)?)?;
                let arrived = self.unclaimed(record, floor)?;
                let matches = self.match_arrived(wanted, arrived)?;
                if is_quiet || matches.len() == wanted.len() {
                    return Ok(matches);
                }
            }
            before = Some(there);
            self.wait_quietly()?;
        }
    }

    /// Matches what was on its way with what has arrived. Messages at which the source's line was lost come last.
    fn match_arrived(&mut self, wanted: &[Head], mut arrived: Vec<Head>) -> Result<Vec<Match>, Halt> {
        let losses = &self.job.progress.reading_losses;
        let (suspects, wanted): (Vec<Head>, Vec<Head>) = wanted.iter().partition(|head| losses.contains_key(&head.uid));
        let mut matches = self.reconcile(&wanted, &arrived, Thoroughness::All)?;
        for suspect in suspects {
            arrived.retain(|head| matches.iter().all(|found| found.target_uid != head.uid));
            matches.extend(self.reconcile(&[suspect], &arrived, Thoroughness::All)?);
        }
        Ok(matches)
    }

    /// Waits until nothing new comes into the target's folder.
    fn await_quiet(&mut self) -> Result<(), Halt> {
        let mut before = None;
        loop {
            let there = self.extent(Uid(1))?;
            if before == Some(there) {
                return Ok(());
            }
            before = Some(there);
            self.wait_quietly()?;
        }
    }

    /// A wait cut short proves nothing: whatever is open stays so for the next run.
    fn wait_quietly(&self) -> Result<(), Halt> {
        let context = self.mailbox.context;
        context.control.wait_whole(context.options.patience.quiet);
        if context.control.stopping() { Err(Halt::Held) } else { Ok(()) }
    }

    /// Records what was found on the target by content, which is as good as read back, and forgets what was `asked` for in vain.
    pub fn note_found(&mut self, record: &FolderRecord, matches: Vec<Match>, asked: &[Uid]) -> Result<(), Halt> {
        let done = found(matches);
        self.ledger.record(record, &done, asked, &[], 0)?;
        self.mailbox.reporter.checked(self.job.id, done.len() as u64, done.iter().map(|message| message.size).sum());
        Ok(())
    }

    /// How many messages stand on the target from a UID on, and the highest UID, which tells of a new one although another was deleted.
    fn extent(&mut self, floor: Uid) -> Result<(usize, Option<Uid>), Halt> {
        let standing = self.standing(floor)?;
        Ok((standing.all().len(), standing.all().iter().map(|head| head.uid).max()))
    }

    /// What stands on the target from a UID on.
    fn standing(&mut self, floor: Uid) -> Result<Heads, Halt> {
        self.sessions.target.reader().examine(&self.target.wire_name).on(Side::Target)?;
        heads_from(self.sessions.target.reader(), floor).on(Side::Target)
    }

    /// What stands on the target from a UID on and is the place of no message of the record.
    pub fn unclaimed(&mut self, record: &FolderRecord, floor: Uid) -> Result<Vec<Head>, Halt> {
        let taken: BTreeSet<Uid> = self.ledger.target_uids(record)?.into_iter().collect();
        let heads = self.standing(floor)?;
        Ok(heads.all().iter().filter(|head| !taken.contains(&head.uid)).copied().collect())
    }

    /// What was taken by a target that told no UIDs, and was not found there yet.
    pub fn placeless(&self, record: &FolderRecord) -> Result<Vec<Done>, Halt> {
        let unchecked = self.ledger.unchecked(record)?;
        Ok(unchecked.into_iter().filter(|done| done.target_uid.is_none()).collect())
    }

    /// Finds the places of messages that were taken by a target that told no UIDs. Otherwise one of them would pass for an equal
    /// message that was still on its way, and that one would never be copied.
    pub fn place(&mut self, record: &FolderRecord, placeless: &[Done]) -> Result<(), Halt> {
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
