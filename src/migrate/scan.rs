//! What a mailbox's folders look like on both sides, asked for all of them at once, so that a folder costs no round trip of its own.
//!
//! Two servers are asked at the same time, and each is asked ahead of its answers.

use crate::domain::{FolderId, FolderPath, Mapping, Note, Problem, ProblemKind, Side, Uid};
use crate::imap::{FolderStatus, ImapError, Reader, Ready, Wish, Writer};
use crate::ledger::{FolderRecord, Ledger, Snapshot};
use crate::migrate::attempt::{Mailbox, uncompared};
use crate::migrate::context::reporter::Reporter;
use crate::migrate::folder::progress::UnseenFlags;
use crate::migrate::folder::witnesses::{Testimony, credible_next};
use crate::migrate::folder::{FolderJob, Scan, TargetFolder, refused_folder};
use crate::migrate::halt::{Halt, OnSide, both};
use crate::migrate::heads::{Head, Heads};
use crate::migrate::plan::plain_name::{is_one_name, plain_names};
use crate::migrate::sessions::Sessions;
use crate::progress::{Event, Step};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Folders that are scanned before the user's wish to stop or pause is looked at again.
pub const SCANNED_AT_ONCE: usize = 50;

/// Finishes the folders of which the ledger says that every message is on the target, and to which nothing came since.
pub fn take_over_unchanged(
    mailbox: &Mailbox<'_>,
    sessions: &mut Sessions,
    ledger: &Ledger,
    folders: &mut [FolderJob],
) -> Result<(), Halt> {
    // Complete is a word about all messages: with some left out every folder is looked at. So it is where it must be known which
    // messages the other folders have.
    let needs_all = mailbox.context.selection.limits_messages() || folders.iter().any(|job| job.rest);
    if mailbox.context.options.repair || needs_all {
        return Ok(());
    }
    let mut complete: Vec<(&mut FolderJob, FolderRecord)> = Vec::new();
    for job in folders.iter_mut().filter(|job| !job.progress.finished) {
        let record = ledger.folder(&job.source);
        complete.extend(record.filter(|record| record.snapshot.is_some()).map(|record| (job, record)));
    }
    if complete.is_empty() {
        return Ok(());
    }
    let source_names: Vec<&[u8]> = complete.iter().map(|(job, _)| job.source.wire_name.as_slice()).collect();
    let Sessions { source, target, .. } = sessions;
    let target_name = |record: &FolderRecord| {
        let name = record.target_path.as_ref().and_then(|path| target.wire_name(path).ok());
        name.unwrap_or_else(|| record.target_name.clone())
    };
    let target_names: Vec<Vec<u8>> = complete.iter().map(|(_, record)| target_name(record)).collect();
    let target_names: Vec<&[u8]> = target_names.iter().map(Vec::as_slice).collect();
    let (here, there) = both(|| source.statuses_with_changes(&source_names), || target.statuses(&target_names))?;
    for (((job, record), here), there) in complete.into_iter().zip(here).zip(there) {
        let (Some(here), Some(there)) = (here, there) else { continue };
        let (done, bytes) = ledger.done_counts(&record)?;
        let is_trusted = job.progress.witnesses.as_ref().is_none_or(|witnesses| {
            let at_places = witnesses.target();
            let is_emptied = at_places == Testimony::Empty && there.uid_next.is_some();
            witnesses.source_holds() && (at_places == Testimony::Holds || is_emptied)
        });
        // More than are there: some were deleted or moved on the source since, which is followed.
        let is_whole = is_trusted && done == here.messages;
        if is_whole && is_unchanged(&record, &here) && is_as_recorded(ledger, &record, &there)? {
            let open = uncompared(ledger, &record, mailbox.context.options.verify)?;
            let compared = done.saturating_sub(open.len() as u64);
            // Two equal counters say that no flag changed; nothing else says so without looking at each.
            let (followed, now) = (record.source_end.and_then(|end| end.modseq), here.highest_modseq);
            let are_seen = followed.is_some() && followed == now;
            job.progress.unseen_flags = (!are_seen).then_some(UnseenFlags { followed, now });
            job.take_over(&mailbox.reporter, (bytes, compared), &here, &there);
        }
    }
    Ok(())
}

/// Whether nothing came to the source's folder, and nothing left it, since it was complete.
fn is_unchanged(record: &FolderRecord, source: &FolderStatus) -> bool {
    let seen = source.uid_next.map(|uid_next| Snapshot { uid_next, messages: source.messages });
    record.source_uid_validity == source.uid_validity && record.snapshot.is_some() && record.snapshot == seen
}

