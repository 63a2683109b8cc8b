//! The user's control over a running run: stop, stop now, pause, continue, try now, skip an account.
//!
//! Workers ask between steps and wait only through [`Control::wait`], so that every wait ends as soon as the user wants it to. Work on an
//! account asks its [`AccountControl`], which treats a skip of that account like a stop of the run.

use crate::domain::{AccountId, Side};
use crate::migrate::context::recorder::Events;
use crate::network::{Interrupter, Watch};
use crate::progress::Event;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Shared by the run's handle and all its workers.
#[derive(Default)]
pub struct Control {
    wishes: Mutex<Wishes>,
    changed: Condvar,
    connections: Mutex<Connections>,
    /// Records the user's wishes during a run.
    listener: Mutex<Option<Events>>,
    /// Whether this process may still send anything; set if another process can take over its mailboxes.
    authority: OnceLock<Box<dyn Fn() -> bool + Send + Sync>>,
}

#[derive(Default)]
struct Wishes {
    stop: bool,
    paused: bool,
    /// Counts the presses of *Try now*, so that a wait notices one that came after it began.
    tries: u64,
    /// The accounts to leave alone until the user continues them.
    skipped: BTreeSet<AccountId>,
    /// Counts changes of that list, for workers that wait with nothing to do.
    skips: u64,
}

#[derive(Default)]
struct Connections {
    next: u64,
    open: BTreeMap<u64, Connection>,
    cut: bool,
    /// The accounts whose connections are cut.
    accounts_cut: BTreeSet<AccountId>,
}

struct Connection {
    /// The server's side, if its silence is watched.
    side: Option<Side>,
    /// The account that the connection serves, if any.
    account: Option<AccountId>,
    /// How long its server may be silent.
    patience: Duration,
    /// Whether it is only observed and never cut.
    observed: bool,
    interrupter: Interrupter,
}

/// A server that keeps a connection waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Silence {
    /// The server's side.
    pub side: Side,
    /// How long it has been silent.
    pub silent: Duration,
    /// The silence after which the connection is given up.
    pub patience: Duration,
}

/// Keeps a connection on the list of those that [`Control::stop_now`] cuts, until it is dropped.
pub struct Registration {
    control: Arc<Control>,
    id: u64,
}

impl Drop for Registration {
    fn drop(&mut self) {
        lock(&self.control.connections).open.remove(&self.id);
    }
}

impl Control {
    /// Ends the run gently: no new batch begins; what is in flight is settled.
    pub fn stop(&self) {
        let mut wishes = lock(&self.wishes);
        // Recorded before a worker can see it: a worker that ends at once must not end the run first.
        if !wishes.stop {
            self.report(Event::StopRequested);
        }
        wishes.stop = true;
        drop(wishes);
        self.changed.notify_all();
    }

    /// Stops and cuts every connection; the next run asks the target about what was in flight.
    pub fn stop_now(&self) {
        self.stop();
        let mut connections = lock(&self.connections);
        connections.cut = true;
        for connection in connections.open.values().filter(|connection| !connection.observed) {
            connection.interrupter.interrupt();
        }
    }

    /// Sends nothing more once `may_send` returns false.
    pub fn sends_only_while(&self, may_send: impl Fn() -> bool + Send + Sync + 'static) {
        let _ = self.authority.set(Box::new(may_send));
    }

    /// Leaves an account alone from now on, until [`Control::take_up`] or the end of the run; what is in flight is settled.
    pub fn skip(&self, account: AccountId) {
        let mut wishes = lock(&self.wishes);
        if wishes.skipped.insert(account) {
            wishes.skips += 1;
            // Recorded before a worker can see it, as with a stop.
            self.report(Event::SkipRequested { account });
        }
        drop(wishes);
        self.changed.notify_all();
    }

    /// Cuts the connections of an account that is being skipped; once it continues, the target is asked about what was in flight.
    pub fn cut(&self, account: AccountId) {
        let wishes = lock(&self.wishes);
        if !wishes.skipped.contains(&account) {
            return;
        }
        let mut connections = lock(&self.connections);
        connections.accounts_cut.insert(account);
        for connection in connections.open.values().filter(|connection| connection.account == Some(account)) {
            connection.interrupter.interrupt();
        }
    }

