//! Folders and messages at which a connection is lost, on either side: they come last, alone, and with a longer time limit; then they are
//! named. So none of them holds up the rest, and the cost of each is bounded:
//!
//! 1. A folder at which the connection is lost when it is opened or made ready comes after all others. Both servers may then take as long
//!    as `Patience::alone`. At the third loss, or the second if the server was silent, it is named.
//! 2. Folders that were requested together are requested one by one from then on: it could have been any of them. A target's first hang-up
//!    does not count.
//! 3. A folder that a server refuses in words that ask to wait is requested again, last and alone. Opening another one that was opened
//!    before shows whether the refusal concerns the folder or the server: if that is refused too, the run waits for the server. If not, the
//!    folder is named at its third refusal.
//! 4. Folders that a server refuses for good are named, unless it opens none and refuses all in the same words: the refusal then concerns
//!    the mailbox.
//! 5. A folder at which a connection is lost in other work five times in a row, without progress, is named.

use super::Mailbox;
use crate::domain::{Note, Problem, ProblemKind, Side};
use crate::imap::ImapError;
use crate::migrate::folder::{FolderJob, refused_folder};
use crate::migrate::halt::Halt;
use crate::migrate::sessions::Sessions;

/// After this many losses a folder is named: when it is opened, and in other work.
const OPENINGS: u32 = 3;
const SILENT_OPENINGS: u32 = 2;
const LOSSES_AT_WORK: u32 = 5;

/// After this many refusals in words that ask to wait, a folder is named.
const REFUSALS: u32 = 3;

/// Whether the folders of a side are requested one by one.
#[derive(Debug, Default)]
pub struct Singly {
    pub source: bool,
    pub target: bool,
}

/// One opened folder on each side, by its wire name.
#[derive(Debug, Default)]
pub struct Good {
    pub source: Option<Vec<u8>>,
    pub target: Option<Vec<u8>>,
    /// Whether the source listed messages in an opened folder.
    pub gave: bool,
}

impl Singly {
    /// Whether this holds on either side.
    pub fn any(&self) -> bool {
        self.source || self.target
    }

    /// Takes in why an attempt ended.
    pub fn note(&mut self, halt: &Halt) {
        match halt {
            Halt::Server { side: Side::Source, error } if error.is_loss() => self.source = true,
            Halt::Server { error, .. } if error.is_loss() => self.target = true,
            _ => {}
        }
    }
}

/// Notes that the connection to this side was lost while a folder was opened or made ready there.
pub fn suspect(mailbox: &mut Mailbox<'_>, job: &mut FolderJob, at: Side, halt: &Halt) {
    let Some(error) = loss(mailbox, halt, at) else { return };
    // The target's first hang-up, with many requested together, proves too little.
    let says_little = at != Side::Source && !error.is_silence() && !mailbox.singly.target;
    mailbox.singly.note(halt);
    if says_little {
        return;
    }
    let most = if error.is_silence() { SILENT_OPENINGS } else { OPENINGS };
    if job.progress.opening_losses.note(job.progress.settled()) >= most {
        name(mailbox, job, at, error);
    }
}

/// Notes that a connection was lost in other work on a folder.
pub fn suspect_at_work(mailbox: &mut Mailbox<'_>, job: &mut FolderJob, halt: &Halt) {
    let Halt::Server { side, .. } = halt else { return };
    let Some(error) = loss(mailbox, halt, *side) else { return };
    let forward = job.progress.settled() + mailbox.compared as u64 + mailbox.reporter.checked;
    if job.progress.losses_at_work.note(forward) >= LOSSES_AT_WORK {
        name(mailbox, job, *side, error);
    }
}

/// Decides what to do about a folder that a server refuses to open or to make ready. An error means that the run waits for the server.
pub fn refused(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    job: &mut FolderJob,
    at: Side,
    error: ImapError,
) -> Result<(), Halt> {
    if !error.is_pause() {
        let is_any_open = match at {
            // An empty folder shows nothing, because its messages are not requested.
            Side::Source => mailbox.good.gave,
            Side::Target | Side::Administration => mailbox.good.target.is_some(),
        };
        if !is_any_open {
            mailbox.refusals.push((job.id, at, error));
            return Ok(());
        }
        job.give_up(&mut mailbox.reporter, refused_folder(at, &job.planned, &error));
        return Ok(());
    }
    job.progress.refusals_for_now += 1;
    if job.progress.refusals_for_now == 1 {
        return Ok(());
    }
    let (reader, good) = match at {
        Side::Source => (&mut sessions.source, &mailbox.good.source),
        Side::Target | Side::Administration => (sessions.target.reader(), &mailbox.good.target),
    };
    let opens_others = good.as_ref().is_some_and(|name| reader.examine(name).is_ok());
    if opens_others && job.progress.refusals_for_now >= REFUSALS {
        job.give_up(&mut mailbox.reporter, refused_folder(at, &job.planned, &error));
        return Ok(());
    }
    Err(Halt::Server { side: at, error })
}

/// Names the folders that a server refused before it opened any. If it opened none, and refused all in the same words, the refusal concerns
/// the mailbox and is the error.
pub fn settle_refusals(mailbox: &mut Mailbox<'_>, folders: &mut [FolderJob]) -> Result<(), Halt> {
    let mut refusals = std::mem::take(&mut mailbox.refusals);
    if let [(_, side, first), _, ..] = refusals.as_slice() {
        let has_messages = |job: &FolderJob| job.progress.on_source.is_some_and(|(_, _, messages)| messages > 0);
        let is_open = |job: &FolderJob| match side {
            Side::Source => has_messages(job),
            Side::Target | Side::Administration => job.progress.finished && has_messages(job) || job.target.is_some(),
        };
        let is_same = |(_, at, error): &(_, Side, ImapError)| at == side && error.says_the_same_as(first);
        if refusals.iter().all(is_same) && !folders.iter().any(is_open) {
            let (_, side, error) = refusals.swap_remove(0);
            return Err(Halt::Server { side, error: error.of_everything() });
        }
    }
    for (id, side, error) in refusals {
        if let Some(job) = folders.iter_mut().find(|job| job.id == id && !job.progress.finished) {
            job.give_up(&mut mailbox.reporter, refused_folder(side, &job.planned, &error));
        }
    }
    Ok(())
}

fn loss<'h>(mailbox: &Mailbox<'_>, halt: &'h Halt, at: Side) -> Option<&'h ImapError> {
    match halt {
        Halt::Server { side, error } if *side == at && error.is_loss() => {
            Some(error).filter(|_| !mailbox.control().stopping())
        }
        _ => None,
    }
}

fn name(mailbox: &mut Mailbox<'_>, job: &mut FolderJob, side: Side, error: &ImapError) {
    let (kind, note) = match side {
        Side::Source => (ProblemKind::FolderNotRead, Note::LostWhileOpening),
        Side::Target | Side::Administration => (ProblemKind::FolderNotCreated, Note::LostWhileCreating),
    };
    let problem = Problem::new(kind).on(side).in_folder(&job.planned.source);
    job.give_up(&mut mailbox.reporter, error.quoted_in(problem).noting(note));
}
