//! Migrations as files in the state folder, one JSON file each.

use super::{Migration, Migrations};
use crate::private_file;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The folder of the records, below the state folder.
const FOLDER: &str = "migrations";

/// A record larger than this is not read; 20,000 accounts take some 6 MB.
const LARGEST: u64 = 256 * 1024 * 1024;

/// The records of a state folder.
pub struct Files {
    folder: PathBuf,
}

impl Files {
    /// Those of this state folder.
    pub fn in_folder(state_folder: &Path) -> Self {
        Self { folder: state_folder.join(FOLDER) }
    }

    /// Names are anybody's text, so the file is named by a hash.
    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{}.json", &blake3::hash(name.as_bytes()).to_hex()[..32]))
    }
}

impl Migrations for Files {
    fn all(&self) -> io::Result<Vec<Migration>> {
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut all = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            match read(&path) {
                Ok(migration) => all.push(migration),
                Err(error) => {
                    log::warn!("{}: the record of a migration cannot be read: {error}", path.display());
                    let _ = std::fs::rename(&path, path.with_extension("unusable"));
                }
            }
        }
        all.sort_by(|one, other| other.last().cmp(one.last()).then_with(|| one.name.cmp(&other.name)));
        Ok(all)
    }

    fn keep(&self, migration: &Migration) -> io::Result<()> {
        private_file::replace(&self.path(&migration.name), &serde_json::to_vec(migration)?)
    }
}

fn read(path: &Path) -> io::Result<Migration> {
    let mut text = Vec::new();
    std::fs::File::open(path)?.take(LARGEST).read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}
