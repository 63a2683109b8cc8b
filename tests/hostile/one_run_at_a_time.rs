//! Two runs on one mailbox at a time, from one computer or from two: nothing is duplicated silently, and each can be completed later.

use super::between::{Fate, Tamper};
use super::identity::stage;
use super::stage::{ANN, Stage, kinds, message, problems};
use kimt::domain::ProblemKind;
use kimt::progress::{AccountEnd, RunKind, RunState, Verdict};
use kimt::rehearsal::Profile;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

#[test]
fn a_second_run_of_a_mailbox_on_this_computer_is_refused_and_harms_nothing() {
    let mut stage = stage();
    let (begun, go_on) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (reached, wait) = (begun.clone(), go_on.clone());
    stage.target.tamper(Tamper::commands(move |command| {
        if command.name == "APPEND" && !reached.swap(true, Ordering::SeqCst) {
            while !wait.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        Fate::Pass
    }));
    std::thread::scope(|scope| {
        let first = scope.spawn(|| stage.migrate());
        while !begun.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
        let second = stage.migrate();
        assert_eq!(second.count_ended(AccountEnd::Failed), 1);
        assert_eq!(kinds(&second).into_iter().collect::<Vec<_>>(), [ProblemKind::MailboxInUse]);
        go_on.store(true, Ordering::SeqCst);
        stage.assert_complete(&first.join().unwrap());
    });
}

/// Runs a mailbox from two computers at the same time, and what is missing then from each.
fn run_from_two_computers(stage: &Stage, delay_second: impl FnOnce() + Send) -> [RunState; 2] {
    let other = tempfile::tempdir().unwrap();
    let runs = std::thread::scope(|scope| {
        let first = scope.spawn(|| stage.migrate());
        let second = scope.spawn(|| {
            delay_second();
            stage.run_in(RunKind::Migrate, other.path())
        });
        [first.join().unwrap(), second.join().unwrap()]
    });
    // Whichever continues later brings what is missing, and nothing twice.
    for folder in [stage.folder.path(), other.path()] {
        let again = stage.run_in(RunKind::Migrate, folder);
        assert_eq!(again.verdict(), Verdict::AllComplete, "{:?}", problems(&again));
    }
    runs
}

#[test]
fn two_runs_of_a_mailbox_from_two_computers_double_a_message_or_two_at_most_and_say_so() {
    for target in [Profile::Rich, Profile::Bare] {
        let mut stage = Stage::between(Profile::Rich, target).fill(1_500);
        // Who came second waits three times as long for the first to go on, which on a busy machine takes a while.
        stage.patience.quiet = Duration::from_secs(1);
        let runs = run_from_two_computers(&stage, || {});
        let reported: Vec<_> = runs.iter().map(problems).collect();
        // Without UIDPLUS neither knows who was first.
        assert!(
            target == Profile::Bare || runs.iter().any(|run| run.verdict() == Verdict::AllComplete),
            "{reported:?}"
        );
        let doubled = stage.target.mail().messages() - 1_500;
        // Without UIDPLUS each asks by content whose message came first, and may have sent its second one by then.
        let most = if target == Profile::Bare { 2 } else { 1 };
        assert!(doubled <= most, "{doubled} {reported:?}");
        let says = |kind| runs.iter().any(|run| kinds(run).contains(&kind));
        assert!(doubled == 0 || says(ProblemKind::MailboxInUse) && says(ProblemKind::MessageDoubled), "{reported:?}");
    }
}

#[test]
fn of_two_runs_that_send_their_first_message_at_the_same_moment_one_continues() {
    let mut stage = Stage::between(Profile::Rich, Profile::Rich).fill(1_500);
    stage.patience.quiet = Duration::from_secs(1);
    let (appends, both_are_there) = (AtomicUsize::new(0), Barrier::new(2));
    stage.target.tamper(Tamper::commands(move |command| {
        if command.name == "APPEND" && appends.fetch_add(1, Ordering::SeqCst) < 2 {
            both_are_there.wait();
        }
        Fate::Pass
    }));
    let runs = run_from_two_computers(&stage, || {});
    let mut verdicts = runs.iter().map(|run| run.verdict() == Verdict::AllComplete).collect::<Vec<_>>();
    verdicts.sort_unstable();
    assert_eq!(verdicts, [false, true]);
    let reported: BTreeSet<_> = runs.iter().flat_map(kinds).collect();
    assert!(
        reported.contains(&ProblemKind::MailboxInUse) && reported.contains(&ProblemKind::MessageDoubled),
        "{reported:?}"
    );
    assert_eq!(stage.target.mail().messages(), 1_501);
}

#[test]
fn a_run_from_another_computer_in_the_middle_of_the_first_is_refused_and_doubles_nothing() {
    let mut stage = Stage::between(Profile::Rich, Profile::Rich).fill(6_000);
    stage.patience.quiet = Duration::from_millis(500);
    let appends = Arc::new(AtomicUsize::new(0));
    let seen = appends.clone();
    stage.target.tamper(Tamper::commands(move |command| {
        if command.name == "APPEND" {
            seen.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(200));
        }
        Fate::Pass
    }));
    let runs = run_from_two_computers(&stage, || {
        while appends.load(Ordering::SeqCst) < 4 {
            std::thread::sleep(Duration::from_millis(5));
        }
    });
    assert_eq!(runs[0].verdict(), Verdict::AllComplete, "{:?}", problems(&runs[0]));
    assert!(kinds(&runs[1]).contains(&ProblemKind::MailboxInUse), "{:?}", problems(&runs[1]));
    assert_eq!(stage.target.mail().messages(), 6_000);
}

#[test]
fn runs_by_turns_from_two_computers_double_nothing() {
    for target in [Profile::Rich, Profile::Bare] {
        let stage = Stage::between(Profile::Rich, target).fill(30);
        let other = tempfile::tempdir().unwrap();
        for (turn, new) in [(0, 0), (1, 4), (0, 3), (1, 0), (0, 2)] {
            stage.source.store().add_generated(ANN, "INBOX", new, 600, 7_000 + u64::from(new)).unwrap();
            let folder = if turn == 0 { stage.folder.path() } else { other.path() };
            stage.assert_complete(&stage.run_in(RunKind::Migrate, folder));
        }
    }
}

#[test]
fn what_another_run_puts_into_a_later_folder_while_earlier_ones_are_copied_is_not_doubled() {
    // More folders than are copied together, and one whose turn comes when it was looked at long ago.
    const FOLDERS: u32 = 201;
    let mut stage = Stage::between(Profile::Rich, Profile::Rich);
    let mail = |number: u32| message(&format!("Subject: {number}\r\n\r\ntext\r\n"));
    let name = |number: u32| format!("Folder {number:03}");
    for number in 1..=FOLDERS {
        stage.source.store().create_folder(ANN, &name(number)).unwrap();
        stage.source.store().add(ANN, &name(number), mail(number)).unwrap();
    }
    let (there, begun) = (stage.target.server.store().clone(), AtomicBool::new(false));
    stage.target.tamper(Tamper::commands(move |command| {
        if command.name == "APPEND" && !begun.swap(true, Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(10_200));
            there.add(ANN, &name(FOLDERS), mail(FOLDERS)).unwrap();
        }
        Fate::Pass
    }));
    let state = stage.migrate();
    stage.assert_complete(&state);
    assert_eq!(state.tally.copied.messages, u64::from(FOLDERS) - 1);
}
