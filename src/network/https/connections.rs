//! The open connections of an HTTP client, which a deadline or the user may cut.

use super::super::{Interrupter, Watch};
use std::collections::BTreeMap;
use std::io;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The open connections of a client, and whether the request that uses them has run out of time.
#[derive(Debug)]
pub(super) struct Connections {
    /// Whether a connection is kept for the next request.
    pub(super) keeps: bool,
    state: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    /// Counts the requests, so that a deadline that comes too late does not cut the next request.
    request: u64,
    over: bool,
    next: u64,
    open: BTreeMap<u64, Interrupter>,
}

impl Connections {
    pub(super) fn new(keeps: bool) -> Self {
        Self { keeps, state: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a connection that is being set up.
    pub(super) fn add(self: &Arc<Self>, interrupter: Interrupter, watch: Option<&Watch>) -> Registered {
        let watched = watch.map(|watch| (watch.0)(interrupter.clone()));
        let mut open = self.lock();
        if open.over {
            interrupter.interrupt();
        }
        let id = open.next;
        open.next += 1;
        open.open.insert(id, interrupter);
        Registered { id, connections: self.clone(), _watched: watched }
    }
}

/// A connection on the list of those to cut, while it is open.
pub(super) struct Registered {
    id: u64,
    connections: Arc<Connections>,
    _watched: Option<Box<dyn Send + Sync>>,
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.connections.lock().open.remove(&self.id);
    }
}

/// Ends a request at its time limit by cutting its connections.
pub(super) struct Deadline {
    connections: Arc<Connections>,
    /// Dropped with the request; then the watching thread ends.
    _finished: mpsc::Sender<()>,
}

impl Deadline {
    pub(super) fn start(connections: &Arc<Connections>, limit: Duration) -> io::Result<Self> {
        let request = {
            let mut open = connections.lock();
            open.over = false;
            open.request += 1;
            open.request
        };
        let (finished, waiting) = mpsc::channel::<()>();
        let watched = connections.clone();
        std::thread::Builder::new().name("deadline".to_owned()).spawn(move || {
            if waiting.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                let mut open = watched.lock();
                if open.request == request {
                    open.over = true;
                    open.open.values().for_each(Interrupter::interrupt);
                }
            }
        })?;
        Ok(Self { connections: connections.clone(), _finished: finished })
    }

    pub(super) fn is_over(&self) -> bool {
        self.connections.lock().over
    }
}
