//! Servers that give or take nothing for now, or that fail at one folder or one message for ever: the rest arrives, and nothing is blamed
//! for what it did not do.

use super::between::{Command, Fate, Tamper};
use super::stage::{ANN, BEN, PASSWORD, Stage, kinds, message, problems};
use kimt::domain::{ProblemKind, Side};
use kimt::progress::{AccountEnd, Event, RunKind, Verdict};
use kimt::rehearsal::Profile;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Further people.
const OTHERS: [&str; 14] = [
    "c@example.com",
    "d@example.com",
    "e@example.com",
    "f@example.com",
    "g@example.com",
    "h@example.com",
    "i@example.com",
    "j@example.com",
    "k@example.com",
    "l@example.com",
    "m@example.com",
    "n@example.com",
    "o@example.com",
    "p@example.com",
];

/// Six messages in INBOX, the third of them with `POISON` in it.
fn stage() -> Stage {
    let stage = Stage::between(Profile::Rich, Profile::Rich);
    for number in 1..=6 {
        let word = if number == 3 { "POISON" } else { "good" };
        stage.source.store().add(ANN, "INBOX", message(&format!("Subject: {number}\r\n\r\n{word}\r\n"))).unwrap();
    }
    stage
}

/// Two more folders of five messages each.
fn with_folders(stage: Stage) -> Stage {
    for (folder, seed) in [("Alpha", 1), ("Omega", 2)] {
        stage.source.store().create_folder(ANN, folder).unwrap();
        stage.source.store().add_generated(ANN, folder, 5, 600, seed).unwrap();
    }
    stage
}

fn appends_poison(command: &Command) -> bool {
    command.literals.iter().any(|literal| literal.windows(6).any(|part| part == b"POISON"))
}

/// Whether a command asks for this message of the source.
fn asks_for(command: &Command, uid: u32) -> bool {
    let set = command.text.split(' ').nth(3).unwrap_or_default();
    command.reads_bodies()
        && set.split(',').any(|range| {
            let (first, last) = range.split_once(':').unwrap_or((range, range));
            (first.parse().unwrap_or(0)..=last.parse().unwrap_or(0)).contains(&uid)
        })
}

fn waits(stage: &Stage) -> Vec<Side> {
    let side = |event: &Event| match event {
        Event::WaitStarted { side, .. } => Some(*side),
        _ => None,
    };
    stage.events.lock().unwrap().iter().filter_map(side).collect()
}

/// What servers say when they want a pause, in words and codes of their own.
const PAUSES: [&str; 4] = [
    "NO [OVERQUOTA] Account exceeded command or bandwidth limits. (Failure)",
    "NO [UNAVAILABLE] Server error - Please try again later",
    "NO [LIMIT] rate limit reached",
    "BAD Server is down for maintenance",
];

#[test]
fn a_source_that_gives_nothing_for_a_while_is_asked_little_and_no_message_is_called_unreadable() {
    for words in PAUSES {
        let mut stage = stage();
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = asked.clone();
        stage.source.tamper(Tamper::commands(move |command| {
            // The first message is given, then nothing for some questions.
            let busy = command.reads_bodies() && (1..=6).contains(&counter.fetch_add(1, Ordering::SeqCst));
            if busy { command.answer(words) } else { Fate::Pass }
        }));
        let state = stage.migrate();
        stage.assert_complete(&state);
        assert!(waits(&stage).contains(&Side::Source), "{words}");
    }
}

#[test]
fn a_target_that_takes_nothing_for_a_while_is_waited_for_and_no_message_is_called_refused() {
    for words in PAUSES {
        for offers in ["IMAP4rev1 LITERAL+ UIDPLUS MULTIAPPEND", "IMAP4rev1 LITERAL+ UIDPLUS"] {
            let mut stage = stage();
            let asked = AtomicUsize::new(0);
            let tamper = Tamper::commands(move |command| {
                let busy = command.name == "APPEND" && (1..=8).contains(&asked.fetch_add(1, Ordering::SeqCst));
                if busy { command.answer(words) } else { Fate::Pass }
            });
            stage.target.tamper(tamper.offering(offers));
            let state = stage.migrate();
            stage.assert_complete(&state);
            assert!(waits(&stage).contains(&Side::Target), "{words}");
        }
    }
}

