//! What was on its way when the connection to the target was lost, and cannot be known by looking for what came last.

use super::between::{Command, Fate, Tamper};
use super::stage::{ANN, Stage, kinds, message, problems};
use kimt::domain::{ProblemKind, Selection};
use kimt::progress::{RunKind, RunState, Verdict};
use kimt::rehearsal::{Content, MailStore, NewMessage, Profile};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

type There = Arc<OnceLock<Arc<MailStore>>>;

/// A target without MULTIAPPEND that meets the APPENDs, counted from 1, with `on_append`, and says where it stores.
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
    NewMessage::new(Content::bytes(command.literals[0].as_slice()))
}

fn fill(stage: &Stage, folder: &str, messages: u32) {
    for number in 1..=messages {
        let text = format!("Subject: {folder} {number}\r\n\r\ntext\r\n");
        let seen = NewMessage { flags: vec!["\\Seen".into()], ..message(&text) };
        stage.source.store().add(ANN, folder, seen).unwrap();
    }
}

/// Begins a run and stops it at once when `stored` says so.
fn stop_when(stage: &Stage, stored: &AtomicBool) {
    let request = stage.request(RunKind::Migrate, stage.folder.path());
    let run = super::stage::start(request, Box::new(|_: &_, _: &_| {}));
    wait_for(stored);
    run.stop_now();
    assert_eq!(run.wait().verdict(), Verdict::Stopped);
}

/// A run that leaves the large messages out.
fn migrate_small(stage: &Stage) -> RunState {
    let mut request = stage.request(RunKind::Migrate, stage.folder.path());
    request.selection = Selection { max_bytes: Some(100), ..Selection::default() };
    stage.finish(request)
}

/// As stage, with a target that answers the second APPEND not at all although it stores the message.
fn stage_with_a_lost_answer() -> (Stage, Arc<AtomicBool>) {
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
    (stage, stored)
}

#[test]
fn a_message_below_others_of_the_record_is_found_where_it_may_be() {
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
        there.add(ANN, "INBOX", NewMessage { date, content: Content::bytes(traced), ..flagless(command) }).unwrap();
        Fate::Close
    });
    fill(&stage, "INBOX", 4);
    let state = stage.migrate();
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", problems(&state));
    assert_eq!(stage.target.mail().messages(), 4);
    let reported =
        BTreeSet::from([ProblemKind::MessageNormalised, ProblemKind::DateNotKept, ProblemKind::KeywordsDropped]);
    assert_eq!(kinds(&state), reported, "{:?}", problems(&state));
}

#[test]
fn flags_lost_in_a_run_that_was_cut_off_are_reported_by_the_next() {
    let (stage, stored) = stage_with_a_lost_answer();
    fill(&stage, "INBOX", 4);
    stop_when(&stage, &stored);
    let state = stage.migrate();
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", problems(&state));
    assert_eq!(stage.target.mail().messages(), 4);
    let reported = "KeywordsDropped: A message in 'INBOX' lost flags or keywords that the target does not keep: for example \\Seen.";
    assert_eq!(problems(&state), [reported]);
}

#[test]
fn what_was_on_its_way_and_is_left_out_of_the_next_run_is_asked_for_by_the_one_after() {
    let (stage, stored) = stage_with_a_lost_answer();
    for length in [10, 900, 10, 10] {
        let text = format!("Subject: {length}\r\n\r\n{}\r\n", "x".repeat(length));
        stage.source.store().add(ANN, "INBOX", message(&text)).unwrap();
    }
    stop_when(&stage, &stored);
    let state = migrate_small(&stage);
    assert_eq!((state.verdict(), stage.target.mail().messages()), (Verdict::AllComplete, 4), "{:?}", problems(&state));
    stage.assert_complete(&stage.migrate());
}

#[test]
fn a_message_that_was_stored_when_it_cost_the_connection_for_the_last_time_is_not_sent_again_by_the_next_run() {
    let losses = AtomicUsize::new(0);
    let stage = stage(move |_, command, there| {
        if command.literals[0].len() < 900 {
            return Fate::Pass;
        }
        match losses.fetch_add(1, Ordering::SeqCst) {
            0..=2 => Fate::Close,
            3 => {
                there.add(ANN, "INBOX", flagless(command)).unwrap();
                Fate::Close
            }
            _ => Fate::Pass,
        }
    });
    let add = |length| {
        let text = format!("Subject: {length}\r\n\r\n{}\r\n", "x".repeat(length));
        stage.source.store().add(ANN, "INBOX", message(&text)).unwrap();
    };
    [10, 11, 900, 12].into_iter().for_each(&add);
    let state = stage.migrate();
    assert_eq!(kinds(&state), BTreeSet::from([ProblemKind::MessageRefused]), "{:?}", problems(&state));
    // What is copied meanwhile is above it.
    add(13);
    assert_eq!(migrate_small(&stage).verdict(), Verdict::AllComplete);
    stage.assert_complete(&stage.migrate());
}

/// A target that closes the line at this APPEND, and stores its message a while later, when `more` has come from elsewhere. Says when
/// it is stored.
fn stage_that_stores_late(late: usize, more: u32) -> (Stage, Arc<AtomicBool>) {
    let (there, stored) = (There::default(), Arc::new(AtomicBool::new(false)));
    let (target, stores) = (there.clone(), stored.clone());
    let mut stage = stage(move |number, command, store| {
        if number != late {
            return Fate::Pass;
        }
        store.add_generated(ANN, "INBOX", more, 700, 4_000).unwrap();
        let (target, stores, message) = (target.clone(), stores.clone(), flagless(command));
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(1200));
            target.get().unwrap().add(ANN, "INBOX", message).unwrap();
            stores.store(true, Ordering::SeqCst);
        });
        Fate::Close
    });
    there.set(stage.target.server.store().clone()).ok().unwrap();
    stage.patience.quiet = Duration::from_millis(2500);
    (stage, stored)
}

fn wait_for(said: &AtomicBool) {
    while !said.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn other_mail_that_comes_meanwhile_does_not_pass_for_what_was_on_its_way() {
    let (stage, stored) = stage_that_stores_late(2, 5);
    fill(&stage, "INBOX", 4);
    let state = stage.migrate();
    wait_for(&stored);
    assert_eq!((state.verdict(), stage.target.mail().messages()), (Verdict::AllComplete, 9), "{:?}", problems(&state));
}

#[test]
fn a_repair_whose_connection_is_lost_continues_and_counts_and_copies_nothing_twice() {
    let (mut stage, stored) = stage_that_stores_late(8, 0);
    fill(&stage, "INBOX", 6);
    stage.assert_complete(&stage.migrate());
    for uid in [2, 3] {
        stage.target.store().delete_message(ANN, "INBOX", uid).unwrap();
    }
    stage.repair = true;
    let state = stage.migrate();
    wait_for(&stored);
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", problems(&state));
    assert_eq!((stage.target.mail().messages(), state.tally.checked.messages), (6, 6));
}
