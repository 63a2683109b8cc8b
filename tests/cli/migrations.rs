//! A migration over several runs: every verdict is about the whole of it.

use super::stage::{Outcome, Running, Stage, finish, kimt, until};
use kimt::rehearsal::KerioWays;
use serde_json::Value;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

fn listed(stage: &Stage) -> Value {
    let listed = list(stage, &["--json"]);
    let lines: Vec<&str> = listed.stdout.lines().collect();
    assert_eq!(lines.len(), 1, "{listed:?}");
    serde_json::from_str(lines[0]).unwrap()
}

/// `kimt migrations` with the stage's state folder.
fn list(stage: &Stage, more: &[&str]) -> Outcome {
    let mut program = kimt();
    program.arg("migrations").arg("--state-dir").arg(stage.folder.path().join("state")).args(more);
    finish(&mut program)
}

fn verdict(ended: &Outcome) -> String {
    let report = std::path::PathBuf::from(ended.summary()["report"].as_str().unwrap());
    std::fs::read_to_string(report).unwrap().lines().next().unwrap().to_owned()
}

fn stages(listed: &Value) -> [u64; 4] {
    ["complete", "need_attention", "begun", "not_started"].map(|name| listed[name].as_u64().unwrap())
}

#[test]
fn three_evenings_with_a_wrong_password_and_a_power_cut_are_one_migration_with_a_true_verdict_each_time() {
    let stage = Stage::new(4, 3);
    let user = |number| stage.user(number).to_owned();
    let password = stage.accounts[1].1.clone();
    stage.source.store().set_password(&user(2), "another").unwrap();
    // The first evening: two of four, one with a wrong password.
    let first = stage.run("migrate", &["--json", "--only", &user(1), "--only", &user(2)]);
    assert_eq!(first.code, Some(1));
    assert_eq!(
        verdict(&first).split(". The").next().unwrap(),
        "1 of 4 accounts is complete (1 in this run). 1 needs you, 2 were not started."
    );
    let found = listed(&stage);
    assert_eq!((stages(&found), &found["open"]), ([1, 1, 0, 2], &Value::Bool(true)));
    // The second: cut off in the middle of the third account.
    stage.target.slow_down(Duration::from_millis(300));
    let running = Running::start(&mut stage.command("migrate", &["--only", &user(3)]));
    until("a message has arrived", || stage.target.messages(&user(3)) > 0);
    running.cut_off();
    stage.target.slow_down(Duration::ZERO);
    // That something was copied is written down within some seconds.
    let [complete, need_attention, begun, not_started] = stages(&listed(&stage));
    assert_eq!((complete, need_attention, begun + not_started), (1, 1, 2));
    let second = stage.run("migrate", &["--json", "--only", &user(3)]);
    assert_eq!(verdict(&second), "2 of 4 accounts are complete (1 in this run). 1 needs you, 1 was not started.");
    // The third: the password is corrected, and everybody is migrated again.
    stage.source.store().set_password(&user(2), &password).unwrap();
    let third = stage.run("migrate", &["--json"]);
    assert_eq!((third.code, third.accounts()), (Some(0), [4, 0, 0, 0]));
    assert!(verdict(&third).starts_with("All 4 accounts are complete. 24 messages, "), "{}", verdict(&third));
    let compared = std::fs::read_to_string(third.summary()["report"].as_str().unwrap()).unwrap();
    assert!(compared.contains("24 of 24 messages were read back from the target and compared by content: 12 in this run, 12 in earlier runs."), "{compared}");
    // The last pass over one of them, and a comparison.
    let last = stage.run("migrate", &["--json", "--only", &user(1)]);
    assert!(
        verdict(&last).starts_with("All 4 accounts are complete (1 in this run). 6 messages, "),
        "{}",
        verdict(&last)
    );
    assert_eq!(stage.run("verify", &[]).code, Some(0));
    let found = listed(&stage);
    assert_eq!((stages(&found), found["runs"].as_u64(), &found["open"]), ([4, 0, 0, 0], Some(6), &Value::Bool(false)));
    stage.assert_equal();
}

#[test]
fn a_name_begins_another_migration_and_is_refused_between_other_servers() {
    let stage = Stage::new(1, 1);
    assert_eq!(stage.run("migrate", &["--migration", "Spring"]).code, Some(0));
    let said = list(&stage, &[]).stdout;
    assert!(said.starts_with("Spring\n  1 of 1 account is complete.\n"), "{said}");
    let mut elsewhere = stage.bare("migrate");
    elsewhere.args([
        "--source",
        "127.0.0.1:9",
        "--target",
        "127.0.0.1:9",
        "--target-kind",
        "imap",
        "--migration",
        "Spring",
    ]);
    let refused = finish(elsewhere.arg("--accounts").arg(stage.csv_path()));
    assert!(refused.code == Some(2) && refused.stderr.contains("'Spring' goes from"), "{refused:?}");
    assert!(list(&Stage::new(1, 1), &[]).stdout.contains("No migration has been started yet."));
}

