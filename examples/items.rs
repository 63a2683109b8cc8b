//! How fast items move, and in how much memory: events and contacts into a real server, beside plain PUTs of the same items; then a
//! calendar of 100,000 events, compared, and listed again; and an event with an attachment of 50 MB.
//!
//! The plain PUTs are the floor: as many connections as the program stores over, which is one for an account, kept open as long as the
//! server keeps it, one request after another as fast as the answers come, nothing looked for before and nothing read back.
//!
//! - Radicale closes each connection after its answer, and compares the UID of each new item with those of all others in its collection,
//!   so that its time grows with the square of their number: 5,000 of each take it most of an hour. The time of single PUTs is printed.
//! - Cyrus keeps connections and its own index.
//!
//! `cargo build --release && cargo run --release --example items -- --help`

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a program for developers, that ends at a fault"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Parser;
use kimt::domain::Secret;
use kimt::rehearsal::dav::DavStandIn;
use kimt::rehearsal::{ImapOptions, ImapServer, ImapService, Layout, MailService, MailStore, Profile};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::cyrus::Cyrus;
use support::dav::{DavClient, DavServer};
use support::relay::Relay;

const ANN: &str = "ann@example.com";
const PASSWORD: &str = "Correct-Horse-9";

/// Measures items.
#[derive(Parser)]
struct Arguments {
    /// Events, and as many contacts, that go into the server; 0 leaves it out.
    #[arg(long, default_value_t = 1000)]
    items: usize,
    /// The server that they go into.
    #[arg(long, value_enum, default_value_t = RealServer::Radicale)]
    server: RealServer,
    /// Measure nothing else.
    #[arg(long)]
    only_items: bool,
    /// Events of the large calendar.
    #[arg(long, default_value_t = 100_000)]
    large: usize,
    /// Megabytes of the attachment.
    #[arg(long, default_value_t = 50)]
    attachment: usize,
    /// The program to measure.
    #[arg(long, default_value = "target/release/kimt")]
    kimt: PathBuf,
}

/// A real server.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum RealServer {
    Radicale,
    Cyrus,
}

fn event(number: usize) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//bench//EN\r\nBEGIN:VEVENT\r\nUID:event-{number}@example.com\r\nDTSTAMP:20240101T000000Z\r\nDTSTART:2024{:02}{:02}T100000Z\r\nDTEND:2024{:02}{:02}T110000Z\r\nSUMMARY:Event {number}\r\nDESCRIPTION:{}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        number % 12 + 1,
        number % 28 + 1,
        number % 12 + 1,
        number % 28 + 1,
        "Some words about it. ".repeat(number % 20)
    )
}

fn card(number: usize) -> String {
    format!(
        "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:card-{number}@example.com\r\nFN:Person {number}\r\nN:{number};Person;;;\r\nTEL;TYPE=WORK:+49 30 {number}\r\nEMAIL:person{number}@example.com\r\nEND:VCARD\r\n"
    )
}

/// How a run of the program went.
struct Ran {
    took: Duration,
    /// The most memory it had, in megabytes.
    memory: u64,
}

/// Two mailboxes without mail and the program between two calendar servers.
struct Bench {
    servers: Vec<(ImapServer, u16)>,
    folder: tempfile::TempDir,
    kimt: PathBuf,
}

