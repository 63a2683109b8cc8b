//! A connection to a server, in clear text or encrypted, and the check of its certificate.

use super::watch::Activity;
use super::{Guard, Interrupter, Limits, NetworkError, RateLimit, Trust, certificate, direct};
use crate::domain::CertificateDetails;
use native_tls::{HandshakeError, TlsConnector, TlsStream};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A connection to a server.
pub struct Stream {
    transport: Transport,
    rate: Option<RateLimit>,
    activity: Activity,
    guards: Vec<Guard>,
}

enum Transport {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// A connection in clear text.
    pub fn plain(tcp: TcpStream) -> Self {
        Self { transport: Transport::Plain(tcp), rate: None, activity: Activity::default(), guards: Vec::new() }
    }

    fn encrypted(tls: TlsStream<TcpStream>) -> Self {
        Self { transport: Transport::Tls(Box::new(tls)), rate: None, activity: Activity::default(), guards: Vec::new() }
    }

    /// The same connection, no faster than the limit.
    pub fn limited(self, rate: Option<RateLimit>) -> Self {
        Self { rate, ..self }
    }

    /// The same connection; `handle` reports its waits.
    pub fn watched_by(self, handle: &Interrupter) -> Self {
        Self { activity: handle.activity.clone(), ..self }
    }

    /// Keeps these guards while the connection is open.
    pub fn hold(&mut self, guards: Vec<Guard>) {
        self.guards.extend(guards);
    }

    /// The TCP stream below a connection in clear text; none for an encrypted one.
    pub fn into_plain(self) -> Option<TcpStream> {
        match self.transport {
            Transport::Plain(tcp) => Some(tcp),
            Transport::Tls(_) => None,
        }
    }

    /// Encrypts a connection. After an error, nothing but a handshake has been sent.
    ///
    /// `again` makes a second connection, up to the point where TLS starts. It serves to read a certificate that could not be verified. If
    /// the user trusts that certificate at another port of the host, this second connection is used; otherwise it is closed at once.
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

    /// Sets the time limit for the next byte.
    pub fn wait_for_next_byte(&self, patience: Duration) -> io::Result<()> {
        self.tcp().set_read_timeout(Some(patience))
    }

    /// Sets new time limits.
    pub fn set_limits(&self, limits: &Limits) -> io::Result<()> {
        self.tcp().set_read_timeout(Some(limits.read))?;
        self.tcp().set_write_timeout(Some(limits.write))
    }

    /// Whether unread data has arrived, or the connection has ended. If it is encrypted, the data may be empty records.
    pub fn has_arrived(&self) -> io::Result<bool> {
        if self.has_decrypted() {
            return Ok(true);
        }
        self.tcp().set_nonblocking(true)?;
        let peeked = self.tcp().peek(&mut [0]);
        self.tcp().set_nonblocking(false)?;
        match peeked {
            // A signal to this program says nothing about the connection.
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(false),
            other => other.map(|_| true),
        }
    }

    /// Waits until data has arrived or the connection has ended; false if nothing came in time.
    pub fn arrives_within(&self, patience: Duration) -> io::Result<bool> {
        if self.has_decrypted() {
            return Ok(true);
        }
        let limit = self.tcp().read_timeout()?;
        self.tcp().set_read_timeout(Some(patience))?;
        self.activity.waits();
        let peeked = self.tcp().peek(&mut [0]);
        // Without an answer the wait continues.
        if peeked.is_ok() {
            self.activity.ends();
        }
        self.tcp().set_read_timeout(limit)?;
        match peeked {
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => self.arrives_within(patience),
            other => other.map(|_| true),
        }
    }

    /// A handle that cuts the connection from another thread.
    pub fn interrupter(&self) -> Interrupter {
        Interrupter::new(self.tcp(), self.activity.clone())
    }

    /// Whether decrypted data is still unread; the socket itself may be empty then.
    fn has_decrypted(&self) -> bool {
        match &self.transport {
            Transport::Plain(_) => false,
            Transport::Tls(tls) => tls.buffered_read_size().is_ok_and(|bytes| bytes > 0),
        }
    }

