//! What a port speaks, probed after a connection to it failed: the most common mistake is SSL on a port without it, or the reverse.
//!
//! 1. A first connection waits a few seconds for a greeting: a port without SSL greets at once.
//! 2. A second connection tries a handshake, without any check of the certificate and with nothing sent after it.
//! 3. A port that answers to neither is silent.

use super::{Limits, Proxy, dial};
use native_tls::TlsConnector;
use std::io::Read;
use std::time::Duration;

/// What a port speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spoken {
    /// TLS from the start.
    Tls,
    /// Text: it greets without encryption.
    Text,
    /// Nothing, though it accepts connections.
    Nothing,
}

/// Each step waits at most this long.
const STEP: Duration = Duration::from_millis(2500);

/// Finds out what a port speaks; none if no connection can be made. Takes at most ten seconds.
pub fn spoken(host: &str, port: u16, proxy: Option<&Proxy>) -> Option<Spoken> {
    let limits = Limits { connect: STEP, read: STEP, write: STEP };
    let mut greeting = [0; 2];
    let mut tcp = dial(host, port, proxy, &limits).ok()?;
    if tcp.read_exact(&mut greeting).is_ok() {
        // A TLS server answers nothing before the client speaks, or an alert (RFC 8446, section 5.1).
        return Some(if greeting == [21, 3] { Spoken::Tls } else { Spoken::Text });
    }
    let connector =
        TlsConnector::builder().danger_accept_invalid_certs(true).danger_accept_invalid_hostnames(true).build().ok()?;
    let tcp = dial(host, port, proxy, &limits).ok()?;
    Some(if connector.connect("spoken.invalid", tcp).is_ok() { Spoken::Tls } else { Spoken::Nothing })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::TcpListener;

    #[test]
    fn a_port_that_greets_speaks_text_and_one_that_says_nothing_is_silent() {
        let greets = TcpListener::bind("127.0.0.1:0").unwrap();
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = |listener: &TcpListener| listener.local_addr().unwrap().port();
        let (text, nothing) = (port(&greets), port(&silent));
        std::thread::spawn(move || {
            greets.incoming().flatten().for_each(|mut tcp| drop(tcp.write_all(b"* OK ready\r\n")))
        });
        assert_eq!(spoken("127.0.0.1", text, None), Some(Spoken::Text));
        assert_eq!(spoken("127.0.0.1", nothing, None), Some(Spoken::Nothing));
        drop(silent);
        assert_eq!(spoken("127.0.0.1", nothing, None), None);
    }
}
