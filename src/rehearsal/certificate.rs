//! The certificate the embedded servers show: signed by itself, for loopback only, made once in a process and kept nowhere.
//!
//! The servers' side of TLS is rustls, not the system's as for the clients: Windows and macOS would put the key into the user's own key
//! store and leave it there, and Windows refuses its kind.

use crate::domain::Fingerprint;
use chrono::Datelike;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use sha2::{Digest, Sha256};
use std::io;
use std::net::TcpStream;
use std::sync::{Arc, OnceLock};

/// An encrypted connection, seen from the server.
pub(super) type TlsStream = StreamOwned<ServerConnection, TcpStream>;

/// A certificate for `localhost`, `127.0.0.1` and `::1`, with its key.
pub struct ServerCertificate {
    pem: String,
    fingerprint: Fingerprint,
    settings: Arc<ServerConfig>,
}

impl ServerCertificate {
    /// The certificate of this process, made at the first call.
    pub fn shared() -> io::Result<Arc<Self>> {
        static SHARED: OnceLock<Result<Arc<ServerCertificate>, String>> = OnceLock::new();
        let made = SHARED.get_or_init(|| Self::generate().map(Arc::new).map_err(|error| error.to_string()));
        made.clone().map_err(io::Error::other)
    }

    /// A new certificate, for a test in which a server shows another one than before.
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

    /// SHA-256 of its DER form, to pin it.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Its PEM form, without the key, to trust it as an authority.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Encrypts a connection with it, once both sides have agreed.
    pub(super) fn accept(&self, tcp: TcpStream) -> io::Result<TlsStream> {
        let connection = ServerConnection::new(self.settings.clone()).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(connection, tcp);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(stream)
    }
}
