//! Servers that were restored, wiped or used since: a UID alone does not prove a message, on either side.

use super::between::{Fate, Tamper};
use super::lying::{EVERY_WAY, WITH_UIDS, WITHOUT_UIDS};
use super::stage::{ANN, Stage, kinds, message, problems};
use chrono::DateTime;
use kimt::domain::ProblemKind;
use kimt::migrate::Verify;
use kimt::progress::Verdict;
use kimt::rehearsal::{NewMessage, Profile};

/// Adds messages to the source's INBOX, each of another size.
fn add(stage: &Stage, names: &[&str]) {
    for (name, length) in names.iter().zip(1..) {
        let text = format!("Subject: {name}\r\n\r\n{}\r\n", name.repeat(length * 7));
        stage.source.store().add(ANN, "INBOX", message(&text)).unwrap();
    }
}

#[test]
fn messages_of_a_restored_source_are_copied_though_their_uids_are_recorded() {
    for later in [&["x", "yy", "zzz"][..], &["x", "yy", "zzz", "uuuu"], &["x", "yy", "zzz", "u", "v", "w", "more"]] {
        let stage = Stage::between(Profile::Rich, Profile::Rich);
        add(&stage, &["a", "b"]);
        let backup = stage.source.store().back_up(ANN).unwrap();
        add(&stage, &["c", "d", "e", "f"]);
        stage.assert_complete(&stage.migrate());
        stage.source.store().restore(ANN, &backup).unwrap();
        add(&stage, later);
        let state = stage.migrate();
        assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", problems(&state));
        let there = stage.target.mail().folder("INBOX").unwrap().contents();
        for content in stage.source.mail().folder("INBOX").unwrap().contents() {
            assert!(there.contains(&content), "{later:?}: {} arrived", there.len());
        }
        assert_eq!(there.len(), 6 + later.len(), "nothing is doubled");
    }
}

#[test]
fn messages_of_a_restored_source_are_copied_though_those_before_had_their_uids_and_exactly_their_sizes() {
    for (capabilities, verify) in [WITH_UIDS, WITHOUT_UIDS].into_iter().flat_map(|it| EVERY_WAY.map(|way| (it, way))) {
        // As many as were lost, and more; another count would show it.
        for (since, later) in [(0, 4), (0, 6), (40, 4)] {
            let mut stage = Stage::between(Profile::Rich, Profile::Rich);
            stage.verify = verify;
            stage.target.tamper(Tamper::commands(|_| Fate::Pass).offering(capabilities));
            let add = |stage: &Stage, from: u32, count: u32| {
                let of = |number: u32| {
                    let text = format!("Subject: {number:04}\r\n\r\nText {number:04}\r\n");
                    let date = DateTime::from_timestamp(1_700_000_000 + i64::from(number), 0).unwrap().fixed_offset();
                    NewMessage { date, ..message(&text) }
                };
                (from..from + count).for_each(|number| _ = stage.source.store().add(ANN, "INBOX", of(number)).unwrap());
            };
            add(&stage, 100, 3);
            let backup = stage.source.store().back_up(ANN).unwrap();
            add(&stage, 200, 4);
            stage.assert_complete(&stage.migrate());
            if since > 0 {
                // A run in between that finds nothing new keeps what it knows.
                stage.assert_complete(&stage.migrate());
            }
            stage.source.store().restore(ANN, &backup).unwrap();
            add(&stage, 300 + since, later);
            for run in ["second", "third"] {
                let state = stage.migrate();
                let shown = format!("{capabilities} {verify:?} {later} {run}: {:?}", problems(&state));
                assert_eq!(state.verdict(), Verdict::AllComplete, "{shown}");
                let there = stage.target.mail().folder("INBOX").unwrap().contents();
                for content in stage.source.mail().folder("INBOX").unwrap().contents() {
                    assert!(there.contains(&content), "{shown}: {} arrived", there.len());
                }
                assert_eq!(there.len(), 7 + later as usize, "{shown}");
            }
        }
    }
}

#[test]
fn messages_that_a_repair_did_not_see_are_not_doubled_when_the_source_is_restored() {
    for verify in [Verify::Content, Verify::Size, Verify::None] {
        let mut stage = Stage::between(Profile::Rich, Profile::Rich);
        stage.verify = verify;
        add(&stage, &["a", "b", "c", "d"]);
        stage.assert_complete(&stage.migrate());
        let backup = stage.source.store().back_up(ANN).unwrap();
        for uid in [2, 3] {
            stage.source.store().delete_message(ANN, "INBOX", uid).unwrap();
        }
        stage.repair = true;
        assert_eq!(stage.migrate().verdict(), Verdict::AllComplete);
        stage.repair = false;
        stage.source.store().restore(ANN, &backup).unwrap();
        let state = stage.migrate();
        assert_eq!(state.tally.copied.messages, 0, "{verify:?}: {:?}", problems(&state));
        stage.assert_complete(&state);
    }
}

