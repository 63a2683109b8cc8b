//! What the window does not do: work beside another program, end a migration unasked, repeat what is complete, write a password down.

use super::migrations::{begun, keep};
use super::support::{NO_WORD, spoil_first_password};
use super::whole::{open, wait_until};
use egui::{Key, ViewportEvent, ViewportId};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use kimt::gui::app::App;
use kimt::gui::page::Page;
use kimt::gui::pages::status::Question;
use kimt::instance::Instance;
use kimt::migration::Migration;
use kimt::progress::AccountStage;
use kimt::rehearsal::demo::{Demo, DemoOptions};
use kimt::rehearsal::sample::Person;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Whether this test is alone in its process. Where it is not, it is run once more in one of its own and has to succeed there: a process
/// has one debug.log, which the windows of other tests would take away.
fn alone(test: &str) -> bool {
    const ALONE: &str = "ALONE";
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let name = format!("guarded::{test}");
    let again = Command::new(std::env::current_exe().unwrap()).args(["--exact", &name]).env(ALONE, "1").output();
    let again = again.unwrap();
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stdout));
    false
}

fn log_folders(folder: &Path) -> Vec<PathBuf> {
    let made = std::fs::read_dir(folder.join("logs")).into_iter().flatten();
    made.map(|entry| entry.unwrap().path()).collect()
}

fn demo(folder: &Path, messages: usize, accounts: usize) -> Demo {
    let rtt = Duration::from_millis(if messages > 100 { 20 } else { 0 });
    Demo::start(&DemoOptions { messages, accounts, rtt, ..DemoOptions::new(folder) }).unwrap()
}

/// The window on page 2, with all accounts chosen.
fn at_accounts(folder: &Path, demo: &Demo) -> Harness<'static, App> {
    let mut harness = open(folder, None, Some(demo));
    wait_until(&mut harness, "the accounts file", |app| app.wizard.accounts.is_loaded());
    harness.key_press(Key::Enter);
    wait_until(&mut harness, "both servers", |app| app.wizard.page == Page::Accounts);
    harness
}

#[test]
fn beside_another_program_with_the_same_state_folder_nothing_begins() {
    let folder = tempfile::tempdir().unwrap();
    let demo = demo(folder.path(), 10, 2);
    let mut harness = at_accounts(folder.path(), &demo);
    let _other = Instance::claim(&folder.path().join("state")).unwrap();
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    wait_until(&mut harness, "the refusal", |app| app.wizard.page != Page::Status);
    let wizard = &harness.state().wizard;
    assert!(wizard.page == Page::Accounts && !wizard.status.is_running());
    assert!(wizard.notice.as_ref().is_some_and(|notice| notice.contains("Another copy of this program is running")));
}

#[test]
fn stopping_and_closing_ask_first_during_a_migration() {
    let folder = tempfile::tempdir().unwrap();
    let demo = demo(folder.path(), 600, 3);
    let mut harness = at_accounts(folder.path(), &demo);
    harness.key_press(Key::Enter);
    wait_until(&mut harness, "the start", |app| app.wizard.page == Page::Status && app.wizard.status.is_running());
    harness.get_by_label("Stop…").click();
    harness.run_steps(2);
    assert_eq!(harness.state().wizard.status.question, Some(Question::Stop));
    harness.key_press(Key::Escape);
    harness.run_steps(2);
    assert_eq!(harness.state().wizard.status.question, None);
    harness.input_mut().viewports.entry(ViewportId::ROOT).or_default().events.push(ViewportEvent::Close);
    harness.step();
    assert_eq!(harness.state().wizard.status.question, Some(Question::Close));
    wait_until(&mut harness, "the migration", |app| app.wizard.page == Page::Result);
    assert!(demo.compare().is_perfect(), "{:?}", demo.compare());
}

#[test]
fn only_what_is_not_complete_is_migrated_again() {
    let folder = tempfile::tempdir().unwrap();
    let demo = demo(folder.path(), 30, 3);
    spoil_first_password(&demo, NO_WORD);
    let mut harness = at_accounts(folder.path(), &demo);
    for accounts in [3, 1] {
        wait_until(&mut harness, "the file", |app| !app.wizard.accounts.loading);
        if accounts == 3 {
            harness.key_press(Key::Enter);
        } else {
            harness.get_by_label("Migrate incomplete accounts").click();
        }
        wait_until(&mut harness, "the start", |app| app.wizard.page == Page::Status);
        wait_until(&mut harness, "the migration", |app| app.wizard.page == Page::Result);
        assert_eq!(harness.state().wizard.status.state.accounts.len(), accounts);
    }
}

