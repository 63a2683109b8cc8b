//! What is printed: lines for people, JSON for programs, errors only for cron, and nothing for a reader who went away.

use super::stage::{Running, Stage, until};
use kimt::rehearsal::wire_name;
use serde_json::Value;
use std::time::Duration;

#[test]
fn each_line_of_json_has_an_event_and_the_last_sums_the_run_up() {
    let stage = Stage::new(2, 5);
    let ended = stage.run("migrate", &["--json"]);
    let events: Vec<Value> = ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(names.first(), Some(&"run_started"));
    assert_eq!(names.iter().filter(|name| **name == "run_finished").count(), 1);
    assert_eq!(names.iter().filter(|name| **name == "account_finished").count(), 2);
    let summary = ended.summary();
    assert_eq!(summary["event"], "run_finished");
    let source: u64 = stage
        .accounts
        .iter()
        .flat_map(|(user, _)| stage.source.store().snapshot(user).unwrap().folders)
        .fold(0, |sum, (_, folder)| sum + folder.messages.iter().map(|message| message.size).sum::<u64>());
    assert_eq!(summary["bytes"]["copied"].as_u64(), Some(source));
    assert!(summary["seconds"].is_number());
    assert!(std::path::Path::new(summary["report"].as_str().unwrap()).is_file());
    assert_eq!((ended.code, &summary["exit_status"]), (Some(0), &Value::from(0)));
}

#[test]
fn the_last_line_of_json_has_the_exit_status_also_where_every_account_is_complete() {
    let stage = Stage::new(1, 1);
    stage.write_csv(&format!("{}this is no account\n", stage.csv()));
    let ended = stage.run("migrate", &["--json"]);
    let summary = ended.summary();
    assert_eq!((ended.code, summary["verdict"].as_str()), (Some(1), Some("all_complete")), "{ended:?}");
    assert_eq!(summary["exit_status"], 1);
}

#[test]
fn no_text_of_a_server_in_json_moves_a_cursor_turns_the_text_or_hides_in_it() {
    let stage = Stage::new(1, 1);
    let hostile = "a\u{1b}[2Jb\u{9b}c\u{202e}d\u{200b}e\u{e0041}f";
    stage.source.store().create_folder(stage.user(1), hostile).unwrap();
    let ended = stage.run("migrate", &["--json"]);
    let planned = ended.stdout.lines().find(|line| line.contains("folders_planned")).unwrap();
    let planned: Value = serde_json::from_str(planned).unwrap();
    let names =
        planned["folders"].as_array().unwrap().iter().flat_map(|folder| [&folder["source"][0], &folder["target"][0]]);
    let names: Vec<&str> = names.filter_map(Value::as_str).filter(|name| name.starts_with('a')).collect();
    let shown = ["a\u{fffd}[2Jb\u{fffd}c\u{fffd}d\u{fffd}e\u{fffd}f", "a_[2Jb_c\u{fffd}d\u{fffd}e\u{fffd}f"];
    assert_eq!(names, shown);
    // Only what is shown changes, besides the control characters, which the target takes in no name.
    let arrived = stage.target.store().snapshot(stage.user(1)).unwrap();
    assert!(arrived.folders.contains_key(&wire_name("a_[2Jb_c\u{202e}d\u{200b}e\u{e0041}f")), "{ended:?}");
}

#[test]
fn quiet_json_is_the_last_line_only() {
    let stage = Stage::new(1, 2);
    let ended = stage.run("migrate", &["--json", "--quiet"]);
    assert_eq!(ended.stdout.lines().count(), 1);
    assert_eq!(ended.messages(), [4, 0, 0]);
}

#[test]
fn in_a_pipe_each_account_has_a_line_at_its_start_and_its_end() {
    let stage = Stage::new(2, 5);
    let ended = stage.run("migrate", &[]);
    for (user, _) in &stage.accounts {
        let lines: Vec<&str> = ended.stdout.lines().filter(|line| line.starts_with(user.as_str())).collect();
        assert!(
            matches!(lines.as_slice(), [first, last] if first.ends_with("started") && last.contains("Complete. 10 messages copied")),
            "{lines:?}"
        );
    }
    assert!(!ended.stdout.contains('\u{1b}'), "{}", ended.stdout);
}

#[test]
fn quiet_says_only_errors_and_the_result() {
    let stage = Stage::new(2, 2);
    let ended = stage.run("migrate", &["--quiet"]);
    assert_eq!(ended.stderr, "");
    assert!(!ended.stdout.contains("started"));
    stage.source.store().set_password(stage.user(1), "another").unwrap();
    let ended = stage.run("migrate", &["--quiet"]);
    assert!(ended.stderr.contains(stage.user(1)) && !ended.stderr.contains(stage.user(2)), "{}", ended.stderr);
}

#[test]
fn the_files_of_a_run_are_in_a_folder_named_by_its_time() {
    let stage = Stage::new(1, 1);
    let ended = stage.run("migrate", &["--json"]);
    let report = std::path::PathBuf::from(ended.summary()["report"].as_str().unwrap());
    let folder = report.parent().unwrap();
    assert_eq!(folder.parent(), Some(stage.logs().as_path()));
    let name = folder.file_name().unwrap().to_str().unwrap();
    let pattern: String = name.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(pattern, "00000000_000000");
    for file in ["report.txt", "report.html", "report.json", "report.csv", "debug.log"] {
        assert!(folder.join(file).is_file(), "{file}");
    }
}

#[test]
fn a_reader_who_goes_away_does_not_end_the_migration() {
    let stage = Stage::new(2, 40);
    stage.target.slow_down(Duration::from_millis(10));
    let mut run = Running::start(&mut stage.command("migrate", &["--json"]));
    until("something has arrived", || stage.target.messages(stage.user(1)) > 5);
    drop(run.child().stdout.take());
    drop(run.child().stderr.take());
    assert_eq!(run.end().code(), Some(0));
    stage.assert_equal();
}

#[test]
fn a_reader_who_does_not_read_does_not_hold_the_migration() {
    let stage = Stage::new(4, 1);
    for (user, _) in &stage.accounts {
        for number in 0..100 {
            let name = format!("Folder with a name that makes lines long, number {number}");
            stage.source.store().create_folder(user, &name).unwrap();
            stage.source.store().add_generated(user, &name, 1, 300, 700_000 + number).unwrap();
        }
    }
    let run = Running::start(&mut stage.command("migrate", &["--json"]));
    until("everything has arrived", || stage.accounts.iter().all(|(user, _)| stage.target.messages(user) == 102));
    let ended = run.finish();
    assert_eq!((ended.code, ended.messages()), (Some(0), [408, 0, 0]));
    assert!(ended.stdout.len() > 100_000, "no more than a pipe holds: {}", ended.stdout.len());
}
