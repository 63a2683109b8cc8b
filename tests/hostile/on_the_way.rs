//! What was on its way when the target's line was lost, and cannot be told by looking for what came last.

use super::between::{Command, Fate, Tamper};
use super::stage::{ANN, Stage, kinds, message, problems};
use kimt::domain::ProblemKind;
use kimt::progress::{RunKind, Verdict};
use kimt::rehearsal::{Content, MailStore, NewMessage, Profile};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

type There = Arc<OnceLock<Arc<MailStore>>>;

/// A target without MULTIAPPEND that meets the APPENDs, counted from 1, with `on_append`, and is told where it stores.
fn stage(on_append: impl Fn(usize, &Command, &MailStore) -> Fate + Send + Sync + 'static) -> Stage {
    let mut stage = Stage::between(Profile::Rich, Profile::Rich);
    let (there, seen) = (There::default(), AtomicUsize::new(0));
    there.set(stage.target.server.store().clone()).ok().unwrap();
    let on_command = move |command: &Command| match command.name.as_str() {
        "APPEND" => on_append(seen.fetch_add(1, Ordering::SeqCst) + 1, command, there.get().unwrap()),
        _ => Fate::Pass,
    };
    stage.target.tamper(Tamper::commands(on_command).offering("IMAP4rev1 LITERAL+ UIDPLUS"));
    stage
}

/// What came with an APPEND of one message, without its flags.
fn flagless(command: &Command) -> NewMessage {
    NewMessage::new(Content::octets(command.literals[0].as_slice()))
}

fn fill(stage: &Stage, folder: &str, messages: u32) {
    for number in 1..=messages {
        let text = format!("Subject: {folder} {number}\r\n\r\ntext\r\n");
        let seen = NewMessage { flags: vec!["\\Seen".into()], ..message(&text) };
        stage.source.store().add(ANN, folder, seen).unwrap();
    }
}

#[test]
fn a_message_that_stands_below_others_of_the_record_is_found_where_it_may_stand() {
    let mut stage = stage(|number, command, there| {
        let seen = NewMessage { flags: vec!["\\Seen".into()], ..flagless(command) };
        let store = || there.add(ANN, "INBOX", seen);
        match number {
            // Stored, and the answer never comes: the one to the next does, and is recorded.
            2 => {
                store().unwrap();
                Fate::Instead(Vec::new())
            }
            3 => command.answer(&format!("OK [APPENDUID 1 {}] done", store().unwrap())),
            5 => Fate::Close,
            _ => Fate::Pass,
        }
    });
    fill(&stage, "INBOX", 3);
    for folder in ["B", "C"] {
        stage.source.store().create_folder(ANN, folder).unwrap();
        fill(&stage, folder, 1);
    }
    // Slow enough for the answers to one folder to be taken before the next is sent.
    stage.source.tamper(Tamper::commands(|command| {
        if command.reads_bodies() {
            std::thread::sleep(Duration::from_millis(400));
        }
        Fate::Pass
    }));
    stage.assert_complete(&stage.migrate());
}

#[test]
fn a_message_that_the_target_changed_is_found_among_all_that_may_be_it() {
    let stage = stage(|number, command, there| {
        if number != 2 {
            return Fate::Pass;
        }
        let traced = [b"X-Trace: here\r\n", command.literals[0].as_slice()].concat();
        let date = "2025-12-24T18:00:00+01:00".parse().unwrap();
        there.add(ANN, "INBOX", NewMessage { date, content: Content::octets(traced), ..flagless(command) }).unwrap();
        Fate::Close
    });
    fill(&stage, "INBOX", 4);
    let state = stage.migrate();
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", problems(&state));
    assert_eq!(stage.target.mail().messages(), 4);
    let told = BTreeSet::from([ProblemKind::DateNotKept, ProblemKind::KeywordsDropped]);
    assert_eq!(kinds(&state), told, "{:?}", problems(&state));
}

#[test]
fn flags_lost_in_a_run_that_was_cut_off_are_told_by_the_next() {
    let stored = Arc::new(AtomicBool::new(false));
    let stores = stored.clone();
    let stage = stage(move |number, command, there| {
        if number != 2 {
            return Fate::Pass;
        }
        there.add(ANN, "INBOX", flagless(command)).unwrap();
        stores.store(true, Ordering::SeqCst);
        Fate::Instead(Vec::new())
    });
    fill(&stage, "INBOX", 4);
    let run = kimt::migrate::start(stage.request(RunKind::Migrate, stage.folder.path()), Box::new(|_: &_, _: &_| {}))
        .unwrap();
    while !stored.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(5));
    }
    run.stop_now();
    assert_eq!(run.wait().verdict(), Verdict::Stopped);
    let state = stage.migrate();
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", problems(&state));
    assert_eq!(stage.target.mail().messages(), 4);
    let told = "KeywordsDropped: A message in 'INBOX' lost flags or keywords that the target does not keep: for example \\Seen.";
    assert_eq!(problems(&state), [told]);
}