/// Whether the target's folder is the one the record speaks of. One whose UIDNEXT went back was restored from a backup, and what the
/// record says of it is not there any more.
pub fn is_as_recorded(ledger: &Ledger, record: &FolderRecord, target: &FolderStatus) -> Result<bool, Halt> {
    let highest = ledger.highest_target_uid(record)?;
    let next = credible_next(target, None);
    let before = record.target_end.and_then(|end| end.uid_next);
    let went_back = highest.zip(next).is_some_and(|(highest, next)| highest >= next)
        || before.zip(next).is_some_and(|(before, next)| before > next);
    Ok(record.target_uid_validity == target.uid_validity && !went_back)
}

/// How long the source may take to open a folder that it took too long for before.
const LONGEST_OPENING: Duration = Duration::from_secs(600);

/// Whether folders are open at which a connection was lost.
pub fn are_suspects_left(folders: &[FolderJob]) -> bool {
    folders.iter().any(|job| job.is_suspect() && !job.progress.finished)
}

/// Scans what is not scanned yet on the source, and makes every folder ready on the target; of the `suspects`, at which a connection was lost, or
/// of all others.
pub fn scan_and_make_ready(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    folders: &mut [FolderJob],
    suspects: bool,
) -> Result<(), Halt> {
    let is_due = |job: &FolderJob| !job.progress.finished && job.is_suspect() == suspects;
    let due: Vec<usize> = (0..folders.len()).filter(|&index| is_due(&folders[index])).collect();
    let at_once = if suspects || mailbox.scans_singly { 1 } else { SCANNED_AT_ONCE };
    // A folder that is there and is not opened in this run has its name all the same.
    for job in folders.iter() {
        let name = sessions.target.wire_name(&job.planned.target);
        if name.is_ok_and(|name| sessions.selectable.contains(&name)) {
            mailbox.opened.entry(job.id).or_insert_with(|| job.planned.target.clone());
        }
    }
    if suspects {
        sessions.source.wait_at_least(LONGEST_OPENING).on(Side::Source)?;
    }
    for part in due.chunks(at_once) {
        if mailbox.context.control.holding() {
            return Err(Halt::Held);
        }
        let is_of_part = |(index, _): &(usize, &mut FolderJob)| part.contains(index);
        let mut jobs: Vec<&mut FolderJob> =
            folders.iter_mut().enumerate().filter(is_of_part).map(|(_, job)| job).collect();
        if let Some(first) = jobs.first() {
            mailbox.reporter.step(Step::Scanning(first.id));
        }
        scan_part(mailbox, sessions, &mut jobs)?;
    }
    Ok(())
}

fn scan_part(mailbox: &mut Mailbox<'_>, sessions: &mut Sessions, jobs: &mut [&mut FolderJob]) -> Result<(), Halt> {
    for job in jobs.iter_mut() {
        if mailbox.ready_losses.at(&job.id) > 0 {
            make_parents(sessions, &job.planned.target).inspect_err(|halt| suspect(mailbox, job, halt))?;
        }
    }
    let (ready_for, wire_names) = name_targets(mailbox, &sessions.target, jobs, 0..jobs.len());
    let wishes = wishes(sessions, jobs, &ready_for, &wire_names);
    let to_scan: Vec<usize> = (0..jobs.len()).filter(|&index| jobs[index].scan.is_none()).collect();
    let source_names: Vec<&[u8]> = to_scan.iter().map(|&index| jobs[index].source.wire_name.as_slice()).collect();
    let folders: Vec<_> = to_scan.iter().map(|&index| (jobs[index].id, jobs[index].rest)).collect();
    let selection = &mailbox.context.selection;
    let mut elsewhere = std::mem::take(&mut mailbox.elsewhere);
    let scanned = Cell::new(0);
    let mut each = |index: usize, scan: &mut Scan| {
        let (id, rest) = folders[index];
        elsewhere.sift(&mut scan.heads, rest);
        let taken = scan.heads.all().iter().filter(|head| selection.takes_message(head.date, head.size));
        let (messages, bytes) = taken.fold((0, 0), |(messages, bytes), head| (messages + 1, bytes + head.size));
        mailbox.reporter.counted(id, messages + scan.unlisted(), Some(bytes));
    };
    let Sessions { source, target, .. } = &mut *sessions;
    let mut ready = Vec::with_capacity(wishes.len());
    let at_once = if mailbox.wary { 1 } else { wishes.len().max(1) };
    let mut make_ready = || wishes.chunks(at_once).try_for_each(|wishes| target.make_ready(wishes, &mut ready));
    let outcome = both(|| scan(source, &source_names, &scanned, &mut each), &mut make_ready);
    mailbox.elsewhere = elsewhere;
    if let (Err(halt), Some(&index)) = (&outcome, ready_for.get(ready.len())) {
        suspect(mailbox, jobs[index], halt);
    }
    if let (Err(halt), Some(&index)) = (&outcome, to_scan.get(scanned.get())) {
        suspect_scanned(mailbox, jobs[index], halt);
    }
    let (scans, ()) = outcome?;
    for (index, scan) in to_scan.into_iter().zip(scans) {
        match scan {
            Ok(mut scan) => {
                take_header_dates(&mut sessions.source, &jobs[index].source.wire_name, &mut scan)?;
                jobs[index].report_unlisted(&mut mailbox.reporter, scan.unlisted());
                let takes = |head: &Head| mailbox.context.selection.takes_message(head.date, head.size);
                scan.kept_back = scan.heads.all().iter().filter(|head| !takes(head)).map(|head| head.uid).collect();
                let left_out = scan.heads.keep(takes);
                jobs[index].report_left_out(&mailbox.reporter, left_out);
                let FolderStatus { uid_validity, uid_next, messages, .. } = scan.status;
                jobs[index].progress.on_source = Some((uid_validity, uid_next, messages));
                jobs[index].scan = Some(Arc::new(scan));
            }
            Err(error) => {
                jobs[index].give_up(&mut mailbox.reporter, refused_folder(Side::Source, &jobs[index].planned, &error))
            }
        }
    }
    let made = ready_for.into_iter().zip(wire_names).zip(ready);
    let made = made.map(|((index, wire_name), ready)| (index, jobs[index].planned.target.clone(), wire_name, ready));
    let made = made.collect();
    make_renamed_ready(mailbox, sessions, jobs, made)
}

