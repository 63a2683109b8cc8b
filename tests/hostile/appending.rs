//! Targets that store otherwise than they say: twice, not at all, elsewhere than announced, or in a folder that is another one each time.

use super::between::{Answer, Command, Fate, Tamper};
use super::lying::{EVERY_WAY, WITH_UIDS, WITHOUT_UIDS, with_next};
use super::stage::{ANN, Stage, kinds, problems};
use kimt::domain::ProblemKind;
use kimt::migrate::Verify;
use kimt::progress::{RunState, Verdict};
use kimt::rehearsal::{Content, NewMessage, Profile};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const FOLDERS: [(&str, u32); 2] = [("INBOX", 9), ("Work", 7)];
/// What a target announces as UIDNEXT; as it is with the first.
const NEXTS: [Option<Option<u32>>; 3] = [None, Some(None), Some(Some(1))];

fn stage(verify: Verify) -> Stage {
    let mut stage = Stage::between(Profile::Rich, Profile::Rich);
    stage.verify = verify;
    for ((folder, messages), seed) in FOLDERS.into_iter().zip(1..) {
        let _ = stage.source.store().create_folder(ANN, folder);
        stage.source.store().add_generated(ANN, folder, messages, 600, seed * 1_000).unwrap();
    }
    stage
}

/// The folder that a message is appended to.
fn folder(command: &Command) -> &'static str {
    if command.text.contains("Work") { "Work" } else { "INBOX" }
}

fn stored(command: &Command) -> NewMessage {
    NewMessage::new(Content::bytes(command.literals[0].as_slice()))
}

/// How many messages of the source are missing on the target, and how many are there more than once.
pub fn missing_and_doubled(stage: &Stage) -> [usize; 2] {
    let [here, there] = [stage.source.mail(), stage.target.mail()].map(|mail| {
        let mut tally = BTreeMap::new();
        for (name, folder) in mail.folders {
            folder.messages.iter().for_each(|it| *tally.entry((name.clone(), it.digest)).or_insert(0_usize) += 1);
        }
        tally
    });
    let surplus = |of: &BTreeMap<_, usize>, over: &BTreeMap<_, usize>| {
        of.iter().map(|(key, count)| count.saturating_sub(over.get(key).copied().unwrap_or(0))).sum()
    };
    [surplus(&here, &there), surplus(&there, &here)]
}

pub fn counted(state: &RunState, kind: ProblemKind) -> u64 {
    let problems = state.accounts.iter().flat_map(|account| &account.problems);
    problems.filter(|(_, problem)| problem.kind == kind).map(|(_, problem)| problem.count).sum()
}

#[test]
fn what_a_target_stores_twice_is_counted_whatever_it_announces_and_no_later_run_sends_more() {
    for capabilities in [WITH_UIDS, WITHOUT_UIDS] {
        for next in NEXTS {
            // From the first message on, or later, when it is known who was first.
            for (verify, from) in [0, 3].into_iter().flat_map(|from| EVERY_WAY.map(|verify| (verify, from))) {
                let mut stage = stage(verify);
                let seen = AtomicUsize::new(0);
                let (there, is_greedy) = (stage.target.server.store().clone(), Arc::new(AtomicBool::new(true)));
                let greedy = is_greedy.clone();
                let twice = move |command: &Command| {
                    if command.name == "APPEND"
                        && greedy.load(Ordering::SeqCst)
                        && seen.fetch_add(1, Ordering::SeqCst) >= from
                    {
                        there.add(ANN, folder(command), stored(command)).unwrap();
                    }
                    Fate::Pass
                };
                let tamper = Tamper::commands(twice).offering(capabilities);
                stage
                    .target
                    .tamper(tamper.answering(move |answer| next.map_or(Fate::Pass, |next| with_next(answer, next))));
                let mut named = 0;
                let mut said = Vec::new();
                // A run may end after the first message: it cannot tell the second copy from another computer's.
                for run in 0..6 {
                    is_greedy.store(run < 2, Ordering::SeqCst);
                    let state = stage.migrate();
                    named += counted(&state, ProblemKind::MessageDoubled) + counted(&state, ProblemKind::StoresTwice);
                    said.push(problems(&state));
                }
                let [missing, doubled] = missing_and_doubled(&stage);
                let shown = format!(
                    "{capabilities} {next:?} {verify:?}: {missing} missing, {doubled} doubled, {named} named: {said:?}"
                );
                assert_eq!(missing, 0, "{shown}");
                assert!(named >= doubled as u64, "{shown}");
                let state = stage.migrate();
                assert_eq!((state.verdict(), state.tally.copied.messages), (Verdict::AllComplete, 0), "{shown}");
            }
        }
    }
}