#[test]
fn a_named_migration_remembers_its_list_and_its_rules_and_says_when_either_has_changed() {
    let stage = Stage::new(2, 3);
    stage.source.store().create_folder(stage.user(1), "Junk").unwrap();
    stage.source.store().add_generated(stage.user(1), "Junk", 4, 500, 77).unwrap();
    assert_eq!(stage.run("migrate", &["--migration", "Spring", "--exclude", "Junk"]).code, Some(0));
    let remembering = |command: &str, more: &[&str]| {
        let mut program = stage.bare(command);
        finish(program.args(stage.servers()).args(["--migration", "Spring"]).args(more))
    };
    for command in ["check", "verify", "migrate"] {
        let ended = remembering(command, &["--json"]);
        assert_eq!(ended.code, Some(0), "{command}: {ended:?}");
        assert!(ended.stderr.contains("the file of the migration"), "{ended:?}");
        assert!(ended.stderr.contains("Using the rules of the migration's last run: exclude Junk."), "{ended:?}");
        assert!(!ended.stderr.contains("changed"), "{ended:?}");
    }
    // A rule that is typed counts, and the change is said.
    stage.write_csv(&format!("{}new@example.com;x;New\n", stage.csv()));
    let ended = remembering("check", &["--exclude", "Trash"]);
    assert!(ended.stderr.contains("1 of its accounts are new, and 0 of the migration are not in it"), "{ended:?}");
    let said = "The rules have changed since the last run. Then: exclude Junk. Now: exclude Trash.";
    assert!(ended.stderr.contains(said), "{ended:?}");
    // Nothing is guessed.
    std::fs::remove_file(stage.csv_path()).unwrap();
    let ended = remembering("verify", &[]);
    assert!(ended.code == Some(2) && ended.stderr.contains("Give the file of accounts with --accounts"), "{ended:?}");
    let mut unnamed = stage.bare("verify");
    let ended = finish(unnamed.args(stage.servers()));
    assert!(ended.code == Some(2) && ended.stderr.contains("--accounts is missing"), "{ended:?}");
    let mut unknown = stage.bare("verify");
    let ended = finish(unknown.args(stage.servers()).args(["--migration", "Autumn"]));
    assert!(ended.code == Some(2) && ended.stderr.contains("there is no migration 'Autumn'"), "{ended:?}");
}

/// The command for the migration `Spring`, with what trusts its servers and does not name them.
fn of_spring(stage: &Stage, command: &str) -> Command {
    let mut program = stage.bare(command);
    program.args(["--migration", "Spring"]);
    program.args(["--source-fingerprint", &stage.source.fingerprint()]);
    program.args(["--target-fingerprint", &stage.target.fingerprint()]);
    program
}

#[test]
fn a_named_migration_knows_its_servers_and_refuses_others() {
    let stage = Stage::new(1, 2);
    assert_eq!(stage.run("migrate", &["--migration", "Spring"]).code, Some(0));
    for command in ["check", "verify", "migrate"] {
        let ended = finish(&mut of_spring(&stage, command));
        assert_eq!(ended.code, Some(0), "{command}: {ended:?}");
        assert!(ended.stderr.contains("As in the last run of the migration: --target-kind imap."), "{ended:?}");
        let (source, target) = (stage.source.address(), stage.target.address());
        let said = format!("Using the servers of the migration: from {source} to {target}.");
        assert!(ended.stderr.contains(&said), "{ended:?}");
    }
    // What is typed counts.
    let kerio = finish(of_spring(&stage, "check").args(["--target-kind", "kerio"]));
    assert!(kerio.code == Some(2) && kerio.stderr.contains("The administrator's name is missing"), "{kerio:?}");
    let record = std::fs::read_dir(stage.folder.path().join("state/migrations")).unwrap().next().unwrap().unwrap();
    let record = std::fs::read_to_string(record.path()).unwrap();
    assert!(!record.contains("Wort-"), "no password: {record}");
    for option in ["--source", "--target"] {
        let ended = finish(of_spring(&stage, "migrate").args([option, "127.0.0.1:9"]));
        assert!(ended.code == Some(2) && ended.stderr.contains("'Spring' goes from"), "{ended:?}");
    }
    let mut unnamed = stage.bare("migrate");
    let ended = finish(unnamed.arg("--accounts").arg(stage.csv_path()));
    assert!(ended.code == Some(2) && ended.stderr.contains("--source is missing"), "{ended:?}");
    let mut unknown = stage.bare("migrate");
    let ended = finish(unknown.args(["--migration", "Autumn"]));
    assert!(ended.code == Some(2) && ended.stderr.contains("There is no migration 'Autumn'"), "{ended:?}");
}

