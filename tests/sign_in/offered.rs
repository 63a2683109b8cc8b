//! Test connection says before a run whether the chosen way to sign in is offered, and else what to choose.

use super::front::{Front, Verdict};
use super::{server, servers, source, target, usual};
use kimt::domain::{Secret, Sign};
use kimt::migrate::{self, SignInWay, TokenSource};
use kimt::rehearsal::{ImapOptions, KerioWays, Profile};
use kimt::report::words;

/// What a test of the source finds at last, and its sign.
fn found(port: u16, way: SignInWay) -> (Sign, String) {
    let servers = servers(source(port, way), target(port, SignInWay::OwnPassword));
    let state = tempfile::tempdir().unwrap();
    let findings = migrate::test_source(&servers, state.path());
    let last = findings.last().unwrap();
    (last.sign(), words::finding(last))
}

fn token() -> SignInWay {
    SignInWay::Token { source: TokenSource::File("token".into()) }
}

fn on_behalf() -> SignInWay {
    SignInWay::Authorization { user: "boss".to_owned(), password: Secret::new("geheim") }
}

fn kerio_master() -> SignInWay {
    SignInWay::KerioMaster { password: Secret::new("geheim") }
}

#[test]
fn an_offered_way_is_reported_as_good() {
    let (_server, port) = server(&[], "geheim", usual());
    assert_eq!(found(port, SignInWay::OwnPassword), (Sign::Good, "Offers the sign-in with passwords".to_owned()));
    assert_eq!(found(port, on_behalf()).0, Sign::Good);
    let front = Front::start(port, "AUTH=XOAUTH2", |_, _| Verdict::Refuse(None));
    assert_eq!(found(front.port, token()).0, Sign::Good);
}

#[test]
fn what_is_not_offered_is_reported_with_what_to_choose_instead() {
    let (_server, port) = server(&[], "geheim", usual());
    let (sign, text) = found(port, token());
    assert_eq!(sign, Sign::Bad);
    assert!(
        text.contains("choose what it offers: people's own passwords or a master user, or an administrator"),
        "{text}"
    );
    let front = Front::start(port, "LOGINDISABLED AUTH=OAUTHBEARER", |_, _| Verdict::Refuse(None));
    for way in [SignInWay::OwnPassword, on_behalf()] {
        let (sign, text) = found(front.port, way);
        assert!(sign == Sign::Bad && text.ends_with("choose what it offers: tokens."), "{text}");
    }
}

#[test]
fn a_server_that_wants_encryption_first_says_to_use_ssl() {
    let (_server, port) = server(&[], "geheim", ImapOptions { encryption_required: true, ..usual() });
    let (sign, text) = found(port, SignInWay::OwnPassword);
    assert!(sign == Sign::Bad && text.ends_with("use SSL."), "{text}");
}

#[test]
fn kerios_master_authentication_is_asked_for_without_a_password_being_tried() {
    for (switched_on, expected) in [(Some("geheim".to_owned()), Sign::Good), (None, Sign::Bad)] {
        let ways = KerioWays { master_password: switched_on, ..KerioWays::default() };
        // One refused password would block us.
        let options =
            ImapOptions { kerio: Some(ways), block_after_failures: Some(1), ..ImapOptions::kerio(Profile::Typical) };
        let (kerio, port) = server(&["ann@example.com"], "geheim", options);
        assert_eq!(found(port, kerio_master()).0, expected);
        assert_eq!(found(port, SignInWay::OwnPassword).0, Sign::Good, "blocked");
        drop(kerio);
    }
}
