//! Master users and administrators who sign in for others.

use super::front::{Front, Verdict};
use super::{ANN, account, assert_complete, problem, run, run_in, server, source, target, usual};
use kimt::domain::{Account, Address, ProblemKind, Secret};
use kimt::migrate::{MailServer, NameForm, SignInWay};
use kimt::progress::RunKind;
use kimt::rehearsal::{ImapOptions, Profile};

fn authorization() -> SignInWay {
    SignInWay::Authorization { user: "cyrus".to_owned(), password: Secret::new("master") }
}

#[test]
fn an_administrator_fills_and_empties_mailboxes_whose_passwords_nobody_knows() {
    let (from, source_port) = server(&[ANN], "secret", usual());
    from.store().add_generated(ANN, "INBOX", 7, 2000, 1).unwrap();
    let (to, target_port) = server(&[ANN], "secret", usual());
    let judge = |mechanism: &str, response: &[u8]| match (mechanism, response) {
        ("PLAIN", b"ann@example.com\0cyrus\0master") => Verdict::Enter(ANN),
        _ => Verdict::Refuse(None),
    };
    let fronts = [source_port, target_port].map(|port| Front::start(port, "AUTH=PLAIN", judge));
    let state = run(
        RunKind::Migrate,
        source(fronts[0].port, authorization()),
        target(fronts[1].port, authorization()),
        vec![account(ANN, "")],
    );
    assert_complete(&state);
    assert_eq!(to.store().snapshot(ANN).unwrap().messages(), 7);
}

#[test]
fn a_master_user_signs_in_under_a_name_composed_of_both() {
    let (from, source_port) = server(&["ann*boss"], "master", usual());
    from.store().add_generated("ann*boss", "INBOX", 7, 2000, 1).unwrap();
    let (_to, target_port) = server(&[ANN], "own", usual());
    let master = |password: &str| SignInWay::MasterUser {
        user: "boss".to_owned(),
        password: Secret::new(password),
        separator: '*',
    };
    let migrate = |password: &str| {
        let source = MailServer { name: NameForm::LocalPart, ..source(source_port, master(password)) };
        run(RunKind::Migrate, source, target(target_port, SignInWay::OwnPassword), vec![account(ANN, "own")])
    };
    assert_complete(&migrate("master"));
    let refused = problem(&migrate("wrong"));
    assert_eq!(refused.kind, ProblemKind::MasterRefused);
    assert!(!refused.to_string().contains("CSV"), "nobody's own password is wrong: {refused}");
}

#[test]
fn a_server_without_plain_is_not_shown_an_administrators_password() {
    let (bare, source_port) = server(&[ANN], "secret", ImapOptions::new(Profile::Bare));
    let (_to, target_port) = server(&[ANN], "own", usual());
    let state = run(
        RunKind::Check,
        source(source_port, authorization()),
        target(target_port, SignInWay::OwnPassword),
        vec![account(ANN, "own")],
    );
    let problem = problem(&state);
    assert_eq!(problem.kind, ProblemKind::SignInWayNotOffered);
    assert!(problem.details().contains("AUTH=PLAIN"), "{problem}");
    let commands: Vec<String> = bare.transcripts().into_iter().flat_map(|transcript| transcript.commands).collect();
    assert!(!commands.iter().any(|command| command == "LOGIN" || command == "AUTHENTICATE"), "{commands:?}");
}

#[test]
fn another_address_on_the_target_begins_a_record_of_its_own() {
    let (from, source_port) = server(&[ANN], "own", usual());
    from.store().add_generated(ANN, "INBOX", 7, 2000, 1).unwrap();
    let (to, target_port) = server(&[ANN, "ann.smith@new.example"], "own", usual());
    let folder = tempfile::tempdir().unwrap();
    let migrate = |account: Account| {
        let own = || SignInWay::OwnPassword;
        run_in(folder.path(), RunKind::Migrate, source(source_port, own()), target(target_port, own()), vec![account])
    };
    assert_complete(&migrate(account(ANN, "own")));
    let target_address = Address::parse("ann.smith@new.example").ok();
    let moved = migrate(Account { target_address, ..account(ANN, "own") });
    assert_complete(&moved);
    assert_eq!(moved.tally.copied.messages, 7);
    assert_eq!(to.store().snapshot("ann.smith@new.example").unwrap().messages(), 7);
    let records = std::fs::read_dir(folder.path().join("state/ledger")).unwrap();
    let of_ann = records.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name().into_string().unwrap();
        name.starts_with(ANN) && name.ends_with(".ledger")
    });
    assert_eq!(of_ann.count(), 2);
}
