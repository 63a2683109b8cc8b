//! Refused messages that are kept back because the target accepted nothing after them: either each is named, or the refusal concerns the
//! mailbox.

use crate::ledger::Ledger;
use crate::migrate::attempt::failures::{Failure, takes_nothing};
use crate::migrate::attempt::{FolderRun, Mailbox};
use crate::migrate::copy::copying::Copying;
use crate::migrate::folder::FolderJob;
use crate::migrate::halt::Halt;
use crate::migrate::sessions::Sessions;

/// Names the messages that were kept back, once everything was tried. If the target accepted nothing after them, refused all in the same
/// words, and they are many, the refusal concerns the mailbox, not each message, and is the error.
///
/// Messages that an earlier run left over, and that are all refused in this one, are named: the others were accepted.
pub fn name(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    folders: &mut [FolderJob],
    together: &[Copying],
) -> Result<(), Halt> {
    const MUCH: usize = 10;
    let mut unnamed = std::mem::take(&mut mailbox.kept_back.messages);
    let mut taken_before = false;
    if mailbox.taken == 0 {
        for record in ledger.folders() {
            taken_before |= ledger.done_counts(&record)?.0 > 0;
        }
    }
    let last = unnamed.last().and_then(|(_, failure, _)| failure.refusal()).map(str::to_owned);
    let words = last.filter(|words| {
        let is_after_all =
            |(_, failure, taken): &&(_, Failure, u64)| *taken == mailbox.taken && failure.refusal() == Some(words);
        !taken_before && unnamed.iter().filter(is_after_all).count() >= MUCH
    });
    if let Some(words) = &words {
        unnamed.retain(|(_, failure, taken)| *taken != mailbox.taken || failure.refusal() != Some(words));
        mailbox.kept_back.words = Some((words.clone(), mailbox.taken));
    }
    for Copying { job, scan, target, .. } in together {
        let job = &mut folders[*job];
        let of_folder = unnamed.extract_if(.., |(folder, ..)| *folder == job.id);
        let of_folder = of_folder.map(|(_, failure, _)| failure).collect();
        FolderRun { mailbox, sessions, ledger, job, scan, target }.fail_all(of_folder)?;
    }
    words.map_or(Ok(()), |words| Err(takes_nothing(&words)))
}
