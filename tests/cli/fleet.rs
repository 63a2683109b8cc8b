//! A fleet as an administrator uses it: the real binary as several processes, a real PostgreSQL, embedded mail servers.

use super::postgres::Postgres;
use super::stage::{Gate, Outcome, Running, Stage, finish, kimt, until};
use kimt::rehearsal::{Action, Moment, Step};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A stage with a database.
pub(super) struct Field {
    pub(super) stage: Stage,
    pub(super) postgres: Arc<Postgres>,
    pub(super) ledger: String,
}

impl Field {
    pub(super) fn new(accounts: u32, messages: u32) -> Self {
        Self::on(Postgres::shared(), accounts, messages)
    }

    pub(super) fn on(postgres: Arc<Postgres>, accounts: u32, messages: u32) -> Self {
        let ledger = postgres.database();
        Self { stage: Stage::new(accounts, messages), postgres, ledger }
    }

    /// With a fleet made.
    pub(super) fn with_fleet(accounts: u32, messages: u32) -> Self {
        let field = Self::new(accounts, messages);
        field.create();
        field
    }

    pub(super) fn key(&self) -> PathBuf {
        self.stage.folder.path().join("uni.key")
    }

    /// A command of the fleet on a machine of its own.
    pub(super) fn command(&self, command: &str, more: &[&str]) -> Command {
        let mut program = kimt();
        program.args(["fleet", command, "--ledger", &self.ledger]).args(more);
        let home = self.stage.folder.path().join(format!("home-{command}"));
        std::fs::create_dir_all(&home).unwrap();
        program.env("HOME", home).env_remove("PGPASSWORD").env_remove("PGPASSFILE");
        program
    }

    pub(super) fn run(&self, command: &str, more: &[&str]) -> Outcome {
        finish(&mut self.command(command, more))
    }

    /// The command, which has to succeed.
    pub(super) fn ordered(&self, command: &str, more: &[&str]) -> Outcome {
        let ended = self.run(command, more);
        assert_eq!(ended.code, Some(0), "{command}: {ended:?}");
        ended
    }

    pub(super) fn create(&self) {
        let ended = finish(&mut self.creation("uni"));
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }

    pub(super) fn creation(&self, name: &str) -> Command {
        let mut program = self.command("create", &["--name", name]);
        program.arg("--key-file").arg(self.key()).args(self.stage.servers());
        program.arg("--accounts").arg(self.stage.csv_path());
        program
    }

    pub(super) fn worker(&self, machine: &str, more: &[&str]) -> Command {
        let mut program = self.command("work", &["--machine", machine, "--json"]);
        program.arg("--key-file").arg(self.key()).args(more);
        program.arg("--log-dir").arg(self.stage.folder.path().join("logs").join(machine));
        program
    }

    pub(super) fn start(&self, machine: &str) -> Running {
        Running::start(&mut self.worker(machine, &["--jobs", "2"]))
    }

    pub(super) fn report(&self) -> (Outcome, Value) {
        let logs = self.stage.folder.path().join(format!("report-{}", fastrand::u64(..)));
        let mut program = self.command("report", &["--json", "--log-dir"]);
        program.arg(&logs).arg("--key-file").arg(self.key());
        let ended = finish(&mut program);
        let run = std::fs::read_dir(&logs).map(|mut entries| entries.next().unwrap().unwrap().path());
        let text = run.map(|run| std::fs::read_to_string(run.join("report.json")).unwrap()).unwrap_or("null".into());
        (ended, serde_json::from_str(&text).unwrap())
    }

    pub(super) fn watch(&self) -> Value {
        self.run("watch", &["--once", "--json"]).summary()
    }

    pub(super) fn sql(&self, statement: &str) {
        self.postgres.connect(&self.ledger).batch_execute(statement).unwrap();
    }

    pub(super) fn count(&self, statement: &str) -> i64 {
        self.postgres.connect(&self.ledger).query_one(statement, &[]).unwrap().get(0)
    }

    /// How many processes work on a mailbox just now.
    pub(super) fn at_work(&self) -> i64 {
        self.count("SELECT count(DISTINCT holder) FROM kimt.job WHERE holder IS NOT NULL")
    }

    /// Ends the leases of all processes, and the time of grace, at once: no test waits for them, and none depends on them being long enough.
    pub(super) fn end_leases(&self) {
        self.sql("UPDATE kimt.worker SET until = clock_timestamp() - interval '1 hour'");
    }