#[test]
fn a_target_that_was_wiped_or_rolled_back_and_used_since_gets_everything_again() {
    for verify in [Verify::Content, Verify::Size, Verify::None] {
        for own in [0, 2, 9] {
            let mut stage = Stage::between(Profile::Rich, Profile::Rich).fill(5);
            stage.verify = verify;
            stage.assert_complete(&stage.migrate());
            stage.target.store().reinstall(ANN).unwrap();
            for number in 0..own {
                let text = format!("Subject: own {number}\r\n\r\n{}\r\n", "own".repeat(number + 40));
                stage.target.store().add(ANN, "INBOX", message(&text)).unwrap();
            }
            let state = stage.migrate();
            assert_eq!(state.verdict(), Verdict::AllComplete, "{verify:?} {own}: {:?}", problems(&state));
            assert_eq!(stage.target.mail().messages(), 5 + own, "{verify:?} {own}: {:?}", problems(&state));
        }
    }
}

#[test]
fn what_the_target_confirmed_and_lost_is_sent_again_by_the_next_run() {
    for verify in [Verify::Content, Verify::Size] {
        let mut stage = Stage::between(Profile::Rich, Profile::Rich).fill(4);
        stage.verify = verify;
        let there = stage.target.server.store().clone();
        // The last message is gone before anybody has read it back, or has seen it.
        stage.target.tamper(Tamper::commands(move |command| {
            if matches!(command.name.as_str(), "EXAMINE" | "UID FETCH") {
                let _ = there.delete_message(ANN, "INBOX", 4);
            }
            Fate::Pass
        }));
        let state = stage.migrate();
        assert_eq!(state.verdict(), Verdict::SomeIncomplete, "{verify:?}: {:?}", problems(&state));
        assert_eq!(kinds(&state), [ProblemKind::MessageMissing].into(), "{verify:?}: {:?}", problems(&state));
        let state = stage.migrate();
        assert_eq!(state.verdict(), Verdict::AllComplete, "{verify:?}: {:?}", problems(&state));
        assert_eq!(stage.target.mail().messages(), 4, "{verify:?}");
    }
}

#[test]
fn what_was_read_back_or_seen_and_deleted_since_stays_deleted() {
    for (first, later) in [
        (Verify::Content, Verify::Content),
        (Verify::Size, Verify::Size),
        (Verify::Size, Verify::Content),
        (Verify::Content, Verify::Size),
    ] {
        let mut stage = Stage::between(Profile::Rich, Profile::Rich).fill(6);
        stage.verify = first;
        stage.assert_complete(&stage.migrate());
        for uid in [2, 6] {
            stage.target.store().delete_message(ANN, "INBOX", uid).unwrap();
        }
        stage.verify = later;
        for new in 1..=2 {
            stage.source.store().add_generated(ANN, "INBOX", 1, 500, 77 + new).unwrap();
            let state = stage.migrate();
            assert_eq!(state.verdict(), Verdict::AllComplete, "{first:?} {later:?}: {:?}", problems(&state));
            assert_eq!(stage.target.mail().messages(), 4 + new as usize, "{first:?} {later:?}");
        }
    }
}

#[test]
fn a_folder_that_the_target_lists_without_being_one_is_created() {
    let stage = Stage::between(Profile::Rich, Profile::Rich);
    for folder in ["Work", "Work/Deep"] {
        stage.source.store().create_folder(ANN, folder).unwrap();
        stage.source.store().add(ANN, folder, message(&format!("Subject: {folder}\r\n\r\nx\r\n"))).unwrap();
    }
    stage.assert_complete(&stage.migrate());
    stage.target.store().delete_folder(ANN, "Work").unwrap();
    let state = stage.migrate();
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", problems(&state));
    assert_eq!(stage.target.mail().messages(), 2);
}

#[test]
fn an_empty_body_where_a_size_was_announced_is_no_message() {
    let mut stage = Stage::between(Profile::Rich, Profile::Rich).fill(3);
    stage.source.tamper(Tamper::answers(|answer| {
        let is_body = answer.fetches(2) && answer.text.contains("BODY[]");
        if !is_body {
            return Fate::Pass;
        }
        // The literal that follows is announced as another part.
        let bytes = answer.text.rsplit_once('{').unwrap().1.trim_end_matches('}').to_owned();
        answer.with(&format!("BODY[] {{{bytes}}}"), &format!("BODY[] \"\" BODY[TEXT] {{{bytes}}}"))
    }));
    let state = stage.migrate();
    assert_eq!(state.verdict(), Verdict::SomeIncomplete, "{:?}", problems(&state));
    assert_eq!(stage.target.mail().messages(), 2);
    assert!(problems(&state).iter().any(|problem| problem.contains("UID 2")), "{:?}", problems(&state));
}
