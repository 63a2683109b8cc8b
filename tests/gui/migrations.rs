//! A migration over several evenings, as the window offers it, continues it, and says how far it is.

use super::recorded::{self, PEOPLE};
use super::support::{Shown, pictures, plain};
use super::whole::{open, wait_until};
use egui::Key;
use egui_kittest::kittest::Queryable;
use egui_kittest::{Harness, SnapshotResults};
use kimt::domain::{Account, AccountNames, Address, Problem, ProblemKind, Secret, Side, SignInKind};
use kimt::gui::action::{Action, Purpose};
use kimt::gui::app::App;
use kimt::gui::page::Page;
use kimt::gui::pages::accounts::Showing;
use kimt::gui::pages::servers::MigrationOffer;
use kimt::gui::pages::status::StatusPage;
use kimt::gui::wizard::Wizard;
use kimt::migration::{AccountRecord, Files, Migration, Migrations, RunRecord, ServerSettings, SideSettings};
use kimt::progress::{AccountStage, Event, MigrationInfo, RunKind, Stages, Stamped};
use kimt::rehearsal::demo::{Demo, DemoOptions};
use kimt::settings::Way;
use std::path::Path;

const EVENING: &str = "2024-11-24T23:10:00+01:00";

/// The record of a migration of these accounts from this list, which one run was stopped at.
pub fn begun(list: &Path, accounts: &[(&str, AccountStage)]) -> Migration {
    let record = |(address, stage): &(&str, AccountStage)| {
        let problem = Problem::new(ProblemKind::PasswordRefused)
            .on(Side::Source)
            .for_account(kimt::domain::Address::parse(address).unwrap());
        let record = AccountRecord {
            address: (*address).to_owned(),
            stage: *stage,
            since: EVENING.to_owned(),
            completed: (*stage == AccountStage::Complete).then(|| EVENING.to_owned()),
            verified: None,
            names: None,
            problem: (*stage == AccountStage::NeedsAttention).then_some(problem),
        };
        (address.to_lowercase(), record)
    };
    let run = RunRecord {
        kind: RunKind::Migrate,
        started: EVENING.to_owned(),
        ended: Some(EVENING.to_owned()),
        stopped: true,
        accounts: accounts.len() as u32,
        complete: 1,
        log_folder: "/logs".into(),
    };
    Migration {
        name: "old.example to kerio.example".to_owned(),
        source: "old.example".to_owned(),
        target: "kerio.example".to_owned(),
        accounts_file: Some(list.to_owned()),
        rules: None,
        settings: None,
        accounts: accounts.iter().map(record).collect(),
        runs: vec![run],
    }
}

/// Keeps a record where the window looks for it.
pub fn keep(folder: &Path, migration: &Migration) {
    Files::in_folder(&folder.join("state")).keep(migration).unwrap();
}

/// The recorded people after some evenings: four complete, one of them verified, two that need attention, one begun.
fn evenings() -> Migration {
    let stage = |index: usize| match index {
        0..4 => AccountStage::Complete,
        4 | 5 => AccountStage::NeedsAttention,
        6 => AccountStage::Begun,
        _ => AccountStage::NotStarted,
    };
    let accounts: Vec<_> = PEOPLE.iter().enumerate().map(|(index, person)| (person.0, stage(index))).collect();
    let mut migration = begun(Path::new("/home/admin/users-2026.csv"), &accounts);
    migration.accounts.get_mut(PEOPLE[0].0).unwrap().verified = Some("2024-11-26T08:02:00+01:00".to_owned());
    migration
}

pub fn offered() -> Wizard {
    let mut wizard = Wizard::default();
    let mut done = begun(Path::new("/b.csv"), &[("ann@example.com", AccountStage::Complete)]);
    done.name = "branch.example to 10.1.0.5".to_owned();
    wizard.servers.migrations = [evenings(), done].iter().filter_map(MigrationOffer::of).collect();
    wizard
}

pub fn continued(purpose: Purpose) -> Wizard {
    let mut wizard = Wizard { page: Page::Accounts, ..Wizard::default() };
    wizard.accounts.take("/home/admin/users-2026.csv".into(), recorded::file());
    let mut migration = evenings();
    migration.accounts.remove(PEOPLE[11].0);
    let gone = AccountRecord { since: EVENING.to_owned(), stage: AccountStage::Complete, ..AccountRecord::default() };
    migration.accounts.insert("gone@old-company.com".to_owned(), gone);
    wizard.accounts.know(Some(&migration));
    wizard.accounts.choose_for(purpose);
    wizard
}

