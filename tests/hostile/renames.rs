//! Folders that go by other names: what was renamed on the source is renamed on the target if it is ours, and what its owner has renamed on
//! the target keeps that name.

use super::between::{Fate, Tamper};
use super::stage::{ANN, Stage, kinds, message, problems};
use kimt::domain::ProblemKind;
use kimt::progress::{Followed, RunState, Verdict};
use kimt::rehearsal::{Content, ImapOptions, NewMessage, Profile};
use std::collections::BTreeSet;

/// Two servers, after a first pass over these folders, each with three letters of its own.
pub fn migrated(folders: &[&str]) -> Stage {
    migrated_with(folders, |_| {})
}

pub fn migrated_with(folders: &[&str], prepare: impl Fn(&mut Stage)) -> Stage {
    let mut stage = Stage::with(ImapOptions::new(Profile::Rich), ImapOptions::new(Profile::Rich));
    prepare(&mut stage);
    for (folder, number) in folders.iter().zip(1..) {
        stage.source.store().create_folder(ANN, folder).unwrap();
        stage.source.store().set_subscribed(ANN, folder, true).unwrap();
        for letter in 1..=3 {
            add(&stage, folder, number * 10 + letter);
        }
    }
    let state = stage.migrate();
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:#?}", problems(&state));
    stage
}

fn add(stage: &Stage, folder: &str, number: usize) {
    let text = format!("Subject: letter {number}\r\n\r\n{}\r\n", "x".repeat(number * 3));
    let date = NewMessage::new(Content::bytes(&b""[..])).date + chrono::Duration::hours(number as i64);
    stage.source.store().add(ANN, folder, NewMessage { date, ..message(&text) }).unwrap();
}

pub fn rename(stage: &Stage, from: &str, to: &str) {
    stage.source.store().rename_folder(ANN, from, to).unwrap();
    stage.source.store().set_subscribed(ANN, from, false).unwrap();
    stage.source.store().set_subscribed(ANN, to, true).unwrap();
}

/// Exchanges the names of two folders.
pub fn exchange(store: &kimt::rehearsal::MailStore, one: &str, other: &str) {
    store.rename_folder(ANN, one, "a moment").unwrap();
    store.rename_folder(ANN, other, one).unwrap();
    store.rename_folder(ANN, "a moment", other).unwrap();
}

/// A run that is complete, copies nothing, and after which both sides are the same; so is one after it that finds nothing to do.
fn assert_renamed(stage: &Stage, renamed: u64) -> RunState {
    let state = stage.migrate();
    let Followed { renamed: counted, moved, left, .. } = state.tally.followed;
    let shown = format!("{:#?}", problems(&state));
    assert_eq!((counted, moved, left, state.tally.copied.messages), (renamed, 0, 0, 0), "{shown}");
    stage.assert_complete(&state);
    assert_same_folders(stage);
    let again = stage.migrate();
    assert_eq!((again.tally.followed, again.tally.copied.messages), (Followed::default(), 0));
    assert_same_folders(stage);
    state
}

fn assert_same_folders(stage: &Stage) {
    let (here, there) = (stage.source.mail(), stage.target.mail());
    let names = |mail: &kimt::rehearsal::Snapshot| -> BTreeSet<(String, bool)> {
        let folders = mail.folders.iter().filter(|(name, _)| **name != b"INBOX"[..]);
        folders.map(|(name, folder)| (String::from_utf8_lossy(name).into_owned(), folder.subscribed)).collect()
    };
    assert_eq!(names(&there), names(&here));
}

pub fn kept(state: &RunState) -> bool {
    kinds(state).contains(&ProblemKind::FolderRenamed)
}

pub fn letters(stage: &Stage, folder: &str) -> usize {
    stage.target.mail().folder(folder).map_or(0, |folder| folder.messages.len())
}

#[test]
fn a_folder_renamed_on_the_source_is_renamed_on_the_target_with_its_subscription_and_what_came_since_arrives() {
    let stage = migrated(&["Work"]);
    let before = stage.target.mail().folder("Work").unwrap().clone();
    rename(&stage, "Work", "Job");
    assert_renamed(&stage, 1);
    let now = stage.target.mail().folder("Job").unwrap().clone();
    assert_eq!((now.uid_validity, &now.messages), (before.uid_validity, &before.messages));
    rename(&stage, "Job", "Work");
    add(&stage, "Work", 9);
    stage.source.store().set_flags(ANN, "Work", 1, &["\\Seen"]).unwrap();
    let state = stage.migrate();
    assert_eq!(state.tally.followed, Followed { renamed: 1, flags: 1, ..Followed::default() });
    assert_eq!(state.tally.copied.messages, 1);
    stage.assert_complete(&state);
}

