//! A line to a server, in clear or encrypted, and the decision whom to trust.

use super::{Limits, NetworkError, certificate};
use crate::domain::{CertificateDetails, Fingerprint};
use native_tls::{Certificate, HandshakeError, Protocol, TlsConnector, TlsStream};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;

/// Whom to trust.
#[derive(Clone, Default)]
pub struct Trust {
    /// Exactly this certificate, whatever the usual check says.
    pub pinned: Option<Fingerprint>,
    authorities: Arc<Vec<Certificate>>,
}

impl Trust {
    /// The system's authorities, those in the PEM files, and a pinned certificate.
    pub fn with_authority_files(files: &[PathBuf], pinned: Option<Fingerprint>) -> Result<Self, NetworkError> {
        let mut authorities = Vec::new();
        for path in files {
            let failed = |why: String| NetworkError::AuthorityFile { path: path.display().to_string(), why };
            let text = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
            let found = Certificate::stack_from_pem(&text).map_err(|error| failed(error.to_string()))?;
            if found.is_empty() {
                return Err(failed("it holds no certificate in PEM form".to_owned()));
            }
            authorities.extend(found);
        }
        Ok(Self { pinned, authorities: Arc::new(authorities) })
    }

    fn connector(&self, verify: bool) -> Result<TlsConnector, NetworkError> {
        let mut builder = TlsConnector::builder();
        builder.min_protocol_version(Some(Protocol::Tlsv12));
        for authority in self.authorities.iter() {
            builder.add_root_certificate(authority.clone());
        }
        if !verify {
            builder.danger_accept_invalid_certs(true).danger_accept_invalid_hostnames(true);
        }
        builder.build().map_err(|error| NetworkError::TlsFailed(error.to_string()))
    }
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Trust(pinned: {:?}, {} authorities)", self.pinned, self.authorities.len())
    }
}

/// A line to a server.
pub enum Stream {
    /// In clear.
    Plain(TcpStream),
    /// Encrypted.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// A line in clear.
    pub fn plain(tcp: TcpStream) -> Self {
        Stream::Plain(tcp)
    }

    /// Encrypts a line. When this returns an error, nothing but a handshake has been sent.
    ///
    /// `again` brings a second connection to the point where TLS starts; it is used only to read the certificate that could not be
    /// verified, and closed at once.
    pub fn secure(
        tcp: TcpStream,
        host: &str,
        trust: &Trust,
        again: &mut dyn FnMut() -> Result<TcpStream, NetworkError>,
    ) -> Result<Self, NetworkError> {
        if let Some(expected) = trust.pinned {
            let stream = handshake(&trust.connector(false)?, host, tcp)?;
            let der = shown(&stream)?;
            if certificate::fingerprint(&der) != expected {
                let details = Box::new(certificate::details(&der, host, ""));
                return Err(NetworkError::Changed { expected, details });
            }
            return Ok(Stream::Tls(Box::new(stream)));
        }
        match handshake(&trust.connector(true)?, host, tcp) {
            Ok(stream) => Ok(Stream::Tls(Box::new(stream))),
            Err(NetworkError::TlsFailed(why)) => Err(explain(trust, host, &why, again)),
            Err(error) => Err(error),
        }
    }

    /// Sets the time limits anew.
    pub fn set_limits(&self, limits: &Limits) -> io::Result<()> {
        self.tcp().set_read_timeout(Some(limits.read))?;
        self.tcp().set_write_timeout(Some(limits.write))
    }

    /// Something that cuts the line from another thread.
    pub fn interrupter(&self) -> Interrupter {
        Interrupter(self.tcp().try_clone().ok().map(Arc::new))
    }

    fn tcp(&self) -> &TcpStream {
        match self {
            Stream::Plain(tcp) => tcp,
            Stream::Tls(tls) => tls.get_ref(),
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

/// Finds out whether a failed handshake was about trust, and if so what the certificate says.
fn explain(
    trust: &Trust,
    host: &str,
    why: &str,
    again: &mut dyn FnMut() -> Result<TcpStream, NetworkError>,
) -> NetworkError {
    let mut read = || -> Result<CertificateDetails, NetworkError> {
        let stream = handshake(&trust.connector(false)?, host, again()?)?;
        let der = shown(&stream)?;
        Ok(certificate::details(&der, host, why))
    };
    match read() {
        Ok(details) => NetworkError::Untrusted { details: Box::new(details) },
        // Without any verification it fails as well: it is not a matter of trust.
        Err(_) => NetworkError::TlsFailed(why.to_owned()),
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(tcp) => tcp.read(buffer),
            Stream::Tls(tls) => tls.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(tcp) => tcp.write(octets),
            Stream::Tls(tls) => tls.write(octets),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(tcp) => tcp.flush(),
            Stream::Tls(tls) => tls.flush(),
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
