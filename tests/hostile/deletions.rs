//! What was deleted on the source since an earlier run: it stays on the target and is counted, or goes into its trash.

use super::first_pass::{WAYS, assert_followed, migrated, size, sizes, stage};
use super::stage::{ANN, kinds, problems};
use kimt::progress::{Followed, Verdict};
use kimt::rehearsal::Content;

#[test]
fn a_move_into_a_folder_that_a_rule_leaves_out_stays_and_is_counted_even_where_deletions_are_followed() {
    for follow_deletions in [false, true] {
        let mut stage = stage(&[]);
        stage.target.store().create_folder(ANN, "Trash").unwrap();
        stage.follow_deletions = follow_deletions;
        stage.source.store().create_folder(ANN, "Private").unwrap();
        stage.source.store().move_message(ANN, "Work", 2, "Private").unwrap();
        let mut request = stage.request(kimt::progress::RunKind::Migrate, stage.folder.path());
        request.selection.read_rules("exclude Private").unwrap();
        let state = stage.finish(request);
        assert_eq!(state.verdict(), Verdict::AllComplete, "{:#?}", problems(&state));
        assert_eq!(state.tally.followed, Followed { deleted: 1, ..Followed::default() });
        assert_eq!(sizes(&stage, "Work").len(), 4);
    }
}

#[test]
fn what_was_deleted_on_the_source_stays_and_is_counted_as_long_as_it_is_there() {
    let stage = stage(&[]);
    stage.source.store().delete_message(ANN, "Work", 1).unwrap();
    stage.source.store().delete_message(ANN, "Work", 2).unwrap();
    for _ in 0..2 {
        assert_followed(&stage, Followed { deleted: 2, ..Followed::default() });
        assert_eq!(sizes(&stage, "Work").len(), 4);
    }
    stage.target.store().delete_message(ANN, "Work", 1).unwrap();
    assert_followed(&stage, Followed { deleted: 1, ..Followed::default() });
}

#[test]
fn followed_deletions_go_into_the_trash_of_the_target_and_only_our_own_untouched_copies() {
    for way in WAYS {
        let mut stage = migrated(&[], way);
        stage.follow_deletions = true;
        let (source, target) = (stage.source.store(), stage.target.store());
        target.create_folder(ANN, "Trash").unwrap();
        for uid in 1..=3 {
            source.delete_message(ANN, "Work", uid).unwrap();
        }
        target.set_flags(ANN, "Work", 2, &["\\Flagged"]).unwrap();
        let other = Content::bytes(format!("Subject: other 33\r\n\r\n{:1$}", "", size(3) as usize - 21).as_bytes());
        assert_eq!(other.size(), size(3));
        target.replace_content(ANN, "Work", 3, other).unwrap();
        assert_followed(&stage, Followed { taken_away: 1, left: 1, ..Followed::default() });
        assert_eq!((sizes(&stage, "Work"), sizes(&stage, "Trash")), (vec![size(2), size(3), size(4)], vec![size(1)]));
        assert_followed(&stage, Followed { left: 1, ..Followed::default() });
    }
}

#[test]
fn without_a_trash_folder_nothing_is_taken_away() {
    let mut stage = stage(&[]);
    stage.follow_deletions = true;
    stage.source.store().delete_message(ANN, "Work", 1).unwrap();
    assert_followed(&stage, Followed { deleted: 1, ..Followed::default() });
}

#[test]
fn a_deletion_beside_new_mail_in_the_same_folder_is_a_deletion() {
    for follow_deletions in [false, true] {
        let mut stage = stage(&[]);
        stage.follow_deletions = follow_deletions;
        stage.target.store().create_folder(ANN, "Trash").unwrap();
        stage.source.store().delete_message(ANN, "Work", 2).unwrap();
        stage.source.store().add_generated(ANN, "Work", 1, 900, 77).unwrap();
        let state = stage.migrate();
        assert_eq!(kinds(&state), [].into(), "{:#?}", problems(&state));
        let (taken_away, deleted) = if follow_deletions { (1, 0) } else { (0, 1) };
        assert_eq!(state.tally.followed, Followed { taken_away, deleted, ..Followed::default() });
    }
}
