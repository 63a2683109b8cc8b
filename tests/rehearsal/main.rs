//! Whole migrations between two embedded servers, compared message by message with code that shares nothing with the engine.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod arrival;
mod compressed;
mod cuts;
mod gmail;
mod manners;
mod two_lines;

use kimt::domain::{Account, Address, Secret, Security, ServerAddress, SpecialUse};
use kimt::migrate::{MailServer, Observer, Options, Patience, Request, Run, Servers, TargetKind, Verify};
use kimt::progress::{RunKind, RunState, Stamped};
use kimt::rehearsal::{Content, ImapOptions, ImapServer, ImapService, Layout, MailService, MailStore, NewMessage};
use std::sync::Arc;
use std::time::{Duration, Instant};

const ANN: &str = "ann@example.com";

/// A server, and how it is reached.
struct End {
    server: ImapServer,
    port: u16,
    security: Security,
}

impl End {
    fn start(store: Arc<MailStore>, options: ImapOptions, security: Security) -> Self {
        let server = ImapServer::start(store, options).unwrap();
        let service = if security == Security::Tls { ImapService::SecureImap } else { ImapService::Imap };
        let port = server.listen(service, 0).unwrap();
        Self { server, port, security }
    }

    fn address(&self) -> ServerAddress {
        ServerAddress { host: "127.0.0.1".to_owned(), port: Some(self.port) }
    }
}

fn store(layout: Layout) -> Arc<MailStore> {
    let store = MailStore::new(layout);
    store.create_user(&[ANN], "secret").unwrap();
    store
}

/// A folder for a run's state. In memory where that is possible: some tests make thousands of runs, and each waits for the disk.
fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn message(octets: &[u8], flags: &[&str], date: &str) -> NewMessage {
    NewMessage {
        content: Content::octets(octets),
        flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
        date: chrono::DateTime::parse_from_rfc3339(date).unwrap(),
    }
}

/// Everything a mailbox may hold: every flag, old dates, equal messages, odd octets, deep folders, names in other scripts.
fn fill(store: &MailStore) {
    let separator = char::from(store.layout().separator);
    let below = |parts: &[&str]| parts.join(&separator.to_string());
    let prefix = |name: &str| if separator == '.' { format!("INBOX.{name}") } else { name.to_owned() };
    let twice = b"Subject: twice\r\n\r\nTwice.\r\n";
    let inbox = vec![
        message(twice, &["\\Seen", "\\Answered"], "2001-02-03T04:05:06+00:00"),
        message(twice, &["\\Flagged", "$Forwarded"], "2019-12-31T23:59:59-08:00"),
        message(b"no header at all", &[], "1999-01-01T00:00:00+05:45"),
        message(
            b"Subject: \xfc\xff\r\n\r\n\r\n.\r\nbare \r and bare \n and (K9 OK done)\r\n",
            &["\\Draft"],
            "2024-02-29T12:00:00+13:00",
        ),
        message(b"\r\n", &["\\Seen"], "2024-06-07T08:09:10+02:00"),
    ];
    store.add_all(ANN, "INBOX", inbox).unwrap();
    store.add_generated(ANN, "INBOX", 300, 2_000, 1).unwrap();
    store.add_generated(ANN, "INBOX", 1, 3_000_000, 9_000).unwrap();
    for (folder, messages) in [
        (prefix(&below(&["Entwürfe & mehr", "台北", "😀"])), 3),
        (prefix("Sent"), 20),
        (prefix("a \"quoted\" \\ name"), 1),
        (prefix("Empty"), 0),
    ] {
        store.create_folder(ANN, &folder).unwrap();
        store.add_generated(ANN, &folder, messages, 5_000, folder.len() as u64 * 1_000).unwrap();
        store.set_subscribed(ANN, &folder, true).unwrap();
    }
    store.set_special_use(ANN, &prefix("Sent"), Some(SpecialUse::Sent)).unwrap();
}

fn request(kind: RunKind, source: &End, target: &End, folder: &std::path::Path) -> Request {
    let account =
        Account { full_name: "Ann".to_owned(), ..Account::new(1, Address::parse(ANN).unwrap(), Secret::new("secret")) };
    Request::of(
        kind,
        Servers::between(
            MailServer {
                fingerprint: Some(source.server.fingerprint()),
                ..MailServer::at(source.address(), source.security)
            },
            MailServer {
                fingerprint: Some(target.server.fingerprint()),
                ..MailServer::at(target.address(), target.security)
            },
            TargetKind::Imap,
        ),
        vec![account],
        Options {
            jobs: 2,
            verify: Verify::Content,
            repair: false,
            state_folder: folder.join("state"),
            // The embedded servers store nothing after they lost a line.
            patience: Patience { quiet: Duration::from_millis(10), ..Patience::default() },
            second_line_from: 16 << 20,
        },
    )
}

/// Starts a run whose logs stand beside its state folder.
fn start(request: Request, observer: Box<dyn Observer>) -> Run {
    let logs = request.options.state_folder.with_file_name("logs");
    std::fs::create_dir_all(&logs).unwrap();
    kimt::migrate::start(request, logs, observer).unwrap()
}

/// Runs to the end, or fails when that takes a minute. Does not wait long before it tries a server again.
fn run(request: Request) -> RunState {
    let run = start(request, Box::new(|_: &Stamped, _: &RunState| {}));
    let started = Instant::now();
    while !run.is_finished() {
        assert!(started.elapsed() < Duration::from_secs(60), "{:?}", run.state().lock().unwrap());
        run.try_now();
        std::thread::sleep(Duration::from_millis(5));
    }
    run.wait()
}
