//! Moves: what was moved on the source is moved on the target, once, and what its owner filed on the target stays where she put it, whatever
//! becomes of the folders and of the record.

use super::first_pass::{WAYS, assert_followed, filled, flags, letter, migrated, size, sizes, stage};
use super::stage::{ANN, Stage, problems};
use kimt::migrate::Verify;
use kimt::progress::{Followed, Verdict};
use kimt::rehearsal::Content;

#[test]
fn what_was_moved_on_the_source_is_moved_on_the_target_and_not_copied_once_more() {
    for way in WAYS {
        let stage = migrated(&[], way);
        let store = stage.source.store();
        store.move_message(ANN, "Work", 2, "Filed").unwrap();
        store.move_message(ANN, "Work", 3, "INBOX").unwrap();
        let state = assert_followed(&stage, Followed { moved: 2, ..Followed::default() });
        stage.assert_complete(&state);
        let commands: Vec<String> =
            stage.target.server.transcripts().into_iter().flat_map(|transcript| transcript.commands).collect();
        assert!(!commands.contains(&"EXPUNGE".to_owned()) && !commands.contains(&"CLOSE".to_owned()));
        assert_followed(&stage, Followed::default());
        // It is ours where it is now, too.
        store.move_message(ANN, "Filed", 1, "Work").unwrap();
        let state = assert_followed(&stage, Followed { moved: 1, ..Followed::default() });
        stage.assert_complete(&state);
    }
}

#[test]
fn a_message_that_was_moved_and_flagged_arrives_with_its_new_flags_however_it_is_moved_and_read_back() {
    for without in [&[][..], &["MOVE"], &["UIDPLUS"]] {
        for verify in [Verify::Content, Verify::Size, Verify::None] {
            let mut stage = filled(&[], without);
            stage.verify = verify;
            stage.migrate();
            stage.source.store().set_flags(ANN, "Work", 2, &["\\Seen"]).unwrap();
            stage.source.store().move_message(ANN, "Work", 2, "Filed").unwrap();
            let followed = Followed { moved: 1, flags: 1, ..Followed::default() };
            assert_followed(&stage, followed);
            assert_eq!(flags(&stage, "Filed", 1).into_iter().collect::<Vec<_>>(), ["\\Seen"], "{without:?} {verify:?}");
        }
    }
}

#[test]
fn of_two_equal_messages_of_which_one_was_moved_one_is_moved() {
    for way in WAYS {
        let stage = filled(&[], way);
        for _ in 0..2 {
            letter(&stage, "Work", 7);
        }
        stage.assert_complete(&stage.migrate());
        stage.source.store().move_message(ANN, "Work", 5, "Filed").unwrap();
        let state = assert_followed(&stage, Followed { moved: 1, ..Followed::default() });
        stage.assert_complete(&state);
    }
}

#[test]
fn a_message_that_was_copied_on_the_source_and_then_deleted_is_moved_once_and_copied_once() {
    let stage = stage(&[]);
    let store = stage.source.store();
    letter(&stage, "INBOX", 2);
    store.move_message(ANN, "Work", 2, "Filed").unwrap();
    let state = stage.migrate();
    assert_eq!((state.tally.followed.moved, state.tally.copied.messages), (1, 1), "{:#?}", problems(&state));
    stage.assert_complete(&state);
}

#[test]
fn a_folder_that_was_emptied_into_another_and_deleted_leaves_no_second_copies() {
    let stage = stage(&[]);
    let store = stage.source.store();
    for uid in 1..=4 {
        store.move_message(ANN, "Work", uid, "Filed").unwrap();
    }
    store.delete_folder(ANN, "Work").unwrap();
    assert_followed(&stage, Followed { moved: 4, ..Followed::default() });
    assert_eq!((sizes(&stage, "Work"), sizes(&stage, "Filed").len()), (vec![], 4));
}

