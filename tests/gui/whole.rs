//! The application itself, with its background work: the whole way against the servers of a rehearsal, and a server that stalls.

use super::migrations::{begun, keep};
use super::support::USUAL;
use egui::{Key, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use kimt::gui::Folders;
use kimt::gui::app::App;
use kimt::gui::page::Page;
use kimt::gui::{fonts, theme};
use kimt::progress::AccountStage;
use kimt::rehearsal::demo::{Demo, DemoOptions};
use kimt::rehearsal::{
    ImapOptions, ImapServer, ImapService, Layout, MailService, MailStore, Profile, ServerCertificate,
};
use kimt::settings::Way;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub fn open(folder: &Path, settings: Option<&Path>, demo: Option<&Demo>) -> Harness<'static, App> {
    let folders = Folders { state: folder.join("state"), logs: folder.join("logs") };
    let settings = settings.map(Path::to_owned);
    Harness::builder()
        .with_size(vec2(USUAL.width, USUAL.height))
        .with_max_steps(50)
        .with_context_setup(|context| {
            fonts::install(context);
            theme::install(context);
        })
        .allow_missing_glyphs()
        .build_eframe(move |creation| {
            let mut app = App::new(&creation.egui_ctx, folders, settings);
            if let Some(demo) = demo {
                app.rehearse(demo);
            }
            app
        })
}

/// Draws frames until `done`; what is waited for is in other threads.
pub fn wait_until(harness: &mut Harness<'static, App>, what: &str, done: impl Fn(&App) -> bool) {
    let started = Instant::now();
    while !done(harness.state()) {
        assert!(
            started.elapsed() < Duration::from_secs(120),
            "waited in vain: {what}; {:?}",
            harness.state().wizard.notice
        );
        harness.step();
        std::thread::sleep(Duration::from_millis(10));
    }
    harness.run_steps(2);
}

#[test]
fn the_keyboard_alone_leads_through_all_four_pages_and_every_message_arrives() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(&DemoOptions { messages: 400, accounts: 3, ..DemoOptions::new(folder.path()) }).unwrap();
    let mut harness = open(folder.path(), None, Some(&demo));
    wait_until(&mut harness, "the accounts file", |app| app.wizard.accounts.is_loaded());
    harness.key_press(Key::Enter);
    wait_until(&mut harness, "both servers", |app| app.wizard.page == Page::Accounts);
    harness.key_press(Key::F5);
    harness.run_steps(2);
    assert!(harness.state().wizard.accounts.checking());
    wait_until(&mut harness, "the check", |app| !app.wizard.accounts.checking());
    harness.get_by_label_contains("400 messages · ");
    harness.key_press(Key::Enter);
    wait_until(&mut harness, "the start", |app| app.wizard.page == Page::Status);
    wait_until(&mut harness, "the migration", |app| app.wizard.page == Page::Result);
    harness.get_by_label_contains("All 3 accounts are complete. 400 messages");
    let report = harness.state().wizard.log_folder.join("report.txt");
    assert!(std::fs::read_to_string(report).unwrap().contains("All 3 accounts are complete"));
    assert!(demo.compare().is_perfect(), "{:?}", demo.compare());
}

/// A server of its own certificate with one mailbox.
fn server() -> (ImapServer, String) {
    let store = MailStore::new(Layout::SLASH);
    store.create_user(&["ann@example.com"], "geheim").unwrap();
    let certificate = Some(Arc::new(ServerCertificate::generate().unwrap()));
    let server = ImapServer::start(store, ImapOptions { certificate, ..ImapOptions::new(Profile::Typical) }).unwrap();
    let port = server.listen(ImapService::SecureImap, 0).unwrap();
    (server, format!("127.0.0.1:{port}"))
}

#[test]
fn one_certificate_of_one_host_is_trusted_once_and_next_continues_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(&DemoOptions { messages: 10, accounts: 2, ..DemoOptions::new(folder.path()) }).unwrap();
    let mut harness = open(folder.path(), None, Some(&demo));
    harness.state_mut().wizard.servers.pinned = None;
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    let asked = |app: &App| !app.wizard.servers.testing() && !app.wizard.servers.doubts().is_empty();
    wait_until(&mut harness, "the certificate", asked);
    harness.get_by_label("Continues once you have decided.");
    assert_eq!(harness.query_all_by_label("Trust this certificate").count(), 1);
    harness.get_by_label("Trust this certificate").click();
    wait_until(&mut harness, "the accounts", |app| app.wizard.page == Page::Accounts);
    // Each port has its own note, so that another certificate there is a change from now on.
    let known = std::fs::read_to_string(folder.path().join("state/known-certificates.json")).unwrap();
    assert_eq!(known.matches("127.0.0.1:").count(), 3, "{known}");
}

