//! Targets that refuse, lie, and hang up.

use super::between::{Command, Fate, Tamper};
use super::stage::{ANN, BEN, Stage, kinds, message, problems};
use kimt::domain::{ProblemKind, Side};
use kimt::migrate::Verify;
use kimt::progress::{AccountEnd, Event, RunKind, Verdict};
use kimt::rehearsal::{Content, MailStore, NewMessage, Profile};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// Six messages, the third of them with `POISON` in it, for a target that meets each command with `on_command`.
fn stage(on_command: impl Fn(&Command) -> Fate + Send + Sync + 'static) -> Stage {
    let mut stage = Stage::between(Profile::Rich, Profile::Rich);
    for number in 1..=6 {
        let word = if number == 3 { "POISON" } else { "good" };
        stage.source.store().add(ANN, "INBOX", message(&format!("Subject: {number}\r\n\r\n{word}\r\n"))).unwrap();
    }
    stage.target.tamper(Tamper::commands(on_command));
    stage
}

/// The same without MULTIAPPEND, so that each message is a command.
pub fn stage_of_singles(on_command: impl Fn(&Command) -> Fate + Send + Sync + 'static) -> Stage {
    let mut stage = stage(|_| Fate::Pass);
    stage.target.tamper(Tamper::commands(on_command).offering("IMAP4rev1 LITERAL+ UIDPLUS"));
    stage
}

pub fn appends(command: &Command) -> bool {
    command.name == "APPEND"
}

fn is_poisoned(command: &Command) -> bool {
    appends(command) && command.literals.iter().any(|literal| literal.windows(6).any(|part| part == b"POISON"))
}

fn store(store: &MailStore, command: &Command) {
    let messages = command.literals.iter().map(|literal| NewMessage::new(Content::bytes(literal.as_slice())));
    store.add_all(ANN, "INBOX", messages.collect()).unwrap();
}

/// The first `count` commands that match.
fn first(times: usize, wanted: impl Fn(&Command) -> bool) -> impl Fn(&Command) -> bool {
    let seen = AtomicUsize::new(0);
    move |command| wanted(command) && seen.fetch_add(1, Ordering::SeqCst) < times
}

#[test]
fn of_a_batch_with_one_message_that_is_refused_only_that_one_is_named() {
    for words in ["NO Message contains NUL characters", "BAD syntax", "NO [CANNOT] virus found"] {
        let stage = stage(move |command| if is_poisoned(command) { command.answer(words) } else { Fate::Pass });
        stage.assert_but(&stage.migrate(), &[3], &[ProblemKind::MessageRefused]);
    }
}

#[test]
fn a_message_that_was_refused_is_tried_again_by_the_next_run() {
    let mut stage = stage(|command| if is_poisoned(command) { command.answer("NO not today") } else { Fate::Pass });
    stage.assert_but(&stage.migrate(), &[3], &[ProblemKind::MessageRefused]);
    stage.target.tamper(Tamper::commands(|_| Fate::Pass));
    let state = stage.migrate();
    stage.assert_complete(&state);
    assert_eq!(state.tally.copied.messages, 1);
}

#[test]
fn a_message_too_big_is_named_whatever_the_target_announced() {
    let big = |command: &Command| if is_poisoned(command) { command.answer("NO [TOOBIG] no") } else { Fate::Pass };
    for stage in [stage(big), stage_of_singles(big)] {
        stage.assert_but(&stage.migrate(), &[3], &[ProblemKind::MessageTooLarge]);
    }
}

#[test]
fn a_full_mailbox_ends_with_advice_and_the_others_continue() {
    let mut stage = stage_of_singles(|_| Fate::Pass);
    stage.users = vec![ANN, BEN];
    stage.source.store().add_generated(BEN, "INBOX", 5, 600, 9).unwrap();
    stage.target.store().set_quota(ANN, Some(60)).unwrap();
    let state = stage.migrate();
    assert_eq!(state.count_ended(AccountEnd::Complete), 1, "{:?}", problems(&state));
    assert_eq!(kinds(&state).into_iter().collect::<Vec<_>>(), [ProblemKind::OverQuota]);
    stage.target.store().set_quota(ANN, None).unwrap();
    stage.assert_complete(&stage.migrate());
}

