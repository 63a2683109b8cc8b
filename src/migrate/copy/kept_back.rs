//! Refused messages that are kept back, because the target took nothing after them: each is named, or the mailbox is meant.

use crate::domain::Side;
use crate::imap::ImapError;
use crate::ledger::Ledger;
use crate::migrate::attempt::failures::Failure;
use crate::migrate::attempt::{FolderRun, Mailbox};
use crate::migrate::copy::copying::Copying;
use crate::migrate::folder::FolderJob;
use crate::migrate::halt::Halt;
use crate::migrate::sessions::Sessions;

/// Keeps refused messages of a folder back. An error is that the target took nothing any more in an earlier attempt, and says the same
/// still: then it is not asked to take everything else again.
pub fn take(run: &mut FolderRun<'_, '_>, refused: Vec<Failure>) -> Result<(), Halt> {
    let (folder, taken) = (run.job.id, run.mailbox.taken);
    if let Some((words, before)) = &run.mailbox.kept_back.words
        && *before == taken
        && refused.iter().any(|failure| failure.refusal() == Some(words))
    {
        return Err(takes_nothing(words));
    }
    let kept_back = &mut run.mailbox.kept_back;
    let (new, known): (Vec<Failure>, Vec<Failure>) =
        refused.into_iter().partition(|failure| kept_back.before.insert((folder, failure.uid())));
    kept_back.messages.extend(new.into_iter().map(|failure| (folder, failure, taken)));
    run.fail_all(known)
}

/// Names what was kept back, once everything was tried. Where the target took nothing after them, refused all in the same words, and they are
/// many, it is the mailbox that is meant, and not each message. An error is that.
///
/// What was left over by an earlier run, and is all refused in this one, is named: the others were taken.
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

fn takes_nothing(words: &str) -> Halt {
    Halt::Server { side: Side::Target, error: ImapError::takes_nothing(words) }
}
