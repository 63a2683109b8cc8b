//! What the machines of a fleet keep to together, what the one report knows of the servers, and a database that asks for a password or fails
//! over to its standby; how fast many machines are over a far line.

use super::fleet::Field;
use super::postgres::{Line, Postgres};
use super::stage::{Running, Stage, finish, kimt, until};
use kimt::rehearsal::{Action, Link, LinkOptions, Moment, Step};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

#[test]
fn a_limit_of_speed_holds_over_all_machines() {
    const BYTES: u64 = 4 * 30 * 8000;
    let field = Field::new(4, 1);
    for (number, (user, _)) in field.stage.accounts.iter().enumerate() {
        field.stage.source.store().add_generated(user, "INBOX", 30, 8000, 700_000 + number as u64 * 1000).unwrap();
    }
    let made = finish(field.creation("uni").args(["--max-rate-target", "100 kB/s", "--verify", "none"]));
    assert_eq!(made.code, Some(0), "{made:?}");
    field.ordered("migrate", &[]);
    let gate = field.stage.target.hold_after(0);
    let workers = ["one", "two"].map(|machine| field.start(machine));
    until("both work", || field.at_work() == 2);
    // By then each knows its share.
    std::thread::sleep(Duration::from_secs(3));
    let began = Instant::now();
    gate.open();
    for ended in workers.map(Running::finish) {
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.messages()[0] > 30, "each did its share: {ended:?}");
    }
    // Each machine by itself would have been allowed all of it, and half the time would have been enough.
    let least = Duration::from_secs_f64(BYTES as f64 / 100_000.0 * 0.8);
    assert!(began.elapsed() >= least, "{:?} instead of {least:?}", began.elapsed());
    field.assert_complete();
}

