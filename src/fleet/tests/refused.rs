//! Data that the database refuses or has altered is reported to the mailbox concerned, and to no other.

use super::*;

#[test]
fn what_the_database_refuses_of_one_mailbox_is_written_of_the_others() {
    let postgres = Postgres::shared();
    let url = postgres.database();
    let one = machine(&url, LONG);
    let other_key = MailboxKey { address: "other@x".into(), ..key() };
    let (mut refused, mut other) = (opened(&one).0, Ledger::open(&one, &other_key).unwrap().0);
    let (of_refused, of_other) = (inbox(&mut refused), inbox(&mut other));
    intend(&mut refused, &of_refused, &[1]);
    intend(&mut other, &of_other, &[1]);
    postgres
        .connect(&url)
        .batch_execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 IF NEW.mailbox = (SELECT min(id) FROM kimt.mailbox) THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW; END $$;
             CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON kimt.block FOR EACH ROW EXECUTE FUNCTION refuse()",
        )
        .unwrap();
    // A write that can wait goes out with one that cannot.
    other.record(&of_other, &[done(1)], &[], &[], 100).unwrap();
    let error = refused.record(&of_refused, &[], &[], &[(Uid(2), 10)], 100).unwrap_err();
    assert_eq!(error.kind(), LedgerErrorKind::Refused, "{error}");
    intend(&mut other, &of_other, &[2]);
    assert_eq!(other.unchecked(&of_other).unwrap(), [done(1)]);
}

#[test]
fn a_write_that_nobody_waited_for_and_that_was_refused_is_told_to_the_next() {
    let postgres = Postgres::shared();
    let url = postgres.database();
    let (mut ledger, record) = working(&machine(&url, LONG));
    postgres.connect(&url).batch_execute("UPDATE kimt.mailbox SET token = token + 1").unwrap();
    ledger.record(&record, &[done(1)], &[], &[], 100).unwrap();
    until("somebody is told", || ledger.record(&record, &[done(1)], &[], &[], 100).is_err());
}

#[test]
fn one_mailbox_that_was_taken_over_does_not_keep_the_others_of_its_machine_from_writing() {
    let postgres = Postgres::shared();
    let url = postgres.database();
    let one = machine(&url, LONG);
    let keys: Vec<MailboxKey> = (0..12).map(|number| MailboxKey { address: format!("{number}@x"), ..key() }).collect();
    let mut ledgers: Vec<Ledger> = keys.iter().map(|key| Ledger::open(&one, key).unwrap().0).collect();
    postgres.connect(&url).batch_execute("UPDATE kimt.mailbox SET token = token + 1 WHERE id % 4 = 1").unwrap();
    let refused = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for ledger in &mut ledgers {
            let refused = &refused;
            scope.spawn(move || {
                let record = inbox(ledger);
                for uid in 1..30 {
                    match ledger.record(&record, &[], &[], &[(Uid(uid), 10)], 100) {
                        Ok(()) => {}
                        Err(error) if error.kind() == LedgerErrorKind::Fenced => {
                            refused.fetch_add(1, Ordering::SeqCst);
                            return;
                        }
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
    });
    assert_eq!(refused.load(Ordering::SeqCst), 3);
    drop(ledgers);
    let intents = |key| {
        let ledger = Ledger::open(&one, key).ok()?.0;
        ledger.folders().first().map(|record| ledger.intents(record).unwrap().len())
    };
    let counts: Vec<Option<usize>> = keys.iter().map(intents).collect();
    assert_eq!(counts.iter().filter(|count| **count == Some(29)).count(), 9, "{counts:?}");
}

#[test]
fn a_block_that_was_altered_in_the_database_is_not_believed_and_its_folder_is_forgotten() {
    let postgres = Postgres::shared();
    let url = postgres.database();
    let one = machine(&url, LONG);
    let (mut ledger, _) = opened(&one);
    let record = inbox(&mut ledger);
    ledger.record(&record, &[done(1)], &[], &[(Uid(2), 10)], 100).unwrap();
    drop(ledger);
    let flip = "UPDATE kimt.block SET content = set_bit(content, 77, 1 - get_bit(content, 77))";
    postgres.connect(&url).batch_execute(flip).unwrap();
    let (ledger, _) = opened(&one);
    assert_eq!(ledger.done(&record).unwrap_err().kind(), LedgerErrorKind::Damaged);
    drop(ledger);
    assert!(opened(&one).0.folders().is_empty());
}

#[test]
fn what_is_wrong_with_a_database_is_said_in_a_sentence() {
    let postgres = Postgres::start();
    let url = postgres.database();
    drop(machine(&url, LONG));
    let said = |url: &str| {
        let error = Database::open(DatabaseAddress::parse(url).unwrap(), LONG).unwrap_err();
        assert!(!error.to_string().contains("Error {") && !error.to_string().contains("FATAL"), "{error}");
        error.to_string()
    };
    assert!(said(&url.replace("/test_", "/nowhere_")).contains("does not exist"));
    assert!(said("postgres://kimt@127.0.0.1:1/mail").contains("cannot be reached"));
    let mut client = postgres.connect(&url);
    client.batch_execute("UPDATE kimt.store SET version = 99").unwrap();
    assert!(said(&url).contains("version 99"));
    client.batch_execute("UPDATE kimt.store SET version = 4; CREATE ROLE guest LOGIN").unwrap();
    assert!(said(&url.replace("kimt@", "guest@")).contains("rights"));
    client.batch_execute("ALTER SYSTEM SET default_transaction_read_only = on").unwrap();
    client.batch_execute("SELECT pg_reload_conf()").unwrap();
    until("it takes no changes", || {
        let refused = Database::open(DatabaseAddress::parse(&url).unwrap(), LONG).err();
        refused.is_some_and(|error| error.to_string().contains("standby"))
    });
    drop(client);
    postgres.crash();
    assert!(said(&url).contains("cannot be reached"));
}
