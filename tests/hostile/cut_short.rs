//! Answers and connections that end too early: in the middle of a message, of a line, of a command, or between two; and what a server says of
//! the places of moved messages in one answer or another.

use super::between::{Answer, Command, Fate, Tamper};
use super::oddities::{BOTH, Row, assert_harmless, is_fetch, is_tagged, last_words, row, stage};
use super::stage::{ANN, Stage, kinds, message, problems};
use kimt::domain::Side;
use kimt::progress::{Followed, Verdict};
use kimt::rehearsal::{ImapOptions, Profile};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// What servers say before they end a connection on which nobody said anything.
const GOODBYES: [&str; 3] =
    ["* BYE Autologout; idle for too long\r\n", "* BYE [ALERT] Disconnected for inactivity.\r\n", "* BYE\r\n"];

/// Which answers of the row's connections are cut, counted from 0.
const CUT: [usize; 3] = [0, 7, 23];

/// Ends the connection at some of the answers that are meant.
fn cutting(is_meant: fn(&Answer) -> bool, instead: impl Fn(&Answer) -> String + Send + Sync + 'static) -> Tamper {
    let seen = AtomicUsize::new(0);
    Tamper::answers(move |answer| match is_meant(answer) && CUT.contains(&seen.fetch_add(1, Ordering::SeqCst)) {
        true => last_words(instead(answer)),
        false => Fate::Pass,
    })
}

fn is_body(answer: &Answer) -> bool {
    is_fetch(answer) && answer.text.contains("BODY[] {")
}

#[test]
fn an_answer_that_is_cut_in_the_middle_is_asked_for_again_and_nothing_of_it_counts() {
    let mut rows: Vec<Row> = vec![
        row("a message cut in the middle", BOTH, || {
            cutting(is_body, |answer| format!("{}\r\nSubject: half of it\r\n\r\nand no", answer.text))
        }),
        row("a message cut before its first byte", BOTH, || cutting(is_body, |answer| format!("{}\r\n", answer.text))),
        row("a line cut in the middle", BOTH, || {
            cutting(is_fetch, |answer| answer.text[..answer.text.len() / 2].to_owned())
        }),
        row("an answer without its end", BOTH, || cutting(is_tagged, |answer| answer.text[..3].to_owned())),
    ];
    for words in GOODBYES {
        rows.push(row(format!("{words:?} in the middle of an answer"), BOTH, move || {
            cutting(is_fetch, move |_| words.to_owned())
        }));
        rows.push(row(format!("{words:?} before an answer"), BOTH, move || {
            cutting(is_tagged, move |_| words.to_owned())
        }));
        rows.push(row(format!("{words:?} behind an answer"), BOTH, move || {
            cutting(is_tagged, move |answer| format!("{}\r\n{words}", answer.text))
        }));
    }
    assert_harmless(rows);
}

#[test]
fn a_server_that_ends_idle_connections_while_the_other_is_slow_costs_nothing() {
    for (side, words) in BOTH.iter().flat_map(|side| ["", GOODBYES[0], GOODBYES[1]].map(|words| (*side, words))) {
        let mut stage = stage();
        let slow = AtomicBool::new(true);
        let delay = Tamper::commands(move |command| {
            let is_work = matches!(command.name.as_str(), "UID FETCH" | "APPEND");
            if is_work && slow.swap(false, Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(900));
            }
            Fate::Pass
        });
        let idle = Tamper::commands(|_| Fate::Pass).ending_idle(Duration::from_millis(300), words);
        let (of_source, of_target) = if side == Side::Source { (idle, delay) } else { (delay, idle) };
        stage.source.tamper(of_source);
        stage.target.tamper(of_target);
        let state = stage.migrate();
        stage.assert_complete(&state);
        assert_eq!(kinds(&state), [].into(), "{side:?} {words:?}: {:#?}", problems(&state));
    }
}

/// Where the target says the places of moved messages: as it is, in an untagged answer, in the tagged one, in both, or nowhere.
const PLACES: [&str; 5] = ["as it is", "untagged", "tagged", "both", "nowhere"];

