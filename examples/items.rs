//! How fast items move, and in how much memory: 5,000 events and 5,000 contacts into a real Radicale, beside plain PUTs of the same items
//! over one connection at a time; then a calendar of 100,000 events, compared, listed again, and asked for its changes; and an event with an
//! attachment of 50 MB.
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

use clap::Parser;
use kimt::domain::Secret;
use kimt::rehearsal::dav::{DavStandIn, DavTokens};
use kimt::rehearsal::{ImapOptions, ImapServer, ImapService, Layout, MailService, MailStore, Profile};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::dav::{DavClient, DavServer};

const ANN: &str = "ann@example.com";
const PASSWORD: &str = "Correct-Horse-9";

/// Measures items.
#[derive(Parser)]
struct Arguments {
    /// Events, and as many contacts, that go into Radicale; 0 leaves it out.
    #[arg(long, default_value_t = 5000)]
    items: usize,
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
    let items = arguments.items;
    if items > 0 {
        beside_plain_puts(items, &arguments.kimt);
    }

    let (source, target) = (stand_in(), stand_in());
    for number in 0..arguments.large {
        source.add(ANN, "Calendar", &format!("{number}.ics"), &event(number));
        target.add(ANN, "Calendar", &format!("old-{number}.ics"), &event(number));
    }
    source.change(|it| it.tokens = DavTokens::Sync);
    let bench = Bench::new(&arguments.kimt);
    for (number, what) in
        ["compared with the target's", "one more, listed", "one more, by the token"].into_iter().enumerate()
    {
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

/// Plain PUTs of the same items into one Radicale, and the program into another.
fn beside_plain_puts(items: usize, kimt: &Path) {
    let radicale = || {
        let server = DavServer::radicale(&[ANN], PASSWORD);
        let client = DavClient::new(server.port, ANN, PASSWORD);
        client.make_calendar(&format!("/{ANN}/calendar/"), "Calendar", "VEVENT");
        client.make_address_book(&format!("/{ANN}/contacts/"), "Contacts");
        (server, client)
    };

    let (plain, client) = radicale();
    let begun = Instant::now();
    for number in 0..items {
        client.put(&format!("/{ANN}/calendar/{number}.ics"), "text/calendar; charset=utf-8", &event(number));
        client.put(&format!("/{ANN}/contacts/{number}.vcf"), "text/vcard; charset=utf-8", &card(number));
    }
    let floor = begun.elapsed();
    assert_eq!(plain.stored_items(), 2 * items);
    println!("plain PUTs of {items} events and {items} contacts: {:.1} s", floor.as_secs_f32());

    let (target, _) = radicale();
    let source = stand_in();
    for number in 0..items {
        source.add(ANN, "Calendar", &format!("{number}.ics"), &event(number));
        source.add(ANN, "Contacts", &format!("{number}.vcf"), &card(number));
    }
    let bench = Bench::new(kimt);
    let first = bench.run(source.port(), target.port);
    assert_eq!(target.stored_items(), 2 * items);
    let ratio = first.took.as_secs_f32() / floor.as_secs_f32();
    println!(
        "kimt, stored, read back and compared: {:.1} s, {ratio:.2} times, {} MB",
        first.took.as_secs_f32(),
        first.memory
    );
    let before = source.requests().len();
    let second = bench.run(source.port(), target.port);
    let asked = source.requests().len() - before;
    println!("second run: {:.1} s, {asked} requests to the source, {} MB", second.took.as_secs_f32(), second.memory);
}
