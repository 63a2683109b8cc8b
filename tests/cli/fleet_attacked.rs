//! What happens to a fleet although nobody wants it: the database ends in the middle of a take-over, a machine has another fleet's key, a row
//! was altered, a second fleet is to get a name that is taken, and clocks are set.

use super::fleet::Field;
use super::postgres::Postgres;
use super::stage::{Running, finish, until};
use kimt::fleet::FleetKey;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

#[test]
fn a_database_that_ends_in_the_middle_of_a_take_over_costs_no_message_and_doubles_none() {
    let field = Field::on(Arc::new(Postgres::start()), 2, 40);
    field.create();
    field.ordered("migrate", &[]);
    let gate = field.stage.target.hold_after(10);
    let doomed = field.start("doomed");
    until("something arrives", || field.arrived() == 10);
    doomed.cut_off();
    gate.open();
    until("its connections end", || field.stage.target.imap.connections() == 0);
    // Whoever frees a row of this table, or takes one, stays in the middle of it.
    let name = field.ledger.rsplit('/').next().unwrap();
    let linger_at = |table: &str| field.sql(&format!("ALTER DATABASE {name} SET kimt.linger = '{table}'"));
    field.sql(
        "CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF current_setting('kimt.linger', true) = TG_TABLE_NAME THEN PERFORM pg_sleep(600); END IF; RETURN NEW; END $$;
         CREATE TRIGGER linger BEFORE UPDATE OF holder ON kimt.mailbox FOR EACH ROW EXECUTE FUNCTION linger();
         CREATE TRIGGER linger BEFORE UPDATE OF holder ON kimt.job FOR EACH ROW EXECUTE FUNCTION linger()",
    );
    linger_at("mailbox");
    field.end_leases();
    let heir = field.start("heir");
    for next in ["job", ""] {
        let lingering = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
        until("the take-over is under way", || field.count(lingering) > 0);
        linger_at(next);
        field.postgres.crash();
        field.postgres.run();
    }
    let ended = heir.finish();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    field.assert_complete();
}

#[test]
fn a_machine_with_another_key_and_a_second_fleet_of_one_name_are_refused_while_the_others_work() {
    let field = Field::with_fleet(2, 20);
    field.ordered("migrate", &[]);
    let gate = field.stage.target.hold_after(5);
    let one = field.start("one");
    until("something arrives", || field.arrived() == 5);
    let other = field.stage.folder.path().join("other.key");
    FleetKey::create(&other).unwrap();
    let stranger = finish(field.command("work", &["--machine", "stranger", "--key-file"]).arg(&other));
    assert_eq!(stranger.code, Some(3), "{stranger:?}");
    assert!(stranger.stderr.contains("not the one of the fleet 'uni'"), "{stranger:?}");
    let third = field.stage.folder.path().join("third.key");
    let mut namesake = field.command("create", &["--name", "uni", "--key-file"]);
    namesake.arg(&third).args(field.stage.servers()).arg("--accounts").arg(field.stage.csv_path());
    let namesake = finish(&mut namesake);
    gate.open();
    let ended = one.finish();
    assert_eq!(namesake.code, Some(3), "{namesake:?}");
    assert!(namesake.stderr.contains("has a fleet 'uni' already"), "{namesake:?}");
    assert!(!third.exists(), "no key is left behind that opens nothing");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    field.assert_complete();
}

#[test]
fn a_row_that_was_altered_fails_its_account_alone() {
    let field = Field::with_fleet(3, 5);
    field.ordered("migrate", &[]);
    field.sql("UPDATE kimt.job SET sealed = set_bit(sealed, 99, 1 - get_bit(sealed, 99)) WHERE ordinal = 0");
    let ended = field.start("one").finish();
    assert_eq!((ended.code, ended.accounts()[0]), (Some(0), 2), "{ended:?}");
    let watched = field.watch();
    assert_eq!(watched["accounts"]["failed"].as_u64(), Some(1), "{watched}");
    assert_eq!(field.arrived(), 20);
    // So is one whose report was altered, although it is complete. Both are named, and so are the others.
    field.sql("UPDATE kimt.job SET report = set_bit(report, 99, 1 - get_bit(report, 99)) WHERE ordinal = 1");
    let (ended, report) = field.report();
    assert_eq!((ended.code, ended.accounts()), (Some(1), [1, 0, 2, 0]), "{ended:?}");
    assert!(report.to_string().contains("Find out who changed the database"), "{report}");
    for number in [0, 1] {
        assert!(report.to_string().contains(&format!("job {number} in the database was altered")), "{report}");
    }
}

/// Debian's libfaketime, which shows a program the clock that a file says.
fn with_clock(program: &mut Command, clock: &Path) {
    let library =
        Path::new("/usr/lib").join(format!("{}-linux-gnu/faketime/libfaketimeMT.so.1", std::env::consts::ARCH));
    assert!(library.exists(), "libfaketime is missing: scripts/test --servers");
    program.env("LD_PRELOAD", library).env("FAKETIME_TIMESTAMP_FILE", clock);
    program.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
}

#[test]
fn a_clock_that_is_set_forward_ends_its_machine_and_one_that_is_set_back_changes_nothing() {
    let field = Field::with_fleet(4, 30);
    field.ordered("migrate", &[]);
    let gate = field.stage.target.hold_after(20);
    let clock = |machine: &str| field.stage.folder.path().join(format!("{machine}.clock"));
    let set = |machine: &str, offset: &str| std::fs::write(clock(machine), offset).unwrap();
    let [ahead, behind] = ["ahead", "behind"].map(|machine| {
        set(machine, "+0");
        let mut program = field.worker(machine, &["--jobs", "2"]);
        with_clock(&mut program, &clock(machine));
        Running::start(&mut program)
    });
    until("both work", || field.at_work() == 2 && field.arrived() == 20);
    set("ahead", "+3600");
    set("behind", "-3600");
    let ended = ahead.finish();
    assert_eq!(ended.code, Some(5), "{ended:?}");
    gate.open();
    // What the one left is free when its lease is over.
    field.sql("UPDATE kimt.worker SET until = clock_timestamp() - interval '1 hour' WHERE machine = 'ahead'");
    let ended = behind.finish();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    field.assert_complete();
}
