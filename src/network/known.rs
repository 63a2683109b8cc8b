//! The certificates the user trusted, by host and port, in a file of the state folder that only the user can read.
//!
//! - A certificate trusted at one port of a host is also trusted at its other ports: it is the same server and the same key.
//! - Where a certificate was trusted at a port, any other one at that port is a change.

use super::Trust;
use crate::domain::Fingerprint;
use crate::private_file;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Both servers are tested at the same time, and either test may add to the list.
static WRITING: Mutex<()> = Mutex::new(());

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
        Self { known: read(&path), path }
    }

    /// Creates the list of a state folder that has none, from entries of another one ([`KnownCertificates::of_hosts`]).
    pub fn begin(state_folder: &Path, entries: &BTreeMap<String, Fingerprint>) -> io::Result<()> {
        private_file::replace(&state_folder.join("known-certificates.json"), &serde_json::to_vec_pretty(entries)?)
    }

    /// The entries about these hosts, for the list of another computer.
    pub fn of_hosts(&self, hosts: &[&str]) -> BTreeMap<String, Fingerprint> {
        let is_wanted = |key: &str| hosts.iter().any(|host| is_of(key, host));
        self.known.iter().filter(|(key, _)| is_wanted(key)).map(|(key, known)| (key.clone(), *known)).collect()
    }

    /// The certificate trusted at that address.
    pub fn known(&self, host: &str, port: u16) -> Option<Fingerprint> {
        self.known.get(&key(host, port)).copied()
    }

    /// The certificates trusted at any port of that host.
    pub fn of_host(&self, host: &str) -> BTreeSet<Fingerprint> {
        self.known.iter().filter(|(key, _)| is_of(key, host)).map(|(_, fingerprint)| *fingerprint).collect()
    }

    /// Trusts a certificate at that address, durably. It replaces an `old` one at every port of the host.
    pub fn trust(
        &mut self,
        host: &str,
        port: u16,
        fingerprint: Fingerprint,
        old: Option<Fingerprint>,
    ) -> io::Result<()> {
        let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        self.known = read(&self.path);
        for (key, known) in &mut self.known {
            if is_of(key, host) && Some(*known) == old {
                *known = fingerprint;
            }
        }
        self.known.insert(key(host, port), fingerprint);
        private_file::replace(&self.path, &serde_json::to_vec_pretty(&self.known)?)
    }

    /// Remembers for this port the certificate that was accepted because the user trusts it at another port of the host. From now on any
    /// other one is a change. If the list cannot be written, the next connection tries again.
    pub fn keep(&self, host: &str, port: u16, trust: &Trust) {
        let Some(adopted) = trust.adopted().filter(|adopted| self.of_host(host).contains(adopted)) else { return };
        if let Err(error) = self.clone().trust(host, port, adopted, None) {
            log::warn!("the list of trusted certificates could not be written: {error}");
        }
    }
}

fn read(path: &Path) -> BTreeMap<String, Fingerprint> {
    std::fs::read(path).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

fn key(host: &str, port: u16) -> String {
    format!("{}:{port}", host.to_lowercase())
}

fn is_of(key: &str, host: &str) -> bool {
    key.rsplit_once(':').is_some_and(|(known, _)| known == host.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Fingerprint = Fingerprint([1; 32]);
    const TWO: Fingerprint = Fingerprint([2; 32]);

    #[test]
    fn a_trusted_certificate_is_remembered_for_its_address_and_known_of_its_host() {
        let folder = tempfile::tempdir().unwrap();
        let known = || KnownCertificates::open(folder.path());
        known().trust("Mail.example", 993, ONE, None).unwrap();
        known().trust("mail.example", 4040, TWO, None).unwrap();
        known().trust("::1", 993, ONE, None).unwrap();
        let known = known();
        assert_eq!(known.known("mail.example", 993), Some(ONE));
        assert_eq!(known.known("mail.example", 143), None);
        assert_eq!(known.of_host("MAIL.example"), BTreeSet::from([ONE, TWO]));
        assert_eq!(known.of_host("::1"), BTreeSet::from([ONE]));
        assert!(known.of_host("mail.example.org").is_empty());
    }

    #[test]
    fn a_new_certificate_takes_the_place_of_the_old_one_at_all_ports_of_the_host_and_of_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let mut known = KnownCertificates::open(folder.path());
        for (host, port, fingerprint) in [("a.example", 993, ONE), ("a.example", 143, TWO), ("b.example", 993, ONE)] {
            known.trust(host, port, fingerprint, None).unwrap();
        }
        let new = Fingerprint([3; 32]);
        known.trust("a.example", 4040, new, Some(ONE)).unwrap();
        let at = |host, port| KnownCertificates::open(folder.path()).known(host, port);
        assert_eq!([at("a.example", 4040), at("a.example", 993)], [Some(new), Some(new)]);
        assert_eq!([at("a.example", 143), at("b.example", 993)], [Some(TWO), Some(ONE)]);
    }

    #[test]
    fn only_what_the_user_trusts_at_the_host_is_kept_for_another_port() {
        let folder = tempfile::tempdir().unwrap();
        let mut known = KnownCertificates::open(folder.path());
        known.trust("a.example", 4040, ONE, None).unwrap();
        for (port, taken) in [(993, ONE), (143, TWO)] {
            let trust = Trust::default();
            trust.adopt(taken);
            known.keep("a.example", port, &trust);
        }
        let known = KnownCertificates::open(folder.path());
        assert_eq!((known.known("a.example", 993), known.known("a.example", 143)), (Some(ONE), None));
    }
}