#[test]
fn a_folder_that_went_missing_is_made_again_once() {
    let trycreate = first(1, appends);
    let stage = stage(
        move |command| {
            if trycreate(command) { command.answer("NO [TRYCREATE] no such folder") } else { Fate::Pass }
        },
    );
    stage.assert_complete(&stage.migrate());
}

#[test]
fn a_target_that_never_finds_the_folder_does_not_keep_us_for_ever() {
    let stage =
        stage(|command| if appends(command) { command.answer("NO [TRYCREATE] no such folder") } else { Fate::Pass });
    stage.assert_but(&stage.migrate(), &[1, 2, 3, 4, 5, 6], &[ProblemKind::MessageRefused]);
}

#[test]
fn a_target_that_calls_every_date_malformed_gets_the_messages_without() {
    let tries = Arc::new(AtomicUsize::new(0));
    let counted = tries.clone();
    let stage = stage_of_singles(move |command| {
        if appends(command) && command.text.contains("-2024 ") {
            counted.fetch_add(1, Ordering::SeqCst);
            return command.answer("BAD Malformed date parameter");
        }
        Fate::Pass
    });
    let state = stage.migrate();
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", problems(&state));
    assert_eq!(kinds(&state).into_iter().collect::<Vec<_>>(), [ProblemKind::DateNotKept]);
    assert_eq!((stage.target.mail().messages(), tries.load(Ordering::SeqCst)), (6, 12));
}

#[test]
fn a_message_that_is_refused_for_a_date_before_1970_arrives_without_it() {
    let stage = stage_of_singles(|command| {
        let refused = appends(command) && command.text.contains("-1965 ");
        if refused { command.answer("BAD Error in IMAP command received by server.") } else { Fate::Pass }
    });
    let date = "1965-03-14T09:26:53+01:00".parse().unwrap();
    let old = NewMessage { date, ..message("Subject: 7\r\n\r\ntext\r\n") };
    stage.source.store().add(ANN, "INBOX", old).unwrap();
    let state = stage.migrate();
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", problems(&state));
    assert_eq!(kinds(&state).into_iter().collect::<Vec<_>>(), [ProblemKind::DateNotKept]);
    assert_eq!(stage.target.mail().messages(), 7);
}

#[test]
fn a_target_that_asks_to_wait_is_waited_for_as_long_as_it_says() {
    for words in [
        "NO [UNAVAILABLE] Request is throttled. Suggested Backoff Time: 7000 milliseconds",
        "NO [LIMIT] too many sessions; retry after 7 s",
    ] {
        for stage in [stage, stage_of_singles] as [fn(_) -> _; 2] {
            let busy = first(1, appends);
            let words = words.replace("[LIMIT] too many sessions;", "[INUSE]");
            let stage: Stage = stage(Box::new(
                move |command: &Command| if busy(command) { command.answer(&words) } else { Fate::Pass },
            ) as Box<dyn Fn(&Command) -> Fate + Send + Sync>);
            stage.assert_complete(&stage.migrate());
            let waits = stage.events.lock().unwrap().clone().into_iter().filter_map(|event| match event {
                Event::WaitStarted { side, seconds, .. } => Some((side, seconds)),
                _ => None,
            });
            assert_eq!(waits.collect::<Vec<_>>(), [(Side::Target, 7)]);
        }
    }
}

#[test]
fn a_target_that_hangs_up_and_stores_what_it_had_received_later_gets_nothing_twice() {
    for stage in [stage, stage_of_singles] as [fn(_) -> _; 2] {
        // Not the message that goes before all others.
        let late = first(1, |command| appends(command) && command.literals[0] != b"Subject: 1\r\n\r\ngood\r\n");
        let there: Arc<std::sync::OnceLock<Arc<MailStore>>> = Arc::default();
        let (target, stored) = (there.clone(), Arc::new(AtomicBool::new(false)));
        let done = stored.clone();
        let mut stage: Stage = stage(Box::new(move |command: &Command| {
            if !late(command) {
                return Fate::Pass;
            }
            let (target, done, command) = (target.clone(), done.clone(), command.clone());
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(1200));
                store(target.get().unwrap(), &command);
                done.store(true, Ordering::SeqCst);
            });
            Fate::Close
        }) as Box<dyn Fn(&Command) -> Fate + Send + Sync>);
        there.set(stage.target.server.store().clone()).ok().unwrap();
        stage.patience.quiet = Duration::from_millis(2500);
        let state = stage.migrate();
        std::thread::sleep(Duration::from_millis(1200));
        assert!(stored.load(Ordering::SeqCst));
        stage.assert_complete(&state);
    }
}

