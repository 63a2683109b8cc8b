//! No password ever leaves the program but to its server.

use super::stage::{Outcome, Stage, finish};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use kimt::rehearsal::wire_name;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;

/// Everything a run has written, as bytes with the name of its place.
pub fn traces(ended: &Outcome, folder: &Path) -> Vec<(String, Vec<u8>)> {
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
fn no_password_is_in_the_output_the_logs_or_the_state() {
    let stage = Stage::new(4, 3);
    stage.source.store().set_password(stage.user(2), "another").unwrap();
    stage.target.store().set_password(stage.user(3), "yet another").unwrap();
    stage.write_csv(&format!("{}no-address;Wort-bad-line;Nobody\n", stage.csv()));
    for command in ["check", "migrate", "verify"] {
        for more in [&[][..], &["--json"]] {
            let ended = stage.run(command, more);
            for (place, bytes) in traces(&ended, stage.folder.path()) {
                let text = String::from_utf8_lossy(&bytes);
                for secret in stage.accounts.iter().map(|(_, password)| password.as_str()).chain(["Wort-bad-line"]) {
                    assert!(!text.contains(secret), "{command}: {secret} is in {place}");
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

/// Answers every command with the password it has seen, in every form; lets nobody in unless the test wants it.
struct Echo {
    port: u16,
}

impl Echo {
    fn start(password: &'static str, lets_in: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                std::thread::spawn(move || serve(stream, password, lets_in));
            }
        });
        Self { port }
    }
}

/// The password as it is and as it may come back.
pub fn forms(password: &str) -> Vec<String> {
    let base64 = |text: String| BASE64_STANDARD.encode(text);
    let percent: String = password.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let mut forms = vec![password.to_owned(), password.to_uppercase(), percent];
    forms.extend(["", "x", "xy", "\0somebody\0"].map(|before| base64(format!("{before}{password}"))));
    let hex: String = password.bytes().map(|byte| format!("{byte:02x}")).collect();
    forms.extend([hex.to_uppercase(), hex]);
    forms.push(String::from_utf8(wire_name(password)).unwrap());
    forms.push(password[..password.len() - 2].to_owned());
    forms.push(password[2..].to_owned());
    forms
}

fn serve(stream: TcpStream, password: &str, lets_in: bool) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?);
    let echo = forms(password).join(" ");
    let answer = |text: String| (&stream).write_all(text.as_bytes()).ok();
    answer(format!("* OK [CAPABILITY IMAP4rev1 ID] {echo}\r\n"))?;
    let mut line = String::new();
    while lines.read_line(&mut line).ok()? > 0 {
        let mut words = line.split_whitespace().map(str::to_owned);
        let (tag, command) = (words.next()?, words.next()?.to_uppercase());
        line.clear();
        match command.as_str() {
            "CAPABILITY" => answer(format!("* CAPABILITY IMAP4rev1 ID\r\n{tag} OK {echo}\r\n"))?,
            "ID" => answer(format!("* ID (\"name\" \"{echo}\")\r\n{tag} OK done\r\n"))?,
            "LOGIN" if lets_in => answer(format!("{tag} OK [CAPABILITY IMAP4rev1] {echo}\r\n"))?,
            "LIST" | "LSUB" => answer(format!(
                "* {command} () \"/\" \"{password}\"\r\n* {command} () \"/\" INBOX\r\n{tag} OK done\r\n"
            ))?,
            "LOGOUT" => return answer(format!("* BYE\r\n{tag} OK done\r\n")),
            _ => answer(format!("{tag} NO \u{9b}2J\u{202e}{echo}\u{2028}{} {echo}\r\n", "long ".repeat(90)))?,
        }
    }
    None
}

#[test]
fn a_server_that_answers_with_the_password_in_every_form_and_place_finds_it_nowhere_in_our_files_or_output() {
    const PASSWORD: &str = "Echo+Sécret77";
    let stage = Stage::new(1, 1);
    stage.write_csv(&format!("ann@example.com;{PASSWORD};Ann\n"));
    for lets_in in [false, true] {
        let echo = Echo::start(PASSWORD, lets_in);
        for command in ["check", "migrate"] {
            for more in [&[][..], &["--json"]] {
                let mut program = stage.bare(command);
                program.args(["--source", &format!("127.0.0.1:{}", echo.port), "--source-security", "plain"]);
                program.args([
                    "--target",
                    &stage.target.address(),
                    "--target-fingerprint",
                    &stage.target.fingerprint(),
                ]);
                program.args(["--target-kind", "imap", "--accounts"]).arg(stage.csv_path()).args(more);
                let ended = finish(&mut program);
                assert!(ended.code == Some(1), "{command}: {ended:?}");
                for (place, bytes) in traces(&ended, stage.folder.path()) {
                    let text = String::from_utf8_lossy(&bytes);
                    for form in forms(PASSWORD) {
                        assert!(!text.contains(&form), "{command}: {form} is in {place}: {text}");
                    }
                    let is_output = place.starts_with("standard") || place.contains("report");
                    let hostile = ['\u{9b}', '\u{202e}', '\u{2028}'];
                    assert!(!is_output || !text.contains(hostile), "{command}: {place}: {text:?}");
                }
            }
        }
    }
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
