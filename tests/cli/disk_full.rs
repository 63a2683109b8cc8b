//! The disk is full under the record or under the logs, at whatever moment: the report says so, nothing counts as copied that is not there, and
//! once there is room the rest arrives, exactly once.

use super::stage::{Outcome, Running, Stage, finish, until};
use std::process::{Command, Stdio};
use std::time::Duration;

/// The messages in each of the two folders of a stage's account.
const MESSAGES: u32 = 250;

/// A shell script in which `"$@"` is the migration.
fn script(stage: &Stage, shell: &[&str], script: &str) -> Outcome {
    let program = stage.command("migrate", &["--json"]);
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).args(["-c", script, "sh"]).arg(program.get_program()).args(program.get_args());
    command.env("HOME", stage.folder.path());
    finish(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()))
}

/// A run that ended for want of room: it says so, and says of no message that it was copied that is not on the target.
fn assert_named(stage: &Stage, ended: &Outcome, words: &str) {
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let named = ["local_file", "The record of the migration", words];
    assert!(named.iter().all(|word| ended.stdout.contains(word)), "{ended:?}");
    let [copied, ..] = ended.messages();
    assert!(copied as usize <= stage.target.messages(stage.user(1)), "{ended:?}");
}

/// The files of the program may not grow beyond this many units of 512 bytes; writes beyond it fail as on a full disk.
#[cfg(unix)]
#[test]
fn a_record_that_can_grow_no_further_is_named_and_the_rest_arrives_once_it_can() {
    let mut ended_at = Vec::new();
    for units in (64..).step_by(144) {
        let stage = Stage::new(1, MESSAGES);
        let ended = script(&stage, &["sh"], &format!("trap '' XFSZ; ulimit -f {units}; exec \"$@\""));
        if ended.code == Some(0) {
            break;
        }
        assert_named(&stage, &ended, "disk I/O error");
        ended_at.push(ended.messages()[0]);
        let ended = stage.run("migrate", &["--json"]);
        assert_eq!(ended.code, Some(0), "{units}: {ended:?}");
        stage.assert_equal();
    }
    assert!(ended_at.contains(&0) && ended_at.iter().any(|copied| *copied > 0), "{ended_at:?}");
}

/// A shell that may mount a file system of its own, which nobody else sees and which ends with it.
#[cfg(target_os = "linux")]
fn mounting_shell() -> &'static [&'static str] {
    let shells: [&[&str]; 2] =
        [&["unshare", "--mount", "sh"], &["unshare", "--user", "--map-root-user", "--mount", "sh"]];
    let able = |shell: &&&[&str]| {
        let tried = Command::new(shell[0]).args(&shell[1..]).args(["-c", "mount -t tmpfs tmpfs /mnt"]).output();
        tried.is_ok_and(|output| output.status.success())
    };
    shells.iter().find(able).expect("neither root nor a user may mount a tmpfs here, which this test needs")
}

/// The state folder on a file system of its own, which is full at first and then is given room.
#[cfg(target_os = "linux")]
#[test]
fn a_full_file_system_is_named_and_the_rest_arrives_once_there_is_room() {
    let mounting = mounting_shell();
    let mut ended_at = Vec::new();
    for kib in (24..).step_by(56) {
        let stage = Stage::new(1, MESSAGES);
        let state = stage.folder.path().join("state");
        std::fs::create_dir(&state).unwrap();
        let text = format!(
            "mount -t tmpfs -o mode=700,size={kib}k tmpfs '{state}' || exit 9
             \"$@\" && exit 0
             echo \"full: $?\" >&2; echo full
             mount -o remount,size=99m '{state}' || exit 9
             exec \"$@\"",
            state = state.display()
        );
        let ended = script(&stage, mounting, &text);
        assert_eq!(ended.code, Some(0), "{kib}: {ended:?}");
        stage.assert_equal();
        let Some((full, _)) = ended.stdout.split_once("full\n") else { break };
        let first = Outcome { code: Some(1), stdout: full.to_owned(), stderr: ended.stderr.clone() };
        assert!(first.stderr.contains("full: 1"), "{first:?}");
        if first.stdout.contains("database or disk is full") {
            assert_named(&stage, &first, "database or disk is full");
        } else {
            // There was room for the record of the mailbox and for nothing more.
            assert!(
                first.stderr.contains("The record that tells later runs what is complete cannot be used"),
                "{first:?}"
            );
            assert_eq!((first.code, first.messages()[0]), (Some(1), u64::from(2 * MESSAGES)), "{first:?}");
        }
        let [copied, found, _] = ended.messages();
        assert_eq!(copied + found, u64::from(2 * MESSAGES), "{ended:?}");
        assert!(first.messages()[0] <= found, "{ended:?}");
        ended_at.push(first.messages()[0]);
    }
    assert!(ended_at.contains(&0) && ended_at.iter().any(|copied| *copied > 0), "{ended_at:?}");
}

/// Every message arrived and the report could not be written: the terminal and the exit status say so.
#[test]
fn a_report_that_cannot_be_written_is_named() {
    let stage = Stage::new(1, 3);
    stage.target.slow_down(Duration::from_millis(500));
    let running = Running::start(&mut stage.command("migrate", &["--json"]));
    until("a message has arrived", || stage.target.messages(stage.user(1)) > 0);
    let logs = std::fs::read_dir(stage.logs()).unwrap().next().unwrap().unwrap().path();
    std::fs::create_dir(logs.join("report.txt")).unwrap();
    stage.target.hurry();
    let ended = running.finish();
    assert_eq!((ended.code, ended.messages()), (Some(1), [6, 0, 0]), "{ended:?}");
    assert!(ended.stderr.contains("report.txt cannot be used"), "{ended:?}");
    stage.assert_equal();
}
