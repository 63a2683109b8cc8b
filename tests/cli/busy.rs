//! One bad folder, one bad message and a busy server at once, with the waits as they are: the program itself ends in minutes, with
//! everything else copied.

use super::between::{Between, Command, Fate, Tamper};
use super::stage::{finish, kimt};
use kimt::rehearsal::{ImapOptions, ImapServer, ImapService, Layout, MailService, MailStore, Profile};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const ANN: &str = "ann@example.com";
const FOLDERS: [(&str, u32); 4] = [("INBOX", 12), ("Alpha", 2), ("Beta", 5), ("Omega", 2)];

/// How long the server is busy. A minute by hand: `KIMT_BUSY_SECONDS=60 cargo test --test cli busy`.
fn busy_for() -> Duration {
    let seconds = std::env::var("KIMT_BUSY_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(3))
}

fn server() -> (Arc<ImapServer>, u16) {
    let store = MailStore::new(Layout::SLASH);
    store.create_user(&[ANN], "secret").unwrap();
    let server = Arc::new(ImapServer::start(store, ImapOptions::new(Profile::Rich)).unwrap());
    let port = server.listen(ImapService::Imap, 0).unwrap();
    (server, port)
}

/// Whether a command asks for the third message.
fn asks_for_third(command: &Command) -> bool {
    let set = command.text.split(' ').nth(3).unwrap_or_default();
    let bounds = |range: &str| -> (u32, u32) {
        let (first, last) = range.split_once(':').unwrap_or((range, range));
        (first.parse().unwrap_or(0), last.parse().unwrap_or(0))
    };
    set.split(',').map(bounds).any(|(first, last)| (first..=last).contains(&3))
}

#[test]
fn a_bad_folder_a_bad_message_and_a_busy_server_cost_minutes_and_nothing_else() {
    let ((source, source_port), (target, target_port)) = (server(), server());
    for ((folder, messages), seed) in FOLDERS.into_iter().zip(1..) {
        if folder != "INBOX" {
            source.store().create_folder(ANN, folder).unwrap();
        }
        source.store().add_generated(ANN, folder, messages, 2_000, seed).unwrap();
    }
    let (busy_for, busy_since) = (busy_for(), Mutex::new(None));
    let between = Between::start(
        source_port,
        Tamper::commands(move |command| {
            if command.name == "EXAMINE" && command.text.contains("Beta") {
                return Fate::Close;
            }
            if !command.reads_bodies() {
                return Fate::Pass;
            }
            let mut since = busy_since.lock().unwrap();
            if since.get_or_insert_with(Instant::now).elapsed() < busy_for {
                command.answer("NO Server busy")
            } else if asks_for_third(command) {
                command.answer("NO [UNAVAILABLE] Please try again later")
            } else {
                Fate::Pass
            }
        }),
    );
    let folder = tempfile::tempdir().unwrap();
    let accounts = folder.path().join("accounts.csv");
    std::fs::write(&accounts, format!("{ANN};secret\n")).unwrap();
    let mut program = kimt();
    program.arg("migrate").arg("--state-dir").arg(folder.path().join("state")).arg("--log-dir").arg(folder.path());
    program.args(["--source", &format!("127.0.0.1:{}", between.port), "--source-security", "plain"]);
    program.args(["--target", &format!("127.0.0.1:{target_port}"), "--target-security", "plain"]);
    program.args(["--target-kind", "imap", "--json", "--accounts"]).arg(&accounts).env("HOME", folder.path());
    let begun = Instant::now();
    let ended = finish(&mut program);
    let took = begun.elapsed();
    println!("{:.0} s, of which the server was busy for {:.0}", took.as_secs_f64(), busy_for.as_secs_f64());
    assert_eq!(ended.code, Some(1), "{ended:?}");
    // Everything but the third message of INBOX and the folder Beta.
    assert_eq!(ended.messages()[0], 15, "{ended:?}");
    assert_eq!(target.store().snapshot(ANN).unwrap().messages(), 15);
    assert!(took < Duration::from_secs(300), "{took:?}");
    let report = std::fs::read_to_string(ended.summary()["report"].as_str().unwrap()).unwrap();
    assert!(report.contains("Beta") && report.contains("UID 3"), "{report}");
}
