//! Two computers that migrate one mailbox at the same time, each with a record of its own: whatever the target announces, nothing is doubled
//! in silence, nothing is lost, and both can be completed later.

use super::between::{Fate, Tamper};
use super::lying::{EVERY_WAY, WITH_UIDS, WITHOUT_UIDS, with_next};
use super::stage::{ANN, Stage, problems, scratch};
use kimt::domain::{Digest, ProblemKind};
use kimt::progress::{RunKind, RunState, Verdict};
use kimt::rehearsal::{Profile, Snapshot};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const FOLDERS: [(&str, u32); 3] = [("Archive", 30), ("INBOX", 40), ("Work", 20)];

/// How many messages of each content are in each folder.
fn tally(mail: &Snapshot) -> BTreeMap<(Vec<u8>, Digest), i64> {
    let mut tally = BTreeMap::new();
    for (name, folder) in &mail.folders {
        for message in &folder.messages {
            *tally.entry((name.clone(), message.digest)).or_default() += 1;
        }
    }
    tally
}

/// How many messages are missing on the target, and how many are there more than once.
fn missing_and_doubled(stage: &Stage) -> (i64, i64) {
    let (here, there) = (tally(&stage.source.mail()), tally(&stage.target.mail()));
    let lacking = here.iter().map(|(key, count)| (count - there.get(key).copied().unwrap_or(0)).max(0)).sum();
    let doubled = there.iter().map(|(key, count)| (count - here.get(key).copied().unwrap_or(0)).max(0)).sum();
    (lacking, doubled)
}

/// How many messages a run says are there twice.
fn named_as_doubled(state: &RunState) -> i64 {
    let problems = state.accounts.iter().flat_map(|account| &account.problems);
    let doubled = problems.filter(|(_, problem)| problem.kind == ProblemKind::MessageDoubled);
    doubled.map(|(_, problem)| problem.count as i64).sum()
}

fn stage(capabilities: &'static str, next: Option<Option<u32>>) -> (Stage, Arc<AtomicUsize>) {
    let mut stage = Stage::between(Profile::Rich, Profile::Rich);
    for ((folder, messages), seed) in FOLDERS.into_iter().zip(1..) {
        let _ = stage.source.store().create_folder(ANN, folder);
        stage.source.store().add_generated(ANN, folder, messages, 600, seed * 1_000).unwrap();
    }
    let appends = Arc::new(AtomicUsize::new(0));
    let seen = appends.clone();
    let count = move |command: &super::between::Command| {
        if command.name == "APPEND" {
            seen.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(2));
        }
        Fate::Pass
    };
    let tamper = Tamper::commands(count).offering(capabilities);
    stage.target.tamper(tamper.answering(move |answer| next.map_or(Fate::Pass, |next| with_next(answer, next))));
    (stage, appends)
}

#[test]
fn two_computers_at_once_double_nothing_in_silence_and_are_completed_later_whatever_the_target_announces() {
    for capabilities in [WITH_UIDS, WITHOUT_UIDS] {
        let announced = [None, Some(Some(1)), Some(Some(4_000_000_000)), Some(None)];
        for (next, verify) in announced.into_iter().zip(EVERY_WAY.into_iter().cycle()) {
            {
                for begins_at in [0, 1, 25, 60] {
                    let (mut stage, appends) = stage(capabilities, next);
                    stage.verify = verify;
                    let shown = format!("{capabilities} {next:?} {verify:?} {begins_at}");
                    let other = scratch();
                    let mut runs = std::thread::scope(|scope| {
                        let first = scope.spawn(|| stage.migrate());
                        let second = scope.spawn(|| {
                            while appends.load(Ordering::SeqCst) < begins_at {
                                std::thread::sleep(Duration::from_millis(1));
                            }
                            stage.run_in(RunKind::Migrate, other.path())
                        });
                        vec![first.join().unwrap(), second.join().unwrap()]
                    });
                    let (missing, _) = missing_and_doubled(&stage);
                    let complete = runs.iter().any(|run| run.verdict() == Verdict::AllComplete);
                    assert!(missing == 0 || !complete, "{shown}: {missing} missing, and complete");
                    for folder in [stage.folder.path(), other.path(), stage.folder.path()] {
                        let again = stage.run_in(RunKind::Migrate, folder);
                        assert_eq!(again.verdict(), Verdict::AllComplete, "{shown}: {:?}", problems(&again));
                        runs.push(again);
                    }
                    assert_eq!(runs[4].tally.copied.messages, 0, "{shown}: the last run copied");
                    let (missing, doubled) = missing_and_doubled(&stage);
                    let named: i64 = runs.iter().map(named_as_doubled).sum();
                    let said: Vec<_> = runs.iter().map(problems).collect();
                    assert_eq!(missing, 0, "{shown}: {said:?}");
                    assert!(named >= doubled, "{shown}: {doubled} doubled, {named} named: {said:?}");
                }
            }
        }
    }
}
