//! A line to a server, in clear or encrypted, and the check whether the server is the one to trust.

use super::{Limits, NetworkError, RateLimit, Trust, certificate};
use crate::domain::CertificateDetails;
use native_tls::{HandshakeError, TlsConnector, TlsStream};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;

/// A line to a server.
pub struct Stream {
    line: Line,
    rate: Option<RateLimit>,
}

enum Line {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// A line in clear.
    pub fn plain(tcp: TcpStream) -> Self {
        Self { line: Line::Plain(tcp), rate: None }
    }

    fn encrypted(tls: TlsStream<TcpStream>) -> Self {
        Self { line: Line::Tls(Box::new(tls)), rate: None }
    }

    /// The same line, no faster than the limit.
    pub fn limited(self, rate: Option<RateLimit>) -> Self {
        Self { rate, ..self }
    }

    /// What is below a line in clear; none for an encrypted one.
    pub fn into_plain(self) -> Option<TcpStream> {
        match self.line {
            Line::Plain(tcp) => Some(tcp),
            Line::Tls(_) => None,
        }
    }

    /// Encrypts a line. When this returns an error, nothing but a handshake has been sent.
    ///
    /// `again` brings a second connection to the point where TLS starts. It is used to read the certificate that could not be verified;
    /// if that is one of the host's that the user trusts, this connection is the line, else it is closed at once.
    pub fn secure(
        tcp: TcpStream,
        host: &str,
        trust: &Trust,
        again: &mut dyn FnMut() -> Result<TcpStream, NetworkError>,
    ) -> Result<Self, NetworkError> {
        if let Some(expected) = trust.only() {
            let stream = handshake(trust.connector(false)?, host, tcp)?;
            let der = shown(&stream)?;
            if certificate::fingerprint(&der) != expected {
                let details = Box::new(certificate::details(&der, host, ""));
                return Err(NetworkError::Changed { expected, details });
            }
            return Ok(Self::encrypted(stream));
        }
        match handshake(trust.connector(true)?, host, tcp) {
            Ok(stream) => Ok(Self::encrypted(stream)),
            Err(NetworkError::TlsFailed(why)) => of_host(trust, host, &why, again),
            Err(error) => Err(error),
        }
    }

    /// Sets the time limits anew.
    pub fn set_limits(&self, limits: &Limits) -> io::Result<()> {
        self.tcp().set_read_timeout(Some(limits.read))?;
        self.tcp().set_write_timeout(Some(limits.write))
    }

    /// Whether something has arrived that was not read, or the line has ended. On an encrypted line it may be nothing that counts.
    pub fn has_arrived(&self) -> io::Result<bool> {
        if self.has_decrypted() {
            return Ok(true);
        }
        self.tcp().set_nonblocking(true)?;
        let peeked = self.tcp().peek(&mut [0]);
        self.tcp().set_nonblocking(false)?;
        match peeked {
            // A signal to this program says nothing about the line.
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(false),
            other => other.map(|_| true),
        }
    }

    /// Waits until something has arrived, or the line has ended; false when nothing came for so long.
    pub fn arrives_within(&self, patience: Duration) -> io::Result<bool> {
        if self.has_decrypted() {
            return Ok(true);
        }
        let limit = self.tcp().read_timeout()?;
        self.tcp().set_read_timeout(Some(patience))?;
        let peeked = self.tcp().peek(&mut [0]);
        self.tcp().set_read_timeout(limit)?;
        match peeked {
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => self.arrives_within(patience),
            other => other.map(|_| true),
        }
    }

    /// Something that cuts the line from another thread.
    pub fn interrupter(&self) -> Interrupter {
        Interrupter(self.tcp().try_clone().ok().map(Arc::new))
    }

    /// Whether something was decrypted that was not read: the line itself may be empty then.
    fn has_decrypted(&self) -> bool {
        match &self.line {
            Line::Plain(_) => false,
            Line::Tls(tls) => tls.buffered_read_size().is_ok_and(|octets| octets > 0),
        }
    }

    fn tcp(&self) -> &TcpStream {
        match &self.line {
            Line::Plain(tcp) => tcp,
            Line::Tls(tls) => tls.get_ref(),
        }
    }

