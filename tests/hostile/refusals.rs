//! What a server refuses of everything, in whatever words: it is one line, in each command, and blames no folder or message; what it refuses of
//! some is named.

use super::between::{Fate, Tamper};
use super::stage::{ANN, Stage, kinds, message, problems};
use kimt::domain::{ProblemKind, Side};
use kimt::progress::{RunKind, RunState, Verdict};
use kimt::rehearsal::{Link, LinkOptions, Profile};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

const WORDS: &str = "NO Volume 17 is being resilvered, ask Ms Miller";

/// Three folders with messages and one without.
fn stage() -> Stage {
    let stage = Stage::between(Profile::Rich, Profile::Rich).fill(4);
    for (folder, messages) in [("Alpha", 3), ("Empty", 0), ("Work", 5)] {
        stage.source.store().create_folder(ANN, folder).unwrap();
        stage.source.store().add_generated(ANN, folder, messages, 600, 30).unwrap();
    }
    stage
}

/// The server refuses these commands in the same words, where the text has this in it.
fn refusing(stage: &mut Stage, side: Side, names: &'static [&'static str], part: &'static str) {
    let end = if side == Side::Source { &mut stage.source } else { &mut stage.target };
    end.tamper(Tamper::commands(move |command| {
        let is_meant = names.contains(&command.name.as_str()) && command.text.contains(part);
        if is_meant { command.answer(WORDS) } else { Fate::Pass }
    }));
}

fn assert_one_line(state: &RunState, about: &str) {
    let problems = problems(state);
    let shown = format!("{about}: {:?} {:?} {problems:#?}", state.verdict(), state.tally.copied);
    assert!(problems.len() == 1 && problems[0].contains("Ms Miller"), "{shown}");
    assert_eq!(kinds(state), [ProblemKind::AccessRefused].into(), "{about}: {problems:#?}");
    assert_ne!(state.verdict(), Verdict::AllComplete, "{about}");
}

#[test]
fn what_is_refused_of_every_folder_is_one_line_in_each_command_also_where_one_folder_is_empty() {
    for names in [&["EXAMINE"][..], &["UID FETCH"]] {
        for kind in [RunKind::Check, RunKind::Migrate, RunKind::Verify] {
            let mut stage = stage();
            if kind == RunKind::Verify {
                stage.assert_complete(&stage.migrate());
            }
            refusing(&mut stage, Side::Source, names, "");
            assert_one_line(&stage.run(kind), &format!("{kind:?} {names:?} of the source"));
        }
        let mut stage = stage();
        stage.assert_complete(&stage.migrate());
        refusing(&mut stage, Side::Target, names, "");
        assert_one_line(&stage.run(RunKind::Verify), &format!("compared, {names:?} of the target"));
    }
}

#[test]
fn a_folder_that_alone_is_refused_is_named_and_the_others_are_compared() {
    for side in [Side::Source, Side::Target] {
        let mut stage = stage();
        stage.assert_complete(&stage.migrate());
        refusing(&mut stage, side, &["EXAMINE"], "Alpha");
        let state = stage.run(RunKind::Verify);
        assert_eq!(kinds(&state), [ProblemKind::FolderNotRead].into(), "{side:?}: {:#?}", problems(&state));
        assert!(problems(&state)[0].contains("'Alpha'"), "{:#?}", problems(&state));
        assert_eq!(state.tally.checked.messages, 9, "{side:?}: {:#?}", problems(&state));
    }
}

const WAYS: [&str; 2] = ["IMAP4rev1 LITERAL+ UIDPLUS MULTIAPPEND", "IMAP4rev1 LITERAL+ UIDPLUS"];

