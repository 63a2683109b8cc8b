//! Makes folders ready on the target: creates missing ones, subscribes to them and opens them. If the target refuses a name or confuses it
//! with another folder's, the folder gets a plain name.

use crate::domain::{Folder, FolderId, FolderPath, Mapping, Problem, ProblemKind, Side};
use crate::imap::{ImapError, Ready, Wish, Writer};
use crate::migrate::attempt::Mailbox;
use crate::migrate::attempt::suspects::{self, suspect};
use crate::migrate::folder::{FolderJob, TargetFolder};
use crate::migrate::halt::{Halt, OnSide};
use crate::migrate::plan::plain_name::{self, is_one_name, plain_names};
use crate::migrate::sessions::Sessions;
use crate::progress::Event;
use std::time::Instant;

/// What each of these folders needs on the target.
pub fn wishes<'n>(
    sessions: &Sessions,
    jobs: &[&mut FolderJob],
    indices: &[usize],
    wire_names: &'n [Vec<u8>],
) -> Vec<Wish<'n>> {
    let wish = |(&index, wire_name): (&usize, &'n Vec<u8>)| Wish {
        wire_name,
        create: !jobs[index].planned.target.is_inbox() && !sessions.selectable.contains(wire_name),
        subscribe: jobs[index].source.subscribed,
    };
    indices.iter().zip(wire_names).map(wish).collect()
}

/// Gives a folder another name on the target.
fn rename(mailbox: &Mailbox<'_>, job: &mut FolderJob, target: FolderPath) {
    job.planned.target = target.clone();
    job.planned.mapping = Mapping::Adapted;
    mailbox.context.report(Event::FolderRenamed { account: mailbox.reporter.account, folder: job.id, target });
}

/// The name that a target gives a folder instead of the requested one: it trims a blank or changes case, and answers that it created the
/// folder, or that it exists. With any other name, the folder that it created would stay behind, empty.
fn kept_name(
    mailbox: &Mailbox<'_>,
    sessions: &mut Sessions,
    job: &FolderJob,
    listed: &mut Option<Vec<Folder>>,
) -> Result<Option<FolderPath>, Halt> {
    let listed = list_once(sessions, listed)?;
    let has = |(id, path): (&FolderId, &FolderPath), listed: &FolderPath| *id != job.id && path == listed;
    let is_anothers =
        |listed: &FolderPath| mailbox.places.contains(listed) || mailbox.opened.iter().any(|place| has(place, listed));
    let selectable = listed.iter().filter(|folder| folder.selectable).map(|folder| &folder.path);
    Ok(plain_name::kept_name(&job.planned.target, selectable, is_anothers).cloned())
}

/// The target's current folders, requested once for many.
fn list_once<'l>(sessions: &mut Sessions, listed: &'l mut Option<Vec<Folder>>) -> Result<&'l [Folder], Halt> {
    match listed {
        Some(listed) => Ok(listed),
        None => Ok(listed.insert(sessions.target.reader().list().on(Side::Target)?.folders)),
    }
}

/// Whether the target confuses this folder's name with a nearly equal one to which another folder's messages go: it answers that the folder
/// exists, although it has listed none of that name, or that it created the folder, but lists only one of the two.
fn is_anothers(
    mailbox: &Mailbox<'_>,
    sessions: &mut Sessions,
    job: &FolderJob,
    (wire_name, ready): (&[u8], &Ready),
    listed: &mut Option<Vec<Folder>>,
) -> Result<bool, Halt> {
    let target = &job.planned.target;
    let is_near = |(id, path): (&FolderId, &FolderPath)| *id != job.id && path != target && is_one_name(path, target);
    let near: Vec<&FolderPath> = mailbox.opened.iter().filter(|place| is_near(*place)).map(|(_, path)| path).collect();
    if ready.open.is_err() || near.is_empty() || sessions.selectable.contains(wire_name) {
        return Ok(false);
    }
    if ready.existed {
        return Ok(true);
    }
    let listed = list_once(sessions, listed)?;
    let is_listed = |name: &[u8]| listed.iter().any(|folder| folder.wire_name == name);
    let mut others = near.into_iter().filter_map(|path| sessions.target.wire_name(path).ok());
    Ok(!is_listed(wire_name) || others.any(|name| !is_listed(&name)))
}

