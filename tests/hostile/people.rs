//! What people do on the target while we work, and two accounts that go into one mailbox: none of it is another run, nor a message that is
//! there twice.

use super::between::{Command, Fate, Tamper};
use super::stage::{ANN, BEN, Stage, kinds, message, problems};
use kimt::domain::{Address, ProblemKind};
use kimt::migrate::Verify;
use kimt::progress::{RunKind, RunState, Verdict};
use kimt::rehearsal::{Content, MailStore, NewMessage, Profile};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const WITH_UIDS: &str = "IMAP4rev1 LITERAL+ UIDPLUS";
const WITHOUT_UIDS: &str = "IMAP4rev1 LITERAL+";

/// Before a message that holds these words is stored, once, something happens on the target.
fn meanwhile(stage: &mut Stage, capabilities: &'static str, words: &'static str, happens: fn(&MailStore)) {
    let (there, done) = (stage.target.server.store().clone(), AtomicBool::new(false));
    let tamper = Tamper::commands(move |command: &Command| {
        let holds = |literal: &Vec<u8>| String::from_utf8_lossy(literal).contains(words);
        if command.name == "APPEND" && command.literals.iter().any(holds) && !done.swap(true, Ordering::SeqCst) {
            happens(&there);
        }
        Fate::Pass
    });
    stage.target.tamper(tamper.offering(capabilities));
}

fn add(stage: &Stage, folder: &str, names: &[&str]) {
    let _ = stage.source.store().create_folder(ANN, folder);
    for name in names {
        let text = format!("Subject: {name}\r\n\r\n{}\r\n", name.repeat(40));
        stage.source.store().add(ANN, folder, message(&text)).unwrap();
    }
}

fn assert_quiet(state: &RunState, shown: &str) {
    assert_eq!(
        (state.verdict(), kinds(state)),
        (Verdict::AllComplete, BTreeSet::new()),
        "{shown}: {:?}",
        problems(state)
    );
}

#[test]
fn a_message_that_its_owner_drags_out_and_back_while_others_are_copied_is_no_other_runs() {
    for capabilities in [WITH_UIDS, WITHOUT_UIDS] {
        let mut stage = Stage::between(Profile::Rich, Profile::Rich);
        add(&stage, "INBOX", &["a", "b", "c"]);
        add(&stage, "Work", &[]);
        meanwhile(&mut stage, capabilities, "Subject: e\r\n", |there| {
            there.move_message(ANN, "INBOX", 2, "Work").unwrap();
            there.move_message(ANN, "Work", 1, "INBOX").unwrap();
        });
        assert_quiet(&stage.migrate(), "the first run");
        add(&stage, "INBOX", &["d", "e", "f"]);
        let state = stage.migrate();
        assert_quiet(&state, capabilities);
        stage.assert_complete(&state);
    }
}

#[test]
fn a_message_that_its_owner_drags_to_where_an_equal_one_is_copied_is_no_other_runs() {
    for (capabilities, verify) in
        [(WITH_UIDS, Verify::Content), (WITHOUT_UIDS, Verify::Content), (WITHOUT_UIDS, Verify::None)]
    {
        let mut stage = Stage::between(Profile::Rich, Profile::Rich);
        stage.verify = verify;
        add(&stage, "INBOX", &["a", "equal", "c"]);
        add(&stage, "Work", &["d", "e", "equal"]);
        meanwhile(&mut stage, capabilities, "Subject: e\r\n", |there| {
            // On another connection, INBOX may be a moment behind.
            let moved = |_| {
                std::thread::sleep(std::time::Duration::from_millis(10));
                there.move_message(ANN, "INBOX", 2, "Work").is_ok()
            };
            assert!((0..500).any(moved));
        });
        let state = stage.migrate();
        assert_quiet(&state, &format!("{capabilities} {verify:?}"));
        let there = stage.target.mail();
        assert_eq!(["INBOX", "Work"].map(|name| there.folder(name).unwrap().messages.len()), [2, 4], "{capabilities}");
    }
}

