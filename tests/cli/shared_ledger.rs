//! Several machines with one ledger in a real PostgreSQL: each machine is a process with a state folder of its own.

use super::postgres::Postgres;
use super::stage::{Outcome, Running, Stage, finish, kimt, until};
use std::process::Command;
use std::time::Duration;

/// The migration as one of several machines runs it.
fn machine(stage: &Stage, number: usize, ledger: &str, more: &[&str]) -> Command {
    let folder = stage.folder.path().join(format!("machine-{number}"));
    let mut program = kimt();
    program.arg("migrate").arg("--state-dir").arg(folder.join("state")).arg("--log-dir").arg(folder.join("logs"));
    program
        .args(stage.servers())
        .arg("--accounts")
        .arg(stage.csv_path())
        .args(["--json", "--ledger", ledger])
        .args(more);
    program.env("HOME", &folder).env_remove("PGPASSWORD").env_remove("PGPASSFILE");
    program
}

fn run(stage: &Stage, number: usize, ledger: &str) -> Outcome {
    finish(&mut machine(stage, number, ledger, &[]))
}

#[test]
fn what_one_machine_copied_the_next_knows() {
    let postgres = Postgres::shared();
    let ledger = postgres.database();
    let stage = Stage::new(2, 20);
    assert_eq!(run(&stage, 1, &ledger).code, Some(0));
    stage.assert_equal();
    let second = run(&stage, 2, &ledger);
    assert_eq!(second.code, Some(0), "{second:?}");
    assert_eq!(second.messages()[0], 0, "{second:?}");
    assert!(!second.stdout.contains("history_unknown"), "it knew, and did not compare: {second:?}");
    stage.assert_equal();
    let dump = postgres.dump(&ledger);
    for word in stage.accounts.iter().flat_map(|(address, password)| [address, password]) {
        assert!(!dump.contains(word), "{word}");
    }
}

#[test]
fn machines_that_start_at_once_share_the_mailboxes_and_copy_each_message_once() {
    let postgres = Postgres::shared();
    let ledger = postgres.database();
    let stage = Stage::new(6, 25);
    stage.target.slow_down(Duration::from_millis(20));
    std::thread::scope(|scope| {
        let started: Vec<_> = (1..=4)
            .map(|number| {
                let (stage, ledger) = (&stage, &ledger);
                scope.spawn(move || run(stage, number, ledger))
            })
            .collect();
        for ended in started {
            let ended = ended.join().unwrap();
            assert!(matches!(ended.code, Some(0 | 1)), "{ended:?}");
        }
    });
    stage.target.hurry();
    let last = run(&stage, 5, &ledger);
    assert_eq!(last.code, Some(0), "{last:?}");
    stage.assert_equal();
}

#[test]
fn a_machine_that_was_killed_is_followed_by_another_when_its_lease_is_over_and_nothing_is_doubled() {
    let postgres = Postgres::shared();
    let ledger = postgres.database();
    let stage = Stage::new(1, 60);
    let gate = stage.target.hold_after(0);
    for number in 1..=3 {
        let before = stage.target.messages(stage.user(1));
        let running = Running::start(&mut machine(&stage, number, &ledger, &[]));
        gate.allow(10);
        until("something arrives", || stage.target.messages(stage.user(1)) > before + 5);
        running.cut_off();
        gate.open();
        until("its connections end", || stage.target.imap.connections() == 0);
        gate.close();
        let early = run(&stage, 10 + number, &ledger);
        assert_eq!(early.code, Some(1), "its lease still holds: {early:?}");
        assert!(early.stdout.contains("mailbox_in_use"), "{early:?}");
        let over = "UPDATE kimt.worker SET until = clock_timestamp() - interval '1 hour'";
        postgres.connect(&ledger).batch_execute(over).unwrap();
    }
    gate.open();
    let last = run(&stage, 4, &ledger);
    assert_eq!(last.code, Some(0), "{last:?}");
    stage.assert_equal();
}

#[test]
fn a_task_that_gets_one_mailbox_from_a_scheduler_holds_it_by_the_same_lease() {
    let postgres = Postgres::shared();
    let ledger = postgres.database();
    let stage = Stage::new(2, 40);
    let (first, second) = (stage.user(1), stage.user(2));
    let held = first.to_owned();
    let gate = stage.target.hold(4, move |step| step.user == held);
    let task = |number, user| machine(&stage, number, &ledger, &["--only", user]);
    let running = Running::start(&mut task(1, first));
    until("something arrives", || stage.target.messages(first) == 4);
    let twice = finish(&mut task(2, first));
    assert_eq!(twice.code, Some(1), "{twice:?}");
    assert!(twice.stdout.contains("mailbox_in_use"), "{twice:?}");
    let other = finish(&mut task(3, second));
    assert_eq!(other.code, Some(0), "{other:?}");
    gate.open();
    let ended = running.finish();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    stage.assert_equal();
}

#[test]
fn a_ledger_that_cannot_be_used_is_named_before_anything_is_sent() {
    let stage = Stage::new(1, 1);
    for (ledger, code, words) in [
        ("mysql://db/kimt", 2, "begins with postgres://"),
        ("postgres://kimt:geheim@db/kimt", 2, "password"),
        ("postgres://kimt@127.0.0.1:1/kimt", 3, "cannot be reached"),
    ] {
        let ended = run(&stage, 1, ledger);
        assert_eq!(ended.code, Some(code), "{ledger}: {ended:?}");
        assert!(ended.stderr.contains(words), "{ledger}: {ended:?}");
        assert!(!format!("{ended:?}").contains("geheim"), "{ended:?}");
    }
    assert_eq!(stage.source.imap.transcripts().len(), 0);
}
