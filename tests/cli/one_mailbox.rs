//! Two people whose lines lead to one mailbox, in one run or in one run each.

use super::stage::{Outcome, Stage};

/// Ann of two companies, whose addresses lose their domains on the target.
fn two_companies() -> Stage {
    let mut stage = Stage::new(0, 0);
    stage.accounts = ["ann@a.example", "ann@b.example"].map(|user| (user.to_owned(), "geheim-77".to_owned())).to_vec();
    for (number, (user, password)) in stage.accounts.iter().enumerate() {
        stage.source.store().create_user(&[user], password).unwrap();
        stage.source.store().add_generated(user, "INBOX", 2, 300, number as u64 * 1000).unwrap();
    }
    stage.target.store().create_user(&["ann"], "geheim-77").unwrap();
    stage.write_csv(&stage.csv());
    stage
}

fn migrate_only(stage: &Stage, user: &str, more: &[&str]) -> Outcome {
    stage.run("migrate", &[&["--target-name-form", "local", "--json", "--only", user], more].concat())
}

#[test]
fn people_who_share_a_mailbox_are_refused_also_when_only_one_of_them_is_chosen() {
    let stage = two_companies();
    for (user, other) in
        [("ann@a.example", "line 1 and line 2 (ann@b.example)"), ("ann@b.example", "line 2 and line 1 (ann@a.example)")]
    {
        let ended = migrate_only(&stage, user, &[]);
        assert_eq!((ended.code, ended.accounts()), (Some(1), [0, 0, 1, 0]), "{ended:?}");
        assert!(ended.stdout.contains("mailbox_shared") && ended.stdout.contains(other), "{ended:?}");
    }
    assert_eq!(stage.target.messages("ann"), 0);
}

#[test]
fn people_who_share_a_mailbox_on_purpose_are_migrated_one_by_one() {
    let stage = two_companies();
    for user in ["ann@a.example", "ann@b.example"] {
        let ended = migrate_only(&stage, user, &["--allow-shared-mailboxes"]);
        assert_eq!((ended.code, ended.accounts()), (Some(0), [1, 0, 0, 0]), "{ended:?}");
    }
    assert_eq!(stage.target.messages("ann"), 4);
}
