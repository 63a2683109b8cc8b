//! Two embedded IMAP servers, a CSV, folders of its own, and the program to run on them.

use kimt::rehearsal::{
    Action, ImapOptions, ImapServer, ImapService, Layout, MailService, MailStore, Moment, Profile, Step,
};
use serde_json::Value;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Long enough for the slowest machine, short enough to end a test that hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// A server with its TLS port.
pub struct Server {
    pub imap: Arc<ImapServer>,
    pub port: u16,
}

impl Server {
    pub fn start() -> Self {
        Self::start_with(ImapOptions::new(Profile::Typical), Layout::SLASH)
    }

    pub fn start_with(options: ImapOptions, layout: Layout) -> Self {
        let imap = Arc::new(ImapServer::start(MailStore::new(layout), options).unwrap());
        let port = imap.listen(ImapService::SecureImap, 0).unwrap();
        Self { imap, port }
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn fingerprint(&self) -> String {
        self.imap.fingerprint().to_string()
    }

    pub fn store(&self) -> &MailStore {
        self.imap.store()
    }

    pub fn messages(&self, user: &str) -> usize {
        self.store().snapshot(user).map_or(0, |snapshot| snapshot.messages())
    }

    /// Lets every APPEND take this long.
    pub fn slow_down(&self, delay: Duration) {
        self.imap.set_faults(Some(Arc::new(move |step: &Step<'_>| match step.moment {
            Moment::Received { command: "APPEND" } => Action::Delay(delay),
            _ => Action::Proceed,
        })));
    }

    pub fn hurry(&self) {
        self.imap.set_faults(None);
    }

    /// Lets so many APPENDs through; the others wait until the gate says so. So a test meets a run in the middle on any machine, however fast.
    pub fn hold_after(&self, messages: usize) -> Arc<Gate> {
        self.hold(messages, |_| true)
    }

    /// The same for those steps only.
    pub fn hold(&self, messages: usize, these: impl Fn(&Step<'_>) -> bool + Send + Sync + 'static) -> Arc<Gate> {
        let gate = Arc::new(Gate::new(messages));
        let held = gate.clone();
        self.imap.set_faults(Some(Arc::new(move |step: &Step<'_>| {
            if matches!(step.moment, Moment::Received { command: "APPEND" }) && these(step) {
                held.pass();
            }
            Action::Proceed
        })));
        gate
    }

    /// Lets the server send so many bytes; it holds the rest until the gate says so. So a run has not yet read everything when a test meets it.
    pub fn hold_after_sending(&self, bytes: usize) -> Arc<Gate> {
        let gate = Arc::new(Gate::new(bytes));
        let held = gate.clone();
        self.imap.set_faults(Some(Arc::new(move |step: &Step<'_>| {
            if let Moment::Sending { bytes } = step.moment {
                held.pass_with(bytes);
            }
            Action::Proceed
        })));
        gate
    }
}

/// What a server does not store or send before a test lets it.
pub struct Gate {
    room: Mutex<usize>,
    changed: Condvar,
}

impl Gate {
    pub fn new(room: usize) -> Self {
        Self { room: Mutex::new(room), changed: Condvar::new() }
    }

    /// Lets so many more messages or bytes through.
    pub fn allow(&self, more: usize) {
        let mut room = self.room.lock().unwrap();
        *room = room.saturating_add(more);
        self.changed.notify_all();
    }

    /// Lets everything through from now on.
    pub fn open(&self) {
        self.allow(usize::MAX);
    }

    /// Holds what comes from now on.
    pub fn close(&self) {
        *self.room.lock().unwrap() = 0;
    }

    /// Waits for its turn.
    pub fn pass(&self) {
        self.pass_with(1);
    }

    /// Waits until any room is left, and takes so much of it. After a test that failed, everything passes: its servers have to end.
    fn pass_with(&self, taken: usize) {
        let room = self.room.lock().unwrap();
        let (mut room, waited) = self.changed.wait_timeout_while(room, PATIENCE, |room| *room == 0).unwrap();
        if waited.timed_out() {
            *room = usize::MAX;
            self.changed.notify_all();
        } else if *room != usize::MAX {
            *room = room.saturating_sub(taken);
        }
    }
}

/// Everything a run needs.
pub struct Stage {
    pub source: Server,
    pub target: Server,
    pub folder: TempDir,
    pub accounts: Vec<(String, String)>,
}

impl Stage {
    /// `count` accounts on both servers, each with `messages` messages in INBOX and as many in a folder below another.
    pub fn new(accounts: u32, messages: u32) -> Self {
        let stage = Self {
            source: Server::start(),
            target: Server::start(),
            folder: tempfile::tempdir().unwrap(),
            accounts: (1..=accounts)
                .map(|number| (format!("user{number}@example.com"), format!("Wort-{number}-\u{fc}ber;geheim")))
                .collect(),
        };
        for (number, (address, password)) in stage.accounts.iter().enumerate() {
            stage.source.store().create_user(&[address], password).unwrap();
            stage.target.store().create_user(&[address], password).unwrap();
            let seed = number as u64 * 100_000;
            stage.source.store().create_folder(address, "Projekte/Gr\u{fc}n").unwrap();
            stage.source.store().add_generated(address, "INBOX", messages, 2000, seed).unwrap();
            stage.source.store().add_generated(address, "Projekte/Gr\u{fc}n", messages, 500, seed + 50_000).unwrap();
        }
        stage.write_csv(&stage.csv());
        stage
    }

    pub fn user(&self, number: usize) -> &str {
        &self.accounts[number - 1].0
    }