#[test]
fn the_certificates_of_both_servers_are_asked_about_one_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let ((_source, source_address), (_target, target_address)) = (server(), server());
    let mut harness = open(folder.path(), None, None);
    let page = &mut harness.state_mut().wizard.servers;
    (page.source.address, page.target.address, page.other_imap) = (source_address, target_address, true);
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    for left in [2, 1] {
        wait_until(&mut harness, "a certificate", |app| app.wizard.servers.doubts().len() == left);
        harness.get_by_label("Trust this certificate").click();
        harness.run_steps(2);
    }
    wait_until(&mut harness, "the accounts", |app| app.wizard.page == Page::Accounts);
}

#[test]
fn a_certificate_that_changes_at_a_port_that_was_trusted_through_another_is_an_alarm() {
    let folder = tempfile::tempdir().unwrap();
    let (both, source_address) = server();
    let mut harness = open(folder.path(), None, None);
    let page = &mut harness.state_mut().wizard.servers;
    let second = both.listen(ImapService::SecureImap, 0).unwrap();
    (page.source.address, page.target.address) = (source_address, format!("127.0.0.1:{second}"));
    page.other_imap = true;
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    wait_until(&mut harness, "the certificate", |app| app.wizard.servers.doubts().len() == 1);
    harness.get_by_label("Trust this certificate").click();
    wait_until(&mut harness, "the accounts", |app| app.wizard.page == Page::Accounts);
    both.stop_listening(ImapService::SecureImap, second);
    let (other, _) = server();
    other.listen(ImapService::SecureImap, second).unwrap();
    harness.state_mut().wizard.page = Page::Servers;
    harness.key_press(Key::F5);
    wait_until(&mut harness, "the alarm", |app| app.wizard.servers.doubts().len() == 1);
    assert_eq!(harness.state().wizard.servers.doubts()[0].changed_from, Some(both.fingerprint()));
    harness.get_by_label_contains("has changed. Somebody may be intercepting the connection.");
    harness.get_by_label("Trust the new certificate").click();
    harness.run_steps(2);
    assert_eq!(harness.state().wizard.servers.doubts().len(), 1, "a click alone trusts no changed certificate");
}

#[test]
fn a_server_that_stalls_holds_no_frame() {
    let folder = tempfile::tempdir().unwrap();
    // Connections are taken up by the system and never answered.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut harness = open(folder.path(), None, None);
    let page = &mut harness.state_mut().wizard.servers;
    page.source.address = silent.local_addr().unwrap().to_string();
    page.target.address = silent.local_addr().unwrap().to_string();
    page.administrator.name = "admin".into();
    page.administrator.password = String::from("secret").into();
    harness.run_steps(2);
    harness.key_press(Key::F5);
    harness.run_steps(2);
    assert!(harness.state().wizard.servers.testing());
    let started = Instant::now();
    harness.run_steps(100);
    println!("a frame while both servers stall: {:?}", started.elapsed() / 100);
    // The servers still owe their answers: none of these frames has waited for one.
    assert!(harness.state().wizard.servers.testing());
    harness.key_press(Key::Escape);
    harness.run_steps(2);
    assert!(!harness.state().wizard.servers.testing());
}

#[test]
fn a_second_start_is_filled_in_but_for_the_password() {
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("settings");
    let mut harness = open(folder.path(), Some(&settings), None);
    let page = &mut harness.state_mut().wizard.servers;
    page.source.address = "mail.example.com".into();
    page.administrator.name = "boss".into();
    page.administrator.password = String::from("hunter2").into();
    harness.run_steps(2);
    eframe::App::on_exit(harness.state_mut(), None);
    let again = open(folder.path(), Some(&settings), None);
    let page = &again.state().wizard.servers;
    assert_eq!((page.source.address.as_str(), page.administrator.name.as_str()), ("mail.example.com", "boss"));
    assert!(page.administrator.password.is_empty());
    for file in std::fs::read_dir(&settings).unwrap() {
        assert!(!std::fs::read_to_string(file.unwrap().path()).unwrap().contains("hunter2"));
    }
}

