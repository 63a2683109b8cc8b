//! Correcting single accounts in the window, trying them again, and starting at a time.

use super::support::{NO_WORD, pictures, plain, spoil_first_password};
use super::whole::{open, wait_until};
use egui::{Key, ViewportEvent, ViewportId};
use egui_kittest::Harness;
use egui_kittest::SnapshotResults;
use egui_kittest::kittest::Queryable;
use kimt::accounts;
use kimt::gui::action::Action;
use kimt::gui::app::App;
use kimt::gui::page::Page;
use kimt::gui::pages::accounts::{AccountsPage, Planned};
use kimt::gui::pages::correction::Correction;
use kimt::gui::wizard::Wizard;
use kimt::rehearsal::demo::{Demo, DemoOptions};

fn correcting() -> Wizard {
    let mut wizard = super::result::shown(&super::recorded::ended());
    wizard.accounts.take("/home/admin/users-2026.csv".into(), super::recorded::file());
    let account = wizard.accounts.account("d.weber@old-company.com").unwrap();
    wizard.correction = Some(Correction::of(account));
    wizard
}

fn planned(typed: &str) -> Wizard {
    let mut wizard = Wizard { page: Page::Accounts, ..Wizard::default() };
    wizard.accounts.take("/home/admin/users-2026.csv".into(), super::recorded::file());
    wizard.accounts.planned = Some(Planned { typed: typed.into(), ..Planned::default() });
    wizard
}

#[test]
fn the_forms_look_right() {
    let mut results = SnapshotResults::new();
    pictures(&mut results, "result-correcting", correcting);
    pictures(&mut results, "accounts-planning", || planned("22:00"));
}

#[test]
fn enter_in_the_form_uses_the_correction_and_does_not_press_the_button_of_the_page() {
    let mut harness = plain(correcting());
    harness.run_steps(2);
    harness.get_by_label("Password on the source").focus();
    harness.run_steps(2);
    harness.get_by_label("Password on the source").type_text("better");
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    assert_eq!(harness.state().actions, [Action::UseCorrection(true)]);
    harness.key_press(Key::Escape);
    harness.run_steps(2);
    assert!(harness.state().wizard.correction.is_none());
}

/// Runs a migration whose first password is wrong, up to its result.
fn with_one_refused(folder: &std::path::Path, demo: &Demo) -> Harness<'static, App> {
    spoil_first_password(demo, NO_WORD);
    let mut harness = open(folder, None, Some(demo));
    wait_until(&mut harness, "the accounts file", |app| app.wizard.accounts.is_loaded());
    harness.key_press(Key::Enter);
    wait_until(&mut harness, "both servers", |app| app.wizard.page == Page::Accounts);
    harness.key_press(Key::Enter);
    wait_until(&mut harness, "the start", |app| app.wizard.page == Page::Status);
    wait_until(&mut harness, "the migration", |app| app.wizard.page == Page::Result);
    harness
}

#[test]
fn one_password_is_corrected_in_its_row_the_account_tried_again_alone_and_the_list_saved_for_this_user_only() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(&DemoOptions { messages: 30, accounts: 3, ..DemoOptions::new(folder.path()) }).unwrap();
    let mut harness = with_one_refused(folder.path(), &demo);
    let first = demo.people()[0].clone();
    harness.get_all_by_label_contains(&format!("{}: Failed", first.address)).next().unwrap().click();
    harness.run_steps(3);
    harness.get_by_label("Correct its password or sign-in name…").click();
    harness.run_steps(3);
    assert!(harness.get_by_label("Password on the source").is_focused());
    harness.get_by_label("Password on the source").type_text(first.password.reveal());
    harness.run_steps(2);
    harness.get_by_label("Try again with this").click();
    harness.run_steps(2);
    wait_until(&mut harness, "the second run", |app| app.wizard.status.state.accounts.len() == 1);
    wait_until(&mut harness, "its end", |app| app.wizard.page == Page::Result);
    harness.get_by_label_contains("All 3 accounts are complete (1 in this run).");
    assert!(demo.compare().is_perfect(), "{:?}", demo.compare());

    // Nothing was written down until it is asked for.
    let on_disk = || std::fs::read_to_string(demo.accounts_file()).unwrap();
    let as_it_was = format!(";{NO_WORD}\n");
    assert!(on_disk().contains(&as_it_was));
    harness.get_by_label("1 account is corrected in this window only.");
    harness.get_by_label("Save a corrected list").click();
    harness.run_steps(2);
    wait_until(&mut harness, "the list", |app| app.wizard.good_news.is_some());
    let saved = harness.state().wizard.accounts.file.clone().unwrap();
    assert!(saved != demo.accounts_file() && on_disk().contains(&as_it_was), "{saved:?}");
    let read = accounts::load(&saved).unwrap();
    let passwords = |all: &[kimt::domain::Account]| all.iter().map(|it| it.password.clone()).collect::<Vec<_>>();
    assert_eq!(passwords(&read.accounts), passwords(harness.state().wizard.accounts.accounts()));
    assert_eq!(read.accounts[0].password, first.password);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&saved).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_correction_survives_reading_the_list_again_until_the_list_itself_is_corrected() {
    let mut page = AccountsPage::default();
    let read = |page: &mut AccountsPage, password: &str| {
        page.take("/users.csv".into(), accounts::read(format!("ann@example.com;{password};Ann\n").as_bytes()));
        let ann = page.account("ann@example.com").unwrap();
        (ann.password.reveal().to_owned(), ann.source_login.clone())
    };
    read(&mut page, "wrong");
    let mut typed = Correction::of(page.account("ann@example.com").unwrap());
    (typed.password, typed.login) = (String::from("right").into(), "ann.keller".into());
    page.correct(&typed);
    assert_eq!(read(&mut page, "wrong"), ("right".to_owned(), Some("ann.keller".to_owned())));
    assert_eq!(read(&mut page, "from the list"), ("from the list".to_owned(), Some("ann.keller".to_owned())));
}

#[test]
fn a_planned_start_begins_at_its_time_and_closing_before_it_asks_first() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(&DemoOptions { messages: 10, accounts: 2, ..DemoOptions::new(folder.path()) }).unwrap();
    let mut harness = open(folder.path(), None, Some(&demo));
    wait_until(&mut harness, "the accounts file", |app| app.wizard.accounts.is_loaded());
    harness.key_press(Key::Enter);
    wait_until(&mut harness, "both servers", |app| app.wizard.page == Page::Accounts);
    harness.get_by_label("Start later…").click();
    harness.run_steps(2);
    let soon = chrono::Local::now() + chrono::Duration::hours(2);
    harness.get_by_label("Start at").type_text(&soon.format("%H:%M").to_string());
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    assert!(harness.state().wizard.accounts.planned.as_ref().is_some_and(|planned| planned.at.is_some()));
    assert_eq!(harness.state().wizard.page, Page::Accounts, "Enter in the field plans, and starts nothing");
    harness.get_by_label_contains("Start migration of 2 accounts: planned for ");
    harness.input_mut().viewports.entry(ViewportId::ROOT).or_default().events.push(ViewportEvent::Close);
    harness.step();
    harness.run_steps(2);
    harness.get_by_label("If you close the window, nothing starts.");
    harness.state_mut().wizard.accounts.planned.as_mut().unwrap().at = Some(chrono::Local::now());
    wait_until(&mut harness, "the start", |app| app.wizard.page == Page::Status);
    wait_until(&mut harness, "the migration", |app| app.wizard.page == Page::Result);
    assert!(harness.state().wizard.accounts.planned.is_none() && demo.compare().is_perfect());
}