#[test]
fn a_target_that_stores_every_message_twice_is_named_as_that_before_it_doubles_more_and_what_is_missing_comes_later() {
    for (capabilities, next) in [WITH_UIDS, WITHOUT_UIDS].into_iter().flat_map(|it| NEXTS.map(|next| (it, next))) {
        for (verify, copy_is_first) in EVERY_WAY.into_iter().flat_map(|it| [(it, true), (it, false)]) {
            let mut stage = stage(verify);
            let (there, is_greedy) = (stage.target.server.store().clone(), Arc::new(AtomicBool::new(true)));
            let (greedy, last) = (is_greedy.clone(), Arc::new(Mutex::new(None)));
            let (store, after) = (there.clone(), last.clone());
            let note = move |command: &Command| {
                if command.name == "APPEND" && greedy.load(Ordering::SeqCst) {
                    if copy_is_first {
                        there.add(ANN, folder(command), stored(command)).unwrap();
                    } else {
                        *last.lock().unwrap() = Some((folder(command), stored(command)));
                    }
                }
                Fate::Pass
            };
            let tamper = Tamper::commands(note).offering(capabilities).answering(move |answer| {
                let is_stored = answer.text.contains("APPEND completed");
                if let Some((folder, message)) = is_stored.then(|| after.lock().unwrap().take()).flatten() {
                    store.add(ANN, folder, message).unwrap();
                }
                next.map_or(Fate::Pass, |next| with_next(answer, next))
            });
            stage.target.tamper(tamper);
            let state = stage.migrate();
            let [missing, doubled] = missing_and_doubled(&stage);
            let shown = format!(
                "{capabilities} {next:?} {verify:?} {copy_is_first}: {missing} missing, {doubled} doubled: {:?}",
                problems(&state)
            );
            assert_eq!(kinds(&state).into_iter().collect::<Vec<_>>(), [ProblemKind::StoresTwice], "{shown}");
            assert_eq!((state.verdict(), doubled), (Verdict::SomeIncomplete, 2), "{shown}");
            assert_eq!(counted(&state, ProblemKind::StoresTwice), 2, "{shown}");
            is_greedy.store(false, Ordering::SeqCst);
            for copied in [missing as u64, 0] {
                let state = stage.migrate();
                let shown = format!("{shown}, then {:?}", problems(&state));
                assert_eq!((state.verdict(), state.tally.copied.messages), (Verdict::AllComplete, copied), "{shown}");
                assert_eq!(missing_and_doubled(&stage), [0, 2], "{shown}");
            }
        }
    }
}