#[test]
fn exchanged_names_are_exchanged_on_the_target_and_nothing_is_copied_once_more() {
    let stage = migrated(&["Work", "Home"]);
    exchange(stage.source.store(), "Work", "Home");
    assert_renamed(&stage, 2);
}

#[test]
fn a_chain_of_renames_is_followed_from_its_end() {
    let stage = migrated(&["a", "b", "c"]);
    rename(&stage, "c", "d");
    rename(&stage, "b", "c");
    rename(&stage, "a", "b");
    assert_renamed(&stage, 3);
    // In a ring.
    let store = stage.source.store();
    exchange(store, "b", "c");
    exchange(store, "c", "d");
    assert_renamed(&stage, 3);
}

#[test]
fn a_folder_takes_those_below_it_along_and_one_may_go_elsewhere() {
    let stage = migrated(&["Work", "Work/Ideas", "Work/Ideas/Old", "Work/Plans"]);
    rename(&stage, "Work", "Job");
    for below in ["Ideas", "Ideas/Old", "Plans"] {
        stage.source.store().set_subscribed(ANN, &format!("Work/{below}"), false).unwrap();
        stage.source.store().set_subscribed(ANN, &format!("Job/{below}"), true).unwrap();
    }
    assert_renamed(&stage, 4);
    rename(&stage, "Job/Plans", "Plans");
    rename(&stage, "Job", "Work");
    for below in ["Ideas", "Ideas/Old"] {
        stage.source.store().set_subscribed(ANN, &format!("Job/{below}"), false).unwrap();
        stage.source.store().set_subscribed(ANN, &format!("Work/{below}"), true).unwrap();
    }
    assert_renamed(&stage, 4);
}

#[test]
fn capitals_are_followed_too() {
    let stage = migrated(&["work"]);
    rename(&stage, "work", "Work");
    assert_renamed(&stage, 1);
}

#[test]
fn a_folder_that_got_another_uidvalidity_with_its_name_is_known_by_its_content() {
    let stage = migrated(&["Work", "Home"]);
    rename(&stage, "Work", "Job");
    stage.source.store().change_uid_validity(ANN, "Job").unwrap();
    add(&stage, "Job", 9);
    let state = stage.migrate();
    assert_eq!((state.tally.followed.renamed, state.tally.copied.messages), (1, 1), "{:#?}", problems(&state));
    stage.assert_complete(&state);
    assert_same_folders(&stage);
}

/// A source on which all folders have one UIDVALIDITY.
fn with_one_validity(stage: &mut Stage) {
    stage.source.tamper(Tamper::answers(|answer| {
        let Some((before, after)) = answer.text.split_once("UIDVALIDITY ") else { return Fate::Pass };
        let rest = after.trim_start_matches(|digit: char| digit.is_ascii_digit());
        Fate::Instead(format!("{before}UIDVALIDITY 77{rest}\r\n").into_bytes())
    }));
}

#[test]
fn where_all_folders_have_one_uidvalidity_sizes_and_content_tell_which_is_which() {
    let stage = migrated_with(&["Work", "Home", "Plans"], with_one_validity);
    rename(&stage, "Work", "Job");
    add(&stage, "Job", 7);
    exchange(stage.source.store(), "Home", "Plans");
    add(&stage, "Plans", 8);
    let state = stage.migrate();
    assert_eq!((state.tally.followed.renamed, state.tally.copied.messages), (3, 2), "{:#?}", problems(&state));
    stage.assert_complete(&state);
    // A new folder with messages of the same sizes and other content is not a renamed one.
    let store = stage.source.store();
    store.delete_folder(ANN, "Job").unwrap();
    store.create_folder(ANN, "New").unwrap();
    for message in &stage.target.mail().folder("Job").unwrap().messages {
        let text = format!("Subject: other\r\n\r\n{:1$}", "", message.size as usize - 18);
        store.add(ANN, "New", super::stage::message(&text)).unwrap();
    }
    let state = stage.migrate();
    assert_eq!((state.tally.followed.renamed, state.tally.copied.messages), (0, 4), "{:#?}", problems(&state));
    assert_eq!((letters(&stage, "Job"), letters(&stage, "New")), (4, 4));
}

