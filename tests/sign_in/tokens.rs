//! Tokens, from a file and from a command, before a server that wants every byte as RFC 7628 and Google have it.

use super::front::{Front, Verdict};
use super::{ANN, account, assert_complete, problem, run, server, source, target, usual};
use kimt::domain::ProblemKind;
use kimt::migrate::{SignInWay, TokenSource};
use kimt::progress::RunKind;
use std::path::Path;

const EXPIRED: &str = r#"{"status":"401","schemes":"bearer","scope":"https://mail.google.com/"}"#;

fn command(folder: &Path, script: &str) -> SignInWay {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join("give-token");
    std::fs::write(&path, format!("#!/bin/sh\ncd '{}' || exit 1\n{script}\n", folder.display())).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o700)).unwrap();
    SignInWay::Token { source: TokenSource::Command(format!("'{}' --scope imap", path.display())) }
}

/// A client of a token server that gives `grant-1`, `grant-2` and so on.
const COUNTING: &str = r#"[ "$*" = "--scope imap ann@example.com" ] || exit 2
echo asked >> asked
echo "grant-$(wc -l < asked | tr -d ' ')""#;

fn asked(folder: &Path) -> usize {
    std::fs::read_to_string(folder.join("asked")).unwrap().lines().count()
}

#[test]
fn a_mailbox_arrives_by_xoauth2_and_a_token_that_has_expired_is_replaced_once() {
    let folder = tempfile::tempdir().unwrap();
    let (store, port) = server(&[ANN], "secret", usual());
    store.store().add_generated(ANN, "INBOX", 7, 2000, 1).unwrap();
    let (arrived, target_port) = server(&[ANN], "own", usual());
    let front = Front::start(port, "AUTH=PLAIN AUTH=XOAUTH2 SASL-IR", |mechanism, response| {
        assert_eq!(mechanism, "XOAUTH2");
        match response {
            b"user=ann@example.com\x01auth=Bearer grant-2\x01\x01" => Verdict::Enter(ANN),
            _ => Verdict::Refuse(Some(EXPIRED)),
        }
    });
    let way = command(folder.path(), COUNTING);
    let state = run(
        RunKind::Migrate,
        source(front.port, way),
        target(target_port, SignInWay::OwnPassword),
        vec![account(ANN, "own")],
    );
    assert_complete(&state);
    assert_eq!(arrived.store().snapshot(ANN).unwrap().messages(), 7);
    assert_eq!(asked(folder.path()), 2);
    let said = front.said();
    assert_eq!(said[..2], ["user=ann@example.com\x01auth=Bearer grant-1\x01\x01", ""]);
}

#[test]
fn a_token_that_stays_refused_is_reported_with_the_servers_reason_and_asked_for_no_third_time() {
    let folder = tempfile::tempdir().unwrap();
    let (_target, target_port) = server(&[ANN], "own", usual());
    let front = Front::start(1, "AUTH=XOAUTH2", |_, _| Verdict::Refuse(Some(EXPIRED)));
    let way = command(folder.path(), COUNTING);
    let state = run(
        RunKind::Migrate,
        source(front.port, way),
        target(target_port, SignInWay::OwnPassword),
        vec![account(ANN, "own")],
    );
    let problem = problem(&state);
    assert_eq!((problem.kind, asked(folder.path())), (ProblemKind::TokenRefused, 2));
    let sentence = problem.sentence();
    assert!(sentence.contains("has expired") && sentence.contains("Invalid credentials"), "{sentence}");
    assert!(!sentence.contains("grant-"), "{sentence}");
}

#[test]
fn a_mailbox_goes_out_by_oauthbearer_with_the_token_of_a_file_named_after_the_person() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(format!("{ANN}.txt")), "file-token\n").unwrap();
    let (from, source_port) = server(&[ANN], "own", usual());
    from.store().add_generated(ANN, "INBOX", 7, 2000, 1).unwrap();
    let (arrived, port) = server(&[ANN], "secret", usual());
    let front = Front::start(port, "AUTH=XOAUTH2 AUTH=OAUTHBEARER", |mechanism, response| {
        let response = String::from_utf8_lossy(response).into_owned();
        let port: String = response.split("port=").nth(1).unwrap().chars().take_while(char::is_ascii_digit).collect();
        let expected =
            format!("n,a=ann@example.com,\x01host=127.0.0.1\x01port={port}\x01auth=Bearer file-token\x01\x01");
        assert_eq!((mechanism, response), ("OAUTHBEARER", expected));
        Verdict::Enter(ANN)
    });
    let way = SignInWay::Token { source: TokenSource::File(folder.path().join("{address}.txt")) };
    let state = run(
        RunKind::Migrate,
        source(source_port, SignInWay::OwnPassword),
        target(front.port, way),
        vec![account(ANN, "own")],
    );
    assert_complete(&state);
    assert!(front.said()[0].contains(&format!("port={}\x01", front.port)));
    assert_eq!(arrived.store().snapshot(ANN).unwrap().messages(), 7);
}

#[test]
fn a_refusal_of_oauthbearer_is_answered_as_the_standard_wants_it() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "narrow-token").unwrap();
    let (_target, target_port) = server(&[ANN], "own", usual());
    let front = Front::start(1, "AUTH=OAUTHBEARER", |_, _| {
        Verdict::Refuse(Some(r#"{"status":"insufficient_scope","scope":"imap"}"#))
    });
    let way = SignInWay::Token { source: TokenSource::File(file.path().to_owned()) };
    let state = run(
        RunKind::Migrate,
        source(front.port, way),
        target(target_port, SignInWay::OwnPassword),
        vec![account(ANN, "")],
    );
    let sentence = problem(&state).sentence();
    let words = "the token does not allow IMAP (status insufficient_scope, scope imap)";
    assert!(sentence.contains(words), "{sentence}");
    // The same token is not shown a second time.
    assert_eq!(front.said().len(), 2);
    assert_eq!(front.said()[1], "\x01");
}

#[test]
fn without_a_token_or_a_server_that_takes_one_it_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let (_target, target_port) = server(&[ANN], "own", usual());
    let of = |port, way| {
        let target = target(target_port, SignInWay::OwnPassword);
        problem(&run(RunKind::Check, source(port, way), target, vec![account(ANN, "own")]))
    };
    let (_source, source_port) = server(&[ANN], "own", usual());
    let nothing = of(source_port, command(folder.path(), "echo geheim; exit 7"));
    assert_eq!(nothing.kind, ProblemKind::TokenNotObtained);
    assert!(nothing.words.contains("exit status: 7") && !nothing.words.contains("geheim"), "{nothing}");
    let not_offered = of(source_port, command(folder.path(), "echo token"));
    assert_eq!(not_offered.kind, ProblemKind::SignInWayNotOffered);
}
