//! The demo in the window: offered where nothing is filled in, called so on every page, and something to practise on.

use super::whole::{open, wait_until};
use egui::Key;
use egui_kittest::kittest::Queryable;
use kimt::gui::page::Page;

#[test]
fn whoever_has_no_servers_can_try_it_and_meets_a_certificate_a_wrong_password_and_a_refused_message() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = open(folder.path(), None, None);
    harness.run_steps(2);
    harness.get_by_label("Try it without servers").click();
    wait_until(&mut harness, "the demo", |app| app.wizard.demo && app.wizard.accounts.is_loaded());
    harness.get_by_label_contains("Both servers are inside this program.");
    harness.key_press(Key::Enter);
    wait_until(&mut harness, "the certificate", |app| {
        !app.wizard.servers.testing() && !app.wizard.servers.doubts().is_empty()
    });
    harness.get_by_label("Trust this certificate").click();
    wait_until(&mut harness, "the accounts", |app| app.wizard.page == Page::Accounts);
    harness.get_by_label_contains("One password in this list is wrong.");
    harness.key_press(Key::Enter);
    wait_until(&mut harness, "the start", |app| app.wizard.page == Page::Status);
    harness.get_by_label_contains("Demo: nothing leaves this computer.");
    wait_until(&mut harness, "the migration", |app| app.wizard.page == Page::Result);
    harness.get_by_label_contains("One message is too large for the target");
    let right = harness.state().wizard.right_password.clone().unwrap();
    harness.get_by_label_contains(&format!("the right one is {right}."));
    let state = &harness.state().wizard.status.state;
    assert!(state.now > 10_000, "there is something to see: {} ms", state.now);
    harness.get_by_label_contains("6 of 8 accounts are complete; 2 need");
    // What is wrong can be set right in its row, which need not be opened first.
    harness.get_all_by_label("Correct its password or sign-in name…").last().unwrap().click();
    harness.run_steps(3);
    harness.get_by_label("Password on the source").type_text(&right);
    harness.run_steps(2);
    harness.get_by_label("Try again with this").click();
    harness.run_steps(2);
    wait_until(&mut harness, "the second run", |app| app.wizard.status.state.accounts.len() == 1);
    wait_until(&mut harness, "its end", |app| app.wizard.page == Page::Result);
    harness.get_by_label_contains("7 of 8 accounts are complete (1 in this run). 1 needs you.");
    harness.get_by_label("Show the account that needs attention");
    // Nothing of it is among the user's own migrations.
    assert!(!folder.path().join("state/migrations").exists());
    harness.get_by_label("Leave the demo").click();
    wait_until(&mut harness, "the own start", |app| !app.wizard.demo);
    assert_eq!(harness.state().wizard.servers.source.address, "");
    harness.get_by_label("Try it without servers");
}

#[test]
fn whoever_has_filled_in_a_server_is_not_offered_the_demo() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = open(folder.path(), None, None);
    harness.state_mut().wizard.servers.source.address = "old.example".to_owned();
    harness.run_steps(2);
    assert!(harness.query_by_label("Try it without servers").is_none());
}
