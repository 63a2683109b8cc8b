//! One running program for each state folder: two would change Kerio Connect's port under each other.
//!
//! The operating system holds the lock, so that it is gone with the process, however that ends.

use crate::domain::{Problem, ProblemKind};
use crate::private_file;
use std::fs::{File, TryLockError};
use std::path::Path;

/// The folders of records below the state folder. What somebody else plants there would be trusted like the user's own.
const RECORDS: [&str; 2] = ["ledger", "migrations"];

/// The claim on a state folder; it lasts as long as this value.
#[derive(Debug)]
pub struct Instance {
    _lock: File,
}

impl Instance {
    /// Claims a state folder, and creates it if needed.
    ///
    /// # Errors
    /// - [`ProblemKind::AlreadyRunning`]: another program holds it.
    /// - [`ProblemKind::LocalFile`]: it cannot be used, or other users own it or can write to it, or to a folder of records in it.
    pub fn claim(state_folder: &Path) -> Result<Self, Problem> {
        let path = state_folder.join("running.lock");
        let unusable =
            |error: std::io::Error| Problem::new(ProblemKind::LocalFile).at_path(path.display()).saying(error);
        private_file::claim_folder(state_folder)
            .map_err(|error| Problem::new(ProblemKind::LocalFile).at_path(state_folder.display()).saying(error))?;
        for folder in RECORDS.map(|name| state_folder.join(name)) {
            private_file::refuse_foreign_if_there(&folder)
                .map_err(|error| Problem::new(ProblemKind::LocalFile).at_path(folder.display()).saying(error))?;
        }
        let lock = private_file::open(&path).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(Problem::new(ProblemKind::AlreadyRunning)),
            Err(TryLockError::Error(error)) => Err(unusable(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_folder_belongs_to_one_program_at_a_time() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("state");
        let first = Instance::claim(&folder).unwrap();
        assert_eq!(Instance::claim(&folder).unwrap_err().kind, ProblemKind::AlreadyRunning);
        assert!(Instance::claim(&scratch.path().join("another")).is_ok());
        drop(first);
        assert!(Instance::claim(&folder).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_of_records_that_others_could_change_is_refused() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        for name in RECORDS {
            let scratch = tempfile::tempdir().unwrap();
            let (state, elsewhere) = (scratch.path().join("state"), scratch.path().join("elsewhere"));
            let folder = state.join(name);
            std::fs::create_dir_all(&folder).unwrap();
            assert!(Instance::claim(&state).is_ok());
            std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o777)).unwrap();
            let problem = Instance::claim(&state).unwrap_err().to_string();
            assert!(problem.contains(name) && problem.contains("other users may write"), "{problem}");
            // Also through a link, and if it belongs to somebody else: only root can give a folder away.
            std::fs::rename(&folder, &elsewhere).unwrap();
            symlink(&elsewhere, &folder).unwrap();
            assert_eq!(Instance::claim(&state).unwrap_err().kind, ProblemKind::LocalFile);
            std::fs::set_permissions(&elsewhere, PermissionsExt::from_mode(0o700)).unwrap();
            assert!(Instance::claim(&state).is_ok());
            if std::os::unix::fs::chown(&elsewhere, Some(12345), None).is_ok() {
                assert!(Instance::claim(&state).unwrap_err().to_string().contains("another user"));
            }
        }
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("file");
        std::fs::write(&file, "").unwrap();
        let problem = Instance::claim(&file).unwrap_err();
        assert_eq!(problem.kind, ProblemKind::LocalFile);
        assert!(problem.to_string().contains("file"));
    }
}