/// A run of twelve accounts in a migration of sixty.
fn part(mut events: Vec<Stamped>, kind: RunKind) -> StatusPage {
    if let Event::RunStarted(info) = &mut events[0].event {
        let others = Stages { not_started: 20, begun: 1, complete: 25, need_attention: 2 };
        let before = vec![AccountStage::NotStarted; info.accounts.len()];
        let name = "old.example to kerio.example".to_owned();
        info.kind = kind;
        info.migration = Some(MigrationInfo { name, others, before, others_verified: 7, verified_before: Vec::new() });
    }
    let mut status = StatusPage::begin(Vec::new());
    events.iter().for_each(|event| status.apply(event));
    status
}

fn result(events: Vec<Stamped>, kind: RunKind) -> Wizard {
    Wizard { page: Page::Result, status: part(events, kind), ..Wizard::default() }
}

#[test]
fn the_pages_look_right_over_several_evenings() {
    let mut results = SnapshotResults::new();
    pictures(&mut results, "servers-migrations", offered);
    pictures(&mut results, "accounts-continued", || continued(Purpose::Migrate));
    pictures(&mut results, "accounts-verify", || continued(Purpose::Verify));
    pictures(&mut results, "status-part", || {
        let status = part(recorded::running(), RunKind::Migrate);
        Wizard { page: Page::Status, status, ..Wizard::default() }
    });
    pictures(&mut results, "result-part", || result(recorded::complete(), RunKind::Migrate));
    pictures(&mut results, "result-compared", || result(recorded::complete(), RunKind::Verify));
}

#[test]
fn an_open_migration_says_how_far_it_is_and_a_complete_one_offers_its_last_steps() {
    let mut harness = plain(offered());
    harness.run();
    let head = "old.example to kerio.example: 4 of 12 accounts complete, stopped 24 November 2024, 23:10";
    harness.get_by_label(head);
    harness.get_by_label("2 need you, 1 was begun and continues later, 5 were not started.");
    harness.get_by_label_contains("branch.example to 10.1.0.5: 1 of 1 account complete");
    harness.get_by_label("Continue").click();
    harness.run();
    harness.get_all_by_label("Verify").last().unwrap().click();
    harness.run();
    harness.get_all_by_label("Not now").last().unwrap().click();
    harness.run();
    let name = |name: &str| name.to_owned();
    let asked = [
        Action::ContinueMigration(name("old.example to kerio.example"), Purpose::Migrate),
        Action::ContinueMigration(name("branch.example to 10.1.0.5"), Purpose::Verify),
        Action::HideMigration(name("branch.example to 10.1.0.5")),
    ];
    assert_eq!(harness.state().actions, asked);
}

#[test]
fn each_account_shows_its_state_over_all_runs_with_its_date_and_can_be_filtered_by_it() {
    let mut harness = plain(continued(Purpose::Migrate));
    harness.run();
    harness.get_by_label("complete, 24 November 2024, 23:10; verified, 26 November 2024, 08:02");
    let refused = "the source refuses this password (24 November 2024, 23:10)";
    assert_eq!(harness.query_all_by_label(refused).count(), 2);
    harness.get_by_label("8 of 12 chosen");
    harness.get_by_label("1 account of this list is new in this migration.");
    harness.get_by_label("1 account of this migration is not in this list.");
    harness.get_all_by_label("Show").last().unwrap().click();
    harness.run();
    harness.get_by_label("gone@old-company.com: complete, 24 November 2024, 23:10");
    harness.get_by_label("Hide").click();
    harness.run();
    let drawn = |harness: &Harness<'_, Shown>| harness.state().wizard.accounts.rows_drawn;
    for (chip, rows) in [("Problems 2", 2), ("Complete 4", 4)] {
        harness.get_by_label(chip).click();
        harness.run();
        assert_eq!(drawn(&harness), rows, "{chip}");
    }
    harness.get_by_label("All 12").click();
    harness.run();
    harness.get_by_label("Filter").focus();
    harness.run();
    harness.get_by_label("Filter").type_text("verified");
    harness.run();
    assert_eq!(drawn(&harness), 1, "the filter finds states");
    harness.state_mut().wizard.accounts.filter = "begun".to_owned();
    harness.run_steps(2);
    harness.get_by_label("begun, 24 November 2024, 23:10");
    harness.state_mut().wizard.accounts.filter = "o'neill".to_owned();
    harness.run_steps(2);
    harness.get_by_label("new in the list");
    assert_eq!(harness.state().wizard.accounts.showing, Showing::All);
}

