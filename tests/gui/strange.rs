//! Lists and circumstances that nobody plans for: no account and one, names without end, scripts from right to left, a server that goes by
//! another name, and a second window.

use super::migrations::{begun, keep};
use super::recorded::Recording;
use super::support::{SMALL, USUAL, show, show_foreign};
use super::whole::{open, wait_until};
use egui::{Key, Pos2, Rect, Theme, vec2};
use egui_kittest::kittest::{NodeT, Queryable};
use kimt::accounts;
use kimt::gui::page::Page;
use kimt::gui::wizard::Wizard;
use kimt::instance::Instance;
use kimt::migration::{Files, Migration, Migrations};
use kimt::progress::{AccountEnd, AccountStage, RunKind, Stamped};
use std::path::Path;

/// An address and a name with as many letters as they may have, two names from right to left, and signs that turn the order or break lines.
fn people() -> Vec<(String, String)> {
    let long = format!("{}@{}.example", "a".repeat(64), vec!["subdomain".repeat(6); 3].join("."));
    vec![
        (long, "A Name Without End ".repeat(16)),
        ("layla@old-company.com".to_owned(), "ليلى الحداد".to_owned()),
        ("noa@old-company.com".to_owned(), "נועה לוי (דואר נכנס)".to_owned()),
        ("turned@old-company.com".to_owned(), "\u{202e}txt.exe\u{2066}, two\u{7} lines".to_owned()),
    ]
}

/// A run in which the first is under way, the second complete, the third waits and the fourth has failed.
fn run(kind: RunKind) -> Vec<Stamped> {
    let people = people();
    let mut run = Recording::begin(kind, people.iter().map(|(address, name)| (address.as_str(), name.as_str())));
    run.count(0, 1_234_567_890).copy(0, (0.0, 0.3), 1_234_567_890, 60);
    run.count(1, 12).copy(1, (0.0, 1.0), 12, 1).end(1, 12, AccountEnd::Complete);
    run.problem(3, None, super::recorded::refused(3)).end(3, 0, AccountEnd::Failed);
    run.events()
}

fn pages() -> Vec<Wizard> {
    let lines: String = people().iter().map(|(address, name)| format!("{address};hunter2;{name}\n")).collect();
    let mut listed = Wizard { page: Page::Accounts, ..Wizard::default() };
    listed.accounts.take("/users.csv".into(), accounts::read(lines.as_bytes()));
    let mut checked = Wizard { page: Page::Accounts, ..Wizard::default() };
    checked.accounts.take("/users.csv".into(), accounts::read(lines.as_bytes()));
    checked.accounts.begin_check();
    run(RunKind::Check).iter().for_each(|event| checked.accounts.apply(event));
    let mut running = Wizard { page: Page::Status, ..Wizard::default() };
    run(RunKind::Migrate).iter().for_each(|event| running.status.apply(event));
    let mut ended = Wizard { page: Page::Result, ..Wizard::default() };
    run(RunKind::Migrate).iter().for_each(|event| ended.status.apply(event));
    ended.status.give_up_waiting();
    vec![listed, checked, running, ended]
}

#[test]
fn names_without_end_and_from_right_to_left_leave_every_row_and_the_bar_in_the_window() {
    for screen in [SMALL, USUAL] {
        let whole = Rect::from_min_size(Pos2::ZERO, vec2(screen.width, screen.height));
        for wizard in pages() {
            let page = wizard.page;
            let mut harness = show_foreign(wizard, screen, Theme::Light);
            harness.run_steps(3);
            let mut rows = 0;
            for node in harness.root().children_recursive() {
                let label = node.accesskit_node().label().unwrap_or_default();
                if label.contains("@old-company.com: ") || label.contains(".example: ") {
                    rows += 1;
                    let rect = node.rect();
                    assert!(rect.left() >= 0.0 && rect.right() <= whole.right(), "{page:?}: {rect:?}");
                }
            }
            assert!(rows >= 3, "{page:?}: {rows}");
            // What had not ended when the run was no longer waited for goes by no running sign.
            let stopped = harness.query_all_by_label_contains(": Stopped").count();
            assert_eq!(stopped > 0, page == Page::Result, "{page:?}");
            // An opened row breaks its lines as well.
            harness.get_all_by_label_contains("turned@old-company.com: ").next().unwrap().click();
            harness.run_steps(3);
        }
    }
}

/// `cargo test --test gui pictures_of_strange -- --ignored`, with the folder in `PICTURES`.
#[test]
#[ignore = "makes pictures and judges none"]
fn pictures_of_strange_lists() {
    let Some(folder) = std::env::var_os("PICTURES") else { return };
    for (number, wizard) in pages().into_iter().enumerate() {
        let mut harness = show_foreign(wizard, SMALL, Theme::Light);
        harness.run_steps(3);
        let file = format!("strange-{number}.png");
        harness.render().unwrap().save(Path::new(&folder).join(file)).unwrap();
    }
}

