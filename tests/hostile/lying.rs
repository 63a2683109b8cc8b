//! Servers whose counters lie, restored ones, and equal messages, however a run reads back and whatever the target announces.

use super::between::{Answer, Command, Fate, Tamper};
use super::stage::{ANN, Stage, message, problems};
use kimt::migrate::Verify;
use kimt::progress::Verdict;
use kimt::rehearsal::Profile;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

pub const EVERY_WAY: [Verify; 3] = [Verify::Content, Verify::Size, Verify::None];
pub const WITH_UIDS: &str = "IMAP4rev1 LITERAL+ UIDPLUS";
pub const WITHOUT_UIDS: &str = "IMAP4rev1 LITERAL+";

fn add(stage: &Stage, folder: &str, names: &[&str]) {
    let _ = stage.source.store().create_folder(ANN, folder);
    for name in names {
        let text = format!("Subject: {name}\r\n\r\n{}\r\n", name.repeat(name.len() * 7));
        stage.source.store().add(ANN, folder, message(&text)).unwrap();
    }
}

/// The server says this UIDNEXT of every folder, or none.
pub fn with_next(answer: &Answer, next: Option<u32>) -> Fate {
    let Some((_, rest)) = answer.text.split_once("UIDNEXT ") else { return Fate::Pass };
    let announced = rest.split([' ', ')', ']']).next().unwrap();
    match next {
        Some(next) => answer.with(&format!("UIDNEXT {announced}"), &format!("UIDNEXT {next}")),
        None if answer.text.starts_with("* OK [UIDNEXT") => Fate::Instead(Vec::new()),
        None => answer.with(&format!("UIDNEXT {announced}"), ""),
    }
}

fn shown(stage: &Stage, state: &kimt::progress::RunState) -> String {
    format!("{} there, {:?}", stage.target.mail().messages(), problems(state))
}

#[test]
fn a_uidnext_of_the_source_that_lies_hides_no_new_mail() {
    for next in [Some(1), Some(6), Some(4_000_000_000), None] {
        for verify in EVERY_WAY {
            let mut stage = Stage::between(Profile::Rich, Profile::Rich);
            stage.verify = verify;
            add(&stage, "INBOX", &["a", "bb", "ccc", "dddd", "eeeee"]);
            stage.source.tamper(Tamper::answers(move |answer| with_next(answer, next)));
            stage.assert_complete(&stage.migrate());
            // As many as before, and the last one is another.
            stage.source.store().delete_message(ANN, "INBOX", 2).unwrap();
            add(&stage, "INBOX", &["ffffff"]);
            let state = stage.migrate();
            let shown = format!("{next:?} {verify:?}: {}", shown(&stage, &state));
            assert_eq!((state.verdict(), state.tally.copied.messages), (Verdict::AllComplete, 1), "{shown}");
        }
    }
}

#[test]
fn a_uidnext_that_lies_doubles_nothing_of_what_was_on_its_way_when_the_connection_was_lost() {
    for capabilities in [WITH_UIDS, WITHOUT_UIDS] {
        for next in [Some(1), Some(3), Some(4_000_000_000), None] {
            for verify in EVERY_WAY {
                let mut stage = Stage::between(Profile::Rich, Profile::Rich);
                stage.verify = verify;
                add(&stage, "INBOX", &["a", "bb", "ccc", "dddd", "eeeee"]);
                let (there, seen) = (stage.target.server.store().clone(), AtomicUsize::new(0));
                let lost = move |command: &Command| {
                    if command.name != "APPEND" || seen.fetch_add(1, Ordering::SeqCst) != 2 {
                        return Fate::Pass;
                    }
                    let text = String::from_utf8_lossy(&command.literals[0]).into_owned();
                    there.add(ANN, "INBOX", message(&text)).unwrap();
                    Fate::Close
                };
                let tamper = Tamper::commands(lost).offering(capabilities);
                stage.target.tamper(tamper.answering(move |answer| with_next(answer, next)));
                for run in 1..=3 {
                    let state = stage.migrate();
                    let shown = format!("{capabilities} {next:?} {verify:?} {run}: {}", shown(&stage, &state));
                    assert_eq!(state.verdict(), Verdict::AllComplete, "{shown}");
                    assert_eq!(stage.target.mail().messages(), 4 + run, "{shown}");
                    add(&stage, "INBOX", &[["f", "ggggggg", "hhhhhhhh"][run - 1]]);
                }
            }
        }
    }
}

