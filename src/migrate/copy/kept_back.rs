//! Refused messages that were kept back, because the target has taken none at all: each is named, or the mailbox is meant.

use crate::domain::Side;
use crate::imap::ImapError;
use crate::ledger::Ledger;
use crate::migrate::attempt::{FolderRun, Mailbox};
use crate::migrate::copy::copying::Copying;
use crate::migrate::folder::FolderJob;
use crate::migrate::halt::Halt;
use crate::migrate::sessions::Sessions;

/// Names what was kept back, once everything was tried. Where the target took nothing, and there was much, it is the mailbox that is meant, and
/// not each message. An error is that.
pub fn name(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &mut Ledger,
    folders: &mut [FolderJob],
    together: &[Copying],
) -> Result<(), Halt> {
    const MUCH: usize = 10;
    let mut unnamed = std::mem::take(&mut mailbox.unnamed);
    let words = unnamed.first().and_then(|(_, failure)| failure.refusal());
    if let Some(words) = words.filter(|_| mailbox.taken == 0 && unnamed.len() >= MUCH) {
        return Err(Halt::Server { side: Side::Target, error: ImapError::takes_nothing(words) });
    }
    for Copying { job, scan, target, .. } in together {
        let job = &mut folders[*job];
        let of_folder = unnamed.extract_if(.., |(folder, _)| *folder == job.id).map(|(_, failure)| failure).collect();
        FolderRun { mailbox, sessions, ledger, job, scan, target }.fail_all(of_folder)?;
    }
    Ok(())
}
