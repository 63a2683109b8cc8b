//! The one thread of a process that talks to the database, and the handle to that thread.
//!
//! - Writes are gathered. One that must survive a power cut takes along all waiting writes of all mailboxes, in one statement with one
//!   wait for the disk. The others are written within a second.
//! - After a lost connection the thread reconnects and repeats the statement. Every statement may be repeated, and a write for a mailbox
//!   that has been taken over does nothing.
//! - No caller waits for the database longer than the lease holds, so that a stop never hangs on it.
//! - A second thread watches the lease, because the first may be waiting for an answer that never comes.

use super::address::DatabaseAddress;
use super::connection::{connect, explain, is_collision, is_loss, refused};
use super::gathering::{Columns, Held, Pending, gather};
use super::lease::{Lease, LeaseTimes, Moment};
use super::schema::{self, WRITE, WRITE_TYPES};
use super::tables::VERSION;
use crate::domain::{DatabaseFault, RecordFault};
use crate::ledger::{Durable, LedgerError, LedgerErrorKind, Write};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use postgres::Client;
use postgres::types::ToSql;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The longest wait of a write that need not survive a power cut at once.
const LATEST: Duration = Duration::from_secs(1);
/// At most this many requests wait; a mailbox that is faster blocks.
const QUEUE: usize = 1024;
/// Waiting writes are written once they have this many bytes.
const GATHERED: usize = 4 << 20;
/// The longest wait for the database at the end of the program.
const FAREWELL: Duration = Duration::from_secs(2);
/// The pause before each new attempt after a lost connection or a collision.
const RECONNECT: Duration = Duration::from_millis(500);

/// Called once, when this process must stop working on its mailboxes.
type OnLoss = Box<dyn FnOnce() + Send>;

/// A database that machines share, and this process's lease in it.
pub struct Database {
    address: DatabaseAddress,
    requests: Sender<Request>,
    shared: Arc<Shared>,
    /// Closed when the thread has ended.
    ended: Receiver<()>,
}

struct Shared {
    worker: i64,
    times: LeaseTimes,
    lease: Lease,
    on_loss: Mutex<Vec<OnLoss>>,
}

type Work = Box<dyn FnMut(&mut Client) -> Result<(), postgres::Error> + Send>;

enum Request {
    Write(Pending),
    /// Runs after all waiting writes.
    Ask {
        work: Work,
        failed: Box<dyn FnOnce(LedgerError) + Send>,
    },
    End,
}

impl Database {
    /// Signs in, creates missing tables and begins this process's lease; fails on tables of another version. Blocks for seconds at most.
    pub fn open(address: DatabaseAddress, times: LeaseTimes) -> Result<Arc<Self>, LedgerError> {
        let mut client = connect(&address)?;
        let worker = fastrand::i64(..);
        let asked = Moment::now();
        let begun = begin(&mut client, worker, &times);
        let version = begun.map_err(|error| explain(&address, error))?;
        if version != VERSION {
            return Err(refused(&address, DatabaseFault::Version { found: version, known: VERSION }));
        }
        let (requests, received) = bounded(QUEUE);
        let lease = Lease::granted(times, asked);
        let shared = Arc::new(Shared { worker, times, lease, on_loss: Mutex::default() });
        let thread = Thread {
            address: address.clone(),
            shared: shared.clone(),
            client: Some(client),
            pending: Vec::new(),
            renew_at: Instant::now() + times.renew,
        };
        let failed =
            |error: std::io::Error| LedgerError::new(RecordFault::NoThread { why: error.to_string() }).because(error);
        let (ending, ended) = bounded(1);
        let run = move || {
            thread.run(&received);
            drop(ending);
        };
        std::thread::Builder::new().name("database".to_owned()).spawn(run).map_err(failed)?;
        let watched = Arc::downgrade(&shared);
        let watch = move || {
            while let Some(shared) = watched.upgrade() {
                if !shared.lease.holds() {
                    return shared.announce_loss();
                }
                std::thread::sleep((shared.times.stop / 100).max(Duration::from_millis(10)));
            }
        };
        std::thread::Builder::new().name("lease".to_owned()).spawn(watch).map_err(failed)?;
        Ok(Arc::new(Self { address, requests, shared, ended }))
    }

    /// Upgrades the tables of an earlier version and returns the version that they have afterwards.
    pub fn upgrade(address: &DatabaseAddress) -> Result<i32, LedgerError> {
        let mut client = connect(address)?;
        let version = schema::prepare(&mut client).and_then(|_| schema::upgrade(&mut client));
        version.map_err(|error| explain(address, error))
    }

    /// The address; it may be shown.
    pub fn address(&self) -> &DatabaseAddress {
        &self.address
    }