    /// Continues a skipped account.
    pub fn take_up(&self, account: AccountId) {
        let mut wishes = lock(&self.wishes);
        if wishes.skipped.remove(&account) {
            wishes.skips += 1;
            lock(&self.connections).accounts_cut.remove(&account);
            self.report(Event::SkipEnded { account });
        }
        drop(wishes);
        self.changed.notify_all();
    }

    /// Whether the user skipped the account.
    pub fn is_skipped(&self, account: AccountId) -> bool {
        lock(&self.wishes).skipped.contains(&account)
    }

    /// The wishes that affect one account.
    pub fn of(self: &Arc<Self>, account: AccountId) -> AccountControl {
        AccountControl { control: self.clone(), account }
    }

    /// Holds the workers between batches.
    pub fn pause(&self) {
        if !std::mem::replace(&mut lock(&self.wishes).paused, true) {
            self.report(Event::Paused);
        }
    }

    /// Lets the workers continue after a pause.
    pub fn resume(&self) {
        let was_paused = std::mem::replace(&mut lock(&self.wishes).paused, false);
        self.changed.notify_all();
        if was_paused {
            self.report(Event::Continued);
        }
    }

    /// Reports wishes to the recorder from now on, and an earlier stop at once.
    pub fn report_to(&self, events: Events) {
        *lock(&self.listener) = Some(events);
        if self.stopping() {
            self.report(Event::StopRequested);
        }
    }

    /// Reports no wishes any more, because the run is over.
    pub fn report_to_nobody(&self) {
        *lock(&self.listener) = None;
    }

    /// Passes a wish on without ever blocking: the caller may be the window's thread.
    fn report(&self, event: Event) {
        if let Some(events) = &*lock(&self.listener) {
            events.report_without_waiting(event);
        }
    }

    /// Ends all waits for servers.
    pub fn try_now(&self) {
        lock(&self.wishes).tries += 1;
        self.changed.notify_all();
    }

    /// Whether the user asked to stop.
    pub fn stopping(&self) -> bool {
        lock(&self.wishes).stop
    }

