//! A TCP connection without a proxy: to whichever address of the host answers first (RFC 8305).
//!
//! - The system's name lookup cannot be cancelled: it runs on a thread of its own, which may outlive the limit.
//! - A connection that arrives after another has won is closed.

use super::NetworkError;
use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc::{self, Sender};
use std::time::{Duration, Instant};

/// An address is tried alone for this long before the next one is tried beside it (RFC 8305, section 8).
const HEAD_START: Duration = Duration::from_millis(250);

/// Connects to the first address of the host that answers before `end`.
pub(super) fn connect(host: &str, port: u16, end: Instant) -> Result<Connected, NetworkError> {
    race(resolve(host, port, end)?, end)
}

/// A host as protocols and certificates write it: an international name in its ASCII form (RFC 5890), anything else unchanged.
pub(super) fn ascii_name(host: &str) -> String {
    if host.contains(':') {
        return host.to_owned();
    }
    idna::domain_to_ascii(host).unwrap_or_else(|_| host.to_owned())
}

/// The addresses of a host. The lookup runs on a thread of its own, which may be left behind.
fn resolve(host: &str, port: u16, end: Instant) -> Result<VecDeque<SocketAddr>, NetworkError> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(VecDeque::from([SocketAddr::new(address, port)]));
    }
    let not_found = |why: String| NetworkError::NameNotFound { host: host.to_owned(), why };
    let question = (ascii_name(host), port);
    let (found, awaited) = mpsc::channel();
    std::thread::Builder::new().name("name lookup".to_owned()).spawn(move || {
        let _ = found.send(question.to_socket_addrs().map(Vec::from_iter));
    })?;
    match awaited.recv_timeout(left(end)) {
        Ok(Ok(addresses)) if addresses.is_empty() => Err(not_found("it has no address".to_owned())),
        Ok(Ok(addresses)) => Ok(interleaved(addresses)),
        Ok(Err(error)) => {
            log::debug!("looking up {host}: {error}");
            Err(not_found(error.to_string()))
        }
        Err(_) => Err(not_found("the name server did not answer in time".to_owned())),
    }
}

/// Alternates between the address families, beginning with the one the system prefers (RFC 8305, section 4).
fn interleaved(addresses: Vec<SocketAddr>) -> VecDeque<SocketAddr> {
    let preferred = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|address| address.is_ipv6() == preferred);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut ordered = VecDeque::new();
    loop {
        let before = ordered.len();
        ordered.extend(first.next());
        ordered.extend(second.next());
        if ordered.len() == before {
            return ordered;
        }
    }
}

/// A connection, and how long the other computer took to answer.
pub(super) struct Connected {
    pub(super) tcp: TcpStream,
    pub(super) took: Duration,
}

/// Tries one address after the other, each beside those that have not failed yet. The first connection wins.
fn race(mut waiting: VecDeque<SocketAddr>, end: Instant) -> Result<Connected, NetworkError> {
    if let (Some(only), 1) = (waiting.front(), waiting.len()) {
        return attempt(only, end).map_err(NetworkError::not_connected);
    }
    let (arrived, arrivals) = mpsc::channel();
    let mut under_way = 0;
    let mut failure = NetworkError::TimedOut;
    loop {
        if let Some(address) = waiting.pop_front() {
            begin(address, end, arrived.clone())?;
            under_way += 1;
        } else if under_way == 0 {
            return Err(failure);
        }
        let patience = if waiting.is_empty() { left(end) } else { left(end).min(HEAD_START) };
        match arrivals.recv_timeout(patience) {
            Ok(Ok(connected)) => return Ok(connected),
            Ok(Err(error)) => {
                under_way -= 1;
                failure = NetworkError::not_connected(error);
            }
            Err(_) if left(end).is_zero() => return Err(NetworkError::TimedOut),
            Err(_) => {}
        }
    }
}

/// Tries an address on a thread of its own.
fn begin(address: SocketAddr, end: Instant, arrived: Sender<io::Result<Connected>>) -> io::Result<()> {
    std::thread::Builder::new().name("connecting".to_owned()).spawn(move || {
        let _ = arrived.send(attempt(&address, end));
    })?;
    Ok(())
}

