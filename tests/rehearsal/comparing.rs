//! `verify`: each kind of difference is found, called by its kind, counted and named, and what people did is distinguished from damage.

use super::*;
use kimt::domain::ProblemKind;
use kimt::rehearsal::wire_name;
use kimt::report::words;
use std::collections::BTreeSet;

/// A mailbox that was migrated completely: three messages in INBOX, of which two are equal except for their marks, and an empty folder.
fn migrated() -> Stage {
    let stage = Stage::between(Profile::Rich, Profile::Rich);
    let store = stage.source.store();
    let twice = b"Subject: twice\r\n\r\nTwice.\r\n";
    for (bytes, flags, date) in [
        (&twice[..], &["\\Seen"][..], "2001-02-03T04:05:06+00:00"),
        (&twice[..], &["\\Flagged"][..], "2019-12-31T23:59:59+00:00"),
        (&b"Subject: once\r\n\r\nOnce.\r\n"[..], &[][..], "2020-01-01T00:00:00+00:00"),
    ] {
        store.add(ANN, "INBOX", message(bytes, flags, date)).unwrap();
    }
    store.create_folder(ANN, "Empty").unwrap();
    store.set_subscribed(ANN, "Empty", true).unwrap();
    stage.assert_complete(&stage.migrate());
    let state = stage.run(RunKind::Verify);
    assert_eq!((state.verdict(), problems(&state).len()), (Verdict::AllComplete, 0), "{:?}", problems(&state));
    assert!(words::verdict(&state).contains("equal on both servers"), "{}", words::verdict(&state));
    stage
}

/// Puts a message in the place of another, with a new UID.
fn replace(stage: &Stage, uid: u32, flags: &[&str], date: &str) {
    let store = stage.target.store();
    let bytes = store.content(ANN, "INBOX", uid).unwrap().to_vec();
    store.delete_message(ANN, "INBOX", uid).unwrap();
    store.add(ANN, "INBOX", message(&bytes, flags, date)).unwrap();
}

fn lose_record(stage: &Stage) {
    std::fs::remove_dir_all(stage.folder.path().join("state")).unwrap();
}

/// Puts copies of the third message beside it.
fn copies(stage: &Stage, number: usize) {
    let bytes = stage.target.store().content(ANN, "INBOX", 3).unwrap().to_vec();
    let copies = vec![message(&bytes, &[], "2020-01-01T00:00:00+00:00"); number];
    stage.target.store().add_all(ANN, "INBOX", copies).unwrap();
}

#[test]
fn each_kind_of_difference_is_counted_and_named_and_never_called_equal() {
    type Change = fn(&Stage);
    let unsubscribe: Change = |stage| stage.target.store().set_subscribed(ANN, "Empty", false).unwrap();
    let cases: [(Change, ProblemKind, &str); 7] = [
        (|it| it.target.store().set_flags(ANN, "INBOX", 3, &["\\Seen"]).unwrap(), ProblemKind::FlagsDiffer, "'once'"),
        (|it| replace(it, 3, &[], "2021-01-01T00:00:00+00:00"), ProblemKind::DateDiffers, "'once'"),
        (|it| copies(it, 1), ProblemKind::ExtraCopies, "'once' (24 bytes, UID 3) in 'INBOX' has 1 more copy "),
        (|it| copies(it, 50), ProblemKind::ExtraCopies, "'once' (24 bytes, UID 3) in 'INBOX' has 50 more copies "),
        (|it| it.target.store().delete_folder(ANN, "Empty").unwrap(), ProblemKind::FolderMissing, "'Empty'"),
        (unsubscribe, ProblemKind::SubscriptionMissing, "'Empty'"),
        (|it| it.target.store().delete_message(ANN, "INBOX", 3).unwrap(), ProblemKind::MessageMissing, "'once'"),
    ];
    for (change, kind, name) in cases {
        let stage = migrated();
        lose_record(&stage);
        change(&stage);
        let state = stage.run(RunKind::Verify);
        let found = problems(&state);
        assert_eq!((state.verdict(), kinds(&state)), (Verdict::SomeIncomplete, BTreeSet::from([kind])), "{found:?}");
        assert!(found.len() == 1 && found[0].contains(name), "{found:?}");
        assert_eq!(state.tally.checked.messages, 3 - state.tally.failed, "{kind:?}: {:?}", state.tally);
    }
}