#[test]
fn one_message_that_the_source_always_asks_to_wait_for_is_named_and_all_others_arrive() {
    for words in ["NO [UNAVAILABLE] UID FETCH Server error - Please try again later", "NO [SERVERBUG] Internal error"] {
        let mut stage = with_folders(stage());
        stage.source.tamper(Tamper::commands(
            move |command| {
                if asks_for(command, 3) { command.answer(words) } else { Fate::Pass }
            },
        ));
        let state = stage.migrate();
        // UID 3 is refused in all three folders.
        assert_eq!(kinds(&state), [ProblemKind::MessageUnreadable].into(), "{:#?}", problems(&state));
        assert_eq!(state.tally.copied.messages, 13, "{:#?}", problems(&state));
    }
}

#[test]
fn one_message_that_the_target_always_asks_to_wait_for_is_named_and_all_others_arrive() {
    for offers in ["IMAP4rev1 LITERAL+ UIDPLUS MULTIAPPEND", "IMAP4rev1 LITERAL+ UIDPLUS"] {
        let mut stage = stage();
        stage.target.tamper(
            Tamper::commands(|command| {
                if appends_poison(command) { command.answer("NO [UNAVAILABLE] try again later") } else { Fate::Pass }
            })
            .offering(offers),
        );
        stage.assert_but(&stage.migrate(), &[3], &[ProblemKind::MessageRefused]);
    }
}

#[test]
fn a_folder_at_which_the_source_hangs_up_or_falls_silent_costs_that_folder_only() {
    for silent in [false, true] {
        let mut stage = with_folders(stage());
        stage.source.tamper(Tamper::commands(move |command| {
            match command.name == "EXAMINE" && command.text.contains("Alpha") {
                true if silent => Fate::Silence,
                true => Fate::Close,
                false => Fate::Pass,
            }
        }));
        stage.patience.limits.read = Duration::from_millis(400);
        let run = |stage: &Stage| {
            let request = stage.request(RunKind::Check, stage.folder.path());
            stage.finish(request)
        };
        let checked = run(&stage);
        assert!(kinds(&checked).contains(&ProblemKind::FolderNotRead), "{:#?}", problems(&checked));
        let state = stage.migrate();
        assert_eq!(kinds(&state), [ProblemKind::FolderNotRead].into(), "{:#?}", problems(&state));
        let here = stage.target.mail();
        assert_eq!(
            (here.folder("INBOX").unwrap().messages.len(), here.folder("Omega").unwrap().messages.len()),
            (6, 5)
        );
        let compared = stage.run(RunKind::Verify);
        assert!(kinds(&compared).contains(&ProblemKind::FolderNotRead), "{:#?}", problems(&compared));
        assert_eq!(compared.tally.checked.messages, 11, "{:#?}", problems(&compared));
    }
}

#[test]
fn a_sign_in_that_is_refused_for_a_limit_blames_no_password() {
    for of_source in [true, false] {
        for words in ["NO [OVERQUOTA] Account exceeded bandwidth limits", "NO Too many login failures, try again later"]
        {
            let mut stage = stage();
            let end = if of_source { &mut stage.source } else { &mut stage.target };
            end.tamper(Tamper::commands(move |command| {
                let signs_in = command.name == "LOGIN" || command.name == "AUTHENTICATE";
                if signs_in { command.answer(words) } else { Fate::Pass }
            }));
            let state = stage.migrate();
            assert_eq!(kinds(&state), [ProblemKind::Throttled].into(), "{words}: {:#?}", problems(&state));
        }
    }
}