fn attempt(address: &SocketAddr, end: Instant) -> io::Result<Connected> {
    let begun = Instant::now();
    let tcp = TcpStream::connect_timeout(address, left(end).max(Duration::from_millis(1)))?;
    Ok(Connected { tcp, took: begun.elapsed() })
}

/// The time until `end`; zero once it has passed.
pub(super) fn left(end: Instant) -> Duration {
    end.saturating_duration_since(Instant::now())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn within(seconds: u64) -> Instant {
        Instant::now() + Duration::from_secs(seconds)
    }

    fn listening() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    /// An address that refuses at once.
    fn refusing() -> SocketAddr {
        let (listener, address) = listening();
        drop(listener);
        address
    }

    /// An address that never answers: its queue of connections is full. None if the system answers anyway.
    fn silent() -> Option<(TcpListener, Vec<TcpStream>, SocketAddr)> {
        let (listener, address) = listening();
        let mut queued = Vec::new();
        while queued.len() < 5000 {
            match TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
                Ok(tcp) => queued.push(tcp),
                Err(error) if error.kind() == io::ErrorKind::TimedOut => return Some((listener, queued, address)),
                Err(_) => return None,
            }
        }
        None
    }

    #[test]
    fn both_families_are_tried_by_turns() {
        let addresses = ["[::1]:1", "[::2]:1", "[::3]:1", "10.0.0.1:1", "10.0.0.2:1"];
        let parsed = addresses.map(|text| text.parse().unwrap()).to_vec();
        let ordered: Vec<String> = interleaved(parsed).iter().map(ToString::to_string).collect();
        assert_eq!(ordered, ["[::1]:1", "10.0.0.1:1", "[::2]:1", "10.0.0.2:1", "[::3]:1"]);
    }

    #[test]
    fn an_address_that_refuses_is_passed_over_at_once() {
        let (_listener, good) = listening();
        let tcp = race(VecDeque::from([refusing(), refusing(), good]), within(20)).unwrap().tcp;
        assert_eq!(tcp.peer_addr().unwrap(), good);
    }

    /// The system itself forbids a connection to the broadcast address, as it does without a route.
    #[test]
    fn an_address_to_which_no_way_leads_cannot_be_reached_and_is_no_lost_connection() {
        let error = connect("255.255.255.255", 143, within(20)).err().unwrap();
        assert_eq!(error.kind(), crate::domain::ProblemKind::Unreachable, "{error}");
        let both = VecDeque::from(["255.255.255.255:143".parse().unwrap(), refusing()]);
        let error = race(both, within(20)).err().unwrap();
        assert_eq!(error.kind(), crate::domain::ProblemKind::Unreachable, "{error}");
    }

    #[test]
    fn an_address_that_is_silent_does_not_hold_up_the_next() {
        let Some((_listener, _queued, silent)) = silent() else { return };
        let (_other, good) = listening();
        // The limit is far away: only a second attempt beside the first can be over before it.
        let started = Instant::now();
        let tcp = race(VecDeque::from([silent, good]), within(60)).unwrap().tcp;
        assert_eq!(tcp.peer_addr().unwrap(), good);
        assert!(started.elapsed() < Duration::from_secs(30));
        let error =
            race(VecDeque::from([silent, refusing()]), Instant::now() + Duration::from_millis(600)).err().unwrap();
        assert!(matches!(error, NetworkError::TimedOut), "{error:?}");
    }

    #[test]
    fn when_all_addresses_refuse_that_is_said() {
        let error = race(VecDeque::from([refusing(), refusing()]), within(20)).err().unwrap();
        assert!(matches!(error, NetworkError::Refused), "{error:?}");
    }

    #[test]
    fn a_name_that_is_none_is_said_to_be_not_found() {
        let error = resolve("no-such-host.invalid", 993, within(20)).err().unwrap();
        assert!(matches!(error, NetworkError::NameNotFound { .. }), "{error:?}");
    }
}