#[test]
fn what_a_person_moved_deleted_or_flagged_on_the_target_stays_as_she_left_it() {
    for way in WAYS {
        let stage = migrated(&[], way);
        let (source, target) = (stage.source.store(), stage.target.store());
        for uid in 1..=3 {
            source.move_message(ANN, "Work", uid, "Filed").unwrap();
        }
        target.set_flags(ANN, "Work", 1, &["$Label1", "\\Seen"]).unwrap();
        target.delete_message(ANN, "Work", 2).unwrap();
        target.move_message(ANN, "Work", 3, "INBOX").unwrap();
        let state = assert_followed(&stage, Followed { left: 3, ..Followed::default() });
        assert_eq!(state.tally.failed, 0);
        assert_eq!(sizes(&stage, "Work"), [size(1), size(4)]);
        assert_eq!((sizes(&stage, "Filed"), sizes(&stage, "INBOX")), (vec![], vec![size(3)]));
        // And in every later pass.
        assert_followed(&stage, Followed::default());
        assert_eq!(sizes(&stage, "Filed"), [0; 0]);
    }
}

#[test]
fn a_place_that_holds_another_message_is_not_moved_and_the_message_is_copied() {
    let stage = stage(&[]);
    let other = Content::bytes(format!("Subject: other 22\r\n\r\n{:1$}", "", size(2) as usize - 21).as_bytes());
    assert_eq!(other.size(), size(2));
    stage.target.store().replace_content(ANN, "Work", 2, other).unwrap();
    stage.source.store().move_message(ANN, "Work", 2, "Filed").unwrap();
    let state = stage.migrate();
    assert_eq!((state.tally.followed.moved, state.tally.copied.messages), (0, 1), "{:#?}", problems(&state));
    assert_eq!((sizes(&stage, "Work").len(), sizes(&stage, "Filed").len()), (4, 1));
}

#[test]
fn a_target_folder_with_another_uidvalidity_loses_nothing_by_a_move() {
    let stage = stage(&[]);
    let target = stage.target.store();
    target.delete_message(ANN, "Work", 1).unwrap();
    target.change_uid_validity(ANN, "Work").unwrap();
    stage.source.store().move_message(ANN, "Work", 2, "Filed").unwrap();
    let state = stage.migrate();
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:#?}", problems(&state));
    assert!(sizes(&stage, "Filed").contains(&size(2)));
    for number in [3, 4] {
        assert!(sizes(&stage, "Work").contains(&size(number)));
    }
}

#[test]
fn a_target_that_can_neither_move_nor_take_away_gets_a_copy_and_the_old_one_is_named() {
    let stage = migrated(&[], &["MOVE", "UIDPLUS"]);
    stage.source.store().move_message(ANN, "Work", 2, "Filed").unwrap();
    let state = stage.migrate();
    assert_eq!((state.tally.followed.moved, state.tally.copied.messages), (0, 1), "{:#?}", problems(&state));
    assert_eq!((sizes(&stage, "Work").len(), sizes(&stage, "Filed")), (4, vec![size(2)]));
    assert!(problems(&state).iter().any(|problem| problem.starts_with("OldCopyStays")), "{:?}", problems(&state));
    assert_eq!(stage.migrate().tally.copied.messages, 0);
}

#[test]
fn a_folder_that_was_emptied_and_made_anew_under_its_name_leaves_no_second_copies() {
    for repair in [false, true] {
        let mut stage = stage(&[]);
        stage.repair = repair;
        let store = stage.source.store();
        for uid in 1..=3 {
            store.move_message(ANN, "Work", uid, "Filed").unwrap();
        }
        // The fourth is deleted with the folder.
        store.delete_folder(ANN, "Work").unwrap();
        store.create_folder(ANN, "Work").unwrap();
        letter(&stage, "Work", 9);
        let state = stage.migrate();
        let brought = (state.tally.followed, state.tally.copied.messages);
        assert_eq!(brought, (Followed { moved: 3, deleted: 1, ..Followed::default() }, 1), "{:#?}", problems(&state));
        assert_eq!(
            (sizes(&stage, "Work"), sizes(&stage, "Filed")),
            (vec![size(4), size(9)], vec![7, 14, 21].into_iter().map(|it| it + 23).collect())
        );
        // What was deleted with it is known as long as it is there, and may go into the trash.
        assert_followed(&stage, Followed { deleted: 1, ..Followed::default() });
        stage.follow_deletions = true;
        stage.target.store().create_folder(ANN, "Trash").unwrap();
        assert_followed(&stage, Followed { taken_away: 1, ..Followed::default() });
        assert_eq!((sizes(&stage, "Work"), sizes(&stage, "Trash")), (vec![size(9)], vec![size(4)]));
        assert_followed(&stage, Followed::default());
    }
}

