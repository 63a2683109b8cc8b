//! No password ever leaves the program but to its server.

use super::stage::{Outcome, Stage};
use std::path::Path;

/// Everything a run has written, as octets with the name of its place.
fn traces(ended: &Outcome, folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut traces = vec![
        ("standard output".to_owned(), ended.stdout.clone().into_bytes()),
        ("standard error".to_owned(), ended.stderr.clone().into_bytes()),
    ];
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().unwrap() != "accounts.csv" {
                traces.push((path.display().to_string(), std::fs::read(path).unwrap()));
            }
        }
    }
    traces
}

#[test]
fn no_password_stands_in_the_output_the_logs_or_the_state() {
    let stage = Stage::new(4, 3);
    stage.source.store().set_password(stage.user(2), "another").unwrap();
    stage.target.store().set_password(stage.user(3), "yet another").unwrap();
    stage.write_csv(&format!("{}no-address;Wort-bad-line;Nobody\n", stage.csv()));
    for command in ["check", "migrate", "verify"] {
        for more in [&[][..], &["--json"]] {
            let ended = stage.run(command, more);
            for (place, octets) in traces(&ended, stage.folder.path()) {
                let text = String::from_utf8_lossy(&octets);
                for secret in stage.accounts.iter().map(|(_, password)| password.as_str()).chain(["Wort-bad-line"]) {
                    assert!(!text.contains(secret), "{command}: {secret} stands in {place}");
                }
            }
        }
    }
}

#[test]
fn the_log_hides_a_password_wherever_it_comes_up() {
    let stage = Stage::new(2, 1);
    // The password is refused, and the log of the other account speaks of a folder with that name.
    let csv = stage.csv();
    let other = csv.lines().nth(1).unwrap();
    stage.write_csv(&format!("{};INBOX\n{other}\n", stage.user(1)));
    let ended = stage.run("migrate", &["--json"]);
    assert_eq!(ended.accounts(), [1, 0, 1, 0], "{ended:?}");
    let report = std::path::PathBuf::from(ended.summary()["report"].as_str().unwrap());
    let log = std::fs::read_to_string(report.with_file_name("debug.log")).unwrap();
    assert!(log.contains("Projekte") && !log.contains("INBOX"), "{log}");
}

/// The shell asks for core files before it becomes the program.
#[cfg(target_os = "linux")]
#[test]
fn a_core_file_is_never_written() {
    use super::stage::{Running, until};
    let stage = Stage::new(1, 3);
    stage.target.slow_down(std::time::Duration::from_millis(500));
    let program = stage.command("migrate", &[]);
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "ulimit -S -c \"$(ulimit -H -c)\" && exec \"$@\"", "sh"]);
    shell.arg(program.get_program()).args(program.get_args());
    shell.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut running = Running::start(&mut shell);
    let limits = format!("/proc/{}/limits", running.child().id());
    let mut seen = String::new();
    until("a message has arrived", || {
        seen = std::fs::read_to_string(&limits).unwrap_or_default();
        stage.target.messages(stage.user(1)) > 0
    });
    let cores = seen.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(cores.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{cores}");
    running.cut_off();
}
