//! The last pass: what people did on the source since an earlier run arrives on the target, and what they did on the target stays.

use super::between::{Command, Fate, Tamper};
use super::first_pass::{WAYS, assert_followed, cut_at, filled, flags, letter, migrated, size, sizes, stage};
use super::stage::{ANN, Stage, problems};
use kimt::domain::ProblemKind;
use kimt::migrate::Verify;
use kimt::progress::{Followed, RunKind, RunState, Verdict};
use kimt::rehearsal::Content;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn set(flags: &[&str]) -> BTreeSet<String> {
    flags.iter().map(|flag| (*flag).to_owned()).collect()
}

fn flags_of(messages: u64) -> Followed {
    Followed { flags: messages, ..Followed::default() }
}

/// With and without a source that counts changes, and with mail that came meanwhile, so that the folder is scanned.
fn each_way(test: impl Fn(Stage, bool)) {
    for without in [&[][..], &["CONDSTORE"]] {
        test(stage(without), false);
        test(stage(without), true);
    }
}

#[test]
fn flags_that_were_changed_on_the_source_are_changed_on_the_target_in_either_direction() {
    each_way(|stage, comes| {
        let store = stage.source.store();
        store.set_flags(ANN, "Work", 1, &["$Label1", "\\Seen"]).unwrap();
        store.set_flags(ANN, "Work", 2, &["\\Flagged", "invoice"]).unwrap();
        store.set_flags(ANN, "Work", 3, &[]).unwrap();
        if comes {
            letter(&stage, "Work", 9);
        }
        let state = stage.migrate();
        assert_eq!(state.tally.followed, flags_of(3), "{comes}: {:#?}", problems(&state));
        stage.assert_complete(&state);
        assert_followed(&stage, Followed::default());
        store.set_flags(ANN, "Work", 2, &[]).unwrap();
        let state = stage.migrate();
        assert_eq!(state.tally.followed, flags_of(1));
        stage.assert_complete(&state);
    });
}

#[test]
fn flags_are_followed_where_a_target_announced_no_places_and_little_or_nothing_was_read_back() {
    for verify in [Verify::Content, Verify::Size, Verify::None] {
        for without in [&[][..], &["CONDSTORE"]] {
            let mut stage = filled(without, &["UIDPLUS"]);
            stage.verify = verify;
            stage.migrate();
            stage.source.store().set_flags(ANN, "Work", 2, &["$Label1", "\\Seen"]).unwrap();
            assert_followed(&stage, flags_of(1));
            assert_eq!(flags(&stage, "Work", 2), set(&["$Label1", "\\Seen"]), "{verify:?} {without:?}");
            assert_followed(&stage, Followed::default());
        }
    }
}

#[test]
fn a_message_whose_flags_were_changed_on_the_target_is_never_touched() {
    each_way(|stage, comes| {
        stage.target.store().set_flags(ANN, "Work", 1, &["$Label1", "\\Answered"]).unwrap();
        stage.source.store().set_flags(ANN, "Work", 1, &["$Label1", "\\Seen"]).unwrap();
        stage.source.store().set_flags(ANN, "Work", 2, &["$Label1", "\\Seen"]).unwrap();
        if comes {
            letter(&stage, "Work", 9);
        }
        let state = stage.migrate();
        assert_eq!(state.tally.followed, Followed { flags: 1, left: 1, ..Followed::default() });
        assert_eq!(flags(&stage, "Work", 1), set(&["$Label1", "\\Answered"]));
        assert_eq!(flags(&stage, "Work", 2), set(&["$Label1", "\\Seen"]));
    });
}

#[test]
fn what_both_sides_were_flagged_with_needs_nothing_and_is_followed_from_then_on() {
    each_way(|stage, comes| {
        for end in [&stage.source, &stage.target] {
            end.store().set_flags(ANN, "Work", 1, &["\\Seen"]).unwrap();
        }
        if comes {
            letter(&stage, "Work", 9);
        }
        assert_eq!(stage.migrate().tally.followed, Followed::default());
        stage.source.store().set_flags(ANN, "Work", 1, &["\\Seen", "\\Flagged"]).unwrap();
        assert_followed(&stage, flags_of(1));
        assert_eq!(flags(&stage, "Work", 1), set(&["\\Seen", "\\Flagged"]));
    });
}

#[test]
fn a_place_that_holds_another_message_keeps_its_flags() {
    each_way(|stage, comes| {
        let store = stage.target.store();
        // Of the same size and date, so that nothing but its content differs; and one of another size.
        let same_size = stage.source.store().content(ANN, "Work", 2).unwrap().size() as usize;
        let other = Content::bytes(format!("Subject: other\r\n\r\n{:1$}", "", same_size - 18).as_bytes());
        assert_eq!(other.size() as usize, same_size);
        store.replace_content(ANN, "Work", 2, other).unwrap();
        for uid in [1, 2, 3] {
            stage.source.store().set_flags(ANN, "Work", uid, &["\\Seen"]).unwrap();
        }
        // The others show that the folder's places are in doubt.
        store.replace_content(ANN, "Work", 1, Content::bytes(&b"Subject: another size\r\n\r\n"[..])).unwrap();
        if comes {
            letter(&stage, "Work", 9);
        }
        stage.migrate();
        assert_eq!(flags(&stage, "Work", 1), set(&["$Label1"]), "{comes}");
        assert_eq!(flags(&stage, "Work", 2), set(&["$Label1"]), "{comes}");
    });
}

