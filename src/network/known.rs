//! The certificates the user trusted, by host and port, in a file of the state folder that only the user can read.

use crate::domain::Fingerprint;
use crate::private_file;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// The list of trusted certificates.
#[derive(Debug, Clone)]
pub struct KnownCertificates {
    path: PathBuf,
    known: BTreeMap<String, Fingerprint>,
}

impl KnownCertificates {
    /// Reads the list; a missing or unreadable one is empty, which only means that the user is asked again.
    pub fn open(state_folder: &Path) -> Self {
        let path = state_folder.join("known-certificates.json");
        let known = std::fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok());
        Self { path, known: known.unwrap_or_default() }
    }

    /// The certificate trusted at that address.
    pub fn known(&self, host: &str, port: u16) -> Option<Fingerprint> {
        self.known.get(&key(host, port)).copied()
    }

    /// Trusts a certificate at that address, durably.
    pub fn trust(&mut self, host: &str, port: u16, fingerprint: Fingerprint) -> io::Result<()> {
        self.known.insert(key(host, port), fingerprint);
        private_file::replace(&self.path, &serde_json::to_vec_pretty(&self.known)?)
    }
}

fn key(host: &str, port: u16) -> String {
    format!("{}:{port}", host.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trusted_certificate_is_remembered_for_its_address_only() {
        let folder = tempfile::tempdir().unwrap();
        let fingerprint = Fingerprint([7; 32]);
        KnownCertificates::open(folder.path()).trust("Mail.example", 993, fingerprint).unwrap();
        let known = KnownCertificates::open(folder.path());
        assert_eq!(known.known("mail.example", 993), Some(fingerprint));
        assert_eq!(known.known("mail.example", 143), None);
    }
}