/// Says the places of moved messages so, and meets each command with `on_command`.
fn saying_places(said: &'static str, on_command: impl Fn(&Command) -> Fate + Send + Sync + 'static) -> Tamper {
    let waiting = std::sync::Mutex::new(String::new());
    Tamper::commands(on_command).answering(move |answer| {
        let mut waiting = waiting.lock().unwrap();
        if said == "as it is" {
            return Fate::Pass;
        }
        if let Some((before, rest)) = answer.text.split_once("[COPYUID ") {
            let (code, words) = rest.split_once(']').unwrap();
            let code = format!("[COPYUID {code}]");
            let untagged =
                if matches!(said, "untagged" | "both") { format!("* OK {code} x\r\n") } else { String::new() };
            if before.starts_with('*') {
                *waiting = code;
                return Fate::Instead(untagged.into_bytes());
            }
            let kept = if matches!(said, "tagged" | "both") { code } else { String::new() };
            return Fate::Instead(format!("{untagged}{before}{kept}{words}\r\n").into_bytes());
        }
        if is_tagged(answer) && !waiting.is_empty() {
            let code = std::mem::take(&mut *waiting);
            if matches!(said, "tagged" | "both") {
                return answer.with(" OK ", &format!(" OK {code} "));
            }
        }
        Fate::Pass
    })
}

#[test]
fn a_moved_message_is_moved_once_wherever_the_target_says_its_place() {
    for (without, said) in [&[][..], &["MOVE"]].into_iter().flat_map(|without| PLACES.map(|said| (without, said))) {
        let target = ImapOptions { without: without.to_vec(), ..ImapOptions::new(Profile::Rich) };
        let mut stage = Stage::with(ImapOptions::new(Profile::Rich), target);
        let store = stage.source.server.store().clone();
        for folder in ["Work", "Filed"] {
            store.create_folder(ANN, folder).unwrap();
        }
        for number in 1..=4 {
            let text = format!("Subject: {number}\r\n\r\n{}\r\n", "x".repeat(number * 9));
            store.add(ANN, "Work", message(&text)).unwrap();
        }
        stage.target.tamper(saying_places(said, |_| Fate::Pass));
        stage.assert_complete(&stage.migrate());
        store.move_message(ANN, "Work", 2, "Filed").unwrap();
        store.move_message(ANN, "Work", 3, "INBOX").unwrap();
        for followed in [Followed { moved: 2, ..Followed::default() }, Followed::default()] {
            let state = stage.migrate();
            let about = format!("{without:?} {said}: {:#?}", problems(&state));
            assert_eq!(state.verdict(), Verdict::AllComplete, "{about}");
            assert_eq!((state.tally.followed, state.tally.copied.messages), (followed, 0), "{about}");
            stage.assert_complete(&state);
        }
    }
}

#[test]
fn a_moved_message_has_the_place_that_the_target_says_also_where_an_equal_one_comes_at_the_same_moment() {
    for (without, said) in
        [&[][..], &["MOVE"]].into_iter().flat_map(|it| ["untagged", "tagged", "both"].map(|said| (it, said)))
    {
        let target = ImapOptions { without: without.to_vec(), ..ImapOptions::new(Profile::Rich) };
        let mut stage = Stage::with(ImapOptions::new(Profile::Rich), target);
        let store = stage.source.server.store().clone();
        for folder in ["Work", "Filed"] {
            store.create_folder(ANN, folder).unwrap();
        }
        let text = "Subject: moved\r\n\r\nonce\r\n";
        store.add(ANN, "Work", message(text)).unwrap();
        let there = stage.target.server.store().clone();
        stage.target.tamper(saying_places(said, move |command| {
            if matches!(command.name.as_str(), "UID MOVE" | "UID COPY") {
                there.add(ANN, "Filed", message(text)).unwrap();
            }
            Fate::Pass
        }));
        stage.assert_complete(&stage.migrate());
        store.move_message(ANN, "Work", 1, "Filed").unwrap();
        assert_eq!(stage.migrate().tally.followed.moved, 1);
        store.set_flags(ANN, "Filed", 1, &["\\Flagged"]).unwrap();
        let state = stage.migrate();
        let filed = stage.target.mail().folder("Filed").unwrap().clone();
        let flags: Vec<Vec<String>> = filed.messages.iter().map(|it| it.flags.iter().cloned().collect()).collect();
        let shown = format!("{without:?} {said}: {flags:?} {:#?}", problems(&state));
        assert_eq!(flags, [vec![], vec!["\\Flagged".to_owned()]], "{shown}");
    }
}
