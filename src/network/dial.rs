//! A TCP connection to a host by name, over whichever of its addresses answers.

use super::{Limits, NetworkError};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

/// Connects within the limit, trying every address in turn; without Nagle's delay, which makes small commands crawl.
pub fn dial(host: &str, port: u16, limits: &Limits) -> Result<TcpStream, NetworkError> {
    let addresses = resolve(host, port)?;
    let end = Instant::now() + limits.connect;
    let mut last = None;
    for (tried, address) in addresses.iter().enumerate() {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        // A dead first address must leave time for the others.
        let share = left / u32::try_from(addresses.len() - tried).unwrap_or(1).max(1);
        match TcpStream::connect_timeout(address, share.max(Duration::from_millis(100))) {
            Ok(stream) => {
                let prepare = || {
                    stream.set_nodelay(true)?;
                    stream.set_read_timeout(Some(limits.read))?;
                    stream.set_write_timeout(Some(limits.write))
                };
                prepare().map_err(NetworkError::from)?;
                return Ok(stream);
            }
            Err(error) => last = Some(error),
        }
    }
    Err(last.map_or(NetworkError::TimedOut, NetworkError::from))
}

fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, NetworkError> {
    // International names are looked up in their ASCII form.
    let name = idna::domain_to_ascii(host).unwrap_or_else(|_| host.to_owned());
    let name = if host.contains(':') { host.to_owned() } else { name };
    let addresses: Vec<SocketAddr> = (name.as_str(), port)
        .to_socket_addrs()
        .map_err(|error| NetworkError::NameNotFound { host: host.to_owned(), why: error.to_string() })?
        .collect();
    if addresses.is_empty() {
        return Err(NetworkError::NameNotFound { host: host.to_owned(), why: "it has no address".to_owned() });
    }
    Ok(addresses)
}