#[test]
fn what_a_target_confirms_and_does_not_store_is_missing_and_comes_with_the_next_run() {
    for capabilities in [WITH_UIDS, WITHOUT_UIDS] {
        for next in NEXTS {
            for verify in EVERY_WAY {
                let mut stage = stage(verify);
                let (seen, is_lazy) = (AtomicUsize::new(0), Arc::new(AtomicBool::new(true)));
                let lazy = is_lazy.clone();
                let drop_some = move |command: &Command| {
                    if command.name != "APPEND" || !lazy.load(Ordering::SeqCst) {
                        return Fate::Pass;
                    }
                    let number = seen.fetch_add(1, Ordering::SeqCst);
                    let code = if capabilities == WITH_UIDS {
                        format!("[APPENDUID 1 {}] ", 900 + number)
                    } else {
                        String::new()
                    };
                    if number % 3 == 2 { command.answer(&format!("OK {code}done")) } else { Fate::Pass }
                };
                let tamper = Tamper::commands(drop_some).offering(capabilities);
                stage
                    .target
                    .tamper(tamper.answering(move |answer| next.map_or(Fate::Pass, |next| with_next(answer, next))));
                let state = stage.migrate();
                let [missing, doubled] = missing_and_doubled(&stage);
                let shown = format!("{capabilities} {next:?} {verify:?}: {:?}", problems(&state));
                assert_eq!((missing, doubled), (5, 0), "{shown}");
                assert_eq!(state.verdict(), Verdict::SomeIncomplete, "{shown}");
                assert_eq!(counted(&state, ProblemKind::MessageMissing), 5, "{shown}");
                is_lazy.store(false, Ordering::SeqCst);
                for copied in [5, 0] {
                    let state = stage.migrate();
                    let shown = format!("{shown} then {:?}", problems(&state));
                    assert_eq!(
                        (state.verdict(), state.tally.copied.messages),
                        (Verdict::AllComplete, copied),
                        "{shown}"
                    );
                    assert_eq!(missing_and_doubled(&stage), [0, 0], "{shown}");
                }
            }
        }
    }
}

#[test]
fn what_a_target_does_not_keep_is_named_in_the_run_in_which_it_went_whoever_took_it() {
    // The target keeps the newest messages of a folder only; or its owner deletes one when all were read back.
    for (most, verify) in [Some(5), None].into_iter().flat_map(|most| EVERY_WAY.map(|verify| (most, verify))) {
        let mut stage = stage(verify);
        let (there, is_done) = (stage.target.server.store().clone(), AtomicBool::new(false));
        let take_away = move |command: &Command| {
            let reads_marks = command.name == "UID FETCH" && command.text.contains("INTERNALDATE");
            for (name, folder) in there.snapshot(ANN).unwrap().folders {
                let uids: Vec<u32> = folder.messages.iter().map(|message| message.uid).collect();
                let surplus = match most {
                    Some(most) => uids.len().saturating_sub(most),
                    None if !reads_marks || uids.len() != 7 || is_done.swap(true, Ordering::SeqCst) => 0,
                    None => {
                        std::thread::sleep(Duration::from_millis(300));
                        1
                    }
                };
                for uid in &uids[..surplus] {
                    there.delete_message(ANN, str::from_utf8(&name).unwrap(), *uid).unwrap();
                }
            }
            Fate::Pass
        };
        stage.target.tamper(Tamper::commands(take_away).offering(WITH_UIDS));
        let state = stage.migrate();
        let [missing, doubled] = missing_and_doubled(&stage);
        let shown = format!("{most:?} {verify:?}: {missing} missing: {:?} {:?}", state.verdict(), problems(&state));
        if (most, verify) == (None, Verify::None) {
            // Nothing is looked at once all have arrived.
            assert_eq!(missing, 0, "{shown}");
            continue;
        }
        assert!(missing > 0 && doubled == 0, "{shown}");
        let named = counted(&state, ProblemKind::MessageMissing);
        assert_eq!((state.verdict(), named), (Verdict::SomeIncomplete, missing as u64), "{shown}");
    }
}

/// A number in an answer, after these words.
fn number_after(answer: &Answer, words: &str) -> Option<i64> {
    let (_, rest) = answer.text.split_once(words)?;
    rest.split([' ', ')', ']']).next()?.parse().ok()
}

