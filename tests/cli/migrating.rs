//! Whole runs: what is copied, what a second run does, and which exit status says how it went.

use super::stage::{Running, Stage, finish};
use std::io::Write;
use std::process::Stdio;

#[test]
fn a_complete_migration_ends_with_0_and_everything_has_arrived() {
    let stage = Stage::new(3, 10);
    let ended = stage.run("migrate", &["--json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.accounts(), [3, 0, 0, 0]);
    assert_eq!(ended.messages(), [60, 0, 0]);
    assert_eq!(ended.stderr, "");
    stage.assert_equal();
}

#[test]
fn a_second_run_copies_nothing() {
    let stage = Stage::new(2, 10);
    assert_eq!(stage.run("migrate", &["--json"]).messages(), [40, 0, 0]);
    let before = stage.target.store().snapshot(stage.user(1)).unwrap();
    let again = stage.run("migrate", &["--json"]);
    assert_eq!((again.code, again.messages()), (Some(0), [0, 40, 0]));
    assert!(before == stage.target.store().snapshot(stage.user(1)).unwrap());
}

#[test]
fn mail_that_came_between_two_runs_is_copied_and_only_that() {
    let stage = Stage::new(2, 10);
    stage.run("migrate", &[]);
    stage.source.store().add_generated(stage.user(1), "INBOX", 3, 700, 9_000_000).unwrap();
    let again = stage.run("migrate", &["--json"]);
    assert_eq!((again.code, again.messages()), (Some(0), [3, 40, 0]));
    stage.assert_equal();
}

#[test]
fn a_wrong_password_among_ten_ends_with_1_and_the_others_are_complete() {
    let stage = Stage::new(10, 3);
    stage.source.store().set_password(stage.user(4), "another").unwrap();
    let ended = stage.run("migrate", &["--json"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.accounts(), [9, 0, 1, 0]);
    for number in (1..=10).filter(|number| *number != 4) {
        stage.assert_user_equal(stage.user(number));
    }
    assert_eq!(stage.target.messages(stage.user(4)), 0);
}

#[test]
fn the_result_names_who_needs_help_with_reason_and_advice_and_where_the_report_is() {
    let stage = Stage::new(2, 3);
    stage.source.store().set_password(stage.user(2), "another").unwrap();
    let ended = stage.run("migrate", &["--quiet"]);
    assert_eq!(ended.code, Some(1));
    let line = ended.stdout.lines().find(|line| line.contains(stage.user(2))).expect("the account is named");
    assert!(line.contains("refused the password") && line.contains("Correct the password"), "{line}");
    let report = ended.stdout.lines().find_map(|line| line.strip_prefix("Report: ")).expect("the report is named");
    assert!(std::fs::read_to_string(report).unwrap().contains(stage.user(2)));
}

#[test]
fn a_bad_line_ends_with_1_and_only_leaves_it_out() {
    let stage = Stage::new(2, 3);
    stage.write_csv(&format!("{}no-address;pw;Nobody\n", stage.csv()));
    let ended = stage.run("migrate", &["--json"]);
    assert_eq!((ended.code, ended.accounts()), (Some(1), [2, 0, 0, 0]));
    let ended = stage.run("migrate", &["--json", "--only", stage.user(1)]);
    assert_eq!((ended.code, ended.accounts()), (Some(0), [1, 0, 0, 0]));
}

#[test]
fn only_the_accounts_asked_for_are_migrated() {
    let stage = Stage::new(4, 3);
    let ended = stage.run("migrate", &["--json", "--only", "USER2@Example.com", "--only", stage.user(3)]);
    assert_eq!((ended.code, ended.accounts()), (Some(0), [2, 0, 0, 0]));
    assert_eq!([1, 2, 3, 4].map(|number| stage.target.messages(stage.user(number))), [0, 6, 6, 0]);
}

#[test]
fn the_accounts_may_come_through_a_pipe() {
    let stage = Stage::new(2, 3);
    let mut program = stage.bare("migrate");
    program.args(stage.servers()).args(["--accounts", "-", "--json"]).stdin(Stdio::piped());
    let mut run = Running::start(&mut program);
    run.child().stdin.take().unwrap().write_all(stage.csv().as_bytes()).unwrap();
    let ended = run.finish();
    assert_eq!((ended.code, ended.messages()), (Some(0), [12, 0, 0]));
    stage.assert_equal();
}

#[test]
fn a_message_the_target_refuses_ends_with_1_and_the_rest_arrives() {
    let stage = Stage::new(1, 3);
    let mut options = stage.target.imap.options();
    options.append_limit = 100_000;
    stage.target.imap.set_options(options);
    stage.source.store().add_generated(stage.user(1), "INBOX", 1, 200_000, 77).unwrap();
    let ended = finish(&mut stage.command("migrate", &["--json"]));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.accounts(), [0, 1, 0, 0]);
    assert_eq!(ended.messages(), [6, 0, 1]);
}

#[test]
fn folders_and_messages_that_the_rules_leave_out_stay_behind_and_the_account_is_complete() {
    let stage = Stage::new(1, 3);
    let ended = stage.run("migrate", &["--json", "--exclude", "projekte*", "--max-size", "1k"]);
    assert_eq!((ended.code, ended.messages()), (Some(0), [0, 0, 0]), "{ended:?}");
    let ended = stage.run("migrate", &["--json", "--rename", "Projekte/Gr\u{fc}n -> Alt"]);
    assert_eq!((ended.code, ended.messages()), (Some(0), [6, 0, 0]), "{ended:?}");
    let target = stage.target.store().snapshot(stage.user(1)).unwrap();
    assert_eq!(target.folder("Alt").unwrap().messages.len(), 3);
}

#[test]
fn a_line_without_a_password_is_named_at_the_end_and_the_others_are_migrated() {
    let stage = Stage::new(2, 1);
    stage.write_csv(&format!("{}carol@example.com;;Carol\n", stage.csv()));
    let ended = stage.run("migrate", &[]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let named = ended.stdout.lines().find(|line| line.contains("carol@example.com has no password"));
    assert!(named.is_some_and(|line| line.contains('3')), "{}", ended.stdout);
    assert!(!ended.stdout.contains("carol@example.com: "), "{}", ended.stdout);
    stage.assert_equal();
}
