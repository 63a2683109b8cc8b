//! One folder, one message or one account at which a server hangs up or falls silent: it comes last, alone, is named, and costs itself only.

use super::between::{Command, Fate, Tamper};
use super::stage::{ANN, BEN, Stage, kinds, message, problems};
use kimt::domain::{Account, AccountId, ProblemKind, Side};
use kimt::migrate::Work;
use kimt::progress::{AccountEnd, Event, RunKind, RunState, Step};
use kimt::rehearsal::Profile;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const FOLDERS: [(&str, u32); 4] = [("INBOX", 6), ("Alpha", 5), ("Bad", 4), ("Omega", 5)];

/// A mailbox of four folders, and less patience than usual.
fn stage() -> Stage {
    let mut stage = Stage::between(Profile::Rich, Profile::Rich);
    for ((folder, messages), seed) in FOLDERS.into_iter().zip(1..) {
        let store = stage.source.store();
        if folder != "INBOX" {
            store.create_folder(ANN, folder).unwrap();
            store.set_subscribed(ANN, folder, true).unwrap();
        }
        store.add_generated(ANN, folder, messages, 600, seed).unwrap();
    }
    stage.patience.limits.read = Duration::from_millis(400);
    stage.patience.alone = Duration::from_millis(900);
    stage
}

/// How many messages each folder of the target holds.
fn arrived(stage: &Stage) -> BTreeMap<String, usize> {
    let folders = stage.target.mail().folders;
    folders.iter().map(|(name, folder)| (String::from_utf8_lossy(name).into_owned(), folder.messages.len())).collect()
}

/// Everything but the folder `Bad` is there; it is named, and nothing else is.
fn assert_only_bad(stage: &Stage, state: &RunState, expected: ProblemKind, about: &str) {
    assert_eq!(kinds(state), [expected].into(), "{about}: {:#?}", problems(state));
    assert!(problems(state).iter().all(|problem| problem.contains("Bad")), "{about}: {:#?}", problems(state));
    assert_eq!(state.accounts[0].end, Some(AccountEnd::Incomplete), "{about}");
    let arrived = arrived(stage);
    for (folder, messages) in FOLDERS.into_iter().filter(|(folder, _)| *folder != "Bad") {
        let there = stage.source.mail().folder(folder).unwrap().messages.len();
        assert!(there >= messages as usize);
        assert_eq!(arrived.get(folder), Some(&there), "{about}: {arrived:?}");
    }
}

/// Whether a command is about the folder `Bad`.
fn is_about_bad(command: &Command) -> bool {
    command.text.contains("Bad") || command.literals.iter().any(|literal| literal == b"Bad")
}

fn fate(silent: bool) -> Fate {
    if silent { Fate::Silence } else { Fate::Close }
}

#[test]
fn a_folder_at_which_the_target_hangs_up_or_falls_silent_while_it_is_made_ready_costs_that_folder_only() {
    for name in ["CREATE", "SUBSCRIBE", "SELECT"] {
        for silent in [false, true] {
            let mut stage = stage();
            stage.target.tamper(Tamper::commands(move |command| {
                if command.name == name && is_about_bad(command) { fate(silent) } else { Fate::Pass }
            }));
            let state = stage.migrate();
            assert_only_bad(&stage, &state, ProblemKind::FolderNotCreated, &format!("{name} {silent}"));
            assert!(opened_last(&stage), "{name}");
        }
    }
}

/// Whether the window showed that a folder is opened last.
fn opened_last(stage: &Stage) -> bool {
    let events = stage.events.lock().unwrap();
    events.iter().any(|event| matches!(event, Event::Stepped { step: Step::OpeningLast(_), .. }))
}

#[test]
fn a_folder_at_which_the_source_hangs_up_or_falls_silent_when_it_is_opened_costs_that_folder_only() {
    for silent in [false, true] {
        let mut stage = stage();
        stage.source.tamper(Tamper::commands(move |command| {
            if command.name == "EXAMINE" && is_about_bad(command) { fate(silent) } else { Fate::Pass }
        }));
        let state = stage.migrate();
        assert_only_bad(&stage, &state, ProblemKind::FolderNotRead, &format!("{silent}"));
        assert!(opened_last(&stage));
    }
}