#[test]
fn a_server_that_signs_in_and_refuses_the_mailbox_is_quoted_soon() {
    let words = "NO [ALERT] Please enable IMAP access in your account settings first.";
    let untagged = "* BAD [ALERT] Please enable IMAP access in your account settings first.\r\n";
    for (of_source, tagged) in [(true, true), (false, true), (true, false), (false, false)] {
        let mut stage = stage();
        let end = if of_source { &mut stage.source } else { &mut stage.target };
        end.tamper(Tamper::commands(move |command| match command.name.as_str() {
            "LIST" if !tagged => Fate::Instead(untagged.as_bytes().to_vec()),
            "LIST" | "LSUB" | "NAMESPACE" | "CAPABILITY" => command.answer(words),
            _ => Fate::Pass,
        }));
        let begun = Instant::now();
        let state = stage.migrate();
        assert!(begun.elapsed() < Duration::from_secs(40));
        assert_eq!(kinds(&state), [ProblemKind::AccessRefused].into(), "{:#?}", problems(&state));
        assert!(problems(&state)[0].contains("enable IMAP access"), "{:#?}", problems(&state));
    }
}

#[test]
fn the_reason_that_follows_a_goodbye_is_heard_and_what_passes_is_waited_for() {
    let mut stage = stage();
    let times = AtomicUsize::new(0);
    stage.source.tamper(Tamper::commands(move |command| {
        if command.name != "EXAMINE" || times.fetch_add(1, Ordering::SeqCst) >= 3 {
            return Fate::Pass;
        }
        let refusal = format!("{} BAD User is authenticated but not connected.\r\n", command.tag);
        Fate::Instead([b"* BYE Connection closed. 14\r\n", refusal.as_bytes()].concat())
    }));
    stage.assert_complete(&stage.migrate());
}

#[test]
fn what_the_target_lists_and_does_not_deliver_is_never_copied_again() {
    for repair in [false, true] {
        let mut stage = stage();
        stage.assert_complete(&stage.migrate());
        let closed = Arc::new(AtomicBool::new(true));
        let is_closed = closed.clone();
        stage.target.tamper(Tamper::commands(move |command| {
            let refused = command.reads_bodies() && is_closed.load(Ordering::SeqCst);
            if refused { command.answer("NO cannot read it") } else { Fate::Pass }
        }));
        // Without a record, or when everything is to be compared again.
        let elsewhere = tempfile::tempdir().unwrap();
        stage.repair = repair;
        let folder = if repair { stage.folder.path().to_owned() } else { elsewhere.path().to_owned() };
        let state = stage.run_in(RunKind::Migrate, &folder);
        assert_eq!(stage.target.mail().messages(), 6, "{:#?}", problems(&state));
        assert_ne!(state.verdict(), Verdict::AllComplete);
        assert!(!kinds(&state).contains(&ProblemKind::MessageMissing), "{:#?}", problems(&state));
        closed.store(false, Ordering::SeqCst);
        let state = stage.run_in(RunKind::Migrate, &folder);
        stage.assert_complete(&state);
    }
}

#[test]
fn a_bad_folder_a_bad_message_and_a_busy_server_cost_only_themselves() {
    let mut stage = with_folders(stage());
    stage.source.store().create_folder(ANN, "Beta").unwrap();
    stage.source.store().add_generated(ANN, "Beta", 4, 600, 7).unwrap();
    let busy = AtomicUsize::new(0);
    stage.source.tamper(Tamper::commands(move |command| {
        if command.name == "EXAMINE" && command.text.contains("Beta") {
            return Fate::Close;
        }
        if asks_for(command, 3) && command.text.contains("BODY.PEEK[]") {
            return command.answer("NO [UNAVAILABLE] Please try again later");
        }
        let is_busy = command.reads_bodies() && (2..=6).contains(&busy.fetch_add(1, Ordering::SeqCst));
        if is_busy { command.answer("NO Server busy") } else { Fate::Pass }
    }));
    let begun = Instant::now();
    let state = stage.migrate();
    assert!(begun.elapsed() < Duration::from_secs(60));
    assert_eq!(state.accounts[0].end, Some(AccountEnd::Incomplete), "{:#?}", problems(&state));
    let expected = [ProblemKind::FolderNotRead, ProblemKind::MessageUnreadable].into();
    assert_eq!(kinds(&state), expected, "{:#?}", problems(&state));
    assert_eq!(state.tally.copied.messages, 13, "{:#?}", problems(&state));
}