#[test]
fn the_log_hides_what_was_typed_and_what_is_in_the_file() {
    if !alone("the_log_hides_what_was_typed_and_what_is_in_the_file") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let demo = demo(folder.path(), 10, 2);
    // Passwords that are also words of the log: a folder's name, and a command.
    spoil_first_password(&demo, "INBOX");
    let mut harness = at_accounts(folder.path(), &demo);
    let proxy = &mut harness.state_mut().wizard.servers.proxy;
    (proxy.address, proxy.password) = ("socks5://ann@proxy.example:1080".into(), String::from("EXAMINE").into());
    harness.key_press(Key::Enter);
    wait_until(&mut harness, "the start", |app| app.wizard.page == Page::Status);
    wait_until(&mut harness, "the migration", |app| app.wizard.page == Page::Result);
    let log = std::fs::read_to_string(harness.state().wizard.log_folder.join("debug.log")).unwrap();
    assert!(log.contains("LIST") && !log.contains("INBOX") && !log.contains("EXAMINE"), "{log}");
}

#[test]
fn a_file_that_cannot_be_read_is_said() {
    let folder = tempfile::tempdir().unwrap();
    keep(folder.path(), &begun(Path::new("/nowhere/users.csv"), &[("ann@example.com", AccountStage::Begun)]));
    let mut harness = open(folder.path(), None, None);
    wait_until(&mut harness, "the offer", |app| !app.wizard.servers.migrations.is_empty());
    harness.get_by_label("Continue").click();
    harness.run_steps(2);
    wait_until(&mut harness, "the answer", |app| !app.wizard.accounts.loading);
    assert!(harness.state().wizard.notice.as_ref().is_some_and(|notice| notice.contains("/nowhere/users.csv")));
}

#[test]
fn a_test_that_fails_before_any_run_leaves_a_log_without_the_password_it_was_made_with() {
    if !alone("a_test_that_fails_before_any_run_leaves_a_log_without_the_password_it_was_made_with") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut harness = open(folder.path(), None, None);
    harness.run_steps(3);
    assert!(log_folders(folder.path()).is_empty(), "nothing is left behind where nothing was done");
    let page = &mut harness.state_mut().wizard.servers;
    (page.source.address, page.target.address) = ("127.0.0.1:1".into(), "127.0.0.1".into());
    page.administrator.name = "admin".into();
    page.administrator.port = "1".into();
    // A password that is also a word of the log.
    page.administrator.password = String::from("127.0.0.1").into();
    harness.key_press(Key::F5);
    harness.run_steps(2);
    wait_until(&mut harness, "the test", |app| !app.wizard.servers.testing());
    let made = log_folders(folder.path());
    assert_eq!(made.len(), 1, "one log for both servers: {made:?}");
    assert_eq!(harness.state().wizard.log_folder, made[0], "what the link opens");
    let log = std::fs::read_to_string(made[0].join("debug.log")).unwrap();
    assert!(log.contains("cannot be reached") && log.contains('…') && !log.contains("127.0.0.1"), "{log}");
    harness.key_press(Key::F5);
    harness.run_steps(2);
    wait_until(&mut harness, "the second test", |app| !app.wizard.servers.testing());
    assert_eq!(log_folders(folder.path()).len(), 1);
}

#[test]
fn what_is_tested_after_a_run_is_not_written_into_the_log_of_that_run() {
    if !alone("what_is_tested_after_a_run_is_not_written_into_the_log_of_that_run") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let demo = demo(folder.path(), 10, 2);
    let mut harness = at_accounts(folder.path(), &demo);
    let of_tests = harness.state().wizard.log_folder.clone();
    harness.key_press(Key::Enter);
    wait_until(&mut harness, "the migration", |app| app.wizard.page == Page::Result);
    let of_the_run = harness.state().wizard.log_folder.clone();
    assert!(of_the_run.join("report.txt").exists() && !of_tests.join("report.txt").exists());
    let written = || std::fs::metadata(of_the_run.join("debug.log")).unwrap().len();
    let before = written();
    harness.state_mut().wizard.page = Page::Servers;
    harness.key_press(Key::F5);
    harness.run_steps(2);
    wait_until(&mut harness, "the test", |app| !app.wizard.servers.testing());
    assert_eq!(written(), before);
    let now = harness.state().wizard.log_folder.clone();
    assert!(now != of_the_run && now.join("debug.log").exists(), "{now:?}");
    assert_eq!(log_folders(folder.path()).len(), 3);
}