/// Takes the dates of their headers for messages whose INTERNALDATE cannot be understood.
fn take_header_dates(source: &mut Reader, wire_name: &[u8], scan: &mut Scan) -> Result<(), Halt> {
    let dateless = if scan.heads.unread_date().is_some() { scan.heads.dateless() } else { Vec::new() };
    if dateless.is_empty() || source.examine(wire_name).on(Side::Source)?.uid_validity != scan.status.uid_validity {
        return Ok(());
    }
    let dates = source.header_dates(&dateless).on(Side::Source)?;
    scan.heads.take_dates(&dates);
    Ok(())
}

fn wishes<'n>(
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

/// Gives a folder whose name the target refused the next plain one. False when none is left.
fn rename(
    mailbox: &Mailbox<'_>,
    job: &mut FolderJob,
    wanted: &FolderPath,
    tries: usize,
    separator: Option<char>,
) -> bool {
    let Some(target) = plain_names(wanted, separator).into_iter().nth(tries) else { return false };
    job.planned.target = target.clone();
    job.planned.mapping = Mapping::Adapted;
    mailbox.context.report(Event::FolderRenamed { account: mailbox.reporter.account, folder: job.id, target });
    true
}

/// Whether the target takes this folder's name for another's, to which messages of a folder with nearly the same name go: it says that the
/// folder exists, though it has listed none of that name, or that it made it, and lists one of the two only.
fn is_anothers(
    mailbox: &Mailbox<'_>,
    sessions: &mut Sessions,
    job: &FolderJob,
    (wire_name, ready): (&[u8], &Ready),
    listed: &mut Option<BTreeSet<Vec<u8>>>,
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
    let listed = match listed {
        Some(listed) => listed,
        None => {
            let now = sessions.target.reader().list().on(Side::Target)?;
            listed.insert(now.folders.into_iter().map(|folder| folder.wire_name).collect())
        }
    };
    let mut others = near.into_iter().filter_map(|path| sessions.target.wire_name(path).ok());
    Ok(!listed.contains(wire_name) || others.any(|name| !listed.contains(&name)))
}

/// Makes folders ready whose names the target refused, or takes for others', under one plain name after the other.
fn make_renamed_ready(
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
            if is_refused && rename(mailbox, jobs[index], &wanted, tries, sessions.separator) {
                let (named, mut names) = name_targets(mailbox, &sessions.target, jobs, std::iter::once(index));
                again.extend(named.first().and_then(|_| names.pop()).map(|name| (index, wanted, name)));
            } else {
                take_ready(mailbox, sessions, jobs[index], wire_name, ready);
            }
        }
        if again.is_empty() {
            break;
        }
        let indices: Vec<usize> = again.iter().map(|(index, ..)| *index).collect();
        let wire_names: Vec<Vec<u8>> = again.iter().map(|(_, _, wire_name)| wire_name.clone()).collect();
        let mut ready = Vec::with_capacity(again.len());
        sessions.target.make_ready(&wishes(sessions, jobs, &indices, &wire_names), &mut ready).on(Side::Target)?;
        let together = again.into_iter().zip(ready);
        refused = together.map(|((index, wanted, wire_name), ready)| (index, wanted, wire_name, ready)).collect();
    }
    Ok(())
}

