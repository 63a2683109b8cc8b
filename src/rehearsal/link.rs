//! A simulated distant server: a TCP forwarder that adds delay, limits the rate, and cuts connections on demand.

use super::listener::Listener;
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The properties of a link.
#[derive(Debug, Clone, Copy, Default)]
pub struct LinkOptions {
    /// The near end's port; 0 takes a free one.
    pub port: u16,
    /// Added to every round trip, half in each direction.
    pub round_trip: Duration,
    /// Bits per second in each direction, for all connections together; none means no limit.
    pub bits_per_second: Option<u64>,
}

/// A forwarder on its own loopback port. Dropping it cuts all connections.
pub struct Link {
    listener: Option<Listener>,
    port: u16,
    way: Arc<Way>,
}

/// The most bytes read at once.
const CHUNK: usize = 16 * 1024;
/// The most chunks under way in one direction of one connection.
const UNDERWAY: usize = 1024;
/// The longest queue before the bottleneck, as in a router. A sender waits until its bytes fit, and blocks no other connection.
const LONGEST_QUEUE: Duration = Duration::from_millis(250);
/// No cut is planned.
const NEVER: i64 = i64::MAX;

struct Way {
    target: SocketAddr,
    options: LinkOptions,
    open: Mutex<BTreeMap<u64, [TcpStream; 2]>>,
    next: AtomicU64,
    /// Bytes that may still pass before all connections are cut.
    left: AtomicI64,
    refusing: AtomicBool,
    passed: AtomicU64,
    turns: AtomicU64,
    /// When the link is free again, to the server and back.
    free_at: [Mutex<Instant>; 2],
}

impl Link {
    /// Forwards to a port on this computer.
    pub fn start(target_port: u16, options: LinkOptions) -> io::Result<Self> {
        let way = Arc::new(Way {
            target: SocketAddr::from((Ipv4Addr::LOCALHOST, target_port)),
            options,
            open: Mutex::default(),
            next: AtomicU64::new(0),
            left: AtomicI64::new(NEVER),
            refusing: AtomicBool::new(false),
            passed: AtomicU64::new(0),
            turns: AtomicU64::new(0),
            free_at: [Mutex::new(Instant::now()), Mutex::new(Instant::now())],
        });
        let listener = Listener::start(options.port, {
            let way = way.clone();
            move |client| {
                if let Err(error) = way.forward(client) {
                    log::debug!(target: "rehearsal", "a connection could not be forwarded: {error}");
                }
            }
        })?;
        Ok(Self { port: listener.port(), listener: Some(listener), way })
    }

    /// The port to connect to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Cuts every open connection now.
    pub fn cut(&self) {
        self.way.cut();
    }

    /// Cuts every connection after this many more bytes, counted in both directions.
    pub fn cut_after(&self, bytes: u64) {
        self.way.left.store(i64::try_from(bytes).unwrap_or(NEVER), Ordering::SeqCst);
    }

    /// Whether new connections are closed at once, as if the server were down.
    pub fn refuse(&self, refusing: bool) {
        self.way.refusing.store(refusing, Ordering::SeqCst);
    }

    /// Bytes passed so far, in both directions.
    pub fn bytes_passed(&self) -> u64 {
        self.way.passed.load(Ordering::SeqCst)
    }

    /// How often clients have sent something after an answer, over all connections: at least as often as they waited for one.
    pub fn turns(&self) -> u64 {
        self.way.turns.load(Ordering::SeqCst)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.refuse(true);
        self.listener.take();
        self.cut();
    }
}

impl Way {
    fn forward(self: &Arc<Self>, client: TcpStream) -> io::Result<()> {
        if self.refusing.load(Ordering::SeqCst) {
            return Ok(());
        }
        let server = TcpStream::connect_timeout(&self.target, Duration::from_secs(5))?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let id = self.next.fetch_add(1, Ordering::SeqCst);
        lock(&self.open).insert(id, [client.try_clone()?, server.try_clone()?]);
        let answered = Arc::new(AtomicBool::new(false));
        self.carry(id, 0, [client.try_clone()?, server.try_clone()?], &answered)?;
        self.carry(id, 1, [server, client], &answered)
    }

    /// One direction of one connection: a thread that reads, and one that writes at the due time. `answered`, shared by both directions,
    /// says whether the server was the last to send.
    fn carry(
        self: &Arc<Self>,
        id: u64,
        direction: usize,
        [from, to]: [TcpStream; 2],
        answered: &Arc<AtomicBool>,
    ) -> io::Result<()> {
        let answered = answered.clone();
        let (sender, receiver) = sync_channel(UNDERWAY);
        let (reading, writing) = (self.clone(), self.clone());
        let spawn = |name: &str| std::thread::Builder::new().name(format!("link {id} {name}"));
        spawn("reads").spawn(move || reading.read(direction, from, &sender, &answered))?;
        spawn("writes").spawn(move || writing.write(id, to, &receiver))?;
        Ok(())
    }