#[test]
fn a_folder_with_another_uidvalidity_on_the_target_is_not_flagged_by_its_old_uids() {
    let stage = stage(&[]);
    let store = stage.target.store();
    // The messages have other UIDs now.
    store.delete_message(ANN, "Work", 1).unwrap();
    store.change_uid_validity(ANN, "Work").unwrap();
    stage.source.store().set_flags(ANN, "Work", 2, &["$Label1", "\\Seen"]).unwrap();
    stage.migrate();
    let there = stage.target.mail();
    let seen = there.folder("Work").unwrap().messages.iter().filter(|message| message.flags.contains("\\Seen")).count();
    // No record says any more what was set.
    assert_eq!(seen, 0);
}

#[test]
fn a_change_of_flags_that_was_cut_in_the_middle_is_completed_and_is_not_taken_for_somebodys() {
    for (number, is_done) in [(0, false), (0, true), (1, false), (1, true)] {
        let stage = stage(&[]);
        stage.source.store().set_flags(ANN, "Work", 1, &["\\Seen"]).unwrap();
        cut_at(&stage, "UID STORE", number, is_done);
        let state = stage.migrate();
        assert_eq!(state.tally.followed.left, 0, "{number} {is_done}: {:#?}", problems(&state));
        stage.assert_complete(&state);
    }
}

#[test]
fn a_keyword_that_the_target_refuses_costs_the_standard_flags_nothing_and_is_named() {
    let mut stage = filled(&[], &[]);
    stage.target.tamper(Tamper::commands(|command| {
        let is_refused = command.name == "UID STORE" && command.text.contains("no-more");
        let answer = format!("{} NO [LIMIT] Too many keywords\r\n", command.tag);
        if is_refused { Fate::Instead(answer.into_bytes()) } else { Fate::Pass }
    }));
    stage.assert_complete(&stage.migrate());
    stage.source.store().set_flags(ANN, "Work", 1, &["$Label1", "\\Seen", "no-more"]).unwrap();
    let state = stage.migrate();
    assert_eq!(state.verdict(), Verdict::AllComplete);
    assert_eq!(flags(&stage, "Work", 1), set(&["$Label1", "\\Seen"]));
    assert!(problems(&state).iter().any(|problem| problem.starts_with("KeywordsDropped")), "{:?}", problems(&state));
}

/// A target that has a keyword of its own for every message, and one that does not keep ours, both without a word.
fn with_keywords_of_its_own(stage: &mut Stage, drops: bool) -> Arc<AtomicUsize> {
    let taken_away = Arc::new(AtomicUsize::new(0));
    let counted = taken_away.clone();
    let count = move |command: &Command| {
        counted.fetch_add(usize::from(command.text.contains("$Own")), Ordering::SeqCst);
        Fate::Pass
    };
    let tamper = Tamper::commands(count).answering(move |answer| match answer.text.contains("FLAGS (") {
        true if !answer.text.contains(" FETCH (") => Fate::Pass,
        true if !drops => answer.with("FLAGS (", "FLAGS ($Own "),
        true if answer.text.contains("$Label1") => answer.with("$Label1", ""),
        _ => Fate::Pass,
    });
    stage.target.tamper(tamper);
    taken_away
}

#[test]
fn keywords_that_a_target_adds_or_drops_by_itself_are_nobodys_doing() {
    for drops in [false, true] {
        let mut stage = filled(&[], &[]);
        let taken_away = with_keywords_of_its_own(&mut stage, drops);
        let state = stage.migrate();
        assert_eq!(state.verdict(), Verdict::AllComplete);
        assert_eq!(stage.run(RunKind::Check).tally.followed, Followed::default(), "{drops}");
        assert_followed(&stage, Followed::default());
        let store = stage.source.store();
        store.set_flags(ANN, "Work", 1, &["$Label1", "\\Seen"]).unwrap();
        store.move_message(ANN, "Work", 2, "Filed").unwrap();
        assert_followed(&stage, Followed { flags: 1, moved: 1, ..Followed::default() });
        assert!(flags(&stage, "Work", 1).contains("\\Seen"));
        assert_followed(&stage, Followed::default());
        assert_eq!(taken_away.load(Ordering::SeqCst), 0, "the target's own keyword stays");
        // What a person does there is still hers.
        stage.target.store().set_flags(ANN, "Work", 3, &["$Label1", "$hers"]).unwrap();
        stage.source.store().set_flags(ANN, "Work", 3, &["$Label1", "\\Seen"]).unwrap();
        assert_followed(&stage, Followed { left: 1, ..Followed::default() });
    }
}

