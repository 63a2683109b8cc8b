//! The program itself between two Dovecots, the second behind the stand-in for Kerio Connect's administration: twenty mailboxes, the
//! program killed in the middle, and started again.

use crate::support::comparison::{Differences, compare};
use crate::support::corpus;
use crate::support::dovecot::{Dovecot, DovecotSettings, Storage};
use crate::support::forwarder::DovecotStore;
use crate::support::imap_client::{ImapClient, Path};
use crate::support::process::free_port;
use kimt::rehearsal::ImapService;
use kimt::rehearsal::administration::{AdministrationStandIn, StandInOptions};
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

const MAILBOXES: usize = 20;
const PASSWORD: &str = "Correct-Horse-9";

/// Messages of each mailbox: few in every test run, or as many as `KIMT_TEST_MESSAGES` says.
fn messages() -> usize {
    std::env::var("KIMT_TEST_MESSAGES").ok().and_then(|number| number.parse().ok()).unwrap_or(50)
}

fn address(number: usize) -> String {
    format!("user{number}@{}", if number.is_multiple_of(2) { "example.com" } else { "new.example" })
}

struct World {
    source: Dovecot,
    store: Arc<DovecotStore>,
    administration: AdministrationStandIn,
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let settings = DovecotSettings { storage: Storage::Sdbox, ..DovecotSettings::default() };
        let source = Dovecot::start(&settings);
        let store = Arc::new(DovecotStore::new(Dovecot::start(&settings)));
        let administration = AdministrationStandIn::start(store.clone(), StandInOptions::usual().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut accounts = String::new();
        for number in 0..MAILBOXES {
            source.add_user(&address(number), PASSWORD);
            ImapClient::sign_in(source.port, &address(number), PASSWORD).fill(&corpus::ordinary(messages()));
            accounts.push_str(&format!("{};{PASSWORD};Person {number}\n", address(number)));
        }
        std::fs::write(folder.path().join("accounts.csv"), accounts).unwrap();
        std::fs::write(folder.path().join("source.pem"), &source.certificate.authority).unwrap();
        std::fs::write(folder.path().join("target.pem"), &store.dovecot.certificate.authority).unwrap();
        Self { source, store, administration, folder }
    }

    /// The program, about to migrate over another port of the secure service.
    fn program(&self, port: u16) -> Command {
        let path = self.folder.path();
        let mut command = Command::new(env!("CARGO_BIN_EXE_kimt"));
        command
            .args(["migrate", "--json", "--admin-user", "admin"])
            .args(["--source", &format!("localhost:{}", self.source.tls_port)])
            .args(["--target", &format!("localhost:{port}")])
            .args(["--admin-url", &format!("https://127.0.0.1:{}", self.administration.port())])
            .args(["--admin-fingerprint", &self.administration.fingerprint().to_string()])
            .arg("--accounts")
            .arg(path.join("accounts.csv"))
            .arg("--ca-file")
            .arg(path.join("source.pem"))
            .arg("--ca-file")
            .arg(path.join("target.pem"))
            .arg("--state-dir")
            .arg(path.join("state"))
            .arg("--log-dir")
            .arg(path.join("logs"))
            .env("KIMT_ADMIN_PASSWORD", "administrator")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn differences(&self, number: usize, planned: &BTreeMap<Path, Path>) -> Differences {
        let read = |dovecot: &Dovecot| ImapClient::sign_in(dovecot.port, &address(number), PASSWORD).read_all();
        compare(&read(&self.source), &read(&self.store.dovecot), |path| planned.get(path).cloned())
    }
}

/// Where the program says that the folders of an account go.
fn planned(events: &[Value], number: usize) -> BTreeMap<Path, Path> {
    let event = events.iter().find(|event| event["event"] == "folders_planned" && event["account"] == number).unwrap();
    let path = |parts: &Value| parts.as_array().unwrap().iter().map(|part| part.as_str().unwrap().to_owned()).collect();
    event["folders"].as_array().unwrap().iter().map(|way| (path(&way["source"]), path(&way["target"]))).collect()
}

#[test]
fn twenty_mailboxes_arrive_once_though_the_program_is_killed_and_the_port_is_put_back() {
    let world = World::new();
    let (usual, port) = (world.administration.service_port(ImapService::SecureImap), free_port());

    let mut first = world.program(port).spawn().unwrap();
    let begun = Instant::now();
    while world.administration.users().len() < 5 && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(2));
    }
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(world.administration.service_port(ImapService::SecureImap), port, "it was not killed in the middle");

    let begun = Instant::now();
    let output = world.program(port).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}\n{text}", String::from_utf8_lossy(&output.stderr));
    let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = events.last().unwrap();
    println!("{last} in {:.1} s", begun.elapsed().as_secs_f64());
    assert_eq!(last["accounts"]["ok"], MAILBOXES);
    assert_eq!(world.administration.service_port(ImapService::SecureImap), usual);
    for number in 0..MAILBOXES {
        assert_eq!(world.differences(number, &planned(&events, number)), Differences::default(), "{}", address(number));
    }
}
