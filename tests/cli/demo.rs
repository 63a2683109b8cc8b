//! The demo: a whole migration that needs nothing but this program.

use super::stage::{Outcome, finish, kimt};
use std::path::Path;

fn demo(folder: &Path, more: &[&str]) -> Outcome {
    let mut program = kimt();
    program.arg("demo").args(["--accounts", "3", "--messages", "150", "--log-dir"]).arg(folder.join("logs")).args(more);
    finish(program.env("HOME", folder).env("TMPDIR", folder).env("TEMP", folder).env("TMP", folder))
}

#[test]
fn a_demo_loses_doubles_and_alters_nothing_and_leaves_only_its_reports() {
    let folder = tempfile::tempdir().unwrap();
    let ended = demo(folder.path(), &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("150 messages compared"), "{}", ended.stdout);
    assert!(ended.stdout.contains("0 lost, 0 doubled, 0 altered; the source is as it was"), "{}", ended.stdout);
    assert_eq!(ended.stdout.matches("Report: ").count(), 2, "{}", ended.stdout);
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["logs"]);
}

#[test]
fn a_demo_with_faults_says_what_went_wrong_and_loses_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let ended = demo(folder.path(), &["--faults", "--rtt-ms", "2", "--folder", kept.to_str().unwrap()]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("refused the password"), "{}", ended.stdout);
    assert!(ended.stdout.contains("0 lost, 0 doubled, 0 altered"), "{}", ended.stdout);
    assert!(kept.join("accounts.csv").is_file());
}
