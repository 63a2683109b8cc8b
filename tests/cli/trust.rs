//! Certificates: unknown, pinned, changed.

use super::stage::{Outcome, Server, Stage, finish};
use kimt::rehearsal::{ImapOptions, ImapService, Layout, MailService, Profile, ServerCertificate};
use std::sync::Arc;

fn migrate(stage: &Stage, trusted: &[&str]) -> Outcome {
    let mut program = stage.bare("migrate");
    program.args(stage.servers_untrusted()).arg("--accounts").arg(stage.csv_path()).args(trusted);
    finish(&mut program)
}

#[test]
fn an_unknown_certificate_ends_with_3_and_shows_its_fingerprint() {
    let stage = Stage::new(1, 1);
    let ended = migrate(&stage, &[]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stderr.contains(&stage.source.fingerprint()), "{}", ended.stderr);
    assert_eq!(stage.target.messages(stage.user(1)), 0);
    assert!(stage.source.imap.transcripts().iter().all(|transcript| transcript.user.is_empty()));
}

#[test]
fn a_pinned_certificate_is_trusted_in_any_spelling() {
    let stage = Stage::new(1, 1);
    let source = stage.source.fingerprint().replace(':', "").to_lowercase();
    let target = stage.target.fingerprint();
    let ended = migrate(&stage, &["--source-fingerprint", &source, "--target-fingerprint", &target]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn a_certificate_given_for_one_server_holds_for_the_other_on_the_same_host_if_it_shows_the_same() {
    let mut stage = Stage::new(1, 1);
    let given = stage.source.fingerprint();
    let ended = migrate(&stage, &["--source-fingerprint", &given]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!known(&stage).exists(), "what an option says is for one run");
    stage.target = Server::start_with(own_certificate(), Layout::SLASH);
    let ended = migrate(&stage, &["--source-fingerprint", &given]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stderr.contains(&stage.target.fingerprint()), "{}", ended.stderr);
}

#[test]
fn what_was_trusted_at_one_port_is_trusted_at_the_others_and_a_change_there_is_an_alarm() {
    let stage = Stage::new(1, 1);
    std::fs::create_dir(known(&stage).parent().unwrap()).unwrap();
    std::fs::write(known(&stage), format!(r#"{{"127.0.0.1:4040":"{}"}}"#, stage.source.fingerprint())).unwrap();
    let ended = migrate(&stage, &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let port = stage.target.port;
    stage.target.imap.stop_listening(ImapService::SecureImap, port);
    let other = Server::start_with(own_certificate(), Layout::SLASH);
    other.imap.listen(ImapService::SecureImap, port).unwrap();
    let ended = migrate(&stage, &[]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stderr.contains("a different certificate from the one you trusted"), "{}", ended.stderr);
}

fn known(stage: &Stage) -> std::path::PathBuf {
    stage.folder.path().join("state/known-certificates.json")
}

fn own_certificate() -> ImapOptions {
    let certificate = Arc::new(ServerCertificate::generate().unwrap());
    ImapOptions { certificate: Some(certificate), ..ImapOptions::new(Profile::Typical) }
}

#[test]
fn another_certificate_than_the_pinned_one_ends_with_3() {
    let mut stage = Stage::new(1, 1);
    let pinned = stage.source.fingerprint();
    stage.source = Server::start_with(own_certificate(), Layout::SLASH);
    let target = stage.target.fingerprint();
    let ended = migrate(&stage, &["--source-fingerprint", &pinned, "--target-fingerprint", &target]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stderr.contains(&pinned) && ended.stderr.contains(&stage.source.fingerprint()), "{}", ended.stderr);
}

#[test]
fn an_authority_from_a_file_is_trusted() {
    let stage = Stage::new(1, 1);
    let authority = stage.folder.path().join("authority.pem");
    std::fs::write(&authority, ServerCertificate::shared().unwrap().pem()).unwrap();
    let ended = migrate(&stage, &["--ca-file", authority.to_str().unwrap()]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn a_server_that_is_not_there_ends_with_3() {
    let stage = Stage::new(1, 1);
    let mut program = stage.bare("migrate");
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    program
        .args(["--source", &nobody, "--target", &nobody, "--target-kind", "imap", "--accounts"])
        .arg(stage.csv_path());
    let ended = finish(&mut program);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stderr.contains("cannot be reached"), "{}", ended.stderr);
}
