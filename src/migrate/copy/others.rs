//! Whether others store in the folders during the copying, over all folders of a pass; `reconcile::concurrent` finds out for one folder.

use super::copying::Copying;
use super::round::Round;
use crate::domain::{Problem, ProblemKind, Side, Uid};
use crate::ledger::Ledger;
use crate::migrate::attempt::{FolderRun, Mailbox};
use crate::migrate::folder::FolderJob;
use crate::migrate::folder::own_appends::Probe;
use crate::migrate::halt::{Halt, OnSide};
use crate::migrate::reconcile::concurrent;
use crate::migrate::sessions::Sessions;
use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};

/// Asks for the message counts of the folders of a pass, all questions ahead of the answers: of all folders if something is left to copy,
/// otherwise of those whose UIDs do not show that everything new is ours.
pub fn count_again(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    folders: &mut [FolderJob],
    (together, rounds): (&[Copying], &[Round]),
    more: bool,
) -> Result<(), Halt> {
    if !mailbox.asks_for_counts {
        return Ok(());
    }
    let due = rounds.iter().map(|round| &together[round.folder]);
    let is_due = |copying: &&Copying| more || folders[copying.job].progress.own_appends.may_be_beside_others();
    let due: Vec<&Copying> = due.filter(is_due).collect();
    let names: Vec<&[u8]> = due.iter().map(|copying| copying.target.wire_name.as_slice()).collect();
    let statuses = sessions.target.statuses(&names).on(Side::Target);
    mailbox.asks_for_counts = statuses.is_ok();
    for (copying, status) in due.iter().zip(statuses?) {
        let progress = &mut folders[copying.job].progress;
        if let Some(status) = status {
            let expected = progress.first_on_target.map(|before| before + progress.sent());
            let too_many = expected.map_or(0, |expected| status.messages.saturating_sub(expected));
            progress.own_appends.note_counted(status, too_many);
        }
    }
    Ok(())
}

/// If the mailbox ends because somebody stores what we store, counts the duplicates in all folders: the next run does not know about them.
pub fn count_doubled(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    folders: &mut [FolderJob],
    problem: &Problem,
) -> Result<(), Halt> {
    if ![ProblemKind::StoresTwice, ProblemKind::MailboxInUse].contains(&problem.kind) {
        return Ok(());
    }
    for job in folders.iter_mut().filter(|job| !job.progress.finished && job.progress.sent() > 0) {
        let (Some(scan), Some(target)) = (job.scan.clone(), job.target.clone()) else { continue };
        concurrent::count_doubled(&mut FolderRun { mailbox, sessions, ledger, job, scan: &scan, target: &target })?;
    }
    Ok(())
}

/// Chooses one of all messages left, at random, to send it alone: it shows whether the target stores everything twice.
pub fn probe_elsewhere(together: &mut [Copying], folders: &mut [FolderJob]) -> Option<Round> {
    let uids = |(folder, copying): (usize, &Copying)| {
        let rounds = copying.rounds.iter().filter(|round| !round.alone);
        rounds.flat_map(|round| &round.uids).map(|uid| (folder, *uid)).collect::<Vec<_>>()
    };
    let left: Vec<(usize, Uid)> = together.iter().enumerate().flat_map(uids).collect();
    let (folder, uid) = *left.get((RandomState::new().hash_one(()) % left.len().max(1) as u64) as usize)?;
    let copying = &mut together[folder];
    let (way, dates) = copying.rounds.iter().find(|round| round.uids.contains(&uid)).map(|it| (it.way, it.dates))?;
    copying.leave_out(&BTreeSet::from([uid]));
    folders[copying.job].progress.own_appends.probe = Probe::Sent(uid);
    Some(Round { dates, ..Round::of(folder, vec![uid], way, false) })
}
