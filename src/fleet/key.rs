//! A fleet's key. Only a machine that has the key file can read or make what is sealed with it.
//!
//! - Sealing is ChaCha20-Poly1305 (RFC 8439) with a random nonce, under a key that HKDF-SHA256 (RFC 5869) derives for each fleet from the
//!   key file. Fleet, purpose and row are authenticated too: someone who can write to the database can neither read a password nor swap
//!   one person's row for another's.
//! - The key file is one line: `kimt-fleet-key-1:` and 32 random bytes in Base64. It is created private, and refused if other users can
//!   read it. The group may read a file that its owner cannot write, because systemd and Kubernetes provide credentials that way.

use crate::domain::KeyFileFault;
use crate::ledger::MailboxKey;
use crate::private_file;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use ring::rand::{SecureRandom, SystemRandom};
use std::io::{Read, Write};
use std::path::Path;
use zeroize::Zeroizing;

const PREFIX: &str = "kimt-fleet-key-1:";
/// The first byte of everything sealed.
const FORM: u8 = 1;
const BYTES: usize = 32;

/// The content of a key file.
pub struct FleetKey(Zeroizing<[u8; BYTES]>);

/// What a sealed text is for, so that none passes for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Setup = 1,
    Job = 2,
    Report = 3,
    Item = 4,
    Fact = 5,
}

/// Seals and opens the texts of one fleet or mailbox.
pub(super) struct Sealer {
    fleet: i64,
    key: LessSafeKey,
    /// The key for hashes, which would be guessable without one.
    hashing: Zeroizing<[u8; BYTES]>,
    random: SystemRandom,
}

/// The length of a derived key.
struct Length;

impl KeyType for Length {
    fn len(&self) -> usize {
        BYTES
    }
}

impl FleetKey {
    /// Creates a key file. A file that exists already is an error.
    pub fn create(path: &Path) -> Result<Self, KeyFileFault> {
        let not_created = |why: Option<String>| KeyFileFault::NotCreated { path: path.display().to_string(), why };
        let refused = |error: std::io::Error| not_created(Some(error.to_string()));
        let mut bytes = Zeroizing::new([0; BYTES]);
        SystemRandom::new().fill(&mut *bytes).map_err(|_| not_created(None))?;
        let line = Zeroizing::new(format!("{PREFIX}{}\n", STANDARD.encode(*bytes)));
        let mut file = private_file::create_new(path).map_err(refused)?;
        let written = file.write_all(line.as_bytes()).and_then(|()| file.sync_all());
        written.map_err(refused)?;
        Ok(Self(bytes))
    }

    /// Reads a key file. A file that other users can read is an error.
    pub fn read(path: &Path) -> Result<Self, KeyFileFault> {
        let shown = || path.display().to_string();
        let unreadable = |error: std::io::Error| KeyFileFault::Unreadable { path: shown(), why: error.to_string() };
        let file = std::fs::File::open(path).map_err(unreadable)?;
        if private_file::is_open_to_others(&file) {
            return Err(KeyFileFault::Open { path: shown() });
        }
        let mut text = Zeroizing::new(String::new());
        file.take(1024).read_to_string(&mut text).map_err(unreadable)?;
        let encoded = text.trim().strip_prefix(PREFIX);
        let bytes = encoded.and_then(|encoded| STANDARD.decode(encoded).ok()).map(Zeroizing::new);
        let bytes = bytes.and_then(|bytes| <[u8; BYTES]>::try_from(bytes.as_slice()).ok());
        bytes.map(|bytes| Self(Zeroizing::new(bytes))).ok_or_else(|| KeyFileFault::NotAKey { path: shown() })
    }

    /// The sealer of a fleet; none if the system's cryptography fails.
    pub(super) fn of_fleet(&self, fleet: i64) -> Option<Sealer> {
        let root = Salt::new(HKDF_SHA256, &fleet.to_be_bytes()).extract(&*self.0);
        let derive = |purpose: &[u8]| -> Option<Zeroizing<[u8; BYTES]>> {
            let mut bytes = Zeroizing::new([0; BYTES]);
            root.expand(&[purpose], Length).and_then(|derived| derived.fill(&mut *bytes)).ok()?;
            Some(bytes)
        };
        let key = UnboundKey::new(&CHACHA20_POLY1305, &*derive(b"kimt fleet seal")?).ok()?;
        let hashing = derive(b"kimt fleet hash")?;
        Some(Sealer { fleet, key: LessSafeKey::new(key), hashing, random: SystemRandom::new() })
    }
}

impl std::fmt::Debug for FleetKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("FleetKey(…)")
    }
}

