//! Counts and reports the progress of a pass, hands stored messages to the follower for checking, and notices from UIDs and message counts
//! that a target folder gets more than we send (`reconcile::concurrent` finds out why).

use super::copying::Copying;
use super::round::{DateStyle, Desk, Round};
use crate::domain::Uid;
use crate::imap::FolderStatus;
use crate::ledger::{Done, Ledger};
use crate::migrate::attempt::Mailbox;
use crate::migrate::folder::FolderJob;
use crate::migrate::halt::Halt;
use crate::migrate::sessions::follower::Follower;
use crate::progress::{Event, Step};

/// Counts and reports what a pass copies, and hands it to the follower for checking.
pub struct Counter<'c, 'a> {
    mailbox: &'c mut Mailbox<'a>,
    folders: &'c mut [FolderJob],
    together: &'c [Copying],
    rounds: &'c [Round],
    follower: Option<&'c mut Follower>,
    /// How many messages were sent to each round's folder before the pass.
    sent_before: Vec<u64>,
    is_in_doubt: bool,
}

impl<'c, 'a> Counter<'c, 'a> {
    pub fn new(
        mailbox: &'c mut Mailbox<'a>,
        folders: &'c mut [FolderJob],
        (together, rounds): (&'c [Copying], &'c [Round]),
        follower: Option<&'c mut Follower>,
    ) -> Self {
        let sent = |round: &Round| folders[together[round.folder].job].progress.sent();
        let sent_before = rounds.iter().map(sent).collect();
        Self { mailbox, folders, together, rounds, follower, sent_before, is_in_doubt: false }
    }

    /// The index of a round's folder among the mailbox's folders.
    fn job(&self, round: usize) -> usize {
        self.together[self.rounds[round].folder].job
    }
}

impl Desk for Counter<'_, '_> {
    fn began(&mut self, round: usize) {
        let folder = self.folders[self.job(round)].id;
        self.mailbox.reporter.step(Step::Copying(folder));
    }

    fn is_free(&mut self, round: usize, place: Uid) -> bool {
        let job = self.job(round);
        self.folders[job].progress.take_place(place)
    }

    fn done(&mut self, ledger: &mut Ledger, round: usize, done: &[Done], overtaken: u64) -> Result<(), Halt> {
        let (at, no_date_sent) = (self.job(round), self.rounds[round].dates == DateStyle::None);
        let (job, copying) = (&mut self.folders[at], &self.together[self.rounds[round].folder]);
        let (account, folder) = (self.mailbox.reporter.account, job.id);
        let (messages, bytes) = job.progress.note_copied(done);
        for message in done {
            let announced = copying.heads().get(message.uid).map_or(0, |head| head.size);
            job.progress.note_size(message.uid, announced, message.size);
        }
        self.mailbox.taken += messages;
        let largest = done.iter().map(|done| done.size).max().unwrap_or(0);
        self.mailbox.largest_taken = self.mailbox.largest_taken.max(largest);
        job.progress.own_appends.overtaken = overtaken;
        self.is_in_doubt |= job.progress.own_appends.is_in_doubt(copying.target.floor);
        job.progress.reading_losses.note_delivered();
        job.progress.sent_singly.note_delivered();
        let has_no_date = |uid| copying.heads().get(uid).is_some_and(|head| head.date.is_none());
        let dateless = |done: &&Done| no_date_sent || has_no_date(done.uid);
        job.progress.dateless.extend(done.iter().filter(dateless).map(|done| done.uid));
        self.mailbox.context.report(Event::MessagesCopied { account, folder, messages, bytes });
        if let Some(follower) = &mut self.follower {
            follower.hand_over(folder, &copying.record, &copying.target.wire_name, done);
            self.mailbox.take_right(ledger, follower.collect(false))?;
        }
        Ok(())
    }

    fn is_to_count(&self, round: usize, is_last: bool) -> bool {
        let own_appends = &self.folders[self.job(round)].progress.own_appends;
        self.mailbox.asks_for_counts && (is_last || own_appends.is_placeless())
    }

    fn counted(&mut self, round: usize, sent: u64, status: FolderStatus) {
        let (job, floor) = (self.job(round), self.together[self.rounds[round].folder].target.floor);
        let progress = &mut self.folders[job].progress;
        let expected = progress.first_on_target.map(|before| before + self.sent_before[round] + sent);
        let too_many = expected.map_or(0, |expected| status.messages.saturating_sub(expected));
        progress.own_appends.note_counted(status, too_many);
        self.is_in_doubt |= progress.own_appends.is_in_doubt(floor);
    }

    fn is_in_doubt(&self) -> bool {
        self.is_in_doubt
    }
}