#[test]
fn a_folder_that_costs_the_connection_in_a_later_run_does_not_hold_what_is_new_elsewhere() {
    let cases = [
        (Side::Source, "STATUS"),
        (Side::Source, "EXAMINE"),
        (Side::Target, "STATUS"),
        (Side::Target, "EXAMINE"),
        (Side::Target, "SELECT"),
    ];
    for (side, name) in cases {
        for silent in [false, true] {
            let mut stage = stage();
            let is_bad = Arc::new(AtomicBool::new(false));
            let bad = is_bad.clone();
            let end = if side == Side::Source { &mut stage.source } else { &mut stage.target };
            end.tamper(Tamper::commands(move |command| {
                let is_hit = bad.load(Ordering::SeqCst) && command.name == name && is_about_bad(command);
                if is_hit { fate(silent) } else { Fate::Pass }
            }));
            stage.assert_complete(&stage.migrate());
            is_bad.store(true, Ordering::SeqCst);
            for folder in ["INBOX", "Bad", "Omega"] {
                stage
                    .source
                    .store()
                    .add(ANN, folder, message(&format!("Subject: new in {folder}\r\n\r\nx\r\n")))
                    .unwrap();
            }
            let state = stage.migrate();
            let expected =
                if side == Side::Source { ProblemKind::FolderNotRead } else { ProblemKind::FolderNotCreated };
            assert_only_bad(&stage, &state, expected, &format!("{side:?} {name} {silent}"));
        }
    }
}

#[test]
fn a_folder_of_which_every_message_costs_the_connection_is_named_after_a_few_and_the_others_arrive() {
    for side in [Side::Source, Side::Target] {
        let mut stage = stage();
        stage.source.store().add_generated(ANN, "Bad", 60, 600, 9).unwrap();
        let opened = Mutex::new(BTreeMap::<usize, bool>::new());
        let end = if side == Side::Source { &mut stage.source } else { &mut stage.target };
        end.tamper(Tamper::commands(move |command| {
            if side == Side::Target {
                return if command.name == "APPEND" && is_about_bad(command) { Fate::Close } else { Fate::Pass };
            }
            let mut opened = opened.lock().unwrap();
            if command.name == "EXAMINE" {
                opened.insert(command.connection, is_about_bad(command));
            }
            let is_bad = opened.get(&command.connection).copied().unwrap_or(false);
            if command.reads_bodies() && is_bad { Fate::Close } else { Fate::Pass }
        }));
        let state = stage.migrate();
        let expected = if side == Side::Source { ProblemKind::FolderNotRead } else { ProblemKind::FolderNotCreated };
        assert_only_bad(&stage, &state, expected, &format!("{side:?}"));
        assert_eq!(problems(&state).len(), 1, "{:#?}", problems(&state));
        let waits =
            stage.events.lock().unwrap().iter().filter(|event| matches!(event, Event::WaitStarted { .. })).count();
        assert!(waits < 12, "{waits}");
    }
}

#[test]
fn a_message_at_which_a_server_falls_silent_comes_last_alone_and_is_named() {
    for side in [Side::Source, Side::Target] {
        let mut stage = stage();
        stage.source.store().add(ANN, "INBOX", message("Subject: odd\r\n\r\nPOISON\r\n")).unwrap();
        stage.source.store().add_generated(ANN, "INBOX", 3, 600, 8).unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = asked.clone();
        let expected = if side == Side::Source { ProblemKind::MessageUnreadable } else { ProblemKind::MessageRefused };
        match side {
            Side::Source => stage.source.tamper(
                Tamper::commands(move |command| {
                    if command.reads_bodies() {
                        noted.lock().unwrap().push(command.text.split(' ').nth(3).unwrap_or_default().to_owned());
                    }
                    Fate::Pass
                })
                .answering(|answer| match answer.text.contains("BODY[]") && answer.fetches(7) {
                    true => Fate::Silence,
                    false => Fate::Pass,
                }),
            ),
            _ => stage.target.tamper(Tamper::commands(|command| {
                let holds_it = command.literals.iter().any(|literal| literal.windows(6).any(|part| part == b"POISON"));
                if command.name == "APPEND" && holds_it { Fate::Silence } else { Fate::Pass }
            })),
        }
        let state = stage.migrate();
        stage.assert_but(&state, &[7], &[expected]);
        assert_eq!(problems(&state).len(), 1, "{:#?}", problems(&state));
        let asked = asked.lock().unwrap();
        assert!(side == Side::Target || asked.last().is_some_and(|set| set == "7"), "alone and last: {asked:?}");
    }
}

