//! A target that is Kerio Connect: its administration, and the port that a run sets and puts back.

use super::secrets::{forms, traces};
use super::stage::{Outcome, Server, Stage, finish};
#[cfg(unix)]
use super::stage::{Running, until};
use kimt::domain::Secret;
use kimt::rehearsal::administration::{AdministrationStandIn, Reply, StandInOptions};
use kimt::rehearsal::{ImapOptions, ImapService, Layout, Profile};
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};
#[cfg(unix)]
use std::time::Duration;

const PASSWORD: &str = "Verwalter-Wört-7";

/// A source, and a stand-in for Kerio Connect in which no user exists yet.
struct KerioStage {
    stage: Stage,
    kerio: AdministrationStandIn,
}

impl KerioStage {
    fn new(accounts: u32, messages: u32) -> Self {
        let mut stage = Stage::new(accounts, messages);
        let (password, imap_port) = (Secret::new(PASSWORD), free_port());
        let options = StandInOptions { password, imap_port, ..StandInOptions::usual().unwrap() };
        let target = Server::start_with(ImapOptions::kerio(Profile::Typical), Layout::KERIO);
        let kerio = AdministrationStandIn::start(target.imap.clone(), options).unwrap();
        stage.target = target;
        Self { stage, kerio }
    }

    /// The command without a password; `target` is a host, or a host and a port.
    fn command(&self, command: &str, target: &str, more: &[&str]) -> Command {
        let stage = &self.stage;
        let mut program = stage.bare(command);
        program.args(["--source", &stage.source.address(), "--source-fingerprint", &stage.source.fingerprint()]);
        program.args(["--target", target, "--target-fingerprint", &stage.target.fingerprint()]);
        program.args(self.administrator()).arg("--accounts").arg(stage.csv_path()).args(more);
        program
    }

    fn administrator(&self) -> Vec<String> {
        let url = format!("https://127.0.0.1:{}", self.kerio.port());
        let fingerprint = self.kerio.fingerprint().to_string();
        ["--admin-url", &url, "--admin-user", "admin", "--admin-fingerprint", &fingerprint].map(str::to_owned).to_vec()
    }

    fn run(&self, command: &str, target: &str, more: &[&str]) -> Outcome {
        finish(self.command(command, target, more).env("KIMT_ADMIN_PASSWORD", PASSWORD))
    }

    fn assert_arrived(&self) {
        for (user, _) in &self.stage.accounts {
            let source = self.stage.source.store().snapshot(user).unwrap();
            let target = self.stage.target.store().snapshot(user).unwrap();
            for name in ["INBOX", "Projekte/Gr\u{fc}n"] {
                assert!(
                    source.folder(name).unwrap().contents() == target.folder(name).unwrap().contents(),
                    "{user}: {name}"
                );
            }
            assert_eq!(source.messages(), target.messages(), "{user}");
        }
    }
}

/// A port that nobody listens on, outside of the range from which the system gives ports to others at the same time.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 10_000 + (std::process::id() as u16).wrapping_mul(50).wrapping_add(number) % 10_000;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

