//! The user's files, all in the background: choosing one in the system's dialog, saving lists, opening a report.

use super::task::Task;
use crate::accounts::SAMPLE;
use crate::migrate;
use crate::private_file;
use egui::Context;
use rfd::{AsyncFileDialog, FileHandle};
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::task::{Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// The outcome of a dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Picked {
    /// A file was chosen.
    File(PathBuf),
    /// None was.
    Cancelled,
    /// The system has no dialog for files.
    NoDialog,
}

/// Nobody cancels a dialog faster than this; a dialog that ended sooner was never shown.
const FASTEST_HAND: Duration = Duration::from_millis(300);

/// Lets the user choose a file of accounts.
pub fn pick(context: &Context, folder: Option<&Path>) -> io::Result<Task<Picked>> {
    let mut dialog = AsyncFileDialog::new()
        .set_title("Load accounts")
        .add_filter("Accounts (CSV)", &["csv", "txt"])
        .add_filter("All files", &["*"]);
    if let Some(folder) = folder {
        dialog = dialog.set_directory(folder);
    }
    // macOS requires the dialog to be made on the window's thread; only the wait is elsewhere.
    ask(context, dialog.pick_file())
}

/// Lets the user choose a certificate with its key.
pub fn pick_certificate(context: &Context) -> io::Result<Task<Picked>> {
    let dialog = AsyncFileDialog::new()
        .set_title("Client certificate")
        .add_filter("Certificates with their keys", &["p12", "pfx"])
        .add_filter("All files", &["*"]);
    ask(context, dialog.pick_file())
}

/// Lets the user choose the key file of a fleet.
pub fn pick_key(context: &Context) -> io::Result<Task<Picked>> {
    ask(context, AsyncFileDialog::new().set_title("Key file of the fleet").pick_file())
}

/// Lets the user choose where to save the sample, and writes it. The error is a sentence.
pub fn save_sample(context: &Context) -> io::Result<Task<Result<Picked, String>>> {
    save(context, ("Save a sample file", "accounts.csv"), SAMPLE.to_owned())
}

/// Lets the user choose where to save a text, in a dialog with this title and file name, and writes it. The error is a sentence.
pub fn save(context: &Context, (title, name): (&str, &str), text: String) -> io::Result<Task<Result<Picked, String>>> {
    let chosen =
        AsyncFileDialog::new().set_title(title).set_file_name(name).add_filter("Accounts (CSV)", &["csv"]).save_file();
    let wake = context.clone();
    Task::start(
        "dialog",
        move || wake.request_repaint(),
        move || {
            let picked = answered(chosen);
            if let Picked::File(path) = &picked {
                std::fs::write(path, &text)
                    .map_err(|error| format!("{} cannot be written: {error}.", path.display()))?;
            }
            Ok(picked)
        },
    )
}

/// Lets the user choose where to save a list of accounts, and writes it so that only this user can read it. Without a dialog, it goes
/// beside the original list, under a free name. The error is a sentence.
pub fn save_list(
    context: &Context,
    beside: PathBuf,
    text: Zeroizing<String>,
) -> io::Result<Task<Result<Picked, String>>> {
    let chosen = AsyncFileDialog::new()
        .set_title("Save the corrected list")
        .set_file_name("accounts-corrected.csv")
        .add_filter("Accounts (CSV)", &["csv"])
        .save_file();
    let wake = context.clone();
    Task::start(
        "dialog",
        move || wake.request_repaint(),
        move || {
            let path = match answered(chosen) {
                Picked::File(path) => path,
                Picked::NoDialog => free_name(&beside),
                Picked::Cancelled => return Ok(Picked::Cancelled),
            };
            private_file::replace(&path, text.as_bytes())
                .map_err(|error| format!("{} cannot be written: {error}.", path.display()))?;
            Ok(Picked::File(path))
        },
    )
}

/// `users-corrected.csv` beside `users.csv`, or `users-corrected-2.csv`.
fn free_name(beside: &Path) -> PathBuf {
    let stem = beside.file_stem().map_or_else(|| "accounts".into(), |stem| stem.to_string_lossy().into_owned());
    let name = |number: u32| match number {
        1 => beside.with_file_name(format!("{stem}-corrected.csv")),
        _ => beside.with_file_name(format!("{stem}-corrected-{number}.csv")),
    };
    (1..).map(name).find(|path| !path.exists()).unwrap_or_else(|| name(1))
}

/// Opens a file or folder in the system's program for it. The error is a sentence with its path, followed by `when` if it does not exist
/// yet: a sentence that says when it will.
pub fn open(context: &Context, path: PathBuf, when: &'static str) -> io::Result<Task<Result<(), String>>> {
    let wake = context.clone();
    Task::start(
        "open",
        move || wake.request_repaint(),
        move || {
            if !path.exists() {
                return Err(format!("{} does not exist yet. {when}", path.display()).trim_end().to_owned());
            }
            open_now(&path).map_err(|error| format!("The system cannot open {}: {error}.", path.display()))
        },
    )
}

/// Writes one of our own pages to a file that only this user can read, and opens it.
pub fn open_page(context: &Context, path: PathBuf, page: fn() -> String) -> io::Result<Task<Result<(), String>>> {
    let wake = context.clone();
    let write = move || {
        path.parent().map_or(Ok(()), private_file::create_folder)?;
        private_file::replace(&path, page().as_bytes()).map(|()| path)
    };
    Task::start(
        "open",
        move || wake.request_repaint(),
        move || {
            let path = write().map_err(|error| format!("The guide cannot be written: {error}."))?;
            open_now(&path).map_err(|error| format!("The system cannot open {}: {error}.", path.display()))
        },
    )
}

/// The opened program inherits our environment. `opener` would pass on any passwords in it, so in that case the system's own opener is
/// started without them.
fn open_now(path: &Path) -> Result<(), String> {
    if migrate::password_variables().is_empty() {
        return opener::open(path).map_err(|error| error.to_string());
    }
    let mut command = Command::new(SYSTEMS_OPENER);
    command.arg(path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    migrate::withhold_passwords(&mut command);
    let mut child = command.spawn().map_err(|error| format!("{SYSTEMS_OPENER}: {error}"))?;
    // It may run as long as the program it opened; on Windows its exit status means nothing.
    std::thread::Builder::new()
        .name("opened".to_owned())
        .spawn(move || child.wait())
        .map(drop)
        .map_err(|error| error.to_string())
}

const SYSTEMS_OPENER: &str = if cfg!(windows) {
    "explorer"
} else if cfg!(target_os = "macos") {
    "/usr/bin/open"
} else {
    "xdg-open"
};

fn ask(
    context: &Context,
    chosen: impl Future<Output = Option<FileHandle>> + Send + 'static,
) -> io::Result<Task<Picked>> {
    let wake = context.clone();
    Task::start("dialog", move || wake.request_repaint(), move || answered(chosen))
}

fn answered(chosen: impl Future<Output = Option<FileHandle>>) -> Picked {
    let asked = Instant::now();
    match wait_for(chosen) {
        Some(file) => Picked::File(file.path().to_owned()),
        None if asked.elapsed() < FASTEST_HAND => Picked::NoDialog,
        None => Picked::Cancelled,
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits on this thread for one answer.
fn wait_for<T>(answer: impl Future<Output = T>) -> T {
    let mut answer = pin!(answer);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = std::task::Context::from_waker(&waker);
    loop {
        match answer.as_mut().poll(&mut context) {
            Poll::Ready(done) => return done,
            Poll::Pending => std::thread::park(),
        }
    }
}