/// Gives accounts one by one.
#[derive(Debug)]
struct Given(Mutex<VecDeque<Account>>);

impl Work for Given {
    fn next(&self, _: AccountId, _: &dyn Fn() -> bool) -> Option<Account> {
        self.0.lock().unwrap().pop_front()
    }
}

#[test]
fn an_account_whose_server_hangs_up_does_not_hold_the_others() {
    for (side, is_given) in [(Side::Source, false), (Side::Target, false), (Side::Source, true), (Side::Target, true)] {
        let mut stage = stage();
        stage.users = vec![BEN, ANN];
        stage.jobs = 1;
        stage.source.store().add_generated(BEN, "INBOX", 4, 600, 5).unwrap();
        let of_ben = Mutex::new(BTreeMap::<usize, bool>::new());
        let end = if side == Side::Source { &mut stage.source } else { &mut stage.target };
        end.tamper(Tamper::commands(move |command| {
            let mut of_ben = of_ben.lock().unwrap();
            if command.name == "LOGIN" || command.name == "AUTHENTICATE" {
                let who = [command.text.as_bytes(), &command.literals.concat()].concat();
                let is_ben = who.windows(3).any(|part| part == b"ben") || who.windows(5).any(|part| part == b"GJlbk");
                of_ben.insert(command.connection, is_ben);
                return Fate::Pass;
            }
            if of_ben.get(&command.connection) == Some(&true) { Fate::Close } else { Fate::Pass }
        }));
        let mut request = stage.request(RunKind::Migrate, stage.folder.path());
        if is_given {
            // As a fleet's worker gets them.
            let accounts = std::mem::take(&mut request.accounts).into();
            request.work = Some(Arc::new(Given(Mutex::new(accounts))));
        }
        let state = stage.finish(request);
        assert_eq!(state.accounts[1].end, Some(AccountEnd::Complete), "{:#?}", problems(&state));
        assert_eq!(state.accounts[0].end, Some(AccountEnd::Failed), "{:#?}", problems(&state));
        let events = stage.events.lock().unwrap();
        let finished = events.iter().filter_map(|event| match event {
            Event::AccountFinished { account, .. } => Some(*account),
            _ => None,
        });
        assert_eq!(finished.collect::<Vec<_>>(), [AccountId(1), AccountId(0)], "the other one came first");
        let before = events
            .iter()
            .take_while(|event| !matches!(event, Event::AccountStarted { account } if *account == AccountId(1)));
        let waited = before.filter(|event| matches!(event, Event::WaitStarted { .. })).count();
        assert!(waited <= 4, "{waited}");
    }
}

#[test]
fn a_status_that_costs_the_connection_when_everything_is_done_changes_no_verdict() {
    let mut stage = stage();
    stage.target.tamper(Tamper::commands(|command| if command.name == "STATUS" { Fate::Close } else { Fate::Pass }));
    stage.assert_complete(&stage.run(RunKind::Migrate));
}

#[test]
fn a_few_messages_that_cost_the_connection_at_the_beginning_of_a_folder_do_not_cost_the_folder() {
    for side in [Side::Source, Side::Target] {
        let mut stage = Stage::between(Profile::Rich, Profile::Rich);
        for number in 1..=30 {
            let word = if number <= 5 { "POISON" } else { "good" };
            stage.source.store().add(ANN, "INBOX", message(&format!("Subject: {number}\r\n\r\n{word}\r\n"))).unwrap();
        }
        let end = if side == Side::Source { &mut stage.source } else { &mut stage.target };
        end.tamper(match side {
            Side::Source => Tamper::answers(|answer| {
                let is_bad = answer.text.contains("BODY[]") && (1..=5).any(|uid| answer.fetches(uid));
                if is_bad { Fate::Close } else { Fate::Pass }
            }),
            _ => Tamper::commands(|command| {
                let holds_it = command.literals.iter().any(|literal| literal.windows(6).any(|part| part == b"POISON"));
                if command.name == "APPEND" && holds_it { Fate::Close } else { Fate::Pass }
            }),
        });
        let state = stage.migrate();
        let expected = if side == Side::Source { ProblemKind::MessageUnreadable } else { ProblemKind::MessageRefused };
        stage.assert_but(&state, &[1, 2, 3, 4, 5], &[expected]);
    }
}
