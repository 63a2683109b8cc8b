//! Files and folders that only this user can read, and files that a crash leaves either old or new.
//!
//! On Unix a folder gets mode 0700 and a file 0600 from its first moment. On Windows both take the rights of the user's own
//! folders, in which they are made.
//!
//! JSON files of ours may begin with a checksum, by which damage is noticed. It guards against a bad disk, not against people.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Creates a folder and its parents. An existing one stays unchanged.
pub fn create_folder(folder: &Path) -> io::Result<()> {
    builder().recursive(true).create(folder)
}

/// Creates a folder that must not exist yet, in one that must.
pub fn create_new_folder(folder: &Path) -> io::Result<()> {
    builder().create(folder)
}

/// A folder below the system's temporary one, with a name that nobody can have prepared; deleted with its contents when dropped.
#[derive(Debug)]
pub struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    /// Creates one whose name begins with `name`.
    pub fn make(name: &str) -> io::Result<Self> {
        let moment = UNIX_EPOCH.elapsed().map_or(0, |since| since.as_nanos());
        let path = std::env::temp_dir().join(format!("{name}-{}-{moment}", std::process::id()));
        create_new_folder(&path)?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // The system eventually clears what is left behind.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Creates a folder and its parents, or takes an existing one. Refuses a folder that others could change (another user's, or one that the
/// group or everybody may write to): somebody could plant files there that we would trust.
pub fn claim_folder(folder: &Path) -> io::Result<()> {
    create_folder(folder)?;
    refuse_foreign(folder)
}

/// The same for a folder that need not exist, which is not created.
pub fn refuse_foreign_if_there(folder: &Path) -> io::Result<()> {
    match folder.try_exists() {
        Ok(false) => Ok(()),
        Ok(true) => refuse_foreign(folder),
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
fn refuse_foreign(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(folder)?;
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("it belongs to another user of this computer; choose another folder"));
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(io::Error::other(
            "other users may write to it; close it to them (chmod go-w) or choose another folder",
        ));
    }
    Ok(())
}

/// Elsewhere folders take the permissions of the user's own folders, in which they are made.
#[cfg(not(unix))]
fn refuse_foreign(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Whether others may read a file. A read-only file may be readable by its group: systemd and Kubernetes hand over secrets like that.
#[cfg(unix)]
pub fn is_open_to_others(file: &File) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let Ok(metadata) = file.metadata() else { return true };
    let mode = metadata.permissions().mode() & 0o777;
    let handed_over = mode & 0o222 == 0;
    mode & 0o037 != 0 || (mode & 0o040 != 0 && !handed_over)
}

/// Windows keeps permissions in access lists, which the standard library does not show.
#[cfg(not(unix))]
pub fn is_open_to_others(_file: &File) -> bool {
    false
}

/// Creates a file that must not exist yet, not even as a link, and opens it for writing.
pub fn create_new(path: &Path) -> io::Result<File> {
    options().write(true).create_new(true).open(path)
}

/// Opens a file for reading and writing, or creates it.
pub fn open(path: &Path) -> io::Result<File> {
    options().read(true).write(true).create(true).truncate(false).open(path)
}

/// Replaces a whole file, and creates its folder if needed. A reader finds the old or the new content, even after a crash.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    create_folder(folder)?;
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let fresh = PathBuf::from(name);
    match std::fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = create_new(&fresh)?;
    file.write_all(content)?;
    file.sync_all()?;
    drop(file);
    std::fs::rename(&fresh, path)?;
    // The new name is durable only with its folder; Windows has no such call.
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// How JSON with a checksum begins.
const CHECKSUM: &[u8] = b"{\"checksum\":\"";

/// The JSON of an object with a checksum of all its fields as the first one.
pub fn with_checksum(json: &[u8]) -> Vec<u8> {
    let fields = json.strip_prefix(b"{").unwrap_or(json);
    [CHECKSUM, blake3::hash(fields).to_hex().as_bytes(), b"\",", fields].concat()
}

/// Refuses JSON whose checksum is wrong. One without a checksum is from an earlier version.
pub fn refuse_damaged(json: &[u8]) -> io::Result<()> {
    let Some(rest) = json.strip_prefix(CHECKSUM) else { return Ok(()) };
    let (checksum, rest) = rest.split_at_checked(2 * blake3::OUT_LEN).unwrap_or_default();
    let fields = rest.strip_prefix(b"\",").unwrap_or_default();
    if blake3::hash(fields).to_hex().as_bytes() == checksum {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "it is damaged: its checksum is wrong"))
}

fn builder() -> DirBuilder {
    #[cfg_attr(not(unix), expect(unused_mut))]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

fn options() -> OpenOptions {
    #[cfg_attr(not(unix), expect(unused_mut))]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn mode(path: &Path) -> u32 {
        std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_is_made_belongs_to_this_user_alone() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("a/b/file.json");
        replace(&path, b"old").unwrap();
        replace(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!((mode(&path), mode(&scratch.path().join("a"))), (0o600, 0o700));
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_laid_in_the_way_is_not_written_through() {
        let scratch = tempfile::tempdir().unwrap();
        let (victim, path) = (scratch.path().join("victim"), scratch.path().join("file"));
        std::fs::write(&victim, "precious").unwrap();
        std::os::unix::fs::symlink(&victim, scratch.path().join("file.new")).unwrap();
        std::os::unix::fs::symlink(&victim, &path).unwrap();
        assert!(create_new(&path).is_err());
        replace(&path, b"new").unwrap();
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "precious");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
    }

    #[test]
    fn a_folder_that_others_own_or_can_write_to_is_refused() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("state");
        claim_folder(&folder).unwrap();
        for open in [0o720, 0o702, 0o777] {
            std::fs::set_permissions(&folder, PermissionsExt::from_mode(open)).unwrap();
            assert!(claim_folder(&folder).unwrap_err().to_string().contains("other users may write"), "{open:o}");
        }
        std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
        claim_folder(&folder).unwrap();
        // Only root can give a folder away.
        if std::os::unix::fs::chown(&folder, Some(12345), None).is_ok() {
            assert!(claim_folder(&folder).unwrap_err().to_string().contains("another user"));
        }
    }
}
