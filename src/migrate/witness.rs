//! Witnesses: whether the UIDs in a record still name the same messages, on both sides.
//!
//! UIDVALIDITY alone does not show it: a server that is restored from a backup keeps it, and gives the UIDs of the lost messages to others.
//! So in every run:
//!
//! 1. A few recorded messages of each folder, the last ones and some spread over it, are checked on both sides.
//! 2. On the source, the recorded sizes are compared with those that it announces now, and the dates of the last messages with those noted.
//! 3. On the target, a place must hold a message of the recorded size and of the source's date; one with another is read. An empty place is
//!    a deletion by the user, if all places of the folder hold what they should and the target's UIDNEXT shows that the folder continued
//!    from there.
//! 4. UIDNEXT must not have gone back on either side. A UIDNEXT that is not above all existing UIDs proves nothing; that of the source is
//!    compared with its last message.
//! 5. STATUS of a source folder must say the same as opening it did. If it does not, STATUS is not believed for any folder.
//!
//! In case of doubt the folder is compared by content.

use super::attempt::Mailbox;
use super::attempt::suspects::suspect;
use super::folder::FolderJob;
use super::folder::witnesses::{Announced, Witnesses, sample};
use super::halt::{Halt, both};
use super::sessions::{Sessions, target_name};
use crate::domain::{MessageHead, Side, Uid};
use crate::imap::{FolderStatus, ImapError};
use crate::ledger::{FolderRecord, Ledger, Message};
use std::collections::BTreeMap;

/// At most this many folders are checked at once, with all requests ahead of the answers.
const AT_ONCE: usize = 200;

/// A folder that has a record, and those of its messages that are checked.
struct Recorded<'a> {
    job: &'a mut FolderJob,
    record: FolderRecord,
    sampled: Vec<Message>,
}

/// Checks a few recorded messages of every folder that is `due` and has a record, with all requests ahead of the answers.
pub fn look(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &Ledger,
    folders: &mut [FolderJob],
    due: &dyn Fn(&FolderJob) -> bool,
) -> Result<(), Halt> {
    let mut recorded: Vec<Recorded<'_>> = Vec::new();
    for job in folders.iter_mut().filter(|job| due(job) && job.progress.witnesses.is_none()) {
        let Some(record) = ledger.folder(&job.source) else { continue };
        let sampled = sample(ledger.messages_of(&record)?);
        if !sampled.is_empty() {
            recorded.push(Recorded { job, record, sampled });
        }
    }
    let at_once = if mailbox.singly.any() { 1 } else { AT_ONCE };
    for part in recorded.chunks_mut(at_once) {
        if mailbox.control().holding() {
            return Err(Halt::Held);
        }
        look_at(mailbox, sessions, part)?;
    }
    Ok(())
}

fn look_at(mailbox: &mut Mailbox<'_>, sessions: &mut Sessions, part: &mut [Recorded<'_>]) -> Result<(), Halt> {
    let sampled: Vec<Vec<Message>> = part.iter().map(|recorded| recorded.sampled.clone()).collect();
    let source_names: Vec<Vec<u8>> = part.iter().map(|recorded| recorded.job.source.wire_name.clone()).collect();
    let Sessions { source, target, .. } = sessions;
    // Without known places there is nothing to check.
    let placed: Vec<usize> =
        (0..part.len()).filter(|index| sampled[*index].iter().any(|message| message.target_uid.is_some())).collect();
    let target_names: Vec<Vec<u8>> = placed.iter().map(|index| target_name(target, &part[*index].record)).collect();
    let source_names: Vec<&[u8]> = source_names.iter().map(Vec::as_slice).collect();
    let target_names: Vec<&[u8]> = target_names.iter().map(Vec::as_slice).collect();
    let uids = |index: usize| sampled[index].iter().map(|message| message.uid).collect();
    let places = |index: usize| sampled[placed[index]].iter().filter_map(|message| message.target_uid).collect();
    let mut here: Vec<BTreeMap<Uid, Announced>> = vec![BTreeMap::new(); part.len()];
    let mut there: Vec<BTreeMap<Uid, Announced>> = vec![BTreeMap::new(); placed.len()];
    let mut take_here = |index: usize, head: MessageHead| {
        here[index].insert(head.uid, announced(&head));
    };
    let mut take_there = |index: usize, head: MessageHead| _ = there[index].insert(head.uid, announced(&head));
    let (mut ended_here, mut ended_there) = (0, 0);
    let mut opened = vec![None; part.len()];
    let mut end_here = |index: usize, status: Result<FolderStatus, ImapError>| {
        ended_here = index + 1;
        opened[index] = status.ok();
    };
    let looked = both(
        || source.scan_some_and_last(&source_names, &uids, &mut take_here, &mut end_here),
        || target.reader().scan_some(&target_names, &places, &mut take_there, &mut |index, _| ended_there = index + 1),
    );
    if let Err(halt) = looked {
        let at = [(Side::Source, Some(ended_here)), (Side::Target, placed.get(ended_there).copied())];
        for (side, index) in at {
            if let Some(recorded) = index.and_then(|index| part.get_mut(index)) {
                suspect(mailbox, recorded.job, side, &halt);
            }
        }
        return Err(halt);
    }
    let mut there: BTreeMap<usize, BTreeMap<Uid, Announced>> = placed.into_iter().zip(there).collect();
    for ((index, Recorded { job, record, sampled }), (here, opened)) in
        part.iter_mut().enumerate().zip(here.into_iter().zip(opened))
    {
        let there = there.remove(&index).unwrap_or_default();
        let dates_differ = !record.has_dates(|uid| here.get(&uid).and_then(|here| here.date));
        let (sampled, keeps_dates) = (std::mem::take(sampled), !record.has_other_dates);
        job.progress.witnesses = Some(Witnesses { sampled, here, dates_differ, there, keeps_dates, opened });
    }
    Ok(())
}

fn announced(head: &MessageHead) -> Announced {
    Announced { size: head.size, date: head.date.map(|date| date.timestamp()) }
}