    /// The accounts as a CSV; passwords are in quotes, as they have a semicolon.
    pub fn csv(&self) -> String {
        self.accounts.iter().map(|(address, password)| format!("{address};\"{password}\";\n")).collect()
    }

    pub fn csv_path(&self) -> PathBuf {
        self.folder.path().join("accounts.csv")
    }

    pub fn write_csv(&self, text: &str) {
        std::fs::write(self.csv_path(), text).unwrap();
    }

    pub fn logs(&self) -> PathBuf {
        self.folder.path().join("logs")
    }

    /// The options that name and trust both servers.
    pub fn servers(&self) -> Vec<String> {
        let mut options = self.servers_untrusted();
        options.extend(["--source-fingerprint".to_owned(), self.source.fingerprint()]);
        options.extend(["--target-fingerprint".to_owned(), self.target.fingerprint()]);
        options
    }

    pub fn servers_untrusted(&self) -> Vec<String> {
        let (source, target) = (self.source.address(), self.target.address());
        ["--source", &source, "--target", &target, "--target-kind", "imap"].map(str::to_owned).to_vec()
    }

    /// The command on these servers and this CSV.
    pub fn command(&self, command: &str, more: &[&str]) -> Command {
        let mut program = self.bare(command);
        program.args(self.servers()).arg("--accounts").arg(self.csv_path()).args(more);
        program
    }

    /// The command with this stage's folders and nothing else.
    pub fn bare(&self, command: &str) -> Command {
        let mut program = kimt();
        program.arg(command).arg("--state-dir").arg(self.folder.path().join("state"));
        if command != "restore-port" {
            program.arg("--log-dir").arg(self.logs());
        }
        program.env("HOME", self.folder.path());
        program
    }

    pub fn run(&self, command: &str, more: &[&str]) -> Outcome {
        finish(&mut self.command(command, more))
    }

    /// Messages on the source, of all accounts.
    pub fn source_messages(&self) -> usize {
        self.accounts.iter().map(|(user, _)| self.source.messages(user)).sum()
    }

    /// Whether every folder of the source is on the target with the same messages, and nothing else.
    pub fn assert_equal(&self) {
        for (address, _) in &self.accounts {
            self.assert_user_equal(address);
        }
    }

    pub fn assert_user_equal(&self, user: &str) {
        let source = self.source.store().snapshot(user).unwrap();
        let target = self.target.store().snapshot(user).unwrap();
        for (name, folder) in &source.folders {
            let arrived = target.folders.get(name).unwrap_or_else(|| panic!("{user}: {name:?} is missing"));
            assert_eq!(folder.messages.len(), arrived.messages.len(), "{user}: {name:?}");
            assert!(folder.contents() == arrived.contents(), "{user}: {name:?} differs");
        }
        assert_eq!(source.messages(), target.messages(), "{user}");
    }
}

/// How a run of the program ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// The last line of standard output as JSON.
    pub fn summary(&self) -> Value {
        let last = self.stdout.lines().last().unwrap_or_else(|| panic!("no output: {self:?}"));
        serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {last}"))
    }

    /// `copied`, `already_there`, `failed` of the summary.
    pub fn messages(&self) -> [u64; 3] {
        let summary = self.summary();
        ["copied", "already_there", "failed"].map(|name| summary["messages"][name].as_u64().unwrap())
    }

    /// `ok`, `incomplete`, `failed`, `not_started` of the summary.
    pub fn accounts(&self) -> [u64; 4] {
        let summary = self.summary();
        ["ok", "incomplete", "failed", "not_started"].map(|name| summary["accounts"][name].as_u64().unwrap())
    }
}

/// The program without anything of this process's environment that it would listen to.
pub fn kimt() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_kimt"));
    for variable in
        ["KIMT_ADMIN_PASSWORD", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "DISPLAY", "WAYLAND_DISPLAY"]
    {
        program.env_remove(variable);
    }
    program.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    program
}

pub fn finish(program: &mut Command) -> Outcome {
    outcome(&program.output().unwrap())
}

fn outcome(output: &Output) -> Outcome {
    Outcome {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout.clone()).unwrap(),
        stderr: String::from_utf8(output.stderr.clone()).unwrap(),
    }
}

/// A program that runs beside the test. A test that fails ends it.
pub struct Running(Option<Child>);

impl Running {
    pub fn start(program: &mut Command) -> Self {
        Self(Some(program.spawn().unwrap()))
    }

    pub fn child(&mut self) -> &mut Child {
        self.0.as_mut().unwrap()
    }

    /// The same, whose standard output goes into a file, where a test reads it while the program runs.
    pub fn start_into(program: &mut Command, file: &std::path::Path) -> Self {
        Self::start(program.stdout(std::fs::File::create(file).unwrap()))
    }

    /// Reads what it says until it ends.
    pub fn finish(mut self) -> Outcome {
        outcome(&self.0.take().unwrap().wait_with_output().unwrap())
    }

    /// Waits for the end of a program whose output nobody reads.
    pub fn end(mut self) -> ExitStatus {
        let mut status = None;
        until("the program ends", || {
            status = self.child().try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }

    /// Sends a signal as `kill` does.
    #[cfg(unix)]
    pub fn signal(&mut self, signal: &str) {
        let sent = Command::new("kill").arg(signal).arg(self.child().id().to_string()).status().unwrap();
        assert!(sent.success());
    }

    /// Ends it as a power cut would.
    #[cfg(unix)]
    pub fn cut_off(mut self) {
        self.child().kill().unwrap();
        self.end();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Waits until something is so.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