#[test]
fn a_check_says_beforehand_what_a_last_pass_would_bring_and_changes_nothing() {
    for follow in [false, true] {
        let mut stage = stage(&[]);
        let store = stage.source.store();
        store.create_folder(ANN, "Old").unwrap();
        letter(&stage, "Old", 20);
        stage.assert_complete(&stage.migrate());
        assert_eq!(stage.run(RunKind::Check).tally.followed, Followed::default(), "nothing has changed");
        let store = stage.source.store();
        store.set_flags(ANN, "Work", 4, &["$Label1", "\\Seen"]).unwrap();
        store.move_message(ANN, "Work", 2, "Filed").unwrap();
        store.delete_message(ANN, "Work", 1).unwrap();
        store.rename_folder(ANN, "Old", "Older").unwrap();
        letter(&stage, "Older", 21);
        letter(&stage, "INBOX", 22);
        let before = stage.target.mail();
        let foreseen = stage.run(RunKind::Check).tally.followed;
        let expected = Followed { new: 2, flags: 1, moved: 1, renamed: 1, deleted: 1, ..Followed::default() };
        assert_eq!(foreseen, expected);
        assert!(stage.target.mail() == before);
        assert_eq!(stage.source.store().changes_seen(ANN).unwrap(), [""; 0]);
        stage.follow_deletions = follow;
        let state = stage.migrate();
        assert_eq!(state.tally.followed, Followed { new: 0, ..expected });
        assert_eq!(state.tally.copied.messages, 2);
    }
}

#[test]
fn a_check_takes_no_message_for_deleted_that_a_rule_leaves_out_and_none_for_flagged_whose_keywords_the_target_drops() {
    let mut stage = filled(&[], &[]);
    // A target that keeps no keywords.
    stage.target.tamper(Tamper::answers(|answer| match answer.text.split_once("[PERMANENTFLAGS (") {
        Some((before, _)) => {
            Fate::Instead(format!("{before}[PERMANENTFLAGS (\\Seen \\Flagged \\Answered \\Draft)] x\r\n").into_bytes())
        }
        None => Fate::Pass,
    }));
    stage.migrate();
    assert_eq!(stage.run(RunKind::Check).tally.followed, Followed::default());
    let mut request = stage.request(RunKind::Check, stage.folder.path());
    request.selection.read_rules("exclude Work").unwrap();
    assert_eq!(stage.finish(request).tally.followed, Followed::default());
}

/// How many messages are named as in their old folder too.
fn old_copies(state: &RunState) -> u64 {
    let problems = state.accounts.iter().flat_map(|account| account.problems.iter().map(|(_, problem)| problem));
    problems.filter(|problem| problem.kind == ProblemKind::OldCopyStays).map(|problem| problem.count).sum()
}

#[test]
fn a_last_pass_that_is_cut_at_any_step_ends_with_every_message_exactly_once() {
    for (way, is_done) in WAYS.into_iter().flat_map(|way| [(way, false), (way, true)]) {
        for (name, numbers) in [("UID MOVE", 2), ("UID COPY", 2), ("UID STORE", 4), ("UID EXPUNGE", 3), ("SELECT", 4)] {
            for number in 0..numbers {
                let mut stage = migrated(&[], way);
                stage.follow_deletions = true;
                stage.target.store().create_folder(ANN, "Trash").unwrap();
                let source = stage.source.store();
                source.set_flags(ANN, "Work", 4, &["\\Seen"]).unwrap();
                source.move_message(ANN, "Work", 2, "Filed").unwrap();
                source.move_message(ANN, "Work", 3, "Filed").unwrap();
                source.delete_message(ANN, "Work", 1).unwrap();
                cut_at(&stage, name, number, is_done);
                let state = stage.migrate();
                let what = format!("{way:?} {name} {number} {is_done}");
                assert_eq!(state.verdict(), Verdict::AllComplete, "{what}: {:#?}", problems(&state));
                let (here, there) = (stage.target.mail(), stage.source.mail());
                // A folder at which the connection was lost is read last: what was moved from it is copied by then, and the old copies are named.
                let left = old_copies(&state);
                assert!(left == 0 || name == "SELECT", "{what}");
                for folder in ["Work", "Filed"] {
                    let (here, there) = (here.folder(folder).unwrap(), there.folder(folder).unwrap());
                    let is_equal = here.contents() == there.contents();
                    let has_more = folder == "Work" && here.messages.len() as u64 == there.messages.len() as u64 + left;
                    assert!(is_equal || (left > 0 && has_more), "{what}: {folder} {here:?}");
                }
                assert_eq!(sizes(&stage, "Trash"), [size(1)], "{what}");
            }
        }
    }
}
