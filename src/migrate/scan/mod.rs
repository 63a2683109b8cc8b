//! Scans a mailbox's folders on both sides, all of them at once, so that a folder costs no round trip of its own.
//!
//! Both servers are asked at the same time, and requests are sent ahead of the answers. An unchanged folder needs no scan (`unchanged`);
//! every other folder is scanned on the source and made `ready` on the target.

pub mod ready;
pub mod unchanged;

use crate::domain::{Side, Uid};
use crate::imap::{FolderStatus, ImapError, Reader};
use crate::migrate::attempt::Mailbox;
use crate::migrate::attempt::suspects::{refused, settle_refusals, suspect};
use crate::migrate::context::reporter::Reporter;
use crate::migrate::folder::{FolderJob, Scan};
use crate::migrate::halt::{Halt, OnSide, both};
use crate::migrate::heads::{Head, Heads};
use crate::migrate::sessions::Sessions;
use crate::progress::{Event, Step};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;

/// This many folders are scanned before the user's wish to stop or pause is checked again.
pub const SCANNED_AT_ONCE: usize = 50;

/// Scans those of the `due` folders on the source that have not been scanned yet, and makes all ready on the target.
pub fn scan_and_make_ready(
    mailbox: &mut Mailbox<'_>,
    sessions: &mut Sessions,
    folders: &mut [FolderJob],
    due: &dyn Fn(&FolderJob) -> bool,
) -> Result<(), Halt> {
    let due: Vec<usize> = (0..folders.len()).filter(|&index| due(&folders[index])).collect();
    let at_once = if mailbox.singly.source { 1 } else { SCANNED_AT_ONCE };
    // An existing folder that is not opened in this run still occupies its name.
    for job in folders.iter() {
        let name = sessions.target.wire_name(&job.planned.target);
        if name.is_ok_and(|name| sessions.selectable.contains(&name)) {
            mailbox.opened.entry(job.id).or_insert_with(|| job.planned.target.clone());
        }
    }
    mailbox.refusals.clear();
    for part in due.chunks(at_once) {
        if mailbox.control().holding() {
            return Err(Halt::Held);
        }
        let is_of_part = |(index, _): &(usize, &mut FolderJob)| part.contains(index);
        let mut jobs: Vec<&mut FolderJob> =
            folders.iter_mut().enumerate().filter(is_of_part).map(|(_, job)| job).collect();
        if let Some(first) = jobs.first() {
            let step = if first.is_suspect() { Step::OpeningLast(first.id) } else { Step::Scanning(first.id) };
            mailbox.reporter.step(step);
        }
        scan_part(mailbox, sessions, &mut jobs)?;
    }
    settle_refusals(mailbox, folders)
}

