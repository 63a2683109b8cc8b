//! Page 1.

use super::support::{Shown, further_pictures, pictures, plain};
use egui::Key;
use egui_kittest::kittest::{NodeT, Queryable};
use egui_kittest::{Harness, SnapshotResults};
use kimt::domain::{
    CertificateDetails, Doubt, Finding, Fingerprint, Found, Problem, ProblemKind, Security, Service, Side, SignInKind,
};
use kimt::gui::action::Action;
use kimt::gui::pages::servers::{MigrationOffer, RestoreOffer, Test};
use kimt::gui::wizard::Wizard;
use std::time::Duration;

fn filled() -> Wizard {
    let mut wizard = Wizard::default();
    let page = &mut wizard.servers;
    page.source.address = "mail.old-company.com".into();
    page.target.address = "10.1.0.5:8143".into();
    page.target.ssl = false;
    page.administrator.name = "admin".into();
    page.administrator.password = String::from("hunter2secret").into();
    wizard
}

fn doubt(changed_from: Option<Fingerprint>) -> Doubt {
    Doubt {
        side: Side::Administration,
        host: "10.1.0.5".into(),
        port: 4040,
        details: CertificateDetails {
            subject: "connect.new-company.com".into(),
            issuer: "Kerio Connect".into(),
            valid_from: "2026-01-03".into(),
            valid_until: "2035-01-03".into(),
            fingerprint: Fingerprint([0x3a; 32]),
            distrust: kimt::domain::Distrust::SelfSigned,
        },
        changed_from,
    }
}

pub fn doubtful(changed_from: Option<Fingerprint>) -> Wizard {
    let mut wizard = filled();
    wizard.servers.source_test = Test::Done(source_found());
    let kind = if changed_from.is_some() { ProblemKind::CertificateChanged } else { ProblemKind::CertificateUnknown };
    let problem = Problem::new(kind).on(Side::Administration).at_server("10.1.0.5");
    let finding = Finding { certificate: Some(doubt(changed_from)), ..Finding::of(problem) };
    wizard.servers.target_test = Test::Done(vec![finding]);
    wizard
}

/// A source that takes tokens only, and a target whose certificate file is opened by another password.
fn unfit() -> Wizard {
    let mut wizard = filled();
    let found = Found::SignInNotOffered {
        chosen: SignInKind::OwnPassword,
        instead: vec![SignInKind::Token],
        security: Security::Tls,
    };
    let not_offered = Finding::new(Service::Only, found);
    let mut found = source_found();
    found.truncate(3);
    wizard.servers.source_test = Test::Done(found.into_iter().chain([not_offered]).collect());
    let file = Problem::new(ProblemKind::CertificateFile)
        .on(Side::Target)
        .saying("/home/admin/own.p12: it cannot be opened: the password is wrong, or the file is damaged");
    wizard.servers.target_test = Test::Done(vec![Finding::of(file)]);
    wizard
}

/// What a test finds of a source as it should be, said as the program says it.
fn source_found() -> Vec<Finding> {
    let found = [
        Found::Reached { port: 993, milliseconds: 18 },
        Found::Trusted(None),
        Found::Product("Dovecot".into()),
        Found::SignInOffered(SignInKind::OwnPassword),
    ];
    found.map(|found| Finding::new(Service::Only, found)).into()
}

/// The same of a Kerio Connect whose licence is used up.
fn target_found() -> Vec<Finding> {
    let trusted = || Found::Trusted(Some(Fingerprint([0x3a; 32])));
    let found = [
        (Service::Administration, trusted()),
        (Service::Only, Found::Product("Kerio Connect 10.0.8".into())),
        (Service::Only, Found::FullRights { role: "FullAdmin".into() }),
        (Service::Only, Found::Seats { used: 40, allowed: Some(40) }),
        (Service::Only, Found::ImapService { port: 143, wanted: Some(8143) }),
        (Service::Imap, Found::Reached { port: 143, milliseconds: 3 }),
        (Service::Imap, trusted()),
        (Service::Imap, Found::Product("Kerio Connect 10.0.8 patch 1".into())),
        (Service::Imap, Found::SignInOffered(SignInKind::OwnPassword)),
    ];
    found.map(|(service, found)| Finding::new(service, found)).into()
}

pub fn ready() -> Wizard {
    let mut wizard = filled();
    wizard.servers.source_test = Test::Done(source_found());
    wizard.servers.target_test = Test::Done(target_found());
    wizard
}

fn asked(harness: &Harness<'_, Shown>) -> Vec<Action> {
    harness.state().actions.clone()
}

#[test]
fn a_password_is_shown_only_while_that_is_asked_for() {
    let mut harness = plain(filled());
    harness.run_steps(2);
    assert_eq!(harness.query_all_by_value("hunter2secret").count(), 0);
    harness.get_by_label("Show Password").click();
    harness.run_steps(2);
    assert!(harness.query_all_by_value("hunter2secret").count() > 0);
    harness.get_by_label("Hide Password").click();
    harness.run_steps(2);
    assert_eq!(harness.query_all_by_value("hunter2secret").count(), 0);
}

