//! What the database holds of a fleet: nothing that names a person or a server, in tables of one version, with one key; and what is said where
//! that is otherwise.

use super::fleet::Field;
use super::stage::{Outcome, finish, kimt};
use kimt::fleet::{Database, DatabaseAddress, Fleet, FleetKey, LeaseTimes};

#[test]
fn a_dump_of_the_database_tells_no_password_no_address_and_no_server_and_finish_wipes_what_is_sealed() {
    let field = Field::new(3, 4);
    field.stage.write_csv(&(field.stage.csv() + "user9@example.com;\"Falsch-und-geheim\";\n"));
    field.create();
    let secrets = |dump: &str| {
        let servers = [&field.stage.source, &field.stage.target];
        let named = servers.iter().flat_map(|server| [server.address(), server.fingerprint()]);
        let people = field.stage.accounts.iter().flat_map(|(address, password)| [address.clone(), password.clone()]);
        let others = ["user9", "Falsch-und", "example.com", "127.0.0.1", "geheim"].map(str::to_owned);
        for word in named.chain(people).chain(others) {
            assert!(!dump.contains(&word), "{word}");
            // A column of bytes is dumped in hexadecimal.
            let hexadecimal: String = word.bytes().map(|byte| format!("{byte:02x}")).collect();
            assert!(!dump.contains(&hexadecimal), "{word} in hexadecimal");
        }
    };
    secrets(&field.postgres.dump(&field.ledger));
    field.ordered("migrate", &[]);
    assert_eq!(field.start("one").finish().code, Some(0));
    let (ended, _) = field.report();
    assert_eq!(ended.code, Some(1), "one password is wrong: {ended:?}");
    secrets(&field.postgres.dump(&field.ledger));
    field.ordered("finish", &[]);
    let mut client = field.postgres.connect(&field.ledger);
    let left = "SELECT count(*) FROM kimt.job WHERE sealed IS NOT NULL OR report IS NOT NULL";
    assert_eq!(client.query_one(left, &[]).unwrap().get::<_, i64>(0), 0);
    let again = finish(&mut field.worker("one", &[]));
    assert_eq!(again.code, Some(2), "{again:?}");
    assert!(again.stderr.contains("finished"), "{again:?}");
}

#[test]
fn what_is_wrong_with_a_fleet_is_said_in_a_sentence_with_its_exit_status() {
    let field = Field::new(1, 1);
    let key = field.key().display().to_string();
    let said = |ended: Outcome, code: i32, words: &str| {
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert!(ended.stderr.contains(words), "{words}: {ended:?}");
        assert!(!format!("{ended:?}").contains("panicked"), "{ended:?}");
    };
    said(field.run("watch", &[]), 3, "has no fleet");
    said(field.run("work", &["--key-file", &key]), 2, "cannot be read");
    field.create();
    said(finish(&mut field.creation("uni")), 3, "has a fleet 'uni' already");
    said(field.run("work", &["--key-file", &field.stage.csv_path().display().to_string()]), 2, "");
    let other = field.stage.folder.path().join("other.key");
    let made = finish(field.creation("second").arg("--key-file").arg(&other).args(["--key-file"]).arg(&other));
    assert_eq!(made.code, Some(2), "an option twice: {made:?}");
    assert!(!other.exists());
    let mut second = field.command("create", &["--name", "second", "--key-file"]);
    second.arg(&other).args(field.stage.servers()).arg("--accounts").arg(field.stage.csv_path());
    assert_eq!(finish(&mut second).code, Some(0));
    said(field.run("work", &["--key-file", &key]), 3, "several fleets");
    said(
        field.run("work", &["--key-file", &other.display().to_string(), "--name", "uni"]),
        3,
        "not the one of the fleet 'uni'",
    );
    said(field.run("work", &["--key-file", &key, "--name", "nobody"]), 3, "no fleet 'nobody'");
    let idle = field.run("work", &["--key-file", &key, "--name", "uni"]);
    assert_eq!(idle.code, Some(0), "{idle:?}");
    assert!(idle.stdout.contains("There is nothing to do yet"), "{idle:?}");
    said(field.run("drain", &["--name", "uni", "nowhere"]), 2, "on a machine 'nowhere'");
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).unwrap();
    }
    said(field.run("work", &["--key-file", &key, "--name", "uni"]), 2, "can be read by others");
    for (ledger, code, words) in [
        ("mysql://db/kimt", 2, "begins with postgres://"),
        ("postgres://kimt:geheim@db/kimt", 2, "password"),
        ("postgres://kimt@127.0.0.1:1/kimt", 3, "cannot be reached"),
        (&field.ledger.replace("/test_", "/nowhere_"), 3, "does not exist"),
    ] {
        said(finish(kimt().args(["fleet", "watch", "--ledger", ledger])), code, words);
    }
    field.sql("UPDATE kimt.store SET version = 99");
    said(field.run("watch", &[]), 3, "version 99");
}