impl Sealer {
    /// The sealer of a mailbox outside any fleet. Its key is derived from servers and address, which no dump of the database contains.
    pub fn of_mailbox(key: &MailboxKey) -> Option<Self> {
        let MailboxKey { source, target, address } = key;
        let derive = |context: &str| {
            Zeroizing::new(blake3::derive_key(context, format!("{source}\n{target}\n{address}").as_bytes()))
        };
        let sealing = UnboundKey::new(&CHACHA20_POLY1305, &*derive("kimt 2026 items seal")).ok()?;
        let hashing = derive("kimt 2026 items hash");
        Some(Self { fleet: 0, key: LessSafeKey::new(sealing), hashing, random: SystemRandom::new() })
    }

    /// Seals a text of the row with this number; none if the system provides no random numbers.
    pub fn seal(&self, purpose: Purpose, ordinal: i64, text: &[u8]) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).ok()?;
        // Encrypted in place, so that no further copy of the plain text stays in memory.
        let mut sealed = Vec::with_capacity(1 + NONCE_LEN + text.len() + CHACHA20_POLY1305.tag_len());
        sealed.push(FORM);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(text);
        let place = self.place(purpose, ordinal);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let body = &mut sealed[1 + NONCE_LEN..];
        let tag = self.key.seal_in_place_separate_tag(nonce, Aad::from(place), body).ok()?;
        sealed.extend_from_slice(tag.as_ref());
        Some(sealed)
    }

    /// Opens a sealed text; none if it was altered, or sealed with another key or for another row.
    pub fn open(&self, purpose: Purpose, ordinal: i64, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (form, rest) = sealed.split_first()?;
        if *form != FORM || rest.len() < NONCE_LEN {
            return None;
        }
        let (nonce, body) = rest.split_at(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = Zeroizing::new(body.to_vec());
        let length = self.key.open_in_place(nonce, Aad::from(self.place(purpose, ordinal)), &mut text).ok()?.len();
        text.truncate(length);
        Some(text)
    }

    /// A hash that reveals nothing without the key.
    pub fn hash(&self, text: &str) -> [u8; 32] {
        *blake3::keyed_hash(&self.hashing, text.as_bytes()).as_bytes()
    }

    fn place(&self, purpose: Purpose, ordinal: i64) -> [u8; 17] {
        let mut place = [0; 17];
        place[..8].copy_from_slice(&self.fleet.to_be_bytes());
        place[8] = purpose as u8;
        place[9..].copy_from_slice(&ordinal.to_be_bytes());
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_is_read_with_its_key_in_its_place_and_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("uni.key");
        let key = FleetKey::create(&path).unwrap();
        let sealer = key.of_fleet(7).unwrap();
        let sealed = sealer.seal(Purpose::Job, 3, b"ann;geheim").unwrap();
        assert!(!sealed.windows(6).any(|window| window == b"geheim"));
        assert_ne!(sealed, sealer.seal(Purpose::Job, 3, b"ann;geheim").unwrap());
        let again = FleetKey::read(&path).unwrap().of_fleet(7).unwrap();
        assert_eq!(again.open(Purpose::Job, 3, &sealed).unwrap().as_slice(), b"ann;geheim");
        assert!(again.open(Purpose::Job, 4, &sealed).is_none(), "another row");
        assert!(again.open(Purpose::Report, 3, &sealed).is_none(), "another kind");
        assert!(key.of_fleet(8).unwrap().open(Purpose::Job, 3, &sealed).is_none(), "another fleet");
        let other = FleetKey::create(&folder.path().join("other.key")).unwrap();
        assert!(other.of_fleet(7).unwrap().open(Purpose::Job, 3, &sealed).is_none(), "another key");
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(again.open(Purpose::Job, 3, &altered).is_none(), "byte {at}");
            assert!(again.open(Purpose::Job, 3, &sealed[..at]).is_none(), "cut at {at}");
        }
    }

    #[test]
    fn a_key_file_is_made_once_and_only_a_private_one_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("uni.key");
        FleetKey::create(&path).unwrap();
        assert!(matches!(FleetKey::create(&path), Err(KeyFileFault::NotCreated { why: Some(_), .. })));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            for (mode, taken) in [
                (0o600, true),
                (0o400, true),
                (0o440, true),
                (0o640, false),
                (0o660, false),
                (0o604, false),
                (0o444, false),
                (0o644, false),
            ] {
                std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
                assert_eq!(FleetKey::read(&path).is_ok(), taken, "{mode:o}");
            }
        }
        for wrong in ["", "kimt-fleet-key-1:", "kimt-fleet-key-1:AAAA", "hunter2"] {
            let path = folder.path().join(format!("{}.key", wrong.len()));
            private_file::create_new(&path).unwrap().write_all(wrong.as_bytes()).unwrap();
            let said = FleetKey::read(&path).unwrap_err().to_string();
            assert!(said.contains("not a key file") && !said.contains("hunter2"), "{said}");
        }
    }
}
