//! Reports a compared folder: the folder itself, its messages, and how they differ.
//!
//! Missing messages and extra copies are only noted here; `elsewhere` reports them once all folders are compared.

use super::differences::{Differences, Known, NAMED};
use super::elsewhere::{Extra, Missing};
use super::reading::Current;
use super::{Plan, Verification};
use crate::domain::{Digest, Folder, FolderId, Note, Problem, ProblemKind, Uid};
use crate::imap::Envelope;
use crate::migrate::content::comparison::Comparison;
use crate::migrate::folder::describe::describe;
use crate::migrate::plan::Way;
use crate::progress::Event;
use std::collections::BTreeMap;

impl Verification<'_> {
    /// The record's knowledge about a folder that is still the same on both sides.
    pub(super) fn known(&self, plan: &Plan, listed: &Folder, current: &Current) -> Known {
        let validities = current.here.uid_validity.zip(current.there.uid_validity);
        let known = Known::nothing(self.context.profile.keeps_deleted);
        let Some((ledger, (here, there))) = plan.ledger.as_ref().zip(validities) else { return known };
        match ledger.folder(listed) {
            Some(record) => known.by_record(ledger, &record, here, there),
            None => known,
        }
    }

    /// Reports that the folder or its subscription is missing. For a missing folder with messages, the messages are reported instead.
    pub(super) fn report_folder(
        &mut self,
        id: FolderId,
        way: &Way,
        (listed, is_empty): (&Folder, bool),
        there: Option<&Folder>,
    ) {
        let about = |kind| Problem::new(kind).in_folder(&way.planned.source);
        match there.filter(|there| there.selectable) {
            None if is_empty => self.reporter.folder_problem(id, about(ProblemKind::FolderMissing)),
            Some(there) if listed.subscribed && !there.subscribed => {
                self.reporter.folder_problem(id, about(ProblemKind::SubscriptionMissing));
            }
            _ => {}
        }
    }

    /// Reports how a folder compares.
    pub(super) fn report(
        &mut self,
        folder: FolderId,
        way: &Way,
        current: &Current,
        outcome: &Differences,
        envelopes: &BTreeMap<Uid, Envelope>,
    ) {
        let about = |kind| Problem::new(kind).in_folder(&way.planned.source);
        let (account, heads) = (self.reporter.account, &current.here.heads);
        let about_message =
            |kind, uid: Uid| about(kind).about_message(describe(heads.get(uid), uid, envelopes.get(&uid)));
        let (messages, bytes) = outcome.right;
        self.reporter.checked(folder, messages, bytes);
        if current.unlisted > 0 {
            let problem = about(ProblemKind::MessageUnreadable).counting(current.unlisted);
            self.reporter.folder_problem(folder, problem.noting(Note::CountedNotListed));
        }
        for uid in &outcome.unproved {
            self.reporter.folder_problem(folder, about_message(ProblemKind::MessageUnproved, *uid));
        }
        for uid in &outcome.unreadable {
            self.reporter.folder_problem(folder, about_message(ProblemKind::MessageUnreadable, *uid));
        }
        for (uid, comparison) in &outcome.altered {
            self.reporter
                .folder_problem(folder, about_message(ProblemKind::MessageAltered, *uid).noting(comparison.note()));
        }
        for (uid, comparison) in &outcome.changed {
            let problem = about_message(ProblemKind::MessageNormalised, *uid).noting(comparison.note());
            self.reporter.folder_problem(folder, problem);
        }
        if outcome.final_line_ends > 0 {
            let problem = about(ProblemKind::MessageNormalised).counting(outcome.final_line_ends);
            let problem = problem.noting(Comparison::FinalLineEnd.note());
            self.reporter.folder_problem(folder, problem);
        }
        self.report_marks(folder, outcome, about, about_message);
        let target_messages = Some(current.there.heads.all().len() as u64);
        self.reporter.report(Event::FolderFinished { account, folder, target_messages });
    }

    /// Reports how messages with the same content differ, and what their owner changed.
    fn report_marks(
        &mut self,
        folder: FolderId,
        outcome: &Differences,
        about: impl Fn(ProblemKind) -> Problem,
        about_message: impl Fn(ProblemKind, Uid) -> Problem,
    ) {
        let Differences { dates, flags, marked, unlike_announced, .. } = outcome;
        let dates = dates.iter().map(|(uid, sent, stored)| {
            let note = Note::DateBecame { sent: *sent, stored: *stored };
            about_message(ProblemKind::DateDiffers, *uid).noting(note)
        });
        let flags = flags.iter().map(|(uid, source, target)| {
            let note = Note::FlagsAre { source: source.clone(), target: target.clone() };
            about_message(ProblemKind::FlagsDiffer, *uid).noting(note)
        });
        let marked = marked.iter().map(|uid| about_message(ProblemKind::MarkedOnTarget, *uid));
        let sizes = unlike_announced.iter().map(|(uid, announced, given)| {
            let note = Note::AnnouncedAndGiven { announced: *announced, given: *given };
            about_message(ProblemKind::SizeNotAsAnnounced, *uid).noting(note)
        });
        let kinds: [Box<dyn Iterator<Item = Problem>>; 4] =
            [Box::new(dates), Box::new(flags), Box::new(marked), Box::new(sizes)];
        for mut problems in kinds {
            for problem in problems.by_ref().take(NAMED) {
                self.reporter.folder_problem(folder, problem);
            }
            let counted =
                problems.map(|problem| (problem.kind, 1)).reduce(|(kind, count), (_, one)| (kind, count + one));
            if let Some((kind, count)) = counted {
                self.reporter.folder_problem(folder, about(kind).counting(count));
            }
        }
    }

    /// Notes messages to look for in other folders before they are reported. Without content, they are reported at once.
    pub(super) fn seek(
        &mut self,
        folder: FolderId,
        way: &Way,
        (listed, target): (&Folder, Option<&[u8]>),
        current: &Current,
        outcome: &Differences,
        envelopes: &BTreeMap<Uid, Envelope>,
    ) {
        let (heads, shelf) = (&current.here.heads, &current.here.shelf);
        let problem = |kind, uid: Uid| {
            let name = describe(heads.get(uid), uid, envelopes.get(&uid));
            Problem::new(kind).in_folder(&way.planned.source).about_message(name)
        };
        let unread = Some(outcome.unreadable_there).filter(|count| *count > 0);
        let unread = unread.map(|messages| Note::TargetUnread { messages });
        for (uid, known) in &outcome.missing {
            let note = if known.was_checked { Some(Note::TakenSince) } else { unread.clone() };
            self.sought.missing.push(Missing {
                folder,
                source: listed.wire_name.clone(),
                target: target.map(<[u8]>::to_vec),
                uid: *uid,
                size: heads.get(*uid).map_or(0, |head| head.size),
                date: heads.get(*uid).and_then(|head| head.date),
                digest: shelf.digest(*uid),
                was_copied: known.was_copied,
                problem: problem(ProblemKind::MessageMissing, *uid).noting(note),
            });
        }
        let Some(target) = target else { return };
        let digests = outcome
            .extra
            .iter()
            .map(|(uid, more)| (*uid, *more, shelf.digest(*uid).unwrap_or_else(|| Digest::of(b""))));
        self.sought.extra.extend(digests.map(|(uid, copies, digest)| Extra {
            folder,
            target: target.to_vec(),
            digest,
            copies,
            problem: problem(ProblemKind::ExtraCopies, uid),
        }));
        self.sought.left.insert(target.to_vec(), outcome.left_there.clone());
    }
}