    fn read(
        &self,
        direction: usize,
        mut from: TcpStream,
        sender: &SyncSender<(Instant, Vec<u8>)>,
        answered: &AtomicBool,
    ) {
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = match from.read(&mut chunk) {
                Ok(0) => return,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => return,
            };
            let was_answered = answered.swap(direction == 1, Ordering::SeqCst);
            self.turns.fetch_add(u64::from(direction == 0 && was_answered), Ordering::SeqCst);
            if sender.send((self.due(direction, read), chunk[..read].to_vec())).is_err() {
                return;
            }
        }
    }

    /// When bytes that leave now arrive. Waits while the queue is too long.
    fn due(&self, direction: usize, bytes: usize) -> Instant {
        let (Some(bits), Some(free_at)) = (self.options.bits_per_second, self.free_at.get(direction)) else {
            return Instant::now() + self.options.round_trip / 2;
        };
        loop {
            let now = Instant::now();
            let mut free_at = lock(free_at);
            let queued = free_at.saturating_duration_since(now);
            if queued <= LONGEST_QUEUE {
                let takes = Duration::from_secs_f64(bytes as f64 * 8.0 / bits.max(1) as f64);
                *free_at = now.max(*free_at) + takes;
                return *free_at + self.options.round_trip / 2;
            }
            drop(free_at);
            std::thread::sleep(queued.saturating_sub(LONGEST_QUEUE));
        }
    }

    fn write(&self, id: u64, mut to: TcpStream, receiver: &Receiver<(Instant, Vec<u8>)>) {
        for (due, bytes) in receiver {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let length = bytes.len() as i64;
            let left = match self.left.load(Ordering::SeqCst) {
                NEVER => NEVER,
                _ => self.left.fetch_sub(length, Ordering::SeqCst),
            };
            let allowed = left.clamp(0, length) as usize;
            self.passed.fetch_add(allowed as u64, Ordering::SeqCst);
            let written = to.write_all(&bytes[..allowed]);
            if allowed < bytes.len() {
                self.left.store(NEVER, Ordering::SeqCst);
                self.cut();
            }
            if written.is_err() || allowed < bytes.len() {
                break;
            }
        }
        // Either the other side has closed, and this side must learn of it, or this side accepts no more.
        if let Some([client, server]) = lock(&self.open).remove(&id) {
            let _ = to.shutdown(Shutdown::Both);
            let _ = client.shutdown(Shutdown::Both);
            let _ = server.shutdown(Shutdown::Both);
        }
    }

    fn cut(&self) {
        for [client, server] in std::mem::take(&mut *lock(&self.open)).into_values() {
            let _ = client.shutdown(Shutdown::Both);
            let _ = server.shutdown(Shutdown::Both);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that sends everything back.
    fn echo() -> Listener {
        Listener::start(0, |stream| {
            std::thread::spawn(move || {
                let mut back = stream.try_clone().unwrap();
                let _ = io::copy(&mut &stream, &mut back);
            });
        })
        .unwrap()
    }

    fn ask(link: &Link, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(("127.0.0.1", link.port()))?;
        stream.write_all(bytes)?;
        let mut answer = vec![0; bytes.len()];
        stream.read_exact(&mut answer)?;
        Ok(answer)
    }

    #[test]
    fn a_round_trip_takes_as_long_as_was_asked_for() {
        let server = echo();
        let options = LinkOptions { round_trip: Duration::from_millis(60), ..LinkOptions::default() };
        let link = Link::start(server.port(), options).unwrap();
        let started = Instant::now();
        assert_eq!(ask(&link, b"hello").unwrap(), b"hello");
        assert!(started.elapsed() >= Duration::from_millis(60));
        assert_eq!((link.bytes_passed(), link.turns()), (10, 0));
    }

    #[test]
    fn what_is_sent_after_an_answer_is_a_turn_and_what_is_sent_ahead_of_it_is_none() {
        let server = echo();
        let link = Link::start(server.port(), LinkOptions::default()).unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", link.port())).unwrap();
        for turns in 0..3 {
            stream.write_all(b"he").unwrap();
            stream.write_all(b"llo").unwrap();
            // These five bytes may come in one piece or more; the next are sent only after all of them.
            stream.read_exact(&mut [0; 5]).unwrap();
            assert!(link.turns() >= turns && link.turns() <= 2 * turns + 1, "{}", link.turns());
        }
    }

    #[test]
    fn the_link_is_no_faster_than_its_rate() {
        let server = echo();
        let options = LinkOptions { bits_per_second: Some(8_000_000), ..LinkOptions::default() };
        let link = Link::start(server.port(), options).unwrap();
        let started = Instant::now();
        ask(&link, &[7; 100_000]).unwrap();
        assert!(started.elapsed() >= Duration::from_millis(95));
    }

    #[test]
    fn the_link_is_cut_after_that_many_bytes_and_holds_again_afterwards() {
        let server = echo();
        let link = Link::start(server.port(), LinkOptions::default()).unwrap();
        link.cut_after(7);
        assert!(ask(&link, b"hello").is_err());
        assert_eq!(link.bytes_passed(), 7);
        assert!(ask(&link, b"hello").is_ok());
        link.refuse(true);
        assert!(ask(&link, b"hello").is_err());
    }
}
