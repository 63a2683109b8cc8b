//! What a changed port was before, on disk from before the change until it is put back.
//!
//! Promises that a note that was written survives a crash or a power cut at any moment, whole or not at all, and that it suffices to
//! put the port back without the run that changed it. One file for each server, so that a note never takes another's place. A note that
//! was damaged is an error, not the absence of one: nothing overwrites it before a person has looked at the port.

use super::error::KerioError;
use super::services::Listener;
use crate::domain::AdministrationFault;
use crate::private_file;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A port that a run has changed, or was about to change, and not put back yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PortNote {
    /// The host of the administration.
    pub host: String,
    /// The port of the administration.
    pub administration_port: u16,
    /// `IMAP` or `Secure IMAP`, as the server calls it.
    pub service: String,
    /// The port before.
    pub from: u16,
    /// The port that the run wanted.
    pub to: u16,
    pub(super) service_id: String,
    /// All listeners of the service before.
    pub(super) listeners: Vec<Listener>,
    #[serde(skip)]
    path: PathBuf,
}

/// What a note records, and of which server's administration.
pub(super) struct Changed<'a> {
    pub(super) host: &'a str,
    pub(super) administration_port: u16,
    pub(super) service: String,
    pub(super) service_id: String,
    pub(super) listeners: Vec<Listener>,
    pub(super) from: u16,
    pub(super) to: u16,
}

impl PortNote {
    /// A note that was left in the state folder; the first when there are several.
    ///
    /// The error says that there is one, and that it cannot be read.
    pub fn pending(state_folder: &Path) -> Result<Option<Self>, KerioError> {
        let Ok(entries) = std::fs::read_dir(state_folder) else { return Ok(None) };
        let mut paths: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(is_note))
            .collect();
        paths.sort();
        let mut notes = paths.into_iter().map(Self::read).collect::<Vec<_>>();
        // One that can be read comes first: it can be put back.
        notes.sort_by_key(|note| !matches!(note, Ok(Some(_))));
        notes.into_iter().next().unwrap_or(Ok(None))
    }

    /// The note about the server with that administration.
    pub(super) fn of(state_folder: &Path, host: &str, administration_port: u16) -> Result<Option<Self>, KerioError> {
        let path = path(state_folder, host, administration_port);
        match Self::read(path.clone())? {
            Some(note) if !note.host.eq_ignore_ascii_case(host) || note.administration_port != administration_port => {
                Err(unreadable(&path, "it is about another server"))
            }
            note => Ok(note),
        }
    }

    fn read(path: PathBuf) -> Result<Option<Self>, KerioError> {
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(&path, error)),
        };
        private_file::refuse_damaged(&text).map_err(|error| unreadable(&path, error))?;
        let note = serde_json::from_slice::<Self>(&text).map_err(|error| unreadable(&path, error))?;
        Ok(Some(Self { path, ..note }))
    }

    /// Writes a note; when this returns, it survives a power cut.
    pub(super) fn write(state_folder: &Path, changed: Changed<'_>) -> io::Result<Self> {
        let note = Self {
            host: changed.host.to_owned(),
            administration_port: changed.administration_port,
            service: changed.service,
            from: changed.from,
            to: changed.to,
            service_id: changed.service_id,
            listeners: changed.listeners,
            path: path(state_folder, changed.host, changed.administration_port),
        };
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(state_folder)?;
        let fresh = note.path.with_extension("new");
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&fresh)?;
        file.write_all(&private_file::with_checksum(&serde_json::to_vec_pretty(&note)?))?;
        file.sync_all()?;
        std::fs::rename(fresh, &note.path)?;
        sync_folder(state_folder)?;
        Ok(note)
    }

    /// Removes the note: the port is as before, or somebody else has changed it.
    pub(super) fn remove(&self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            log::warn!("{}: {error}", self.path.display());
        }
        if let Some(folder) = self.path.parent() {
            // If it comes back after a power cut, the next start finds the port as it was and removes it again.
            let _ = sync_folder(folder);
        }
    }
}

impl fmt::Display for PortNote {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, service, from, to, .. } = self;
        write!(
            formatter,
            "the port of the service {service} on {host} was set from {from} to {to} and not put back yet"
        )
    }
}

fn unreadable(path: &Path, why: impl fmt::Display) -> KerioError {
    let (path, why) = (path.display().to_string(), why.to_string());
    KerioError::PortNotRestored(AdministrationFault::PortNoteDamaged { path, why })
}