#[test]
fn the_page_looks_right_in_every_state() {
    let mut results = SnapshotResults::new();
    pictures(&mut results, "servers-empty", Wizard::default);
    pictures(&mut results, "servers-ready", ready);
    further_pictures(&mut results, "servers-ready", ready);
    pictures(&mut results, "servers-unknown-certificate", || doubtful(None));
    pictures(&mut results, "servers-changed-certificate", || doubtful(Some(Fingerprint([0x51; 32]))));
    pictures(&mut results, "servers-unfit", unfit);
    pictures(&mut results, "servers-offers", || {
        let mut wizard = filled();
        wizard.servers.restore = Some(RestoreOffer {
            sentence: "Kerio Connect's IMAP service at 10.1.0.5 still listens on port 8143 instead of 143.".into(),
            working: false,
        });
        wizard.servers.migrations = vec![MigrationOffer {
            name: "old-company.com to 10.1.0.5".into(),
            head: "old-company.com to 10.1.0.5: 21 of 38 accounts complete, interrupted yesterday 23:10".into(),
            rest: "1 needs you, 4 were begun and continue later, 12 were not started.".into(),
            open: true,
            complete: true,
        }];
        wizard.servers.source_test = Test::Running(Duration::from_secs(4));
        wizard
    });
    pictures(&mut results, "servers-refusals", || {
        let mut wizard = filled();
        wizard.servers.source.ssl = false;
        wizard.servers.source.starttls_refused = true;
        let refused = Problem::new(ProblemKind::EncryptionRefused).on(Side::Source).at_server("mail.old-company.com");
        wizard.servers.source_test = Test::Done(vec![Finding::of(refused)]);
        let wrong = Problem::new(ProblemKind::AdministratorRefused).on(Side::Administration).at_server("10.1.0.5");
        wizard.servers.target_test = Test::Done(vec![Finding::of(wrong)]);
        wizard
    });
}

#[test]
fn a_port_behind_the_address_says_what_it_will_do() {
    let mut harness = plain(filled());
    harness.run();
    harness.get_by_label(
        "Kerio Connect's IMAP service will be set to port 8143 while migrating, and back to 143 afterwards.",
    );
    harness.state_mut().wizard.servers.target.address = "10.1.0.5".into();
    harness.run();
    assert!(harness.query_by_label_contains("will be set to port").is_none());
}

