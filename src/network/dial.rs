//! A TCP connection to a host by name, directly or through a proxy.
//!
//! Promises to end within the limit, whatever a name server, an address or a proxy does.

use super::direct::{self, Connected};
use super::{Limits, NetworkError, Proxy};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Connects within the limit, with Nagle's algorithm off: it delays small commands. Never uses the proxy for this computer.
pub fn dial(host: &str, port: u16, proxy: Option<&Proxy>, limits: &Limits) -> Result<TcpStream, NetworkError> {
    dial_measuring(host, port, proxy, limits).map(|(tcp, _)| tcp)
}

/// The same, and how long the server's computer took to answer. None if something else answers in its place and says nothing about the
/// distance beyond: a proxy, or a program on this computer, which may be the near end of a tunnel.
pub fn dial_measuring(
    host: &str,
    port: u16,
    proxy: Option<&Proxy>,
    limits: &Limits,
) -> Result<(TcpStream, Option<Duration>), NetworkError> {
    let end = Instant::now() + limits.connect;
    let (tcp, round_trip) = match proxy.filter(|proxy| proxy.serves(host)) {
        Some(proxy) => (proxy.tunnel(host, port, end)?, None),
        None => {
            let Connected { tcp, took } = direct::connect(host, port, end)?;
            let is_here = tcp.peer_addr()?.ip().to_canonical().is_loopback();
            (tcp, Some(took).filter(|_| !is_here))
        }
    };
    tcp.set_nodelay(true)?;
    tcp.set_read_timeout(Some(limits.read))?;
    tcp.set_write_timeout(Some(limits.write))?;
    Ok((tcp, round_trip))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn a_host_may_be_an_address_of_either_family() {
        let limits = Limits::default();
        for address in ["127.0.0.1", "::1"] {
            let Ok(listener) = TcpListener::bind((address, 0)) else { continue };
            let tcp = dial(address, listener.local_addr().unwrap().port(), None, &limits).unwrap();
            assert_eq!(tcp.peer_addr().unwrap(), listener.local_addr().unwrap());
        }
    }
}
