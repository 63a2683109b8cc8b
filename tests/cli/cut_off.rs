//! Runs that do not come to their end: stopped by the user, killed, or started twice.

use super::stage::{Running, Stage, until};
use kimt::rehearsal::{Action, Moment, Step};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A stage on which a migration takes some seconds.
fn slow_stage() -> Stage {
    let stage = Stage::new(4, 100);
    stage.target.slow_down(Duration::from_millis(15));
    stage
}

fn arrived(stage: &Stage) -> usize {
    stage.accounts.iter().map(|(user, _)| stage.target.messages(user)).sum()
}

#[test]
fn a_stopped_run_ends_with_130_and_the_next_copies_only_the_rest() {
    for kind in ["-INT", "-TERM"] {
        let stage = slow_stage();
        let mut run = Running::start(&mut stage.command("migrate", &["--json", "--jobs", "2"]));
        until("something has arrived", || arrived(&stage) > 30);
        run.signal(kind);
        let ended = run.finish();
        assert_eq!(ended.code, Some(130), "{ended:?}");
        let copied = ended.messages()[0];
        assert_eq!(copied as usize, arrived(&stage), "what is in flight is settled");
        assert!(copied < 800, "{copied}");
        let report = ended.summary()["report"].as_str().unwrap().to_owned();
        assert!(std::path::Path::new(&report).is_file());
        stage.target.hurry();
        let rest = stage.run("migrate", &["--json"]);
        assert_eq!((rest.code, rest.messages()), (Some(0), [800 - copied, copied, 0]));
        stage.assert_equal();
    }
}

#[test]
fn a_signal_while_a_server_is_waited_for_ends_with_130_whenever_it_comes() {
    let stage = Stage::new(2, 2);
    // It hangs up at every folder, so that the run waits, tries again, and waits longer.
    stage.source.imap.set_faults(Some(Arc::new(|step: &Step<'_>| match step.moment {
        Moment::Received { command: "EXAMINE" } => Action::Cut,
        _ => Action::Proceed,
    })));
    for moment in 0..12 {
        let mut run = Running::start(&mut stage.command("migrate", &["--json"]));
        std::thread::sleep(Duration::from_millis(400 + moment * 130));
        run.signal("-INT");
        let ended = run.finish();
        assert_eq!(ended.code, Some(130), "{moment}: {ended:?}");
        let report = ended.summary()["report"].as_str().unwrap().to_owned();
        let report = std::fs::read_to_string(report).unwrap();
        assert!(!report.contains(" is running"), "the end of the run is in its report: {report}");
    }
}

#[test]
fn a_second_signal_cuts_the_connections_and_nothing_is_lost_or_doubled() {
    let stage = slow_stage();
    stage.target.slow_down(Duration::from_secs(2));
    let mut run = Running::start(&mut stage.command("migrate", &["--json"]));
    until("something has arrived", || arrived(&stage) > 2);
    run.signal("-INT");
    std::thread::sleep(Duration::from_millis(200));
    run.signal("-INT");
    assert_eq!(run.finish().code, Some(130));
    stage.target.hurry();
    assert_eq!(stage.run("migrate", &[]).code, Some(0));
    stage.assert_equal();
}

#[test]
fn a_third_signal_ends_the_program_at_once_whatever_it_waits_for() {
    let stage = Stage::new(1, 1);
    // Connections are taken up and never answered, which a run that is only being prepared waits out.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let (source, target) = (silent.local_addr().unwrap().to_string(), stage.target.address());
    let mut program = stage.bare("migrate");
    program.args(["--source", &source, "--target", &target, "--target-kind", "imap"]);
    let mut run = Running::start(program.arg("--accounts").arg(stage.csv_path()));
    let mut said = BufReader::new(run.child().stderr.take().unwrap()).lines().map(Result::unwrap);
    let _connection = silent.accept().unwrap();
    for answer in ["Stopping: ", "Cutting the connections.", "Not waiting any longer."] {
        run.signal("-INT");
        assert!(said.next().is_some_and(|line| line.starts_with(answer)), "{answer}");
    }
    let asked = Instant::now();
    assert_eq!(run.end().code(), Some(130));
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
}

#[test]
fn a_killed_run_is_continued_and_nothing_is_lost_or_doubled() {
    let stage = slow_stage();
    for arrivals in [20, 200, 500] {
        let mut run = Running::start(&mut stage.command("migrate", &["--jobs", "4"]));
        drop(run.child().stdout.take());
        until("something has arrived", || arrived(&stage) > arrivals);
        run.cut_off();
    }
    stage.target.hurry();
    let ended = stage.run("migrate", &["--json"]);
    assert_eq!((ended.code, ended.accounts()), (Some(0), [4, 0, 0, 0]), "{ended:?}");
    stage.assert_equal();
}

#[test]
fn a_second_instance_ends_with_3_and_leaves_the_first_alone() {
    let stage = slow_stage();
    let run = Running::start(&mut stage.command("migrate", &[]));
    until("something has arrived", || arrived(&stage) > 5);
    let second = stage.run("migrate", &[]);
    assert_eq!(second.code, Some(3), "{second:?}");
    assert!(second.stderr.contains("Another copy of this program is running"), "{}", second.stderr);
    stage.target.hurry();
    assert_eq!(run.finish().code, Some(0));
    stage.assert_equal();
    assert_eq!(stage.run("verify", &[]).code, Some(0), "the lock is free again");
}