#[test]
fn a_folder_that_was_empty_or_was_emptied_is_known_by_its_uidvalidity() {
    let stage = migrated(&["Work", "Plans"]);
    let store = stage.source.store();
    store.create_folder(ANN, "Empty").unwrap();
    store.set_subscribed(ANN, "Empty", true).unwrap();
    assert_eq!(stage.migrate().verdict(), Verdict::AllComplete);
    for uid in 1..=3 {
        store.move_message(ANN, "Work", uid, "Plans").unwrap();
    }
    rename(&stage, "Work", "Job");
    rename(&stage, "Empty", "Full");
    // Another one takes the name of the first.
    store.create_folder(ANN, "Work").unwrap();
    add(&stage, "Work", 7);
    add(&stage, "Full", 8);
    let state = stage.migrate();
    let brought = (state.tally.followed, state.tally.copied.messages);
    assert_eq!(brought, (Followed { renamed: 2, moved: 3, ..Followed::default() }, 2), "{:#?}", problems(&state));
    stage.assert_complete(&state);
    assert_eq!((letters(&stage, "Job"), letters(&stage, "Full"), letters(&stage, "Work")), (0, 1, 1));
    assert_eq!(stage.migrate().tally.followed, Followed::default());
}

#[test]
fn a_folder_that_was_compared_anew_is_renamed_with_what_it_has_no_more() {
    for by_owner in [false, true] {
        let stage = migrated(&["Work"]);
        let (source, target) = (stage.source.store(), stage.target.store());
        source.delete_message(ANN, "Work", 2).unwrap();
        source.change_uid_validity(ANN, "Work").unwrap();
        let deleted = Followed { deleted: 1, ..Followed::default() };
        assert_eq!(stage.migrate().tally.followed, deleted);
        if by_owner {
            target.rename_folder(ANN, "Work", "Job").unwrap();
        } else {
            rename(&stage, "Work", "Job");
        }
        let state = stage.migrate();
        let brought = (state.tally.followed, state.tally.copied.messages);
        assert_eq!(brought, (Followed { renamed: u64::from(!by_owner), ..deleted }, 0), "{:#?}", problems(&state));
        assert_eq!((letters(&stage, "Job"), letters(&stage, "Work"), kept(&state)), (3, 0, by_owner));
        let again = stage.migrate();
        assert_eq!((again.tally.followed, again.tally.copied.messages), (deleted, 0));
    }
}

#[test]
fn where_folders_share_a_uidvalidity_an_emptied_one_keeps_its_old_name_and_nothing_is_doubled() {
    let stage = migrated_with(&["Work", "Plans"], with_one_validity);
    for uid in 1..=3 {
        stage.source.store().move_message(ANN, "Work", uid, "Plans").unwrap();
    }
    rename(&stage, "Work", "Job");
    add(&stage, "Job", 7);
    let state = stage.migrate();
    let brought = (state.tally.followed, state.tally.copied.messages);
    assert_eq!(brought, (Followed { moved: 3, ..Followed::default() }, 1), "{:#?}", problems(&state));
    assert_eq!((letters(&stage, "Work"), letters(&stage, "Job"), letters(&stage, "Plans")), (0, 1, 6));
}

#[test]
fn a_folder_whose_new_name_somebody_has_on_the_target_keeps_its_own_and_both_are_named() {
    let stage = migrated(&["Work"]);
    let mine = message("Subject: mine\r\n\r\n");
    stage.target.store().create_folder(ANN, "Job").unwrap();
    stage.target.store().add(ANN, "Job", mine).unwrap();
    rename(&stage, "Work", "Job");
    add(&stage, "Job", 9);
    let state = stage.migrate();
    assert_eq!((state.verdict(), state.tally.copied.messages, kept(&state)), (Verdict::AllComplete, 1, true));
    assert!(problems(&state).iter().any(|it| it.contains("'Job'") && it.contains("'Work'")), "{:?}", problems(&state));
    assert_eq!((letters(&stage, "Work"), letters(&stage, "Job")), (4, 1));
    let again = stage.migrate();
    assert_eq!((again.tally.copied.messages, again.tally.followed), (0, Followed::default()));
}

#[test]
fn a_folder_in_which_somebody_has_put_mail_or_a_folder_on_the_target_keeps_its_name() {
    let with_mail: fn(&Stage) = |stage| {
        stage.target.store().add(ANN, "Work", message("Subject: mine\r\n\r\n")).unwrap();
    };
    let with_folder: fn(&Stage) = |stage| stage.target.store().create_folder(ANN, "Work/Mine").unwrap();
    for change in [with_mail, with_folder] {
        let stage = migrated(&["Work"]);
        change(&stage);
        let before = stage.target.mail();
        rename(&stage, "Work", "Job");
        let state = stage.migrate();
        assert_eq!((state.verdict(), state.tally.copied.messages, kept(&state)), (Verdict::AllComplete, 0, true));
        assert!(stage.target.mail() == before);
    }
}

