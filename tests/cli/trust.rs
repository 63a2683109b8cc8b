//! Certificates: unknown, pinned, changed.

use super::stage::{Outcome, Server, Stage, finish};
use kimt::rehearsal::{ImapOptions, Layout, Profile, ServerCertificate};
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
fn another_certificate_than_the_pinned_one_ends_with_3() {
    let mut stage = Stage::new(1, 1);
    let pinned = stage.source.fingerprint();
    let certificate = Arc::new(ServerCertificate::generate().unwrap());
    let options = ImapOptions { certificate: Some(certificate), ..ImapOptions::new(Profile::Typical) };
    stage.source = Server::start_with(options, Layout::SLASH);
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