#[test]
fn a_server_that_is_busy_for_everybody_is_waited_for_once_and_ends_in_one_line() {
    for (of_source, jobs) in [(true, 2), (false, 2), (true, 1)] {
        let mut stage = stage();
        stage.users = [&[ANN, BEN], &OTHERS[..]].concat();
        stage.jobs = jobs;
        for (end, user) in [&stage.source, &stage.target].into_iter().flat_map(|end| OTHERS.map(|user| (end, user))) {
            end.store().create_user(&[user], PASSWORD).unwrap();
        }
        for user in &stage.users[1..] {
            stage.source.store().add_generated(user, "INBOX", 3, 600, 4).unwrap();
        }
        let tried = Arc::new(AtomicUsize::new(0));
        let counter = tried.clone();
        let end = if of_source { &mut stage.source } else { &mut stage.target };
        end.tamper(Tamper::commands(move |command| match command.name.as_str() {
            "EXAMINE" | "SELECT" => {
                counter.fetch_add(1, Ordering::SeqCst);
                command.answer("NO [UNAVAILABLE] Down for maintenance")
            }
            _ => Fate::Pass,
        }));
        let state = stage.migrate();
        assert_eq!(kinds(&state), [ProblemKind::Throttled].into(), "{:#?}", problems(&state));
        // Ten tries for the server and a few for each account, not ten for each.
        let tries = tried.load(Ordering::SeqCst);
        assert!(tries <= 110, "{tries}");
        let report = std::fs::read_to_string(stage.folder.path().join("logs/report.txt")).unwrap();
        assert_eq!(report.matches("\n- The ").count(), 1, "{report}");
    }
}

#[test]
fn a_server_that_was_busy_for_everybody_is_asked_again_and_all_arrives() {
    let mut stage = stage();
    stage.users = vec![ANN, BEN];
    stage.source.store().add_generated(BEN, "INBOX", 3, 600, 4).unwrap();
    let tried = AtomicUsize::new(0);
    stage.target.tamper(Tamper::commands(move |command| {
        let is_busy = command.name == "SELECT" && tried.fetch_add(1, Ordering::SeqCst) < 7;
        if is_busy { command.answer("NO [UNAVAILABLE] Down for maintenance") } else { Fate::Pass }
    }));
    stage.assert_complete(&stage.migrate());
}

#[test]
fn a_folder_that_is_always_refused_for_now_is_named_and_one_that_is_busy_for_a_while_arrives() {
    for (of_source, times) in [(true, usize::MAX), (false, usize::MAX), (true, 2), (false, 2)] {
        let mut stage = with_folders(stage());
        let asked = AtomicUsize::new(0);
        let end = if of_source { &mut stage.source } else { &mut stage.target };
        end.tamper(Tamper::commands(move |command| {
            let opens = matches!(command.name.as_str(), "EXAMINE" | "SELECT") && command.text.contains("Alpha");
            let is_refused = opens && asked.fetch_add(1, Ordering::SeqCst) < times;
            if is_refused { command.answer("NO [INUSE] Mailbox is busy, try again later") } else { Fate::Pass }
        }));
        if of_source && times == usize::MAX {
            for kind in [RunKind::Check, RunKind::Verify] {
                let state = stage.run(kind);
                assert!(kinds(&state).contains(&ProblemKind::FolderNotRead), "{kind:?} {:#?}", problems(&state));
                assert!(!kinds(&state).contains(&ProblemKind::Throttled), "{kind:?} {:#?}", problems(&state));
            }
        }
        let state = stage.migrate();
        if times == 2 {
            stage.assert_complete(&state);
            continue;
        }
        let expected = if of_source { ProblemKind::FolderNotRead } else { ProblemKind::FolderNotCreated };
        assert_eq!(kinds(&state), [expected].into(), "{:#?}", problems(&state));
        let arrived = |folder| stage.target.mail().folder(folder).unwrap().messages.len();
        assert_eq!((arrived("INBOX"), arrived("Omega")), (6, 5));
    }
}