#[test]
fn a_target_that_stores_what_it_had_received_long_after_it_was_asked_doubles_one_message_and_continues() {
    let (appends_seen, late) = (AtomicUsize::new(0), std::sync::Mutex::new(None::<Command>));
    let there: Arc<std::sync::OnceLock<Arc<MailStore>>> = Arc::default();
    let target = there.clone();
    let stage = stage(move |command| {
        if !appends(command) {
            return Fate::Pass;
        }
        // The batch behind the first message is stored when its first message comes once more, on the next line.
        match appends_seen.fetch_add(1, Ordering::SeqCst) {
            1 => {
                *late.lock().unwrap() = Some(command.clone());
                return Fate::Close;
            }
            2 => store(target.get().unwrap(), &late.lock().unwrap().take().unwrap()),
            _ => {}
        }
        Fate::Pass
    });
    there.set(stage.target.server.store().clone()).ok().unwrap();
    // Among what comes late is one that equals what was done before: it is itself, and not that one once more.
    stage.source.store().add(ANN, "INBOX", message("Subject: 1\r\n\r\ngood\r\n")).unwrap();
    let state = stage.migrate();
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", problems(&state));
    assert_eq!(kinds(&state).into_iter().collect::<Vec<_>>(), [ProblemKind::MessageDoubled]);
    assert_eq!(stage.target.mail().messages(), 8);
}

#[test]
fn a_batch_that_was_refused_and_stored_in_part_all_the_same_is_not_doubled() {
    let there: Arc<std::sync::OnceLock<Arc<MailStore>>> = Arc::default();
    let target = there.clone();
    let stage = stage(move |command| {
        if !is_poisoned(command) || command.literals.len() == 1 {
            return if is_poisoned(command) { command.answer("NO virus found") } else { Fate::Pass };
        }
        let mut before = command.clone();
        before.literals.truncate(1);
        store(target.get().unwrap(), &before);
        command.answer("NO virus found")
    });
    there.set(stage.target.server.store().clone()).ok().unwrap();
    stage.assert_but(&stage.migrate(), &[3], &[ProblemKind::MessageRefused]);
}

#[test]
fn a_target_that_says_ok_and_stores_nothing_is_found_out_by_content_and_by_size() {
    for verify in [Verify::Content, Verify::Size] {
        let ok = |command: &Command| command.answer("OK [APPENDUID 1 99] done");
        let mut stage = stage_of_singles(move |command| if is_poisoned(command) { ok(command) } else { Fate::Pass });
        stage.verify = verify;
        stage.assert_but(&stage.migrate(), &[3], &[ProblemKind::MessageMissing]);
    }
}

#[test]
fn a_target_that_stores_something_else_is_found_out_by_content_and_by_size() {
    for verify in [Verify::Content, Verify::Size] {
        let there: Arc<std::sync::OnceLock<Arc<MailStore>>> = Arc::default();
        let target = there.clone();
        let mut stage = stage_of_singles(move |command| {
            if !is_poisoned(command) {
                return Fate::Pass;
            }
            let other = message("Subject: 3\r\n\r\nRemoved by the virus filter\r\n");
            let uid = target.get().unwrap().add(ANN, "INBOX", other).unwrap();
            command.answer(&format!("OK [APPENDUID 1 {uid}] done"))
        });
        stage.verify = verify;
        there.set(stage.target.server.store().clone()).ok().unwrap();
        let state = stage.migrate();
        assert_eq!(state.verdict(), Verdict::SomeIncomplete);
        assert_eq!(kinds(&state).into_iter().collect::<Vec<_>>(), [ProblemKind::MessageAltered]);
        assert_eq!(state.tally.checked.messages, 5);
    }
}

