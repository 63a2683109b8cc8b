//! The follower: a connection to the target that reads back what was just appended, while the first continues to append.
//!
//! It only saves time: messages that it does not find correct, or does not reach, are left to the end of the folder (`proof`).

use crate::domain::{Digest, FolderId, Uid};
use crate::imap::{BodyBatch, BodyFeed, FolderToRead, ImapError, Reader, SinkClosed};
use crate::ledger::{Done, FolderRecord};
use crate::migrate::content::comparison::Comparison;
use crate::migrate::content::matching::Match;
use crate::migrate::content::reading::{MeasuringSink, SizeAndDigest, Take};
use crate::migrate::context::control::Control;
use crate::migrate::context::permits::Permit;
use crate::network::Interrupter;
use crossbeam_channel::{Receiver, Sender};
use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

/// Messages that wait for the follower.
struct Job {
    folder: FolderId,
    record: FolderRecord,
    wire_name: Vec<u8>,
    /// The messages, by their UIDs on the target.
    messages: HashMap<Uid, Done>,
}

/// The messages of a folder that the follower found correct.
pub type Found = (FolderId, FolderRecord, Vec<Match>);

/// At most this many jobs wait; copying slows down to the pace of checking instead of running ahead.
const JOBS_WAITING: usize = 8;

/// A thread with a connection of its own that reads back what was just appended.
pub struct Follower {
    jobs: Option<Sender<Job>>,
    results: Receiver<Found>,
    outstanding: usize,
    thread: Option<JoinHandle<()>>,
    connection: Arc<OnceLock<Interrupter>>,
}

impl Follower {
    /// Starts the follower; `connect` signs in on the follower's own thread, so that copying does not wait for it.
    pub fn start(
        name: &str,
        control: Arc<Control>,
        connect: impl FnOnce() -> Option<(Reader, Permit)> + Send + 'static,
    ) -> std::io::Result<Self> {
        let connection = Arc::new(OnceLock::new());
        let own_connection = connection.clone();
        let (jobs, waiting) = crossbeam_channel::bounded::<Job>(JOBS_WAITING);
        let (found, results) = crossbeam_channel::unbounded();
        let thread = std::thread::Builder::new().name(format!("check {name}")).spawn(move || {
            let Some((mut reader, _place)) = connect() else { return };
            let interrupter = own_connection.get_or_init(|| reader.interrupter());
            let _registration = control.register(interrupter.clone());
            match follow(&mut reader, &waiting, &found) {
                Ok(()) => reader.logout(),
                Err(error) => log::debug!("the checking connection ended: {error}"),
            }
        })?;
        Ok(Self { jobs: Some(jobs), results, outstanding: 0, thread: Some(thread), connection })
    }

    /// Passes on messages with known UIDs on the target; the others are left to the end of the folder.
    pub fn hand_over(&mut self, folder: FolderId, record: &FolderRecord, wire_name: &[u8], messages: &[Done]) {
        let messages: HashMap<Uid, Done> =
            messages.iter().filter_map(|done| Some((done.target_uid?, done.clone()))).collect();
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

    /// Takes the results since the last call; with `all`, waits until everything passed on is finished.
    pub fn collect(&mut self, all: bool) -> Vec<Found> {
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
        if let (true, Some(connection)) = (self.outstanding > 0, self.connection.get()) {
            // The answers are no longer needed: do not wait for a silent server.
            connection.interrupt();
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Reads back what is passed on, until nothing more is.
fn follow(reader: &mut Reader, waiting: &Receiver<Job>, found: &Sender<Found>) -> Result<(), ImapError> {
    // While nothing was passed on, the end of a run must wait for the sign-in at most.
    let Ok(first) = waiting.recv() else { return Ok(()) };
    reader.compress_if_far()?;
    let asked = RefCell::new(VecDeque::new());
    let mut comparing = Comparing { asked: &asked, found, folder: 0 };
    let mut sink = MeasuringSink::<SizeAndDigest, _>::new(&mut comparing);
    reader.bodies_of_folders(&mut Jobs { first: Some(first), waiting, asked: &asked }, &mut sink)
}

/// A requested job, and its messages that were correct so far.
type Asked = (Job, Vec<Match>);

/// Turns jobs into batches as they come in.
struct Jobs<'a> {
    first: Option<Job>,
    waiting: &'a Receiver<Job>,
    asked: &'a RefCell<VecDeque<Asked>>,
}

impl BodyFeed for Jobs<'_> {
    fn next(&mut self, idle: bool) -> Option<BodyBatch> {
        let next = || if idle { self.waiting.recv().ok() } else { self.waiting.try_recv().ok() };
        let job = self.first.take().or_else(next)?;
        let folder = FolderToRead {
            number: job.folder.0 as usize,
            wire_name: job.wire_name.clone(),
            uid_validity: job.record.target_uid_validity,
        };
        let mut uids: Vec<Uid> = job.messages.keys().copied().collect();
        uids.sort_unstable();
        let bytes = job.messages.values().map(|done| done.size).sum();
        self.asked.borrow_mut().push_back((job, Vec::new()));
        Some(BodyBatch { folder: Arc::new(folder), uids, bytes, recent: true })
    }

    /// On a busy network these requests wait behind what the copying sends, so they go out early.
    fn bytes_ahead(&self) -> u64 {
        16 << 20
    }
}

/// Compares arriving messages with what was sent.
struct Comparing<'a> {
    asked: &'a RefCell<VecDeque<Asked>>,
    found: &'a Sender<Found>,
    folder: usize,
}

impl Take<(u64, Digest)> for Comparing<'_> {
    fn opened(&mut self, folder: usize) {
        self.folder = folder;
    }

    fn measured(&mut self, target_uid: Uid, measured: Option<(u64, Digest)>) {
        let Some((_, digest)) = measured else { return };
        // A server may deliver for the next command before it confirms the last one.
        for (job, right) in self.asked.borrow_mut().iter_mut().filter(|(job, _)| job.folder.0 as usize == self.folder) {
            if let Some(sent) = job.messages.remove(&target_uid).filter(|sent| sent.digest == digest) {
                let Done { uid, size, .. } = sent;
                right.push(Match { uid, target_uid, size, digest, comparison: Comparison::Equal, stored: None });
            }
        }
    }

    fn batch_end(&mut self) -> Result<(), SinkClosed> {
        let Some((job, right)) = self.asked.borrow_mut().pop_front() else { return Ok(()) };
        self.found.send((job.folder, job.record, right)).map_err(|_| SinkClosed)
    }
}