#[test]
fn a_migration_that_was_cut_off_is_offered_and_loads_its_list() {
    let folder = tempfile::tempdir().unwrap();
    let csv = folder.path().join("users.csv");
    std::fs::write(&csv, "ann@example.com;a;Ann\nbob@example.com;b;Bob\n").unwrap();
    let accounts = [("ann@example.com", AccountStage::Complete), ("bob@example.com", AccountStage::Begun)];
    keep(folder.path(), &begun(&csv, &accounts));
    let mut harness = open(folder.path(), None, None);
    wait_until(&mut harness, "the offer", |app| !app.wizard.servers.migrations.is_empty());
    harness.get_by_label("Continue").click();
    wait_until(&mut harness, "the file", |app| app.wizard.accounts.is_loaded());
    let chosen = harness.state().wizard.accounts.chosen();
    assert_eq!(chosen.iter().map(|account| account.full_name.as_str()).collect::<Vec<_>>(), ["Bob"]);
}

#[test]
fn a_list_of_addresses_is_enough_where_nobody_signs_in_with_an_own_password() {
    for (way, usable) in [(Way::TokenCommand, 2), (Way::Own, 0)] {
        let folder = tempfile::tempdir().unwrap();
        let csv = folder.path().join("users.csv");
        std::fs::write(&csv, "ann@example.com\nbob@example.com\n").unwrap();
        keep(folder.path(), &begun(&csv, &[("ann@example.com", AccountStage::Begun)]));
        let mut harness = open(folder.path(), None, None);
        harness.state_mut().wizard.servers.source_more.kept.way = way;
        wait_until(&mut harness, "the offer", |app| !app.wizard.servers.migrations.is_empty());
        harness.get_by_label("Continue").click();
        wait_until(&mut harness, "the file", |app| app.wizard.accounts.is_loaded());
        let accounts = &mut harness.state_mut().wizard.accounts;
        accounts.choose(|_| true);
        assert_eq!((accounts.chosen().len(), accounts.bad_lines().len()), (usable, 2 - usable));
    }
}

#[test]
fn the_file_is_read_again_when_the_way_to_sign_in_was_changed_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(&DemoOptions { messages: 10, accounts: 2, ..DemoOptions::new(folder.path()) }).unwrap();
    let mut lines = std::fs::read_to_string(demo.accounts_file()).unwrap();
    lines.push_str("\nnobody@example.com;;Without Password\n");
    std::fs::write(demo.accounts_file(), lines).unwrap();
    let mut harness = open(folder.path(), None, Some(&demo));
    wait_until(&mut harness, "the accounts file", |app| app.wizard.accounts.is_loaded());
    let chosen = |app: &App| app.wizard.accounts.chosen().len();
    assert_eq!((chosen(harness.state()), harness.state().wizard.accounts.bad_lines().len()), (2, 1));
    let more = &mut harness.state_mut().wizard.servers.source_more;
    (more.kept.way, more.kept.master) = (Way::Authorization, "boss".into());
    more.password = String::from("geheim").into();
    harness.key_press(Key::Enter);
    wait_until(&mut harness, "the accounts", |app| app.wizard.page == Page::Accounts);
    wait_until(&mut harness, "the file once more", |app| chosen(app) == 3);
    assert!(harness.state().wizard.accounts.bad_lines().is_empty());
}

#[test]
fn rules_hold_for_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(&DemoOptions { messages: 40, accounts: 2, ..DemoOptions::new(folder.path()) }).unwrap();
    let mut harness = open(folder.path(), None, Some(&demo));
    harness.state_mut().wizard.servers.rules = "exclude *".into();
    wait_until(&mut harness, "the accounts file", |app| app.wizard.accounts.is_loaded());
    harness.key_press(Key::Enter);
    wait_until(&mut harness, "both servers", |app| app.wizard.page == Page::Accounts);
    harness.key_press(Key::F5);
    harness.run_steps(2);
    wait_until(&mut harness, "the check", |app| !app.wizard.accounts.checking());
    harness.get_by_label_contains("0 messages · ");

    // Other rules: what was counted by the old ones is not shown any more.
    harness.state_mut().wizard.page = Page::Servers;
    harness.key_press(Key::Enter);
    wait_until(&mut harness, "the accounts, unchanged", |app| app.wizard.page == Page::Accounts);
    harness.get_by_label_contains("0 messages · ");
    harness.state_mut().wizard.page = Page::Servers;
    harness.state_mut().wizard.servers.rules.clear();
    harness.key_press(Key::Enter);
    wait_until(&mut harness, "the accounts", |app| app.wizard.page == Page::Accounts);
    harness.get_by_label("Check again").click();
    harness.run_steps(2);
    wait_until(&mut harness, "the second check", |app| {
        app.wizard.accounts.has_check() && !app.wizard.accounts.checking()
    });
    harness.get_by_label_contains("40 messages · ");
}

