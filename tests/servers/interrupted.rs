//! Servers killed in the middle of a run, and runs cut off: every message arrives, once.

use crate::support::comparison::{Differences, compare};
use crate::support::corpus;
use crate::support::dovecot::{Dovecot, DovecotSettings, Storage};
use crate::support::imap_client::ImapClient;
use crate::support::run::{Migration, Place, problems};
use kimt::domain::{ProblemKind, Security};
use kimt::migrate::Run;
use kimt::progress::{RunState, Verdict};
use std::time::{Duration, Instant};

const ANN: (&str, &str) = ("ann@example.com", "secret");
const MESSAGES: usize = 1500;

fn servers(storage: Storage) -> (Dovecot, Dovecot) {
    let settings = DovecotSettings { storage, ..DovecotSettings::default() };
    let (source, target) = (Dovecot::start(&settings), Dovecot::start(&settings));
    source.add_user(ANN.0, ANN.1);
    target.add_user(ANN.0, ANN.1);
    assert_eq!(ImapClient::sign_in(source.port, ANN.0, ANN.1).fill(&corpus::ordinary(MESSAGES)), []);
    (source, target)
}

/// A migration that is not through before it is cut off.
fn slow(source: Place, target: Place) -> Migration {
    let mut migration = Migration::new(source, target, &[ANN]);
    migration.max_rate = Some(200_000);
    migration
}

/// Waits until `messages` are copied; panics when the run ended before, as the test then tests nothing.
fn wait_until_copied(run: &Run, messages: u64) {
    let begun = Instant::now();
    while run.state().lock().unwrap().tally.copied.messages < messages {
        assert!(!run.is_finished() && begun.elapsed() < Duration::from_secs(60), "the run ended too early");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Flags that a killed target had not written yet are its own loss, and each message that lost some is counted in the report.
fn assert_each_once_on_killed(source: &Dovecot, target: &Dovecot, state: &RunState) {
    let mut differences = differences(source, target);
    let flags = std::mem::take(&mut differences.flags);
    assert_eq!(differences, Differences::default());
    let problems = state.accounts.iter().flat_map(|account| &account.problems).map(|(_, problem)| problem);
    let reported = problems.filter(|problem| problem.kind == ProblemKind::KeywordsDropped).map(|problem| problem.count);
    assert_eq!(reported.sum::<u64>(), flags.len() as u64, "{flags:?}");
}

fn assert_each_once(source: &Dovecot, target: &Dovecot) {
    assert_eq!(differences(source, target), Differences::default());
}

fn differences(source: &Dovecot, target: &Dovecot) -> Differences {
    let read = |dovecot: &Dovecot| ImapClient::sign_in(dovecot.port, ANN.0, ANN.1).read_all();
    let source = read(source);
    assert_eq!(source.message_count(), MESSAGES);
    compare(&source, &read(target), |path| Some(path.clone()))
}

#[test]
fn a_target_that_is_killed_and_comes_back_has_every_message_once() {
    // Over one connection to the target, and over two.
    for (storage, second_connection_from) in
        [(Storage::MaildirPlusPlus, u64::MAX), (Storage::Sdbox, u64::MAX), (Storage::MaildirPlusPlus, 0)]
    {
        let (source, mut target) = servers(storage);
        let (from, to) = (Place::of(&source, Security::Plain), Place::of(&target, Security::Plain));
        let mut migration = slow(from, to);
        migration.second_connection_from = second_connection_from;
        let run = migration.start();
        wait_until_copied(&run, 250);
        target.kill();
        std::thread::sleep(Duration::from_millis(300));
        target.restart();
        let state = run.wait();
        assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", problems(&state));
        assert_each_once_on_killed(&source, &target, &state);
    }
}

#[test]
fn a_source_that_is_killed_and_comes_back_loses_no_message() {
    let (mut source, target) = servers(Storage::Sdbox);
    let (from, to) = (Place::of(&source, Security::Tls), Place::of(&target, Security::Tls));
    let migration = slow(from, to);
    let run = migration.start();
    wait_until_copied(&run, 250);
    source.kill();
    std::thread::sleep(Duration::from_millis(300));
    source.restart();
    let state = run.wait();
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", problems(&state));
    assert_each_once(&source, &target);
}

#[test]
fn a_run_cut_off_again_and_again_copies_every_message_once() {
    let (source, target) = servers(Storage::Sdbox);
    let (from, to) = (Place::of(&source, Security::Plain), Place::of(&target, Security::Plain));
    let migration = slow(from, to);
    for _ in 0..3 {
        let run = migration.start();
        wait_until_copied(&run, 100);
        run.stop_now();
        assert_eq!(run.wait().verdict(), Verdict::Stopped);
    }
    let last = migration.run();
    assert_eq!(last.verdict(), Verdict::AllComplete, "{:?}", problems(&last));
    assert_each_once(&source, &target);
}

#[test]
fn both_servers_killed_while_a_run_is_cut_off_leave_every_message_once() {
    let (mut source, mut target) = servers(Storage::MaildirPlusPlus);
    let (from, to) = (Place::of(&source, Security::Plain), Place::of(&target, Security::Plain));
    let migration = slow(from, to);
    let run = migration.start();
    wait_until_copied(&run, 400);
    source.kill();
    target.kill();
    run.stop_now();
    run.wait();
    source.restart();
    target.restart();
    let last = migration.run();
    assert_eq!(last.verdict(), Verdict::AllComplete, "{:?}", problems(&last));
    assert_each_once_on_killed(&source, &target, &last);
}