#[test]
fn where_nobody_needs_a_password_of_their_own_the_record_has_the_accounts_and_where_each_goes() {
    let stage = Stage::new(2, 3);
    for server in [&stage.source, &stage.target] {
        let mut options = server.imap.options();
        options.kerio = Some(KerioWays { master_password: Some("b7Xq-master".to_owned()), ..KerioWays::default() });
        server.imap.set_options(options);
    }
    let file = stage.folder.path().join("master.txt");
    std::fs::write(&file, "b7Xq-master\n").unwrap();
    let with_master = |program: &mut Command| {
        for side in ["source", "target"] {
            program.arg(format!("--{side}-master-password-file")).arg(&file);
        }
    };
    let sign_in = |way| ["--source-sign-in", way, "--target-sign-in", way];
    // The first goes by another name on the target, the list comes through a pipe and has no password.
    let (one, two) = (stage.user(1).to_owned(), stage.user(2).to_owned());
    stage.target.store().create_user(&["elsewhere@example.com".to_owned()], "b7Xq-own").unwrap();
    let list = format!("address;target\n{one};elsewhere@example.com\n{two};\n");
    let mut program = stage.bare("migrate");
    program.args(stage.servers()).args(["--accounts", "-", "--migration", "Spring", "--json"]).stdin(Stdio::piped());
    program.args(sign_in("kerio-master"));
    with_master(&mut program);
    let mut run = Running::start(&mut program);
    run.child().stdin.take().unwrap().write_all(list.as_bytes()).unwrap();
    let ended = run.finish();
    assert_eq!((ended.code, ended.messages()), (Some(0), [12, 0, 0]), "{ended:?}");
    stage.source.store().add_generated(&one, "INBOX", 1, 500, 77).unwrap();
    let mut again = of_spring(&stage, "migrate");
    with_master(&mut again);
    let ended = finish(again.arg("--json"));
    assert_eq!((ended.code, ended.messages()), (Some(0), [1, 12, 0]), "{ended:?}");
    assert!(ended.stderr.contains("Using the accounts in the migration's record: 2 accounts."), "{ended:?}");
    assert_eq!((stage.target.messages("elsewhere@example.com"), stage.target.messages(&one)), (7, 0));
    let remembered = "--target-kind imap --source-sign-in kerio-master --target-sign-in kerio-master.";
    assert!(ended.stderr.contains(remembered), "how they sign in is remembered: {ended:?}");
    // Who signs in with a password of their own is in no record.
    let ended = finish(of_spring(&stage, "migrate").args(sign_in("own")));
    assert!(ended.code == Some(2) && ended.stderr.contains("came through standard input"), "{ended:?}");
}

#[test]
fn a_migration_whose_record_was_damaged_does_not_start_with_other_rules() {
    let stage = Stage::new(1, 2);
    let name = ["--migration", "Spring"];
    let first = stage.run("migrate", &[&name[..], &["--exclude", "Projekte/*", "--json"]].concat());
    assert_eq!((first.code, first.messages()), (Some(0), [2, 0, 0]), "{first:?}");
    let folder = stage.folder.path().join("state/migrations");
    let file = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("Projekte/*"));
    for damaged in [text.replace("Projekte/*", "Projekta/*"), text.replace("\"name\"", "\"nam"), String::new()] {
        std::fs::write(&file, &damaged).unwrap();
        for command in ["check", "migrate", "verify"] {
            let ended = stage.run(command, &name);
            assert!(ended.code == Some(3) && ended.stderr.contains("the record of 'Spring' is damaged"), "{ended:?}");
        }
        let listed = list(&stage, &[]);
        assert!(listed.code == Some(1) && listed.stderr.contains("cannot be read"), "{listed:?}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), damaged);
    }
    // A run without the name says once that there is a damaged record, and keeps it; the name is still refused.
    let other = stage.run("migrate", &["--exclude", "Projekte/*", "--json"]);
    assert_eq!((other.code, other.messages()), (Some(1), [0, 2, 0]), "{other:?}");
    assert!(other.stdout.contains("The record that tells later runs what is complete cannot be used"), "{other:?}");
    assert!(file.with_extension("unusable").exists() && !file.exists());
    assert_eq!(stage.run("migrate", &["--exclude", "Projekte/*"]).code, Some(0));
    assert_eq!(stage.run("migrate", &name).code, Some(3));
    // Put back, it is as before.
    std::fs::write(&file, &text).unwrap();
    let ended = stage.run("migrate", &[&name[..], &["--json"]].concat());
    assert_eq!((ended.code, ended.messages()), (Some(0), [0, 2, 0]), "{ended:?}");
}

#[test]
fn a_record_that_cannot_be_written_is_said_and_keeps_no_message_from_being_copied() {
    let stage = Stage::new(1, 3);
    // A file in the place of the folder.
    std::fs::create_dir_all(stage.folder.path().join("state")).unwrap();
    std::fs::write(stage.folder.path().join("state/migrations"), "").unwrap();
    let ended = stage.run("migrate", &["--json"]);
    assert_eq!((ended.code, ended.messages()), (Some(1), [6, 0, 0]), "{ended:?}");
    assert_eq!(
        ended.stdout.matches("The record that tells later runs what is complete cannot be used").count(),
        1,
        "{ended:?}"
    );
    stage.assert_equal();
}