#[test]
fn a_target_that_adds_a_header_or_changes_line_ends_is_no_alarm() {
    for stored in ["X-Trace: here\r\nSubject: 3\r\n\r\nPOISON\r\n", "Subject: 3\n\nPOISON\n"] {
        let there: Arc<std::sync::OnceLock<Arc<MailStore>>> = Arc::default();
        let target = there.clone();
        let stage = stage_of_singles(move |command| {
            if !is_poisoned(command) {
                return Fate::Pass;
            }
            let uid = target.get().unwrap().add(ANN, "INBOX", message(stored)).unwrap();
            command.answer(&format!("OK [APPENDUID 1 {uid}] done"))
        });
        there.set(stage.target.server.store().clone()).ok().unwrap();
        let state = stage.migrate();
        assert_eq!(
            (state.verdict(), state.tally.checked.messages),
            (Verdict::AllComplete, 6),
            "{:?}",
            problems(&state)
        );
        assert!(!kinds(&state).contains(&ProblemKind::MessageAltered), "{:?}", problems(&state));
    }
}

#[test]
fn answers_to_appends_in_another_order_are_matched_by_their_tags() {
    // Each command but the first two is answered only when the next has come, and then before it.
    let is_one_of_two = first(2, appends);
    let waiting = std::sync::Mutex::new(None::<String>);
    let there: Arc<std::sync::OnceLock<Arc<MailStore>>> = Arc::default();
    let target = there.clone();
    let stage = stage_of_singles(move |command| {
        if !appends(command) || is_one_of_two(command) {
            return Fate::Pass;
        }
        store(target.get().unwrap(), command);
        let mut waiting = waiting.lock().unwrap();
        match waiting.take() {
            Some(earlier) => Fate::Instead(format!("{} OK done\r\n{earlier} OK done\r\n", command.tag).into_bytes()),
            None => {
                *waiting = Some(command.tag.clone());
                Fate::Instead(Vec::new())
            }
        }
    });
    there.set(stage.target.server.store().clone()).ok().unwrap();
    stage.assert_complete(&stage.migrate());
}

#[test]
fn a_target_that_hangs_up_at_a_folder_costs_that_folder_only() {
    let stage = stage(|command| {
        let makes = command.name == "CREATE" && command.text.contains("Deep/er");
        if makes { Fate::Close } else { Fate::Pass }
    });
    for folder in ["Deep", "Deep/er", "Later"] {
        stage.source.store().create_folder(ANN, folder).unwrap();
        stage.source.store().add(ANN, folder, message(&format!("Subject: {folder}\r\n\r\ntext\r\n"))).unwrap();
    }
    let state = stage.migrate();
    assert_eq!(state.verdict(), Verdict::SomeIncomplete);
    assert_eq!(
        kinds(&state).into_iter().collect::<Vec<_>>(),
        [ProblemKind::FolderNotCreated],
        "{:?}",
        problems(&state)
    );
    assert_eq!(stage.target.mail().messages(), 8, "{:?}", stage.events.lock().unwrap());
}

#[test]
fn a_target_that_makes_no_parents_and_hangs_up_gets_them_one_by_one() {
    let made = std::sync::Mutex::new(std::collections::BTreeSet::new());
    let stage = stage(move |command| {
        let Some(name) = command.text.split('"').nth(1).filter(|_| command.name == "CREATE") else { return Fate::Pass };
        let mut made = made.lock().unwrap();
        let orphan = name.rsplit_once('/').is_some_and(|(above, _)| !made.contains(above));
        if orphan {
            return Fate::Close;
        }
        made.insert(name.to_owned());
        Fate::Pass
    });
    stage.source.store().create_folder(ANN, "Deep").unwrap();
    stage.source.store().add(ANN, "Deep", message("Subject: deep\r\n\r\ntext\r\n")).unwrap();
    let mut request = stage.request(RunKind::Migrate, stage.folder.path());
    request.selection.read_rules("rename Deep -> One/Two/Three").unwrap();
    let state = stage.finish(request);
    assert_eq!(state.verdict(), Verdict::AllComplete, "{:?}", problems(&state));
    assert_eq!(stage.target.mail().messages(), 7);
}

#[test]
fn a_message_at_which_the_target_closes_the_connection_costs_that_message_only() {
    let closing = |command: &Command| if is_poisoned(command) { Fate::Close } else { Fate::Pass };
    for stage in [stage(closing), stage_of_singles(closing)] {
        stage.assert_but(&stage.migrate(), &[3], &[ProblemKind::MessageRefused]);
    }
}
