//! Targets that keep messages in their own way: with a header of their own, another end, another date, or more text. What was recognised once
//! is recognised again, and nothing is copied twice.

use super::first_pass::{assert_followed, flags, letter, sizes};
use super::stage::{ANN, Stage, kinds, problems};
use kimt::domain::ProblemKind;
use kimt::migrate::Verify;
use kimt::progress::{Followed, RunKind, Verdict};
use kimt::rehearsal::{Content, ImapOptions, Keeping, NewMessage, Profile};
use std::collections::BTreeSet;

const HARMLESS: [Keeping; 3] = [Keeping::WithTraceField, Keeping::WithoutLastLineEnd, Keeping::WithoutDate];

/// Eight letters of different sizes and dates in `Work`, and an empty folder `Filed`, before a target that keeps them so.
fn filled(keeping: Keeping, without: &[&'static str], verify: Verify) -> Stage {
    let target = ImapOptions { keeping, without: without.to_vec(), ..ImapOptions::new(Profile::Rich) };
    let mut stage = Stage::with(ImapOptions::new(Profile::Rich), target);
    stage.verify = verify;
    for folder in ["Work", "Filed"] {
        stage.source.store().create_folder(ANN, folder).unwrap();
    }
    for number in 1..=8 {
        letter(&stage, "Work", number);
    }
    stage
}

fn each_way(harmless: &[Keeping], test: impl Fn(&mut Stage, &str)) {
    for keeping in harmless {
        for without in [&[][..], &["MOVE"], &["UIDPLUS"]] {
            let mut stage = filled(*keeping, without, Verify::Content);
            let state = stage.migrate();
            assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", problems(&state));
            test(&mut stage, &format!("{keeping:?} without {without:?}"));
        }
    }
}

#[test]
fn a_last_pass_follows_flags_and_moves_though_the_target_changed_what_it_stored() {
    each_way(&HARMLESS, |stage, shown| {
        let store = stage.source.store();
        store.set_flags(ANN, "Work", 1, &["\\Seen"]).unwrap();
        store.move_message(ANN, "Work", 2, "Filed").unwrap();
        assert_followed(stage, Followed { flags: 1, moved: 1, ..Followed::default() });
        assert_eq!(flags(stage, "Work", 1).into_iter().collect::<Vec<_>>(), ["\\Seen"], "{shown}");
        assert_eq!((sizes(stage, "Work").len(), sizes(stage, "Filed").len()), (7, 1), "{shown}");
        assert_followed(stage, Followed::default());
    });
}

#[test]
fn deletions_on_the_source_make_nobody_doubt_a_target_that_changed_what_it_stored() {
    each_way(&HARMLESS, |stage, shown| {
        for uid in [1, 7, 8] {
            stage.source.store().delete_message(ANN, "Work", uid).unwrap();
        }
        letter(stage, "Work", 9);
        let state = stage.migrate();
        assert_eq!((state.verdict(), state.tally.copied.messages), (Verdict::AllComplete, 1), "{shown}");
        assert_eq!(sizes(stage, "Work").len(), 9, "{shown}: {:?}", problems(&state));
    });
}

#[test]
fn what_its_owner_filed_elsewhere_is_not_copied_again_whatever_becomes_of_the_record() {
    let all = [&[Keeping::AsSent][..], &HARMLESS].concat();
    each_way(&all, |stage, shown| {
        for uid in [2, 8] {
            stage.target.store().move_message(ANN, "Work", uid, "Filed").unwrap();
        }
        let anew: [fn(&mut Stage); 3] = [
            |stage| stage.repair = true,
            |stage| stage.target.store().change_uid_validity(ANN, "Work").unwrap(),
            |stage| stage.source.store().change_uid_validity(ANN, "Work").unwrap(),
        ];
        for (begin, number) in anew.iter().zip(0..) {
            begin(stage);
            let state = stage.migrate();
            stage.repair = false;
            let shown = format!("{shown}, {number}: {:?}", problems(&state));
            assert_eq!((state.verdict(), state.tally.copied.messages), (Verdict::AllComplete, 0), "{shown}");
            assert_eq!((sizes(stage, "Work").len(), sizes(stage, "Filed").len()), (6, 2), "{shown}");
        }
    });
}

#[test]
fn a_target_that_adds_text_gets_each_message_once_however_little_is_read_back() {
    for verify in [Verify::Content, Verify::Size, Verify::None] {
        for without in [&[][..], &["UIDPLUS"]] {
            let stage = filled(Keeping::WithDisclaimer, without, verify);
            for number in 1..=3 {
                let state = stage.migrate();
                let shown = format!("{verify:?} without {without:?}, run {number}: {:?}", problems(&state));
                assert_eq!(sizes(&stage, "Work").len(), 8, "{shown}");
                if verify != Verify::None {
                    assert_eq!(state.verdict(), Verdict::SomeIncomplete, "{shown}");
                }
            }
        }
    }
}

#[test]
fn mail_of_others_at_our_places_on_a_restored_target_is_told_by_its_dates() {
    for verify in [Verify::Content, Verify::Size, Verify::None] {
        for moved_away in [&[][..], &[1, 3, 6, 7, 8]] {
            let stage = filled(Keeping::AsSent, &[], verify);
            stage.assert_complete(&stage.migrate());
            let target = stage.target.store();
            let letters = stage.source.mail().folder("Work").unwrap().messages.clone();
            target.restore_folder(ANN, "Work", 1).unwrap();
            for letter in &letters {
                let text = "y".repeat(letter.size as usize);
                let date = letter.date + chrono::Duration::hours(77);
                let other = NewMessage { date, ..super::stage::message(&text) };
                target.add(ANN, "Work", other).unwrap();
            }
            for uid in moved_away {
                target.move_message(ANN, "Work", *uid, "Filed").unwrap();
            }
            let state = stage.migrate();
            let shown = format!("{verify:?} {moved_away:?}: {:?}", problems(&state));
            assert_eq!((state.verdict(), state.tally.copied.messages), (Verdict::AllComplete, 8), "{shown}");
            assert_eq!(sizes(&stage, "Work").len(), 16 - moved_away.len(), "{shown}");
        }
    }
}

#[test]
fn a_second_copy_with_another_header_is_a_second_copy() {
    let stage = filled(Keeping::WithTraceField, &[], Verify::Content);
    assert_eq!(stage.migrate().verdict(), Verdict::AllComplete);
    let (target, mail) = (stage.target.store(), stage.target.mail());
    let first = &mail.folder("Work").unwrap().messages[0];
    let stored = target.content(ANN, "Work", first.uid).unwrap().to_vec();
    let other =
        [b"Received: once more\r\n", &stored[stored.iter().position(|byte| *byte == b'\n').unwrap() + 1..]].concat();
    let copy = NewMessage { date: first.date, ..NewMessage::new(Content::bytes(other)) };
    target.add(ANN, "Work", copy).unwrap();
    let state = stage.run(RunKind::Verify);
    assert_eq!(state.verdict(), Verdict::SomeIncomplete, "{:?}", problems(&state));
    assert!(kinds(&state).contains(&ProblemKind::ExtraCopies), "{:?}", problems(&state));
    // The next run meets it beside its own.
    letter(&stage, "Work", 9);
    let state = stage.migrate();
    assert_eq!(sizes(&stage, "Work").len(), 10, "{:?}", problems(&state));
}

#[test]
fn a_target_that_was_wiped_gets_everything_again_however_it_keeps_messages() {
    for keeping in HARMLESS {
        for verify in [Verify::Content, Verify::Size, Verify::None] {
            for without in [&[][..], &["UIDPLUS"]] {
                let stage = filled(keeping, without, verify);
                stage.migrate();
                stage.target.store().reinstall(ANN).unwrap();
                let state = stage.migrate();
                let shown = format!("{keeping:?} {verify:?} without {without:?}: {:?}", problems(&state));
                assert_eq!((state.verdict(), state.tally.copied.messages), (Verdict::AllComplete, 8), "{shown}");
                assert_eq!(sizes(&stage, "Work").len(), 8, "{shown}");
            }
        }
    }
}

#[test]
fn what_an_earlier_run_did_not_read_back_is_read_back_by_the_next_that_is_to() {
    let mut stage = filled(Keeping::WithDisclaimer, &[], Verify::None);
    assert_eq!(stage.migrate().verdict(), Verdict::AllComplete);
    stage.verify = Verify::Content;
    for kind in [RunKind::Migrate, RunKind::Migrate, RunKind::Verify] {
        let state = stage.run(kind);
        assert_eq!(state.verdict(), Verdict::SomeIncomplete, "{kind:?}: {:?}", problems(&state));
        assert_eq!(kinds(&state), BTreeSet::from([ProblemKind::MessageAltered]), "{:?}", problems(&state));
        assert_eq!(sizes(&stage, "Work").len(), 8);
    }
}