    /// Waits while the run is paused.
    pub fn wait_while_paused(&self) {
        let mut wishes = lock(&self.wishes);
        while wishes.paused && !wishes.stop {
            wishes = self.changed.wait(wishes).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until the time is over, or until the user stops the run or chooses *Try now*.
    pub fn wait(&self, duration: Duration) {
        let tries = lock(&self.wishes).tries;
        self.wait_unless(duration, |wishes| wishes.tries != tries);
    }

    /// Waits with nothing to do, until the time is over or the user changes something. Returns whether *Try now* or *Stop* ended the wait.
    pub fn wait_for_work(&self, duration: Duration) -> bool {
        let (tries, skips) = {
            let wishes = lock(&self.wishes);
            (wishes.tries, wishes.skips)
        };
        self.wait_unless(duration, |wishes| wishes.tries != tries || wishes.skips != skips);
        let wishes = lock(&self.wishes);
        wishes.stop || wishes.tries != tries
    }

    fn wait_unless(&self, duration: Duration, enough: impl Fn(&Wishes) -> bool) {
        let end = Instant::now() + duration;
        let mut wishes = lock(&self.wishes);
        while !wishes.stop && !enough(&wishes) {
            let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) else { return };
            wishes = self.changed.wait_timeout(wishes, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Adds a connection to those to cut; one that is opened after the cut is cut at once.
    pub fn register(self: &Arc<Self>, connection: Interrupter) -> Registration {
        let (side, account, patience) = (None, None, Duration::ZERO);
        self.add(Connection { side, account, patience, observed: false, interrupter: connection })
    }

    /// Registers every connection to that side's server from its first moment, before any sign-in; for an account, or for none. Its server
    /// may be silent for as long as `patience`.
    pub fn watch(self: &Arc<Self>, side: Side, account: Option<AccountId>, patience: Duration) -> Watch {
        let (control, side) = (self.clone(), Some(side));
        Watch(Arc::new(move |interrupter| {
            Box::new(control.add(Connection { side, account, patience, observed: false, interrupter }))
        }))
    }

    /// Watches how long every connection to that side's server waits, but cuts none: after a stop, Kerio Connect's administration puts the
    /// port back.
    pub fn observe(self: &Arc<Self>, side: Side, patience: Duration) -> Watch {
        let (control, side, account) = (self.clone(), Some(side), None);
        Watch(Arc::new(move |interrupter| {
            Box::new(control.add(Connection { side, account, patience, observed: true, interrupter }))
        }))
    }

    /// The server that has kept a connection waiting longest, and for how long.
    pub fn longest_silence(&self) -> Option<Silence> {
        let connections = lock(&self.connections);
        let waits = connections.open.values();
        let waits = waits.filter_map(|connection| {
            let Connection { side, patience, interrupter, .. } = connection;
            Some(Silence { side: (*side)?, silent: interrupter.waits()?, patience: *patience })
        });
        waits.max_by_key(|silence| silence.silent)
    }

    fn add(self: &Arc<Self>, connection: Connection) -> Registration {
        let mut connections = lock(&self.connections);
        let account_cut = connection.account.is_some_and(|account| connections.accounts_cut.contains(&account));
        if connections.cut && !connection.observed || account_cut {
            connection.interrupter.interrupt();
        }
        if !connection.observed {
            let control = self.clone();
            connection.interrupter.sends_only_while(move || control.authority.get().is_none_or(|may_send| may_send()));
        }
        let id = connections.next;
        connections.next += 1;
        connections.open.insert(id, connection);
        Registration { control: self.clone(), id }
    }
}

/// The wishes that affect one account.
#[derive(Clone)]
pub struct AccountControl {
    control: Arc<Control>,
    account: AccountId,
}

impl AccountControl {
    /// Whether work on the account must end: the run is stopped, or the account is skipped.
    pub fn stopping(&self) -> bool {
        self.has_to_end(&lock(&self.control.wishes))
    }

    /// Whether no new batch of the account may begin: it is stopped, skipped or paused.
    pub fn holding(&self) -> bool {
        let wishes = lock(&self.control.wishes);
        wishes.paused || self.has_to_end(&wishes)
    }

    /// Waits while the run is paused, unless work on the account must end.
    pub fn wait_while_paused(&self) {
        let mut wishes = lock(&self.control.wishes);
        while wishes.paused && !self.has_to_end(&wishes) {
            wishes = self.control.changed.wait(wishes).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until the time is over, work on the account must end, or the user chooses *Try now*.
    pub fn wait(&self, duration: Duration) {
        let tries = lock(&self.control.wishes).tries;
        self.control.wait_unless(duration, |wishes| wishes.tries != tries || self.has_to_end(wishes));
    }

    /// Waits until the time is over, or work on the account must end: for a wait that safety needs, and that *Try now* must not shorten.
    pub fn wait_whole(&self, duration: Duration) {
        self.control.wait_unless(duration, |wishes| self.has_to_end(wishes));
    }

    fn has_to_end(&self, wishes: &Wishes) -> bool {
        wishes.stop || wishes.skipped.contains(&self.account)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_when_the_user_wants_the_next_try_now() {
        let control = Arc::new(Control::default());
        let waiter = std::thread::spawn({
            let control = control.clone();
            move || control.wait(Duration::from_secs(3600))
        });
        while !waiter.is_finished() {
            control.try_now();
            std::thread::yield_now();
        }
        waiter.join().unwrap();
    }

    #[test]
    fn a_wait_for_safety_is_not_shortened() {
        let shared = Arc::new(Control::default());
        let control = shared.of(AccountId(0));
        let (begun, whole) = (Instant::now(), Duration::from_millis(80));
        let waiter = std::thread::spawn({
            let control = control.clone();
            move || control.wait_whole(whole)
        });
        while !waiter.is_finished() {
            shared.try_now();
            std::thread::yield_now();
        }
        assert!(begun.elapsed() >= whole);
        shared.stop();
        control.wait_whole(Duration::from_secs(3600));
    }

    #[test]
    fn a_skip_ends_the_work_on_that_account_only_until_it_is_taken_up() {
        let control = Arc::new(Control::default());
        let (ann, bob) = (control.of(AccountId(0)), control.of(AccountId(1)));
        control.pause();
        control.skip(AccountId(0));
        ann.wait_while_paused();
        ann.wait_whole(Duration::from_secs(3600));
        assert!(ann.stopping() && ann.holding() && !bob.stopping());
        control.resume();
        assert!(!bob.holding() && !control.stopping());
        control.take_up(AccountId(0));
        assert!(!ann.holding());
    }

    #[test]
    fn a_paused_worker_continues_when_the_run_is_stopped() {
        let control = Arc::new(Control::default());
        control.pause();
        assert!(control.of(AccountId(0)).holding() && !control.stopping());
        control.stop();
        control.wait_while_paused();
        assert!(control.stopping());
    }
}
