//! Migrations as files in the state folder, one JSON file each, with a checksum.

use super::{Migration, Migrations};
use crate::private_file;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The folder of the records, below the state folder.
const FOLDER: &str = "migrations";

/// The end of the name of a damaged record.
const ASIDE: &str = "unusable";

/// A record larger than this is not read; 20,000 accounts take some 6 MB.
const LARGEST: u64 = 256 * 1024 * 1024;

/// A record that cannot be read.
#[derive(Debug)]
pub struct Damaged {
    /// Where it is, after it was set aside.
    pub path: PathBuf,
    /// Why it cannot be read.
    pub why: io::Error,
}

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

    /// Those that can be read, and those that cannot.
    fn read(&self) -> io::Result<(Vec<Migration>, Vec<Damaged>)> {
        private_file::refuse_foreign_if_there(&self.folder)?;
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Default::default()),
            Err(error) => return Err(error),
        };
        let (mut all, mut damaged) = (Vec::new(), Vec::new());
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            match read(&path) {
                Ok(migration) => all.push(migration),
                Err(why) => damaged.push(Damaged { path, why }),
            }
        }
        Ok((all, damaged))
    }

    /// The records that cannot be read.
    pub fn damaged(&self) -> Vec<Damaged> {
        self.read().map(|(_, damaged)| damaged).unwrap_or_default()
    }

    /// Renames the records that cannot be read, so that none is overwritten.
    pub fn set_damaged_aside(&self) -> Vec<Damaged> {
        let mut damaged = self.damaged();
        for Damaged { path, .. } in &mut damaged {
            let aside = path.with_extension(ASIDE);
            match std::fs::rename(&*path, &aside) {
                Ok(()) => *path = aside,
                Err(error) => log::warn!("{}: {error}", path.display()),
            }
        }
        damaged
    }

    /// The damaged record of a migration that is not among [`Migrations::all`], if there is one.
    pub fn damaged_of(&self, name: &str) -> Option<PathBuf> {
        let path = self.path(name);
        [path.with_extension(ASIDE), path].into_iter().find(|path| path.exists())
    }
}

impl Migrations for Files {
    fn all(&self) -> io::Result<Vec<Migration>> {
        let (mut all, damaged) = self.read()?;
        for Damaged { path, why } in damaged {
            log::warn!("{}: the record of a migration cannot be read: {why}", path.display());
        }
        all.sort_by(|one, other| other.last().cmp(one.last()).then_with(|| one.name.cmp(&other.name)));
        Ok(all)
    }

    fn keep(&self, migration: &Migration) -> io::Result<()> {
        private_file::claim_folder(&self.folder)?;
        private_file::replace(
            &self.path(&migration.name),
            &private_file::with_checksum(&serde_json::to_vec(migration)?),
        )
    }
}

fn read(path: &Path) -> io::Result<Migration> {
    let mut text = Vec::new();
    std::fs::File::open(path)?.take(LARGEST).read_to_end(&mut text)?;
    private_file::refuse_damaged(&text)?;
    Ok(serde_json::from_slice(&text)?)
}