#[test]
fn two_accounts_that_go_into_one_mailbox_double_nothing_and_say_nothing_of_it() {
    for capabilities in [WITH_UIDS, WITHOUT_UIDS] {
        let mut stage = Stage::between(Profile::Rich, Profile::Rich);
        stage.users = vec![ANN, BEN];
        for user in [ANN, BEN] {
            stage.source.store().add_generated(user, "INBOX", 101, 600, 1).unwrap();
            stage.source.store().add(user, "INBOX", message(&format!("Subject: {user}\r\n\r\nown\r\n"))).unwrap();
        }
        meanwhile(&mut stage, capabilities, "", |_| std::thread::sleep(std::time::Duration::from_millis(300)));
        for turn in 0..2 {
            let mut request = stage.request(RunKind::Migrate, stage.folder.path());
            request.options.shared_mailboxes = true;
            request.accounts.iter_mut().for_each(|account| account.target_address = Address::parse(ANN).ok());
            let state = stage.finish(request);
            let reported: BTreeSet<ProblemKind> = kinds(&state);
            assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", problems(&state));
            assert!(reported.is_subset(&BTreeSet::from([ProblemKind::HistoryUnknown])), "{:?}", problems(&state));
            assert_eq!(stage.target.mail().messages(), 103, "{capabilities}, run {turn}: {:?}", problems(&state));
        }
    }
}

#[test]
fn copies_that_were_there_before_the_run_are_no_other_runs_where_the_target_tells_no_uidnext() {
    for capabilities in [WITH_UIDS, WITHOUT_UIDS] {
        let mut stage = Stage::between(Profile::Rich, Profile::Rich);
        add(&stage, "INBOX", &["a", "b", "c", "d"]);
        let here = stage.source.mail().folder("INBOX").unwrap().clone();
        // Another program had copied some, twice.
        for copied in [&here.messages[..3], &here.messages[..3]].concat() {
            let content = stage.source.store().content(ANN, "INBOX", copied.uid).unwrap();
            stage
                .target
                .store()
                .add(ANN, "INBOX", NewMessage { date: copied.date, ..NewMessage::new(content) })
                .unwrap();
        }
        add(&stage, "INBOX", &["e", "f"]);
        let silent = Tamper::answers(|answer| match answer.text.contains("UIDNEXT") {
            true if answer.text.starts_with("* OK [UIDNEXT") => Fate::Instead(Vec::new()),
            true => {
                let next = answer.text.split_once("UIDNEXT ").unwrap().1.split([' ', ')']).next().unwrap();
                answer.with(&format!("UIDNEXT {next}"), "")
            }
            false => Fate::Pass,
        });
        stage.target.tamper(silent.offering(capabilities));
        for turn in 0..2 {
            let state = stage.migrate();
            assert_eq!(state.verdict(), Verdict::AllComplete, "{capabilities}, run {turn}: {:?}", problems(&state));
            assert_eq!(stage.target.mail().messages(), 9, "{capabilities}, run {turn}");
            assert!(!kinds(&state).contains(&ProblemKind::MessageDoubled), "{:?}", problems(&state));
            add(&stage, "INBOX", &[][..]);
        }
        // New mail later, too.
        add(&stage, "INBOX", &["g"]);
        let state = stage.migrate();
        assert_eq!(
            (state.verdict(), stage.target.mail().messages()),
            (Verdict::AllComplete, 10),
            "{:?}",
            problems(&state)
        );
    }
}

#[test]
fn a_repair_gives_each_of_equal_messages_its_own_flags_and_date() {
    // Of two equal messages one is gone from the target, either; with the same date, and with others.
    for (gone, dates) in [(1, [1, 1]), (2, [1, 1]), (1, [1, 2]), (2, [1, 2])] {
        let mut stage = Stage::between(Profile::Rich, Profile::Rich);
        let date = |day: i64| chrono::DateTime::UNIX_EPOCH.fixed_offset() + chrono::Duration::days(15_000 + day);
        for (flag, day) in ["\\Answered", "\\Flagged"].into_iter().zip(dates) {
            let content = Content::bytes(&b"Subject: equal\r\n\r\nThe same.\r\n"[..]);
            let equal = NewMessage { content, flags: vec![flag.to_owned()], date: date(day) };
            stage.source.store().add(ANN, "INBOX", equal).unwrap();
        }
        stage.assert_complete(&stage.migrate());
        stage.target.store().delete_message(ANN, "INBOX", gone).unwrap();
        stage.repair = true;
        let state = stage.migrate();
        assert_eq!(state.tally.copied.messages, 1, "{:?}", problems(&state));
        stage.assert_complete(&state);
    }
}

