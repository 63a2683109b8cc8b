//! Watching connections from outside: how long each waits for its server, and cutting it from another thread.

use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// What a connection holds while it is open.
pub type Guard = Box<dyn Send + Sync>;

/// Gets a handle to each new connection, and returns what the connection holds while it is open.
#[derive(Clone)]
pub struct Watch(pub Arc<dyn Fn(Interrupter) -> Guard + Send + Sync>);

impl std::fmt::Debug for Watch {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Watch")
    }
}

/// Since when a connection waits for its server, and whether anything may be sent on it. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Activity(Arc<Shared>);

#[derive(Default)]
struct Shared {
    waits_since: AtomicU64,
    may_send: OnceLock<MaySend>,
}

/// Whether anything may be sent, at this moment.
type MaySend = Box<dyn Fn() -> bool + Send + Sync>;

impl std::fmt::Debug for Activity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Activity")
    }
}

impl Activity {
    /// A wait starts now, unless one is under way.
    pub(super) fn waits(&self) {
        let _ = self.0.waits_since.compare_exchange(0, milliseconds(), Ordering::Relaxed, Ordering::Relaxed);
    }

    /// The server has answered.
    pub(super) fn ends(&self) {
        self.0.waits_since.store(0, Ordering::Relaxed);
    }

    /// Whether anything may be sent now.
    pub(super) fn may_send(&self) -> bool {
        self.0.may_send.get().is_none_or(|may_send| may_send())
    }
}

/// Milliseconds since the first call, plus one: 0 means that nothing is waited for.
fn milliseconds() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    u64::try_from(START.get_or_init(Instant::now).elapsed().as_millis()).unwrap_or(u64::MAX - 1) + 1
}

/// A handle to a connection for other threads.
#[derive(Debug, Clone)]
pub struct Interrupter {
    tcp: Option<Arc<TcpStream>>,
    pub(super) activity: Activity,
}

impl Interrupter {
    pub(super) fn new(tcp: &TcpStream, activity: Activity) -> Self {
        Self { tcp: tcp.try_clone().ok().map(Arc::new), activity }
    }

    /// A handle to a connection that is being set up: it counts as waiting until [`Interrupter::is_set_up`].
    pub fn setting_up(tcp: &TcpStream) -> Self {
        let activity = Activity::default();
        activity.waits();
        Self::new(tcp, activity)
    }

    /// A handle to a connection that replaces this one during set-up: both count as one wait.
    pub fn in_place(&self, tcp: &TcpStream) -> Self {
        Self::new(tcp, self.activity.clone())
    }

    /// Ends the set-up: the connection now waits only while something is read or written.
    pub fn is_set_up(&self) {
        self.activity.ends();
    }

    /// Sends nothing more once `may_send` returns false. It is asked before each write, because a frozen process resumes in the middle of
    /// one, before any other of its threads can cut the connection. Only the first call counts.
    pub fn sends_only_while(&self, may_send: impl Fn() -> bool + Send + Sync + 'static) {
        let _ = self.activity.0.may_send.set(Box::new(may_send));
    }

    /// Cuts the connection: reads and writes there fail at once. Cutting it twice is harmless.
    pub fn interrupt(&self) {
        if let Some(tcp) = &self.tcp {
            let _ = tcp.shutdown(Shutdown::Both);
        }
    }

    /// How long the connection has been waiting for its server, if it is.
    pub fn waits(&self) -> Option<Duration> {
        let since = self.activity.0.waits_since.load(Ordering::Relaxed);
        (since > 0).then(|| Duration::from_millis(milliseconds().saturating_sub(since)))
    }
}