#[test]
fn a_list_of_one_and_a_list_of_none_are_said_as_what_they_are() {
    for (list, subtitle, button) in [
        ("ann@example.com;a;Ann\n", "users.csv · 1 account in 1 domain", "Start migration of 1 account"),
        ("nonsense\n", "users.csv · 0 accounts in 0 domains", "Start migration of 0 accounts"),
    ] {
        let mut wizard = Wizard { page: Page::Accounts, ..Wizard::default() };
        wizard.accounts.take("/users.csv".into(), accounts::read(list.as_bytes()));
        let mut harness = show(wizard, SMALL, Theme::Light);
        harness.run_steps(3);
        harness.get_by_label(subtitle);
        harness.get_by_label(button);
        harness.key_press(Key::Enter);
        harness.run_steps(3);
        assert_eq!(harness.state().actions.is_empty(), list == "nonsense\n");
    }
}

#[test]
fn servers_that_go_by_another_name_are_another_migration_and_the_page_says_of_which_one_the_accounts_are() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("users.csv");
    std::fs::write(&list, "ann@example.com;a;Ann\nbob@example.com;b;Bob\n").unwrap();
    let accounts = [("ann@example.com", AccountStage::Complete), ("bob@example.com", AccountStage::Complete)];
    keep(folder.path(), &begun(&list, &accounts));
    let said = "The migration old.example to kerio.example has 2 of these accounts.";
    for (source, is_other) in [("mail.old.example", true), ("old.example:993", false), ("OLD.example", false)] {
        let mut harness = open(folder.path(), None, None);
        wait_until(&mut harness, "the offer", |app| !app.wizard.servers.migrations.is_empty());
        let wizard = &mut harness.state_mut().wizard;
        wizard.servers.source.address = source.to_owned();
        wizard.servers.target.address = "kerio.example".to_owned();
        wizard.page = Page::Accounts;
        wizard.accounts.typed = Some(list.display().to_string());
        harness.run_steps(2);
        harness.key_press(Key::Enter);
        wait_until(&mut harness, "the list", |app| app.wizard.accounts.is_loaded());
        assert_eq!(harness.query_by_label_contains(said).is_some(), is_other, "{source}");
        let stage = harness.state().wizard.accounts.over_runs.stage(0);
        assert_eq!(stage == AccountStage::Complete, !is_other, "{source}");
    }
}

#[test]
fn a_second_window_says_that_the_program_is_running_already_and_looks_again_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    keep(folder.path(), &begun(Path::new("/users.csv"), &[("ann@example.com", AccountStage::Begun)]));
    let other = Instance::claim(&folder.path().join("state")).unwrap();
    let mut harness = open(folder.path(), None, None);
    wait_until(&mut harness, "the reason", |app| app.wizard.servers.trouble.is_some());
    harness.get_by_label_contains("Another copy of this program is running");
    assert!(harness.query_by_label("Continue").is_none(), "what it has reached is not known");
    drop(other);
    harness.get_by_label("Look again").click();
    wait_until(&mut harness, "the offer", |app| !app.wizard.servers.migrations.is_empty());
    assert_eq!(harness.state().wizard.servers.trouble, None);
    harness.get_by_label("Continue");
}

#[test]
fn what_another_window_has_reached_meanwhile_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("users.csv");
    std::fs::write(&list, "ann@example.com;a;Ann\n").unwrap();
    keep(folder.path(), &begun(&list, &[("ann@example.com", AccountStage::Begun)]));
    let mut harness = open(folder.path(), None, None);
    wait_until(&mut harness, "the offer", |app| !app.wizard.servers.migrations.is_empty());
    harness.get_by_label("Continue").click();
    wait_until(&mut harness, "the list", |app| app.wizard.accounts.is_loaded());
    let records = Files::in_folder(&folder.path().join("state"));
    let mut migration: Migration = records.all().unwrap().remove(0);
    migration.accounts.get_mut("ann@example.com").unwrap().stage = AccountStage::Complete;
    records.keep(&migration).unwrap();
    let is_complete = |app: &kimt::gui::app::App| app.wizard.accounts.over_runs.stage(0) == AccountStage::Complete;
    assert!(!is_complete(harness.state()));
    // Next leads to the accounts, whatever led away from them.
    let page = &mut harness.state_mut().wizard.servers;
    page.source_test = kimt::gui::pages::servers::Test::Done(Vec::new());
    page.target_test = kimt::gui::pages::servers::Test::Done(Vec::new());
    page.administrator.name = "admin".into();
    page.administrator.password = String::from("b7Xq-29kf").into();
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    wait_until(&mut harness, "what was reached", is_complete);
}