#[test]
fn what_was_moved_out_of_a_folder_that_is_compared_anew_is_moved_and_what_comes_back_is_not_copied() {
    let renumbered: fn(&mut Stage) = |stage| stage.source.store().change_uid_validity(ANN, "Work").unwrap();
    let repaired: fn(&mut Stage) = |stage| stage.repair = true;
    for compare_anew in [renumbered, repaired] {
        let mut stage = stage(&[]);
        stage.source.store().move_message(ANN, "Work", 2, "Filed").unwrap();
        compare_anew(&mut stage);
        let state = assert_followed(&stage, Followed { moved: 1, ..Followed::default() });
        stage.assert_complete(&state);
        stage.source.store().delete_message(ANN, "Work", 1).unwrap();
        compare_anew(&mut stage);
        assert_followed(&stage, Followed { deleted: 1, ..Followed::default() });
        // Its owner takes it out of the trash again: it is where it was.
        letter(&stage, "Work", 1);
        assert_followed(&stage, Followed::default());
        assert_eq!((sizes(&stage, "Work").len(), sizes(&stage, "Filed")), (3, vec![size(2)]));
    }
}

/// A run that copies one message and follows nothing.
fn assert_copies_one(stage: &Stage) {
    let state = stage.migrate();
    let did = (state.tally.copied.messages, state.tally.followed);
    assert_eq!(did, (1, Followed::default()), "{:#?}", problems(&state));
}

#[test]
fn what_its_owner_filed_elsewhere_on_the_target_is_neither_copied_nor_moved_back_when_its_folder_is_compared_anew() {
    let on_target: fn(&mut Stage) = |stage| stage.target.store().change_uid_validity(ANN, "Filed").unwrap();
    let on_source: fn(&mut Stage) = |stage| stage.source.store().change_uid_validity(ANN, "Filed").unwrap();
    let repaired: fn(&mut Stage) = |stage| stage.repair = true;
    for compare_anew in [on_target, on_source, repaired] {
        let mut stage = stage(&[]);
        stage.target.store().move_message(ANN, "Work", 3, "INBOX").unwrap();
        stage.source.store().move_message(ANN, "Work", 3, "Filed").unwrap();
        assert_followed(&stage, Followed { left: 1, ..Followed::default() });
        compare_anew(&mut stage);
        // Something else there, so that the folder is read.
        letter(&stage, "Filed", 8);
        assert_copies_one(&stage);
        let uid = stage.source.mail().folder("Filed").unwrap().messages[0].uid;
        stage.source.store().move_message(ANN, "Filed", uid, "Work").unwrap();
        assert_followed(&stage, Followed { left: 1, ..Followed::default() });
        assert_eq!((sizes(&stage, "Filed"), sizes(&stage, "INBOX")), (vec![size(8)], vec![size(3)]));
        assert_eq!(sizes(&stage, "Work"), [size(1), size(2), size(4)]);
        assert_followed(&stage, Followed::default());
    }
}

#[test]
fn a_place_that_another_record_has_by_now_is_not_taken_away() {
    let mut stage = stage(&[]);
    let source = stage.source.store();
    source.delete_message(ANN, "Work", 1).unwrap();
    source.change_uid_validity(ANN, "Work").unwrap();
    assert_followed(&stage, Followed { deleted: 1, ..Followed::default() });
    // An equal one comes, and is found to be there already.
    letter(&stage, "Work", 1);
    source.change_uid_validity(ANN, "Work").unwrap();
    stage.follow_deletions = true;
    stage.target.store().create_folder(ANN, "Trash").unwrap();
    assert_followed(&stage, Followed::default());
    assert_eq!((sizes(&stage, "Work").len(), sizes(&stage, "Trash")), (4, vec![]));
    // And one that is moved is not looked for there.
    letter(&stage, "Filed", 1);
    assert_copies_one(&stage);
}
