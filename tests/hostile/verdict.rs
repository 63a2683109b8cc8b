//! An account is called complete only where every message of every folder is accounted for.

use super::between::{Fate, Tamper};
use super::stage::{ANN, LOOPBACK, Stage, kinds, message, problems, store};
use kimt::domain::{LeftOutReason, ProblemKind, Security};
use kimt::progress::{RunKind, Verdict};
use kimt::rehearsal::{ImapOptions, Layout, Profile};

/// Runs and verifies: neither says that all is well.
fn assert_incomplete(stage: &Stage, expected: ProblemKind, name: &str) {
    for kind in [RunKind::Migrate, RunKind::Verify] {
        let state = stage.run(kind);
        assert_eq!(state.verdict(), Verdict::SomeIncomplete, "{kind:?}: {:?}", problems(&state));
        assert!(problems(&state).iter().any(|problem| problem.contains(name)), "{kind:?}: {:?}", problems(&state));
        if kind == RunKind::Migrate {
            assert!(kinds(&state).contains(&expected), "{:?}", problems(&state));
        }
    }
}

#[test]
fn a_folder_whose_name_the_target_refuses_arrives_whatever_the_targets_separator_is() {
    for separator in [b'_', b' ', b'-', b'.'] {
        let mut stage = Stage::between(Profile::Rich, Profile::Rich);
        let layout = Layout { separator, kerio: false };
        stage.target = super::stage::End::start(store(layout), ImapOptions::new(Profile::Rich), Security::Plain);
        stage.source.store().create_folder(ANN, "100%").unwrap();
        stage.source.store().add(ANN, "100%", message("Subject: percent\r\n\r\nx\r\n")).unwrap();
        stage.target.tamper(Tamper::commands(|command| {
            let is_refused = command.name == "CREATE" && command.text.contains('%');
            if !is_refused {
                return Fate::Pass;
            }
            // After the answers to what was asked before it.
            std::thread::sleep(std::time::Duration::from_millis(200));
            command.answer("NO [CANNOT] no percent signs")
        }));
        let state = stage.migrate();
        assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}: {:?}", separator as char, problems(&state));
        assert_eq!(stage.target.mail().messages(), 1, "{:?}", separator as char);
        assert_eq!(LOOPBACK, stage.target.host);
    }
}

#[test]
fn a_folder_that_is_listed_so_that_nobody_can_read_it_is_a_loss() {
    let mut stage = Stage::between(Profile::Rich, Profile::Rich).fill(3);
    stage.source.store().create_folder(ANN, "Strange").unwrap();
    stage.source.tamper(Tamper::answers(|answer| {
        let is_it = answer.text.starts_with("* LIST") && answer.text.contains("Strange");
        if is_it { Fate::Instead(b"* LIST (\\HasNoChildren) \"/\"\r\n".to_vec()) } else { Fate::Pass }
    }));
    assert_incomplete(&stage, ProblemKind::FolderNotRead, "(no name)");
}

#[test]
fn a_source_that_does_not_list_its_inbox_or_anything_loses_no_message_of_it() {
    for left in ["INBOX", ""] {
        let mut stage = Stage::between(Profile::Rich, Profile::Rich).fill(6);
        stage.source.tamper(Tamper::answers(move |answer| {
            let is_left_out = answer.text.starts_with("* LIST") && answer.text.contains(left);
            if is_left_out { Fate::Instead(Vec::new()) } else { Fate::Pass }
        }));
        stage.assert_complete(&stage.migrate());
        assert_eq!(stage.target.mail().messages(), 6, "{left}");
    }
}

#[test]
fn a_folder_that_may_be_ones_own_and_is_not_copied_is_a_loss() {
    let stage = Stage::between(Profile::Bare, Profile::Rich).fill(3);
    stage.source.store().create_folder(ANN, "~old").unwrap();
    stage.source.store().add(ANN, "~old", message("Subject: mine\r\n\r\nx\r\n")).unwrap();
    assert_incomplete(&stage, ProblemKind::FolderNotRead, "~old");
    let state = stage.migrate();
    let account = &state.accounts[0];
    assert!(account.left_out.iter().any(|left_out| left_out.reason == LeftOutReason::Unclear), "{account:?}");
}

