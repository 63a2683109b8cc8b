//! The proof: what stands on the target is read back and compared with what was sent.
//!
//! While a folder is copied, a second connection follows behind ([`Follower`]) and takes most of the work off the copying one.
//! It is only an accelerator: what counts is the ledger, and at a folder's end [`check_rest`] checks whatever is not checked.

use super::content::{Comparison, Read, SizeAndDigest, read_each};
use super::control::Control;
use super::halt::{Halt, OnSide};
use super::places::Place;
use super::reconcile::{heads_from, summaries};
use crate::domain::{Digest, FolderId, Side, Uid};
use crate::imap::{ImapError, Reader};
use crate::ledger::{Done, FolderRecord};
use crate::network::Interrupter;
use crossbeam_channel::{Receiver, Sender};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

/// A message found right: its UIDs on the source and on the target, and its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Right {
    pub(super) uid: Uid,
    pub(super) target_uid: Uid,
    pub(super) size: u64,
    /// How it is right.
    pub(super) comparison: Comparison,
}

impl Right {
    /// Whether it is the same octet for octet.
    pub(super) fn is_equal(&self) -> bool {
        self.comparison == Comparison::Equal
    }
}

/// A message that is not right on the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) uid: Uid,
    /// Where it stands with other content; none when it is not there.
    pub(super) target_uid: Option<Uid>,
}

/// The result of checking messages of one folder.
#[derive(Debug, Default)]
pub(super) struct Checked {
    pub(super) right: Vec<Right>,
    pub(super) wrong: Vec<Wrong>,
}

/// Messages that wait for the follower.
struct Job {
    folder: FolderId,
    record: FolderRecord,
    wire_name: Vec<u8>,
    messages: Vec<Done>,
}

/// What the follower found right, of which folder.
pub(super) type Found = (FolderId, FolderRecord, Vec<Right>);

/// Jobs that may wait; copying slows down to the pace of checking rather than running away from it.
const JOBS_WAITING: usize = 8;

/// A thread with a connection of its own that reads back what was just appended.
pub(super) struct Follower {
    jobs: Option<Sender<Job>>,
    results: Receiver<Found>,
    outstanding: usize,
    thread: Option<JoinHandle<()>>,
    line: Arc<OnceLock<Interrupter>>,
}

impl Follower {
    /// Starts it; `connect` signs in on the follower's own thread, so that copying does not wait for it.
    pub(super) fn start(
        name: &str,
        control: Arc<Control>,
        connect: impl FnOnce() -> Option<(Reader, Place)> + Send + 'static,
    ) -> std::io::Result<Self> {
        let line = Arc::new(OnceLock::new());
        let own_line = line.clone();
        let (jobs, waiting) = crossbeam_channel::bounded::<Job>(JOBS_WAITING);
        let (done, results) = crossbeam_channel::unbounded();
        let thread = std::thread::Builder::new().name(format!("check {name}")).spawn(move || {
            let Some((mut reader, _place)) = connect() else { return };
            let interrupter = own_line.get_or_init(|| reader.interrupter());
            let _registration = control.register(interrupter.clone());
            let mut open = Vec::new();
            for job in waiting {
                match follow(&mut reader, &mut open, &job) {
                    Ok(right) => {
                        if done.send((job.folder, job.record, right)).is_err() {
                            break;
                        }
                    }
                    Err(error) => {
                        log::debug!("the checking connection ended: {error}");
                        return;
                    }
                }
            }
            reader.logout();
        })?;
        Ok(Self { jobs: Some(jobs), results, outstanding: 0, thread: Some(thread), line })
    }

    /// Hands messages over whose UIDs on the target are known; the others are left to [`check_rest`].
    pub(super) fn hand_over(&mut self, folder: FolderId, record: &FolderRecord, wire_name: &[u8], messages: &[Done]) {
        let messages: Vec<Done> = messages.iter().filter(|done| done.target_uid.is_some()).cloned().collect();
        if messages.is_empty() {
            return;
        }
        let Some(jobs) = &self.jobs else { return };
        let job = Job { folder, record: record.clone(), wire_name: wire_name.to_vec(), messages };
        if jobs.send(job).is_ok() {
            self.outstanding += 1;
        } else {
            self.jobs = None;
        }
    }

