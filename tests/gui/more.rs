//! What is folded away under More on page 1: sign-in, rules, limits, the proxy.

use super::support::{SMALL, Screen, Shown, USUAL, plain, show};
use egui::{Key, Theme};
use egui_kittest::kittest::{NodeT, Queryable};
use egui_kittest::{Harness, SnapshotResults};
use kimt::domain::{Secret, Side};
use kimt::gui::action::Action;
use kimt::gui::wizard::Wizard;
use kimt::migrate::{ClientCertificate, NameForm, SignInWay, TokenSource};
use kimt::settings::Way;
use std::path::PathBuf;

/// So high that all of it is in the window.
const TALL: Screen = Screen { width: 1280.0, height: 1500.0, scale: 1.0 };

fn filled() -> Wizard {
    let mut wizard = Wizard::default();
    let page = &mut wizard.servers;
    page.source.address = "mail.old-company.com".into();
    page.target.address = "connect.new-company.com".into();
    page.administrator.name = "admin".into();
    page.administrator.password = String::from("hunter2secret").into();
    wizard
}

pub fn opened() -> Wizard {
    let mut wizard = filled();
    wizard.servers.source_more.open = true;
    wizard.servers.target_more.open = true;
    wizard
}

fn used() -> Wizard {
    let mut wizard = opened();
    let page = &mut wizard.servers;
    page.source_more.kept.way = Way::Master;
    page.source_more.kept.master = "boss".into();
    page.source_more.password = String::from("hunter2master").into();
    page.source_more.kept.max_rate = "20 Mbit/s".into();
    page.target_more.kept.max_connections = "8".into();
    page.target_more.kept.client_certificate = "/home/admin/connect.p12".into();
    page.target_more.certificate_password = String::from("hunter2certificate").into();
    page.rules = "exclude Archive*\nsince yesterday".into();
    page.proxy.address = "socks5://ann@proxy.example.com:1080".into();
    page.proxy.password = String::from("hunter2proxy").into();
    wizard
}

fn tall(wizard: Wizard) -> Harness<'static, Shown> {
    let mut harness = show(wizard, TALL, Theme::Light);
    harness.run();
    harness
}

fn choose(harness: &mut Harness<'_, Shown>, side: &str, way: &str) {
    harness.get_by_label(&format!("How people sign in on the {side}")).click();
    harness.run();
    harness.get_by_label(way).click();
    harness.run();
}

fn type_into(harness: &mut Harness<'_, Shown>, label: &str, text: &str) {
    harness.get_by_label(label).focus();
    harness.run();
    harness.get_by_label(label).type_text(text);
    harness.run();
}

#[test]
fn it_looks_right_when_it_is_opened() {
    let mut results = SnapshotResults::new();
    for (kind, screen, mode) in [("small-light", SMALL, Theme::Light), ("usual-dark", USUAL, Theme::Dark)] {
        let mut harness = show(used(), screen, mode);
        harness.run();
        harness.get_by_label("Proxy for all servers").scroll_to_me();
        harness.run();
        harness.snapshot(format!("servers-more-{kind}"));
        results.extend_harness(&mut harness);
    }
    let mut harness = tall(used());
    harness.snapshot("servers-more-whole-light");
    results.extend_harness(&mut harness);
}

#[test]
fn it_is_folded_until_it_is_asked_for() {
    let mut harness = tall(filled());
    for label in ["How people sign in on the source", "Leave out folders", "Proxy for all servers"] {
        assert!(harness.query_by_label(label).is_none(), "{label}");
    }
    harness.get_by_label("More: port, sign-in, rules (source)").click();
    harness.get_by_label("More: ports, sign-in, limits (target)").click();
    harness.run();
    for label in ["How people sign in on the source", "Leave out folders", "Proxy for all servers"] {
        harness.get_by_label(label);
    }
}

#[test]
fn each_way_to_sign_in_is_chosen_and_filled_in_by_its_label() {
    let mut harness = tall(opened());
    choose(&mut harness, "source", "Master user");
    type_into(&mut harness, "Master user on the source", "boss");
    type_into(&mut harness, "Master user's password on the source", "geheim");
    let servers = harness.state().wizard.servers.servers().unwrap();
    let password = Secret::new("geheim");
    let user = "boss".to_owned();
    assert_eq!(servers.source.sign_in, SignInWay::MasterUser { user, password: password.clone(), separator: '*' });
    assert_eq!(servers.target.sign_in, SignInWay::OwnPassword);

    choose(&mut harness, "source", "Administrator on behalf of each person");
    harness.get_by_label("Administrator on the source");
    harness.get_by_label("Administrator's password on the source");
    let servers = harness.state().wizard.servers.servers().unwrap();
    assert_eq!(servers.source.sign_in, SignInWay::Authorization { user: "boss".to_owned(), password });

    choose(&mut harness, "target", "Kerio master password");
    type_into(&mut harness, "Master password on the target", "secret");
    let servers = harness.state().wizard.servers.servers().unwrap();
    assert_eq!(servers.target.sign_in, SignInWay::KerioMaster { password: Secret::new("secret") });
}

