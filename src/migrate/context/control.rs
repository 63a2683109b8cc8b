//! What the user may do to a run while it is under way: stop, stop at once, pause, continue, try now.
//!
//! Workers ask between steps and wait only through [`Control::wait`], so that every wait ends as soon as the user wants it to.

use crate::domain::Side;
use crate::migrate::context::recorder::Events;
use crate::network::{Interrupter, Watch};
use crate::progress::Event;
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Shared by the run's handle and all its workers.
#[derive(Default)]
pub struct Control {
    wishes: Mutex<Wishes>,
    changed: Condvar,
    connections: Mutex<Connections>,
    /// Records what the user wishes, while a run is under way.
    listener: Mutex<Option<Events>>,
}

#[derive(Default)]
struct Wishes {
    stop: bool,
    paused: bool,
    /// Counts the presses of *Try now*, so that a wait sees one that came after it began.
    tries: u64,
}

#[derive(Default)]
struct Connections {
    next: u64,
    open: BTreeMap<u64, (Option<Side>, Interrupter)>,
    cut: bool,
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
    /// Begins no new batch; what is in flight is settled.
    pub fn stop(&self) {
        let mut wishes = lock(&self.wishes);
        // Before a worker can see it: one that ends at once must not end the run before the wish is recorded.
        if !wishes.stop {
            self.report(Event::StopRequested);
        }
        wishes.stop = true;
        drop(wishes);
        self.changed.notify_all();
    }

    /// Stops and cuts every connection; what was in flight is asked for on the target by the next run.
    pub fn stop_now(&self) {
        self.stop();
        let mut connections = lock(&self.connections);
        connections.cut = true;
        for (_, connection) in connections.open.values() {
            connection.interrupt();
        }
    }

    /// Holds the workers between batches.
    pub fn pause(&self) {
        if !std::mem::replace(&mut lock(&self.wishes).paused, true) {
            self.report(Event::Paused);
        }
    }

    /// Lets them continue.
    pub fn resume(&self) {
        let was_paused = std::mem::replace(&mut lock(&self.wishes).paused, false);
        self.changed.notify_all();
        if was_paused {
            self.report(Event::Continued);
        }
    }

    /// Reports wishes to the recorder from now on; a stop that came before, at once.
    pub fn report_to(&self, events: Events) {
        *lock(&self.listener) = Some(events);
        if self.stopping() {
            self.report(Event::StopRequested);
        }
    }

    /// The run is over; wishes have no meaning any more.
    pub fn report_to_nobody(&self) {
        *lock(&self.listener) = None;
    }

    /// Hands a wish over without ever waiting: it may come from the window's thread.
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

    /// Whether no new batch may begin: stopped or paused.
    pub fn holding(&self) -> bool {
        let wishes = lock(&self.wishes);
        wishes.stop || wishes.paused
    }

    /// Waits while the run is paused.
    pub fn wait_while_paused(&self) {
        let mut wishes = lock(&self.wishes);
        while wishes.paused && !wishes.stop {
            wishes = self.changed.wait(wishes).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits until the time is over, or until the user stops the run or wants the next try now.
    pub fn wait(&self, duration: Duration) {
        let tries = lock(&self.wishes).tries;
        self.wait_unless(duration, |wishes| wishes.tries != tries);
    }

    /// Waits until the time is over, or until the user stops the run: a wait that safety needs, and that *Try now* does not shorten.
    pub fn wait_whole(&self, duration: Duration) {
        self.wait_unless(duration, |_| false);
    }

    fn wait_unless(&self, duration: Duration, enough: impl Fn(&Wishes) -> bool) {
        let end = Instant::now() + duration;
        let mut wishes = lock(&self.wishes);
        while !wishes.stop && !enough(&wishes) {
            let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) else { return };
            wishes = self.changed.wait_timeout(wishes, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Puts a connection on the list of those to cut; one that is opened after the cut is cut at once.
    pub fn register(self: &Arc<Self>, connection: Interrupter) -> Registration {
        self.add(None, connection)
    }

    /// Registers every connection to that side's server from its first moment on, before anybody is signed in.
    pub fn watch(self: &Arc<Self>, side: Side) -> Watch {
        let control = self.clone();
        Watch(Arc::new(move |connection| Box::new(control.add(Some(side), connection))))
    }

    /// The server that has kept a connection waiting longest, and for how long.
    pub fn longest_silence(&self) -> Option<(Side, Duration)> {
        let connections = lock(&self.connections);
        let waits = connections.open.values().filter_map(|(side, connection)| Some(((*side)?, connection.waits()?)));
        waits.max_by_key(|(_, waits)| *waits)
    }

    fn add(self: &Arc<Self>, side: Option<Side>, connection: Interrupter) -> Registration {
        let mut connections = lock(&self.connections);
        if connections.cut {
            connection.interrupt();
        }
        let id = connections.next;
        connections.next += 1;
        connections.open.insert(id, (side, connection));
        Registration { control: self.clone(), id }
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
        let control = Arc::new(Control::default());
        let (begun, whole) = (Instant::now(), Duration::from_millis(80));
        let waiter = std::thread::spawn({
            let control = control.clone();
            move || control.wait_whole(whole)
        });
        while !waiter.is_finished() {
            control.try_now();
            std::thread::yield_now();
        }
        assert!(begun.elapsed() >= whole);
        control.stop();
        control.wait_whole(Duration::from_secs(3600));
    }

    #[test]
    fn a_paused_worker_continues_when_the_run_is_stopped() {
        let control = Control::default();
        control.pause();
        assert!(control.holding() && !control.stopping());
        control.stop();
        control.wait_while_paused();
        assert!(control.stopping());
    }
}