#[test]
fn what_is_expected_to_go_wrong_is_counted_by_cause_before_the_start() {
    let mut wizard = continued(Purpose::Migrate);
    wizard.accounts.free_seats = Some(3);
    let mut harness = plain(wizard);
    harness.run();
    harness.get_by_label("3 free licence seats, but 5 chosen accounts have not started yet.");
    let refused = "the source refuses this password (seen in an earlier run).";
    harness.get_by_label(&format!("2 chosen accounts will probably not be complete: {refused}"));
    harness.state_mut().wizard.accounts.free_seats = Some(5);
    harness.run();
    assert!(harness.query_by_label_contains("licence seats").is_none());
    // A check knows better than an earlier run.
    let page = &mut harness.state_mut().wizard.accounts;
    page.choose(|_| true);
    page.begin_check();
    recorded::checked().iter().for_each(|event| page.apply(event));
    harness.run();
    assert!(harness.query_by_label_contains("seen in an earlier run").is_none());
}

#[test]
fn the_page_starts_what_it_is_for() {
    for (purpose, button) in [
        (Purpose::Migrate, "Start migration of 8 accounts"),
        (Purpose::LastPass, "Start last pass of 4 accounts"),
        (Purpose::Verify, "Verify 4 accounts"),
    ] {
        let mut harness = plain(continued(purpose));
        harness.run();
        harness.get_by_label(button).click();
        harness.run();
        assert_eq!(harness.state().actions, [Action::Start]);
    }
}

#[test]
fn a_run_of_a_part_never_shows_a_number_as_if_it_were_of_the_whole() {
    let mut harness = plain(result(recorded::complete(), RunKind::Migrate));
    harness.run();
    harness.get_by_label("28 of 51 accounts are complete (3 in this run). 2 need you, 1 was begun and continues later, 20 were not started.");
    assert!(
        harness.query_by_label_contains("Have new mail delivered").is_none(),
        "people stay where they are until all are complete"
    );
    harness.get_by_label("Continue with 23 accounts").click();
    harness.run();
    harness.get_by_label("Last pass").click();
    harness.run();
    let asked = [Action::ChooseOpen, Action::StartAll(Purpose::LastPass)];
    assert_eq!(harness.state().actions, asked);
    let status = part(recorded::running(), RunKind::Migrate);
    assert!(status.in_title().unwrap().contains("of this run"));
    assert!(status.subtitle().starts_with("26 of 60 accounts of the migration are complete"), "{}", status.subtitle());
}

#[test]
fn all_that_need_her_are_found_from_the_verdict_also_those_of_earlier_runs() {
    let mut harness = plain(result(recorded::ended(), RunKind::Migrate));
    harness.run();
    harness.get_by_label_contains("35 of 60 accounts are complete (10 in this run). 4 need you");
    harness.get_by_label("This run 12");
    harness.get_by_label("Show all 4 that need attention").click();
    harness.run();
    assert_eq!(harness.state().actions, [Action::ShowAllProblems]);
    // Where this run has all of them, they are in its table already.
    let mut events = recorded::ended();
    if let Event::RunStarted(info) = &mut events[0].event {
        let (others, before) = (Stages { complete: 48, ..Stages::default() }, vec![AccountStage::NotStarted; 12]);
        info.migration = Some(MigrationInfo { others, before, ..MigrationInfo::default() });
    }
    let mut status = StatusPage::begin(Vec::new());
    events.iter().for_each(|event| status.apply(event));
    let mut harness = plain(Wizard { page: Page::Result, status, ..Wizard::default() });
    harness.run();
    harness.get_by_label_contains("58 of 60 accounts are complete (10 in this run). 2 need you.");
    assert!(harness.query_by_label_contains("that need").is_none());
}

#[test]
fn the_way_from_the_verdict_to_all_that_need_her_ends_at_them() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(&DemoOptions { messages: 9, accounts: 3, ..DemoOptions::new(folder.path()) }).unwrap();
    let person = |index: usize| demo.people()[index].address.clone();
    let (source, target) = (demo.source_address().to_string(), demo.target_address().to_string());
    let stages = [AccountStage::Complete, AccountStage::NeedsAttention, AccountStage::NotStarted];
    let accounts: Vec<_> = (0..3).map(|index| (person(index), stages[index])).collect();
    let accounts: Vec<_> = accounts.iter().map(|(address, stage)| (address.as_str(), *stage)).collect();
    keep(folder.path(), &Migration { source, target, ..begun(demo.accounts_file(), &accounts) });
    let mut harness = open(folder.path(), None, Some(&demo));
    wait_until(&mut harness, "the accounts file", |app| app.wizard.accounts.is_loaded());
    harness.key_press(Key::Enter);
    wait_until(&mut harness, "both servers", |app| app.wizard.page == Page::Accounts);
    let last = person(2);
    harness.state_mut().wizard.accounts.choose(|account| account.address.to_string() == last);
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    at_the_end(&mut harness);
    harness.get_by_label_contains("2 of 3 accounts are complete (1 in this run). 1 needs you.");
    harness.get_by_label("Show the account that needs attention").click();
    harness.run_steps(3);
    let wizard = &harness.state().wizard;
    assert_eq!((wizard.page, wizard.accounts.showing), (Page::Accounts, Showing::Problems));
    assert_eq!(wizard.accounts.rows_drawn, 1);
    harness.get_by_label_contains(&format!("{}: ", person(1)));
}