#[test]
fn deletions_are_followed_where_the_box_is_ticked_and_only_then() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(&DemoOptions { messages: 40, accounts: 1, ..DemoOptions::new(folder.path()) }).unwrap();
    let list = std::fs::read_to_string(demo.accounts_file()).unwrap();
    let ann = list.split(';').next().unwrap();
    let in_trash = || {
        let mail = demo.target().store().snapshot(ann).unwrap();
        mail.folder("Deleted Items").map_or(0, |folder| folder.messages.len())
    };
    let mut harness = open(folder.path(), None, Some(&demo));
    wait_until(&mut harness, "the accounts file", |app| app.wizard.accounts.is_loaded());
    assert!(!harness.state().wizard.servers.follow_deletions, "it is off");
    let pass = |harness: &mut Harness<'static, App>| {
        harness.state_mut().wizard.page = Page::Servers;
        harness.key_press(Key::Enter);
        wait_until(harness, "the accounts", |app| app.wizard.page == Page::Accounts);
        harness.state_mut().wizard.accounts.choose(|_| true);
        harness.key_press(Key::F5);
        harness.run_steps(2);
        wait_until(harness, "the check", |app| app.wizard.accounts.has_check() && !app.wizard.accounts.checking());
        let foreseen = harness.query_by_label_contains("deleted on the source since an earlier run").is_some();
        harness.key_press(Key::Enter);
        wait_until(harness, "the start", |app| app.wizard.page == Page::Status);
        wait_until(harness, "the migration", |app| app.wizard.page == Page::Result);
        foreseen
    };
    assert!(!pass(&mut harness));
    let source = demo.source().store();
    let before = in_trash();
    let inbox = source.snapshot(ann).unwrap();
    let uid = inbox.folder("INBOX").unwrap().messages[0].uid;
    source.delete_message(ann, "INBOX", uid).unwrap();
    assert!(pass(&mut harness));
    assert_eq!(in_trash(), before);
    harness.state_mut().wizard.page = Page::Servers;
    harness.state_mut().wizard.servers.target_more.open = true;
    harness.run_steps(3);
    let target = harness.get_by_label("Last pass: put what was deleted on the source into the trash");
    target.scroll_to_me();
    harness.run_steps(3);
    harness.get_by_label("Last pass: put what was deleted on the source into the trash").click();
    harness.run_steps(3);
    assert!(harness.state().wizard.servers.follow_deletions);
    assert!(pass(&mut harness));
    assert_eq!(in_trash(), before + 1);
}

/// Started a second time with passwords in its environment, and with a program in the place of the system's that writes down what it got.
#[cfg(target_os = "linux")]
#[test]
fn what_the_system_opens_for_us_gets_no_password_of_ours() {
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;
    const AGAIN: &str = "OPENED_IN_FOLDER";
    if let Some(folder) = std::env::var_os(AGAIN) {
        let folder = Path::new(&folder);
        std::fs::create_dir(folder.join("logs")).unwrap();
        let mut harness = open(folder, None, None);
        harness.run_steps(2);
        harness.get_by_label("Log folder").click();
        return wait_until(&mut harness, "the system's program", |_| folder.join("written").exists());
    }
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("xdg-open");
    std::fs::write(&program, format!("#!/bin/sh\ncd \"${AGAIN}\"; env > writing; mv writing written\n")).unwrap();
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o700)).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let again = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "whole::what_the_system_opens_for_us_gets_no_password_of_ours"])
        .envs([("PATH", path.as_str()), ("KIMT_ADMIN_PASSWORD", "hunter2"), ("KIMT_PROXY_PASSWORD", "hunter2")])
        .env(AGAIN, folder.path())
        .output()
        .unwrap();
    assert!(again.status.success(), "{again:?}");
    let written = std::fs::read_to_string(folder.path().join("written")).unwrap();
    assert!(written.contains(AGAIN) && !written.contains("hunter2"), "{written}");
}