    /// Whether this process may still work on its mailboxes. Once it may not, it never may again.
    pub fn holds(&self) -> bool {
        self.shared.lease.holds()
    }

    /// Calls `stop` when this process loses its lease, or at once if it already has. `stop` must cut the connections of its mailboxes.
    pub fn on_loss(&self, stop: impl FnOnce() + Send + 'static) {
        self.shared.on_loss.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(stop));
        if !self.shared.lease.holds() {
            self.shared.announce_loss();
        }
    }

    pub(super) fn worker(&self) -> i64 {
        self.shared.worker
    }

    pub(super) fn times(&self) -> LeaseTimes {
        self.shared.times
    }

    /// Writes for a mailbox, if this process still holds it. With [`Durable::AtOnce`] the call returns when the write is on disk.
    pub(super) fn write(&self, held: &Held, write: Write, durable: Durable) -> Result<(), LedgerError> {
        held.check()?;
        if !self.shared.lease.holds() {
            return Err(lost());
        }
        let (answer, answered) = bounded(1);
        let waits = durable == Durable::AtOnce;
        let pending = Pending { held: held.clone(), write, since: Instant::now(), answer: waits.then_some(answer) };
        let left = self.shared.lease.left();
        self.requests.send_timeout(Request::Write(pending), left).map_err(|_| lost())?;
        if !waits {
            return Ok(());
        }
        let written = answered.recv_timeout(self.shared.lease.left()).map_err(|_| lost())?;
        // The lease may have ended before the answer came: then nothing may be sent on the strength of it.
        written.and_then(|()| if self.shared.lease.holds() { Ok(()) } else { Err(lost()) })
    }

    /// Runs `work` after all earlier writes and returns its result. `work` may run more than once.
    pub(super) fn ask<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&mut Client) -> Result<T, postgres::Error> + Send + 'static,
    ) -> Result<T, LedgerError> {
        if !self.shared.lease.holds() {
            return Err(lost());
        }
        let (answer, answered) = bounded(1);
        let failure = answer.clone();
        let work = Box::new(move |client: &mut Client| {
            let found = work(client)?;
            let _ = answer.try_send(Ok(found));
            Ok(())
        });
        let failed = Box::new(move |error| drop(failure.try_send(Err(error))));
        let left = self.shared.lease.left();
        self.requests.send_timeout(Request::Ask { work, failed }, left).map_err(|_| self.silent())?;
        answered.recv_timeout(left).map_err(|_| self.silent())?
    }

    fn silent(&self) -> LedgerError {
        refused(&self.address, DatabaseFault::Silent)
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Database({})", self.address)
    }
}

impl Drop for Database {
    /// Gives the lease back. If that takes too long, the lease expires by itself.
    fn drop(&mut self) {
        let _ = self.requests.try_send(Request::End);
        let _ = self.ended.recv_timeout(FAREWELL);
    }
}

impl Shared {
    fn announce_loss(&self) {
        let stops = std::mem::take(&mut *self.on_loss.lock().unwrap_or_else(PoisonError::into_inner));
        if !stops.is_empty() {
            log::error!("this process lost its lease and stops working on its mailboxes");
        }
        stops.into_iter().for_each(|stop| stop());
    }
}

fn begin(client: &mut Client, worker: i64, times: &LeaseTimes) -> Result<i32, postgres::Error> {
    let version = schema::prepare(client)?;
    if version == VERSION {
        schema::notice_fail_over(client, times)?;
        let name = format!("process {}", std::process::id());
        schema::register(client, worker, &name, times)?;
    }
    Ok(version)
}

fn lost() -> LedgerError {
    LedgerError::new(RecordFault::LeaseLost)
}

struct Thread {
    address: DatabaseAddress,
    shared: Arc<Shared>,
    client: Option<Client>,
    pending: Vec<Pending>,
    renew_at: Instant,
}