#[test]
fn a_target_that_was_rolled_back_gets_what_it_lost_whatever_it_announces() {
    for capabilities in [WITH_UIDS, WITHOUT_UIDS] {
        for verify in EVERY_WAY {
            for renamed in [false, true] {
                let mut stage = Stage::between(Profile::Rich, Profile::Rich);
                stage.verify = verify;
                add(&stage, "Work", &["a", "bb", "bb", "ccc"]);
                stage.target.tamper(Tamper::commands(|_| Fate::Pass).offering(capabilities));
                let state = stage.migrate();
                assert_eq!(state.verdict(), Verdict::AllComplete, "{}", shown(&stage, &state));
                let backup = stage.target.store().back_up(ANN).unwrap();
                add(&stage, "Work", &["bb", "dddd", "eeeee"]);
                let state = stage.migrate();
                assert_eq!(state.verdict(), Verdict::AllComplete, "{}", shown(&stage, &state));
                stage.target.store().restore(ANN, &backup).unwrap();
                if renamed {
                    stage.source.store().rename_folder(ANN, "Work", "Job").unwrap();
                }
                add(&stage, if renamed { "Job" } else { "Work" }, &["ffffff"]);
                for run in ["second", "third"] {
                    let state = stage.migrate();
                    let shown = format!("{capabilities} {verify:?} {renamed} {run}: {}", shown(&stage, &state));
                    assert_eq!(state.verdict(), Verdict::AllComplete, "{shown}");
                    let there = stage.target.mail();
                    let here = stage.source.mail();
                    let name = if renamed { "Job" } else { "Work" };
                    // A folder that was renamed on the source stays where it is, or is there anew.
                    let found = there.folder(name).filter(|it| !it.messages.is_empty()).or(there.folder("Work"));
                    assert_eq!(found.unwrap().messages.len(), here.folder(name).unwrap().messages.len(), "{shown}");
                }
            }
        }
    }
}

#[test]
fn a_restored_source_is_copied_however_the_run_reads_back_and_with_equal_messages() {
    for capabilities in [WITH_UIDS, WITHOUT_UIDS] {
        for verify in EVERY_WAY {
            let mut stage = Stage::between(Profile::Rich, Profile::Rich);
            stage.verify = verify;
            add(&stage, "INBOX", &["a", "bb"]);
            let backup = stage.source.store().back_up(ANN).unwrap();
            add(&stage, "INBOX", &["ccc", "bb", "dddd"]);
            stage.target.tamper(Tamper::commands(|_| Fate::Pass).offering(capabilities));
            let state = stage.migrate();
            assert_eq!(state.verdict(), Verdict::AllComplete, "{}", shown(&stage, &state));
            stage.source.store().restore(ANN, &backup).unwrap();
            // The second `bb` is another one now, and is on the target already.
            add(&stage, "INBOX", &["bb", "eeeee", "ffffff", "ggggggg"]);
            for run in ["second", "third"] {
                let state = stage.migrate();
                let shown = format!("{capabilities} {verify:?} {run}: {}", shown(&stage, &state));
                assert_eq!(state.verdict(), Verdict::AllComplete, "{shown}");
                assert_eq!(stage.target.mail().messages(), 8, "{shown}");
            }
        }
    }
}

#[test]
fn new_mail_arrives_from_a_source_whose_status_counts_late() {
    let mut stage = Stage::between(Profile::Rich, Profile::Rich).fill(9);
    for (folder, messages) in [("Work", 5), ("Empty", 0)] {
        stage.source.store().create_folder(ANN, folder).unwrap();
        stage.source.store().add_generated(ANN, folder, messages, 600, 50).unwrap();
    }
    // What STATUS said of a folder first, it says for ever.
    let said = Mutex::new(BTreeMap::new());
    stage.source.tamper(Tamper::answers(move |answer| match answer.text.split_once(" (") {
        Some((folder, _)) if folder.starts_with("* STATUS") => {
            let mut said = said.lock().unwrap();
            let line = said.entry(folder.to_owned()).or_insert_with(|| answer.text.clone());
            Fate::Instead(format!("{line}\r\n").into_bytes())
        }
        _ => Fate::Pass,
    }));
    for copied in [14, 0] {
        let state = stage.migrate();
        stage.assert_complete(&state);
        assert_eq!(state.tally.copied.messages, copied);
    }
    for (folder, seed) in [("INBOX", 700), ("Empty", 800)] {
        stage.source.store().add_generated(ANN, folder, 2, 600, seed).unwrap();
    }
    for copied in [4, 0] {
        let state = stage.migrate();
        stage.assert_complete(&state);
        assert_eq!(state.tally.copied.messages, copied);
    }
}
