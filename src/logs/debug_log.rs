//! debug.log: one logger for the whole program (the `log` crate allows only one), with a new file for each run.
//!
//! simplelog writes the lines. A filter before it removes registered secrets and control characters, cuts long messages, and drops
//! everything but warnings and errors from other crates.

use super::bounded::BoundedLog;
use crate::domain::{printable, without_secrets};
use log::{Level, LevelFilter, Log, Metadata, Record};
use simplelog::{ConfigBuilder, WriteLogger};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

/// A message is cut after this many bytes, so that the folder list of a large mailbox cannot fill the disk.
const LONGEST: usize = 16 * 1024;

static LOG: Mutex<Option<BoundedLog>> = Mutex::new(None);

/// Sends debug.log to a new file from now on.
pub(super) fn send_to(path: &Path) -> io::Result<()> {
    static LOGGER: Once = Once::new();
    *current() = Some(BoundedLog::create(path)?);
    LOGGER.call_once(|| {
        let config = ConfigBuilder::new()
            .set_time_format_rfc3339()
            .set_target_level(LevelFilter::Error)
            .set_thread_level(LevelFilter::Error)
            .set_thread_mode(simplelog::ThreadLogMode::Names)
            .set_location_level(LevelFilter::Off)
            .build();
        let lines =
            |serious| WriteLogger::new(LevelFilter::Debug, config.clone(), CurrentLog { serious, line: Vec::new() });
        // If the process already has another logger, such as a test's, that one stays.
        if log::set_boxed_logger(Box::new(Filtered { trouble: lines(true), talk: lines(false) })).is_ok() {
            log::set_max_level(LevelFilter::Debug);
        }
    });
    Ok(())
}

/// Sends panics to debug.log, filtered, and no longer to the terminal; while there is no debug.log, they go where they went before. Call it
/// once, when the program starts.
pub fn take_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if current().is_none() {
            return before(panic);
        }
        let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        log::error!("panic at {place}: {}", panic.payload_as_str().unwrap_or("(no message)"));
    }));
}

fn current() -> MutexGuard<'static, Option<BoundedLog>> {
    LOG.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The current run's log as a writer for simplelog. Two writers share the log, so each passes on whole lines. Write errors are ignored: a
/// full disk under the log must not stop a migration.
struct CurrentLog {
    serious: bool,
    /// The line so far.
    line: Vec<u8>,
}

impl Write for CurrentLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(bytes);
        if self.line.ends_with(b"\n") {
            if let Some(log) = current().as_mut() {
                let _ = log.write(&self.line, self.serious);
            }
            self.line.clear();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Removes secrets and control characters from messages.
struct Filtered {
    trouble: Box<WriteLogger<CurrentLog>>,
    talk: Box<WriteLogger<CurrentLog>>,
}

impl Log for Filtered {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= if is_ours(metadata.target()) { Level::Debug } else { Level::Warn }
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let message = clean(&record.args().to_string());
        let metadata = record.metadata().clone();
        let lines = if metadata.level() <= Level::Warn { &self.trouble } else { &self.talk };
        lines.log(&Record::builder().metadata(metadata).args(format_args!("{message}")).build());
    }

    fn flush(&self) {
        self.trouble.flush();
        self.talk.flush();
    }
}

/// Whether a log target is ours: a module, or the name of a protocol.
fn is_ours(target: &str) -> bool {
    matches!(target, "kimt" | "imap" | "kerio" | "dav") || target.starts_with("kimt::")
}

fn clean(message: &str) -> String {
    // Secrets go first: cutting or replacing characters could disguise a secret and leave most of it readable.
    let without_secrets = without_secrets(message);
    if without_secrets.len() <= LONGEST {
        return printable(&without_secrets);
    }
    let cut = without_secrets.floor_char_boundary(LONGEST);
    format!("{}… ({} bytes)", printable(&without_secrets[..cut]), without_secrets.len())
}
