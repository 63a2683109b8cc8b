//! A fleet: one migration whose mailboxes many machines work on. Setup and jobs are opaque bytes here: sealed on their way to the database,
//! opened on their way back.

use super::database::Database;
use super::fleets::{self, Begun, FoundFleet, Schedule};
use super::jobs::{self, JobEnd, JobSums, NewJobs, TakenJob};
use super::key::{FleetKey, Purpose, Sealer};
use super::limits::{self, Errand};
use super::schema;
use super::status::{self, Orders, Status, Wish};
use crate::domain::{FleetFault, RecordFault, Sealed};
use crate::ledger::LedgerError;
use postgres::Client;
use std::sync::Arc;
use zeroize::Zeroizing;

/// At most this many jobs are added or read with one statement.
pub(super) const AT_ONCE: usize = 500;

/// A fleet in a database.
pub struct Fleet {
    pub(super) database: Arc<Database>,
    pub(super) id: i64,
    name: String,
    sealer: Option<Sealer>,
}

/// A job to add.
pub struct NewJob {
    /// The account; each account has one job.
    pub account: String,
    /// The mailbox's size in bytes, as far as known; the largest is taken first.
    pub size: u64,
    /// What a worker needs to know.
    pub content: Zeroizing<Vec<u8>>,
}

/// A job that this process has taken.
#[derive(Clone)]
pub struct Job {
    /// Its number in the fleet.
    pub ordinal: i64,
    token: i64,
    /// How often work on it has begun without ending, this time included.
    pub tries: u32,
    /// What a worker needs to know.
    pub content: Zeroizing<Vec<u8>>,
}

impl Fleet {
    /// Creates a fleet. A name that is taken is an error.
    pub fn create(database: Arc<Database>, key: &FleetKey, name: &str, setup: &[u8]) -> Result<Self, LedgerError> {
        // Any number will do, as long as it is a new one.
        let id = fastrand::i64(..);
        let sealer = key.of_fleet(id).ok_or_else(no_cryptography)?;
        let sealed = sealer.seal(Purpose::Setup, 0, setup).ok_or_else(no_cryptography)?;
        let asked = name.to_owned();
        if !database.ask(move |client| fleets::create(client, id, &asked, &sealed))? {
            let (database, name) = (database.address().to_string(), name.to_owned());
            return Err(LedgerError::new(FleetFault::NameTaken { database, name }));
        }
        Ok(Self { database, id, name: name.to_owned(), sealer: Some(sealer) })
    }