    /// Messages on the target, of all accounts.
    pub(super) fn arrived(&self) -> usize {
        self.stage.accounts.iter().map(|(user, _)| self.stage.target.messages(user)).sum()
    }

    /// Waits until nothing arrives any more.
    fn until_quiet(&self) {
        until("nothing arrives any more", || {
            let before = self.arrived();
            std::thread::sleep(Duration::from_secs(2));
            self.arrived() == before
        });
    }

    /// All accounts complete, each message once.
    pub(super) fn assert_complete(&self) {
        let (ended, _) = self.report();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        self.stage.assert_equal();
    }
}

#[test]
fn two_machines_share_the_mailboxes_and_any_third_makes_the_one_report() {
    let field = Field::with_fleet(6, 15);
    let waiting = field.ordered("migrate", &[]);
    assert!(waiting.stdout.contains("6 accounts") && waiting.stdout.contains("kimt fleet work"), "{waiting:?}");
    let gate = field.stage.target.hold_after(0);
    let workers = ["one", "two"].map(|machine| field.start(machine));
    until("both work", || field.at_work() == 2);
    gate.open();
    for ended in workers.map(Running::finish) {
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.messages()[0] > 0, "each did its share: {ended:?}");
    }
    assert_eq!(field.count("SELECT count(*) FROM kimt.worker"), 0, "whoever has ended has given its lease back");
    let (ended, report) = field.report();
    assert_eq!((ended.code, ended.messages()), (Some(0), [180, 0, 0]), "{ended:?}");
    assert_eq!(report["accounts"].as_array().unwrap().len(), 6, "{report}");
    field.stage.assert_equal();
    let watched = field.watch();
    assert_eq!(
        (watched["accounts"]["complete"].as_u64(), watched["messages"]["settled"].as_u64()),
        (Some(6), Some(180))
    );
    // Another pass copies nothing, and a comparison finds no difference.
    for task in ["migrate", "verify"] {
        field.ordered(task, &[]);
        let ended = field.start("three").finish();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let (ended, _) = field.report();
        assert_eq!((ended.code, ended.messages()[0]), (Some(0), 0), "{task}: {ended:?}");
    }
    field.stage.assert_equal();
}

#[test]
fn machines_that_are_killed_at_any_moment_are_followed_by_others_and_nothing_is_lost_or_doubled() {
    let field = Field::with_fleet(4, 40);
    field.ordered("migrate", &[]);
    let gate = field.stage.target.hold_after(0);
    for round in 0..3 {
        let before = field.arrived();
        let doomed = [field.start(&format!("a{round}")), field.start(&format!("b{round}"))];
        until("both work", || field.at_work() == 2);
        gate.allow(40);
        until("something arrives", || field.arrived() > before + 15);
        doomed.into_iter().for_each(Running::cut_off);
        // What the target has of them it still stores.
        gate.open();
        until("their connections end", || field.stage.target.imap.connections() == 0);
        gate.close();
        field.end_leases();
    }
    gate.open();
    let last = field.start("last").finish();
    assert_eq!(last.code, Some(0), "{last:?}");
    field.assert_complete();
}

#[test]
fn a_machine_that_was_frozen_past_its_lease_stops_with_a_code_of_its_own_and_another_has_done_its_work() {
    // It stops 12 seconds after its last renewal, by its own clock.
    const LEASE: &str = "18000";
    let field = Field::with_fleet(2, 40);
    field.ordered("migrate", &[]);
    // Half of the mail.
    let unread = field.stage.source.hold_after_sending(100_000);
    let gate = field.stage.target.hold_after(6);
    let mut frozen = Running::start(&mut field.worker("frozen", &["--jobs", "2", "--lease", LEASE]));
    until("something arrives", || field.arrived() == 6);
    frozen.signal("-STOP");
    let frozen_at = Instant::now();
    gate.open();
    unread.open();
    field.until_quiet();
    assert!(field.arrived() < field.stage.source_messages(), "something is left to do");
    field.end_leases();
    let other = field.start("other").finish();
    assert_eq!(other.code, Some(0), "{other:?}");
    field.assert_complete();
    std::thread::sleep(Duration::from_secs(13).saturating_sub(frozen_at.elapsed()));
    frozen.signal("-CONT");
    let woken_at = Instant::now();
    let ended = frozen.finish();
    assert_eq!(ended.code, Some(5), "{ended:?}");
    assert!(woken_at.elapsed() < Duration::from_secs(30), "it waits for nothing: {:?}", woken_at.elapsed());
    assert!(ended.stderr.contains("could not renew its lease"), "{ended:?}");
    field.assert_complete();
}

