//! Targets that begin to store messages twice: a few are there twice by the time that shows, the rest of the mailbox is not, and it is not
//! taken for another run. All of them are named, and what is missing comes once the target stores everything once.

use super::appending::{counted, missing_and_doubled};
use super::between::{Command, Fate, Tamper};
use super::lying::{WITH_UIDS, WITHOUT_UIDS};
use super::stage::{ANN, Stage, kinds, problems};
use kimt::domain::ProblemKind;
use kimt::progress::Verdict;
use kimt::rehearsal::{Content, NewMessage, Profile};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

const IN_BATCHES_WITH_UIDS: &str = "IMAP4rev1 LITERAL+ UIDPLUS MULTIAPPEND";
const IN_BATCHES_WITHOUT_UIDS: &str = "IMAP4rev1 LITERAL+ MULTIAPPEND";
const WAYS: [&str; 4] = [WITH_UIDS, WITHOUT_UIDS, IN_BATCHES_WITH_UIDS, IN_BATCHES_WITHOUT_UIDS];

/// The name of the folder that a message is appended to.
fn folder(command: &Command) -> String {
    command
        .text
        .split(['"', ' '])
        .nth(2)
        .filter(|name| !name.is_empty())
        .or(command.text.split('"').nth(1))
        .unwrap()
        .to_owned()
}

fn stored(command: &Command) -> Vec<NewMessage> {
    command.literals.iter().map(|literal| NewMessage::new(Content::bytes(literal.as_slice()))).collect()
}

/// The target stores what comes after so many messages twice, the second copy before the first or behind it, as long as the switch is on.
fn doubling_from(stage: &mut Stage, offers: &'static str, first: usize, copy_is_first: bool) -> Arc<AtomicBool> {
    let (is_on, seen, waiting) =
        (Arc::new(AtomicBool::new(true)), AtomicUsize::new(0), Arc::new(Mutex::new(Vec::new())));
    let (on, there, later) = (is_on.clone(), stage.target.server.store().clone(), waiting.clone());
    let store = there.clone();
    let tamper = Tamper::commands(move |command| {
        let is_append = command.name == "APPEND" && on.load(Ordering::SeqCst);
        if is_append && seen.fetch_add(command.literals.len(), Ordering::SeqCst) >= first {
            if copy_is_first {
                there.add_all(ANN, &folder(command), stored(command)).unwrap();
            } else {
                waiting.lock().unwrap().push((command.tag.clone(), folder(command), stored(command)));
            }
        }
        Fate::Pass
    });
    stage.target.tamper(tamper.offering(offers).answering(move |answer| {
        let mut waiting = later.lock().unwrap();
        let is_its = |(tag, ..): &(String, String, Vec<NewMessage>)| answer.text.starts_with(&format!("{tag} OK"));
        if let Some(at) = waiting.iter().position(is_its) {
            let (_, folder, messages) = waiting.remove(at);
            store.add_all(ANN, &folder, messages).unwrap();
        }
        Fate::Pass
    }));
    is_on
}

/// The run ends because the target stores twice, with this many messages there twice at most; all are named, and later runs bring the rest.
fn assert_ends_soon(stage: &Stage, is_on: &AtomicBool, most: usize, about: &str) {
    let state = stage.migrate();
    let [missing, doubled] = missing_and_doubled(stage);
    let shown = format!("{about}: {missing} missing, {doubled} doubled: {:?}", problems(&state));
    assert!(kinds(&state).contains(&ProblemKind::StoresTwice), "{shown}");
    assert!(!kinds(&state).contains(&ProblemKind::MailboxInUse), "{shown}");
    assert_eq!(state.verdict(), Verdict::SomeIncomplete, "{shown}");
    assert!(missing > 0 && doubled <= most, "{shown}");
    let named = counted(&state, ProblemKind::StoresTwice) + counted(&state, ProblemKind::MessageDoubled);
    assert!(named >= doubled as u64, "{shown}");
    is_on.store(false, Ordering::SeqCst);
    for copied in [missing as u64, 0] {
        let state = stage.migrate();
        let shown = format!("{shown}, then {:?}", problems(&state));
        assert_eq!((state.verdict(), state.tally.copied.messages), (Verdict::AllComplete, copied), "{shown}");
        assert_eq!(missing_and_doubled(stage), [0, doubled], "{shown}");
    }
}

