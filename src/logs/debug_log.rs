//! debug.log: one logger for the whole program (the `log` crate allows one), whose file changes with each run.
//!
//! simplelog writes the lines; before it stands a filter that takes registered secrets and control characters out of every
//! message, cuts endless ones, and lets other crates say only what went wrong.

use super::secret_filter::SecretFilter;
use crate::domain::{Secret, printable};
use crate::private_file;
use log::{Level, LevelFilter, Log, Metadata, Record};
use simplelog::{ConfigBuilder, WriteLogger};
use std::fs::File;
use std::io::{self, LineWriter, Write};
use std::path::Path;
use std::sync::{LazyLock, Mutex, MutexGuard, Once, PoisonError, RwLock};

/// A message is cut after so many octets; the folder list of one large mailbox must not fill the disk.
const LONGEST: usize = 16 * 1024;

static FILE: Mutex<Option<LineWriter<File>>> = Mutex::new(None);
static SECRETS: LazyLock<RwLock<SecretFilter>> = LazyLock::new(RwLock::default);

/// Sends debug.log to a new file from now on.
pub(super) fn send_to(path: &Path) -> io::Result<()> {
    static LOGGER: Once = Once::new();
    let file = LineWriter::new(private_file::create_new(path)?);
    *open_file() = Some(file);
    LOGGER.call_once(|| {
        let config = ConfigBuilder::new()
            .set_time_format_rfc3339()
            .set_target_level(LevelFilter::Error)
            .set_thread_level(LevelFilter::Error)
            .set_thread_mode(simplelog::ThreadLogMode::Names)
            .set_location_level(LevelFilter::Off)
            .build();
        let lines = WriteLogger::new(LevelFilter::Debug, config, CurrentFile);
        // In a process that has another logger already, such as a test's, that one stays.
        if log::set_boxed_logger(Box::new(Filtered { lines })).is_ok() {
            log::set_max_level(LevelFilter::Debug);
        }
    });
    Ok(())
}

/// See [`super::hide`].
pub(super) fn hide<'a>(secrets: impl IntoIterator<Item = (impl AsRef<str>, &'a Secret)>) {
    let mut filter = SECRETS.write().unwrap_or_else(PoisonError::into_inner);
    for (name, secret) in secrets {
        filter.add(name.as_ref(), secret);
    }
}

/// Sends panics to debug.log, where they are filtered like everything else, and no longer to the terminal. As long as there is
/// no debug.log, they go where they went before. To be called once, when the program starts.
pub fn take_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if open_file().is_none() {
            return before(panic);
        }
        let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        log::error!("panic at {place}: {}", panic.payload_as_str().unwrap_or("(no message)"));
    }));
}

fn open_file() -> MutexGuard<'static, Option<LineWriter<File>>> {
    FILE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The file of the current run, as something simplelog can hold on to. What cannot be written is lost: a full disk under the
/// log must not stop a migration.
struct CurrentFile;

impl Write for CurrentFile {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        if let Some(file) = open_file().as_mut() {
            let _ = file.write_all(octets);
        }
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        open_file().as_mut().map_or(Ok(()), Write::flush)
    }
}

/// Lets only clean messages through.
struct Filtered {
    lines: Box<WriteLogger<CurrentFile>>,
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
        self.lines.log(&Record::builder().metadata(metadata).args(format_args!("{message}")).build());
    }

    fn flush(&self) {
        self.lines.flush();
    }
}

/// Whether a log target is of this program: a module, or the name of a protocol.
fn is_ours(target: &str) -> bool {
    matches!(target, "kimt" | "imap" | "kerio") || target.starts_with("kimt::")
}

fn clean(message: &str) -> String {
    // Secrets go first: cutting or replacing characters could make one unrecognisable, and leave most of it to read.
    let without_secrets = SECRETS.read().unwrap_or_else(PoisonError::into_inner).clean(message).into_owned();
    if without_secrets.len() <= LONGEST {
        return printable(&without_secrets);
    }
    let cut = without_secrets.floor_char_boundary(LONGEST);
    format!("{}… ({} octets)", printable(&without_secrets[..cut]), without_secrets.len())
}
