//! Folders that are complete on the target according to the record and have not changed since: they need no scan.

use crate::imap::FolderStatus;
use crate::ledger::{FolderRecord, Ledger, Snapshot};
use crate::migrate::attempt::suspects::suspect;
use crate::migrate::attempt::{Mailbox, uncompared};
use crate::migrate::folder::FolderJob;
use crate::migrate::folder::progress::UnseenFlags;
use crate::migrate::folder::witnesses::{Testimony, are_enough, credible_next};
use crate::migrate::halt::{Halt, both};
use crate::migrate::request::Verify;
use crate::migrate::sessions::{Sessions, target_name};

/// Finishes the folders that are complete on the target according to the ledger and to which no mail has come since.
pub fn take_over_unchanged(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &Ledger,
    folders: &mut [FolderJob],
    due: &dyn Fn(&FolderJob) -> bool,
) -> Result<(), Halt> {
    let mut complete: Vec<(&mut FolderJob, FolderRecord)> = Vec::new();
    for job in folders.iter_mut().filter(|job| due(job)) {
        let record = ledger.folder(&job.source);
        complete.extend(record.filter(|record| record.snapshot.is_some()).map(|record| (job, record)));
    }
    let at_once = if mailbox.singly.any() { 1 } else { complete.len().max(1) };
    for part in complete.chunks_mut(at_once) {
        let looked = take_over(mailbox, sessions, ledger, part);
        if let Err(halt) = &looked {
            match part {
                [(job, _)] => suspect(mailbox, job, halt.side(), halt),
                // Opening the folders one by one will show which of them it was.
                _ => mailbox.singly.note(halt),
            }
        }
        looked?;
    }
    Ok(())
}

fn take_over(
    mailbox: &Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &Ledger,
    complete: &mut [(&mut FolderJob, FolderRecord)],
) -> Result<(), Halt> {
    let source_names: Vec<&[u8]> = complete.iter().map(|(job, _)| job.source.wire_name.as_slice()).collect();
    let Sessions { source, target, .. } = sessions;
    let target_names: Vec<Vec<u8>> = complete.iter().map(|(_, record)| target_name(target, record)).collect();
    let target_names: Vec<&[u8]> = target_names.iter().map(Vec::as_slice).collect();
    let (here, there) = both(|| source.statuses_with_changes(&source_names), || target.statuses(&target_names))?;
    let is_doubtful = complete.iter().zip(&here).any(|((job, _), here)| {
        let opened = job.progress.witnesses.as_ref().zip(here.as_ref());
        opened.is_some_and(|(witnesses, here)| !witnesses.agrees_with(here))
    });
    if is_doubtful {
        // The source counts late, or mail came just now: every folder is looked at.
        return Ok(());
    }
    for (((job, record), here), there) in complete.iter_mut().zip(here).zip(there) {
        let (Some(here), Some(there)) = (here, there) else { continue };
        let (done, bytes) = ledger.done_counts(record)?;
        let messages = ledger.messages_of(record)?;
        let is_trusted = job.progress.witnesses.as_ref().is_none_or(|witnesses| {
            let at_places = witnesses.target();
            let is_emptied = at_places == Testimony::Empty && there.messages == 0 && there.uid_next.is_some();
            let holds = at_places == Testimony::Holds && are_enough(messages, &there);
            let known = messages.last().map(|message| message.uid);
            witnesses.source_holds() && witnesses.shows_nothing_new(&here, known) && (holds || is_emptied)
        });
        // The record has more than the source: some were deleted or moved there since, which the last pass follows.
        let is_whole = is_trusted && done == here.messages;
        if is_whole && is_unchanged(record, &here) && is_as_recorded(ledger, record, &there)? {
            let verify = mailbox.context.options.verify;
            let open = uncompared(ledger, record, verify)?;
            let is_open = verify != Verify::None && (!open.is_empty() || !ledger.found_altered(record)?.is_empty());
            if is_open {
                // An earlier run read back less than this one is to.
                continue;
            }
            let compared = done.saturating_sub(open.len() as u64);
            // Two equal HIGHESTMODSEQ show that no flag changed; nothing else does without reading every message's flags.
            let (followed, now) = (record.source_end.and_then(|end| end.modseq), here.highest_modseq);
            let are_seen = followed.is_some() && followed == now;
            job.progress.unseen_flags = (!are_seen).then_some(UnseenFlags { followed, now });
            job.take_over(&mailbox.reporter, (bytes, compared), &here, &there);
        }
    }
    Ok(())
}

/// Whether no message has come to the source folder or left it since it was complete.
fn is_unchanged(record: &FolderRecord, source: &FolderStatus) -> bool {
    let seen = source.uid_next.map(|uid_next| Snapshot { uid_next, messages: source.messages });
    record.source_uid_validity == source.uid_validity && record.snapshot.is_some() && record.snapshot == seen
}

/// Whether the target folder is the recorded one. A folder whose UIDNEXT went back was restored from a backup and no longer holds the
/// recorded messages.
pub fn is_as_recorded(ledger: &Ledger, record: &FolderRecord, target: &FolderStatus) -> Result<bool, Halt> {
    let highest = ledger.highest_target_uid(record)?;
    let next = credible_next(target, None);
    let before = record.target_end.and_then(|end| end.uid_next);
    let went_back = highest.zip(next).is_some_and(|(highest, next)| highest >= next)
        || before.zip(next).is_some_and(|(before, next)| before > next);
    Ok(record.target_uid_validity == target.uid_validity && !went_back)
}
