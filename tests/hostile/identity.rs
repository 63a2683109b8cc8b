//! Which message is which: over reruns, lost records and changed servers.

use super::between::{Fate, Tamper};
use super::stage::{ANN, Stage, kinds, message, problems};
use kimt::domain::ProblemKind;
use kimt::progress::{RunKind, RunState, Verdict};
use kimt::rehearsal::{Content, NewMessage, Profile, Snapshot};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// A stage whose source has what identities are mistaken by.
pub fn stage() -> Stage {
    let stage = Stage::between(Profile::Rich, Profile::Rich);
    let store = stage.source.store();
    store.create_folder(ANN, "Work").unwrap();
    for folder in ["INBOX", "Work"] {
        for text in [
            "Message-ID: <1@x>\r\n\r\nEqual.\r\n",
            "Message-ID: <1@x>\r\n\r\nEqual.\r\n",
            "Message-ID: <1@x>\r\n\r\nAnother body.\r\n",
            "Subject: no identity\r\n\r\n",
            "Subject: no identity\r\n\r\n",
        ] {
            store.add(ANN, folder, message(text)).unwrap();
        }
        store.add_generated(ANN, folder, 20, 600, folder.len() as u64 * 1000).unwrap();
    }
    stage
}

fn contents(mail: &Snapshot) -> usize {
    mail.messages()
}

/// A second run copies `copied` messages and leaves every message exactly once.
fn assert_rerun_copies(stage: &Stage, messages: u64) -> RunState {
    let state = stage.migrate();
    assert_eq!(state.tally.copied.messages, messages, "{:?}", problems(&state));
    stage.assert_complete(&state);
    state
}

fn ledgers(stage: &Stage) -> Vec<PathBuf> {
    let folder = stage.folder.path().join("state/ledger");
    std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()).collect()
}

#[test]
fn equal_messages_and_equal_identities_are_as_many_as_they_were() {
    let stage = stage();
    stage.assert_complete(&stage.migrate());
    assert_rerun_copies(&stage, 0);
}

#[test]
fn a_lost_record_is_rebuilt_from_what_is_on_the_target() {
    let stage = stage();
    stage.assert_complete(&stage.migrate());
    std::fs::remove_dir_all(stage.folder.path().join("state")).unwrap();
    let state = assert_rerun_copies(&stage, 0);
    assert!(kinds(&state).contains(&ProblemKind::HistoryUnknown));
    assert_rerun_copies(&stage, 0);
}