#[test]
fn messages_that_are_counted_and_never_listed_keep_an_account_from_being_complete_in_every_run() {
    let mut stage = Stage::between(Profile::Rich, Profile::Rich).fill(5);
    stage.source.tamper(Tamper::answers(|answer| {
        if answer.fetches(3) && !answer.text.contains("BODY") { Fate::Instead(Vec::new()) } else { Fate::Pass }
    }));
    for _ in 0..2 {
        let state = stage.migrate();
        assert_eq!(state.verdict(), Verdict::SomeIncomplete, "{:?}", problems(&state));
        assert!(kinds(&state).contains(&ProblemKind::MessageUnreadable));
    }
}

#[test]
fn two_folders_that_the_target_takes_for_one_stay_two() {
    let mut stage = Stage::between(Profile::Rich, Profile::Rich);
    for folder in ["News", "news"] {
        stage.source.store().create_folder(ANN, folder).unwrap();
        stage.source.store().add(ANN, folder, message(&format!("Subject: {folder}\r\n\r\nx\r\n"))).unwrap();
    }
    let kerio = store(Layout { separator: b'/', kerio: true });
    stage.target = super::stage::End::start(kerio, ImapOptions::new(Profile::Rich), Security::Plain);
    for _ in 0..2 {
        let state = stage.migrate();
        assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", problems(&state));
        let there = stage.target.mail();
        let full: Vec<usize> =
            there.folders.values().map(|folder| folder.messages.len()).filter(|it| *it > 0).collect();
        assert_eq!(full, [1, 1], "{:?}", problems(&state));
    }
}

/// Folders of these names on the source, with a message each.
fn add(stage: &Stage, folders: &[&str]) {
    for folder in folders {
        stage.source.store().create_folder(ANN, folder).unwrap();
        stage.source.store().add(ANN, folder, message(&format!("Subject: {folder}\r\n\r\nx\r\n"))).unwrap();
    }
}

/// The target takes `News` and `news` for one. It either says so when the second is to be made, or says that it made it and lists nothing.
fn one_for_two(stage: &mut Stage, says_ok: bool) {
    let kerio = store(Layout { separator: b'/', kerio: true });
    stage.target = super::stage::End::start(kerio, ImapOptions::new(Profile::Rich), Security::Plain);
    stage.target.tamper(Tamper::commands(move |command| match command.name.as_str() {
        "CREATE" if says_ok && command.text.to_lowercase().ends_with("news\"") => {
            std::thread::sleep(std::time::Duration::from_millis(50));
            command.answer("OK made")
        }
        "LIST" if says_ok && command.text.to_lowercase().ends_with("news\"") => command.answer("OK listed"),
        _ => Fate::Pass,
    }));
}

fn assert_two_folders(stage: &Stage, shown: &str) {
    let there = stage.target.mail();
    let full: Vec<usize> = there.folders.values().map(|folder| folder.messages.len()).filter(|it| *it > 0).collect();
    assert_eq!(
        full,
        [1, 1],
        "{shown}: {:?}",
        there.folders.keys().map(|it| String::from_utf8_lossy(it)).collect::<Vec<_>>()
    );
}

#[test]
fn two_folders_stay_two_where_the_target_says_that_it_made_both_and_lists_one() {
    let mut stage = Stage::between(Profile::Rich, Profile::Rich);
    add(&stage, &["News", "news"]);
    one_for_two(&mut stage, true);
    stage.target.store().create_folder(ANN, "News").unwrap();
    for run in ["first", "second"] {
        let state = stage.migrate();
        assert_eq!(state.verdict(), Verdict::AllComplete, "{run}: {:?}", problems(&state));
        assert_two_folders(&stage, run);
    }
}

#[test]
fn a_new_folder_stays_one_of_its_own_though_the_target_takes_its_name_for_one_that_was_copied_before() {
    for says_ok in [false, true] {
        let mut stage = Stage::between(Profile::Rich, Profile::Rich);
        add(&stage, &["News"]);
        one_for_two(&mut stage, says_ok);
        stage.target.store().create_folder(ANN, "News").unwrap();
        let state = stage.migrate();
        assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", problems(&state));
        add(&stage, &["news"]);
        for run in ["second", "third"] {
            let state = stage.migrate();
            assert_eq!(state.verdict(), Verdict::AllComplete, "{run} {says_ok}: {:?}", problems(&state));
            assert_two_folders(&stage, run);
        }
    }
}