#[test]
fn a_comparison_has_its_own_words_and_counts_what_is_verified_of_the_whole() {
    let mut harness = plain(result(recorded::complete(), RunKind::Verify));
    harness.run();
    harness.get_by_label("Comparison Result");
    harness.get_by_label_contains("All 3 accounts are equal on both servers.");
    harness.get_by_label_contains("10 of the 51 accounts of the migration are verified.");
}

#[test]
fn a_list_that_has_moved_is_asked_for_and_the_choice_waits_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let moved = folder.path().join("old/users.csv");
    let accounts = [("ann@example.com", AccountStage::Complete), ("bob@example.com", AccountStage::Begun)];
    keep(folder.path(), &Migration { rules: Some("exclude Junk*".to_owned()), ..begun(&moved, &accounts) });
    let mut harness = open(folder.path(), None, None);
    wait_until(&mut harness, "the offer", |app| !app.wizard.servers.migrations.is_empty());
    harness.get_by_label("Continue").click();
    harness.run_steps(2);
    assert_eq!(harness.state().wizard.servers.rules, "exclude Junk*", "the rules of the last run");
    harness.state_mut().wizard.servers.rules = "since 2020-01-01".to_owned();
    wait_until(&mut harness, "the answer", |app| !app.wizard.accounts.loading);
    let wizard = &harness.state().wizard;
    assert_eq!(
        (wizard.servers.source.address.as_str(), wizard.servers.target.address.as_str()),
        ("old.example", "kerio.example")
    );
    assert!(wizard.notice.as_ref().is_some_and(|notice| notice.contains("users.csv")));
    harness.state_mut().wizard.page = Page::Accounts;
    harness.run_steps(2);
    harness.get_by_label_contains("The list of this migration was ");
    let list = folder.path().join("users.csv");
    std::fs::write(&list, "ann@example.com;a;Ann\nbob@example.com;b;Bob\nnew@example.com;c;New\n").unwrap();
    harness.state_mut().wizard.accounts.typed = Some(list.display().to_string());
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    wait_until(&mut harness, "the list", |app| app.wizard.accounts.is_loaded());
    let chosen: Vec<_> =
        harness.state().wizard.accounts.chosen().iter().map(|account| account.full_name.clone()).collect();
    assert_eq!(chosen, ["Bob", "New"]);
    harness.get_by_label_contains(
        "The rules have changed since the last run. Then: exclude Junk*. Now: since 2020-01-01.",
    );
}

#[test]
fn a_migration_without_a_file_gives_its_accounts_where_nobody_signs_in_with_a_password_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let accounts = [("ann@example.com", AccountStage::Complete), ("bob@example.com", AccountStage::Begun)];
    let mut migration = Migration { accounts_file: None, ..begun(Path::new("/piped.csv"), &accounts) };
    let bob = Account { full_name: "Bob".to_owned(), ..account("bob@example.com") };
    migration.take_list(None, [AccountNames::from(&account("ann@example.com")), AccountNames::from(&bob)]);
    keep(folder.path(), &migration);
    for (way, loaded) in [(Way::KerioMaster, true), (Way::Own, false)] {
        let mut harness = open(folder.path(), None, None);
        wait_until(&mut harness, "the offer", |app| !app.wizard.servers.migrations.is_empty());
        let page = &mut harness.state_mut().wizard.servers;
        (page.source_more.kept.way, page.target_more.kept.way) = (way, Way::KerioMaster);
        harness.get_by_label("Continue").click();
        harness.run_steps(2);
        let accounts = &harness.state().wizard.accounts;
        assert_eq!(accounts.is_loaded(), loaded);
        if loaded {
            assert_eq!(accounts.chosen(), [Account { line: 2, password: Secret::new(""), ..bob.clone() }]);
            harness.state_mut().wizard.page = Page::Accounts;
            harness.run_steps(2);
            harness.get_by_label("The migration's record · 2 accounts in 1 domain");
        }
    }
}