#[test]
fn tokens_come_from_a_file_or_a_command() {
    let mut harness = tall(opened());
    choose(&mut harness, "source", "Token from a command");
    type_into(&mut harness, "Command that prints a token for the source", "gmail-token key.json");
    let servers = harness.state().wizard.servers.servers().unwrap();
    let source = TokenSource::Command("gmail-token key.json".to_owned());
    assert_eq!(servers.source.sign_in, SignInWay::Token { source });
    choose(&mut harness, "target", "Token from a file");
    type_into(&mut harness, "File with the token for the target", "/run/tokens/{address}");
    let servers = harness.state().wizard.servers.servers().unwrap();
    let source = TokenSource::File(PathBuf::from("/run/tokens/{address}"));
    assert_eq!(servers.target.sign_in, SignInWay::Token { source });
}

#[test]
fn the_local_part_is_asked_for_except_by_kerio_connect() {
    let mut harness = tall(opened());
    harness.get_by_label("Sign in with the part before @ on the source").click();
    harness.run();
    assert_eq!(harness.state().wizard.servers.servers().unwrap().source.name, NameForm::LocalPart);
    let on_target = "Sign in with the part before @ on the target";
    assert!(harness.query_by_label(on_target).is_none());
    harness.get_by_label("The target is another IMAP server, whose accounts exist already").click();
    harness.run();
    harness.get_by_label(on_target).click();
    harness.run();
    assert_eq!(harness.state().wizard.servers.servers().unwrap().target.name, NameForm::LocalPart);
}

#[test]
fn rules_are_filled_in_as_a_form_that_writes_their_text() {
    let mut harness = tall(opened());
    let rules = |harness: &Harness<'_, Shown>| harness.state().wizard.servers.rules.clone();
    harness.state_mut().wizard.servers.rules = "# as agreed with Ann\nsince 2019-01-01".into();
    harness.run();
    type_into(&mut harness, "Leave out folders 1", "Archive*");
    type_into(&mut harness, "Leave out folders 2", "Trash");
    type_into(&mut harness, "Rename folder 1", "Old Projects");
    harness.get_by_label_contains("Both folders need a name");
    assert!(harness.state().wizard.servers.servers().is_none(), "half a rule is not left out in silence");
    type_into(&mut harness, "New name of folder 1", "Projects/Before");
    type_into(&mut harness, "Only messages up to", "50 MB");
    harness.get_by_label_contains("Sent mail, drafts, deleted mail and spam go into").click();
    harness.run();
    let written = "# as agreed with Ann\nsince 2019-01-01\nexclude Archive*\n\
                   rename Old Projects -> Projects/Before\nmax-size 50 MB\nexclude Trash\nspecial-folders off";
    assert_eq!(rules(&harness), written);
    let selection = harness.state().wizard.servers.selection().unwrap();
    assert_eq!((selection.exclude.len(), selection.rename.len(), selection.special_folders), (2, 1, false));

    // What is typed as text is in the form.
    harness.state_mut().wizard.servers.rules = "exclude Bin".into();
    harness.run();
    assert_eq!(harness.get_by_label("Leave out folders 1").accesskit_node().value().as_deref(), Some("Bin"));
    harness.get_by_label("Leave out folders 1").focus();
    harness.run();
    harness.key_press_modifiers(egui::Modifiers::COMMAND, Key::A);
    harness.key_press(Key::Delete);
    harness.run();
    assert_eq!(rules(&harness), "", "an emptied field takes its line away");
}

#[test]
fn rules_can_be_typed_line_by_line_and_a_wrong_one_is_named_by_its_line() {
    let mut harness = tall(opened());
    harness.get_by_label("Edit as text").click();
    harness.run();
    let rules = "Rules: what to leave out or rename";
    type_into(&mut harness, rules, "exclude Trash");
    harness.key_press(Key::Enter);
    harness.run();
    harness.get_by_label(rules).type_text("sinse 2024-01-01");
    harness.run();
    assert!(harness.state().actions.is_empty(), "Enter in the rules begins a line and nothing else");
    harness.get_by_label_contains("Line 2: 'sinse' is not one of");
    assert!(harness.state().wizard.servers.servers().is_none());
    harness.state_mut().wizard.servers.rules = "exclude Trash\nsince 2024-01-01".into();
    harness.run();
    let selection = harness.state().wizard.servers.selection().unwrap();
    assert_eq!(selection.exclude, ["Trash"]);
    assert!(selection.since.is_some() && harness.state().wizard.servers.servers().is_some());
}

