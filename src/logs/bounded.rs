//! The files of debug.log: its beginning, its newest lines, and every line about trouble, in a space that does not grow with the run.
//!
//! What is kept: `debug.log` holds the first lines, and after those the warnings and errors of the whole run. The other lines continue in
//! `debug.newest.log`; when that is full, it becomes `debug.newer.log` in place of the one before, and a new one begins.

use crate::private_file;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Each of the three files holds at most this many bytes; the first holds the warnings and errors besides.
const PART: u64 = 32 << 20;

/// The log of one run.
pub(super) struct BoundedLog {
    beginning: File,
    /// Bytes that the beginning still takes; none once a line had no room in it.
    left: Option<u64>,
    part: u64,
    newest: Option<Part>,
    newest_path: PathBuf,
    newer_path: PathBuf,
}

/// A file with the bytes that it still takes.
struct Part {
    file: File,
    left: u64,
}

impl BoundedLog {
    /// Begins a log whose first file is `path`, which must not be there yet.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        Self::create_with(path, PART)
    }

    fn create_with(path: &Path, part: u64) -> io::Result<Self> {
        let (newest_path, newer_path) = (path.with_extension("newest.log"), path.with_extension("newer.log"));
        Ok(Self {
            beginning: private_file::create_new(path)?,
            left: Some(part),
            part,
            newest: None,
            newest_path,
            newer_path,
        })
    }

    /// Takes one whole line; `serious` ones are never dropped later.
    pub(super) fn write(&mut self, line: &[u8], serious: bool) -> io::Result<()> {
        let bytes = line.len() as u64;
        if serious {
            return self.beginning.write_all(line);
        }
        if let Some(left) = self.left {
            self.left = left.checked_sub(bytes);
            if self.left.is_some() {
                return self.beginning.write_all(line);
            }
            let note =
                "From here on only warnings and errors; everything else is in debug.newest.log and debug.newer.log.\n";
            self.beginning.write_all(note.as_bytes())?;
        }
        if self.newest.as_ref().is_none_or(|newest| newest.left < bytes) {
            self.begin_part()?;
        }
        let Some(newest) = &mut self.newest else { return Ok(()) };
        newest.left = newest.left.saturating_sub(bytes);
        newest.file.write_all(line)
    }

    fn begin_part(&mut self) -> io::Result<()> {
        // Windows renames no file that is open.
        self.newest = None;
        if self.newest_path.exists() {
            std::fs::rename(&self.newest_path, &self.newer_path)?;
        }
        self.newest = Some(Part { file: private_file::create_new(&self.newest_path)?, left: self.part });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_log_keeps_its_beginning_its_newest_lines_and_all_trouble() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("debug.log");
        let mut log = BoundedLog::create_with(&path, 1000).unwrap();
        for number in 0..1000 {
            log.write(format!("line {number:04}\n").as_bytes(), false).unwrap();
            if number % 100 == 0 {
                log.write(format!("trouble {number:04}\n").as_bytes(), true).unwrap();
            }
        }
        let read = |name: &str| std::fs::read_to_string(scratch.path().join(name)).unwrap();
        let (beginning, newer, newest) = (read("debug.log"), read("debug.newer.log"), read("debug.newest.log"));
        assert!(beginning.starts_with("line 0000\ntrouble 0000\nline 0001\n"));
        assert!(beginning.contains("line 0099\n") && !beginning.contains("line 0100\n"));
        assert_eq!(beginning.matches("trouble").count(), 10);
        assert_eq!(beginning.matches("From here on").count(), 1);
        assert_eq!((newer.lines().next(), newest.lines().last()), (Some("line 0800"), Some("line 0999")));
        assert_eq!((newer.lines().last(), newest.lines().next()), (Some("line 0899"), Some("line 0900")));
        assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 3);
        assert!([newer, newest].iter().all(|part| part.len() <= 1000));
    }
}
