//! The demo: a whole migration that needs nothing but this program.

use super::stage::{Outcome, Running, finish, kimt};
use kimt::domain::Account;
use native_tls::TlsConnector;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

fn command(folder: &Path, more: &[&str]) -> Command {
    let mut program = kimt();
    program.arg("demo").args(["--accounts", "3", "--messages", "150", "--log-dir"]).arg(folder.join("logs")).args(more);
    program.env("HOME", folder).env("TMPDIR", folder).env("TEMP", folder).env("TMP", folder);
    program
}

fn demo(folder: &Path, more: &[&str]) -> Outcome {
    finish(&mut command(folder, more))
}

/// Marks all messages in somebody's inbox as another mail program would.
fn mark_all(server: &str, account: &Account) {
    let tls = TlsConnector::builder().danger_accept_invalid_certs(true).build().unwrap();
    let mut stream = BufReader::new(tls.connect("localhost", TcpStream::connect(server).unwrap()).unwrap());
    let sign_in = format!("LOGIN {} \"{}\"", account.address, account.password.reveal());
    for command in [&sign_in, "SELECT INBOX", "UID STORE 1:* +FLAGS ($Label1)"] {
        write!(stream.get_mut(), "t {command}\r\n").unwrap();
        let answer = stream.by_ref().lines().map(Result::unwrap).find(|answer| answer.starts_with("t ")).unwrap();
        assert!(answer.starts_with("t OK"), "{command}: {answer}");
    }
}

#[test]
fn a_demo_loses_doubles_and_alters_nothing_and_leaves_only_its_reports() {
    let folder = tempfile::tempdir().unwrap();
    let ended = demo(folder.path(), &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("150 messages compared"), "{}", ended.stdout);
    assert!(ended.stdout.contains("0 lost, 0 duplicated, 0 altered; the source is unchanged"), "{}", ended.stdout);
    assert_eq!(ended.stdout.matches("Report: ").count(), 2, "{}", ended.stdout);
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["logs"]);
}

#[test]
fn a_demo_with_faults_says_what_went_wrong_and_loses_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let ended = demo(folder.path(), &["--faults", "--rtt-ms", "2", "--folder", kept.to_str().unwrap()]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("refused the password"), "{}", ended.stdout);
    assert!(ended.stdout.contains("0 lost, 0 duplicated, 0 altered"), "{}", ended.stdout);
    assert!(kept.join("accounts.csv").is_file());
}

#[test]
fn a_demo_whose_source_was_changed_meanwhile_says_so_and_does_not_end_with_0() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let mut running = Running::start(&mut command(folder.path(), &["--folder", kept.to_str().unwrap()]));
    let mut said = BufReader::new(running.child().stdout.take().unwrap()).lines().map(Result::unwrap);
    let source = said.find(|line| line.starts_with("  Source")).unwrap();
    said.find(|line| line.starts_with("  Accounts file")).unwrap();
    let file = kimt::accounts::load(&kept.join("accounts.csv")).unwrap();
    mark_all(source.rsplit(' ').next().unwrap(), &file.accounts[0]);
    let judgement = said.find(|line| line.starts_with("Demo: ")).unwrap();
    assert!(judgement.ends_with("0 lost, 0 duplicated, 0 altered; the source has changed."), "{judgement}");
    drop(said.last());
    assert_eq!(running.finish().code, Some(1));
}
