//! Dates: whether what was copied stands on the target with the moment that was sent. Servers change some without a word (RFC 9051,
//! section 6.3.12, only says that they should keep them).

use super::folder::FolderRun;
use super::halt::{Halt, OnSide};
use super::request::Verify;
use crate::domain::{Problem, ProblemKind, Side, Uid};
use crate::ledger::FolderRecord;
use chrono::{DateTime, FixedOffset};
use std::collections::BTreeMap;

/// A moment that was sent, and what the target made of it.
type Changed = (DateTime<FixedOffset>, Option<DateTime<FixedOffset>>);

impl FolderRun<'_, '_> {
    /// Reads the dates of what this run copied with one question, and tells how many are others than those that were sent.
    pub(super) fn compare_dates(&mut self, record: &FolderRecord) -> Result<(), Halt> {
        let Some(floor) = self.job.progress.floor else { return Ok(()) };
        if self.mailbox.context.options.verify == Verify::None {
            return Ok(());
        }
        let mut sent = self.sent_dates(record, floor)?;
        let Some(first) = sent.keys().next().copied() else { return Ok(()) };
        let mut changed: Vec<Changed> = Vec::new();
        let mut refused = None;
        let wire_name = self.target.wire_name.as_slice();
        let mut head = |_: usize, head: crate::domain::MessageHead| {
            let sent = sent.remove(&head.uid).filter(|sent| head.date != Some(*sent));
            changed.extend(sent.map(|sent| (sent, head.date)));
        };
        let reader = self.sessions.target.reader();
        reader.scan(&[wire_name], first, &mut head, &mut |_, end| refused = end.err()).on(Side::Target)?;
        if let Some(error) = refused {
            log::debug!("the dates on the target could not be read: {error}");
        }
        self.tell_changed_dates(&changed);
        Ok(())
    }

    /// The dates that were sent, by the UID on the target.
    fn sent_dates(&self, record: &FolderRecord, floor: Uid) -> Result<BTreeMap<Uid, DateTime<FixedOffset>>, Halt> {
        let progress = &self.job.progress;
        let copied = self.ledger.uid_pairs(record)?.into_iter().filter(|(_, target_uid)| *target_uid >= floor);
        let dated = copied.filter(|(uid, _)| !progress.dateless.contains(uid));
        Ok(dated.filter_map(|(uid, target_uid)| Some((target_uid, self.scan.heads.get(uid)?.date?))).collect())
    }

    fn tell_changed_dates(&mut self, changed: &[Changed]) {
        let Some((sent, stands)) = changed.first() else { return };
        let text = |date: &DateTime<FixedOffset>| date.format("%Y-%m-%d %H:%M:%S %z").to_string();
        let stands = stands.as_ref().map_or_else(|| "none that can be read".to_owned(), text);
        let problem = Problem::new(ProblemKind::DateNotKept).in_folder(&self.job.planned.source);
        let problem =
            problem.counting(changed.len() as u64).saying(format!("for example {} became {stands}", text(sent)));
        self.mailbox.tell_folder_problem(self.job.id, problem);
    }
}
