//! The files of debug.log: its beginning, its newest lines, and every warning and error. Apart from those, its size is bounded.
//!
//! `debug.log` holds the first lines, then only the warnings and errors of the rest of the run. Other lines continue in `debug.newest.log`;
//! when that is full, it replaces `debug.newer.log`, and a new one begins.

use crate::private_file;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The size limit of each of the three files, in bytes; the first holds warnings and errors beyond it.
const PART: u64 = 32 << 20;

/// The log of one run.
pub(super) struct BoundedLog {
    beginning: File,
    /// Bytes that still fit into the beginning; none after the first line that did not fit.
    left: Option<u64>,
    part: u64,
    newest: Option<Part>,
    newest_path: PathBuf,
    newer_path: PathBuf,
}

/// A file, and the bytes that still fit into it.
struct Part {
    file: File,
    left: u64,
}

impl BoundedLog {
    /// Begins a log whose first file is `path`, which must not exist yet.
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

    /// Writes one whole line; a `serious` one is never dropped later.
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
        // Windows does not rename an open file.
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
