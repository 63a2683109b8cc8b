//! Marks: whether what was copied stands on the target with the date and the flags that the source has. Servers change some without a word
//! (RFC 9051, section 6.3.12, only says that they should keep them).

use super::folder::FolderRun;
use super::halt::{Halt, OnSide};
use super::request::Verify;
use crate::domain::{MessageHead, Problem, ProblemKind, Side, Uid};
use crate::ledger::FolderRecord;
use chrono::{DateTime, FixedOffset};
use std::collections::{BTreeMap, BTreeSet};

/// The messages of a folder that were copied without some of their flags.
#[derive(Debug, Default)]
pub(super) struct FlagsLost {
    uids: BTreeSet<Uid>,
    /// One of the flags.
    example: Option<String>,
}

impl FlagsLost {
    /// Notes a message that lost a flag.
    pub(super) fn note(&mut self, uid: Uid, flag: &str) {
        self.uids.insert(uid);
        self.example.get_or_insert_with(|| flag.to_owned());
    }

    /// Takes others in.
    pub(super) fn join(&mut self, others: Self) {
        self.uids.extend(others.uids);
        self.example = self.example.take().or(others.example);
    }
}

/// The messages whose dates are others there: how many, and the first as it was sent and as it stands.
type Redated = (u64, Option<(DateTime<FixedOffset>, Option<DateTime<FixedOffset>>)>);

impl FolderRun<'_, '_> {
    /// Reads the marks of what this run copied with one question, and tells how many are others than those of the source.
    pub(super) fn compare_marks(&mut self, record: &FolderRecord) -> Result<(), Halt> {
        if self.mailbox.context.options.verify != Verify::None
            && let Some(floor) = self.job.progress.floor
        {
            let redated = self.read_marks(record, floor)?;
            self.tell_redated(redated);
        }
        self.tell_lost_flags();
        Ok(())
    }

    fn read_marks(&mut self, record: &FolderRecord, floor: Uid) -> Result<Redated, Halt> {
        let pairs = self.ledger.uid_pairs(record)?.into_iter().filter(|(_, target_uid)| *target_uid >= floor);
        let uids: BTreeMap<Uid, Uid> = pairs.map(|(uid, target_uid)| (target_uid, uid)).collect();
        let mut redated = Redated::default();
        let Some(first) = uids.keys().next().copied() else { return Ok(redated) };
        let heads = &self.scan.heads;
        let before_1970 = |uid: &Uid| heads.get(*uid).and_then(|head| head.date).is_some_and(|it| it.timestamp() < 0);
        // Dovecot tells such a date rightly once, and another from then on.
        let questions = if uids.values().any(before_1970) { 2 } else { 1 };
        let progress = &mut self.job.progress;
        let mut refused = None;
        for _ in 0..questions {
            redated = Redated::default();
            let mut head = |_: usize, stands: MessageHead| {
                let Some((uid, sent)) = uids.get(&stands.uid).and_then(|uid| Some((*uid, heads.get(*uid)?))) else {
                    return;
                };
                if sent.date.is_some() && sent.date != stands.date && !progress.dateless.contains(&uid) {
                    redated.0 += 1;
                    redated.1 = redated.1.or(sent.date.map(|date| (date, stands.date)));
                }
                let kept = |flag: &&String| stands.flags.iter().any(|it| it.eq_ignore_ascii_case(flag));
                if let Some(flag) = heads.flags(sent).iter().find(|flag| !kept(flag)) {
                    progress.flags_lost.note(uid, flag);
                }
            };
            let reader = self.sessions.target.reader();
            let wire_name = self.target.wire_name.as_slice();
            reader.scan(&[wire_name], first, &mut head, &mut |_, end| refused = end.err()).on(Side::Target)?;
        }
        if let Some(error) = refused {
            log::debug!("the marks on the target could not be read: {error}");
        }
        Ok(redated)
    }

    fn tell_redated(&mut self, (count, example): Redated) {
        let Some((sent, stands)) = example else { return };
        let text = |date: DateTime<FixedOffset>| date.format("%Y-%m-%d %H:%M:%S %z").to_string();
        let stands = stands.map_or_else(|| "none that can be read".to_owned(), text);
        let problem = Problem::new(ProblemKind::DateNotKept).in_folder(&self.job.planned.source);
        let problem = problem.counting(count).saying(format!("for example {} became {stands}", text(sent)));
        self.mailbox.tell_folder_problem(self.job.id, problem);
    }

    fn tell_lost_flags(&mut self) {
        let lost = &self.job.progress.flags_lost;
        let Some(example) = &lost.example else { return };
        let problem = Problem::new(ProblemKind::KeywordsDropped).in_folder(&self.job.planned.source);
        let problem = problem.counting(lost.uids.len() as u64).saying(format!("for example {example}"));
        self.job.tell_once(self.mailbox, problem);
    }
}
