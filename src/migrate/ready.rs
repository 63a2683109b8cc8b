//! Servers that end the session instead of refusing a folder. One such folder must not cost the mailbox all others: it is tried again with
//! the folders above it made one by one, and after that it is named and left.

use super::folder::FolderJob;
use super::halt::{Halt, OnSide};
use super::mailbox::Mailbox;
use super::sign_in::Sessions;
use crate::domain::{FolderPath, Problem, ProblemKind, Side};
use crate::imap::ImapError;

/// Notes at which folder the target's line was lost. Of folders that were asked for together it could be any, so from then on they are
/// asked for one by one.
pub(super) fn suspect(mailbox: &mut Mailbox<'_>, job: &mut FolderJob, halt: &Halt) {
    const TRIES: u32 = 2;
    let Halt::Server { side: Side::Target, error } = halt else { return };
    if !error.is_loss() || mailbox.context.control.stopping() || !std::mem::replace(&mut mailbox.wary, true) {
        return;
    }
    job.progress.ready_losses += 1;
    if job.progress.ready_losses >= TRIES {
        let words = format!("the connection was lost each time when it was made: {}", error.words());
        let problem = Problem::new(ProblemKind::FolderNotCreated).on(Side::Target).in_folder(&job.planned.source);
        job.give_up(mailbox, problem.saying(words));
    }
}

/// Makes the folders above one: a server need not make them by itself (RFC 9051, section 6.3.4).
pub(super) fn make_parents(sessions: &mut Sessions, target: &FolderPath) -> Result<(), Halt> {
    for length in 1..target.parts().len() {
        let above = FolderPath::new(&target.parts()[..length]);
        let Ok(wire_name) = sessions.target.wire_name(&above) else { return Ok(()) };
        if sessions.existing.contains(&wire_name) {
            continue;
        }
        match sessions.target.create(&wire_name) {
            Err(ImapError::Refused { .. }) => return Ok(()),
            outcome => outcome.on(Side::Target)?,
        };
        sessions.existing.insert(wire_name);
    }
    Ok(())
}