#[test]
fn accounts_that_may_share_a_mailbox_come_one_after_the_other_over_all_machines_too() {
    let field = Field::new(1, 4);
    let (first, password) = field.stage.accounts[0].clone();
    let second = first.replace("example.com", "other.example");
    field.stage.source.store().create_user(&[&second], &password).unwrap();
    for user in [&first, &second] {
        field.stage.source.store().add_generated(user, "INBOX", 25, 500, 800_000).unwrap();
    }
    let (name, _) = first.split_once('@').unwrap();
    field.stage.target.store().create_user(&[name], &password).unwrap();
    field.stage.write_csv(&format!("{first};\"{password}\";\n{second};\"{password}\";\n"));
    let made = finish(field.creation("uni").args(["--target-name-form", "local", "--allow-shared-mailboxes"]));
    assert_eq!(made.code, Some(0), "{made:?}");
    field.ordered("migrate", &[]);
    let gate = field.stage.target.hold_after(0);
    let workers = ["one", "two"].map(|machine| field.start(machine));
    let turn = "SELECT count(*) FROM kimt.errand WHERE holder IS NOT NULL";
    until("one has begun", || field.count(turn) == 1);
    until("the other was put back", || field.watch()["accounts"]["due_later"].as_u64() == Some(1));
    gate.open();
    for ended in workers.map(Running::finish) {
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
    let (ended, _) = field.report();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    // What both have is there once.
    assert_eq!(field.stage.target.messages(name), field.stage.source.messages(&first));
    assert_eq!(field.count(turn), 0);
}

#[test]
fn the_one_report_names_the_products_and_each_account_its_machine() {
    let field = Field::with_fleet(2, 3);
    field.ordered("migrate", &[]);
    let (_, before) = field.report();
    assert_eq!(before["products"].as_object().map(|products| products.len()), Some(0), "{before}");
    assert_eq!(field.start("one").finish().code, Some(0));
    let (_, report) = field.report();
    for side in ["source", "target"] {
        assert!(report["products"][side].as_str().is_some_and(|product| !product.is_empty()), "{report}");
    }
    let dump = field.postgres.dump(&field.ledger);
    let product = report["products"]["source"].as_str().unwrap();
    assert!(!dump.contains(product), "sealed");
}

#[test]
fn a_database_with_a_password_is_told_it_by_the_environment_or_a_private_file_only() {
    let field = Field::on(Arc::new(Postgres::start()), 1, 1);
    field.create();
    field.sql("ALTER USER kimt PASSWORD 'ganz-geheim'");
    field.sql("DO $$ BEGIN EXECUTE format('COPY (SELECT ''local all all scram-sha-256'') TO %L', current_setting('hba_file')); END $$");
    field.sql("SELECT pg_reload_conf()");
    let watch = || field.command("watch", &["--once"]);
    until("it asks", || finish(&mut watch()).code == Some(3));
    let said = |program: &mut Command, code: i32, words: &str| {
        let ended = finish(program);
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert!(ended.stderr.contains(words) || ended.stdout.contains(words), "{words}: {ended:?}");
        assert!(!format!("{ended:?}").contains("geheim"), "{ended:?}");
    };
    said(&mut watch(), 3, "asks for a password; put it into PGPASSWORD");
    said(watch().env("PGPASSWORD", "falsch"), 3, "refused the name or the password");
    said(watch().env("PGPASSWORD", "ganz-geheim"), 1, "nothing begun");
    let file = field.stage.folder.path().join("pgpass");
    std::fs::write(&file, "other:1:a:b:c\n*:*:*:kimt:ganz-geheim\n").unwrap();
    let mode = |mode: u32| {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
    };
    mode(0o644);
    said(watch().env("PGPASSFILE", &file), 2, "can be read by others");
    mode(0o600);
    said(watch().env("PGPASSFILE", &file), 1, "nothing begun");
}

#[test]
fn what_is_wrong_with_a_fleet_for_the_window_is_said_before_a_window_opens() {
    let field = Field::with_fleet(1, 1);
    let key = field.key().display().to_string();
    for (more, words) in [
        (vec!["--window"], "--key-file"),
        (vec!["--window", "--json", "--key-file", &key], "--json"),
        (vec!["--window", "--key-file", "/nowhere/uni.key"], "cannot be read"),
        (vec!["--key-file", &key], "--window"),
    ] {
        let ended = field.run("watch", &more);
        assert_eq!(ended.code, Some(2), "{more:?}: {ended:?}");
        assert!(ended.stderr.contains(words), "{words}: {ended:?}");
    }
    let password = "postgres://kimt:geheim@db/kimt";
    let ended = finish(kimt().args(["fleet", "watch", "--window", "--key-file", &key, "--ledger", password]));
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(!format!("{ended:?}").contains("geheim"), "{ended:?}");
}

#[test]
fn a_limit_below_what_keeps_a_connection_alive_and_a_port_to_be_moved_are_refused_when_the_fleet_is_made() {
    let field = Field::new(1, 1);
    let mut kerio =
        field.command("create", &["--name", "uni", "--target", "kerio.example.com:8143", "--admin-user", "admin"]);
    kerio.env("KIMT_ADMIN_PASSWORD", "geheim").args(["--source", "old.example.com", "--key-file"]).arg(field.key());
    let ended = finish(kerio.arg("--accounts").arg(field.stage.csv_path()));
    assert_eq!(ended.code, Some(2), "{ended:?}");
    for words in ["A fleet does not move the port", "kerio.example.com", "8143"] {
        assert!(ended.stderr.contains(words), "{words}: {ended:?}");
    }
    assert!(!field.key().exists(), "no key is left behind");
}

#[test]
fn a_standby_that_is_promoted_while_machines_work_costs_no_message_and_doubles_none() {
    let primary = Arc::new(Postgres::start());
    let mut field = Field::on(primary.clone(), 3, 40);
    let standby = primary.standby();
    // An address that stays, as a proxy or a name in the DNS is.
    let now = field.stage.folder.path().join("now");
    std::os::unix::fs::symlink(primary.socket(), &now).unwrap();
    let name = field.ledger.rsplit('/').next().unwrap().to_owned();
    field.ledger = format!("postgres://kimt@{}/{name}", now.display().to_string().replace('/', "%2F"));
    field.create();
    field.ordered("migrate", &[]);
    let gate = field.stage.target.hold_after(31);
    let lease = ["--jobs", "2", "--lease", "20000"];
    let workers = ["one", "two"].map(|machine| Running::start(&mut field.worker(machine, &lease)));
    until("something arrives", || field.arrived() == 31);
    primary.crash();
    std::fs::remove_file(&now).unwrap();
    std::os::unix::fs::symlink(standby.socket(), &now).unwrap();
    standby.connect(&name).batch_execute("SELECT pg_promote()").unwrap();
    gate.open();
    for ended in workers.map(Running::finish) {
        assert!(matches!(ended.code, Some(0 | 3 | 5)), "{ended:?}");
    }
    // They have ended, so that nobody needs to wait for them.
    field.sql("UPDATE kimt.store SET closed_until = clock_timestamp(); UPDATE kimt.job SET due = '-infinity'");
    let last = field.start("last").finish();
    assert_eq!(last.code, Some(0), "{last:?}");
    field.assert_complete();
}

#[test]
fn a_line_to_the_database_that_is_cut_again_and_again_is_waited_for_and_nothing_is_lost_or_doubled() {
    const CUTS: usize = 12;
    let mut field = Field::on(Arc::new(Postgres::start()), 3, 40);
    field.create();
    field.ordered("migrate", &[]);
    let direct = field.ledger.clone();
    let line = Line::to(&field.postgres);
    field.ledger = line.address(&direct);
    let gate = field.stage.target.hold_after(10);
    let workers = ["one", "two"].map(|machine| field.start(machine));
    for cut in 1..=CUTS {
        until("they continue after each cut", || field.arrived() >= cut * 10);
        if cut % 2 == 0 {
            line.cut()
        } else {
            line.reset()
        }
        gate.allow(10);
    }
    // Faster than anybody connects again, while the target would take everything.
    gate.open();
    let end = Instant::now() + Duration::from_secs(4);
    while Instant::now() < end {
        line.cut();
        std::thread::sleep(Duration::from_millis(5));
    }
    for ended in workers.map(Running::finish) {
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
    field.ledger = direct;
    field.assert_complete();
}

#[test]
fn an_account_whose_server_asks_to_wait_is_kept_and_its_machine_takes_others_meanwhile() {
    let field = Field::with_fleet(4, 3);
    field.ordered("migrate", &[]);
    let slow = field.stage.user(1).to_owned();
    let asks = Arc::new(AtomicBool::new(true));
    let still = asks.clone();
    field.stage.target.imap.set_faults(Some(Arc::new(move |step: &Step<'_>| match step.moment {
        Moment::Received { command: "APPEND" } if step.user == slow && still.load(Ordering::SeqCst) => {
            Action::Answer("NO [UNAVAILABLE] Request is throttled. Suggested Backoff Time: 20000 milliseconds".into())
        }
        _ => Action::Proceed,
    })));
    let running = Running::start(&mut field.worker("one", &["--jobs", "1"]));
    until("the others are complete", || field.count("SELECT count(*) FROM kimt.job WHERE outcome = 'complete'") == 3);
    assert_eq!(field.at_work(), 1, "the first is kept");
    asks.store(false, Ordering::SeqCst);
    let ended = running.finish();
    assert_eq!((ended.code, ended.accounts()[0]), (Some(0), 4), "{ended:?}");
    field.assert_complete();
}

/// In the measurement over a far line, each with 120 messages.
const MAILBOXES: u32 = 40;

/// Seconds that so many processes with one job each take for them over a line of 50 ms.
fn over_a_far_line(processes: usize) -> f64 {
    let mut stage = Stage::new(MAILBOXES, 60);
    let far = LinkOptions { round_trip: Duration::from_millis(50), ..LinkOptions::default() };
    let links = [Link::start(stage.source.port, far).unwrap(), Link::start(stage.target.port, far).unwrap()];
    (stage.source.port, stage.target.port) = (links[0].port(), links[1].port());
    let mut field = Field::new(1, 1);
    field.stage = stage;
    field.create();
    field.ordered("migrate", &[]);
    let began = Instant::now();
    let workers: Vec<Running> = (0..processes)
        .map(|number| Running::start(&mut field.worker(&format!("m{number}"), &["--jobs", "1"])))
        .collect();
    for ended in workers.into_iter().map(Running::finish) {
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
    let took = began.elapsed().as_secs_f64();
    field.assert_complete();
    took
}

/// The figures of docs/fleet.md. On a machine that is busy with other things they say little.
#[test]
#[ignore = "it measures, and wants a machine of its own"]
fn eight_processes_over_a_far_line_and_the_cost_of_the_database() {
    let (one, eight) = (over_a_far_line(1), over_a_far_line(8));
    println!(
        "50 ms away, {MAILBOXES} mailboxes: one process {one:.1} s, eight {eight:.1} s: {:.1} times as fast",
        one / eight
    );
    let postgres = Postgres::start();
    let mut took = [Vec::new(), Vec::new()];
    for round in 0..5 {
        for (shared, seconds) in took.iter_mut().enumerate() {
            let stage = Stage::new(1, 1500);
            let ledger = postgres.database();
            // The tables are made once, not for each mailbox.
            assert_eq!(finish(kimt().args(["fleet", "upgrade", "--ledger", &ledger])).code, Some(0));
            let more = if shared == 1 { vec!["--ledger", ledger.as_str()] } else { Vec::new() };
            let began = Instant::now();
            let ended = stage.run("migrate", &more);
            seconds.push(began.elapsed().as_secs_f64());
            assert_eq!(ended.code, Some(0), "{round}: {ended:?}");
        }
    }
    let [file, database] = took.map(|seconds| seconds.into_iter().fold(f64::INFINITY, f64::min));
    println!(
        "a mailbox of 3,000 messages: {file:.2} s with a file, {database:.2} s with a database: {:+.1} %",
        (database / file - 1.0) * 100.0
    );
}