#[test]
fn what_the_target_refused_and_stored_all_the_same_is_found_by_the_next_run() {
    for (refused, capabilities) in [("b", WITH_UIDS), ("c", WITH_UIDS), ("b", WITHOUT_UIDS)] {
        let mut stage = Stage::between(Profile::Rich, Profile::Rich);
        add(&stage, "INBOX", &["a", "b", "c"]);
        let there: Arc<MailStore> = stage.target.server.store().clone();
        let refuse = move |command: &Command| {
            let subject = format!("Subject: {refused}\r\n");
            let is_it = command.name == "APPEND"
                && command.literals.iter().any(|it| String::from_utf8_lossy(it).contains(&subject));
            if !is_it {
                return Fate::Pass;
            }
            let content = Content::bytes(command.literals[0].as_slice());
            there.add(ANN, "INBOX", NewMessage::new(content)).unwrap();
            command.answer("NO it is not to my taste")
        };
        stage.target.tamper(Tamper::commands(refuse).offering(capabilities));
        assert_eq!(kinds(&stage.migrate()), BTreeSet::from([ProblemKind::MessageRefused]));
        for turn in 1..=2 {
            let state = stage.migrate();
            assert_eq!(state.verdict(), Verdict::AllComplete, "{refused}, run {turn}: {:?}", problems(&state));
            assert_eq!(stage.target.mail().messages(), 3, "{refused}, run {turn}");
        }
    }
}

#[test]
fn a_check_says_which_mailbox_is_larger_than_its_limit_in_kerio_connect() {
    let stage = Stage::kerio(&[ANN, BEN]);
    stage.migrate();
    stage.administration().limit_mailboxes(1);
    assert_eq!(kinds(&stage.run(RunKind::Check)), BTreeSet::new());
    stage.source.store().add_generated(BEN, "INBOX", 3, 600_000, 900).unwrap();
    let state = stage.run(RunKind::Check);
    let [ann, ben] = &state.accounts[..] else { panic!() };
    assert!(ann.problems.is_empty(), "{:?}", problems(&state));
    let (_, problem) = &ben.problems[0];
    assert_eq!(problem.kind, ProblemKind::QuotaTooSmall);
    assert!(problem.sentence().contains("1.8 MB are to be copied, 1.0 MB are free"), "{}", problem.sentence());
}

#[test]
fn a_check_takes_what_a_mailbox_in_kerio_connect_holds_already_from_its_limit() {
    let stage = Stage::kerio(&[ANN]);
    stage.migrate();
    stage.target.store().add_generated(ANN, "INBOX", 1, 700_000, 900).unwrap();
    stage.source.store().add_generated(ANN, "INBOX", 1, 500_000, 901).unwrap();
    stage.administration().limit_mailboxes(1);
    let state = stage.run(RunKind::Check);
    assert_eq!(kinds(&state), BTreeSet::from([ProblemKind::QuotaTooSmall]), "{:?}", problems(&state));
    let said = problems(&state).join(" ");
    assert!(said.contains(" are to be copied, 3") && !said.contains("at most"), "{said}");
    stage.administration().limit_mailboxes(2);
    assert_eq!(kinds(&stage.run(RunKind::Check)), BTreeSet::new());
}

#[test]
fn a_check_says_which_mailbox_has_more_messages_than_its_limit_in_kerio_connect() {
    let stage = Stage::kerio(&[ANN, BEN]);
    stage.migrate();
    stage.source.store().add_generated(ANN, "INBOX", 3, 300, 900).unwrap();
    let held = stage.target.store().used(ANN).unwrap().messages;
    stage.administration().limit_items(held + 2);
    let state = stage.run(RunKind::Check);
    let [ann, ben] = &state.accounts[..] else { panic!() };
    assert!(ben.problems.is_empty(), "{:?}", problems(&state));
    let (_, problem) = &ann.problems[0];
    assert_eq!(problem.kind, ProblemKind::QuotaTooSmall);
    assert!(problem.sentence().contains("3 messages are to be copied, there is room for 2"), "{}", problem.sentence());
    stage.administration().limit_items(held + 3);
    assert_eq!(kinds(&stage.run(RunKind::Check)), BTreeSet::new());
}
