//! What failed is named as a person knows it: by sender and subject, which the source is asked for; whatever it answers, nothing gets worse.

use super::between::{Command, Fate, Tamper};
use super::stage::{ANN, Stage, kinds, message, problems};
use kimt::domain::ProblemKind;
use kimt::progress::RunKind;
use kimt::rehearsal::{ImapOptions, NewMessage, Profile};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Six messages, the fourth and the fifth of which the target refuses; the fourth it announces not to take.
fn stage() -> Stage {
    let target = ImapOptions { append_limit: 2000, ..ImapOptions::new(Profile::Rich) };
    let mut stage = Stage::with(ImapOptions::new(Profile::Rich), target);
    for number in 1..=6 {
        let from = "From: =?utf-8?Q?Zo=C3=AB?= <zoe@example.com>";
        let text = if number == 4 { "long ".repeat(1000) } else { format!("Number {number}.") };
        let subject = if number == 5 { "=?utf-8?B?UMWZw61sb2hh?= \u{202e}POISON" } else { "=?utf-8?B?UMWZw61sb2hh?=" };
        let header = format!("{from}\r\nSubject: {subject}\r\n {number}");
        stage.source.store().add(ANN, "INBOX", message(&format!("{header}\r\n\r\n{text}\r\n"))).unwrap();
    }
    stage.target.tamper(Tamper::commands(|command| {
        let poisoned = |literal: &Vec<u8>| literal.windows(6).any(|part| part == b"POISON");
        match command.name.as_str() {
            "APPEND" if command.literals.iter().any(poisoned) => command.answer("NO [CANNOT] virus found"),
            _ => Fate::Pass,
        }
    }));
    stage
}

fn asks(command: &Command) -> bool {
    command.text.contains("BODY.PEEK[HEADER.FIELDS")
}

const BOTH: [ProblemKind; 2] = [ProblemKind::MessageTooLarge, ProblemKind::MessageRefused];

#[test]
fn a_message_that_failed_is_named_by_sender_subject_and_a_size_that_can_be_read() {
    let stage = stage();
    let state = stage.migrate();
    stage.assert_but(&state, &[4, 5], &BOTH);
    let reported = problems(&state).join("\n");
    assert!(
        reported.contains(
            " from Zoë, 'Příloha 4' (5.1 KB, UID 4) in 'INBOX' is larger than the target accepts: its limit is 2.0 KB."
        ),
        "{reported}"
    );
    assert!(
        reported.contains(" from Zoë, 'Příloha \u{fffd}POISON 5' (") && !reported.contains('\u{202e}'),
        "{reported}"
    );
    let compared = problems(&stage.run(RunKind::Verify)).join("\n");
    assert!(compared.contains("from Zoë, 'Příloha 4' (5.1 KB, UID 4) in 'INBOX' is not on the target."), "{compared}");
}

#[test]
fn a_source_that_does_not_say_who_wrote_a_message_is_asked_once_and_costs_nothing_else() {
    let fates: [fn(&Command) -> Fate; 6] = [
        |_| Fate::Close,
        |_| Fate::Silence,
        |command| command.answer("BAD what"),
        |command| command.answer("NO [UNAVAILABLE] try again later"),
        |command| {
            Fate::Instead(
                format!("* 4 FETCH (UID 9 BODY[HEADER.FIELDS (SUBJECT FROM)] NIL)\r\n{} OK\r\n", command.tag)
                    .into_bytes(),
            )
        },
        |_| Fate::Instead(b"* BYE enough\r\n".to_vec()),
    ];
    for (index, fate) in fates.into_iter().enumerate() {
        let mut stage = stage();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = asked.clone();
        stage.source.tamper(Tamper::commands(move |command| match asks(command) {
            true => {
                count.fetch_add(1, Ordering::SeqCst);
                fate(command)
            }
            false => Fate::Pass,
        }));
        stage.patience.limits.read = Duration::from_millis(300);
        let state = stage.migrate();
        stage.assert_but(&state, &[4, 5], &BOTH);
        assert_eq!((state.tally.copied.messages, state.tally.checked.messages), (4, 4));
        let reported = problems(&state).join("\n");
        assert!(reported.contains("(5.1 KB, UID 4) in 'INBOX'") && !reported.contains("Zoë"), "{index}: {reported}");
        // One that answers is asked for each kind of failure.
        let most = if matches!(index, 3 | 4) { 2 } else { 1 };
        assert_eq!(asked.load(Ordering::SeqCst), most, "{index}");
        assert_eq!(stage.source.store().changes_seen(ANN).unwrap(), [""; 0]);
    }
}

#[test]
fn a_comparison_survives_a_source_that_hangs_up_when_it_is_asked_who_wrote_a_message() {
    let mut stage = stage();
    stage.source.tamper(Tamper::commands(|command| if asks(command) { Fate::Close } else { Fate::Pass }));
    stage.migrate();
    stage.source.store().create_folder(ANN, "Later").unwrap();
    stage.source.store().add(ANN, "Later", message("Subject: later\r\n\r\nLater.\r\n")).unwrap();
    let state = stage.run(RunKind::Verify);
    let reported = problems(&state);
    assert_eq!(reported.len(), 3, "{reported:#?}");
    assert!(reported.iter().all(|problem| problem.starts_with("MessageMissing")), "{reported:#?}");
    assert_eq!(state.tally.checked.messages, 4);
}

#[test]
fn a_message_that_was_refused_is_not_counted_as_one_that_lost_flags() {
    let target = ImapOptions { append_limit: 2_000, ..ImapOptions::new(Profile::Typical) };
    let mut stage = Stage::with(ImapOptions::new(Profile::Rich), target);
    for length in [10, 20, 5_000, 30] {
        let text = format!("Subject: {length}\r\n\r\n{}\r\n", "x".repeat(length));
        let invoice = NewMessage { flags: vec!["invoice".to_owned()], ..message(&text) };
        stage.source.store().add(ANN, "INBOX", if length == 10 { message(&text) } else { invoice }).unwrap();
    }
    stage.target.tamper(Tamper::answers(|answer| match answer.text.contains("[PERMANENTFLAGS") {
        true => Fate::Instead(b"* OK [PERMANENTFLAGS (\\Seen \\Flagged)] no others\r\n".to_vec()),
        false => Fate::Pass,
    }));
    let state = stage.migrate();
    let expected = "KeywordsDropped: 2 messages in 'INBOX' lost flags or keywords that the target does not keep: for example invoice.";
    assert!(problems(&state).iter().any(|problem| problem == expected), "{:?}", problems(&state));
    assert!(kinds(&state).contains(&ProblemKind::MessageRefused), "{:?}", problems(&state));
}