/// The target's name for each of these folders; one that cannot be written there is named and left.
fn name_targets(
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
) {
    if let Some(error) = ready.not_subscribed {
        let problem = Problem::new(ProblemKind::SubscriptionNotKept).in_folder(&job.planned.target);
        job.report_once(&mut mailbox.reporter, error.quoted_in(problem));
    }
    match ready.open {
        Ok(open) => {
            mailbox.opened.insert(job.id, job.planned.target.clone());
            sessions.existing.insert(wire_name.clone());
            sessions.selectable.insert(wire_name.clone());
            job.progress.first_on_target.get_or_insert(open.status.messages);
            job.target = Some(TargetFolder { wire_name, open, looked_at: Instant::now(), floor: 1 });
        }
        Err(error) => job.give_up(&mut mailbox.reporter, refused_folder(Side::Target, &job.planned, &error)),
    }
}

/// Notes at which folder the connection to the target was lost. Of folders that were asked for together it could be any, so from then on they are
/// asked for one by one.
fn suspect(mailbox: &mut Mailbox<'_>, job: &mut FolderJob, halt: &Halt) {
    const TRIES: u32 = 2;
    let Halt::Server { side: Side::Target, error } = halt else { return };
    if !error.is_loss() || mailbox.context.control.stopping() || !std::mem::replace(&mut mailbox.wary, true) {
        return;
    }
    if mailbox.ready_losses.note(job.id) >= TRIES {
        let problem = Problem::new(ProblemKind::FolderNotCreated).on(Side::Target).in_folder(&job.planned.source);
        job.give_up(&mut mailbox.reporter, error.quoted_in(problem).noting(Note::LostWhileCreating));
    }
}

/// Notes at which folder the connection to the source was lost. It comes last from then on, and all are asked for one by one: of folders that were
/// asked for together it could have been another.
fn suspect_scanned(mailbox: &mut Mailbox<'_>, job: &mut FolderJob, halt: &Halt) {
    let Halt::Server { side: Side::Source, error } = halt else { return };
    if !error.is_loss() || mailbox.context.control.stopping() {
        return;
    }
    mailbox.scans_singly = true;
    job.progress.scan_losses += 1;
    // A silent server costs minutes each time.
    let tries = if error.is_silence() { 2 } else { 3 };
    if job.progress.scan_losses >= tries {
        let problem = Problem::new(ProblemKind::FolderNotRead).on(Side::Source).in_folder(&job.planned.source);
        job.give_up(&mut mailbox.reporter, error.quoted_in(problem).noting(Note::LostWhileOpening));
    }
}

/// Makes the folders above one: a server need not make them by itself (RFC 9051, section 6.3.4).
fn make_parents(sessions: &mut Sessions, target: &FolderPath) -> Result<(), Halt> {
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

type Scans = Vec<Result<Scan, ImapError>>;

/// Reads the heads of folders; `each` gets each as soon as it is read, and `scanned` counts them.
fn scan(
    source: &mut Reader,
    wire_names: &[&[u8]],
    scanned: &Cell<usize>,
    each: &mut dyn FnMut(usize, &mut Scan),
) -> Result<Scans, ImapError> {
    let mut scans: Scans = Vec::with_capacity(wire_names.len());
    let heads = std::cell::RefCell::new(Heads::default());
    source.scan(wire_names, &|_| Uid(1), &mut |_, head| heads.borrow_mut().push(head), &mut |index, status| {
        let mut heads = heads.take();
        heads.finish();
        scanned.set(index + 1);
        scans.push(status.map(|status| {
            let mut scan = Scan { status, heads, kept_back: BTreeSet::new() };
            each(index, &mut scan);
            scan
        }));
    })?;
    Ok(scans)
}

/// Reports how many messages the target's folders hold, for those of which that was not reported yet.
pub fn report_target_counts(
    reporter: &Reporter<'_>,
    sessions: &mut Sessions,
    folders: &[FolderJob],
) -> Result<(), Halt> {
    let unreported = folders.iter().filter(|job| job.progress.on_target.is_none());
    let (ids, wire_names): (Vec<_>, Vec<&[u8]>) =
        unreported.filter_map(|job| Some((job.id, job.target.as_ref()?.wire_name.as_slice()))).unzip();
    let statuses = sessions.target.statuses(&wire_names).on(Side::Target)?;
    for (folder, status) in ids.into_iter().zip(statuses) {
        let target_messages = status.map(|status| status.messages);
        reporter.report(Event::FolderFinished { account: reporter.account, folder, target_messages });
    }
    Ok(())
}