#[test]
fn a_folder_whose_name_differs_in_capitals_on_the_target_is_compared_and_reported_by_the_name_that_it_has_there() {
    let stage = migrated();
    for (folder, text) in [("News", "Subject: a\r\n\r\nA.\r\n"), ("NEWS", "Subject: b\r\n\r\nB.\r\n")] {
        let store = stage.source.store();
        store.create_folder(ANN, folder).unwrap();
        store.add(ANN, folder, message(text.as_bytes(), &[], "2020-01-01T00:00:00+00:00")).unwrap();
    }
    stage.assert_complete(&stage.migrate());
    stage.target.store().rename_folder(ANN, "News", "news").unwrap();
    let state = stage.run(RunKind::Verify);
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", problems(&state));
    let goes = |name: &str| {
        let folder = state.accounts[0].folders.iter().find(|it| it.source.to_string() == name).unwrap();
        folder.target.to_string()
    };
    assert_eq!([goes("News"), goes("NEWS")], ["news", "NEWS"]);
    // One folder of the target is the counterpart of one of the source.
    stage.target.store().delete_folder(ANN, "NEWS").unwrap();
    let state = stage.run(RunKind::Verify);
    assert_eq!(state.verdict(), Verdict::SomeIncomplete, "{:?}", problems(&state));
    let missing: Vec<_> = problems(&state).into_iter().filter(|it| it.starts_with("MessageMissing")).collect();
    assert!(matches!(&missing[..], [only] if only.contains("'b'") && only.contains("'NEWS'")), "{missing:?}");
}

#[test]
fn equal_messages_whose_marks_are_there_in_another_order_are_equal() {
    let stage = migrated();
    lose_record(&stage);
    replace(&stage, 1, &["\\Seen"], "2001-02-03T04:05:06+00:00");
    let state = stage.run(RunKind::Verify);
    assert_eq!((state.verdict(), problems(&state).len()), (Verdict::AllComplete, 0), "{:?}", problems(&state));
}

#[test]
fn what_people_did_on_the_target_is_distinguished_where_the_record_knows() {
    let stage = migrated();
    stage.target.store().set_flags(ANN, "INBOX", 3, &["\\Seen"]).unwrap();
    let state = stage.run(RunKind::Verify);
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", problems(&state));
    assert_eq!(kinds(&state), BTreeSet::from([ProblemKind::MarkedOnTarget]), "{:?}", problems(&state));
    assert!(!words::verdict(&state).contains("equal on both"), "{}", words::verdict(&state));

    stage.target.store().create_folder(ANN, "Filed").unwrap();
    stage.target.store().move_message(ANN, "INBOX", 3, "Filed").unwrap();
    assert!(stage.target.mail().folders.contains_key(&wire_name("Filed")));
    // Filed, also where an equal message is already.
    for (equal, reported) in [(false, 2), (true, 2)] {
        if equal {
            let bytes = stage.target.store().content(ANN, "Filed", 1).unwrap().to_vec();
            stage.target.store().add(ANN, "Filed", message(&bytes, &[], "2020-01-01T00:00:00+00:00")).unwrap();
        }
        let state = stage.run(RunKind::Verify);
        let kinds_reported = BTreeSet::from([ProblemKind::MessageFiled, ProblemKind::MarkedOnTarget]);
        assert_eq!(
            (state.verdict(), state.tally.checked.messages),
            (Verdict::AllComplete, 3),
            "{:?}",
            problems(&state)
        );
        assert!(
            kinds(&state).is_subset(&kinds_reported) && problems(&state).len() < reported,
            "{:?}",
            problems(&state)
        );
        assert!(problems(&state)[0].contains("'once'") && problems(&state)[0].contains("'Filed'"));
        assert!(!words::verdict(&state).contains("equal on both"), "{}", words::verdict(&state));
    }

    stage.target.store().empty_folder(ANN, "Filed").unwrap();
    let state = stage.run(RunKind::Verify);
    assert_eq!(kinds(&state), BTreeSet::from([ProblemKind::MessageMissing]), "{:?}", problems(&state));
    assert!(problems(&state)[0].contains("somebody has deleted or moved it"), "{:?}", problems(&state));
}

#[test]
fn a_message_that_the_target_has_spoilt_is_altered_although_its_owner_keeps_a_copy_of_it_elsewhere() {
    let stage = migrated();
    let store = stage.target.store();
    store.create_folder(ANN, "Kept").unwrap();
    let bytes = store.content(ANN, "INBOX", 3).unwrap().to_vec();
    store.add(ANN, "Kept", message(&bytes, &[], "2020-01-01T00:00:00+00:00")).unwrap();
    store.replace_content(ANN, "INBOX", 3, Content::bytes(&b"Subject: spoilt\r\n\r\n\0"[..])).unwrap();
    let state = stage.run(RunKind::Verify);
    assert_eq!(state.verdict(), Verdict::SomeIncomplete, "{:?}", problems(&state));
    assert_eq!(kinds(&state), BTreeSet::from([ProblemKind::MessageAltered]), "{:?}", problems(&state));
}

