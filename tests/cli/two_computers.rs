//! Two processes with a record each migrate the same mailboxes at the same time, as two administrators do from their two computers.

use super::stage::{Outcome, Server, Stage, finish, kimt};
use kimt::rehearsal::{ImapOptions, Layout, Profile};
use std::collections::BTreeMap;
use std::time::Duration;

const ACCOUNTS: u32 = 3;

/// Runs on the computer of that number.
fn run(stage: &Stage, computer: u32) -> Outcome {
    let folder = stage.folder.path().join(format!("computer-{computer}"));
    let mut program = kimt();
    program.arg("migrate").arg("--state-dir").arg(folder.join("state")).arg("--log-dir").arg(folder.join("logs"));
    program.args(stage.servers()).arg("--accounts").arg(stage.csv_path()).arg("--json").env("HOME", &folder);
    finish(&mut program)
}

/// How many messages of a mailbox are missing on the target, and how many are there more than once.
fn missing_and_doubled(stage: &Stage, user: &str) -> [usize; 2] {
    let [here, there] = [&stage.source, &stage.target].map(|server| {
        let mut tally = BTreeMap::new();
        for (name, folder) in server.store().snapshot(user).unwrap().folders {
            for message in folder.messages {
                *tally.entry((name.clone(), message.digest)).or_insert(0_usize) += 1;
            }
        }
        tally
    });
    let surplus = |of: &BTreeMap<_, usize>, over: &BTreeMap<_, usize>| {
        of.iter().map(|(key, count)| count.saturating_sub(over.get(key).copied().unwrap_or(0))).sum()
    };
    [surplus(&here, &there), surplus(&there, &here)]
}

#[test]
fn two_processes_on_the_same_mailboxes_double_one_message_of_each_at_most_and_name_it() {
    for without in [vec![], vec!["UIDPLUS"]] {
        let mut stage = Stage::new(ACCOUNTS, 40);
        let options = ImapOptions { without: without.clone(), ..ImapOptions::new(Profile::Typical) };
        stage.target = Server::start_with(options, Layout::SLASH);
        for (address, password) in &stage.accounts {
            stage.target.store().create_user(&[address], password).unwrap();
        }
        stage.target.slow_down(Duration::from_millis(3));
        let mut runs = std::thread::scope(|scope| {
            let runs = [1, 2].map(|computer| {
                scope.spawn({
                    let stage = &stage;
                    move || run(stage, computer)
                })
            });
            runs.map(|run| run.join().unwrap()).to_vec()
        });
        stage.target.hurry();
        for ended in &runs {
            assert!(matches!(ended.code, Some(0 | 1)), "{without:?}: {ended:?}");
        }
        for computer in [1, 2, 1, 2] {
            runs.push(run(&stage, computer));
        }
        for last in &runs[4..] {
            assert_eq!((last.code, last.messages()[0]), (Some(0), 0), "{without:?}: {last:?}");
        }
        for (position, (user, _)) in stage.accounts.iter().enumerate() {
            let [missing, doubled] = missing_and_doubled(&stage, user);
            assert!(missing == 0 && doubled <= 1, "{without:?}: {missing} missing, {doubled} doubled");
            let names = |run: &Outcome| {
                let account = format!("\"account\":{position},");
                run.stdout.lines().any(|line| line.contains("\"message_doubled\"") && line.contains(&account))
            };
            assert!(
                doubled == 0 || runs.iter().any(names),
                "{without:?}: {user} has one twice, and nobody says so: {runs:?}"
            );
        }
    }
}
