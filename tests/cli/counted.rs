//! What large runs cost, counted: waits for the disk, connections and the size of debug.log. By hand, because it takes minutes and needs
//! `strace`: `cargo test --release --locked --test cli -- --ignored --nocapture counted`

#![allow(clippy::print_stderr)] // The counts are what it is for.

use super::stage::{Stage, finish};
use std::process::Command;
use std::time::Instant;

/// Runs a migration to its end and prints what it cost.
fn counted(stage: &Stage, what: &str) {
    let counts = stage.folder.path().join("counts");
    let program = stage.command("migrate", &["--json", "--jobs", "16"]);
    let mut strace = Command::new("strace");
    strace.args(["-f", "--seccomp-bpf", "-c", "-e", "trace=fsync,fdatasync,connect", "-o"]).arg(&counts);
    strace.arg(program.get_program()).args(program.get_args()).env("HOME", stage.folder.path());
    let begun = Instant::now();
    let ended = finish(&mut strace);
    let seconds = begun.elapsed().as_secs_f64();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let logs = walk(&stage.logs(), "debug.log");
    let (name, bytes) = logs.into_iter().max().unwrap();
    let text = std::fs::read_to_string(&name).unwrap();
    eprintln!("{what}: {seconds:.1} s, debug.log has {} lines and {bytes} bytes", text.lines().count());
    eprintln!("{}", std::fs::read_to_string(counts).unwrap());
}

/// The files of this name below a folder, with their sizes.
fn walk(folder: &std::path::Path, name: &str) -> Vec<(std::path::PathBuf, u64)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            found.extend(walk(&entry.path(), name));
        } else if entry.file_name() == name {
            found.push((entry.path(), entry.metadata().unwrap().len()));
        }
    }
    found
}

#[test]
#[ignore = "by hand: it takes minutes"]
fn three_thousand_new_folders_are_counted() {
    let stage = Stage::new(1, 0);
    for number in 0..3_000 {
        stage.source.store().create_folder(stage.user(1), &format!("Folder {number:04}")).unwrap();
    }
    counted(&stage, "3,000 new folders");
    counted(&stage, "the same once more");
}

#[test]
#[ignore = "by hand: it takes minutes"]
fn two_thousand_accounts_with_nothing_new_are_counted() {
    let stage = Stage::new(2_000, 1);
    counted(&stage, "2,000 accounts");
    counted(&stage, "the same with nothing new");
}