#[test]
fn limits_and_the_proxy_reach_the_run() {
    let mut harness = tall(opened());
    type_into(&mut harness, "Speed limit on the source", "5 MB/s");
    type_into(&mut harness, "Maximum connections to the target", "3");
    type_into(&mut harness, "Proxy for all servers", "http://ann@proxy.example.com:3128");
    type_into(&mut harness, "Proxy password", "geheim");
    let servers = harness.state().wizard.servers.servers().unwrap();
    assert_eq!(
        (servers.source.connections.max_rate, servers.source.connections.max_connections),
        (Some(5_000_000), None)
    );
    assert_eq!((servers.target.connections.max_rate, servers.target.connections.max_connections), (None, Some(3)));
    let proxy = servers.proxy.unwrap();
    assert_eq!((proxy.to_string().as_str(), proxy.user()), ("http://proxy.example.com:3128", "ann"));
    assert_eq!(proxy.password().reveal(), "geheim");
    type_into(&mut harness, "Speed limit on the target", "fast");
    harness.get_by_label_contains("'fast' is not a rate");
    assert!(harness.state().wizard.servers.servers().is_none());
}

#[test]
fn a_number_of_mailboxes_that_cannot_be_is_said_and_never_another_number() {
    let mut harness = tall(opened());
    assert_eq!(harness.state().wizard.servers.jobs(), Ok(4));
    for (typed, wrong) in [("abc", true), ("0", true), ("101", true), ("100", false), ("", false)] {
        harness.state_mut().wizard.servers.jobs = typed.into();
        harness.run();
        let said = harness.query_by_label(&format!("'{typed}' is not a number from 1 to 100.")).is_some();
        assert_eq!((said, harness.state().wizard.servers.servers().is_none()), (wrong, wrong), "{typed}");
    }
    harness.state_mut().wizard.servers.jobs = "100".into();
    assert_eq!(harness.state().wizard.servers.jobs(), Ok(100));
}

#[test]
fn a_client_certificate_reaches_the_run_and_its_password_is_asked_for_only_with_it() {
    let mut harness = tall(opened());
    assert!(harness.query_by_label_contains("certificate file").is_none());
    harness.get_by_label("Choose a file for the target").click();
    harness.run();
    assert_eq!(harness.state().actions, [Action::ChooseCertificate(Side::Target)]);
    harness.state_mut().wizard.servers.take_certificate(Side::Target, "/keys/own.p12".as_ref());
    harness.run();
    type_into(&mut harness, "Password of the target's certificate file", "geheim");
    let servers = harness.state().wizard.servers.servers().unwrap();
    let own = ClientCertificate { file: "/keys/own.p12".into(), password: Secret::new("geheim") };
    assert_eq!(
        (servers.source.connections.client_certificate, servers.target.connections.client_certificate),
        (None, Some(own))
    );
}

#[test]
fn what_is_wrong_under_more_is_shown_when_she_wants_to_continue() {
    let mut wizard = filled();
    wizard.servers.target_more.kept.way = Way::KerioMaster;
    let mut harness = plain(wizard);
    harness.run();
    assert!(harness.query_by_label("Master password on the target").is_none());
    harness.state_mut().wizard.servers.show_wrong();
    harness.run();
    harness.get_by_label("Type the password; it is not remembered.");
    assert!(harness.query_by_label("How people sign in on the source").is_none());
}

#[test]
fn no_password_under_more_is_to_be_read() {
    let mut wizard = used();
    wizard.servers.target_more.kept.way = Way::KerioMaster;
    wizard.servers.target_more.password = String::from("hunter2kerio").into();
    let harness = tall(wizard);
    harness.get_by_label("Proxy password");
    harness.get_by_label("Password of the target's certificate file");
    for node in harness.root().children_recursive() {
        let node = node.accesskit_node();
        let said = format!("{:?} {:?} {:?}", node.label(), node.value(), node.data());
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn the_keyboard_alone_chooses_a_way() {
    let mut harness = tall(opened());
    harness.get_by_label("How people sign in on the source").focus();
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    harness.get_by_label("Kerio master password").focus();
    harness.run();
    harness.key_press(Key::Enter);
    harness.run();
    assert_eq!(harness.state().wizard.servers.source_more.kept.way, Way::KerioMaster);
    assert!(harness.state().actions.is_empty(), "Enter in the choice presses nothing else");
    harness.get_by_label("Master password on the source");
}
