//! The embedded servers' certificate: self-signed, for loopback only, created once per process and never stored.
//!
//! The servers use rustls and not the system's TLS, as clients do: Windows and macOS would put the key into the user's own key store and
//! leave it there, and Windows refuses this kind of key.

use crate::domain::Fingerprint;
use chrono::Datelike;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use sha2::{Digest, Sha256};
use std::io;
use std::net::TcpStream;
use std::sync::{Arc, OnceLock};

/// An encrypted connection, on the server's side.
pub(super) type TlsStream = StreamOwned<ServerConnection, TcpStream>;

/// A certificate for `localhost`, `127.0.0.1` and `::1`, with its key.
pub struct ServerCertificate {
    pem: String,
    fingerprint: Fingerprint,
    settings: Arc<ServerConfig>,
}

impl ServerCertificate {
    /// The certificate of this process, created at the first call.
    pub fn shared() -> io::Result<Arc<Self>> {
        static SHARED: OnceLock<Result<Arc<ServerCertificate>, String>> = OnceLock::new();
        let made = SHARED.get_or_init(|| Self::generate().map(Arc::new).map_err(|error| error.to_string()));
        made.clone().map_err(io::Error::other)
    }

    /// A new certificate, for a test in which a server changes its certificate.
    pub fn generate() -> io::Result<Self> {
        let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
        let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
        let mut subject = DistinguishedName::new();
        subject.push(DnType::CommonName, "KIMT rehearsal server");
        params.distinguished_name = subject;
        let year = chrono::Utc::now().year();
        params.not_before = rcgen::date_time_ymd(year - 1, 1, 1);
        params.not_after = rcgen::date_time_ymd(year + 2, 1, 1);
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let certificate = params.self_signed(&key).map_err(io::Error::other)?;
        let settings = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
            .map_err(io::Error::other)?;
        let fingerprint = Fingerprint(Sha256::digest(certificate.der()).into());
        Ok(Self { pem: certificate.pem(), fingerprint, settings: Arc::new(settings) })
    }

    /// The SHA-256 of its DER form, for pinning.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Its PEM form without the key, for trusting it as an authority.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Encrypts a connection; returns after the handshake.
    pub(super) fn accept(&self, tcp: TcpStream) -> io::Result<TlsStream> {
        let connection = ServerConnection::new(self.settings.clone()).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(connection, tcp);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(stream)
    }
}
