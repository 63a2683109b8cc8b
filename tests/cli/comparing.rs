//! `check` and `verify`, which change nothing, and `--repair`, which copies what they miss.

use super::stage::Stage;

#[test]
fn a_check_changes_nothing_anywhere() {
    let stage = Stage::new(3, 5);
    let snapshots = |stage: &Stage| {
        let of = |user: &String| {
            (stage.source.store().snapshot(user).unwrap(), stage.target.store().snapshot(user).unwrap())
        };
        stage.accounts.iter().map(|(user, _)| of(user)).collect::<Vec<_>>()
    };
    let before = snapshots(&stage);
    let ended = stage.run("check", &["--json"]);
    assert_eq!((ended.code, ended.accounts()), (Some(0), [3, 0, 0, 0]));
    assert!(before == snapshots(&stage));
    for (user, _) in &stage.accounts {
        assert_eq!(stage.source.store().changes_seen(user).unwrap(), Vec::<String>::new());
        assert_eq!(stage.target.store().changes_seen(user).unwrap(), Vec::<String>::new());
    }
}

#[test]
fn a_check_finds_the_wrong_password() {
    let stage = Stage::new(3, 1);
    stage.source.store().set_password(stage.user(2), "another").unwrap();
    let ended = stage.run("check", &[]);
    assert_eq!(ended.code, Some(1));
    assert!(ended.stdout.contains(stage.user(2)), "{}", ended.stdout);
}

#[test]
fn a_verification_of_equal_servers_ends_with_0_and_changes_nothing() {
    let stage = Stage::new(2, 5);
    stage.run("migrate", &[]);
    let before = stage.target.store().snapshot(stage.user(1)).unwrap();
    assert_eq!(stage.run("verify", &[]).code, Some(0));
    assert!(before == stage.target.store().snapshot(stage.user(1)).unwrap());
}

#[test]
fn a_message_deleted_on_the_target_is_found_by_verify_and_brought_back_by_repair() {
    let stage = Stage::new(2, 5);
    assert_eq!(stage.run("migrate", &[]).code, Some(0));
    stage.target.store().delete_message(stage.user(2), "INBOX", 3).unwrap();
    for how in ["content", "size"] {
        let verified = stage.run("verify", &["--verify", how]);
        assert_eq!(verified.code, Some(4), "{how}: {verified:?}");
        assert!(verified.stdout.contains(stage.user(2)) && verified.stdout.contains("--repair"), "{verified:?}");
    }
    let repaired = stage.run("migrate", &["--repair", "--json"]);
    assert_eq!((repaired.code, repaired.messages()), (Some(0), [1, 19, 0]), "{repaired:?}");
    stage.assert_equal();
    assert_eq!(stage.run("verify", &[]).code, Some(0));
}

#[test]
fn an_account_that_cannot_be_compared_is_not_called_different() {
    let stage = Stage::new(2, 2);
    stage.run("migrate", &[]);
    stage.target.store().set_password(stage.user(1), "another").unwrap();
    assert_eq!(stage.run("verify", &[]).code, Some(1));
}