impl Bench {
    fn new(kimt: &Path) -> Self {
        let server = |_| {
            let store = MailStore::new(Layout::SLASH);
            store.create_user(&[ANN], PASSWORD).unwrap();
            let server = ImapServer::start(store, ImapOptions::new(Profile::Typical)).unwrap();
            let port = server.listen(ImapService::Imap, 0).unwrap();
            (server, port)
        };
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("accounts.csv"), format!("{ANN};{PASSWORD}\n")).unwrap();
        Self { servers: (0..2).map(server).collect(), folder, kimt: kimt.to_path_buf() }
    }

    fn run(&self, source: u16, target: u16) -> Ran {
        let at = |name: &str| self.folder.path().join(name).display().to_string();
        let begun = Instant::now();
        let mut program = Command::new(&self.kimt)
            .args(["migrate", "--source-security=plain", "--target-security=plain", "--target-kind=imap"])
            .args([
                format!("--source=127.0.0.1:{}", self.servers[0].1),
                format!("--target=127.0.0.1:{}", self.servers[1].1),
            ])
            .args([
                format!("--source-dav=http://127.0.0.1:{source}/"),
                format!("--target-dav=http://127.0.0.1:{target}/"),
            ])
            .args(["--groupware=dav".to_owned(), format!("--accounts={}", at("accounts.csv"))])
            .args([format!("--state-dir={}", at("state")), format!("--log-dir={}", at("logs"))])
            .env("HOME", self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut memory = 0;
        let status = loop {
            let said = std::fs::read_to_string(format!("/proc/{}/status", program.id())).unwrap_or_default();
            let peak =
                said.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok());
            memory = memory.max(peak.unwrap_or(0));
            if let Some(status) = program.try_wait().unwrap() {
                break status;
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        assert!(status.success(), "the run failed: see {}", self.folder.path().display());
        Ran { took: begun.elapsed(), memory: memory >> 10 }
    }
}

fn stand_in() -> DavStandIn {
    let server = DavStandIn::start(0, None).unwrap();
    server.create_user(ANN, &Secret::new(PASSWORD));
    server
}

fn main() {
    let arguments = Arguments::parse();
    if arguments.items > 0 {
        beside_plain_puts(&arguments);
    }
    if arguments.only_items {
        return;
    }

    let (source, target) = (stand_in(), stand_in());
    for number in 0..arguments.large {
        source.add(ANN, "Calendar", &format!("{number}.ics"), &event(number));
        target.add(ANN, "Calendar", &format!("old-{number}.ics"), &event(number));
    }
    let bench = Bench::new(&arguments.kimt);
    for (number, what) in ["compared with the target's", "one more"].into_iter().enumerate() {
        let before = source.requests().len();
        let ran = bench.run(source.port(), target.port());
        println!(
            "{} events, {what}: {:.1} s, {} requests to the source, {} MB",
            arguments.large,
            ran.took.as_secs_f32(),
            source.requests().len() - before,
            ran.memory
        );
        source.add(ANN, "Calendar", &format!("new-{number}.ics"), &event(arguments.large + number));
    }

    let (source, target) = (stand_in(), stand_in());
    let attached = "SGVsbG8h".repeat(arguments.attachment * (1 << 20) / 6);
    let text = event(0).replace("END:VEVENT", &format!("ATTACH;ENCODING=BASE64;VALUE=BINARY:{attached}\r\nEND:VEVENT"));
    source.add(ANN, "Calendar", "large.ics", &text);
    let ran = Bench::new(&arguments.kimt).run(source.port(), target.port());
    println!("an attachment of {} MB: {:.1} s, {} MB", arguments.attachment, ran.took.as_secs_f32(), ran.memory);
}

/// A running server with an empty account, and where its calendar and its address book are.
struct Empty {
    port: u16,
    calendar: String,
    book: String,
    /// Keeps it running.
    _server: Box<dyn std::any::Any>,
}

fn empty(server: RealServer) -> Empty {
    match server {
        RealServer::Radicale => {
            let server = DavServer::radicale(&[ANN], PASSWORD);
            let (calendar, book) = (format!("/{ANN}/calendar/"), format!("/{ANN}/contacts/"));
            let client = DavClient::new(server.port, ANN, PASSWORD);
            client.make_calendar(&calendar, "Calendar", "VEVENT");
            client.make_address_book(&book, "Contacts");
            Empty { port: server.port, calendar, book, _server: Box::new(server) }
        }
        RealServer::Cyrus => {
            let server = Cyrus::start();
            server.add_user_with_mailbox(ANN, PASSWORD);
            let (calendars, books) = (format!("/dav/calendars/user/{ANN}/"), format!("/dav/addressbooks/user/{ANN}/"));
            let client = DavClient::new(server.dav_port, ANN, PASSWORD);
            for home in [&calendars, &books] {
                client.send("PROPFIND", home, &[("Depth", "0")], "");
            }
            let (calendar, book) = (format!("{calendars}Default/"), format!("{books}Default/"));
            Empty { port: server.dav_port, calendar, book, _server: Box::new(server) }
        }
    }
}

/// A connection that does nothing but store, kept open as long as the server keeps it.
struct PlainPuts {
    port: u16,
    authorization: String,
    open: Option<BufReader<TcpStream>>,
    connections: usize,
}

impl PlainPuts {
    fn new(port: u16) -> Self {
        let authorization = format!("Basic {}", STANDARD.encode(format!("{ANN}:{PASSWORD}")));
        Self { port, authorization, open: None, connections: 0 }
    }

    fn put(&mut self, path: &str, content_type: &str, body: &str) {
        let mut stream = self.open.take().unwrap_or_else(|| {
            let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
            stream.set_nodelay(true).unwrap();
            self.connections += 1;
            BufReader::new(stream)
        });
        let request = format!(
            "PUT {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: {}\r\nContent-Type: {content_type}; charset=utf-8\r\nIf-None-Match: *\r\nContent-Length: {}\r\n\r\n{body}",
            self.port,
            self.authorization,
            body.len()
        );
        stream.get_mut().write_all(request.as_bytes()).unwrap();
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).unwrap();
            match line.trim_end() {
                "" => break,
                line => head.push(line.to_ascii_lowercase()),
            }
        }
        assert!(head[0].contains(" 20"), "PUT {path}: {}", head[0]);
        let length = head.iter().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<u64>().ok());
        let is_kept = head[0].starts_with("http/1.1") && !head.iter().any(|line| line == "connection: close");
        let has_body = !head[0].contains(" 204");
        std::io::copy(&mut (&mut stream).take(length.unwrap_or_default()), &mut std::io::sink()).unwrap();
        self.open = (is_kept && (length.is_some() || !has_body)).then_some(stream);
    }
}