#[test]
fn a_target_that_begins_to_refuse_everything_in_the_middle_is_one_line_and_is_not_sent_everything_again_and_again() {
    for (offers, taken) in WAYS.into_iter().flat_map(|offers| [1_usize, 5, 8].map(|taken| (offers, taken))) {
        let mut stage = stage();
        stage.source.store().create_folder(ANN, "Zulu").unwrap();
        stage.source.store().add_generated(ANN, "Zulu", 30, 600, 900).unwrap();
        let (asked, is_closed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(true)));
        let (seen, closed, passed) = (asked.clone(), is_closed.clone(), AtomicUsize::new(0));
        let tamper = Tamper::commands(move |command| {
            let more = command.literals.len();
            let is_full = closed.load(Ordering::SeqCst) && passed.load(Ordering::SeqCst) >= taken;
            if command.name != "APPEND" || !is_full {
                passed.fetch_add(more, Ordering::SeqCst);
                return Fate::Pass;
            }
            seen.fetch_add(more, Ordering::SeqCst);
            command.answer(WORDS)
        });
        stage.target.tamper(tamper.offering(offers));
        let state = stage.migrate();
        let about = format!("{offers} {taken}");
        assert_one_line(&state, &about);
        let asked = asked.load(Ordering::SeqCst);
        assert!(asked <= 2 * 42 + 20, "{about}: {asked} messages were refused");
        let before = stage.target.mail().messages();
        is_closed.store(false, Ordering::SeqCst);
        let state = stage.migrate();
        stage.assert_complete(&state);
        assert_eq!(state.tally.copied.messages as usize, 42 - before, "{about}");
    }
}

#[test]
fn messages_that_are_refused_in_a_row_are_named_where_others_are_taken_after_them_or_a_later_run_meets_them_alone() {
    for (offers, is_last) in WAYS.into_iter().flat_map(|offers| [false, true].map(|is_last| (offers, is_last))) {
        let mut stage = Stage::between(Profile::Rich, Profile::Rich).fill(6);
        for number in 0..15 {
            let poison = message(&format!("Subject: {number}\r\n\r\nPOISON {number}\r\n"));
            stage.source.store().add(ANN, "INBOX", poison).unwrap();
        }
        let after = if is_last { 0 } else { 6 };
        stage.source.store().add_generated(ANN, "INBOX", after, 600, 70).unwrap();
        let tamper = Tamper::commands(|command| {
            let is_bad = command.literals.iter().any(|literal| literal.windows(6).any(|part| part == b"POISON"));
            if command.name == "APPEND" && is_bad { command.answer("NO Message has a bad word") } else { Fate::Pass }
        });
        stage.target.tamper(tamper.offering(offers));
        let state = stage.migrate();
        let about = format!("{offers} {is_last}: {:#?}", problems(&state));
        // Behind all others it cannot be known, until they alone are left.
        let state = if is_last { stage.migrate() } else { state };
        assert_eq!(kinds(&state), [ProblemKind::MessageRefused].into(), "{about}: {:#?}", problems(&state));
        assert_eq!(problems(&state).len(), 15, "{about}: {:#?}", problems(&state));
        assert_eq!(stage.target.mail().messages(), 6 + after as usize, "{about}");
    }
}

#[test]
fn compression_that_is_offered_and_refused_costs_nothing() {
    for side in [Side::Source, Side::Target] {
        for words in ["NO [COMPRESSIONACTIVE] not again", "NO not now", "BAD what?"] {
            let mut stage = stage();
            let asked = Arc::new(AtomicUsize::new(0));
            let seen = asked.clone();
            let tamper = Tamper::commands(move |command| {
                if command.name != "COMPRESS" {
                    return Fate::Pass;
                }
                seen.fetch_add(1, Ordering::SeqCst);
                command.answer(words)
            });
            let end = if side == Side::Source { &mut stage.source } else { &mut stage.target };
            end.tamper(tamper.offering("IMAP4rev1 LITERAL+ UIDPLUS COMPRESS=DEFLATE"));
            // Only a server that is far away is asked.
            let far = LinkOptions { round_trip: Duration::from_millis(20), ..LinkOptions::default() };
            let link = Link::start(end.port.unwrap(), far).unwrap();
            end.port = Some(link.port());
            for kind in [RunKind::Check, RunKind::Migrate, RunKind::Verify] {
                let state = stage.run(kind);
                assert_eq!(kinds(&state), [].into(), "{side:?} {words} {kind:?}: {:#?}", problems(&state));
            }
            stage.assert_complete(&stage.migrate());
            assert!(asked.load(Ordering::SeqCst) > 2, "{side:?} {words}");
        }
    }
}