const PREFIX: &str = "port-";
const SUFFIX: &str = ".json";

fn is_note(name: &str) -> bool {
    name.starts_with(PREFIX) && name.ends_with(SUFFIX)
}

/// The file of a server, under a readable name that every file system accepts.
fn path(state_folder: &Path, host: &str, administration_port: u16) -> PathBuf {
    let safe = |c: char| if c.is_alphanumeric() || matches!(c, '.' | '-') { c } else { '_' };
    let host: String = host.to_lowercase().chars().take(100).map(safe).collect();
    state_folder.join(format!("{PREFIX}{host}-{administration_port}{SUFFIX}"))
}

/// Makes a new name in a folder durable, where the system can do so.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { std::fs::File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(host: &str) -> Changed<'_> {
        Changed {
            host,
            administration_port: 4040,
            service: "IMAP".to_owned(),
            service_id: "keriodb://service/6".to_owned(),
            listeners: Vec::new(),
            from: 143,
            to: 8143,
        }
    }

    #[test]
    fn a_note_is_found_by_its_server_until_it_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        assert_eq!(PortNote::pending(&state).unwrap(), None);
        let note = PortNote::write(&state, changed("Mail.example.com")).unwrap();
        assert_eq!(PortNote::pending(&state).unwrap(), Some(note.clone()));
        assert_eq!(PortNote::of(&state, "mail.example.com", 4040).unwrap(), Some(note.clone()));
        assert_eq!(PortNote::of(&state, "mail.example.com", 4041).unwrap(), None);
        assert_eq!(PortNote::of(&state, "other.example.com", 4040).unwrap(), None);
        assert!(note.to_string().contains("from 143 to 8143"));
        note.remove();
        assert_eq!(PortNote::pending(&state).unwrap(), None);
    }

    #[test]
    fn a_note_of_another_server_keeps_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let first = PortNote::write(folder.path(), changed("a.example")).unwrap();
        let second = PortNote::write(folder.path(), changed("::1")).unwrap();
        assert_eq!(PortNote::of(folder.path(), "a.example", 4040).unwrap(), Some(first));
        assert_eq!(PortNote::of(folder.path(), "::1", 4040).unwrap(), Some(second));
    }

    #[cfg(unix)]
    #[test]
    fn only_the_user_can_read_a_note() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let note = PortNote::write(folder.path(), changed("a.example")).unwrap();
        assert_eq!(std::fs::metadata(&note.path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_note_that_was_damaged_anywhere_is_an_error_that_names_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let note = PortNote::write(folder.path(), changed("a.example")).unwrap();
        let whole = std::fs::read(&note.path).unwrap();
        let read = || PortNote::of(folder.path(), "a.example", 4040).map_err(|error| error.problem(None).to_string());
        for at in 0..whole.len() {
            let mut text = whole.clone();
            text[at] ^= 1;
            std::fs::write(&note.path, &text).unwrap();
            // Only the name of the checksum may differ, and then the note is as it was.
            assert!(read().is_err() || (at < 14 && read().unwrap() == Some(note.clone())), "byte {at}");
            std::fs::write(&note.path, &whole[..at]).unwrap();
            let said = read().unwrap_err();
            assert!(said.contains("port-a.example-4040.json") && said.contains("delete the file"), "{said}");
            assert!(PortNote::pending(folder.path()).is_err());
        }
        std::fs::write(&note.path, &whole).unwrap();
        assert_eq!(PortNote::of(folder.path(), "a.example", 4040).unwrap(), Some(note));
    }

    #[test]
    fn a_note_of_an_earlier_version_has_no_checksum() {
        let folder = tempfile::tempdir().unwrap();
        let note = r#"{"host":"a.example","administration_port":4040,"service":"IMAP","from":143,"to":8143,"service_id":"x","listeners":[]}"#;
        std::fs::write(folder.path().join("port-a.example-4040.json"), note).unwrap();
        assert_eq!(PortNote::pending(folder.path()).unwrap().map(|note| note.from), Some(143));
    }

    #[test]
    fn a_note_that_can_be_read_comes_before_a_damaged_one() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("port-a.example-4040.json"), "{").unwrap();
        let note = PortNote::write(folder.path(), changed("b.example")).unwrap();
        assert_eq!(PortNote::pending(folder.path()).unwrap(), Some(note));
    }
}