/// As each earlier version of the tables left them. Version 1 had no fleets; what version 2 has of one is kept.
#[test]
fn a_database_with_the_tables_of_an_earlier_version_is_brought_up_to_date() {
    const TO_3: &str = "DROP INDEX kimt.job_due, kimt.slot_free; ALTER TABLE kimt.store DROP COLUMN searched;
         UPDATE kimt.store SET version = 3";
    const TO_2: &str =
        "DROP TABLE kimt.fact; ALTER TABLE kimt.job DROP COLUMN changed; UPDATE kimt.store SET version = 2";
    const TO_1: &str =
        "DROP TABLE kimt.fact, kimt.errand, kimt.refusal, kimt.slot, kimt.job, kimt.wave, kimt.fleet, kimt.item;
         ALTER TABLE kimt.worker DROP COLUMN fleet, DROP COLUMN machine, DROP COLUMN egress, DROP COLUMN began, DROP COLUMN drained;
         UPDATE kimt.store SET version = 1;";
    for (version, back) in [(1, TO_1), (2, TO_2), (3, "")] {
        let field = Field::with_fleet(1, 3);
        field.sql(TO_3);
        field.sql(back);
        for command in ["watch", "migrate"] {
            let old = field.run(command, &[]);
            assert_eq!(old.code, Some(3), "{version}: {old:?}");
            assert!(old.stderr.contains("kimt fleet upgrade"), "{version}: {old:?}");
        }
        field.ordered("upgrade", &[]);
        field.ordered("upgrade", &[]);
        if version == 1 {
            field.create();
        }
        field.ordered("migrate", &[]);
        assert_eq!(field.start("one").finish().code, Some(0), "{version}");
        field.assert_complete();
    }
}

#[test]
fn what_another_version_has_sealed_is_refused_with_what_to_do_and_that_works() {
    let field = Field::with_fleet(1, 3);
    let address = DatabaseAddress::parse(&field.ledger).unwrap();
    let database = Database::open(address, LeaseTimes::default()).unwrap();
    let fleet = Fleet::create(database, &FleetKey::read(&field.key()).unwrap(), "old", b"{\"servers\": 1}").unwrap();
    drop(fleet);
    let refused = finish(&mut field.worker("one", &["--name", "old"]));
    assert_eq!(refused.code, Some(3), "{refused:?}");
    for words in ["another version of kimt", "kimt fleet finish", "kimt fleet create"] {
        assert!(refused.stderr.contains(words), "{words}: {refused:?}");
    }
    field.ordered("finish", &["--name", "old"]);
    assert_eq!(finish(&mut field.creation("new")).code, Some(0));
    field.ordered("migrate", &["--name", "new"]);
    assert_eq!(finish(&mut field.worker("one", &["--name", "new"])).code, Some(0));
    field.stage.assert_equal();
}

#[test]
fn accounts_that_lead_to_one_mailbox_are_refused_and_named_in_the_report() {
    let field = Field::new(2, 3);
    let (first, second) = (&field.stage.accounts[0], &field.stage.accounts[1]);
    let namesake = first.0.replace("example.com", "other.example");
    field.stage.write_csv(&format!(
        "{};\"{}\";\n{};\"{}\";\n{namesake};\"{}\";\n",
        first.0, first.1, second.0, second.1, first.1
    ));
    let made = finish(field.creation("uni").args(["--target-name-form", "local"]));
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(made.stderr.contains("line 1") && made.stderr.contains("line 3"), "{made:?}");
    field.ordered("migrate", &[]);
    assert_eq!(field.start("one").finish().code, Some(0));
    let (ended, report) = field.report();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.accounts()[2], 3, "two share a mailbox, and the third has another name there: {report}");
    assert_eq!(field.stage.target.messages(&first.0), 0);
}