#[test]
fn a_message_that_came_back_under_another_uid_is_known_by_what_earlier_runs_did_with_it() {
    type Change = fn(&Stage);
    let deleted: Change = |stage| stage.target.store().delete_message(ANN, "Work", 1).unwrap();
    let spoilt: Change = |stage| {
        stage
            .target
            .store()
            .replace_content(ANN, "Work", 1, Content::bytes(&b"Subject: spoilt\r\n\r\n\0"[..]))
            .unwrap();
    };
    let filed: Change = |stage| {
        stage.target.store().create_folder(ANN, "Filed").unwrap();
        stage.target.store().move_message(ANN, "Work", 1, "Filed").unwrap();
    };
    let cases = [
        (deleted, ProblemKind::MessageMissing, "somebody has deleted or moved it"),
        (spoilt, ProblemKind::MessageAltered, ""),
        (filed, ProblemKind::MessageFiled, "'Filed'"),
    ];
    let back = || message(b"Subject: back\r\n\r\nBack.\r\n", &[], "2020-01-01T00:00:00+00:00");
    // Taken out of the folder and back again; the folder made anew; the same, and compared in between, while it was empty.
    for (way, (change, kind, words)) in [0, 1, 2].into_iter().flat_map(|way| cases.map(|case| (way, case))) {
        let stage = migrated();
        let store = stage.source.store();
        store.create_folder(ANN, "Work").unwrap();
        store.add(ANN, "Work", back()).unwrap();
        stage.assert_complete(&stage.migrate());
        if way == 0 {
            store.delete_message(ANN, "Work", 1).unwrap();
        } else {
            store.delete_folder(ANN, "Work").unwrap();
            store.create_folder(ANN, "Work").unwrap();
        }
        if way == 2 {
            stage.migrate();
        }
        store.add(ANN, "Work", back()).unwrap();
        change(&stage);
        let state = stage.run(RunKind::Verify);
        let shown = format!("{way} {kind:?}: {:?}", problems(&state));
        assert_eq!(kinds(&state), BTreeSet::from([kind]), "{shown}");
        assert!(problems(&state)[0].contains("'back'") && problems(&state)[0].contains(words), "{shown}");
    }
}

#[test]
fn a_message_in_another_folder_than_its_own_is_found_there_also_where_that_one_has_an_equal_message() {
    for folder in ["Empty", "Elsewhere"] {
        let stage = migrated();
        if folder == "Empty" {
            stage
                .source
                .store()
                .add(ANN, folder, message(b"Subject: once\r\n\r\nOnce.\r\n", &[], "2020-01-01T00:00:00+00:00"))
                .unwrap();
            stage.assert_complete(&stage.migrate());
        }
        let _ = stage.target.store().create_folder(ANN, folder);
        stage.target.store().move_message(ANN, "INBOX", 3, folder).unwrap();
        let state = stage.run(RunKind::Verify);
        assert_eq!(kinds(&state), BTreeSet::from([ProblemKind::MessageFiled]), "{:?}", problems(&state));
        lose_record(&stage);
        let state = stage.run(RunKind::Verify);
        assert_eq!(state.verdict(), Verdict::SomeIncomplete);
        assert_eq!(kinds(&state), BTreeSet::from([ProblemKind::MessageMisplaced]), "{:?}", problems(&state));
        assert!(problems(&state)[0].contains(&format!("it is in '{folder}'")), "{:?}", problems(&state));
    }
}

#[test]
fn of_many_messages_that_differ_in_one_way_some_are_named_and_the_others_counted() {
    let stage = Stage::between(Profile::Rich, Profile::Rich).fill(50);
    stage.assert_complete(&stage.migrate());
    lose_record(&stage);
    for uid in 1..=50 {
        stage.target.store().set_flags(ANN, "INBOX", uid, &["\\Seen"]).unwrap();
    }
    let state = stage.run(RunKind::Verify);
    assert_eq!(kinds(&state), BTreeSet::from([ProblemKind::FlagsDiffer]));
    let counts: Vec<u64> = state.accounts[0].problems.iter().map(|(_, problem)| problem.count).collect();
    assert_eq!((counts.len(), counts.iter().sum::<u64>()), (21, 50));
}
