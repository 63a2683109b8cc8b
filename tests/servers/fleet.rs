//! A fleet between two Dovecots: eight processes of the program, killed and frozen at random while the database crashes and comes back.

use crate::postgres::Postgres;
use crate::support::comparison::{Differences, compare};
use crate::support::corpus;
use crate::support::dovecot::{Dovecot, DovecotSettings, Storage};
use crate::support::imap_client::{ImapClient, Path};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PROCESSES: usize = 8;
const PASSWORD: &str = "Correct-Horse-9";
/// In milliseconds; nobody takes a mailbox over before half as long again has passed.
const LEASE: u64 = 4000;

/// How many mailboxes: few in every test run, or as many as `KIMT_TEST_MAILBOXES` says.
fn mailboxes() -> usize {
    std::env::var("KIMT_TEST_MAILBOXES").ok().and_then(|number| number.parse().ok()).unwrap_or(12)
}

fn address(number: usize) -> String {
    format!("user{number}@example.com")
}

struct World {
    source: Dovecot,
    target: Dovecot,
    postgres: Postgres,
    ledger: String,
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let settings = DovecotSettings { storage: Storage::Sdbox, ..DovecotSettings::default() };
        let (source, target) = (Dovecot::start(&settings), Dovecot::start(&settings));
        let folder = tempfile::tempdir().unwrap();
        let mut accounts = String::new();
        for number in 0..mailboxes() {
            source.add_user(&address(number), PASSWORD);
            target.add_user(&address(number), PASSWORD);
            ImapClient::sign_in(source.port, &address(number), PASSWORD).fill(&corpus::ordinary(80));
            accounts.push_str(&format!("{};{PASSWORD};\n", address(number)));
        }
        std::fs::write(folder.path().join("accounts.csv"), accounts).unwrap();
        std::fs::write(folder.path().join("source.pem"), &source.certificate.authority).unwrap();
        std::fs::write(folder.path().join("target.pem"), &target.certificate.authority).unwrap();
        let postgres = Postgres::start();
        let ledger = postgres.database();
        Self { source, target, postgres, ledger, folder }
    }

    fn command(&self, command: &str) -> Command {
        let mut program = Command::new(env!("CARGO_BIN_EXE_kimt"));
        program.args(["fleet", command, "--ledger", &self.ledger]).env("HOME", self.folder.path());
        program.env_remove("PGPASSWORD").env_remove("PGPASSFILE").stdin(Stdio::null()).stdout(Stdio::null());
        program
    }

    fn keyed(&self, command: &str) -> Command {
        let mut program = self.command(command);
        program.arg("--key-file").arg(self.folder.path().join("key"));
        program.arg("--log-dir").arg(self.folder.path().join("logs"));
        program
    }

    fn create(&self) {
        let file = |name: &str| self.folder.path().join(name);
        let mut program = self.command("create");
        program.args(["--name", "uni", "--target-kind", "imap", "--max-rate-target", "25 kB/s"]);
        program.arg("--source").arg(format!("localhost:{}", self.source.tls_port));
        program.arg("--target").arg(format!("localhost:{}", self.target.tls_port));
        program.arg("--ca-file").arg(file("source.pem")).arg("--ca-file").arg(file("target.pem"));
        program.arg("--key-file").arg(file("key")).arg("--accounts").arg(file("accounts.csv"));
        program.arg("--state-dir").arg(file("state"));
        assert!(program.status().unwrap().success());
        assert!(self.command("migrate").status().unwrap().success());
    }

    fn worker(&self) -> Child {
        self.worker_with(LEASE)
    }

    fn worker_with(&self, lease: u64) -> Child {
        let mut program = self.keyed("work");
        program.args(["--jobs", "2", "--quiet", "--lease", &lease.to_string()]).stderr(Stdio::null());
        program.spawn().unwrap()
    }

    fn differences(&self, number: usize) -> Differences {
        let read = |port| ImapClient::sign_in(port, &address(number), PASSWORD).read_all();
        compare(&read(self.source.port), &read(self.target.port), |path: &Path| Some(path.clone()))
    }
}

fn signal(child: &Child, signal: &str) {
    assert!(Command::new("kill").arg(signal).arg(child.id().to_string()).status().unwrap().success());
}

#[test]
fn eight_processes_that_are_killed_and_frozen_while_the_database_crashes_copy_each_message_once() {
    let world = World::new();
    world.create();
    let mut random = fastrand::Rng::new();
    println!("seed {}", random.get_seed());
    let mut workers: Vec<Child> = (0..PROCESSES).map(|_| world.worker()).collect();
    let mut frozen: Vec<(Child, Instant)> = Vec::new();
    let (mut killed, mut late) = (0, 0);
    let until = Instant::now() + Duration::from_secs(24);
    let mut crash_at = Instant::now() + Duration::from_secs(6);
    // Machines differ in how much happens meanwhile.
    while Instant::now() < until || killed < 4 || late < 2 {
        std::thread::sleep(Duration::from_millis(random.u64(600..1500)));
        if Instant::now() >= crash_at {
            world.postgres.crash();
            std::thread::sleep(Duration::from_millis(500));
            world.postgres.run();
            crash_at = Instant::now() + Duration::from_secs(8);
        }
        let mut chosen = workers.swap_remove(random.usize(0..workers.len()));
        if random.bool() {
            chosen.kill().unwrap();
            chosen.wait().unwrap();
            killed += 1;
        } else {
            signal(&chosen, "-STOP");
            frozen.push((chosen, Instant::now() + Duration::from_millis(LEASE * 2)));
        }
        workers.push(world.worker());
        // Whoever was frozen past its lease wakes up beside whoever continues its mailboxes.
        for (mut child, _) in frozen.extract_if(.., |(_, wake)| *wake <= Instant::now()) {
            signal(&child, "-CONT");
            late += 1;
            workers.push(world.worker());
            std::thread::spawn(move || child.wait());
        }
    }
    for (mut child, _) in frozen {
        signal(&child, "-CONT");
        child.wait().unwrap();
    }
    workers.push(world.worker());
    for mut worker in workers {
        worker.wait().unwrap();
    }
    // Those that lost their lease, to the crashes or to a machine that is slow, are followed by one that is in no hurry.
    let last = world.worker_with(20_000).wait().unwrap();
    assert!(last.success(), "{last:?}");
    let reported = world.keyed("report").status().unwrap();
    assert!(reported.success(), "{reported:?}");
    for number in 0..mailboxes() {
        let differences = world.differences(number);
        assert_eq!(differences, Differences::default(), "{}", address(number));
    }
}
