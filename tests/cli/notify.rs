//! `--notify` starts a program of the user's at the end of a run, with what it came to and without any secret.

use super::stage::{Stage, finish};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A program that writes its arguments and its environment to a file, and the file.
fn program(folder: &Path, ends_with: u8) -> (PathBuf, PathBuf) {
    use std::os::unix::fs::PermissionsExt;
    let (program, written) = (folder.join("a program"), folder.join("written"));
    let script = format!(
        "#!/bin/sh\nfor word in \"$@\"; do echo \"word=$word\"; done > '{0}'\nenv >> '{0}'\nexit {ends_with}\n",
        written.display()
    );
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    (program, written)
}

fn facts(written: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(written).unwrap();
    text.lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[test]
fn the_command_learns_the_verdict_and_no_password() {
    let stage = Stage::new(2, 1);
    stage.source.store().set_password(stage.user(2), "another").unwrap();
    let (program, written) = program(stage.folder.path(), 0);
    let command = format!("'{}' '$HOME; two words'", program.display());
    let mut run = stage.command("migrate", &["--notify", &command, "--json"]);
    let ended = finish(run.env("KIMT_ADMIN_PASSWORD", "of the administrator").env("PGPASSWORD", "of the database"));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let facts = facts(&written);
    assert_eq!(facts["word"], "$HOME; two words", "no shell has read it");
    assert_eq!((facts["KIMT_VERDICT"].as_str(), facts["KIMT_EXIT_STATUS"].as_str()), ("some_incomplete", "1"));
    assert!(facts["KIMT_VERDICT_TEXT"].starts_with("1 of 2 accounts is complete"), "{facts:?}");
    assert_eq!((facts["KIMT_ACCOUNTS"].as_str(), facts["KIMT_ACCOUNTS_COMPLETE"].as_str()), ("2", "1"));
    for file in ["KIMT_REPORT", "KIMT_REPORT_PAGE"] {
        assert!(Path::new(&facts[file]).is_file(), "{file}");
    }
    let text = std::fs::read_to_string(&written).unwrap();
    let passwords = stage.accounts.iter().map(|(_, password)| password.as_str());
    for secret in passwords.chain(["of the administrator", "of the database"]) {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
    // The last line of --json is the run's, whatever the command writes.
    assert_eq!(ended.accounts(), [1, 0, 1, 0]);
}

#[test]
fn a_run_that_could_not_start_is_said_too_and_a_command_that_fails_changes_no_exit_status() {
    let stage = Stage::new(1, 1);
    let (program, written) = program(stage.folder.path(), 7);
    let command = format!("'{}'", program.display());
    let ended = finish(stage.command("migrate", &["--notify", &command]).env("KIMT_LOG", "x"));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("--notify: the command") && ended.stderr.contains("failed"), "{}", ended.stderr);
    let mut untrusted = stage.bare("migrate");
    untrusted.args(stage.servers_untrusted()).arg("--accounts").arg(stage.csv_path()).args(["--notify", &command]);
    assert_eq!(finish(&mut untrusted).code, Some(3));
    assert_eq!(facts(&written)["KIMT_VERDICT"], "could_not_start");
}

#[test]
fn a_command_that_cannot_be_read_is_refused_before_anything_starts() {
    let stage = Stage::new(1, 1);
    for bad in ["", "program 'not closed"] {
        let ended = stage.run("migrate", &["--notify", bad]);
        assert_eq!(ended.code, Some(2), "{ended:?}");
    }
    assert_eq!(stage.target.messages(stage.user(1)), 0);
}