    /// Opens the fleet of this name, or the only one. Without a key only its numbers can be read. A key of another fleet is an error.
    pub fn open(database: Arc<Database>, name: Option<&str>, key: Option<&FleetKey>) -> Result<Self, LedgerError> {
        let all = database.ask(fleets::all)?;
        let FoundFleet { id, name, setup } = choose(&database, all, name)?;
        let sealer = key.map(|key| key.of_fleet(id).ok_or_else(no_cryptography)).transpose()?;
        if let (Some(sealer), Some(setup)) = (&sealer, &setup)
            && sealer.open(Purpose::Setup, 0, setup).is_none()
        {
            return Err(LedgerError::new(FleetFault::OtherKey { name }));
        }
        Ok(Self { database, id, name, sealer })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its database.
    pub fn database(&self) -> &Arc<Database> {
        &self.database
    }

    /// Its setup; none once the fleet is finished.
    pub fn setup(&self) -> Result<Option<Zeroizing<Vec<u8>>>, LedgerError> {
        let (id, sealer) = (self.id, self.sealer()?);
        let all = self.database.ask(fleets::all)?;
        let Some(sealed) = all.into_iter().find(|found| found.id == id).and_then(|found| found.setup) else {
            return Ok(None);
        };
        sealer.open(Purpose::Setup, 0, &sealed).map(Some).ok_or_else(|| altered(Sealed::Setup))
    }

    /// Adds jobs to a wave; returns how many are new. An account that has a job keeps it.
    pub fn add(&self, wave: u16, new: &[NewJob]) -> Result<u64, LedgerError> {
        let (id, sealer) = (self.id, self.sealer()?);
        let mut added = 0;
        let mut ordinal = self.database.ask(move |client| jobs::next_ordinal(client, id))?;
        for part in new.chunks(AT_ONCE) {
            let mut columns = NewJobs::default();
            for job in part {
                columns.ordinals.push(ordinal);
                columns.accounts.push(sealer.hash(&job.account).to_vec());
                columns.sealed.push(sealer.seal(Purpose::Job, ordinal, &job.content).ok_or_else(no_cryptography)?);
                columns.sizes.push(i64::try_from(job.size).unwrap_or(i64::MAX));
                ordinal += 1;
            }
            added += self.database.ask(move |client| jobs::add(client, id, i32::from(wave), &columns))?;
        }
        Ok(added)
    }

    /// Begins a task on the jobs of these waves, or on all jobs if `waves` is empty.
    pub fn begin(&self, task: &str, waves: &[u16], schedule: Option<Schedule>) -> Result<Begun, LedgerError> {
        let (id, task) = (self.id, task.to_owned());
        let waves: Vec<i32> = waves.iter().copied().map(i32::from).collect();
        self.database.ask(move |client| fleets::begin(client, id, &task, &waves, schedule))
    }

    /// Tells its machines what to do.
    pub fn wish(&self, wish: Wish) -> Result<(), LedgerError> {
        let id = self.id;
        self.database.ask(move |client| fleets::wish(client, id, wish.word()))
    }

    /// Lets the processes of a machine end after their current jobs; returns their number.
    pub fn drain(&self, machine: &str) -> Result<u64, LedgerError> {
        let (id, machine) = (self.id, machine.to_owned());
        self.database.ask(move |client| fleets::drain(client, id, &machine))
    }

    /// Wipes everything sealed; false, with nothing wiped, while any job is held.
    pub fn finish(&self) -> Result<bool, LedgerError> {
        let id = self.id;
        self.database.ask(move |client| fleets::finish(client, id))
    }

    /// Its status, after freeing what vanished processes hold.
    pub fn status(&self) -> Result<Status, LedgerError> {
        let (id, times) = (self.id, self.database.times());
        self.database.ask(move |client| {
            schema::sweep_expired(client, &times)?;
            status::status(client, id)
        })
    }

    /// Notes that this process works on it. Machines with the same `egress` share one client address, as servers see it.
    pub fn join(&self, machine: &str, egress: &str) -> Result<(), LedgerError> {
        let (id, worker, machine, egress) = (self.id, self.database.worker(), machine.to_owned(), egress.to_owned());
        self.database.ask(move |client| fleets::join(client, worker, (id, &machine, &egress)))
    }

    /// This process's current orders.
    pub fn orders(&self) -> Result<Orders, LedgerError> {
        let (id, worker) = (self.id, self.database.worker());
        self.database.ask(move |client| status::orders(client, id, worker))
    }

    /// Takes the next job of a pass; none if no job is due, or none may begin. A job that was altered ends as failed, and is an error.
    pub fn take(&self, pass: i32, machine: &str) -> Result<Option<Job>, LedgerError> {
        let (id, worker, times, machine) = (self.id, self.database.worker(), self.database.times(), machine.to_owned());
        let token = fastrand::i64(..);
        let taken = self.database.ask(move |client| {
            schema::take_or_sweep(client, &times, |client| jobs::take(client, (worker, token), (id, pass), &machine))
        })?;
        let Some(TakenJob { ordinal, token, sealed, tries }) = taken else { return Ok(None) };
        match self.sealer()?.open(Purpose::Job, ordinal, &sealed) {
            Some(content) => Ok(Some(Job { ordinal, token, tries: u32::try_from(tries).unwrap_or_default(), content })),
            None => {
                let error = altered(Sealed::Job { number: ordinal });
                let job = Job { ordinal, token, tries: 0, content: Zeroizing::default() };
                self.end(&job, JobEnd::Ended("failed"))?;
                Err(error)
            }
        }
    }

    /// Stores a job's progress; false if this process no longer holds the job.
    pub fn report(&self, job: &Job, sums: JobSums, report: &[u8]) -> Result<bool, LedgerError> {
        let place = (self.id, job.ordinal, job.token);
        let sealed = self.sealer()?.seal(Purpose::Report, job.ordinal, report).ok_or_else(no_cryptography)?;
        self.database.ask(move |client| jobs::report(client, place, sums, &sealed))
    }

    /// Ends the work on a job; false if this process no longer holds the job.
    pub fn end(&self, job: &Job, end: JobEnd) -> Result<bool, LedgerError> {
        let place = (self.id, job.ordinal, job.token);
        self.database.ask(move |client| jobs::end(client, place, end))
    }

    /// Allows this many connections to a server, over all machines. An earlier, higher limit is not lowered.
    pub fn set_slots(&self, side: &str, most: u32) -> Result<(), LedgerError> {
        let (id, side, most) = (self.id, side.to_owned(), i32::try_from(most).unwrap_or(i32::MAX));
        self.database.ask(move |client| limits::set_slots(client, id, &side, most))
    }

    /// Takes one of a server's connections; none while all are taken.
    pub fn take_slot(self: &Arc<Self>, side: &str) -> Result<Option<Slot>, LedgerError> {
        let (id, worker, times, token, of) =
            (self.id, self.database.worker(), self.database.times(), fastrand::i64(..), side.to_owned());
        let taken = self.database.ask(move |client| {
            schema::take_or_sweep(client, &times, |client| limits::take_slot(client, (worker, token), (id, &of)))
        })?;
        Ok(taken.map(|number| Slot { fleet: self.clone(), side: side.to_owned(), number, token }))
    }

    /// Notes that a server refused a sign-in from this process's egress.
    pub fn note_refusal(&self, side: &str) -> Result<(), LedgerError> {
        let (id, worker, side) = (self.id, self.database.worker(), side.to_owned());
        self.database.ask(move |client| limits::note_refusal(client, worker, (id, &side)))
    }

    /// The seconds for which refused sign-ins from this process's egress still count: the longest first, at most 20.
    pub fn refusals(&self, side: &str) -> Result<Vec<f64>, LedgerError> {
        let (id, worker, side) = (self.id, self.database.worker(), side.to_owned());
        self.database.ask(move |client| limits::refusals(client, worker, (id, &side)))
    }

    /// Takes an errand, which is done once over all machines. [`Fleet::end_errand`] needs the token.
    pub fn take_errand(&self, what: &str) -> Result<(Errand, i64), LedgerError> {
        let (id, worker, times, token) = (self.id, self.database.worker(), self.database.times(), fastrand::i64(..));
        let what = self.sealer()?.hash(what);
        let turn = self.database.ask(move |client| {
            let take = |client: &mut Client| limits::take_errand(client, (worker, token), (id, &what));
            match take(client)? {
                Errand::Others if schema::sweep_expired(client, &times)? => take(client),
                turn => Ok(turn),
            }
        })?;
        Ok((turn, token))
    }

    /// Ends an errand, as done or for another process to take.
    pub fn end_errand(&self, what: &str, token: i64, done: bool) -> Result<(), LedgerError> {
        let (id, what) = (self.id, self.sealer()?.hash(what));
        self.database.ask(move |client| limits::end_errand(client, token, (id, &what), done))
    }

    pub(super) fn sealer(&self) -> Result<&Sealer, LedgerError> {
        self.sealer.as_ref().ok_or_else(|| LedgerError::new(FleetFault::KeyNeeded))
    }
}

/// One of a server's connections, given back on drop.
pub struct Slot {
    fleet: Arc<Fleet>,
    side: String,
    number: i32,
    token: i64,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let (id, side, number, token) = (self.fleet.id, std::mem::take(&mut self.side), self.number, self.token);
        let given = self.fleet.database.ask(move |client| limits::give_slot_back(client, (id, &side, number), token));
        if let Err(error) = given {
            log::debug!("a connection slot was not given back: {error}");
        }
    }
}

impl std::fmt::Debug for Job {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Job({})", self.ordinal)
    }
}

impl std::fmt::Debug for Fleet {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Fleet({})", self.name)
    }
}

fn choose(database: &Database, all: Vec<FoundFleet>, name: Option<&str>) -> Result<FoundFleet, LedgerError> {
    let mut names: Vec<String> = all.iter().map(|found| found.name.clone()).collect();
    let found = match (name, all.len()) {
        (Some(name), _) => all.into_iter().find(|found| found.name == name),
        (None, 1) => all.into_iter().next(),
        (None, _) => None,
    };
    found.ok_or_else(|| {
        let (database, names) = (database.address().to_string(), std::mem::take(&mut names));
        LedgerError::new(match name {
            _ if names.is_empty() => FleetFault::None { database },
            Some(name) => FleetFault::Missing { database, name: name.to_owned(), others: names },
            None => FleetFault::Several { database, names },
        })
    })
}

pub(super) fn altered(what: Sealed) -> LedgerError {
    LedgerError::new(FleetFault::Altered { what })
}

pub(super) fn no_cryptography() -> LedgerError {
    LedgerError::new(RecordFault::NoRandomNumbers)
}