/// Makes folders ready whose names the target refused or confuses with others: under the target's version of the name, unless another
/// folder has it, or under one plain name after another.
pub fn make_renamed_ready(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    jobs: &mut [&mut FolderJob],
    mut refused: Vec<(usize, FolderPath, Vec<u8>, Ready)>,
) -> Result<(), Halt> {
    for tries in 0.. {
        let (mut again, mut listed) = (Vec::new(), None);
        for (index, wanted, wire_name, ready) in refused {
            let is_refused = ready.open.as_ref().is_err_and(ImapError::refuses_name)
                || is_anothers(mailbox, sessions, jobs[index], (&wire_name, &ready), &mut listed)?;
            let kept = match &ready.open {
                Err(error) if error.refuses_name() && jobs[index].planned.target == wanted => {
                    kept_name(mailbox, sessions, jobs[index], &mut listed)?
                }
                _ => None,
            };
            let plain = || plain_names(&wanted, sessions.separator).into_iter().nth(tries);
            if let Some(target) = kept.or_else(plain).filter(|_| is_refused) {
                rename(mailbox, jobs[index], target);
                let (named, mut names) = name_targets(mailbox, &sessions.target, jobs, std::iter::once(index));
                again.extend(named.first().and_then(|_| names.pop()).map(|name| (index, wanted, name)));
            } else {
                take_ready(mailbox, sessions, jobs[index], wire_name, ready)?;
            }
        }
        if again.is_empty() {
            break;
        }
        let indices: Vec<usize> = again.iter().map(|(index, ..)| *index).collect();
        let wire_names: Vec<Vec<u8>> = again.iter().map(|(_, _, wire_name)| wire_name.clone()).collect();
        let mut ready = Vec::with_capacity(again.len());
        let made = sessions.target.make_ready(&wishes(sessions, jobs, &indices, &wire_names), &mut ready);
        let made = made.on(Side::Target);
        if let (Err(halt), Some(&index)) = (&made, indices.get(ready.len())) {
            suspect(mailbox, jobs[index], Side::Target, halt);
        }
        made?;
        let together = again.into_iter().zip(ready);
        refused = together.map(|((index, wanted, wire_name), ready)| (index, wanted, wire_name, ready)).collect();
    }
    Ok(())
}

/// The target's name for each of these folders; a folder whose name cannot be written there is reported and left out.
pub fn name_targets(
    mailbox: &mut Mailbox<'_>,
    target: &Writer,
    jobs: &mut [&mut FolderJob],
    which: impl Iterator<Item = usize>,
) -> (Vec<usize>, Vec<Vec<u8>>) {
    let (mut indices, mut names) = (Vec::new(), Vec::new());
    for index in which {
        let job = &mut jobs[index];
        match target.wire_name(&job.planned.target) {
            Ok(name) => {
                indices.push(index);
                names.push(name);
            }
            Err(refused) => {
                let problem = Problem::new(ProblemKind::FolderNotCreated).on(Side::Target);
                let problem = problem.in_folder(&job.planned.source).saying(refused);
                job.give_up(&mut mailbox.reporter, problem);
            }
        }
    }
    (indices, names)
}

fn take_ready(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    job: &mut FolderJob,
    wire_name: Vec<u8>,
    ready: Ready,
) -> Result<(), Halt> {
    if let Some(error) = ready.not_subscribed {
        let problem = Problem::new(ProblemKind::SubscriptionNotKept).in_folder(&job.planned.target);
        job.report_once(&mut mailbox.reporter, error.quoted_in(problem));
    }
    match ready.open {
        Ok(open) => {
            mailbox.good.target.get_or_insert_with(|| wire_name.clone());
            mailbox.opened.insert(job.id, job.planned.target.clone());
            if ready.is_made {
                mailbox.made.insert(wire_name.clone());
            }
            sessions.existing.insert(wire_name.clone());
            sessions.selectable.insert(wire_name.clone());
            job.progress.first_on_target.get_or_insert(open.status.messages);
            job.target = Some(TargetFolder { wire_name, open, looked_at: Instant::now(), floor: 1 });
            Ok(())
        }
        Err(error) => suspects::refused(mailbox, sessions, job, Side::Target, error),
    }
}

/// Creates the parents of a folder: a server need not do so itself (RFC 9051, section 6.3.4).
pub fn make_parents(sessions: &mut Sessions, target: &FolderPath) -> Result<(), Halt> {
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