#[test]
fn users_are_created_and_their_mail_arrives() {
    let kerio = KerioStage::new(2, 5);
    let ended = kerio.run("migrate", "127.0.0.1", &["--json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(kerio.kerio.users().len(), 2);
    kerio.assert_arrived();
}

#[test]
fn a_check_creates_nobody() {
    let kerio = KerioStage::new(2, 2);
    let ended = kerio.run("check", "127.0.0.1", &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(kerio.kerio.users().len(), 0);
}

#[test]
fn a_refused_administrator_ends_with_3() {
    let kerio = KerioStage::new(1, 1);
    let ended = finish(kerio.command("migrate", "127.0.0.1", &[]).env("KIMT_ADMIN_PASSWORD", "wrong"));
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stderr.contains("refused the administrator"), "{}", ended.stderr);
}

#[test]
fn the_administrators_password_may_be_in_a_file_and_is_never_shown() {
    let kerio = KerioStage::new(1, 1);
    let file = kerio.stage.folder.path().join("password");
    std::fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    let mut program = kerio.command("migrate", "127.0.0.1", &["--admin-password-file", file.to_str().unwrap()]);
    // What is in the file comes before the environment.
    let ended = finish(program.env("KIMT_ADMIN_PASSWORD", "wrong"));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    std::fs::remove_file(file).unwrap();
    let folders = [kerio.stage.logs(), kerio.stage.folder.path().join("state")];
    let found = Command::new("grep").args(["-r", PASSWORD]).args(folders).output().unwrap();
    assert!(found.stdout.is_empty(), "{}", String::from_utf8_lossy(&found.stdout));
    assert!(!format!("{ended:?}").contains(PASSWORD));
}

#[test]
fn a_port_in_the_target_is_set_for_the_run_and_put_back() {
    let kerio = KerioStage::new(1, 3);
    let before = kerio.kerio.service_port(ImapService::SecureImap);
    let ended = kerio.run("migrate", &format!("127.0.0.1:{}", free_port()), &["--json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("port_changed") && ended.stdout.contains("port_restored"));
    assert_eq!(kerio.kerio.service_port(ImapService::SecureImap), before);
    kerio.assert_arrived();
}

#[cfg(unix)]
#[test]
fn a_stopped_run_puts_the_port_back() {
    let kerio = KerioStage::new(2, 100);
    let before = kerio.kerio.service_port(ImapService::SecureImap);
    kerio.stage.target.slow_down(Duration::from_millis(20));
    let target = format!("127.0.0.1:{}", free_port());
    let mut run = Running::start(kerio.command("migrate", &target, &["--json"]).env("KIMT_ADMIN_PASSWORD", PASSWORD));
    until("something has arrived", || kerio.stage.target.messages(kerio.stage.user(1)) > 5);
    assert_ne!(kerio.kerio.service_port(ImapService::SecureImap), before);
    run.signal("-TERM");
    assert_eq!(run.finish().code, Some(130));
    assert_eq!(kerio.kerio.service_port(ImapService::SecureImap), before);
}

/// A run with a changed port is killed; returns the port before.
#[cfg(unix)]
fn kill_with_changed_port(kerio: &KerioStage) -> u16 {
    let before = kerio.kerio.service_port(ImapService::SecureImap);
    kerio.stage.target.slow_down(Duration::from_millis(20));
    let target = format!("127.0.0.1:{}", free_port());
    let run = Running::start(kerio.command("migrate", &target, &[]).env("KIMT_ADMIN_PASSWORD", PASSWORD));
    until("something has arrived", || kerio.stage.target.messages(kerio.stage.user(1)) > 5);
    run.cut_off();
    assert_ne!(kerio.kerio.service_port(ImapService::SecureImap), before);
    kerio.stage.target.hurry();
    before
}

#[cfg(unix)]
#[test]
fn after_a_crash_every_start_says_that_the_port_is_changed_and_migrate_puts_it_back() {
    let kerio = KerioStage::new(2, 100);
    let before = kill_with_changed_port(&kerio);
    let checked = kerio.run("check", "127.0.0.1", &[]);
    assert!(checked.stderr.contains("restore-port"), "{}", checked.stderr);
    let ended = kerio.run("migrate", "127.0.0.1", &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("puts it back"), "{}", ended.stderr);
    assert_eq!(kerio.kerio.service_port(ImapService::SecureImap), before);
    kerio.assert_arrived();
}

#[cfg(unix)]
#[test]
fn restore_port_puts_the_port_back_after_a_crash() {
    let kerio = KerioStage::new(1, 100);
    let before = kill_with_changed_port(&kerio);
    let restore = || {
        let mut program = kerio.stage.bare("restore-port");
        finish(program.args(&kerio.administrator()[2..]).env("KIMT_ADMIN_PASSWORD", PASSWORD))
    };
    let ended = restore();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains(&before.to_string()), "{}", ended.stdout);
    assert_eq!(kerio.kerio.service_port(ImapService::SecureImap), before);
    assert!(restore().stdout.contains("No port has to be put back"));
}

#[test]
fn a_changed_port_of_another_server_is_reported_and_is_no_success() {
    let kerio = KerioStage::new(1, 1);
    let state = kerio.stage.folder.path().join("state");
    std::fs::create_dir(&state).unwrap();
    let note = r#"{"host":"127.0.0.1","administration_port":1,"service":"IMAP","from":143,"to":8143,
                   "service_id":"keriodb://service/6","listeners":[]}"#;
    std::fs::write(state.join("port-127.0.0.1-1.json"), note).unwrap();
    let mut program = kerio.stage.bare("restore-port");
    let ended = finish(program.args(kerio.administrator()).env("KIMT_ADMIN_PASSWORD", PASSWORD));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("belongs to another server"), "{}", ended.stderr);
}

/// Nothing that a run wrote or printed has the administrator's password in it, in whatever form.
fn assert_hidden(kerio: &KerioStage, ended: &Outcome, shown: &str) {
    let places = traces(ended, kerio.stage.folder.path());
    for file in ["report.txt", "report.csv", "report.json", "debug.log"] {
        assert!(places.iter().any(|(place, _)| place.ends_with(file)), "{shown}: there is no {file}");
    }
    for (place, bytes) in places.iter().filter(|(place, _)| !place.ends_with("give-token")) {
        let text = String::from_utf8_lossy(bytes);
        for form in forms(PASSWORD) {
            assert!(!text.contains(&form), "{shown}: {form} is in {place}: {text}");
        }
    }
}

#[test]
fn what_the_administration_says_with_its_administrators_password_in_it_shows_in_no_file_and_on_no_screen() {
    for method in ["Users.create", "Users.get", "Domains.get", "Session.login", "Services.get", "Server.getVersion"] {
        for more in [&[][..], &["--json"]] {
            let kerio = KerioStage::new(1, 1);
            kerio.kerio.on_call(move |called, _| match called == method {
                true => Reply::Error(1000, format!("refused {} {}", forms(PASSWORD).join(" "), "long ".repeat(90))),
                false => Reply::Normal,
            });
            for command in ["check", "migrate"] {
                let ended = kerio.run(command, "127.0.0.1", more);
                assert_hidden(&kerio, &ended, &format!("{method} {command} {more:?}"));
            }
        }
    }
}

#[cfg(unix)]
#[test]
fn what_a_token_program_says_with_the_administrators_password_in_it_shows_in_no_file_and_on_no_screen() {
    use std::os::unix::fs::PermissionsExt;
    // It fails with words, or prints what is not a token, or a token that the server does not take.
    for (to, status) in [("2", 1), ("1", 1), ("1", 0)] {
        for more in [&[][..], &["--json"]] {
            let kerio = KerioStage::new(1, 1);
            let script = kerio.stage.folder.path().join("give-token");
            let words = forms(PASSWORD).join(" ");
            std::fs::write(&script, format!("#!/bin/sh\nprintf '%s\\n' '{words}' >&{to}\nexit {status}\n")).unwrap();
            std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700)).unwrap();
            let way = ["--source-sign-in", "token", "--source-token-command", script.to_str().unwrap()];
            let ended = kerio.run("migrate", "127.0.0.1", &[&way[..], more].concat());
            assert_eq!(ended.code, Some(1), "{ended:?}");
            assert_hidden(&kerio, &ended, &format!("{to} {status} {more:?}"));
        }
    }
}