/// Plain PUTs into one server, and the program into another of the kind.
fn beside_plain_puts(arguments: &Arguments) {
    let (items, server) = (arguments.items, arguments.server);
    let plain = empty(server);
    let mut puts = PlainPuts::new(plain.port);
    let (begun, mut times) = (Instant::now(), Vec::new());
    for number in 0..items {
        let before = Instant::now();
        puts.put(&format!("{}{number}.ics", plain.calendar), "text/calendar", &event(number));
        times.push(before.elapsed());
    }
    for number in 0..items {
        puts.put(&format!("{}{number}.vcf", plain.book), "text/vcard", &card(number));
    }
    let floor = begun.elapsed();
    let usual = |times: &[Duration]| times.iter().sum::<Duration>().as_secs_f32() * 1000.0 / times.len().max(1) as f32;
    let some = items.min(50);
    println!(
        "plain PUTs of {items} events and {items} contacts, {} connections one after another: {:.1} s; the first events took {:.1} ms each, the last {:.1} ms",
        puts.connections,
        floor.as_secs_f32(),
        usual(&times[..some]),
        usual(&times[items - some..])
    );

    let target = empty(server);
    let source = stand_in();
    for number in 0..items {
        source.add(ANN, "Calendar", &format!("{number}.ics"), &event(number));
        source.add(ANN, "Contacts", &format!("{number}.vcf"), &card(number));
    }
    let bench = Bench::new(&arguments.kimt);
    let first = bench.run(source.port(), target.port);
    let ratio = first.took.as_secs_f32() / floor.as_secs_f32();
    println!(
        "kimt, stored, read back and compared: {:.1} s, {ratio:.2} times, {} MB",
        first.took.as_secs_f32(),
        first.memory
    );
    let before = source.requests().len();
    let relay = Relay::before(target.port);
    let second = bench.run(source.port(), relay.port());
    let asked = source.requests().split_off(before);
    let of = |end: &str| asked.iter().filter(|(_, path)| path.ends_with(end)).count();
    println!(
        "second run: {:.1} s, {} requests to the source ({} about the calendar, {} about the address book), {} to the target, {} MB",
        second.took.as_secs_f32(),
        asked.len(),
        of("/calendar/"),
        of("/addressbook/"),
        relay.take().matches(" HTTP/1.1\r\n").count(),
        second.memory
    );
}