    /// What was found right since the last call; with `all`, waits until everything handed over is through.
    pub(super) fn collect(&mut self, all: bool) -> Vec<Found> {
        let mut right = Vec::new();
        while self.outstanding > 0 {
            let next = if all { self.results.recv().ok() } else { self.results.try_recv().ok() };
            match next {
                Some(found) => {
                    self.outstanding -= 1;
                    right.push(found);
                }
                None => break,
            }
        }
        right
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.jobs = None;
        if let (true, Some(line)) = (self.outstanding > 0, self.line.get()) {
            // Nobody wants the answers any more: do not wait for a silent server.
            line.interrupt();
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Checks a job whose target UIDs are all known. What is not right is left out: [`check_rest`] looks at it again.
fn follow(reader: &mut Reader, open: &mut Vec<u8>, job: &Job) -> Result<Vec<Right>, ImapError> {
    if *open != job.wire_name {
        reader.examine(&job.wire_name)?;
        *open = job.wire_name.clone();
    } else {
        // Messages that arrived since EXAMINE are announced only after a command (RFC 9051, section 5.2).
        reader.noop()?;
    }
    Ok(compare_known(reader, &job.messages)?.right)
}

fn compare_known(reader: &mut Reader, messages: &[Done]) -> Result<Checked, ImapError> {
    let expected: BTreeMap<Uid, &Done> =
        messages.iter().filter_map(|message| Some((message.target_uid?, message))).collect();
    let uids: Vec<Uid> = expected.keys().copied().collect();
    let mut checked = Checked::default();
    read_each::<SizeAndDigest>(reader, &uids, &mut |target_uid, read| {
        let Some(message) = expected.get(&target_uid) else { return };
        match read {
            Read::Content((_, digest)) if digest == message.digest => checked.right.push(Right {
                uid: message.uid,
                target_uid,
                size: message.size,
                comparison: Comparison::Equal,
            }),
            Read::Content(_) => checked.wrong.push(Wrong { uid: message.uid, target_uid: Some(target_uid) }),
            Read::Absent | Read::Unreadable => checked.wrong.push(Wrong { uid: message.uid, target_uid: None }),
        }
    })?;
    Ok(checked)
}

/// Checks messages of the folders that both sides have open, with everything that can be found out: where the target's UIDs are
/// not known by content, and where the content differs by comparing with the source once more.
pub(super) fn check_rest(
    source: &mut Reader,
    target: &mut Reader,
    messages: &[Done],
    known_target_uids: &[Uid],
) -> Result<Checked, Halt> {
    let (known, unknown): (Vec<Done>, Vec<Done>) =
        messages.iter().cloned().partition(|message| message.target_uid.is_some());
    let mut checked = compare_known(target, &known).on(Side::Target)?;
    let mut strangers = Vec::new();
    if !unknown.is_empty() {
        strangers = match_by_content(target, &unknown, known_target_uids, &mut checked)?;
    }
    if !checked.wrong.is_empty() {
        classify(source, target, &strangers, &mut checked)?;
    }
    Ok(checked)
}

/// Finds messages whose UIDs on the target nobody told; returns the UIDs there that belong to none of them.
fn match_by_content(
    target: &mut Reader,
    unknown: &[Done],
    known_target_uids: &[Uid],
    checked: &mut Checked,
) -> Result<Vec<Uid>, Halt> {
    let first = unknown.iter().map(|message| message.floor).min().unwrap_or(1).max(1);
    let taken: BTreeSet<Uid> = known_target_uids.iter().copied().collect();
    let arrived = heads_from(target, Uid(first)).on(Side::Target)?;
    let uids: Vec<Uid> = arrived.all().iter().map(|head| head.uid).filter(|uid| !taken.contains(uid)).collect();
    let mut wanted: HashMap<Digest, Vec<&Done>> = HashMap::new();
    for message in unknown.iter().rev() {
        wanted.entry(message.digest).or_default().push(message);
    }
    let mut strangers = Vec::new();
    read_each::<SizeAndDigest>(target, &uids, &mut |target_uid, read| {
        let Read::Content((_, digest)) = read else { return };
        match wanted.get_mut(&digest).and_then(Vec::pop) {
            Some(message) => checked.right.push(Right {
                uid: message.uid,
                target_uid,
                size: message.size,
                comparison: Comparison::Equal,
            }),
            None => strangers.push(target_uid),
        }
    })
    .on(Side::Target)?;
    let missing = wanted.into_values().flatten().map(|message| Wrong { uid: message.uid, target_uid: None });
    checked.wrong.extend(missing);
    Ok(strangers)
}

/// Looks at what is wrong once more, beside the source's own content.
fn classify(source: &mut Reader, target: &mut Reader, strangers: &[Uid], checked: &mut Checked) -> Result<(), Halt> {
    let wrong = std::mem::take(&mut checked.wrong);
    let mut on_target: Vec<Uid> = wrong.iter().filter_map(|wrong| wrong.target_uid).collect();
    on_target.extend(strangers);
    let stored = summaries(target, &on_target).on(Side::Target)?;
    let uids: Vec<Uid> = wrong.iter().map(|wrong| wrong.uid).collect();
    let sent = summaries(source, &uids).on(Side::Source)?;
    let mut free: BTreeSet<Uid> = strangers.iter().copied().collect();
    for mut wrong in wrong {
        let Some(sent) = sent.get(&wrong.uid) else {
            checked.wrong.push(wrong);
            continue;
        };
        let same = |target_uid: &Uid| {
            let comparison = sent.compare(stored.get(target_uid)?);
            (comparison != Comparison::Different).then_some((*target_uid, comparison))
        };
        let found = match &wrong.target_uid {
            Some(target_uid) => same(target_uid),
            None => free.iter().find_map(same),
        };
        match found {
            Some((target_uid, comparison)) => {
                free.remove(&target_uid);
                checked.right.push(Right { uid: wrong.uid, target_uid, size: sent.octets, comparison });
            }
            None => {
                wrong.target_uid = wrong.target_uid.filter(|uid| stored.contains_key(uid));
                checked.wrong.push(wrong);
            }
        }
    }
    Ok(())
}

/// Compares sizes only: returns the messages whose size stands on the target, and the others.
pub(super) fn check_sizes(target: &mut Reader, messages: &[Done]) -> Result<(Vec<Done>, Vec<Wrong>), Halt> {
    let first = messages.iter().map(|message| message.target_uid.map_or(message.floor, |uid| uid.0)).min();
    let there = heads_from(target, Uid(first.unwrap_or(1).max(1))).on(Side::Target)?;
    let known: BTreeSet<Uid> = messages.iter().filter_map(|message| message.target_uid).collect();
    let mut unclaimed: HashMap<u64, usize> = HashMap::new();
    for head in there.all().iter().filter(|head| !known.contains(&head.uid)) {
        *unclaimed.entry(head.size).or_default() += 1;
    }
    let (mut right, mut wrong) = (Vec::new(), Vec::new());
    for message in messages {
        let stands = match message.target_uid {
            Some(target_uid) => there.get(target_uid).is_some_and(|head| head.size == message.size),
            None => unclaimed.get_mut(&message.size).is_some_and(|left| {
                let found = *left > 0;
                *left -= usize::from(found);
                found
            }),
        };
        if stands {
            right.push(message.clone());
        } else {
            let target_uid = message.target_uid.filter(|uid| there.get(*uid).is_some());
            wrong.push(Wrong { uid: message.uid, target_uid });
        }
    }
    Ok((right, wrong))
}
