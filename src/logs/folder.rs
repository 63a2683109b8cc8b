//! Finds and creates the folder for a run's logs.
//!
//! In a temp folder that others can write to, somebody may create `KimtLogs` before us: as a link to one of our folders, or as a folder of
//! theirs, where they could read or replace our files. Both are refused.

use crate::private_file;
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};

/// `%TEMP%\KimtLogs` on Windows, `~/Library/Logs/KimtLogs` on macOS, `~/KimtLogs` elsewhere.
pub fn default_folder() -> PathBuf {
    let home = || directories::UserDirs::new().map(|user| user.home_dir().to_owned());
    let above = if cfg!(windows) {
        None
    } else if cfg!(target_os = "macos") {
        home().map(|home| home.join("Library/Logs"))
    } else {
        home()
    };
    above.unwrap_or_else(std::env::temp_dir).join("KimtLogs")
}

/// Creates a run's folder below one that the user chose and is responsible for.
pub(super) fn make_below_chosen(chosen: &Path) -> Result<PathBuf> {
    private_file::create_folder(chosen)?;
    make(chosen)
}

/// Creates a run's folder below `logs`. Creates `logs` if necessary; refuses it if it is not this user's own.
pub(super) fn make_below(logs: &Path) -> Result<PathBuf> {
    if let Some(above) = logs.parent() {
        private_file::create_folder(above)?;
    }
    match private_file::create_new_folder(logs) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        made => made?,
    }
    let metadata = std::fs::symlink_metadata(logs)?;
    if metadata.is_symlink() || !metadata.is_dir() {
        return Err(Error::other(
            "it is a link or a file where a folder should be; remove it or choose another folder",
        ));
    }
    let folder = make(logs)?;
    if let Err(error) = check_owner(logs, &folder) {
        let _ = std::fs::remove_dir(&folder);
        return Err(error);
    }
    Ok(folder)
}

/// Creates `MMDDYYYY_HHMMSS`, with `_2` and so on if an earlier run of the same second has that name.
fn make(logs: &Path) -> Result<PathBuf> {
    let name = chrono::Local::now().format("%m%d%Y_%H%M%S").to_string();
    for attempt in 1..1000 {
        let folder = if attempt == 1 { logs.join(&name) } else { logs.join(format!("{name}_{attempt}")) };
        match private_file::create_new_folder(&folder) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(()) => return Ok(folder),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// Refuses `logs` unless the owner of the newly created `own` owns it too, and removes everybody else's access.
#[cfg(unix)]
fn check_owner(logs: &Path, own: &Path) -> Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let (outer, inner) = (std::fs::symlink_metadata(logs)?, std::fs::symlink_metadata(own)?);
    if !outer.is_dir() || outer.uid() != inner.uid() {
        return Err(Error::other("it belongs to another user of this computer; choose another folder"));
    }
    if outer.mode() & 0o077 != 0 {
        std::fs::set_permissions(logs, std::fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// On other systems the temp folder belongs to the user.
#[cfg(not(unix))]
fn check_owner(_logs: &Path, _own: &Path) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_start_has_a_folder_of_its_own_named_by_the_moment() {
        let scratch = tempfile::tempdir().unwrap();
        let logs = scratch.path().join("above/KimtLogs");
        let folders: Vec<PathBuf> = (0..4).map(|_| make_below(&logs).unwrap()).collect();
        let names: std::collections::BTreeSet<String> =
            folders.iter().map(|folder| folder.file_name().unwrap().to_string_lossy().into_owned()).collect();
        assert_eq!(names.len(), 4);
        for name in names {
            let digits: String = name.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
            assert!(digits.starts_with("99999999_999999"), "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_or_a_file_laid_in_the_way_is_refused() {
        let scratch = tempfile::tempdir().unwrap();
        let victim = scratch.path().join("victim");
        std::fs::create_dir(&victim).unwrap();
        let logs = scratch.path().join("KimtLogs");
        std::os::unix::fs::symlink(&victim, &logs).unwrap();
        assert!(make_below(&logs).unwrap_err().to_string().contains("link"));
        assert_eq!(std::fs::read_dir(&victim).unwrap().count(), 0);
        std::fs::remove_file(&logs).unwrap();
        std::fs::write(&logs, "").unwrap();
        assert!(make_below(&logs).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_of_another_user_is_refused() {
        let scratch = tempfile::tempdir().unwrap();
        let logs = scratch.path().join("KimtLogs");
        std::fs::create_dir(&logs).unwrap();
        // Only root can give a folder away, so only a test run as root sees the refusal.
        if std::os::unix::fs::chown(&logs, Some(12345), None).is_ok() {
            assert!(make_below(&logs).unwrap_err().to_string().contains("another user"));
            assert_eq!(std::fs::read_dir(&logs).unwrap().count(), 0);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_others_could_read_is_closed_to_them() {
        use std::os::unix::fs::PermissionsExt;
        let scratch = tempfile::tempdir().unwrap();
        let logs = scratch.path().join("KimtLogs");
        std::fs::create_dir(&logs).unwrap();
        std::fs::set_permissions(&logs, std::fs::Permissions::from_mode(0o777)).unwrap();
        let folder = make_below(&logs).unwrap();
        for path in [&logs, &folder] {
            assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o700);
        }
    }
}