#[test]
fn a_folder_that_was_on_the_target_before_us_keeps_its_name() {
    let stage = migrated_with(&["Work"], |stage| stage.target.store().create_folder(ANN, "Work").unwrap());
    rename(&stage, "Work", "Job");
    let state = stage.migrate();
    assert_eq!((state.verdict(), state.tally.copied.messages, kept(&state)), (Verdict::AllComplete, 0, true));
    assert_eq!((letters(&stage, "Work"), stage.target.mail().folder("Job").is_none()), (3, true));
}

#[test]
fn a_folder_of_the_servers_own_is_never_renamed_and_takes_no_other_name() {
    let own = |stage: &mut Stage| {
        stage.target.store().create_folder(ANN, "Sent Items").unwrap();
        stage.target.store().set_special_use(ANN, "Sent Items", Some(kimt::domain::SpecialUse::Sent)).unwrap();
    };
    let stage = migrated_with(&["Sent", "Work"], own);
    assert_eq!(letters(&stage, "Sent Items"), 3);
    rename(&stage, "Sent", "Elsewhere");
    rename(&stage, "Work", "Sent");
    let state = stage.migrate();
    assert_eq!((state.verdict(), state.tally.copied.messages), (Verdict::AllComplete, 0), "{:#?}", problems(&state));
    assert_eq!((letters(&stage, "Sent Items"), stage.target.mail().folder("Elsewhere").is_none()), (3, true));
    assert!(kept(&state));
}

#[test]
fn a_folder_renamed_to_a_name_that_a_rule_leaves_out_stays_as_it_is() {
    let stage = migrated(&["Work"]);
    let before = stage.target.mail();
    rename(&stage, "Work", "Private");
    let mut request = stage.request(kimt::progress::RunKind::Migrate, stage.folder.path());
    request.selection.read_rules("exclude Private").unwrap();
    let state = stage.finish(request);
    assert_eq!((state.verdict(), state.tally.followed), (Verdict::AllComplete, Followed::default()));
    assert!(stage.target.mail() == before);
}

#[test]
fn a_folder_that_its_owner_renamed_on_the_target_keeps_that_name_and_its_mail_goes_on_into_it() {
    let stage = migrated(&["Work"]);
    stage.target.store().rename_folder(ANN, "Work", "My Work").unwrap();
    add(&stage, "Work", 9);
    let state = stage.migrate();
    assert_eq!((state.verdict(), state.tally.copied.messages, kept(&state)), (Verdict::AllComplete, 1, true));
    assert_eq!((letters(&stage, "My Work"), stage.target.mail().folder("Work").is_none()), (4, true));
    // Renamed on both sides, hers counts.
    rename(&stage, "Work", "Job");
    let state = stage.migrate();
    assert_eq!((state.verdict(), state.tally.copied.messages), (Verdict::AllComplete, 0));
    assert_eq!((letters(&stage, "My Work"), stage.target.mail().folder("Job").is_none()), (4, true));
}

#[test]
fn folders_whose_names_their_owner_exchanged_on_the_target_stay_so() {
    let stage = migrated(&["Work", "Home"]);
    exchange(stage.target.store(), "Work", "Home");
    let before = stage.target.mail();
    let state = stage.migrate();
    assert_eq!((state.verdict(), state.tally.copied.messages), (Verdict::AllComplete, 0), "{:#?}", problems(&state));
    assert!(stage.target.mail() == before);
}

#[test]
fn a_folder_that_took_the_name_of_one_that_was_deleted_is_not_mixed_with_it() {
    let stage = migrated(&["Work", "Home"]);
    stage.source.store().delete_folder(ANN, "Home").unwrap();
    rename(&stage, "Work", "Home");
    let state = stage.migrate();
    assert_eq!((state.verdict(), state.tally.copied.messages, kept(&state)), (Verdict::AllComplete, 0, true));
    assert_eq!(state.tally.followed, Followed { deleted: 3, ..Followed::default() });
    // What was deleted on the source has its name still.
    assert_eq!((letters(&stage, "Work"), letters(&stage, "Home")), (3, 3));
    let again = stage.migrate();
    assert_eq!((again.tally.copied.messages, again.tally.followed.moved), (0, 0));
}