#[test]
fn a_target_that_begins_to_store_twice_in_the_middle_of_a_folder_does_so_with_no_more_than_is_on_its_way() {
    for (offers, copy_is_first) in WAYS.into_iter().flat_map(|offers| [(offers, true), (offers, false)]) {
        let mut stage = Stage::between(Profile::Rich, Profile::Rich);
        stage.source.store().add_generated(ANN, "INBOX", 250, 100_000, 1).unwrap();
        let is_on = doubling_from(&mut stage, offers, 30, copy_is_first);
        // Eight megabytes, and a batch that is being written, and one behind which it shows.
        assert_ends_soon(&stage, &is_on, 84 + 2 * 21, &format!("{offers} {copy_is_first}"));
    }
}

#[test]
fn a_target_that_begins_to_store_twice_in_the_middle_of_many_folders_does_so_with_no_more_than_is_on_its_way() {
    for (offers, copy_is_first) in WAYS.into_iter().flat_map(|offers| [(offers, true), (offers, false)]) {
        let mut stage = Stage::between(Profile::Rich, Profile::Rich);
        for number in 0..150 {
            let name = format!("F{number:03}");
            stage.source.store().create_folder(ANN, &name).unwrap();
            stage.source.store().add_generated(ANN, &name, 2, 600, 10 * number).unwrap();
        }
        let is_on = doubling_from(&mut stage, offers, 40, copy_is_first);
        let mut most = if offers.contains("MULTIAPPEND") { 9 * 2 } else { 64 + 12 };
        if !copy_is_first {
            // It comes after the answer, and shows once an earlier folder is asked about, behind every eighth one.
            most = most + 8 * 2 + most;
        }
        assert_ends_soon(&stage, &is_on, most + 4, &format!("{offers} {copy_is_first}"));
    }
}

#[test]
fn a_target_that_stores_twice_is_told_from_another_run_where_each_folder_has_one_message() {
    for (offers, copy_is_first) in WAYS.into_iter().flat_map(|offers| [(offers, true), (offers, false)]) {
        let mut stage = Stage::between(Profile::Rich, Profile::Rich);
        for number in 0..12 {
            let name = format!("F{number:03}");
            stage.source.store().create_folder(ANN, &name).unwrap();
            stage.source.store().add_generated(ANN, &name, 1, 600, 10 * number).unwrap();
        }
        let is_on = doubling_from(&mut stage, offers, 0, copy_is_first);
        assert_ends_soon(&stage, &is_on, 2, &format!("{offers} {copy_is_first}"));
    }
}

#[test]
fn mail_that_comes_into_the_targets_folders_all_the_time_costs_a_few_looks_and_nothing_else() {
    for offers in WAYS {
        let mut stage = Stage::between(Profile::Rich, Profile::Rich);
        stage.source.store().add_generated(ANN, "INBOX", 300, 20_000, 1).unwrap();
        let (there, number, looks) =
            (stage.target.server.store().clone(), AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
        let seen = looks.clone();
        stage.target.tamper(
            Tamper::commands(move |command| {
                if command.name == "APPEND" {
                    let mail = Content::generated(90_000 + number.fetch_add(1, Ordering::SeqCst) as u64, 20_000);
                    there.add(ANN, "INBOX", NewMessage::new(mail)).unwrap();
                }
                seen.fetch_add(usize::from(command.name == "EXAMINE"), Ordering::SeqCst);
                Fate::Pass
            })
            .offering(offers),
        );
        let state = stage.migrate();
        let shown = format!("{offers}: {:?} {:?}", state.verdict(), problems(&state));
        assert_eq!((state.verdict(), state.tally.copied.messages), (Verdict::AllComplete, 300), "{shown}");
        assert_eq!(kinds(&state), [].into(), "{shown}");
        assert_eq!(missing_and_doubled(&stage)[0], 0, "{shown}");
        assert!(looks.load(Ordering::SeqCst) < 60, "{shown}: {looks:?}");
    }
}