    fn tcp(&self) -> &TcpStream {
        match &self.transport {
            Transport::Plain(tcp) => tcp,
            Transport::Tls(tls) => tls.get_ref(),
        }
    }

    /// The part of `bytes` that may move in one go.
    fn portion(&self, bytes: usize) -> usize {
        self.rate.as_ref().map_or(bytes, |rate| rate.portion().min(bytes))
    }

    fn pay(&self, bytes: usize) {
        if let Some(rate) = &self.rate {
            rate.pay(bytes);
        }
    }
}

fn handshake(connector: &TlsConnector, host: &str, tcp: TcpStream) -> Result<TlsStream<TcpStream>, NetworkError> {
    // Certificates name an international host by its ASCII form (RFC 9525, section 2).
    connector.connect(&direct::ascii_name(host), tcp).map_err(|error| match error {
        // The time limit ran out during the handshake.
        HandshakeError::WouldBlock(_) => NetworkError::TimedOut,
        HandshakeError::Failure(error) => {
            log::debug!("handshake with {host}: {error}");
            NetworkError::TlsFailed(error.to_string())
        }
    })
}

fn shown(stream: &TlsStream<TcpStream>) -> Result<Vec<u8>, NetworkError> {
    let certificate = stream.peer_certificate().ok().flatten();
    let der = certificate.and_then(|certificate| certificate.to_der().ok());
    der.ok_or_else(|| NetworkError::TlsFailed("the server shows no certificate".to_owned()))
}

/// A second look after the usual check failed: a connection, if the user trusts the certificate at another port of the host. Otherwise the
/// error says whether the failure was about trust, and what the certificate says.
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
        // It fails without any verification as well, so it is not about trust.
        Err(_) => Err(NetworkError::TlsFailed(why.to_owned())),
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let portion = self.portion(buffer.len());
        let buffer = &mut buffer[..portion];
        self.activity.waits();
        let read = match &mut self.transport {
            Transport::Plain(tcp) => tcp.read(buffer),
            Transport::Tls(tls) => tls.read(buffer),
        };
        self.activity.ends();
        let bytes = read?;
        self.pay(bytes);
        Ok(bytes)
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let bytes = &bytes[..self.portion(bytes.len())];
        if !self.activity.may_send() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        self.activity.waits();
        let written = match &mut self.transport {
            Transport::Plain(tcp) => tcp.write(bytes),
            Transport::Tls(tls) => tls.write(bytes),
        };
        self.activity.ends();
        let written = written?;
        self.pay(written);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.transport {
            Transport::Plain(tcp) => tcp.flush(),
            Transport::Tls(tls) => tls.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use native_tls::{Identity, TlsAcceptor};
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use std::net::TcpListener;

    #[test]
    fn a_limited_connection_moves_small_portions_and_loses_nothing() {
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

    /// The end of a handshake with a server that shows a certificate for `name`, whose authority is trusted.
    #[cfg(target_os = "linux")]
    fn secured(name: &str, host: &str) -> Result<Stream, NetworkError> {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.distinguished_name.push(rcgen::DnType::CommonName, "Test authority");
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = parameters.signed_by(&key, &authority).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, authority.pem()).unwrap();
        let trust = Trust::with_authority_files(&[file.path().to_owned()], None).unwrap();
        let identity = Identity::from_pkcs8(certificate.pem().as_bytes(), key.serialize_pem().as_bytes()).unwrap();
        let acceptor = TlsAcceptor::new(identity).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || listener.incoming().flatten().for_each(|tcp| drop(acceptor.accept(tcp))));
        let mut connect = || Ok(TcpStream::connect(address).unwrap());
        Stream::secure(connect()?, host, &trust, &mut connect)
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_valid_certificate_of_an_international_name_is_trusted_and_one_of_another_name_is_not() {
        assert!(secured("xn--bcher-kva.example", "bücher.example").is_ok());
        let error = secured("xn--bcher-kva.example", "buecher.example").err().unwrap();
        assert!(error.to_string().contains("for xn--bcher-kva.example, not for buecher.example"), "{error}");
    }
}