fn scan_part(mailbox: &mut Mailbox<'_>, sessions: &mut Sessions, jobs: &mut [&mut FolderJob]) -> Result<(), Halt> {
    for job in jobs.iter_mut().filter(|job| job.is_suspect()) {
        // A server may fail at a folder whose parent is missing.
        ready::make_parents(sessions, &job.planned.target)
            .inspect_err(|halt| suspect(mailbox, job, Side::Target, halt))?;
    }
    let (ready_for, wire_names) = ready::name_targets(mailbox, &sessions.target, jobs, 0..jobs.len());
    let wishes = ready::wishes(sessions, jobs, &ready_for, &wire_names);
    let to_scan: Vec<usize> = (0..jobs.len()).filter(|&index| jobs[index].scan.is_none()).collect();
    let source_names: Vec<&[u8]> = to_scan.iter().map(|&index| jobs[index].source.wire_name.as_slice()).collect();
    let folders: Vec<_> = to_scan.iter().map(|&index| (jobs[index].id, jobs[index].rest)).collect();
    let as_items = &mailbox.as_items;
    let selection = &mailbox.context.selection;
    let mut elsewhere = std::mem::take(&mut mailbox.elsewhere);
    let scanned = Cell::new(0);
    let mut each = |index: usize, scan: &mut Scan| {
        let (id, rest) = folders[index];
        elsewhere.sift(&mut scan.heads, rest);
        scan.as_items = as_items.sift(source_names[index], scan.status.uid_validity, &mut scan.heads);
        let taken = scan.heads.all().iter().filter(|head| selection.takes_message(head.date, head.size));
        let (messages, bytes) = taken.fold((0, 0), |(messages, bytes), head| (messages + 1, bytes + head.size));
        mailbox.reporter.counted(id, messages + scan.unlisted(), Some(bytes));
    };
    let Sessions { source, target, .. } = &mut *sessions;
    let mut ready = Vec::with_capacity(wishes.len());
    let at_once = if mailbox.singly.target { 1 } else { wishes.len().max(1) };
    let mut make_ready = || wishes.chunks(at_once).try_for_each(|wishes| target.make_ready(wishes, &mut ready));
    let outcome = both(|| scan(source, &source_names, &scanned, &mut each), &mut make_ready);
    mailbox.elsewhere = elsewhere;
    if let (Err(halt), Some(&index)) = (&outcome, ready_for.get(ready.len())) {
        suspect(mailbox, jobs[index], Side::Target, halt);
    }
    if let (Err(halt), Some(&index)) = (&outcome, to_scan.get(scanned.get())) {
        suspect(mailbox, jobs[index], Side::Source, halt);
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
                mailbox.good.source.get_or_insert_with(|| jobs[index].source.wire_name.clone());
                mailbox.good.gave |= messages > 0;
                jobs[index].scan = Some(Arc::new(scan));
            }
            Err(error) => refused(mailbox, sessions, jobs[index], Side::Source, error)?,
        }
    }
    let made = ready_for.into_iter().zip(wire_names).zip(ready);
    let made = made.map(|((index, wire_name), ready)| (index, jobs[index].planned.target.clone(), wire_name, ready));
    let made = made.collect();
    ready::make_renamed_ready(mailbox, sessions, jobs, made)
}

/// Uses the date in the header for messages whose INTERNALDATE cannot be parsed.
fn take_header_dates(source: &mut Reader, wire_name: &[u8], scan: &mut Scan) -> Result<(), Halt> {
    let dateless = if scan.heads.unread_date().is_some() { scan.heads.dateless() } else { Vec::new() };
    if dateless.is_empty() || source.examine(wire_name).on(Side::Source)?.uid_validity != scan.status.uid_validity {
        return Ok(());
    }
    let dates = source.header_dates(&dateless).on(Side::Source)?;
    scan.heads.take_dates(&dates);
    Ok(())
}

type Scans = Vec<Result<Scan, ImapError>>;

/// Reads the heads of folders; `each` gets each head as soon as it is read, and `scanned` counts them.
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
            let mut scan = Scan { status, heads, kept_back: BTreeSet::new(), as_items: BTreeSet::new() };
            each(index, &mut scan);
            scan
        }));
    })?;
    Ok(scans)
}

/// Reports how many messages the target folders hold, unless that was reported before. Everything else is done by then: if a connection is
/// lost, only these numbers are missing.
pub fn report_target_counts(reporter: &Reporter<'_>, sessions: &mut Sessions, folders: &[FolderJob]) {
    let unreported = folders.iter().filter(|job| job.progress.on_target.is_none());
    let (ids, wire_names): (Vec<_>, Vec<&[u8]>) =
        unreported.filter_map(|job| Some((job.id, job.target.as_ref()?.wire_name.as_slice()))).unzip();
    let statuses = sessions.target.statuses(&wire_names);
    let statuses =
        statuses.inspect_err(|error| log::debug!("the messages in the target's folders could not be counted: {error}"));
    for (folder, status) in ids.into_iter().zip(statuses.unwrap_or_default()) {
        let target_messages = status.map(|status| status.messages);
        reporter.report(Event::FolderFinished { account: reporter.account, folder, target_messages });
    }
}
