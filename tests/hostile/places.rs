//! Targets whose word about where a message is, and that it is there, is not worth much.

use super::between::{Command, Fate, Tamper};
use super::lying::{EVERY_WAY, WITH_UIDS, WITHOUT_UIDS, with_next};
use super::stage::{ANN, Stage, kinds, message, problems};
use kimt::domain::ProblemKind;
use kimt::migrate::Verify;
use kimt::progress::Verdict;
use kimt::rehearsal::{Content, ImapOptions, MailStore, NewMessage, Profile};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

#[test]
fn of_equal_messages_that_the_target_keeps_as_one_the_others_are_named() {
    let there: Arc<OnceLock<Arc<MailStore>>> = Arc::default();
    let (target, kept) = (there.clone(), Mutex::new(None::<u32>));
    let mut stage = Stage::between(Profile::Rich, Profile::Rich);
    let once = move |command: &Command| {
        if command.name != "APPEND" || !command.literals[0].ends_with(b"again\r\n") {
            return Fate::Pass;
        }
        let add = || {
            let message = NewMessage::new(Content::bytes(command.literals[0].as_slice()));
            target.get().unwrap().add(ANN, "INBOX", message).unwrap()
        };
        let uid = *kept.lock().unwrap().get_or_insert_with(add);
        command.answer(&format!("OK [APPENDUID 1 {uid}] done"))
    };
    stage.target.tamper(Tamper::commands(once).offering("IMAP4rev1 LITERAL+ UIDPLUS"));
    there.set(stage.target.server.store().clone()).ok().unwrap();
    for text in ["one", "again", "two", "again", "three"] {
        stage.source.store().add(ANN, "INBOX", message(&format!("Subject: x\r\n\r\n{text}\r\n"))).unwrap();
    }
    stage.assert_but(&stage.migrate(), &[4], &[ProblemKind::MessageMissing]);
    // Also where the one that it keeps is of an earlier run.
    stage.source.store().add(ANN, "INBOX", message("Subject: x\r\n\r\nagain\r\n")).unwrap();
    stage.assert_but(&stage.migrate(), &[4, 6], &[ProblemKind::MessageMissing]);
}

#[test]
fn what_was_checked_by_size_before_the_connection_was_lost_is_counted_once() {
    // Wherever it is lost while both folders are checked.
    for loss in 0..6 {
        let target = ImapOptions { without: vec!["UIDPLUS"], ..ImapOptions::new(Profile::Rich) };
        let mut stage = Stage::with(ImapOptions::new(Profile::Rich), target).fill(5);
        let opened = AtomicUsize::new(0);
        let at_the_second = move |command: &Command| {
            let opens = command.name == "EXAMINE" && command.text.contains("Second");
            if opens && opened.fetch_add(1, Ordering::SeqCst) == loss { Fate::Close } else { Fate::Pass }
        };
        stage.target.tamper(Tamper::commands(at_the_second));
        stage.source.store().create_folder(ANN, "Second").unwrap();
        stage.source.store().add_generated(ANN, "Second", 3, 500, 77).unwrap();
        stage.verify = Verify::Size;
        let state = stage.migrate();
        assert_eq!((state.verdict(), kinds(&state)), (Verdict::AllComplete, BTreeSet::new()), "{:?}", problems(&state));
        assert_eq!((state.tally.copied.messages, state.tally.checked.messages), (8, 8), "loss {loss}");
    }
}

/// A target that keeps one of equal messages, and confirms each, as long as it is `thrifty`.
fn thrifty_target(stage: &mut Stage, capabilities: &'static str, next: Option<Option<u32>>) -> Arc<AtomicBool> {
    let (there, kept) = (stage.target.server.store().clone(), Mutex::new(BTreeMap::<Vec<u8>, u32>::new()));
    let thrifty = Arc::new(AtomicBool::new(true));
    let is_thrifty = thrifty.clone();
    let once = move |command: &Command| {
        if command.name != "APPEND" || !is_thrifty.load(Ordering::SeqCst) {
            return Fate::Pass;
        }
        let content = command.literals[0].clone();
        let add = || there.add(ANN, "INBOX", NewMessage::new(Content::bytes(content.as_slice()))).unwrap();
        let uid = *kept.lock().unwrap().entry(content.clone()).or_insert_with(add);
        let code = if capabilities == WITH_UIDS { format!("[APPENDUID 1 {uid}] ") } else { String::new() };
        command.answer(&format!("OK {code}done"))
    };
    let tamper = Tamper::commands(once).offering(capabilities);
    stage.target.tamper(tamper.answering(move |answer| next.map_or(Fate::Pass, |next| with_next(answer, next))));
    thrifty
}

#[test]
fn what_a_target_that_keeps_one_of_equal_messages_did_not_keep_is_named_and_comes_once_it_keeps_all() {
    for capabilities in [WITH_UIDS, WITHOUT_UIDS] {
        for next in [None, Some(None), Some(Some(1)), Some(Some(4_000_000_000))] {
            for verify in EVERY_WAY {
                let mut stage = Stage::between(Profile::Rich, Profile::Rich);
                stage.verify = verify;
                for text in ["one", "again", "two", "again", "three", "again"] {
                    stage.source.store().add(ANN, "INBOX", message(&format!("Subject: x\r\n\r\n{text}\r\n"))).unwrap();
                }
                let thrifty = thrifty_target(&mut stage, capabilities, next);
                let shown = format!("{capabilities} {next:?} {verify:?}");
                for run in 1..=3 {
                    let state = stage.migrate();
                    assert_eq!(state.verdict(), Verdict::SomeIncomplete, "{shown} {run}: {:?}", problems(&state));
                    assert_eq!(state.tally.failed, 2, "{shown} {run}: {:?}", problems(&state));
                    assert_eq!(stage.target.mail().messages(), 4, "{shown} {run}");
                }
                thrifty.store(false, Ordering::SeqCst);
                for copied in [2, 0] {
                    let state = stage.migrate();
                    assert_eq!(state.verdict(), Verdict::AllComplete, "{shown}: {:?}", problems(&state));
                    assert_eq!((state.tally.copied.messages, stage.target.mail().messages()), (copied, 6), "{shown}");
                }
            }
        }
    }
}