#[test]
fn places_that_a_target_announces_wrongly_lose_and_double_nothing_and_pass_for_no_other_run() {
    // The UIDs of messages, the folder's next one, or both are off by some.
    let shifts = [-1_i64, 1, 2, 5, 1_000].map(|shift| [(shift, 0), (0, shift), (shift, shift)]);
    for (place, next) in shifts.into_iter().flatten() {
        for verify in EVERY_WAY {
            let mut stage = stage(verify);
            stage.target.tamper(Tamper::commands(|_| Fate::Pass).offering(WITH_UIDS).answering(move |answer| {
                if let Some((_, rest)) = answer.text.split_once("[APPENDUID ") {
                    let code = rest.split(']').next().unwrap();
                    let (validity, uid) = code.split_once(' ').unwrap();
                    let Ok(uid) = uid.parse::<i64>() else { return Fate::Pass };
                    return answer.with(code, &format!("{validity} {}", (uid + place).max(1)));
                }
                match number_after(answer, "UIDNEXT ") {
                    Some(told) => with_next(answer, u32::try_from((told + next).max(1)).ok()),
                    None => Fate::Pass,
                }
            }));
            let mut said = Vec::new();
            for run in 0..4 {
                let state = stage.migrate();
                said.push(problems(&state));
                let [missing, doubled] = missing_and_doubled(&stage);
                let shown =
                    format!("{place} {next} {verify:?} {run}: {missing} {doubled} {:?}: {said:?}", state.verdict());
                assert_eq!((missing, doubled), (0, 0), "{shown}");
                let others = [ProblemKind::MessageDoubled, ProblemKind::MailboxInUse, ProblemKind::StoresTwice];
                assert!(others.iter().all(|kind| !kinds(&state).contains(kind)), "{shown}");
                if run == 3 {
                    assert_eq!(state.verdict(), Verdict::AllComplete, "{shown}");
                }
            }
        }
    }
}

#[test]
fn a_folder_whose_uidvalidity_is_another_at_every_look_doubles_nothing_and_the_run_ends() {
    for on_target in [true, false] {
        let mut stage = stage(Verify::Content);
        let looks = AtomicUsize::new(7);
        let tamper = Tamper::answers(move |answer| {
            let Some((_, rest)) = answer.text.split_once("UIDVALIDITY ") else { return Fate::Pass };
            let told = rest.split([' ', ')', ']']).next().unwrap();
            let next = looks.fetch_add(1, Ordering::SeqCst);
            answer.with(&format!("UIDVALIDITY {told}"), &format!("UIDVALIDITY {next}"))
        });
        if on_target {
            stage.target.tamper(tamper)
        } else {
            stage.source.tamper(tamper)
        }
        for run in 0..3 {
            let state = stage.migrate();
            let [missing, doubled] = missing_and_doubled(&stage);
            let shown = format!("{on_target} {run}: {missing} {doubled} {:?} {:?}", state.verdict(), problems(&state));
            assert_eq!(doubled, 0, "{shown}");
            assert!(missing == 0 || state.verdict() != Verdict::AllComplete, "{shown}");
            assert!(missing == 0 || !kinds(&state).is_empty(), "{shown}");
        }
    }
}

#[test]
fn a_target_that_announces_a_wrong_number_of_messages_doubles_nothing_in_silence_also_without_the_record() {
    for number in [0, 1, 5_000] {
        for capabilities in [WITH_UIDS, WITHOUT_UIDS] {
            for verify in EVERY_WAY {
                let mut stage = stage(verify);
                let tamper = Tamper::commands(|_| Fate::Pass).offering(capabilities);
                stage.target.tamper(tamper.answering(move |answer| {
                    if answer.text.starts_with("* ") && answer.text.ends_with(" EXISTS") {
                        return Fate::Instead(format!("* {number} EXISTS\r\n").into_bytes());
                    }
                    let Some((_, rest)) = answer.text.split_once("MESSAGES ") else { return Fate::Pass };
                    let told = rest.split([' ', ')']).next().unwrap();
                    answer.with(&format!("MESSAGES {told}"), &format!("MESSAGES {number}"))
                }));
                let (mut said, mut named) = (Vec::new(), 0);
                for run in 0..5 {
                    if run == 2 {
                        std::fs::remove_dir_all(stage.folder.path().join("state")).unwrap();
                    }
                    let state = stage.migrate();
                    named += counted(&state, ProblemKind::MessageDoubled);
                    said.push((state.verdict(), problems(&state)));
                    let [missing, doubled] = missing_and_doubled(&stage);
                    let shown = format!(
                        "{number} {capabilities} {verify:?} {run}: {missing} missing, {doubled} doubled: {said:?}"
                    );
                    assert!(missing == 0 || state.verdict() != Verdict::AllComplete, "{shown}");
                    assert!(named >= doubled as u64, "{shown}");
                    assert!(run < 4 || missing == 0, "{shown}");
                }
            }
        }
    }
}