#[test]
fn a_database_that_crashes_and_returns_is_waited_for() {
    let field = Field::on(Arc::new(Postgres::start()), 3, 40);
    field.create();
    field.ordered("migrate", &[]);
    let gate = field.stage.target.hold_after(20);
    let workers = ["one", "two"].map(|machine| field.start(machine));
    for round in 1..=2 {
        until("they continue", || field.arrived() >= 20 * round);
        field.postgres.crash();
        gate.allow(20);
        std::thread::sleep(Duration::from_millis(700));
        field.postgres.run();
    }
    gate.open();
    for ended in workers.map(Running::finish) {
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
    field.assert_complete();
}

#[test]
fn a_database_without_room_and_one_that_takes_no_changes_are_said_and_the_first_is_waited_for() {
    let field = Field::on(Arc::new(Postgres::start()), 2, 8);
    field.create();
    field.ordered("migrate", &[]);
    // As PostgreSQL says it (class 53) when a file cannot grow.
    field.sql(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
         CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON kimt.block EXECUTE FUNCTION full_disk();",
    );
    let running = field.start("one");
    until("both are put off", || field.watch()["accounts"]["due_later"].as_u64() == Some(2));
    assert_eq!(field.arrived(), 0, "nothing is sent whose record is not on the database's disk");
    field.sql("DROP TRIGGER full_disk ON kimt.block; UPDATE kimt.job SET due = '-infinity'");
    let ended = running.finish();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains(r#""why":{"fault":"full"}"#), "{ended:?}");
    field.assert_complete();
    field.sql("ALTER SYSTEM SET default_transaction_read_only = on");
    field.sql("SELECT pg_reload_conf()");
    until("it is a standby", || field.run("watch", &["--once"]).code == Some(3));
    let ended = field.run("pause", &[]);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stderr.contains("is a standby that takes no changes"), "{ended:?}");
}

#[test]
fn all_machines_are_held_continued_stopped_and_one_is_drained() {
    let field = Field::with_fleet(12, 30);
    field.ordered("migrate", &[]);
    let gate = field.stage.target.hold_after(20);
    let said = |machine: &str| field.stage.folder.path().join(format!("{machine}.out"));
    let machines = ["one", "two"];
    let workers =
        machines.map(|machine| Running::start_into(&mut field.worker(machine, &["--jobs", "2"]), &said(machine)));
    let all_say = |event: &str| {
        let word = format!(r#""event":"{event}""#);
        until(event, || machines.iter().all(|machine| std::fs::read_to_string(said(machine)).unwrap().contains(&word)));
    };
    until("both work", || field.at_work() == 2 && field.arrived() == 20);
    field.ordered("pause", &[]);
    all_say("paused");
    gate.open();
    field.until_quiet();
    let held = field.arrived();
    assert!(held <= 4 * 60, "no other account than the four at work begins: {held}");
    gate.close();
    field.ordered("continue", &[]);
    all_say("continued");
    gate.allow(5);
    until("they continue", || field.arrived() > held);
    field.ordered("stop", &[]);
    all_say("stop_requested");
    gate.open();
    for worker in workers {
        let ended = worker.finish();
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
    let watched = field.watch();
    assert_eq!((watched["wish"].as_str(), watched["accounts"]["running"].as_u64()), (Some("stop"), Some(0)));
    assert!(watched["accounts"]["waiting"].as_u64() >= Some(4), "{watched}");
    gate.close();
    field.ordered("continue", &[]);
    let drained = field.start("three");
    until("it has begun", || field.watch()["accounts"]["running"].as_u64() == Some(2));
    field.ordered("drain", &["three"]);
    gate.open();
    assert_eq!(drained.finish().code, Some(0));
    assert!(field.watch()["accounts"]["waiting"].as_u64() >= Some(2), "the rest is left to others");
    assert_eq!(field.start("four").finish().code, Some(0));
    field.assert_complete();
}

#[test]
fn waves_are_migrated_one_after_the_other_and_a_schedule_visits_each_mailbox_until_its_cut_over() {
    let field = Field::with_fleet(2, 5);
    let (address, password) = ("user7@example.com", "noch-eins");
    for server in [&field.stage.source, &field.stage.target] {
        server.store().create_user(&[address], password).unwrap();
    }
    field.stage.source.store().add_generated(address, "INBOX", 5, 500, 900_000).unwrap();
    field.stage.write_csv(&(field.stage.csv() + &format!("{address};{password};\n")));
    let mut add = field.command("add", &["--wave", "2"]);
    let added = finish(add.arg("--key-file").arg(field.key()).arg("--accounts").arg(field.stage.csv_path()));
    assert_eq!(added.code, Some(0), "{added:?}");
    assert!(added.stdout.contains("1 account") && added.stderr.contains("2 accounts"), "{added:?}");
    field.ordered("migrate", &["--wave", "2"]);
    assert_eq!(field.start("one").finish().code, Some(0));
    assert_eq!(field.stage.target.messages(address), 5);
    assert_eq!(field.stage.target.messages(field.stage.user(1)), 0, "wave 1 was not begun");
    let cut_over = (chrono::Local::now() + chrono::TimeDelta::hours(2)).format("%Y-%m-%dT%H:%M:%S").to_string();
    field.ordered("migrate", &["--wave", "1", "--every", "2s", "--until", &cut_over]);
    let running = field.start("two");
    let user = field.stage.user(1);
    let add = |seed| field.stage.source.store().add_generated(user, "INBOX", 3, 500, seed).unwrap();
    for (arrived, seed) in [(10, 950_000), (13, 960_000)] {
        until("another pass", || field.stage.target.messages(user) == arrived);
        add(seed);
    }
    let busy = field.run("verify", &[]);
    assert_eq!(busy.code, Some(2), "{busy:?}");
    // The cut-over comes now.
    field.sql("UPDATE kimt.wave SET until = clock_timestamp()");
    let ended = running.finish();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(field.count("SELECT count(*) FROM kimt.job WHERE wave = 1 AND last AND state = 'done'"), 2);
    field.stage.assert_user_equal(field.stage.user(1));
    let none = field.run("migrate", &["--wave", "9"]);
    assert_eq!(none.code, Some(2), "{none:?}");
}

/// What is left, and said so: the target kept complete commands of a machine that was killed, and stores them when the machine that took over
/// has believed that nothing more comes, and has sent these messages itself.
#[test]
fn what_the_target_stores_long_after_a_take_over_is_reported_as_doubled_and_the_rightful_holder_goes_on() {
    let field = Field::with_fleet(1, 40);
    field.ordered("migrate", &[]);
    let [of_doomed, of_heir] = [0, 10].map(|messages| Arc::new(Gate::new(messages)));
    // The last connection of the machine that is killed, and the last of all.
    let (doomed_until, newest) = (Arc::new(AtomicU64::new(u64::MAX)), Arc::new(AtomicU64::new(0)));
    let (late, rightful, until_here, seen) = (of_doomed.clone(), of_heir.clone(), doomed_until.clone(), newest.clone());
    field.stage.target.imap.set_faults(Some(Arc::new(move |step: &Step<'_>| {
        seen.fetch_max(step.connection, Ordering::SeqCst);
        if matches!(step.moment, Moment::Received { command: "APPEND" }) {
            if step.connection <= until_here.load(Ordering::SeqCst) { late.pass() } else { rightful.pass() }
        }
        Action::Proceed
    })));
    let doomed = field.start("doomed");
    until("something is intended", || field.count("SELECT count(*) FROM kimt.block") > 0);
    // So that complete commands have reached the target.
    std::thread::sleep(Duration::from_secs(1));
    doomed.cut_off();
    doomed_until.store(newest.load(Ordering::SeqCst), Ordering::SeqCst);
    field.end_leases();
    let heir = field.start("heir");
    until("the heir sends", || field.arrived() == 10);
    let open = field.stage.target.imap.connections();
    of_doomed.open();
    until("the late ones are stored", || field.arrived() > 10 && field.stage.target.imap.connections() < open);
    of_heir.open();
    let heir = heir.finish();
    assert_eq!(heir.code, Some(0), "{heir:?}");
    let (ended, report) = field.report();
    assert_eq!(ended.code, Some(0), "all is there: {ended:?}");
    assert!(report.to_string().contains("message_doubled"), "{report}");
    let (source, target) = (field.stage.source_messages(), field.arrived());
    assert!(target > source, "{target} of {source}");
    assert!(!heir.stdout.contains("mailbox_in_use"), "it did not give way: {heir:?}");
}