#[test]
fn an_administrator_without_a_password_is_not_signed_in_and_an_offer_stays_until_it_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let demo = demo(folder.path(), 10, 3);
    let second = demo.people()[1].address.clone();
    let stages = |person: &Person| match person.address == second {
        true => AccountStage::Begun,
        false => AccountStage::Complete,
    };
    let accounts: Vec<_> = demo.people().iter().map(|person| (person.address.as_str(), stages(person))).collect();
    let servers = (demo.source_address().to_string(), demo.target_address().to_string());
    let (source, target) = servers;
    keep(folder.path(), &Migration { source, target, ..begun(demo.accounts_file(), &accounts) });
    let mut harness = open(folder.path(), None, Some(&demo));
    wait_until(&mut harness, "the offer", |app| !app.wizard.servers.migrations.is_empty());
    wait_until(&mut harness, "the accounts file", |app| app.wizard.accounts.is_loaded());
    // As it is after a start: all is remembered but the password.
    let password = std::mem::take(&mut harness.state_mut().wizard.servers.administrator.password);
    for key in [Key::Enter, Key::F5] {
        harness.key_press(key);
        harness.run_steps(2);
        assert!(!harness.state().wizard.servers.testing(), "{key:?} signs in with an empty password");
        harness.get_by_label("Type the password; it is not remembered.");
        assert!(harness.get_by_label("Password").is_focused());
    }
    harness.get_by_label("Continue").click();
    harness.run_steps(2);
    wait_until(&mut harness, "the file", |app| app.wizard.accounts.chosen().len() == 1);
    let page = &harness.state().wizard.servers;
    assert!(!page.testing() && !page.migrations.is_empty(), "the offer was taken away before anything was begun");
    harness.state_mut().wizard.servers.administrator.password = password;
    harness.key_press(Key::Enter);
    wait_until(&mut harness, "the accounts", |app| app.wizard.page == Page::Accounts);
    assert_eq!(harness.state().wizard.accounts.chosen()[0].address.to_string(), second);
}

#[test]
fn of_a_file_migrated_in_groups_the_finished_are_shown_and_not_ticked_again() {
    let folder = tempfile::tempdir().unwrap();
    let demo = demo(folder.path(), 10, 3);
    let mut harness = at_accounts(folder.path(), &demo);
    let first = demo.people()[0].address.clone();
    harness.state_mut().wizard.accounts.choose(|account| account.address.to_string() == first);
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    wait_until(&mut harness, "the migration", |app| app.wizard.page == Page::Result);
    harness.get_by_label("Migrate further accounts").click();
    harness.run_steps(3);
    assert_eq!(harness.state().wizard.page, Page::Accounts);
    assert_eq!(harness.query_all_by_label_contains(": complete, today ").count(), 1);
    assert_eq!(harness.query_all_by_label("not started").count(), 2);
    assert!(harness.state().wizard.accounts.chosen().is_empty(), "nothing is chosen for her");
}

#[test]
fn what_was_deleted_on_the_target_is_copied_again_only_where_that_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let demo = demo(folder.path(), 30, 1);
    let mut harness = at_accounts(folder.path(), &demo);
    for asked in [None, Some(false), Some(true)] {
        harness.state_mut().wizard.page = Page::Servers;
        harness.state_mut().wizard.servers.target_more.open = true;
        harness.run_steps(2);
        if asked == Some(true) {
            harness.get_by_label("Copy deleted or missing messages again").scroll_to_me();
            // The page rolls there.
            harness.run_steps(40);
            harness.get_by_label("Copy deleted or missing messages again").click();
            harness.run_steps(2);
            assert!(harness.state().wizard.servers.repair);
        }
        harness.key_press(Key::Enter);
        wait_until(&mut harness, "the accounts", |app| app.wizard.page == Page::Accounts);
        harness.key_press(Key::Enter);
        wait_until(&mut harness, "the start", |app| app.wizard.page == Page::Status);
        wait_until(&mut harness, "the migration", |app| app.wizard.page == Page::Result);
        if asked.is_none() {
            assert!(demo.compare().is_perfect());
            demo.target().store().delete_message(&demo.people()[0].address, "INBOX", 1).unwrap();
        } else {
            assert_eq!(demo.compare().is_perfect(), asked == Some(true), "{:?}", demo.compare());
        }
    }
}
