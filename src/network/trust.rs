//! The certificates to trust, and our own: certificate authorities, a pinned certificate, a client certificate.
//!
//! Reading the system's authorities takes tens of milliseconds, so all connections that share a [`Trust`] read them once.

use super::NetworkError;
use crate::domain::{CertificateFileFault, Fingerprint, Secret};
use native_tls::{Certificate, Identity, Protocol, TlsConnector};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// The certificates to trust. Clones share what was read.
#[derive(Clone, Default)]
pub struct Trust {
    /// Exactly this certificate, whatever the usual check says.
    pub pinned: Option<Fingerprint>,
    /// If nothing is pinned and the usual check fails: any of these, which the user trusts at other ports of the same host.
    pub of_host: BTreeSet<Fingerprint>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    authorities: Vec<Certificate>,
    own: Option<Identity>,
    /// The certificate of `of_host` that was shown.
    adopted: OnceLock<Fingerprint>,
    verifying: OnceLock<TlsConnector>,
    accepting: OnceLock<TlsConnector>,
}

/// A client certificate with its key (PKCS #12, usually `.p12` or `.pfx`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientCertificate {
    /// The file.
    pub file: PathBuf,
    /// The password of the file.
    pub password: Secret,
}

impl Trust {
    /// The system's authorities, those in the PEM files, and a pinned certificate.
    pub fn with_authority_files(files: &[PathBuf], pinned: Option<Fingerprint>) -> Result<Self, NetworkError> {
        let mut authorities = Vec::new();
        for path in files {
            let found = Certificate::stack_from_pem(&read(path)?).map_err(|error| unusable(path, unreadable(error)))?;
            if found.is_empty() {
                return Err(unusable(path, CertificateFileFault::NoPem));
            }
            authorities.extend(found);
        }
        let shared = Arc::new(Shared { authorities, ..Shared::default() });
        Ok(Self { pinned, of_host: BTreeSet::new(), shared })
    }

    /// The same, with a client certificate for servers that ask for one.
    pub fn with_client_certificate(self, certificate: &ClientCertificate) -> Result<Self, NetworkError> {
        let path = &certificate.file;
        let content = read(path)?;
        let own = Identity::from_pkcs12(&content, certificate.password.reveal())
            .map_err(|error| unusable(path, cannot_open(&content, &error)))?;
        let authorities = self.shared.authorities.clone();
        Ok(Self { shared: Arc::new(Shared { authorities, own: Some(own), ..Shared::default() }), ..self })
    }

    /// The only certificate that is accepted: pinned, or adopted.
    pub fn only(&self) -> Option<Fingerprint> {
        self.pinned.or_else(|| self.adopted())
    }

    /// The certificate of `of_host` that this server showed, if it did.
    pub fn adopted(&self) -> Option<Fingerprint> {
        self.shared.adopted.get().copied()
    }

    /// From now on accepts only this certificate of `of_host`.
    pub(super) fn adopt(&self, fingerprint: Fingerprint) {
        // If two connections come here at once, both certificates have been checked.
        let _ = self.shared.adopted.set(fingerprint);
    }

    /// The maker of TLS connections: with the usual check, or without any for a certificate that is pinned or to be shown.
    pub(super) fn connector(&self, verify: bool) -> Result<&TlsConnector, NetworkError> {
        let kept = if verify { &self.shared.verifying } else { &self.shared.accepting };
        if let Some(connector) = kept.get() {
            return Ok(connector);
        }
        // Two connections that come here at once build two connectors, and one of them is kept.
        let built = self.shared.build(verify).map_err(|error| NetworkError::TlsFailed(error.to_string()))?;
        Ok(kept.get_or_init(|| built))
    }
}

/// A maker of TLS connections with the usual check, for a protocol whose crate connects by itself.
pub fn verifying_connector() -> Result<TlsConnector, NetworkError> {
    Shared::default().build(true).map_err(|error| NetworkError::TlsFailed(error.to_string()))
}

impl Shared {
    fn build(&self, verify: bool) -> native_tls::Result<TlsConnector> {
        let mut builder = TlsConnector::builder();
        builder.min_protocol_version(Some(Protocol::Tlsv12));
        for authority in &self.authorities {
            builder.add_root_certificate(authority.clone());
        }
        if let Some(own) = &self.own {
            builder.identity(own.clone());
        }
        if !verify {
            builder.danger_accept_invalid_certs(true).danger_accept_invalid_hostnames(true);
        }
        builder.build()
    }
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Shared { authorities, own, .. } = &*self.shared;
        let own = if own.is_some() { ", a client certificate" } else { "" };
        write!(formatter, "Trust(pinned: {:?}, {} authorities{own})", self.pinned, authorities.len())
    }
}

/// Why a file cannot be opened as PKCS #12, which is an ASN.1 sequence (RFC 7292).
fn cannot_open(content: &[u8], error: &native_tls::Error) -> CertificateFileFault {
    match content.first() {
        // Many versions of macOS refuse the default form of OpenSSL 3 as if the password were wrong.
        Some(0x30) => {
            CertificateFileFault::WrongPassword { why: error.to_string(), or_newer_form: cfg!(target_os = "macos") }
        }
        _ => CertificateFileFault::NotPkcs12,
    }
}

fn read(path: &Path) -> Result<Vec<u8>, NetworkError> {
    std::fs::read(path).map_err(|error| unusable(path, unreadable(error)))
}

fn unreadable(why: impl ToString) -> CertificateFileFault {
    CertificateFileFault::Unreadable { why: why.to_string() }
}

fn unusable(path: &Path, fault: CertificateFileFault) -> NetworkError {
    NetworkError::CertificateFile { path: path.display().to_string(), fault }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_clones_share_one_connector() {
        let trust = Trust::default();
        let other = Trust { pinned: Some(Fingerprint([1; 32])), ..trust.clone() };
        for verify in [true, false] {
            assert!(std::ptr::eq(trust.connector(verify).unwrap(), other.connector(verify).unwrap()));
        }
        assert!(!std::ptr::eq(trust.connector(true).unwrap(), trust.connector(false).unwrap()));
    }

    #[test]
    fn a_file_that_is_no_client_certificate_is_named_and_the_password_is_not() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, "no certificate").unwrap();
        let certificate = ClientCertificate { file: file.path().to_owned(), password: Secret::new("geheim") };
        let error = Trust::default().with_client_certificate(&certificate).unwrap_err();
        assert!(error.to_string().contains(&*file.path().to_string_lossy()));
        assert!(!format!("{error} {error:?} {certificate:?}").contains("geheim"));
    }

    #[test]
    fn an_authority_file_without_a_certificate_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, "no certificate").unwrap();
        let error = Trust::with_authority_files(&[file.path().to_owned()], None).unwrap_err();
        let said = error.to_string();
        assert!(
            said.contains(&*file.path().to_string_lossy()) && said.contains("no certificate in PEM form"),
            "{said}"
        );
    }
}
