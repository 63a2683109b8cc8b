//! The certificate the embedded servers show: signed by itself, for loopback only, made once in a process and kept nowhere.
//!
//! Its key is no secret: it is the same in every copy of the program, guards nothing but sample mail on this computer, and only the
//! certificate's fingerprint, new in every process, is trusted, and only by the rehearsal.

use crate::domain::Fingerprint;
use chrono::Datelike;
use native_tls::{Identity, Protocol, TlsAcceptor};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_RSA_SHA256, SerialNumber};
use sha2::{Digest, Sha256};
use std::io;
use std::sync::{Arc, OnceLock};

/// An RSA key in PKCS #8. Windows (schannel, through native-tls 0.2) takes no other kind as PEM, and ring makes no RSA keys.
const KEY: &str = include_str!("key.pem");

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
        // With one key for all, only the serial number tells certificates apart.
        params.serial_number = Some(SerialNumber::from(fastrand::u64(1..u64::MAX)));
        let year = chrono::Utc::now().year();
        params.not_before = rcgen::date_time_ymd(year - 1, 1, 1);
        params.not_after = rcgen::date_time_ymd(year + 2, 1, 1);
        let key = KeyPair::from_pkcs8_pem_and_sign_algo(KEY, &PKCS_RSA_SHA256).map_err(io::Error::other)?;
        let certificate = params.self_signed(&key).map_err(io::Error::other)?;
        let pem = certificate.pem();
        let identity = Identity::from_pkcs8(pem.as_bytes(), KEY.as_bytes()).map_err(io::Error::other)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_certificates_have_two_fingerprints_though_they_share_a_key() {
        let one = ServerCertificate::generate().unwrap();
        let other = ServerCertificate::generate().unwrap();
        assert_ne!(one.fingerprint(), other.fingerprint());
    }
}