#[test]
fn a_damaged_record_is_set_aside_reported_and_rebuilt() {
    let half = |bytes: &[u8]| bytes[..bytes.len() / 2].to_vec();
    let holed = |bytes: &[u8]| bytes.iter().enumerate().map(|(at, byte)| if at > 200 { 0xa5 } else { *byte }).collect();
    type Damage<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;
    let damages: [Damage<'_>; 4] =
        [&|_| Vec::new(), &|_| b"no database at all, but long enough to look like one".repeat(200), &half, &holed];
    for damage in damages {
        let stage = stage();
        stage.assert_complete(&stage.migrate());
        for path in ledgers(&stage) {
            std::fs::write(&path, damage(&std::fs::read(&path).unwrap())).unwrap();
        }
        let state = assert_rerun_copies(&stage, 0);
        assert!(kinds(&state).contains(&ProblemKind::HistoryUnknown), "{:?}", problems(&state));
        assert_rerun_copies(&stage, 0);
    }
}

#[test]
fn the_record_of_another_version_or_another_server_is_not_believed() {
    for change in ["PRAGMA user_version = 99", "UPDATE mailbox SET target = 'elsewhere.example'"] {
        let stage = stage();
        stage.assert_complete(&stage.migrate());
        for path in ledgers(&stage).into_iter().filter(|path| path.extension().is_some_and(|end| end == "ledger")) {
            let connection = rusqlite::Connection::open(path).unwrap();
            connection.execute_batch(change).unwrap_or_else(|error| panic!("{change}: {error}"));
        }
        let state = assert_rerun_copies(&stage, 0);
        assert!(kinds(&state).contains(&ProblemKind::HistoryUnknown), "{change}: {:?}", problems(&state));
    }
}

#[test]
fn a_lost_record_after_a_run_that_was_stopped_half_way_doubles_nothing() {
    let mut stage = stage();
    let (appends, reached) = (AtomicUsize::new(0), AtomicBool::new(false));
    stage.target.tamper(Tamper::commands(move |command| {
        // One folder is taken, its first message and the others; from the second on the connection is dead.
        if command.name == "APPEND" && appends.fetch_add(1, Ordering::SeqCst) == 2 {
            reached.store(true, Ordering::SeqCst);
        }
        if reached.load(Ordering::SeqCst) { Fate::Close } else { Fate::Pass }
    }));
    assert_eq!(stage.migrate().verdict(), Verdict::SomeIncomplete);
    assert_eq!(contents(&stage.target.mail()), 25);
    std::fs::remove_dir_all(stage.folder.path().join("state")).unwrap();
    stage.target.tamper(Tamper::commands(|_| Fate::Pass));
    assert_rerun_copies(&stage, 25);
}

#[test]
fn new_uid_validities_on_both_sides_double_nothing() {
    let stage = stage();
    stage.assert_complete(&stage.migrate());
    for end in [&stage.source, &stage.target] {
        end.store().change_uid_validity(ANN, "Work").unwrap();
    }
    assert_rerun_copies(&stage, 0);
    assert_rerun_copies(&stage, 0);
}

#[test]
fn a_folder_of_the_source_made_again_with_other_messages_under_the_same_uids_is_copied() {
    // With as many messages as before nothing else shows that it is another folder.
    for messages in [25, 26] {
        let stage = stage();
        stage.assert_complete(&stage.migrate());
        let store = stage.source.store();
        store.delete_folder(ANN, "Work").unwrap();
        store.create_folder(ANN, "Work").unwrap();
        store.add_generated(ANN, "Work", messages, 600, 77_000).unwrap();
        let state = stage.migrate();
        assert_eq!(state.tally.copied.messages, u64::from(messages), "{:?}", problems(&state));
        assert_eq!(stage.target.mail().folder("Work").unwrap().messages.len(), 25 + messages as usize);
    }
}

#[test]
fn what_a_rule_leaves_out_is_copied_by_a_run_without_it() {
    let stage = stage();
    let mut request = stage.request(RunKind::Migrate, stage.folder.path());
    request.selection.read_rules("max-size 100").unwrap();
    let state = stage.finish(request);
    assert_eq!((state.verdict(), state.tally.copied.messages), (Verdict::AllComplete, 10), "{:?}", problems(&state));
    assert_rerun_copies(&stage, 40);
}

#[test]
fn a_folder_stays_where_it_was_copied_to_although_a_new_rule_sends_it_elsewhere() {
    let stage = stage();
    stage.assert_complete(&stage.migrate());
    let mut request = stage.request(RunKind::Migrate, stage.folder.path());
    request.selection.read_rules("rename Work -> Elsewhere").unwrap();
    stage.source.store().add(ANN, "Work", message("Subject: new\r\n\r\n")).unwrap();
    let state = stage.finish(request);
    assert_eq!(state.tally.copied.messages, 1, "{:?}", problems(&state));
    stage.assert_complete(&state);
}

#[test]
fn a_folder_deleted_on_the_target_is_copied_again_and_one_emptied_by_its_owner_stays_empty() {
    let stage = stage();
    stage.assert_complete(&stage.migrate());
    stage.target.store().delete_folder(ANN, "Work").unwrap();
    assert_rerun_copies(&stage, 25);
    stage.target.store().empty_folder(ANN, "Work").unwrap();
    let state = stage.migrate();
    assert_eq!((state.verdict(), state.tally.copied.messages), (Verdict::AllComplete, 0));
}

#[test]
fn a_folder_deleted_or_emptied_on_the_source_changes_nothing_on_the_target() {
    let stage = stage();
    stage.assert_complete(&stage.migrate());
    let before = stage.target.mail();
    stage.source.store().empty_folder(ANN, "INBOX").unwrap();
    stage.source.store().delete_folder(ANN, "Work").unwrap();
    let state = stage.migrate();
    assert_eq!((state.verdict(), state.tally.copied.messages), (Verdict::AllComplete, 0), "{:?}", problems(&state));
    assert!(stage.target.mail() == before);
}

#[test]
fn mail_that_was_on_the_target_before_is_kept_and_counts_where_it_is_the_same() {
    let stage = stage();
    let own = message("Subject: mine\r\n\r\nWas here before.\r\n");
    stage.target.store().add(ANN, "INBOX", own).unwrap();
    // One of two equal messages is there already.
    stage.target.store().add(ANN, "INBOX", message("Message-ID: <1@x>\r\n\r\nEqual.\r\n")).unwrap();
    let before = stage.target.mail();
    let state = stage.migrate();
    assert_eq!(
        (state.verdict(), state.tally.copied.messages, state.tally.found.messages),
        (Verdict::AllComplete, 49, 1)
    );
    let here = stage.target.mail();
    assert_eq!(contents(&here), 51);
    let kept = &here.folder("INBOX").unwrap().messages[..2];
    assert_eq!(kept, &before.folder("INBOX").unwrap().messages[..]);
    assert_eq!(stage.migrate().tally.copied.messages, 0);
}

#[test]
fn a_target_restored_from_a_backup_is_found_out_by_verify_and_repaired_by_copying_just_what_is_missing() {
    let mut stage = stage();
    stage.assert_complete(&stage.migrate());
    for uid in [3, 9, 20] {
        stage.target.store().delete_message(ANN, "Work", uid).unwrap();
    }
    let verified = stage.run(RunKind::Verify);
    assert_eq!((verified.verdict(), verified.tally.failed), (Verdict::SomeIncomplete, 3), "{:?}", problems(&verified));
    assert_eq!(kinds(&verified).into_iter().collect::<Vec<_>>(), [ProblemKind::MessageMissing]);
    // Without being asked, what an owner may have deleted is not brought back.
    assert_eq!(stage.migrate().tally.copied.messages, 0);
    stage.repair = true;
    assert_rerun_copies(&stage, 3);
}

#[test]
fn a_target_whose_uids_went_back_with_a_backup_gets_what_is_missing_by_itself() {
    let stage = stage();
    stage.assert_complete(&stage.migrate());
    stage.target.store().restore_folder(ANN, "Work", 18).unwrap();
    let state = assert_rerun_copies(&stage, 8);
    assert!(kinds(&state).contains(&ProblemKind::HistoryUnknown), "{:?}", problems(&state));
    assert_rerun_copies(&stage, 0);
}

#[test]
fn a_new_uid_validity_of_the_target_alone_makes_its_record_worthless() {
    let stage = stage();
    stage.assert_complete(&stage.migrate());
    // As many messages as before, so that only the UIDVALIDITY shows it. The one that is gone comes back: nobody knows any more who deleted it.
    let store = stage.target.store();
    store.delete_message(ANN, "Work", 7).unwrap();
    store.add(ANN, "Work", message("Subject: the owner's own\r\n\r\n")).unwrap();
    store.change_uid_validity(ANN, "Work").unwrap();
    let state = stage.migrate();
    assert_eq!(state.tally.copied.messages, 1, "{:?}", problems(&state));
    assert!(kinds(&state).contains(&ProblemKind::HistoryUnknown), "{:?}", problems(&state));
    assert_eq!(stage.target.mail().folder("Work").unwrap().messages.len(), 26);
}

#[test]
fn a_clock_set_back_changes_nothing() {
    let stage = stage();
    stage.assert_complete(&stage.migrate());
    // All times that the record could hold lie in the future now.
    let future = std::time::SystemTime::now() + Duration::from_secs(10 * 365 * 86_400);
    for path in ledgers(&stage) {
        std::fs::File::options().write(true).open(path).unwrap().set_modified(future).unwrap();
    }
    let late = chrono::DateTime::UNIX_EPOCH.fixed_offset() - chrono::Duration::days(1);
    let content = Content::bytes(&b"Subject: from before time\r\n\r\n"[..]);
    stage.source.store().add(ANN, "INBOX", NewMessage { date: late, ..NewMessage::new(content) }).unwrap();
    assert_rerun_copies(&stage, 1);
}