/// A list that has vanished is no hindrance where nobody needs an own password, and how people sign in is remembered.
#[test]
fn a_list_that_has_vanished_is_replaced_by_the_record_where_nobody_signs_in_with_a_password_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("gone.csv");
    let accounts = [("ann@example.com", AccountStage::Complete), ("bob@example.com", AccountStage::Begun)];
    let master = SideSettings { sign_in: SignInKind::KerioMaster, ..SideSettings::default() };
    let settings = ServerSettings { source: master.clone(), target: master, ..ServerSettings::default() };
    let mut migration = Migration { settings: Some(settings), ..begun(&list, &accounts) };
    let names = ["ann@example.com", "bob@example.com"].map(|address| AccountNames::from(&account(address)));
    migration.take_list(Some(list.clone()), names);
    keep(folder.path(), &migration);
    let mut harness = open(folder.path(), None, None);
    wait_until(&mut harness, "the offer", |app| !app.wizard.servers.migrations.is_empty());
    harness.get_by_label("Continue").click();
    wait_until(&mut harness, "the record", |app| app.wizard.accounts.is_loaded());
    assert_eq!(harness.state().wizard.notice, None);
    let chosen = harness.state().wizard.accounts.chosen();
    assert_eq!(chosen.iter().map(|account| account.address.to_string()).collect::<Vec<_>>(), ["bob@example.com"]);
    harness.state_mut().wizard.page = Page::Accounts;
    harness.run_steps(2);
    harness.get_by_label_contains("gone.csv");
    harness.get_by_label_contains("The accounts come from the migration's record");
    // With own passwords the list is asked for, as it always was.
    migration.settings = None;
    keep(folder.path(), &migration);
    let mut harness = open(folder.path(), None, None);
    wait_until(&mut harness, "the offer", |app| !app.wizard.servers.migrations.is_empty());
    harness.get_by_label("Continue").click();
    wait_until(&mut harness, "the answer", |app| app.wizard.notice.is_some());
    assert!(!harness.state().wizard.accounts.is_loaded());
}

fn account(address: &str) -> Account {
    Account::new(1, Address::parse(address).unwrap(), Secret::new("b7Xq-29kf"))
}

fn at_the_end(harness: &mut Harness<'static, App>) {
    wait_until(harness, "the start", |app| app.wizard.page == Page::Status);
    wait_until(harness, "the end", |app| app.wizard.page == Page::Result);
    // The record is read once more.
    wait_until(harness, "the record", |app| app.wizard.accounts.over_runs.is_known());
}

#[test]
fn a_migration_in_groups_is_continued_brought_up_to_date_and_verified_from_its_result() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(&DemoOptions { messages: 40, accounts: 3, ..DemoOptions::new(folder.path()) }).unwrap();
    let mut harness = open(folder.path(), None, Some(&demo));
    wait_until(&mut harness, "the accounts file", |app| app.wizard.accounts.is_loaded());
    harness.key_press(Key::Enter);
    wait_until(&mut harness, "both servers", |app| app.wizard.page == Page::Accounts);
    let first = demo.people()[0].address.clone();
    harness.state_mut().wizard.accounts.choose(|account| account.address.to_string() == first);
    harness.run_steps(2);
    harness.key_press(Key::Enter);
    at_the_end(&mut harness);
    harness.get_by_label_contains("1 of 3 accounts is complete (1 in this run). 2 were not started.");
    harness.get_by_label("Continue with 2 accounts").click();
    harness.run_steps(3);
    harness.get_by_label("Start migration of 2 accounts").click();
    at_the_end(&mut harness);
    harness.get_by_label_contains("All 3 accounts are complete (2 in this run).");
    assert!(demo.compare().is_perfect(), "{:?}", demo.compare());
    for (button, verdict) in [
        ("Last pass", "All 3 accounts are complete"),
        ("Verify", "All 3 accounts are equal on both servers. 40 messages"),
    ] {
        wait_until(&mut harness, "all three", |app| {
            let over_runs = &app.wizard.accounts.over_runs;
            (0..3).all(|position| over_runs.stage(position) == AccountStage::Complete)
        });
        harness.get_by_label(button).click();
        at_the_end(&mut harness);
        harness.get_by_label_contains(verdict);
    }
    assert!(demo.compare().is_perfect(), "{:?}", demo.compare());
    let kept = Files::in_folder(&folder.path().join("state")).all().unwrap().remove(0);
    assert!(kept.accounts.values().all(|account| account.verified.is_some()) && kept.runs.len() == 4);
}
