//! The certificate the embedded servers show: signed by itself, for loopback only, made once in a process and kept nowhere.

use crate::domain::Fingerprint;
use chrono::Datelike;
use native_tls::{Identity, Protocol, TlsAcceptor};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use sha2::{Digest, Sha256};
use std::io;
use std::sync::{Arc, OnceLock};

/// A certificate for `localhost`, `127.0.0.1` and `::1`, with its key.
pub struct ServerCertificate {
    pem: String,
    fingerprint: Fingerprint,
    acceptor: TlsAcceptor,
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
        let pem = certificate.pem();
        let identity =
            Identity::from_pkcs8(pem.as_bytes(), key.serialize_pem().as_bytes()).map_err(io::Error::other)?;
        let acceptor = TlsAcceptor::builder(identity)
            .min_protocol_version(Some(Protocol::Tlsv12))
            .build()
            .map_err(io::Error::other)?;
        Ok(Self { pem, fingerprint: Fingerprint(Sha256::digest(certificate.der()).into()), acceptor })
    }

    /// SHA-256 of its DER form, to pin it.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Its PEM form, without the key, to trust it as an authority.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// What encrypts a connection with it.
    pub(super) fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }
}