    /// So much of so many octets may be moved in one go.
    fn portion(&self, octets: usize) -> usize {
        self.rate.as_ref().map_or(octets, |rate| rate.portion().min(octets))
    }

    fn pay(&self, octets: usize) {
        if let Some(rate) = &self.rate {
            rate.pay(octets);
        }
    }
}

fn handshake(connector: &TlsConnector, host: &str, tcp: TcpStream) -> Result<TlsStream<TcpStream>, NetworkError> {
    connector.connect(host, tcp).map_err(|error| match error {
        // A time limit that runs out in the handshake.
        HandshakeError::WouldBlock(_) => NetworkError::TimedOut,
        HandshakeError::Failure(error) => NetworkError::TlsFailed(error.to_string()),
    })
}

fn shown(stream: &TlsStream<TcpStream>) -> Result<Vec<u8>, NetworkError> {
    let certificate = stream.peer_certificate().ok().flatten();
    let der = certificate.and_then(|certificate| certificate.to_der().ok());
    der.ok_or_else(|| NetworkError::TlsFailed("the server shows no certificate".to_owned()))
}

/// The line that failed the usual check, if the user trusts what it shows at another port of the host; else whether the failure was
/// about trust, and what the certificate says.
fn of_host(
    trust: &Trust,
    host: &str,
    why: &str,
    again: &mut dyn FnMut() -> Result<TcpStream, NetworkError>,
) -> Result<Stream, NetworkError> {
    let mut look = || -> Result<(TlsStream<TcpStream>, CertificateDetails), NetworkError> {
        let stream = handshake(trust.connector(false)?, host, again()?)?;
        let der = shown(&stream)?;
        Ok((stream, certificate::details(&der, host, why)))
    };
    match look() {
        Ok((stream, details)) if trust.of_host.contains(&details.fingerprint) => {
            trust.adopt(details.fingerprint);
            Ok(Stream::encrypted(stream))
        }
        Ok((_, details)) => Err(NetworkError::Untrusted { details: Box::new(details) }),
        // Without any verification it fails as well: it is not a matter of trust.
        Err(_) => Err(NetworkError::TlsFailed(why.to_owned())),
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let portion = self.portion(buffer.len());
        let buffer = &mut buffer[..portion];
        let octets = match &mut self.line {
            Line::Plain(tcp) => tcp.read(buffer),
            Line::Tls(tls) => tls.read(buffer),
        }?;
        self.pay(octets);
        Ok(octets)
    }
}

impl Write for Stream {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let octets = &octets[..self.portion(octets.len())];
        let written = match &mut self.line {
            Line::Plain(tcp) => tcp.write(octets),
            Line::Tls(tls) => tls.write(octets),
        }?;
        self.pay(written);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.line {
            Line::Plain(tcp) => tcp.flush(),
            Line::Tls(tls) => tls.flush(),
        }
    }
}

/// Cuts a line from another thread: whoever reads or writes there gets an error at once.
#[derive(Debug, Clone)]
pub struct Interrupter(Option<Arc<TcpStream>>);

impl Interrupter {
    /// Cuts the line. Cutting it twice is harmless.
    pub fn interrupt(&self) {
        if let Some(tcp) = &self.0 {
            let _ = tcp.shutdown(Shutdown::Both);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn a_limited_line_moves_small_portions_and_loses_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut near = Stream::plain(near).limited(Some(RateLimit::new(100_000)));
        let mut far = listener.accept().unwrap().0;
        let begun = std::time::Instant::now();
        let sent: Vec<u8> = (0..25_000).map(|number: u32| number as u8).collect();
        assert_eq!(near.write(&sent).unwrap(), 10_000);
        near.write_all(&sent[10_000..]).unwrap();
        // A quarter of a second, less what may go at once; a slow computer only makes it longer.
        assert!(begun.elapsed() >= Duration::from_millis(100));
        let mut received = vec![0; sent.len()];
        far.read_exact(&mut received).unwrap();
        assert_eq!(received, sent);
        far.write_all(&sent).unwrap();
        assert!(near.read(&mut received).unwrap() <= 10_000);
    }
}