impl Thread {
    fn run(mut self, requests: &Receiver<Request>) {
        loop {
            let flush_at = self.pending.first().map(|pending| pending.since + LATEST);
            let next = flush_at.map_or(self.renew_at, |flush_at| flush_at.min(self.renew_at));
            match requests.recv_deadline(next) {
                Ok(Request::End) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(request) => self.take(request, requests),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if self.is_due() {
                self.flush();
            }
            if Instant::now() >= self.renew_at {
                self.renew();
            }
        }
        self.flush();
        let worker = self.shared.worker;
        if let Some(client) = &mut self.client
            && let Err(error) = schema::leave(client, worker)
        {
            log::debug!("{error}");
        }
    }

    /// Takes a request and all that already wait, so that they are written together.
    fn take(&mut self, request: Request, requests: &Receiver<Request>) {
        let mut next = Some(request);
        while let Some(request) = next {
            match request {
                Request::Write(pending) => self.pending.push(pending),
                Request::Ask { work, failed } => {
                    self.flush();
                    self.ask(work, failed);
                }
                Request::End => return,
            }
            next = requests.try_recv().ok();
        }
    }

    fn is_due(&self) -> bool {
        let waited_for = self.pending.iter().any(|pending| pending.answer.is_some());
        let old = self.pending.first().is_some_and(|pending| pending.since.elapsed() >= LATEST);
        waited_for || old || self.pending.iter().map(|pending| pending.write.size()).sum::<usize>() >= GATHERED
    }

    /// Writes all that waits. If the database refuses the write, each mailbox is written alone, so that one does not fail the others.
    fn flush(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        if pending.is_empty() {
            return;
        }
        let (mailboxes, answers) = gather(pending);
        let everything: Vec<&(Held, Write)> = mailboxes.values().collect();
        let outcomes: Vec<(i64, Result<(), LedgerError>)> = match self.write(&everything) {
            Ok(held) => everything.iter().map(|(mailbox, _)| mailbox.outcome(&held)).collect(),
            Err(error) if everything.len() == 1 || error.kind() != LedgerErrorKind::Refused => {
                let same = |error: &LedgerError| LedgerError::new(error.fault().clone());
                everything.iter().map(|(mailbox, _)| (mailbox.mailbox, Err(same(&error)))).collect()
            }
            Err(_) => {
                let alone = |one: &&(Held, Write)| match self.write(&[one]) {
                    Ok(held) => one.0.outcome(&held),
                    Err(error) => (one.0.mailbox, Err(error)),
                };
                everything.iter().map(alone).collect()
            }
        };
        for (mailbox, outcome) in outcomes {
            if let (Err(error), Some((held, _))) = (&outcome, mailboxes.get(&mailbox)) {
                log::debug!("a write failed: {error}");
                held.note(error);
            }
        }
        for (held, answer) in answers {
            let _ = answer.try_send(held.check());
        }
    }

    /// Writes for all of these mailboxes with one statement. Returns the mailboxes that this process still holds.
    fn write(&mut self, writes: &[&(Held, Write)]) -> Result<Vec<i64>, LedgerError> {
        let columns = Columns::of(writes);
        self.with_client(&mut |client| {
            let parameters: Vec<(&(dyn ToSql + Sync), postgres::types::Type)> =
                columns.parameters().into_iter().zip(WRITE_TYPES).collect();
            let held = client.query_typed(WRITE, &parameters)?;
            Ok(held.iter().map(|row| row.get(0)).collect())
        })
    }

    fn ask(&mut self, mut work: Work, failed: Box<dyn FnOnce(LedgerError) + Send>) {
        if let Err(error) = self.with_client(&mut |client| work(client)) {
            failed(error);
        }
    }

    fn renew(&mut self) {
        let (worker, times) = (self.shared.worker, self.shared.times);
        self.renew_at = Instant::now() + times.renew;
        let shared = self.shared.clone();
        match shared.lease.renew(|| self.with_client(&mut |client| schema::renew(client, worker, &times))) {
            // Every process with a lease frees what vanished processes hold.
            Ok(true) => {
                if let Err(error) = self.with_client(&mut |client| schema::tidy(client, &times)) {
                    log::debug!("cannot free what vanished processes hold: {error}");
                }
            }
            Ok(false) => shared.announce_loss(),
            Err(error) => log::warn!("the lease was not renewed: {error}"),
        }
    }

    /// Runs `work`, and repeats it after a lost connection or a collision for as long as the lease holds.
    fn with_client<T>(
        &mut self,
        work: &mut dyn FnMut(&mut Client) -> Result<T, postgres::Error>,
    ) -> Result<T, LedgerError> {
        loop {
            let error = match self.connected() {
                Ok(client) => match work(client) {
                    Ok(done) => return Ok(done),
                    Err(error) if is_loss(client, &error) => {
                        self.client = None;
                        explain(&self.address, error)
                    }
                    Err(error) if is_collision(&error) => explain(&self.address, error),
                    Err(error) => return Err(explain(&self.address, error)),
                },
                Err(error) => error,
            };
            if self.shared.lease.left() <= RECONNECT {
                return Err(error);
            }
            log::debug!("{error}; trying again");
            std::thread::sleep(RECONNECT);
        }
    }

    fn connected(&mut self) -> Result<&mut Client, LedgerError> {
        if self.client.is_none() {
            let mut client = connect(&self.address)?;
            let failed_over = schema::notice_fail_over(&mut client, &self.shared.times);
            if failed_over.map_err(|error| explain(&self.address, error))? {
                log::warn!("another copy of the database has taken over");
            }
            self.client = Some(client);
        }
        self.client.as_mut().ok_or_else(lost)
    }
}