#[test]
fn a_password_is_nowhere_to_be_read() {
    let mut harness = plain(filled());
    harness.run();
    let tree = format!("{:?}", harness.root());
    assert!(!tree.contains("hunter2"), "{tree}");
    for node in harness.root().children_recursive() {
        let node = node.accesskit_node();
        let said = format!("{:?} {:?} {:?}", node.label(), node.value(), node.data());
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn enter_in_a_field_presses_next_and_f5_tests() {
    let mut harness = plain(filled());
    harness.run();
    harness.get_by_label("Administrator's name").focus();
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    assert_eq!(asked(&harness), [Action::Next]);
    harness.key_press(Key::F5);
    harness.run();
    assert_eq!(asked(&harness), [Action::Next, Action::Test]);
}

#[test]
fn the_keyboard_reaches_every_field_in_reading_order() {
    let mut harness = plain(filled());
    harness.run();
    harness.get_by_label("IP address or DNS name").focus();
    harness.run();
    let mut order = Vec::new();
    for _ in 0..11 {
        let at = harness.root().children_recursive().find(|node| node.is_focused());
        let node = at.expect("something has the focus");
        let node = node.accesskit_node();
        let name =
            node.label().unwrap_or_else(|| node.labelled_by().map(|it| it.value().unwrap_or_default()).collect());
        order.push(name);
        harness.key_press(Key::Tab);
        harness.run();
    }
    assert_eq!(
        order[..9],
        [
            "IP address or DNS name",
            "Use SSL connection",
            "Calendars and contacts",
            "More: port, sign-in, rules (source)",
            "IP address or DNS name (and port)",
            "Administrator's name",
            "Password",
            "Use SSL connection ",
            "More: ports, sign-in, limits (target)",
        ]
    );
    assert_eq!(order[9..], ["Test connection", "Next"]);
}

#[test]
fn the_test_says_where_calendars_answer_and_is_forgotten_when_the_choice_changes() {
    let mut wizard = ready();
    wizard.servers.groupware.on = true;
    let found = |found: Found| Finding::new(Service::Only, found);
    let at = || "https://mail.old-company.com/dav/".to_owned();
    let mut source = source_found();
    source.push(found(Found::Calendars { at: at() }));
    wizard.servers.source_test = Test::Done(source);
    let mut target = target_found();
    target.push(found(Found::NoCalendars { at: "https://10.1.0.5/".into(), why: None, may_read_folders: false }));
    wizard.servers.target_test = Test::Done(target);
    let mut harness = plain(wizard);
    harness.run();
    assert!(harness.query_by_label(&format!("Calendars and contacts answer at {}", at())).is_some());
    let missing = "No calendar server answers at https://10.1.0.5/; give the address of the calendar server under More, or leave calendars and contacts out";
    assert!(harness.query_by_label(missing).is_some());
    assert!(harness.state().wizard.servers.target_test.is_good(), "mail can be migrated without them");
    harness.get_by_label("Calendars and contacts").click();
    harness.run();
    let servers = &harness.state().wizard.servers;
    assert_eq!((&servers.source_test, &servers.target_test), (&Test::NotDone, &Test::NotDone));
}

#[test]
fn an_unknown_certificate_is_trusted_by_a_button_and_a_changed_one_only_after_comparing() {
    let mut harness = plain(doubtful(None));
    harness.run();
    harness.get_by_label("Trust this certificate").click();
    harness.run();
    assert_eq!(asked(&harness), [Action::Trust(Box::new(doubt(None)))]);

    let mut harness = plain(doubtful(Some(Fingerprint([0x51; 32]))));
    harness.run();
    harness.get_by_label("Trust the new certificate").click();
    harness.run();
    assert!(asked(&harness).is_empty());
    harness.get_by_label("I have compared the new fingerprint with the one on the server itself.").click();
    harness.run();
    harness.get_by_label("Trust the new certificate").click();
    harness.run();
    assert_eq!(asked(&harness).len(), 1);
}

#[test]
fn one_certificate_is_asked_about_at_a_time_and_once_for_all_ports_of_its_host() {
    let mut wizard = doubtful(None);
    let problem = || Problem::new(ProblemKind::CertificateUnknown).on(Side::Source).at_server("10.1.0.5");
    let of_the_source = |details: CertificateDetails| {
        let doubt = Doubt { side: Side::Source, port: 993, details, ..doubt(None) };
        Test::Done(vec![Finding { certificate: Some(doubt), ..Finding::of(problem()) }])
    };
    wizard.servers.source_test = of_the_source(doubt(None).details);
    assert_eq!(wizard.servers.doubts().len(), 1, "the same certificate of the same host");
    let other = CertificateDetails { fingerprint: Fingerprint([0x77; 32]), ..doubt(None).details };
    wizard.servers.source_test = of_the_source(other.clone());
    let mut harness = plain(wizard);
    harness.run();
    harness.get_by_label("Another certificate follows.");
    harness.get_by_label_contains("(source server, port 993) is not known");
    let first = Doubt { side: Side::Source, port: 993, details: other, ..doubt(None) };
    harness.get_by_label("Trust this certificate").click();
    harness.run();
    assert_eq!(asked(&harness), [Action::Trust(Box::new(first.clone()))]);
    harness.state_mut().wizard.servers.settle(&first);
    harness.run();
    harness.get_by_label_contains("(Kerio Connect administration, port 4040) is not known");
    assert!(harness.query_by_label("Another certificate follows.").is_none());
    assert_eq!(harness.state_mut().wizard.servers.begin_tests(false).len(), 2, "neither can serve yet");
}

#[test]
fn a_result_for_what_was_changed_meanwhile_is_not_taken() {
    let mut wizard = filled();
    let begun = wizard.servers.begin_tests(true);
    wizard.servers.cancel_test();
    let (side, revision) = begun[0];
    assert!(!wizard.servers.take(side, revision, vec![source_found().remove(0)]));
    assert_eq!(wizard.servers.source_test, Test::NotDone);
}

#[test]
fn clear_text_is_asked_for_only_where_encryption_was_refused() {
    let mut wizard = filled();
    wizard.servers.source.ssl = false;
    let (side, revision) = wizard.servers.begin_tests(true)[0];
    let refused = Problem::new(ProblemKind::EncryptionRefused).on(Side::Source);
    wizard.servers.take(side, revision, vec![Finding::of(refused)]);
    wizard.servers.cancel_test();
    let mut harness = plain(wizard);
    harness.run();
    harness.get_by_label("I agree: send passwords to the source in clear text").click();
    harness.run();
    assert_eq!(asked(&harness), [Action::TestRest]);
    let servers = harness.state().wizard.servers.servers().unwrap();
    assert_eq!(servers.source.security, Security::Plain);
    assert_eq!(servers.target.security, Security::StartTls);
    assert!(servers.cleartext_passwords_allowed);
    // To another server she has not agreed.
    let address = harness.get_by_label("IP address or DNS name");
    address.focus();
    address.type_text(".other");
    harness.run();
    let servers = harness.state().wizard.servers.servers().unwrap();
    assert!(servers.source.address.host.contains(".other"), "{:?}", servers.source.address);
    assert_eq!((servers.source.security, servers.cleartext_passwords_allowed), (Security::StartTls, false));
    // Nor when that one refuses, too.
    let page = &mut harness.state_mut().wizard.servers;
    let (side, revision) = page.begin_tests(true)[0];
    assert!(page.take(
        side,
        revision,
        vec![Finding::of(Problem::new(ProblemKind::EncryptionRefused).on(Side::Source))]
    ));
    let servers = page.servers().unwrap();
    assert_eq!((servers.source.security, servers.cleartext_passwords_allowed), (Security::StartTls, false));
}
