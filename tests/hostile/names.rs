//! Folder names that try to be more than names.

use super::between::{Fate, Tamper};
use super::stage::{ANN, Stage, message, problems};
use kimt::progress::Verdict;
use kimt::rehearsal::{ImapOptions, Profile};
use std::path::Path;

/// Names as they travel.
const ODD: [&[u8]; 15] = [
    b"../../x",
    b"...",
    b"a/../../b",
    b"C:\\Windows\\x",
    b"&AAA-nul",
    b"&AA0ACg-line",
    b"&IC4-txt.exe",
    b"&broken",
    b"&ZeVnLIqe",
    b"caf\xe9",
    b"=HYPERLINK(\"x\")",
    b"\"; rm -rf / #",
    b"\\",
    b"%s%n*",
    b"K1 OK LOGOUT",
];

fn with_odd_folders(target: Profile) -> Stage {
    let stage = Stage::between(Profile::Rich, target);
    for (name, number) in ODD.iter().zip(1..) {
        stage.source.store().create_folder_on_wire(ANN, name).unwrap();
        let there = stage.source.mail();
        assert!(there.folders.contains_key(*name), "{:?}", String::from_utf8_lossy(name));
        add_on_wire(&stage, name, number);
    }
    stage
}

/// Puts a message into a folder by its name on the wire, through a folder that can be named in Unicode.
fn add_on_wire(stage: &Stage, name: &[u8], number: u32) {
    let text = message(&format!("Subject: {number}\r\n\r\nIn an odd folder.\r\n"));
    stage.source.store().add_on_wire(ANN, name, text).unwrap();
}

fn files_below(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        found.push(entry.path().display().to_string());
        if entry.path().is_dir() {
            files_below(&entry.path(), found);
        }
    }
}

#[test]
fn odd_names_stay_names() {
    for target in [Profile::Rich, Profile::Bare] {
        let stage = with_odd_folders(target);
        let state = stage.migrate();
        let arrived = stage.target.mail();
        let named = problems(&state).len();
        assert!(arrived.messages() + named >= ODD.len(), "{:?} {:?}", arrived.folders.keys(), problems(&state));
        assert_eq!(arrived.messages() as u64, state.tally.copied.messages);
        // Nothing was written but the ledger, the record of the migration and the log, under names of ours.
        let is_ours = |name: &str| {
            name.strip_suffix(".json")
                .is_some_and(|hash| hash.len() == 32 && hash.bytes().all(|it| it.is_ascii_hexdigit()))
        };
        let mut files = Vec::new();
        files_below(stage.folder.path(), &mut files);
        for file in &files {
            let name = file.rsplit('/').next().unwrap();
            assert!(
                ["state", "ledger", "logs", "migrations"].contains(&name)
                    || name.starts_with(ANN)
                    || file.contains("/logs/")
                    || file.contains("/migrations/") && is_ours(name),
                "{file}"
            );
        }
        // No line of the report is forged.
        for file in files.iter().filter(|file| file.contains("/logs/")) {
            let text = String::from_utf8(std::fs::read(file).unwrap()).unwrap();
            let forged =
                text.chars().any(|c| (c.is_control() && !"\r\n\t".contains(c)) || "\u{202e}\u{2066}".contains(c));
            assert!(!forged, "{file}: {text:?}");
            let formula = [",=", ",\"=", "\n="].iter().any(|start| text.contains(start));
            assert!(!file.ends_with(".csv") || !formula, "{file}: {text}");
        }
        // A second run finds every folder where the first put it.
        let again = stage.migrate();
        assert_eq!(again.tally.copied.messages, 0, "{:?}", problems(&again));
        assert_eq!(stage.target.mail().messages(), arrived.messages());
    }
}

#[test]
fn names_with_nul_or_line_ends_inject_no_command() {
    for name in ["x\r\nK9 DELETE INBOX\r\n", "x\0y", "\r\n", "\0", ""] {
        let mut stage = Stage::between(Profile::Rich, Profile::Rich).fill(3);
        let mut listed = format!("* LIST () \"/\" {{{}}}\r\n", name.len()).into_bytes();
        listed.extend_from_slice(name.as_bytes());
        listed.extend_from_slice(b"\r\n");
        stage.source.tamper(Tamper::answers(move |answer| {
            if answer.text.starts_with("* LIST") { answer.after(&listed) } else { Fate::Pass }
        }));
        let state = stage.migrate();
        assert_eq!(state.tally.copied.messages, 3, "{name:?}: {:?}", problems(&state));
        assert_eq!(stage.source.store().changes_seen(ANN).unwrap(), [""; 0]);
        let here = stage.target.mail();
        assert_eq!(here.folder("INBOX").unwrap().messages.len(), 3);
        assert!(here.folders.keys().all(|name| !name.iter().any(|byte| b"\r\n\0".contains(byte))), "{here:?}");
    }
}

#[test]
fn a_name_that_has_to_wait_for_the_source_costs_no_other_folder() {
    // The last travels as a literal, and this source takes none before it has answered what was asked before.
    let source = ImapOptions { without: vec!["LITERAL+"], ..ImapOptions::new(Profile::Rich) };
    let stage = Stage::with(source, ImapOptions::new(Profile::Rich)).fill(3);
    for (name, number) in [&b"A"[..], b"B", b"caf\xe9"].into_iter().zip(1..) {
        stage.source.store().create_folder_on_wire(ANN, name).unwrap();
        add_on_wire(&stage, name, number);
    }
    let state = stage.migrate();
    assert_eq!((state.verdict(), stage.target.mail().messages()), (Verdict::AllComplete, 6), "{:?}", problems(&state));
}
